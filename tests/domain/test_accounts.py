"""The account of a partner: every franc claimed lies somewhere, each posting once, the same at both sides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from xml.etree import ElementTree

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handslag.domain.accounts.models import Account, BankMatch, Entry, HandMatch, PaymentOrder, Posting
from handslag.domain.accounts.operations import (
    NewEntry,
    Source,
    bill_paid_off,
    confirm_paid_to,
    match_bank_lines,
    match_to_account,
    match_to_case,
    order_payment,
    paid_off,
    post,
    record_paid_to,
    release_payment,
    undo_hand_match,
    withdraw_payment,
)
from handslag.domain.accounts.queries import (
    Figures,
    Part,
    account_of,
    case_told,
    digest_of,
    due_of,
    figures_of,
    folded,
    known_in,
)
from handslag.domain.accounts.states import MOVES, Move, Rests, Side
from handslag.domain.audit.models import Event
from handslag.domain.documents.models import Document
from handslag.domain.exchange.models import Message
from handslag.domain.payments.models import BankLine, Booking
from handslag.domain.payments.queries import file_refusal
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.people.references import creditor_reference
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import Actor, acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed, member_behind
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible
from handslag.jobs import acts
from handslag.jobs.acts import store_of
from handslag.jobs.payments import folders, hand_over_file, take_bank_file, write_order_file
from handslag.jobs.watch import enqueue_forgotten
from handslag.kernel import canonical
from handslag.kernel.months import Month
from handslag.messages.conversation import read
from handslag.messages.payment_advice.build import advised, announced
from handslag.messages.reconciliation.build import differences
from handslag.messages.reconciliation.message import Known, Ledger, Reconciliation
from handslag.messages.reconciliation.message import Part as PartTold
from handslag.web.entry.files import document_for
from tests.accounts import BANK, CLAIMED, DECIDED, MUSTERWIL, Q2, Q3, Q4, TO, both_post, compared, entry, notice, source
from tests.bed import Database
from tests.canton import Canton, open_canton
from tests.exchange import Side as Side_
from tests.office import TEST, Office, open_office
from verifier import verify


@pytest.fixture(scope="module")
def offices(database: Database) -> Any:
    return open_canton(database)


def posted(office: Office, *entries: NewEntry, of: Source, partner: str = MUSTERWIL) -> Posting:
    return post(**office.act("hanna"), partner=partner, side=Side.PAYER, source=of, entries=entries)


def figures(office: Office, **only: Any) -> Figures:
    with acting(office.slug, TEST, "look"):
        account = account_of(MUSTERWIL, Side.PAYER)
        assert account is not None
        return figures_of(account.id, **only)["CHF"]


def test_the_quarter_is_claimed_cut_accepted_netted_and_paid(offices: Any, database: Database) -> None:
    canton, place, _other = offices
    submitted, answer = source(Rests.STATEMENT, "S"), source(Rests.ANSWER, "S answered")
    row = posted(canton, *CLAIMED, of=submitted)
    assert figures(canton) == Figures(claimed=8_968_97, in_check=8_968_97)
    posted(canton, *DECIDED, of=answer)
    assert figures(canton) == Figures(claimed=8_968_97, cut=576_00, accepted=8_392_97, open=8_392_97)
    assert figures(canton, regime="section 44").open == 3_276_67
    netted = [entry(Move.NETTED, -1_836_00, since=Q2, until=Q3), entry(Move.NETTED, 1_836_00)]
    posted(canton, *netted, entry(Move.PAID, 5_116_30), entry(Move.PAID, 3_276_67, regime="section 44"),
           of=source(Rests.PAYMENT, "P"))  # fmt: skip
    assert figures(canton) == Figures(claimed=8_968_97, cut=576_00, accepted=8_392_97, paid=8_392_97)
    assert figures(canton, since=Q2) == Figures(claimed=-1_836_00, accepted=-1_836_00, netted=-1_836_00)

    # the same once more is refused, whoever brings it; something else under its name is a conflict
    for who, entries, refusal in (("hanna", CLAIMED, NotPossible), ("rut", CLAIMED[:1], Conflict)):
        with pytest.raises(refusal):
            post(**canton.act(who), partner=MUSTERWIL, side=Side.PAYER, source=submitted, entries=entries)
    with pytest.raises(NotPossible, match="no entries"):
        posted(canton, of=source(Rests.ANSWER, "nothing"))
    with pytest.raises(NotPossible, match="amount"):
        posted(canton, entry(Move.PAID, 0), of=source(Rests.ANSWER, "nothing"))

    # it is an event of the account, whose rows nobody else has and nobody alters
    with acting(canton.slug, TEST, "look"):
        assert list(Posting.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3]
        told = Event.objects.filter(subject_id=row.account_id).order_by("seq").values_list("kind", flat=True)
        assert list(told) == ["money posted"] * 3
        assert digest_of(row, Entry.objects.filter(posting=row).order_by("-place")) == row.digest  # type: ignore[arg-type]
    with acting(place.slug, TEST, "look"):
        assert (Account.objects.count(), Entry.objects.count()) == (0, 0)
    database.close_connections()
    assert verify(database.of_role("auditor"), tenants=[canton.slug]).errors == []


def test_the_database_takes_no_entry_that_stands_on_one_side_or_goes_elsewhere(
    offices: Any, database: Database
) -> None:
    posted(offices[2], *CLAIMED, of=source(Rests.STATEMENT, "S"))
    for change in ("debited = 'paid'", "credited = debited", "amount = 0", "until = since", "cites = 'x'"):
        column = change.split(" = ")[0]
        others = "place, move, credited, debited, amount, currency, regime, since, until, cites, reference, content"
        told = others.replace(f" {column},", f" {change.split(' = ')[1]},")
        told = told.replace("place,", "place + 100,")
        with database.connect("admin") as admin, pytest.raises(psycopg.errors.CheckViolation):
            admin.execute(
                f"INSERT INTO accounts_entry (id, tenant_id, account_id, posting_id, {others}) "
                f"SELECT gen_random_uuid(), tenant_id, account_id, posting_id, {told} FROM accounts_entry LIMIT 1"
            )
    for role in ("web", "admin"):
        with database.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("UPDATE accounts_entry SET amount = 1")
    database.close_connections()


def test_nobody_outside_posts(offices: Any) -> None:
    with pytest.raises(NotAllowed):
        post(
            tenant=offices[0].slug, by=Actor("citizen", uuid4()), now=offices[0].now, partner=MUSTERWIL,
            side=Side.PAYER, source=source(Rests.STATEMENT, "c"), entries=[entry(Move.CLAIMED, 1)],
        )  # fmt: skip


moved = st.builds(
    entry, st.sampled_from(Move), st.integers(-10**9, 10**9).filter(bool), st.sampled_from("ABCD"),
    regime=st.sampled_from(["asylum", "section 44"]),
    since=st.sampled_from([Q2, Q3]),
)  # fmt: skip


def rows_of(posting: Posting, entries: list[NewEntry]) -> list[Entry]:
    return [
        Entry(
            tenant_id=0, move=one.move, credited=MOVES[one.move][0], debited=MOVES[one.move][1], amount=one.amount,
            currency=one.currency, regime=one.regime, since=one.since, until=one.until, cites=one.cites.rests_on,
            reference=one.cites.reference, content=one.cites.content,
        )
        for one in entries
    ]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(moved, min_size=1, max_size=4), max_size=6), st.randoms(use_true_random=False))
def test_nothing_is_lost_whatever_was_posted_and_its_order_does_not_matter(
    postings: list[list[NewEntry]], random: Any
) -> None:
    heads = [Posting(tenant_id=0, rests_on="statement", reference=str(n), content="") for n in range(len(postings))]
    here = [(head, rows_of(head, entries)) for head, entries in zip(heads, postings, strict=True)]
    there = [(head, random.sample(rows, len(rows))) for head, rows in here]
    random.shuffle(there)

    def told(ledger: Any) -> dict[Any, Figures]:
        return folded(
            ((row.regime, row.since), row.move, row.credited, row.debited, row.amount)
            for _, rows in ledger
            for row in rows
        )

    found = told(here)
    assert told(there) == found
    assert sorted(digest_of(head, rows) for head, rows in there) == sorted(digest_of(*one) for one in here)
    for (regime, since), one in found.items():
        mine = [e for entries in postings for e in entries if (e.regime, e.since) == (regime, since)]
        by = {move: sum(e.amount for e in mine if e.move == move) for move in Move}
        assert one.open == by[Move.ACCEPTED] - by[Move.PAID] - by[Move.NETTED] == one.accepted - one.paid - one.netted
        assert one.in_check == by[Move.CLAIMED] - by[Move.CUT] - by[Move.EXPIRED] - by[Move.ACCEPTED]
        assert -one.claimed + one.in_check + one.cut + one.expired + one.open + one.netted + one.paid == 0


def test_bank_details_are_confirmed_by_a_second_person_and_what_is_open_is_paid_by_two(
    connect: Any, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(**_told: Any) -> Any:
        raise OSError("killed")

    def files() -> list[Path]:
        return sorted(folders(canton.slug)[0].glob("*.xml"))

    canton = open_office(connect, "kasse", "CH", kind="canton_office", when_asked_for=True)
    canton.now -= timedelta(minutes=10)
    set_policy(**canton.by(TEST), name="debtor_account", value={"kind": "iban", "number": "CH5604835012345678009"})
    with acting(canton.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
    ulla, erik = canton.act("ulla"), canton.act("erik")
    told = {"partner": MUSTERWIL, "side": Side.PAYER}
    for change, refusal in (
        ({"iban": BANK.qr_iban}, "iban"), ({"iban": "CH93 0076 2011 6238 5295 8"}, "iban"),
        ({"qr_iban": BANK.iban}, "qr iban"), ({"town": " "}, "holder"),
    ):  # fmt: skip
        with pytest.raises(NotPossible) as refused:
            record_paid_to(**ulla, **told, new=replace(BANK, **change))
        assert refused.value.code == refusal
    with pytest.raises(NotAllowed):
        record_paid_to(**canton.act("hanna"), **told, new=BANK)
    details = record_paid_to(**ulla, **told, new=BANK)
    posted(canton, *CLAIMED, of=source(Rests.STATEMENT, "S"))
    posted(canton, *DECIDED, of=source(Rests.ANSWER, "S answered"))
    pay = {"account": details.account_id, "currency": "CHF", "amount": 8_392_97}
    with pytest.raises(NotPossible, match="no bank details"):
        order_payment(**ulla, **pay)
    with pytest.raises(NotForThem):
        confirm_paid_to(**ulla, details=details.id, version=1)
    confirm_paid_to(**erik, details=details.id, version=1)
    with pytest.raises(Conflict):
        order_payment(**ulla, **pay | {"amount": 8_392_96})
    order = order_payment(**ulla, **pay)
    with pytest.raises(NotPossible, match="payment ordered"):
        order_payment(**erik, **pay)
    with pytest.raises(NotForThem):
        release_payment(**ulla, order=order.id, version=1)

    # another account in between: the order no longer pays where two people looked
    other = record_paid_to(**erik, **told, new=replace(BANK, qr_iban=""))
    confirm_paid_to(**ulla, details=other.id, version=1)
    with pytest.raises(Conflict):
        release_payment(**erik, order=order.id, version=1)
    withdraw_payment(**ulla, order=order.id, version=1)
    order = order_payment(**ulla, **pay)
    release_payment(**erik, order=order.id, version=1)
    with pytest.raises(NotPossible, match="payment ordered"):
        order_payment(**ulla, **pay)

    def overtaken(*told: Any) -> Any:
        withdraw_payment(**ulla, order=order.id, version=2)  # while its file is stored: nothing has left
        return store_of(*told)

    with monkeypatch.context() as race:
        race.setattr("handslag.jobs.payments.store_of", overtaken)
        write_order_file(tenant=tenant, order=str(order.id))
    write_order_file(tenant=tenant, order=str(order.id))
    assert figures(canton).paid == 0
    with acting(canton.slug, TEST, "look"):
        assert not Document.objects.filter(kind="payment file").exists()

    # its file: as the bank takes it, read back; nothing is paid twice, whoever is killed or quicker
    order = order_payment(**ulla, **pay)
    release_payment(**erik, order=order.id, version=1)
    with monkeypatch.context() as power:
        power.setattr("handslag.jobs.payments.record_order_file", killed)
        with pytest.raises(OSError, match="killed"):
            write_order_file(tenant=tenant, order=str(order.id))
    assert figures(canton).paid == 0
    monkeypatch.setattr(acts, "tenants", lambda: [tenant])
    assert enqueue_forgotten() == 1  # the job of a killed worker is put into the queue again
    for _ in range(2):
        write_order_file(tenant=tenant, order=str(order.id))
        hand_over_file(tenant=tenant, run=str(order.id))
    (file,) = files()
    tree = ElementTree.parse(file)
    assert [tree.findtext(f".//{{*}}{name}") for name in (
        "CtrlSum", "InstdAmt", "Cdtr/{*}Nm", "StrtNm", "BldgNb", "PstCd", "TwnNm", "Ctry", "CdtrAcct/{*}Id/{*}IBAN",
        "EndToEndId", "Ustrd",
    )] == [
        "8392.97", "8392.97", "Gemeinde Musterwil", "Dorfstrasse", "1", "8999", "Musterwil", "CH",
        "CH9300762011623852957", order.id.hex, f"{order.number} S",
    ]  # fmt: skip
    assert figures(canton) == Figures(claimed=8_968_97, cut=576_00, accepted=8_392_97, paid=8_392_97)
    assert figures(canton, since=Q2) == Figures(claimed=-1_836_00, accepted=-1_836_00, netted=-1_836_00)
    assert figures(canton, since=Q3).netted == 1_836_00
    with pytest.raises(NotPossible, match="nothing open"):
        order_payment(**ulla, **pay)
    with pytest.raises(Conflict):
        withdraw_payment(**ulla, order=order.id, version=3)
    with acting(canton.slug, TEST, "look"):
        (document,) = Document.objects.filter(kind="payment file")
    with acting(canton.slug, canton.staff["ulla"], "look"):
        found = document_for(document.id, canton.staff["ulla"], canton.now)
        assert found.digest == sha256(file.read_bytes()).hexdigest()
    with acting(canton.slug, canton.staff["hanna"], "look"), pytest.raises(Hidden):
        document_for(document.id, canton.staff["hanna"], canton.now)
    other_office = open_office(connect, "andere", "CH", kind="canton_office")
    with pytest.raises(Hidden):
        release_payment(**other_office.act("erik"), order=order.id, version=3)

    # what changes between release and file is never paid by it: a person looks, and takes it back
    posted(canton, entry(Move.CLAIMED, 10_00), entry(Move.ACCEPTED, 10_00), of=source(Rests.STATEMENT, "S 2"))
    order = order_payment(**ulla, **pay | {"amount": 10_00})
    release_payment(**erik, order=order.id, version=1)
    posted(canton, entry(Move.CLAIMED, 1_00), entry(Move.ACCEPTED, 1_00), of=source(Rests.STATEMENT, "S 3"))
    write_order_file(tenant=tenant, order=str(order.id))
    assert (figures(canton).paid, len(files())) == (8_392_97, 1)
    with acting(canton.slug, TEST, "look"):
        assert file_refusal(order.id) == ["file: account: changed"]
        (task,) = Task.objects.filter(kind="run file refused", state="open")
        assert (task.subject_id, task.assignee_id) == (order.id, canton.members["erik"])
    withdraw_payment(**ulla, order=order.id, version=2)
    set_policy(**canton.by(TEST), name="payments_held", value="restored")
    with pytest.raises(NotPossible, match="payments held"):
        order_payment(**ulla, **pay | {"amount": 11_00})
    with acting(canton.slug, TEST, "look"):
        assert not Task.objects.filter(kind="run file refused", state="open").exists()
    database.close_connections()
    assert verify(database.of_role("auditor"), tenants=[canton.slug]).errors == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(-500, 900), st.sampled_from(["asylum", "section 44"])), max_size=6))
def test_paying_brings_every_part_to_nothing(told: list[tuple[int, str]]) -> None:
    opens = [amount for amount, _regime in told]
    at = datetime(2026, 11, 1, tzinfo=UTC)
    parts = [
        Part(account=uuid4(), regime=regime, since=Q2 + timedelta(days=n), until=Q4, currency="CHF",
             figures=Figures(open=amount), posted_at=at)
        for n, (amount, regime) in enumerate(told)
    ]  # fmt: skip
    entries = paid_off(parts, source(Rests.PAYMENT, "1"))
    for part in parts:
        assert sum(one.amount for one in entries if one.since == part.since) == part.figures.open
    by = {move: sum(one.amount for one in entries if one.move == move) for move in (Move.NETTED, Move.PAID)}
    assert by == {Move.NETTED: min(0, sum(opens)), Move.PAID: max(0, sum(opens))}
    assert all(one.amount > 0 for one in entries if one.move == Move.PAID)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(-500, 900), max_size=4), st.lists(st.integers(1, 400), max_size=4), st.randoms())
def test_in_whatever_order_bills_and_the_rest_are_paid_just_what_is_open_is_paid(
    opens: list[int], billed: list[int], random: Any
) -> None:
    def part(n: int, amount: int, regime: str, bill: Posting | None = None) -> Part:
        return Part(account=uuid4(), regime=regime, since=Q2 + timedelta(days=n), until=Q4, currency="CHF", bill=bill,
                    figures=Figures(open=amount), posted_at=datetime(2026, 11, 1, tzinfo=UTC))  # fmt: skip

    rest = [part(n, amount, "asylum") for n, amount in enumerate(opens)]
    bills = [part(n, amount, "bills", Posting(tenant_id=0, rests_on="statement", reference=str(n), content=""))
             for n, amount in enumerate(billed)]  # fmt: skip
    paid, of = 0, source(Rests.PAYMENT, "1")
    while True:
        due: list[tuple[Part | None, int]] = [(None, sum(one.figures.open for one in rest))]
        due += [(one, due_of(one, rest, bills, 0)) for one in bills]
        due = [(bill, amount) for bill, amount in due if amount > 0]
        if not due:
            break
        bill, amount = random.choice(due)
        entries = paid_off(rest, of) if bill is None else bill_paid_off(bill, rest, amount, of)
        paid += amount
        moved = {move: sum(one.amount for one in entries if one.move == move) for move in (Move.NETTED, Move.PAID)}
        assert moved == {Move.NETTED: 0, Move.PAID: amount}

        def left(one: Part, entries: list[NewEntry] = entries) -> Part:
            cited = one.bill.reference if one.bill else "1"
            gone = sum(e.amount for e in entries if (e.since, e.regime, e.cites.reference) == (
                one.since, one.regime, cited))  # fmt: skip
            return replace(one, figures=Figures(open=one.figures.open - gone))

        rest, bills = [left(one) for one in rest], [one for one in map(left, bills) if one.figures.open]
        assert all(one.figures.open > 0 for one in bills)
    assert paid == max(0, sum(opens) + sum(billed))


# -- what the bank answers ---------------------------------------------------------------------------------------------

def status(number: int, reference: str, state: str, code: str = "") -> bytes:
    why = f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>" if code else ""
    return (
        f"<Document><CstmrPmtStsRpt><GrpHdr><MsgId>{number}</MsgId></GrpHdr><OrgnlPmtInfAndSts><TxInfAndSts>"
        f"<OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>{state}</TxSts>{why}</TxInfAndSts></OrgnlPmtInfAndSts>"
        "</CstmrPmtStsRpt></Document>"
    ).encode()


def ordered(canton: Office, details: UUID, amount: int) -> PaymentOrder:
    """Ordered and released by two, its file written."""
    order = order_payment(**canton.act("ulla"), account=details, currency="CHF", amount=amount)
    release_payment(**canton.act("erik"), order=order.id, version=1)
    with acting(canton.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
    write_order_file(tenant=tenant, order=str(order.id))
    return order


def test_the_bank_answers_each_order_once_and_what_reached_nobody_is_open_again(
    connect: Any, database: Database
) -> None:
    canton = open_office(connect, "kasse", "CH", kind="canton_office", when_asked_for=True)
    canton.now -= timedelta(minutes=10)
    set_policy(**canton.by(TEST), name="debtor_account", value={"kind": "iban", "number": TO})
    details = record_paid_to(**canton.act("ulla"), partner=MUSTERWIL, side=Side.PAYER, new=BANK)
    confirm_paid_to(**canton.act("erik"), details=details.id, version=1)
    account = details.account_id
    posted(canton, *CLAIMED, of=source(Rests.STATEMENT, "S"))
    posted(canton, *DECIDED, of=source(Rests.ANSWER, "S answered"))
    open_, paid = figures(canton), 8_392_97

    def take(content: bytes) -> None:
        take_bank_file(canton.slug, TEST, content)

    def stands() -> str:
        with acting(canton.slug, TEST, "look"):
            return PaymentOrder.objects.get(id=order.id).state

    def reasons() -> list[str]:
        with acting(canton.slug, TEST, "look"):
            return list(BankLine.objects.filter(outcome="quarantined").order_by("id").values_list("reason", flat=True))

    def tasks() -> list[Any]:
        with acting(canton.slug, TEST, "look"):
            found = Task.objects.filter(kind="order failed", state="open")
            return list(found.values_list("subject_id", "assignee_id"))

    # refused: what was posted is countered, whatever is told again; who released it is told once
    order = ordered(canton, account, paid)
    take(status(1, order.id.hex, "ACSP"))
    assert (stands(), figures(canton).paid) == ("accepted", paid)
    for number in (2, 3):
        take(status(number, order.id.hex, "RJCT", "AC04"))
        take(status(2, order.id.hex, "RJCT", "AC04"))
    assert (stands(), figures(canton), tasks()) == ("rejected", open_, [(order.id, canton.members["erik"])])
    take(notice(4, "8392.97", reference=order.id.hex))  # paid though refused: nobody believes it by itself
    assert (stands(), figures(canton), reasons()) == ("rejected", open_, ["paid though rejected"])

    # ordered again, paid, and back: another amount is nobody's
    order = ordered(canton, account, paid)
    assert tasks() == []
    take(notice(5, "8392.96", reference=order.id.hex))
    assert (stands(), reasons()[1:]) == ("sent", ["other amount"])
    for number in (6, 7):
        take(notice(number, "8392.97", reference=order.id.hex))
    assert (stands(), figures(canton).paid) == ("paid", paid)
    for number in (8, 9):
        take(notice(number, "8392.97", "CRDT", reference=order.id.hex, code="AC04"))
    take(notice(10, "8392.97", reference=order.id.hex))
    assert (stands(), figures(canton), tasks()) == ("returned", open_, [(order.id, canton.members["erik"])])

    # the whole file refused, by its message id
    order = ordered(canton, account, paid)
    take(
        f"<Document><CstmrPmtStsRpt><OrgnlGrpInfAndSts><OrgnlMsgId>{order.id.hex}</OrgnlMsgId><GrpSts>RJCT</GrpSts>"
        "</OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>".encode()
    )
    assert (stands(), figures(canton), len(reasons())) == ("rejected", open_, 2)
    order = ordered(canton, account, paid)
    take(notice(11, "8392.97", reference=order.id.hex))
    assert (stands(), figures(canton)) == ("paid", replace(open_, open=0, paid=paid))
    with acting(canton.slug, TEST, "look"):
        rows = BankMatch.objects.order_by("id").values_list("line__kind", "posting__number")
        assert list(rows) == [
            ("accepted", None), ("rejected", 4), ("paid", None), ("returned", 6), ("rejected", 8), ("paid", None),
        ]  # fmt: skip
        kinds = Event.objects.filter(kind="payment order answered").count()
        assert (kinds, Posting.objects.count()) == (6, 9)
        # of four orders the partner knows the one that arrived: nothing else is compared
        names = {key for by in known_in(account).values() for key in by}
        arrived = PaymentOrder.objects.get(id=order.id).number
        assert names == {("statement", "S"), ("answer", "S answered"), ("payment", arrived)}
        (file,) = {line.file_id for line in BankLine.objects.filter(kind="returned", outcome="account")}
    for by in (canton.act("hanna"), open_office(connect, "andere", "CH", kind="canton_office").act("ulla")):
        with pytest.raises((NotAllowed, Hidden)):
            match_bank_lines(**by, file=file)
    database.close_connections()
    assert verify(database.of_role("auditor"), tenants=[canton.slug]).errors == []


# -- both ledgers are the same -----------------------------------------------------------------------------------------


@pytest.fixture
def both(database: Database) -> Canton:
    side, *places = [Side_(office) for office in open_canton(database)]
    return Canton(database, side, places)


def test_both_ledgers_are_equal_or_what_differs_is_named_and_a_person_at_each_side_looks(
    both: Canton, database: Database
) -> None:
    here, there = both.side, both.places[0]
    both_post(both, of=source(Rests.STATEMENT, "S"), entries=CLAIMED)
    both_post(both, "payer", of=source(Rests.ANSWER, "S answered"), entries=DECIDED)
    both_post(both, "claimant", of=source(Rests.ANSWER, "S answered"), entries=DECIDED[::-1])
    told = compared(both, here, there, Side.PAYER)
    assert (told.business, told.code) == ("accepted", "")
    (copy,) = there.rows(Message, kind="reconciliation", action="5")
    assert (copy.business, here.tasks(), there.tasks()) == ("accepted", [], [])

    # one cent, and a payment that one side doesn't know
    wrong = [*DECIDED[:-1], replace(DECIDED[-1], amount=DECIDED[-1].amount + 1)]
    for at, entries in (("payer", DECIDED), ("claimant", wrong)):
        both_post(both, at, of=source(Rests.ANSWER, "again"), entries=entries)
    both_post(both, "payer", of=source(Rests.PAYMENT, "P"), entries=[entry(Move.PAID, 1, since=Q2, until=Q3)])
    told = compared(both, there, here, Side.CLAIMANT)
    assert (told.business, told.code) == ("rejected", "DIFFERS")
    (said,) = [read(row) for row in there.rows(Message, kind="reconciliation", action="6", direction="in")]
    assert isinstance(said, Reconciliation)
    assert [(one.regime, one.since, one.reference, one.state) for one in said.answers[0].differences] == [
        ("asylum", Q2, "P", "missing with you"), ("section 44", Q3, "again", "different"),
    ]  # fmt: skip
    assert here.tasks() == there.tasks() == ["accounts differ"]
    database.close_connections()
    assert verify(database.of_role("auditor"), tenants=[here.office.slug, there.office.slug]).errors == []


def test_what_a_partner_pays_is_posted_where_it_is_just_what_is_open_and_else_asked_about(
    both: Canton, database: Database
) -> None:
    here, there = both.side, both.places[0]
    name = f"{there.address}/asylum/{Q3}#1"
    both_post(both, of=source(Rests.STATEMENT, name), entries=CLAIMED)
    both_post(both, of=source(Rests.ANSWER, "S answered"), entries=DECIDED)
    set_policy(**here.office.by(TEST), name="debtor_account", value={"kind": "iban", "number": TO})
    payers = [both.pair.act(here, who) for who in ("ulla", "erik")]
    details = record_paid_to(**payers[0], partner=there.address, side=Side.PAYER, new=BANK)
    confirm_paid_to(**payers[1], details=details.id, version=1)
    order = order_payment(**payers[0], account=details.account_id, currency="CHF", amount=8_392_97)
    release_payment(**payers[1], order=order.id, version=1)
    write_order_file(tenant=here.key, order=str(order.id))
    about, iban = f"{order.number} {name.replace('#', '?')}", BANK.iban.replace(" ", "")
    ours = {"reference": order.id.hex, "about": about, "own": iban}

    def come_in(number: int, amount: str = "8392.97", **more: str) -> tuple[str, str]:
        """What becomes of the line, and why."""
        file = take_bank_file(there.office.slug, TEST, notice(number, amount, "CRDT", **ours | more))
        assert file is not None
        (line,) = there.rows(BankLine, file_id=file.id)
        return line.outcome, line.reason

    def of(side: Any, partner: Any, own: Side) -> Figures:
        with acting(side.office.slug, TEST, "look"):
            account = account_of(partner.address, own)
            assert account is not None
            return figures_of(account.id)["CHF"]

    # partly, unnamed, to nobody knows where: never booked by itself, a payer is told
    for number, change, reason in (
        (1, {"amount": "8392.96"}, "not what is open"), (2, {"about": "Danke"}, "unknown reference"),
        (3, {"own": ""}, "no account"), (4, {"about": about[14:].strip(), "reference": ""}, "no reference"),
        (5, {"about": about.replace("asylum", "asyl")}, "unknown reference"),
    ):  # fmt: skip
        assert come_in(number, **change) == ("quarantined", reason)  # type: ignore[arg-type]
    assert of(there, here, Side.CLAIMANT).paid == 0
    assert there.tasks() == ["bank file"] * 5
    with pytest.raises(NotAllowed):
        match_bank_lines(**both.pair.act(there), file=there.rows(BankLine)[0].file_id)

    # to the Rappen: posted once, also where notice and statement both tell of it, and the same as at the canton
    assert come_in(6) == ("account", "")
    assert come_in(7) == ("repeated", "")
    assert come_in(8, reference="another") == ("quarantined", "number posted")
    paid = Figures(claimed=8_968_97, cut=576_00, accepted=8_392_97, paid=8_392_97)
    assert of(here, there, Side.PAYER) == of(there, here, Side.CLAIMANT) == paid
    assert compared(both, here, there, Side.PAYER).business == "accepted"
    (match,) = there.rows(BankMatch)
    with acting(there.office.slug, TEST, "look"):
        assert Event.objects.filter(kind="incoming money matched", subject_id=match.account_id).count() == 1

    # of two that are open only the one that is named
    for number, since in ((1, Q2), (2, Q3)):
        moved = [entry(move, number * 10_00, regime="other", since=since) for move in (Move.CLAIMED, Move.ACCEPTED)]
        both_post(both, of=source(Rests.STATEMENT, f"T#{number}"), entries=moved)
    assert come_in(9, "20.00", about="P-1 T?2", reference="p1") == ("account", "")
    assert come_in(10, "0.00", about=f"P-2 {name.replace('#', '?')}", reference="p2") == (
        "quarantined", "not what is open",
    )  # fmt: skip
    assert (of(there, here, Side.CLAIMANT).open, of(there, here, Side.CLAIMANT).paid) == (10_00, 8_412_97)
    database.close_connections()
    assert verify(database.of_role("auditor"), tenants=[here.office.slug, there.office.slug]).errors == []


def test_who_is_paid_is_told_what_for_and_that_it_reached_nobody_and_says_whether_it_fits(
    both: Canton, database: Database
) -> None:
    here, there, third = both.side, *both.places
    name = f"{there.address}/asylum/{Q3}#1"
    both_post(both, of=source(Rests.STATEMENT, name), entries=CLAIMED)
    both_post(both, of=source(Rests.ANSWER, "S answered"), entries=DECIDED)
    set_policy(**here.office.by(TEST), name="debtor_account", value={"kind": "iban", "number": TO})
    ulla, erik = (both.pair.act(here, who) for who in ("ulla", "erik"))
    details = record_paid_to(**ulla, partner=there.address, side=Side.PAYER, new=BANK)
    confirm_paid_to(**erik, details=details.id, version=1)

    def paid() -> PaymentOrder:
        order = order_payment(**ulla, account=details.account_id, currency="CHF", amount=8_392_97)
        release_payment(**erik, order=order.id, version=1)
        write_order_file(tenant=here.key, order=str(order.id))
        both.settle()
        return order

    def told(at: Any) -> list[tuple[str, str, str]]:
        """What a side has of it: number, state, and whether it fits."""
        rows = sorted(at.rows(Message, kind="payment_advice", action="5"), key=lambda one: one.created_at)
        said = [(one, advised(one)) for one in rows]
        netted = [[part.netted for part in one.parts if part.netted] for _, one in said]
        assert netted == [[-1_836_00, 1_836_00]] * len(said)
        assert all((one.amount, one.iban, one.settlements) == (8_392_97, BANK.iban.replace(" ", ""), [name[:-2]])
                   for _, one in said)  # fmt: skip
        return [(one.payment, one.state, row.business) for row, one in said]

    def coming() -> list[str]:
        with acting(there.office.slug, TEST, "look"):
            return [one.payment for one in announced().values()]

    # told as its file is written: announced until it arrives; nothing is posted by it, and nobody else hears of it
    first = paid()
    assert told(here) == told(there) == [(first.number, "paid", "accepted")]
    assert (coming(), here.tasks(), there.tasks()) == ([first.number], [], [])
    assert third.rows(Message) == []
    # it came back: told once, however often the bank says so; what is ordered anew has its own number
    for number in (1, 2):
        take_bank_file(here.office.slug, TEST, notice(number, "8392.97", "CRDT", reference=first.id.hex, code="AC04"))
        both.settle()
    assert told(there)[1:] == [(first.number, "failed", "accepted")] and coming() == []
    second = paid()
    assert coming() == [second.number]
    about = f"{second.number} {name.replace('#', '?')}"
    take_bank_file(
        there.office.slug, TEST,
        notice(3, "8392.97", "CRDT", reference=second.id.hex, about=about, own=BANK.iban.replace(" ", "")),
    )  # fmt: skip
    assert coming() == []
    assert compared(both, here, there, Side.PAYER).business == "accepted"
    # what came and is said to have failed, and what isn't open there: a person at each side looks
    take_bank_file(here.office.slug, TEST, notice(4, "8392.97", "CRDT", reference=second.id.hex, code="AC04"))
    both.settle()
    third_one = paid()
    assert told(here)[3:] == told(there)[3:] == [
        (second.number, "failed", "rejected"), (third_one.number, "paid", "rejected"),
    ]  # fmt: skip
    assert there.tasks() == ["payment differs"] * 2
    assert here.tasks().count("payment differs") == 2
    database.close_connections()
    assert verify(database.of_role("auditor"), tenants=[here.office.slug, there.office.slug]).errors == []


def test_who_has_no_account_of_the_other_misses_everything(both: Canton) -> None:
    both_post(both, "payer", of=source(Rests.STATEMENT, "S"), entries=CLAIMED[:1])
    told = compared(both, both.side, both.places[0], Side.PAYER)
    assert (told.business, both.places[0].tasks()) == ("rejected", ["accounts differ"])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(moved, st.sampled_from("xyz")), max_size=8), st.randoms(use_true_random=False))
def test_differences_are_just_those(told: list[tuple[NewEntry, str]], random: Any) -> None:
    def ledger(rows: list[tuple[NewEntry, str]]) -> Ledger:
        parts: dict[Any, dict[str, list[Entry]]] = {}
        for one, of in rows:
            by = parts.setdefault((one.regime, one.since, one.until), {})
            by.setdefault(of, []).extend(rows_of(Posting(tenant_id=0), [one]))
        figures = dict.fromkeys(("claimed", "cut", "expired", "accepted", "netted", "paid"), 0)
        return Ledger(side="payer", digest="0" * 64, parts=[
            PartTold(number=number, regime=regime, since=since, until=until, currency="CHF", **figures, postings=[
                Known(rests_on="statement", reference=of,
                      digest=digest_of(Posting(tenant_id=0, rests_on="statement", reference=of, content=""), entries))
                for of, entries in by.items()
            ])
            for number, ((regime, since, until), by) in enumerate(parts.items(), 1)
        ])  # fmt: skip

    other = random.sample(told, len(told))
    assert differences(ledger(told), ledger(other)) == []
    if told:
        found = differences(ledger(told), ledger(told[1:]))
        one, of = told[0]
        rest = [e for e, other_of in told[1:] if (e.regime, e.since, other_of) == (one.regime, one.since, of)]
        assert [(d.regime, d.since, d.reference, d.state) for d in found] == [
            (one.regime, one.since, of, "different" if rest else "missing with you")
        ]


def test_a_payer_matches_by_hand_what_nothing_here_expects_and_takes_it_back_by_a_counter_entry(
    both: Canton, database: Database
) -> None:
    here, there = both.side, both.places[0]
    both_post(both, of=source(Rests.STATEMENT, "S"), entries=CLAIMED)
    both_post(both, of=source(Rests.ANSWER, "S answered"), entries=DECIDED)
    office, ulla = there.office, both.pair.act(there, "ulla")
    with acting(office.slug, TEST, "look"):
        account = account_of(here.address, Side.CLAIMANT)
        assert account is not None
    iban = BANK.iban.replace(" ", "")

    def came(number: int, amount: str, about: str = "Zahlung") -> BankLine:
        file = take_bank_file(office.slug, TEST, notice(number, amount, "CRDT", about=about, own=iban))
        assert file is not None
        return line_of(file.id)

    def line_of(file: UUID) -> BankLine:
        (line,) = there.rows(BankLine, file_id=file)
        assert isinstance(line, BankLine)
        return line

    def figures_now() -> Figures:
        with acting(office.slug, TEST, "look"):
            return figures_of(account.id)["CHF"]

    def matched(row: BankLine, part: Any = None, number: str = "P-1", **more: Any) -> HandMatch:
        told = {"line": row.id, "version": row.version, "account": account.id, "part": part, "number": number}
        return match_to_account(**ulla | told | more)

    # a part of what is open, to one period: 3,276.67 of section 44 and 1,000.00 of asylum; a cent too much is refused
    first, second = came(1, "3276.67"), came(2, "1000.00")
    assert there.tasks() == ["bank file"] * 2
    for change, refused in (
        ({"number": " "}, "payment number"), ({"part": ("section 44", Q2)}, "more than open"),
        ({"line": came(3, "8392.98").id}, "more than open"),
    ):  # fmt: skip
        with pytest.raises(NotPossible) as wrong:
            matched(first, **change)
        assert wrong.value.code == refused
    for by in (both.pair.act(there, "hanna"), both.pair.act(here, "ulla")):
        with pytest.raises((NotAllowed, Hidden)):
            matched(first, **by)
    match = matched(first, ("section 44", Q3))
    assert (figures_now().paid, figures_now().open) == (3_276_67, 5_116_30)
    with pytest.raises(NotPossible, match="number posted"):
        matched(second, number="P-1")
    with pytest.raises(Conflict):
        matched(first, number="P-9")
    asylum = matched(second, ("asylum", Q3), number="P-2")
    assert (figures_now().paid, there.tasks()) == (4_276_67, ["bank file"])  # that of 8,392.98

    # taken back, with why, and matched anew by the same number: the partner, who has booked it so, sees no difference
    undone = {**ulla, "match": match.id, "version": match.version}
    with pytest.raises(NotPossible, match="why"):
        undo_hand_match(**undone, why=" ")
    with pytest.raises(NotAllowed):
        undo_hand_match(**undone | both.pair.act(there, "hanna"), why="falsch")
    undo_hand_match(**undone, why="falsche Periode")
    with pytest.raises(Conflict):
        undo_hand_match(**undone, why="noch einmal")
    first = line_of(first.file_id)
    assert (first.outcome, first.reason, figures_now().paid) == ("quarantined", "unknown reference", 1_000_00)
    assert there.tasks() == ["bank file"] * 2
    again = matched(first, ("section 44", Q3))
    assert figures_now().paid == 4_276_67
    for number, regime, amount in (("P-1", "section 44", 3_276_67), ("P-2", "asylum", 1_000_00)):
        told = {"number": number, "amount": amount, "currency": "CHF", "iban": iban}
        of = Source(rests_on=Rests.PAYMENT, reference=number, content=canonical.digest(told))
        one = NewEntry(move=Move.PAID, amount=amount, currency="CHF", regime=regime, since=Q3, until=Q4, cites=of)
        both_post(both, "payer", of=of, entries=[one])
    assert compared(both, here, there, Side.PAYER).business == "accepted"
    # the rest, all that is open: what is owed the other way is netted, as the payer does it
    rest = matched(came(4, "4116.30"), number="P-3")
    assert (figures_now().open, figures_now().paid) == (0, 8_392_97)

    # an income of a case: booked, its caseworker told; not by a wrong number, nor for somebody protected
    folder = office.case()
    told = {"account_code": "OTHER", "month": Month.of(both.today), "counterparty": "Vormieterin"}
    line = came(5, "75.00", f"Danke {creditor_reference(folder.case.number)}")

    def proposed(clearance: int = 0) -> str:
        with acting(office.slug, office.staff["ulla"], "look") as door:
            member = replace(member_behind(door, both.pair.now), clearance=clearance)
            return case_told(line, member, both.today)

    assert proposed() == folder.case.number  # by its reference; what it is a person says
    at = {**ulla, "line": line.id, "version": line.version}
    for change, refused in (
        ({"number": "2026-9"}, "no such case"), ({"account_code": "RENT"}, "account code"),
        ({"counterparty": " "}, "counterparty"), ({"month": Month.of(both.today) + 1}, "month"),
    ):  # fmt: skip
        with pytest.raises(NotPossible) as wrong:
            match_to_case(**at, **{"number": folder.case.number, **told, **change})
        assert wrong.value.code == refused
    hidden = "UPDATE people_person SET protection_level = %s WHERE id = %s"
    with database.connect("admin") as admin:
        admin.execute(hidden, [1, folder.case.applicant_id])
    with pytest.raises(NotPossible, match="no such case"):
        match_to_case(**at, number=folder.case.number, **told)
    assert (proposed(), proposed(1)) == ("", folder.case.number)
    with database.connect("admin") as admin:
        admin.execute(hidden, [0, folder.case.applicant_id])
    booked = match_to_case(**at, number=folder.case.number, **told)
    assert booked.booking is not None
    assert (booked.booking.kind, booked.booking.amount, booked.booking.case_id) == ("income", 75_00, folder.case.id)
    assert sorted(there.tasks()) == ["bank file", "money for case"]
    undo_hand_match(**ulla, match=booked.id, version=1, why="gehört jemand anderem")
    with acting(office.slug, TEST, "look"):
        assert Booking.objects.get(reverses=booked.booking).amount == -75_00
        kinds = sorted(Event.objects.filter(kind__contains="by hand").values_list("kind", flat=True))
    assert kinds == ["incoming money matched by hand"] * 5 + ["match by hand undone"] * 2
    database.close_connections()
    auditor = database.of_role("auditor")
    report = verify(auditor, tenants=[office.slug])
    assert (report.errors, report.checked["matches by hand"]) == ([], 5)

    # what was changed behind the operations is named
    with database.connect("admin") as admin:
        for change, key in (
            ("payments_bankline SET amount = amount + 1 WHERE id = %s", asylum.line_id),
            ("payments_bankline SET outcome = 'quarantined', settled_by_id = NULL, settled_at = NULL WHERE id = %s",
             rest.line_id),
            ("accounts_handmatch SET undone_at = NULL, undone_by_id = NULL, undone_why = '' WHERE id = %s", booked.id),
        ):
            admin.execute(f"UPDATE {change}".encode(), [key])
    found = {one.row for one in verify(auditor, tenants=[office.slug]).findings if one.table == "accounts_handmatch"}
    assert found == {str(rest.id), str(asylum.id), str(booked.id)}
    assert again.posting is not None and again.posting.reference == "P-1 (again 2)"
