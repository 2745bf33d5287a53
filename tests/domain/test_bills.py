"""What an institution bills under an approval: checked alike by both, paid once, posted at both sides the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4
from xml.etree import ElementTree

import msgspec
import pytest

from handslag.domain.accounts.models import PaymentOrder
from handslag.domain.accounts.operations import (
    NewPaidTo,
    confirm_paid_to,
    decide_bill,
    order_payment,
    record_paid_to,
    release_payment,
    withdraw_payment,
)
from handslag.domain.accounts.operations import post as post_entries
from handslag.domain.accounts.queries import account_of, bills_open, figures_of, known_in, posted
from handslag.domain.accounts.states import Move, Rests
from handslag.domain.accounts.states import Side as Ledger
from handslag.domain.audit.models import Event as EventRow
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import seal_message, take_back
from handslag.domain.exchange.states import Code
from handslag.domain.funding.models import Approval
from handslag.domain.payments.models import BankLine
from handslag.domain.people.operations.persons import register_person
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.people.references import creditor_reference
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible
from handslag.jobs.payments import folders, hand_over_file, take_bank_file, write_order_file
from handslag.messages.assignment.message import Assigned
from handslag.messages.assignment.notices import person_of
from handslag.messages.conversation import Opening, beginning, recalling, reminding
from handslag.messages.cost_approval.build import in_full
from handslag.messages.provider_bill.build import Billing, answering, approval_of, billing, taken
from handslag.messages.provider_bill.checks import billed_in, checked, left_of
from handslag.messages.provider_bill.message import Paid
from tests.accounts import Q2, Q3, TO, compared, entry, notice, source
from tests.canton import Canton, arrived, open_canton, somebody
from tests.exchange import Side
from tests.office import TEST, Office, open_office
from tests.sedex import BySedex, post, registered
from verifier import verify

IBAN, QR_IBAN, OTHER_IBAN = "CH9300762011623852957", "CH4431999123000889012", "CH3908704016075473007"
QRR, SCOR = "210000000003139471430009017", "RF18539007547034"


@pytest.fixture(scope="module")
def canton(database: Any) -> Canton:
    """A canton, two municipalities, and two institutions at the end."""
    offices: list[Office] = [*open_canton(database)]
    offices += [open_office(database.connect, name, "CH", kind="provider") for name in ("wohnheim", "kursort")]
    database.close_connections()
    side, *places = [Side(office) for office in offices]
    return Canton(database, side, places)


def _registered(canton: Canton, side: Side, one: Assigned) -> None:
    with acting(side.office.slug, side.office.staff["rut"], "register"):
        register_person(**canton.pair.act(side, "rut"), new=person_of(one))


def _approved(canton: Canton, home: Side, payer: Side) -> tuple[str, Approval]:
    """Ten times 95.00 for somebody of an institution, for thirty days from today on; with her number."""
    one = somebody()
    _registered(canton, home, one)
    number = one.person.identifier
    if payer is canton.side:
        told = canton.assigned(0, one)
        canton.settle()
        canton.answered(0, told, arrived(canton))
        canton.settle()
    else:
        _registered(canton, payer, one)
    asked = canton.asked_for(
        home, number, account_code="PROGRAMME", unit_price=95_00, quantity=10, to=payer.address,
    )  # fmt: skip
    canton.settle()
    with acting(payer.office.slug, TEST, "look"):
        whole = in_full(Message.objects.get(message_id=asked.message_id))
    canton.decided(asked, msgspec.structs.replace(whole, by_rules=False), side=payer)
    canton.settle()
    with acting(home.office.slug, TEST, "look"):
        found: Approval = Approval.objects.select_related("person", "asked").get(asked__message_id=asked.message_id)
    return number, found


def _billed(canton: Canton, home: Side, row: Approval, **more: Any) -> Message:
    """Hanna bills four times 95.00 of today under an approval."""
    told: dict[str, Any] = {
        "bill": f"R-{uuid4()}", "since": canton.today, "last_on": canton.today, "unit_price": 95_00, "quantity": 4,
        "iban": IBAN, "reference": SCOR, "answer_by": canton.today + timedelta(days=14), **more,
    }  # fmt: skip
    with acting(home.office.slug, home.office.staff["hanna"], "bill"):
        new = billing(
            Billing(
                key=uuid4(), approval=row, unit=home.office.units["Försörjningsstöd"], now=canton.pair.now, **told
            )
        )  # fmt: skip
    return seal_message(**canton.pair.act(home, "hanna"), new=new)


def _found(side: Side, asked: Message) -> list[str]:
    with acting(side.office.slug, TEST, "look"):
        row = Message.objects.get(message_id=asked.message_id)
        return checked(billed_in(row), row)


def _decided(canton: Canton, payer: Side, asked: Message, who: str = "bo", reason: Any = "", text: str = "") -> Message:
    with acting(payer.office.slug, payer.office.staff[who], "answer"):
        row = Message.objects.get(message_id=asked.message_id)
        under = approval_of(row)
        new = answering(key=uuid4(), asked=row, answers=[Paid(number=1, reason=reason, text=text)])
        bill, found = taken(row, under) if under is not None else None, checked(billed_in(row), row)
    return decide_bill(**canton.pair.act(payer, who), asked=row.id, new=new, bill=bill, found=found)


def _figures(side: Side, partner: str, ledger: Ledger) -> tuple[int, int, int]:
    """Claimed, accepted and open on the account of a partner."""
    with acting(side.office.slug, TEST, "look"):
        account = account_of(partner, ledger)
        figures = figures_of(account.id).get("CHF") if account else None
    return (figures.claimed, figures.accepted, figures.open) if figures else (0, 0, 0)


def _known(side: Side, partner: str, ledger: Ledger) -> Any:
    with acting(side.office.slug, TEST, "look"):
        account = account_of(partner, ledger)
        assert account is not None
        return known_in(account.id)


@pytest.mark.parametrize("by_canton", [True, False], ids=["canton", "municipality"])
def test_a_bill_is_checked_alike_paid_once_and_posted_at_both_sides_the_same(canton: Canton, by_canton: bool) -> None:
    home, other, payer = canton.places[2], canton.places[3], canton.side if by_canton else canton.places[0]
    _number, row = _approved(canton, home, payer)
    bill_of = "R-1" if by_canton else "M-1"
    first = _billed(canton, home, row, bill=bill_of, reference=SCOR if by_canton else "")
    canton.settle()
    assert (_found(home, first), _found(payer, first)) == ([], ["OTHER_BANK_DETAILS"])
    with acting(payer.office.slug, TEST, "look"):
        assert Task.objects.filter(kind="provider bill", state="open").count() == 1

    # without confirmed bank details it is paid only with words; whoever decides nothing can't; another sees nothing
    with pytest.raises(NotPossible, match="against the bill"):
        _decided(canton, payer, first)
    with pytest.raises(NotAllowed):
        _decided(canton, payer, first, who="hanna", text="So.")
    with acting(payer.office.slug, payer.office.staff["bo"], "look"):
        row_there = Message.objects.get(message_id=first.message_id)
        new = answering(key=uuid4(), asked=row_there, answers=[Paid(number=1)])
    with pytest.raises(Hidden):
        decide_bill(**canton.pair.act(other, "bo"), asked=row_there.id, new=new, bill=None, found=[])
    _paid_to(canton, payer, home)
    assert _found(payer, first) == []
    _decided(canton, payer, first)
    assert _figures(payer, home.address, Ledger.PAYER) == (0, 0, 0)  # until it has left it can be taken back
    canton.settle()
    both = (payer, home.address, Ledger.PAYER), (home, payer.address, Ledger.CLAIMANT)
    assert [_figures(*one) for one in both] == [(380_00, 380_00, 380_00)] * 2
    assert _known(*both[0]) == _known(*both[1])
    copies = [side.message(first.message_id) for side in (home, payer)]
    assert len({(one.digest, one.business) for one in copies}) == 1
    assert copies[0].business == "accepted"
    with acting(payer.office.slug, TEST, "look"):
        assert EventRow.objects.filter(kind="bill decided").count() == 1
        assert not Task.objects.filter(kind="provider bill", state="open").exists()
    with acting(other.office.slug, TEST, "look"):
        assert not Message.objects.filter(kind="provider_bill").exists()

    # what speaks against a bill is found at both sides by the same function, and decides nothing
    with acting(home.office.slug, TEST, "look"):
        assert left_of(row, canton.today) == 570_00
    tomorrow, after = (canton.today + timedelta(days=n) for n in (1, 30))
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"last_on": after, "quantity": 1, "reference": ""}, ["NOT_IN_FORCE"]),
        ({"quantity": 7, "reference": "", "since": tomorrow, "last_on": tomorrow}, ["APPROVAL_EXCEEDED"]),
        ({"unit_price": 95_01, "quantity": 1, "reference": ""}, ["RATE_WRONG"]),
        ({"bill": bill_of, "quantity": 1, "reference": ""}, ["DUPLICATE_INVOICE"]),
        *([({"quantity": 1}, ["DUPLICATE_INVOICE"])] if by_canton else []),
    ]  # fmt: skip
    for told, codes in cases:
        bill = _billed(canton, home, row, **told)
        canton.settle()
        assert (_found(home, bill), _found(payer, bill)) == (codes, codes)
        if "DUPLICATE_INVOICE" in codes:
            with pytest.raises(NotPossible, match="billed twice"):
                _decided(canton, payer, bill, text="Trotzdem.")
        _decided(canton, payer, bill, reason=codes[0], text="Bitte prüfen.")
        canton.settle()
        assert home.message(bill.message_id).business == "rejected"
    assert [_figures(*one)[0] for one in both] == [380_00] * 2

    # of two that don't both fit the earlier one counts; a test moves nothing
    tried = _billed(canton, home, row, quantity=6, reference="", test=True)
    fits, beyond = (_billed(canton, home, row, quantity=n, reference="") for n in (5, 2))
    canton.settle()
    assert [_found(side, one) for one in (fits, beyond) for side in (home, payer)] == [
        [], [], ["APPROVAL_EXCEEDED"], ["APPROVAL_EXCEEDED"],
    ]  # fmt: skip
    _decided(canton, payer, tried)
    _decided(canton, payer, beyond, text="Der Mehraufwand ist belegt.")
    canton.settle()
    assert _found(payer, fits) == ["APPROVAL_EXCEEDED"]  # what was accepted counts, whenever it was sent
    assert [_figures(*one) for one in both] == [(570_00, 570_00, 570_00)] * 2
    assert _known(*both[0]) == _known(*both[1])

    # two people pay what is open, to the details that two people confirmed
    account = _account(payer, home.address)
    open_ = 190_00 if by_canton else 570_00  # the first is paid by its reference
    ordered = order_payment(**canton.pair.act(payer, "ulla"), account=account, currency="CHF", amount=open_)
    with pytest.raises(NotForThem, match="second pair of eyes"):
        release_payment(**canton.pair.act(payer, "ulla"), order=ordered.id, version=ordered.version)
    release_payment(**canton.pair.act(payer, "erik"), order=ordered.id, version=ordered.version)
    with acting(payer.office.slug, TEST, "look"):
        assert PaymentOrder.objects.get(id=ordered.id).paid_to.iban == IBAN


def _account(side: Side, partner: str) -> Any:
    with acting(side.office.slug, TEST, "look"):
        account = account_of(partner, Ledger.PAYER)
        assert account is not None
        return account.id


def _paid_to(canton: Canton, payer: Side, home: Side, iban: str = IBAN) -> None:
    """Where the institution is paid, recorded by one and confirmed by another."""
    new = NewPaidTo(
        holder="Wohnheim Musterau", street="", house_number="", postcode="8000", town="Zürich", country="CH", iban=iban,
        qr_iban=QR_IBAN, contact_name="", contact_email="", contact_phone="",
    )  # fmt: skip
    act = canton.pair.act(payer, "rut")
    made = record_paid_to(**act, partner=home.address, side=Ledger.PAYER, new=new)
    confirm_paid_to(**canton.pair.act(payer, "ulla"), details=made.id, version=made.version)


def test_a_bill_with_a_reference_is_paid_alone_by_it_and_both_ledgers_stay_equal(canton: Canton) -> None:
    home, payer = canton.places[3], canton.side
    _number, row = _approved(canton, home, payer)
    _paid_to(canton, payer, home)
    set_policy(**payer.office.by(TEST), name="debtor_account", value={"kind": "iban", "number": TO})
    scor = creditor_reference("2026-000021-K")
    sent = [
        _billed(canton, home, row, bill=bill, quantity=n, iban=iban, reference=reference)
        for bill, n, iban, reference in (
            ("Q", 4, QR_IBAN, QRR), ("S", 2, IBAN, scor), ("N", 1, IBAN, ""), ("E", 1, OTHER_IBAN, SCOR),
        )
    ]  # fmt: skip
    canton.settle()
    for one in sent:
        _decided(canton, payer, one, text="Die Bankverbindung klären wir." if one is sent[3] else "")
    canton.settle()
    account = _account(payer, home.address)
    both = (payer, home.address, Ledger.PAYER), (home, payer.address, Ledger.CLAIMANT)
    ulla, erik = (canton.pair.act(payer, who) for who in ("ulla", "erik"))
    with acting(payer.office.slug, TEST, "look"):
        bills = {one.bill.reference: one.bill.id for one in bills_open(account) if one.bill}
        without = posted(account, "statement", "N")
        assert without is not None
    assert list(bills) == ["Q", "S", "E"]

    def elsewhere() -> int:
        return payer.tasks().count("bill elsewhere")

    def paid(amount: int, bill: str = "") -> tuple[PaymentOrder, list[str | None]]:
        """Ordered and released by two, told; with what its file says."""
        order = order_payment(**ulla, account=account, currency="CHF", amount=amount, bill=bills.get(bill))
        release_payment(**erik, order=order.id, version=1)
        write_order_file(tenant=payer.key, order=str(order.id))
        hand_over_file(tenant=payer.key, run=str(order.id))
        canton.settle()
        tree = ElementTree.parse(folders(payer.office.slug)[0] / f"{order.id.hex}.xml")
        names = ("InstdAmt", "CdtrAcct/{*}Id/{*}IBAN", "EndToEndId", "CdtrRefInf//{*}Prtry", "CdtrRefInf//{*}Cd", "Ref",
                 "Ustrd")  # fmt: skip
        return order, [tree.findtext(f".//{{*}}{name}") for name in names]

    def come_in(order: PaymentOrder, amount: str, reference: str) -> str:
        told = notice(next(numbers), amount, "CRDT", reference=order.number, own=IBAN).decode()
        said = f"<Strd><CdtrRefInf><Ref>{reference}</Ref></CdtrRefInf></Strd>"
        file = take_bank_file(home.office.slug, TEST, told.replace("<Ustrd></Ustrd>", said).encode())
        assert file is not None
        (line,) = home.rows(BankLine, file_id=file.id)
        return f"{line.outcome} {line.reason}".strip()

    def advised() -> list[str]:
        rows = sorted(home.rows(Message, kind="payment_advice", action="5"), key=lambda one: one.created_at)
        return [one.business for one in rows]

    # the balance is what is open without them; what goes where nobody has confirmed waits for a person
    numbers = count(1)
    for amount, bill, refusal in (
        (665_00, "", Conflict), (760_00, "", Conflict), (379_99, "Q", Conflict), (95_00, "E", NotPossible),
    ):  # fmt: skip
        with pytest.raises(refusal):
            order_payment(**ulla, account=account, currency="CHF", amount=amount, bill=bills.get(bill))
    assert elsewhere() == 1
    order, said = paid(380_00, "Q")
    assert said == ["380.00", QR_IBAN, order.number, "QRR", None, QRR, None]
    with pytest.raises(NotPossible, match="nothing open"):
        order_payment(**ulla, account=account, currency="CHF", amount=380_00, bill=bills["Q"])
    assert come_in(order, "379.99", QRR) == "quarantined not what is open"
    assert [come_in(order, "380.00", QRR) for _ in range(2)] == ["account", "repeated"]
    take_bank_file(payer.office.slug, TEST, notice(next(numbers), "380.00", reference=order.number))
    assert (advised(), [_figures(*one)[2] for one in both]) == (["accepted"], [380_00] * 2)
    assert _known(*both[0]) == _known(*both[1])

    # what came back is open again, by its reference as before, and ordered anew; its task is done, no other one's
    order, said = paid(190_00, "S")
    assert said == ["190.00", IBAN, order.number, None, "SCOR", scor, None]
    back = notice(next(numbers), "190.00", "CRDT", reference=order.number, code="AC04")
    take_bank_file(payer.office.slug, TEST, back)
    canton.settle()
    assert (advised()[1:], payer.tasks().count("order failed")) == (["accepted"] * 2, 1)
    rest = order_payment(**ulla, account=account, currency="CHF", amount=95_00)
    assert payer.tasks().count("order failed") == 1
    ordered = order_payment(**ulla, account=account, currency="CHF", amount=190_00, bill=bills["S"])
    assert payer.tasks().count("order failed") == 0
    with pytest.raises(NotPossible, match="payment ordered"):
        order_payment(**erik, account=account, currency="CHF", amount=190_00, bill=bills["S"])

    # what the institution comes to owe is netted against what is open without a reference, and beyond that against the
    # last bill that is paid; nothing that was ordered before pays too much
    debt = [entry(move, -100_00, regime="other", since=Q2, until=Q3) for move in (Move.CLAIMED, Move.ACCEPTED)]
    for side, partner, ledger in ((payer, home.address, Ledger.PAYER), (home, payer.address, Ledger.CLAIMANT)):
        post_entries(**canton.pair.act(side), partner=partner, side=ledger, source=source(Rests.ANSWER, "D"),
                     entries=debt)  # fmt: skip
    with pytest.raises(Conflict):
        release_payment(**erik, order=rest.id, version=1)
    for one in (rest, ordered):
        withdraw_payment(**ulla, order=one.id, version=1)
    with pytest.raises(NotPossible, match="nothing open"):
        order_payment(**ulla, account=account, currency="CHF", amount=95_00)
    order, _said = paid(190_00, "S")
    assert come_in(order, "190.00", scor) == "account"
    assert [_figures(*one)[2] for one in both] == [90_00] * 2

    # once somebody has confirmed the account, its task is done, and it is paid
    _paid_to(canton, payer, home, iban=OTHER_IBAN)
    assert elsewhere() == 0
    order, said = paid(90_00, "E")
    assert said[:2] == ["90.00", OTHER_IBAN]
    assert [come_in(order, amount, SCOR) for amount in ("89.99", "90.00")] == [
        "quarantined not what is open", "account",
    ]  # fmt: skip
    assert advised() == ["accepted"] * 5
    assert [_figures(*one)[2] for one in both] == [0] * 2
    assert _known(*both[0]) == _known(*both[1])
    canton.database.close_connections()
    report = verify(canton.database.of_role("auditor"), tenants=[payer.office.slug, home.office.slug])
    assert [(error.rule, error.table, error.text) for error in report.errors] == []
    with canton.database.connect("admin") as admin:  # behind the operations: as if it had been for another bill
        of = "UPDATE accounts_paymentorder SET bill_id = %s WHERE id = %s"
        admin.execute(of, [without.id, order.id])
        admin.commit()
        found = verify(canton.database.of_role("auditor"), tenants=[payer.office.slug]).findings
        admin.execute(of, [bills["E"], order.id])
    assert [one.row for one in found if one.text == "pays something else than its bill"] == [str(order.id)]


def test_what_crosses_an_acceptance_changes_nothing_of_it_and_nothing_is_accepted_twice(canton: Canton) -> None:
    home, payer = canton.places[2], canton.side
    _number, row = _approved(canton, home, payer)
    both = (payer, home.address, Ledger.PAYER), (home, payer.address, Ledger.CLAIMANT)
    before = _figures(*both[0])[0]

    def said(first: Message, building: Any, text: str) -> None:
        with acting(home.office.slug, home.office.staff["hanna"], "add"):
            new = building(key=uuid4(), asked=Message.objects.get(message_id=first.message_id), text=text)
        seal_message(**canton.pair.act(home), new=new)

    # a reminder and a recall leave in the moment in which the acceptance does
    reminded, recalled, corrected = (
        _billed(canton, home, row, bill=f"X-{n}", quantity=1, reference="", iban=OTHER_IBAN) for n in range(3)
    )
    canton.settle()
    for first in (reminded, recalled):
        _decided(canton, payer, first, text="Ja.")
    said(reminded, reminding, "Wir warten.")
    said(recalled, recalling, "Falsch.")
    canton.settle()

    # a recall arrives before the acceptance leaves: another bill by the same number is none, however it is decided
    said(corrected, recalling, "Eine Stunde fehlt.")
    canton.pair.later(seconds=11)
    canton.pair.leaves(home)
    again = _billed(canton, home, row, bill="X-2", quantity=2, reference="")
    canton.pair.later(seconds=5)
    _decided(canton, payer, corrected, text="Ja.")
    canton.pair.later(seconds=7)
    canton.pair.leaves(home)
    canton.pair.carry()
    canton.pair.arrives(payer)
    assert (payer.message(corrected.message_id).business, _found(payer, again)[:1]) == (
        "recalled", ["DUPLICATE_INVOICE"],
    )  # fmt: skip
    with pytest.raises(NotPossible, match="billed twice"):
        _decided(canton, payer, again, text="Ja.")
    with pytest.raises(Conflict):
        _decided(canton, payer, corrected, text="Ja.")
    canton.settle()
    assert _found(home, again)[:1] == ["DUPLICATE_INVOICE"]
    for first in (reminded, recalled, corrected):
        assert [side.message(first.message_id).business for side in (home, payer)] == ["accepted"] * 2
    assert [_figures(*one)[0] - before for one in both] == [3 * 95_00] * 2
    assert compared(cast(Canton, canton), payer, home, Ledger.PAYER).business == "accepted"

    # what is taken back before it leaves, or is refused on its way, stands nowhere: its number is free
    gone = _billed(canton, home, row, bill="X-3", quantity=9, reference="")
    with acting(home.office.slug, TEST, "look"):
        gone = Message.objects.get(id=gone.id)
    take_back(**canton.pair.act(home), message=gone.id, version=gone.version)
    assert _found(home, _billed(canton, home, row, bill="X-3", quantity=1, reference="")) == []
    canton.settle()
    canton.database.close_connections()
    report = verify(canton.database.of_role("auditor"), tenants=[payer.office.slug, home.office.slug])
    assert [(error.rule, error.table, error.text) for error in report.errors] == []


def test_a_bill_that_no_institution_may_send_or_nobody_can_pay_is_none(canton: Canton) -> None:
    home, payer = canton.places[2], canton.side
    number, row = _approved(canton, home, payer)
    for wrong, code in (
        ({"reference": QRR}, "reference"), ({"iban": QR_IBAN}, "reference"),
        ({"iban": "CH9300762011623852958"}, "swiss iban"),
        ({"iban": "SE4550000000058398257466", "reference": ""}, "swiss iban"),
        ({"reference": "RF18539007547035"}, "reference"), ({"answer_by": canton.today}, "answer by"),
    ):  # fmt: skip
        with pytest.raises(NotPossible, match=code):
            _billed(canton, home, row, **wrong)
    # what nobody can pay, and what a municipality bills, is refused where it arrives
    good = _billed(canton, home, row, iban=QR_IBAN, reference=QRR)
    canton.settle()
    assert payer.message(good.message_id).transport == "delivered"
    body = msgspec.json.decode(good.content)["asked"]
    place = canton.places[0]
    for sender, asked in ((home, {"bill": "R-2", "reference": SCOR}), (place, {"bill": "R-3"})):
        with acting(sender.office.slug, sender.office.staff["hanna"], "bill"):
            key = person_by_identifier("zemis", number)
            assert key is not None
            opening = Opening(
                key=uuid4(), recipient=payer.address, person=key.id, about=key.id, number="", text="", assessed="",
                unit=sender.office.units["Försörjningsstöd"], answer_by=canton.today + timedelta(days=14), test=False,
                now=canton.pair.now,
            )  # fmt: skip
            told = {name: said for name, said in (body | asked).items() if name not in ("person", "answer_by")}
            new = replace(beginning("provider_bill", opening, told), our_case=None)
        sent = seal_message(**canton.pair.act(sender, "hanna"), new=new)
        canton.settle()
        there = sender.message(sent.message_id)
        assert (there.transport, there.code) == ("rejected", Code.CONTENT)
    canton.database.close_connections()
    report = verify(canton.database.of_role("auditor"), tenants=[payer.office.slug, home.office.slug])
    assert [(error.rule, error.table, error.text) for error in report.errors] == []


def test_a_bill_by_sedex_under_no_approval_is_paid_by_nobody(canton: Canton, tmp_path: Path) -> None:
    connect, one = canton.database.connect, somebody()
    kinds = ("canton_office", "provider")
    payer, home = (Side(open_office(connect, f"{kind[:6]}x", "CH", kind=kind)) for kind in kinds)
    canton.database.close_connections()
    nobody: Any = None
    with post(tmp_path) as made:
        pair = registered(BySedex(canton.database, home, payer, nobody, canton.pair.now), made)
        here = cast(Canton, SimpleNamespace(pair=pair))
        _registered(here, home, one)
        with acting(home.office.slug, home.office.staff["hanna"], "bill"):
            known = person_by_identifier("zemis", one.person.identifier)
            assert known is not None
            opening = Opening(
                key=uuid4(), recipient=payer.address, person=known.id, about=known.id, number="", text="", assessed="",
                unit=home.office.units["Försörjningsstöd"], answer_by=pair.today + timedelta(days=14), test=False,
                now=pair.now,
            )  # fmt: skip
            told = {
                "approval": "2026-000019-H", "bill": "R-1", "since": "2026-08-01", "last_on": "2026-08-31",
                "unit_price": 95_00, "quantity": 8, "amount": 760_00, "iban": QR_IBAN, "reference": QRR,
            }  # fmt: skip
            new = replace(beginning("provider_bill", opening, told), our_case=None)
        sent = seal_message(**pair.act(home), new=new)
        pair.settle()
        assert _found(payer, sent) == ["APPROVAL_MISSING", "OTHER_BANK_DETAILS"]
        with pytest.raises(NotPossible, match="approval missing"):
            _decided(here, payer, sent, text="Trotzdem.")
        _decided(here, payer, sent, reason="APPROVAL_MISSING", text="Diese Nummer kennen wir nicht.")
        pair.settle()
        copies = [side.message(sent.message_id) for side in (home, payer)]
        assert [(one.business, one.digest) for one in copies] == [("rejected", sent.digest)] * 2
