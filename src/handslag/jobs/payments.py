"""The file of a released run: planned in a transaction, written outside it, recorded in another; the bank's answers."""

from __future__ import annotations

import hashlib
import io
import os
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from uuid import UUID

from django.conf import settings

from handslag.connectors.bank import port
from handslag.connectors.bank.answers import Answers, AnswersRefused, read
from handslag.domain.accounts.operations import record_order_file, refuse_order_file
from handslag.domain.accounts.queries import orders_to_write, statements_open
from handslag.domain.documents.models import Document
from handslag.domain.documents.operations import StoredFile
from handslag.domain.payments.models import BankFile, Payment, Run
from handslag.domain.payments.operations.bank import known_bank_file, receive_bank_file
from handslag.domain.payments.operations.runs import record_run_file, refuse_run_file
from handslag.domain.payments.states import BankFileKind, RunState
from handslag.domain.people.names import BANK_MESSAGE
from handslag.domain.tenancy.door import Actor, acting, system
from handslag.domain.tenancy.keys import file_key
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Conflict, NotPossible, setting
from handslag.jobs.acts import each_tenant, store_of
from handslag.jobs.queue import AWAY, tasks
from handslag.kernel import clock
from handslag.kernel.ids import uuid7

BY = system("payment files")


@tasks.task(name="write_run_file", retry=AWAY)
def write_run_file(tenant: int, run: str) -> None:
    """Write, store and record the bank file of a released run. Done before, or cancelled: does nothing."""
    with acting(tenant, BY, "write_run_file") as door:
        found = Run.objects.get(id=UUID(run))
        if found.state != RunState.RELEASED:
            return
        late = door.the_tenant.today(clock.now()) > found.execution_on
        debtor, profile, country = setting("debtor_account"), setting("bank_profile"), door.the_tenant.country
        file = port.PaymentFile(
            message_id=found.id.hex,
            created_at=(found.released_at or clock.now()).astimezone(UTC),
            execution_on=found.execution_on,
            debtor_name=door.the_tenant.name,
            debtor_org_number=setting("organisation_number"),
            debtor_account=port.Account(debtor["kind"], debtor["number"]),
            payments=[
                port.Payment(
                    end_to_end_id=p.reference,
                    amount=p.amount,
                    currency=p.currency,
                    creditor_name=p.payee_name,
                    account=port.Account(p.account_kind, p.account_number, p.clearing),  # type: ignore[arg-type]
                    reference=p.giro_reference or "",
                    message="" if p.giro_reference else p.message or _purpose(p, country),
                    address=port.PostalAddress(**p.post_to) if p.post_to else None,
                )
                for p in Payment.objects.select_related("period").filter(run=found).order_by("id")
            ],
        )
        key = file_key()
    if late:  # most banks refuse such a file whole, or each of its payments
        _refuse(tenant, run, ["file: execution_on: past"])
        return
    try:
        written = port.for_tenant(port.PROFILES[country], profile).write(file)
    except port.PaymentFileRefused as refusal:
        _refuse(tenant, run, [f"{p.end_to_end_id or 'file'}: {p.field}: {p.code}" for p in refusal.problems])
        return
    kept = _kept(tenant, key, written.content)
    try:
        record_run_file(
            tenant=tenant,
            by=BY,
            now=clock.now(),
            run=UUID(run),
            payments=written.count,
            total=written.control_sum,
            file=kept,
        )
    except NotPossible as refusal:
        if refusal.code != "written already":  # another run of this job was first: its file stands
            _refuse(tenant, run, [refusal.code])


@tasks.task(name="write_order_file", retry=AWAY)
def write_order_file(tenant: int, order: str) -> None:
    """Write, store and record the bank file of a released order to pay a partner. Done before, or taken back: does
    nothing."""
    with acting(tenant, BY, "write_order_file") as door:
        found = orders_to_write().select_related("paid_to", "bill").filter(id=UUID(order)).first()
        if found is None or found.execution_on is None:
            return
        late, to, bill = door.the_tenant.today(clock.now()) > found.execution_on, found.paid_to, found.bill
        named = statements_open(found.account_id, found.currency) if bill is None else []
        debtor, profile, country = setting("debtor_account"), setting("bank_profile"), door.the_tenant.country
        file = port.PaymentFile(
            message_id=found.id.hex,
            created_at=(found.released_at or clock.now()).astimezone(UTC),
            execution_on=found.execution_on,
            debtor_name=door.the_tenant.name,
            debtor_org_number=setting("organisation_number"),
            debtor_account=port.Account(debtor["kind"], debtor["number"]),
            payments=[
                port.Payment(
                    # who bills knows a payment by its number as well: nothing else but the reference is told
                    end_to_end_id=found.number if bill is not None else found.id.hex,
                    amount=found.amount,
                    currency=found.currency,
                    creditor_name=to.holder,
                    account=port.Account("iban", found.iban),
                    reference=str(bill.giro_reference) if bill is not None else "",
                    message=_settles(found.number, named) if bill is None else "",
                    address=port.PostalAddress(
                        [line] if (line := f"{to.street} {to.house_number}".strip()) else [],
                        to.postcode, to.town, to.country,
                    ),
                )
            ],
        )  # fmt: skip
        key = file_key()
    if late:
        _refuse_order(tenant, order, ["file: execution_on: past"])
        return
    try:
        written = port.for_tenant(port.PROFILES[country], profile).write(file)
    except port.PaymentFileRefused as refusal:
        _refuse_order(tenant, order, [f"file: {p.field}: {p.code}" for p in refusal.problems])
        return
    kept = _kept(tenant, key, written.content)
    try:
        record_order_file(
            tenant=tenant, by=BY, now=clock.now(), order=UUID(order), total=written.control_sum, file=kept
        )
    except NotPossible as refusal:
        if refusal.code != "written already":  # another run of this job was first, or it was taken back
            _refuse_order(tenant, order, [refusal.code])
    except Conflict:
        _refuse_order(tenant, order, ["file: account: changed"])


def _kept(tenant: int, key: bytes, content: bytes) -> StoredFile:
    """A bank's file in the organisation's store, sealed with its key."""
    stored = store_of(tenant, key).write(uuid7(), io.BytesIO(content))
    return StoredFile(stored.file_id, stored.digest, stored.size, "application/xml")


def _settles(number: str, statements: list[str]) -> str:
    """What the file says of an order: its number and the settlements that it pays, as many as the message holds; how
    many more there are."""
    said = number
    for place, one in enumerate(statements):
        rest = f" +{len(statements) - place - 1}" if place + 1 < len(statements) else ""
        if len(f"{said} {one}{rest}") > BANK_MESSAGE:
            return f"{said} +{len(statements) - place}"
        said = f"{said} {one}"
    return said


def _refuse_order(tenant: int, order: str, problems: list[str]) -> None:
    with suppress(Hidden):  # somebody has taken it back meanwhile
        refuse_order_file(tenant=tenant, by=BY, now=clock.now(), order=UUID(order), problems=problems)


def _purpose(payment: Payment, country: str) -> str:
    """What a payment without a message of its own says that it is."""
    since = payment.period.since
    return f"Sozialhilfe {since:%m.%Y}" if country == "CH" else f"Bistånd {since:%Y-%m}"


def _refuse(tenant: int, run: str, problems: list[str]) -> None:
    with suppress(Hidden):  # somebody has cancelled it meanwhile
        refuse_run_file(tenant=tenant, by=BY, now=clock.now(), run=UUID(run), problems=problems)


def folders(slug: str) -> tuple[Path, Path]:
    """The folders of an organisation's exchange with its bank: to it, from it."""
    home = Path(settings.DATA) / "bank" / slug
    return home / "to-bank", home / "from-bank"


@tasks.task(name="hand_over_file", retry=AWAY)
def hand_over_file(tenant: int, run: str) -> None:
    """Put the file of a run, or of an order to pay a partner (its key), into the folder to the bank, under its message
    id. Done before, or taken: nothing."""
    with acting(tenant, BY, "hand_over_file") as door:
        written = Document.objects.get(subject_id=UUID(run), kind="payment file")
        to, _ = folders(door.the_tenant.slug)
        key = file_key()
    name = f"{written.subject_id.hex}.xml"
    if any((place / name).exists() for place in (to, to / "taken")):
        return
    content = b"".join(store_of(tenant, key).read(UUID(written.store_key)))
    to.mkdir(parents=True, exist_ok=True)
    unfinished = to / f".{name}"
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(to / name)


@tasks.periodic(cron="* * * * *")
@tasks.task(name="fetch_bank_files", queueing_lock="fetch_bank_files")
def fetch_bank_files(timestamp: int) -> None:
    """Take what the bank has put into the folder from it; each file moves to `done` once it is taken."""

    def fetch(tenant: int) -> None:
        with acting(tenant, BY, "fetch_bank_files") as door:
            _, place = folders(door.the_tenant.slug)
        if not place.is_dir():
            return
        for path in sorted(p for p in place.glob("*.xml") if p.is_file() and not p.name.startswith(".")):
            take_bank_file(tenant, BY, path.read_bytes())
            (place / "done").mkdir(exist_ok=True)
            path.rename(place / "done" / f"{clock.now():%Y%m%dT%H%M%S%f}-{path.name}")

    each_tenant("fetch_bank_files", fetch)


def take_bank_file(tenant: int | str, by: Actor, content: bytes) -> BankFile | None:
    """Read and take one file of the bank's answers; None for bytes that were taken already. What can't be read is
    kept as it came, for a person to look at."""
    digest = hashlib.sha256(content).hexdigest()
    with acting(tenant, by, "take_bank_file") as door:
        if known_bank_file(digest):
            return None
        key, number = file_key(), door.the_tenant.id
    try:
        answers, problem = read(content), ""
    except AnswersRefused as refusal:
        answers, problem = Answers(BankFileKind.UNREADABLE, "", []), refusal.code
    kept = _kept(number, key, content)
    try:
        return receive_bank_file(
            tenant=tenant,
            by=by,
            now=clock.now(),
            kind=answers.kind,
            message_id=answers.message_id,
            problem=problem,
            lines=answers.lines,
            file=kept,
        )
    except NotPossible as refusal:
        if refusal.code == "known file":  # somebody else was quicker: the store's sweep takes ours away
            return None
        raise
