"""The file of a released run: planned in a transaction, written outside it, recorded in another."""

from __future__ import annotations

import io
from datetime import UTC
from uuid import UUID

from handslag.connectors.bank import port
from handslag.domain.documents.operations import StoredFile
from handslag.domain.payments.models import Payment, Run, RunFile
from handslag.domain.payments.operations import record_run_file, refuse_run_file
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.keys import file_key
from handslag.domain.tenancy.policies import NotPossible, setting
from handslag.jobs.acts import store_of
from handslag.jobs.queue import AWAY, tasks
from handslag.kernel import clock
from handslag.kernel.ids import uuid7

BY = system("payment files")


@tasks.task(name="write_run_file", retry=AWAY)
def write_run_file(tenant: int, run: str) -> None:
    """Write, store and record the bank file of a released run. Done before: does nothing."""
    with acting(tenant, BY, "write_run_file") as door:
        found = Run.objects.get(id=UUID(run))
        if RunFile.objects.filter(run=found).exists():
            return
        debtor, profile = setting("debtor_account"), setting("bank_profile")
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
                    message="" if p.giro_reference else p.message or f"Bistånd {p.period.since:%Y-%m}",
                    address=port.PostalAddress(**p.post_to) if p.post_to else None,
                )
                for p in Payment.objects.select_related("period").filter(run=found).order_by("id")
            ],
        )
        key = file_key()
    try:
        written = port.for_tenant("pain001_se", profile).write(file)
    except port.PaymentFileRefused as refusal:
        problems = [f"{p.end_to_end_id or 'file'}: {p.field}: {p.code}" for p in refusal.problems]
        refuse_run_file(tenant=tenant, by=BY, now=clock.now(), run=UUID(run), problems=problems)
        return
    stored = store_of(tenant, key).write(uuid7(), io.BytesIO(written.content))
    kept = StoredFile(stored.file_id, stored.digest, stored.size, "application/xml")
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
            refuse_run_file(tenant=tenant, by=BY, now=clock.now(), run=UUID(run), problems=[refusal.code])
