"""What a decision grants reaches the right payees: landlord, energy company, person; advances; one payment stopped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from handslag.domain.decisions.operations import decide, propose
from handslag.domain.payments.models import Advance, Booking, DirectPayment, Payee, Payment, Run, SetOff, Settlement
from handslag.domain.payments.operations.account import reverse_booking
from handslag.domain.payments.operations.advances import confirm_advance, grant_advance, refuse_advance
from handslag.domain.payments.operations.payees import (
    NewPayee,
    confirm_payee,
    end_direct_payment,
    end_payee,
    order_direct_payment,
    record_payee,
)
from handslag.domain.payments.operations.planning import (
    hold_payment,
    redirect_payment,
    resume_payment,
    unblock_payment,
)
from handslag.domain.payments.operations.runs import cancel_run, release_run, reserve_run
from handslag.domain.payments.policies import cut_off, first_pay_day
from handslag.domain.payments.queries import advances_awaited, advances_of, advances_waiting, claimable_in
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.tasks.models import Notice, Task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import NotAllowed
from handslag.domain.tenancy.policies import Conflict
from handslag.kernel.days import banking_day_from
from handslag.kernel.months import Month
from tests.domain.test_delegations import _delegated
from tests.office import TEST, Folder, Office, landlord, refused
from verifier.database import connected, reading
from verifier.invariants import check_account
from verifier.report import Report

WHY = "Inkomsten räcker nästan för hela månaden."


def _payments(folder: Folder) -> list[Payment]:
    with acting(folder.office.slug, TEST, "look"):
        return list(Payment.objects.filter(case=folder.case).order_by("id"))


def _noticed(folder: Folder) -> list[Any]:
    """Who was told that there is something new about an advance."""
    found = Notice.objects.filter(subject_id=folder.case.id, kind="advance").order_by("id")
    return list(found.values_list("person_id", flat=True))


def _order(folder: Folder, payee: Any, amount: int, code: str = "RENT", **more: Any) -> Any:
    told = {"reference": "", "message": "", "ground": "önskemål 2026-11-02", "until": None, **more}
    month = told.pop("since", folder.office.month)
    return order_direct_payment(
        **folder.office.act("hanna"), case=folder.case.id, payee=payee.id, cost_code=code, amount=amount, since=month,
        **told,
    )  # fmt: skip


def _sums(folder: Folder) -> Iterator[tuple[int, int]]:
    """Of each booking: its amount, and what live payments settle of it and set-offs take."""
    with acting(folder.office.slug, TEST, "look"):
        for booking in Booking.objects.filter(case=folder.case, kind="expense"):
            parts = Settlement.objects.filter(booking=booking).exclude(payment__state="stopped")
            taken = SetOff.objects.filter(booking=booking)
            yield booking.amount, sum(p.amount for p in parts) + sum(s.amount for s in taken)


def test_rent_goes_to_the_landlord_month_after_month_and_the_rest_to_the_person(office: Office) -> None:
    folder = office.case()
    rent = landlord(office)
    energy = landlord(office, name="Elbolaget AB", kind="energy", way="plusgiro", number="12345674")
    order = _order(folder, rent, 620_000, reference="12345674")
    _order(folder, energy, 20_000, "ELECTRICITY", message="Kund 4711", until=office.month + 1)
    folder.applied()
    folder.decided()
    paid = [(p.payee_name, p.account_kind, p.amount, p.giro_reference, p.message, p.state) for p in _payments(folder)]
    assert paid == [
        ("Hyresbostäder AB", "bankgiro", 620_000, "12345674", None, "planned"),
        ("Elbolaget AB", "plusgiro", 20_000, None, "Kund 4711", "planned"),
        ("Petra Nilsson", "bban", 15_000, None, None, "planned"),
    ]
    assert list(_sums(folder)) == [(655_000, 655_000)]
    end_direct_payment(**office.act("hanna"), order=order.id, version=1, until=office.month + 2)
    folder.applied(month=office.month + 1)
    folder.decided(month=office.month + 1)
    assert [(p.payee_name, p.amount) for p in _payments(folder)[3:]] == [
        ("Hyresbostäder AB", 620_000), ("Petra Nilsson", 35_000),
    ]  # fmt: skip


def test_the_same_is_ordered_twice_for_one_month_only_if_both_are_meant(office: Office) -> None:
    folder, other, month = office.case(), office.case(("Eva", "Ek", "19700101")), office.month
    rent = landlord(office)
    first = _order(folder, rent, 300_000, since=month, until=month + 2)
    for since, until in ((month, None), (month - 1, month + 1), (month + 1, month + 2)):
        refused("ordered already", _order, folder=folder, payee=rent, amount=300_000, since=since, until=until)
    with acting(office.slug, TEST, "look"):
        assert DirectPayment.objects.filter(case=folder.case).count() == 1
    _order(folder, rent, 300_000, since=month - 2, until=month)  # before it, after it, for something else, for another
    _order(folder, rent, 10_000, "ELECTRICITY")
    _order(folder, landlord(office, name="Nya Hyresbostäder AB"), 10_000, until=month + 2)
    _order(other, rent, 300_000)
    later = _order(folder, rent, 300_000, since=month + 2)
    _order(folder, rent, 20_000, message="Garage", besides=True)
    end_direct_payment(**office.act("hanna"), order=later.id, version=1, until=month + 2)  # it holds for no month
    refused("ordered already", _order, folder=folder, payee=rent, amount=300_000, since=month + 2)  # the garage
    end_direct_payment(**office.act("hanna"), order=first.id, version=1, until=month)
    folder.applied()
    folder.decided()
    assert sorted(p.amount for p in _payments(folder)) == [10_000, 10_000, 20_000, 615_000]


def test_nothing_more_goes_to_a_payee_who_has_ended_even_out_of_a_released_run(office: Office, database: Any) -> None:
    first, second, late, sent = (office.case((name, "Person", "19930303")) for name in ("Ada", "Bea", "Cia", "Dea"))
    rent, other = landlord(office), landlord(office, name="Kvar AB")
    for each, payee in ((first, rent), (second, rent), (late, rent), (sent, other)):
        _order(each, payee, 500_000)
        each.applied()
    sent.decided()
    office.sent()
    for each in (first, second):
        each.decided()
    released = reserve_run(**office.act("ulla"), execution_on=office.pay_day(), payment=_payments(first)[0].id)
    release_run(**office.act("erik"), run=released.id, version=released.version)
    reserved = reserve_run(**office.act("ulla"), execution_on=office.pay_day())
    late.decided()
    for payee in (rent, other):
        with acting(office.slug, TEST, "look"):
            version = Payee.objects.get(id=payee.id).version
        end_payee(**office.act("rut"), payee=payee.id, version=version)
    for each in (first, second, late):
        stopped = _payments(each)[0]
        assert (stopped.state, stopped.blocked_reason) == ("blocked", "payee ended")
    assert _payments(sent)[0].state == "sent"
    with acting(office.slug, TEST, "look"):
        runs = {run.id: (run.state, run.payments, run.total) for run in Run.objects.all()}
        assert (runs[released.id][0], runs[reserved.id]) == ("cancelled", ("reserved", 2, 310_000))
        asked = Task.objects.filter(kind="payment blocked", state="open").values_list("subject_id", flat=True)
        assert sorted(asked) == sorted(each.case.id for each in (first, second, late))
    _redirected_to_her(first)
    assert _found(database, office) == []
    # planned at the moment in which it was ended: the verifier tells, and no run takes it
    with psycopg.connect(database.admin, autocommit=True) as admin:
        missed = _payments(late)[0]
        admin.execute("UPDATE payments_payment SET state = 'planned', blocked_reason = '' WHERE id = %s", [missed.id])
    assert _found(database, office) == [f"payments_payment {missed.id}: goes to a payee who has ended"]
    assert office.run().total == 500_000 + 155_000
    assert [p.state for p in _payments(late)] == ["blocked", "reserved"]


def _redirected_to_her(folder: Folder) -> None:
    payment = _payments(folder)[0]
    told = {"version": payment.version, "order": None, "reason": "Hyresvärden finns inte mer."}
    redirect_payment(**folder.office.act("hanna"), payment=payment.id, **told)


def _redirected(folder: Folder, payment: Payment, order: Any = None) -> None:
    """A caseworker stops a payment and lets it go by another order, or to the applicant."""
    held = hold_payment(
        **folder.office.act("hanna"), payment=payment.id, version=payment.version, reason="Betald redan"
    )
    redirect_payment(
        **folder.office.act("hanna"), payment=payment.id, version=held.version, order=order, reason="Hon har betalat"
    )


def test_rent_that_was_let_go_to_somebody_else_is_not_paid_a_second_time(office: Office, database: Any) -> None:
    folder, other = office.case(), office.case(("Eva", "Ek", "19700101"))
    rent = landlord(office)
    for each in (folder, other):
        order = _order(each, rent, 500_000)
        each.applied()
        each.decided()
    _redirected(folder, _payments(folder)[0])
    # by another landlord's order, then to her after all
    second = _order(other, landlord(office, name="Nya Hyresbostäder AB"), 500_000)
    _redirected(other, _payments(other)[0], second.id)
    _redirected(other, _payments(other)[0])
    assert _payments(other)[0].redirected_from == [str(order.id), str(second.id)]
    # less, while it still lies here: planned anew, to her
    folder.changed(600_000, "37.3")
    live = [(p.payee_name, p.amount) for p in _payments(folder) if p.state == "planned"]
    assert live == [("Petra Nilsson", 600_000)]
    office.sent()
    # more, once it has left: the difference, to her, and no question about the landlord
    for each, granted, name in ((folder, 1_215_000, "Petra Nilsson"), (other, 700_000, "Eva Ek")):
        each.changed(granted, "37")
        assert [p.payee_name for p in _payments(each) if p.state == "planned"] == [name]
        assert sum(p.amount for p in _payments(each) if p.state != "stopped") == granted
        with acting(office.slug, TEST, "look"):
            assert not Task.objects.filter(subject_id=each.case.id, kind="direct payment not covered").exists()
    assert _found(database, office) == []
    # as it was before: the landlord has it beside her
    with psycopg.connect(database.admin, autocommit=True) as admin:
        last = _payments(folder)[-1]
        admin.execute("UPDATE payments_payment SET direct_id = %s WHERE id = %s", [_order_of(folder), last.id])
    assert _found(database, office) == [f"payments_payment {last.id}: pays what was let go to somebody else"]


def test_money_that_went_by_a_wrong_order_for_a_while_takes_nothing_from_that_order(
    office: Office, database: Any
) -> None:
    folder = office.case()
    home, power = landlord(office), landlord(office, name="Elnät AB")
    rent, electricity = _order(folder, home, 400_000), _order(folder, power, 60_000)
    folder.applied()
    folder.decided()
    _redirected(folder, _payments(folder)[1], rent.id)  # by mistake
    _redirected(folder, _payments(folder)[1])
    assert _payments(folder)[1].redirected_from == [str(electricity.id), str(rent.id)]
    assert _found(database, office) == []
    folder.changed(600_000, "37.3")
    live = [(p.payee_name, p.amount) for p in _payments(folder) if p.state == "planned"]
    assert live == [("Hyresbostäder AB", 400_000), ("Petra Nilsson", 200_000)]
    assert _found(database, office) == []
    with psycopg.connect(database.admin, autocommit=True) as admin:
        last = _payments(folder)[-1]
        admin.execute("UPDATE payments_payment SET direct_id = %s WHERE id = %s", [electricity.id, last.id])
    assert _found(database, office) == [f"payments_payment {last.id}: pays what was let go to somebody else"]


def _order_of(folder: Folder) -> Any:
    with acting(folder.office.slug, TEST, "look"):
        return DirectPayment.objects.get(case=folder.case).id


def _found(database: Any, office: Office) -> list[str]:
    """What the verifier finds in the accounts."""
    with acting(office.slug, TEST, "look") as door:
        tenant, report = door.the_tenant.id, Report()
    with connected(database.of_role("auditor")) as connection, reading(connection, tenant):
        check_account(connection, report)
    return [f"{one.table} {one.row}: {one.text}" for one in report.findings]


def test_what_does_not_cover_a_direct_payment_goes_to_the_person_and_a_caseworker_is_asked(office: Office) -> None:
    folder = office.case()
    _order(folder, landlord(office), 700_000)
    folder.applied()
    folder.decided()
    assert [(p.payee_name, p.amount) for p in _payments(folder)] == [("Petra Nilsson", 655_000)]
    with acting(office.slug, TEST, "look"):
        assert Task.objects.filter(subject_id=folder.case.id, kind="direct payment not covered").count() == 1


def test_a_payee_needs_two_people_and_is_never_changed(office: Office) -> None:
    folder = office.case()
    new = NewPayee(
        name="Hyresvärd", kind="landlord", organisation_number="", way="bban", clearing="9020", number="1234566"
    )
    payee = record_payee(**office.act("hanna"), new=new)
    refused("second pair of eyes", confirm_payee, **office.act("hanna"), payee=payee.id, version=1)
    for wrong in ({"number": "1234567"}, {"way": "slip", "number": ""}):
        refused("account number", record_payee, **office.act("rut"), new=NewPayee(**{**_told(new), **wrong}))
    with pytest.raises(NotAllowed):
        record_payee(**office.by(folder.citizens[0]), new=new)
    _order(folder, payee, 620_000)
    refused("reference", _order, folder=folder, payee=payee, amount=1, reference="12345674")  # OCR to an account
    folder.applied()
    folder.decided()
    blocked, _rest = _payments(folder)
    assert (blocked.state, blocked.blocked_reason) == ("blocked", "payee proposed")
    refused("payee", unblock_payment, **office.act("ulla"), payment=blocked.id, version=1)
    confirm_payee(**office.act("rut"), payee=payee.id, version=1)
    assert unblock_payment(**office.act("ulla"), payment=blocked.id, version=1).state == "planned"
    end_payee(**office.act("rut"), payee=payee.id, version=2)
    refused("payee", unblock_payment, **office.act("hanna"), payment=blocked.id, version=3)


def _told(new: NewPayee) -> dict[str, str]:
    return {name: getattr(new, name) for name in NewPayee.__dataclass_fields__}


def test_an_advance_is_paid_at_once_and_set_off_against_the_months_decision(office: Office) -> None:
    folder = office.case(("Petra", "Nilsson", "19900615"), email="petra@example.se")
    told = {"case": folder.case.id, "month": office.month, "amount": 150_000, "reasons": "Ingen mat i huset i dag."}
    refused("delegation", grant_advance, **office.act("hanna"), **told)
    refused("reasons", grant_advance, **office.act("bo"), **{**told, "reasons": "Mat"})
    advance = grant_advance(**office.act("bo"), **told)
    with acting(office.slug, TEST, "look"):
        assert advance.pay_on == first_pay_day(office.now)
        assert _noticed(folder) == [folder.case.applicant_id]
    run = reserve_run(**office.act("ulla"), execution_on=advance.pay_on, payment=advance.id)
    assert (run.payments, run.total) == (1, 150_000)
    folder.applied()
    folder.decided()
    rest = _payments(folder)[-1]
    assert (rest.amount, rest.state) == (505_000, "planned")
    assert list(_sums(folder)) == [(150_000, 150_000), (655_000, 655_000)]
    with acting(office.slug, TEST, "look"):
        rows = Booking.objects.filter(case=folder.case).order_by("booked_at", "id")
        assert [(b.kind, b.account_code, b.amount) for b in rows] == [
            ("expense", "forskott", 150_000), ("expense", "forsorjningsstod", 655_000), ("income", "forskott", 150_000),
        ]  # fmt: skip
        given, decided, taken = rows
        assert [open_ for _row, open_ in advances_of(folder.case.id)] == [0]
    refused("decided", grant_advance, **office.act("bo"), **told)
    refused("set off", reverse_booking, **office.act("hanna"), booking=taken.id, reason="nej")
    refused("set off", reverse_booking, **office.act("hanna"), booking=given.id, reason="nej")
    refused("decision", reverse_booking, **office.act("hanna"), booking=decided.id, reason="fel månad")
    folder.changed(100_000, "36")
    with acting(office.slug, TEST, "look"):
        assert [open_ for _row, open_ in advances_of(folder.case.id)] == [50_000]


def test_what_of_an_advance_the_decision_does_not_cover_is_a_question_and_can_be_claimed(
    office: Office, database: Any
) -> None:
    little, refused_, less = (office.case((name, "Person", "19930303")) for name in ("Ada", "Bea", "Cia"))
    for folder in (little, refused_, less):
        told = {"month": office.month, "amount": 200_000, "reasons": "Ingen mat i huset i dag."}
        grant_advance(**office.act("bo"), case=folder.case.id, **told)
        folder.applied()
    office.sent()
    for folder, granted in ((little, 50_000), (refused_, 0)):
        told = {"reasons": WHY, "language": "sv", "unheard": WHY}
        proposal = propose(**office.act("hanna"), sheet=folder.amounting(granted).id, **told)
        decide(**office.act("bo"), decision=proposal.id, version=proposal.version)
    less.decided()
    assert (_claimable(less), _asked(less)) == (0, 0)
    office.sent()
    less.changed(100_000, "37.3")
    assert [_claimable(each) for each in (little, refused_, less)] == [150_000, 200_000, 555_000]
    assert [_asked(each) for each in (little, refused_, less)] == [1, 1, 1]
    assert _found(database, office) == []
    with psycopg.connect(database.admin, autocommit=True) as admin:
        admin.execute("DELETE FROM tasks_task WHERE kind = 'paid beyond decision'")
    assert len(_found(database, office)) == 3
    # it is granted after all: nothing is beyond it any more, and only the difference is paid
    little.changed(300_000, "37")
    assert _claimable(little) == 0
    assert [p.amount for p in _payments(little) if p.state == "planned"] == [100_000]


def _claimable(folder: Folder) -> int:
    with acting(folder.office.slug, TEST, "look"):
        return sum(claimable_in(folder.case.id).values())


def _asked(folder: Folder) -> int:
    with acting(folder.office.slug, TEST, "look"):
        return Task.objects.filter(subject_id=folder.case.id, kind="paid beyond decision", state="open").count()


def test_a_large_advance_leaves_once_a_second_person_has_confirmed_it(office: Office) -> None:
    office.admit("vera", "Vera Vaksam", "decider", "caseworker")
    folder = office.case(("Amina", "Ek", "19850101"), ("Bela", "Ek", "19860101"), email="nyheter@example.se")
    told = {"case": folder.case.id, "month": office.month, "reasons": "Ingen mat i huset i dag.", "key": uuid4()}
    for month in (office.month - 3, office.month + 2, Month(1999, 1)):
        refused("month", grant_advance, **office.act("bo"), **{**told, "month": month, "amount": 100})
    payment = grant_advance(**office.act("bo"), **told, amount=500_001)
    refused("sent already", grant_advance, **office.act("bo"), **told, amount=500_001)  # the same form once more
    assert (payment.state, payment.blocked_reason) == ("blocked", "second person")
    refused("second person", unblock_payment, **office.act("ulla"), payment=payment.id, version=1)
    refused("nothing due", reserve_run, **office.act("ulla"), execution_on=payment.pay_on)
    with acting(office.slug, TEST, "look"):
        (advance,) = advances_awaited(folder.case.id)
        waits = Task.objects.filter(kind="advance unconfirmed", state="open")
        assert waits.filter(subject_id=folder.case.id).count() == 1
        assert _noticed(folder) == []  # nothing is granted yet
    refused("own", confirm_advance, **office.act("bo"), advance=advance)
    refused("delegation", confirm_advance, **office.act("hanna"), advance=advance)
    assert confirm_advance(**office.act("vera"), advance=advance).state == "planned"
    with pytest.raises(Conflict):
        confirm_advance(**office.act("vera"), advance=advance)
    with acting(office.slug, TEST, "look"):
        assert (advances_awaited(folder.case.id), waits.count()) == (set(), 0)
        assert set(_noticed(folder)) == {folder.case.applicant_id, folder.case.co_applicant_id}
        assert len(_noticed(folder)) == 2
    assert reserve_run(**office.act("ulla"), execution_on=payment.pay_on).total == 500_001


def test_an_advance_that_nobody_has_confirmed_is_not_set_off_and_can_be_refused(office: Office) -> None:
    office.admit("vera", "Vera Vaksam", "decider", "caseworker")
    folder = office.case()
    told = {"case": folder.case.id, "month": office.month, "reasons": "Ingen mat i huset i dag."}
    small = grant_advance(**office.act("bo"), **told, amount=50_000)
    large = grant_advance(**office.act("bo"), **told, amount=600_000)
    folder.applied()
    folder.decided()
    rest = _payments(folder)[-1]
    assert (small.state, rest.state, rest.amount) == ("planned", "planned", 605_000)  # only the small one is set off
    with acting(office.slug, TEST, "look"):
        (advance,) = (one.id for one in advances_waiting(folder.period().id))
        assert advances_awaited(folder.case.id) == {advance}
    # beside what the decision pays it would be paid twice
    refused("decided meanwhile", confirm_advance, **office.act("vera"), advance=advance)
    again = {"advance": advance, "reason": "Månaden är redan beslutad."}
    refused("why refused", refuse_advance, **office.act("vera"), advance=advance, reason=" ")
    refused("long reason", refuse_advance, **office.act("vera"), advance=advance, reason="x" * 121)
    refused("own", refuse_advance, **office.act("bo"), **again)
    refused("delegation", refuse_advance, **office.act("hanna"), **again)
    assert refuse_advance(**office.act("vera"), **again).state == "stopped"
    with pytest.raises(Conflict):
        refuse_advance(**office.act("vera"), **again)
    with pytest.raises(Conflict):
        confirm_advance(**office.act("vera"), advance=advance)
    with acting(office.slug, TEST, "look"):
        assert [open_ for _row, open_ in advances_of(folder.case.id)] == [0]
        open_tasks = Task.objects.filter(subject_id=folder.case.id, state="open").order_by("kind")
        assert [task.kind for task in open_tasks if "advance" in task.kind] == ["advance refused"]
        counter = Booking.objects.get(reverses_id=Advance.objects.get(id=advance).booking_id)
        assert (counter.amount, counter.source) == (-600_000, "Månaden är redan beslutad.")
    folder.changed(700_000, "37")
    assert sum(p.amount for p in _payments(folder) if p.state == "planned") == 700_000
    assert large.id not in {p.id for p in _payments(folder) if p.state == "planned"}


def test_no_advance_leaves_for_a_month_that_is_refused_or_replaced_by_nothing(office: Office) -> None:
    office.admit("vera", "Vera Vaksam", "decider", "caseworker")
    folder, replaced = office.case(), office.case(("Eva", "Ek", "19700101"))
    told = {"case": folder.case.id, "month": office.month, "reasons": "Ingen mat i huset i dag."}
    large = grant_advance(**office.act("bo"), **told, amount=800_000)
    folder.applied()
    sheet, reasons = folder.amounting(0), "Inkomsten räcker för hela månaden."
    proposal = propose(**office.act("hanna"), sheet=sheet.id, reasons=reasons, language="sv", unheard=reasons)
    assert decide(**office.act("bo"), decision=proposal.id, version=proposal.version).outcome == "avslag"
    with acting(office.slug, TEST, "look"):
        (advance,) = advances_awaited(folder.case.id)
    refused("decided meanwhile", confirm_advance, **office.act("vera"), advance=advance)
    refused("decided", grant_advance, **office.act("vera"), **told, amount=100_000)
    assert [(p.id, p.state) for p in _payments(folder)] == [(large.id, "blocked")]
    assert refuse_advance(**office.act("vera"), advance=advance, reason="Månaden är avslagen.").state == "stopped"
    replaced.applied()
    replaced.decided()
    assert replaced.changed(0, "36").amount == 0
    refused("decided", grant_advance, **office.act("vera"), **{**told, "case": replaced.case.id}, amount=100_000)


def test_advances_on_a_month_count_together_for_the_second_person_and_the_delegation(office: Office) -> None:
    office.admit("vera", "Vera Vaksam", "decider", "caseworker")
    folder, other = office.case(), office.case(("Eva", "Ek", "19700101"))
    told = {"case": folder.case.id, "month": office.month, "reasons": "Ingen mat i huset i dag."}
    first = grant_advance(**office.act("bo"), **told, amount=300_000)
    assert first.state == "planned"
    split = [grant_advance(**office.act("bo"), **told, amount=amount) for amount in (200_001, 1)]
    assert {(one.state, one.blocked_reason) for one in split} == {("blocked", "second person")}
    for elsewhere in ({**told, "month": office.month + 1}, {**told, "case": other.case.id}):
        assert grant_advance(**office.act("bo"), **elsewhere, amount=500_000).state == "planned"
    _delegated(office, "advance", clause="punkt 4.1", role="decider", most=500_001)
    with acting(office.slug, TEST, "look"):
        dear, cheap = (one.id for one in advances_waiting(folder.period().id))
    assert confirm_advance(**office.act("vera"), advance=dear).state == "planned"  # with what has left: 500 001
    refused("delegation", confirm_advance, **office.act("vera"), advance=cheap)  # 500 002
    refused("delegation", grant_advance, **office.act("bo"), **told, amount=1)
    assert refuse_advance(**office.act("vera"), advance=cheap, reason="Räcker redan.").state == "stopped"
    refused("delegation", grant_advance, **office.act("bo"), **told, amount=1)  # 500 002 again, without the refused one
    _delegated(office, "advance", clause="punkt 4.2", role="decider", most=500_002)
    assert grant_advance(**office.act("bo"), **told, amount=1).state == "blocked"
    refused("delegation", grant_advance, **office.act("bo"), **told, amount=1)


def test_one_payment_is_stopped_even_in_a_reserved_run_and_let_go_again(office: Office) -> None:
    folders = [office.case(("Person", f"Nummer{n}", f"199{n}0303")) for n in range(2)]
    for folder in folders:
        folder.applied()
        folder.decided()
    (first,), (second,) = (_payments(folder) for folder in folders)
    run = reserve_run(**office.act("ulla"), execution_on=office.pay_day())
    refused("reason", hold_payment, **office.act("ulla"), payment=first.id, version=2, reason=" ")
    held = hold_payment(**office.act("hanna"), payment=first.id, version=2, reason="kontot är kapat")
    with pytest.raises(Conflict):
        release_run(**office.act("erik"), run=run.id, version=run.version)  # not what Erik saw
    with acting(office.slug, TEST, "look"):
        seen = Run.objects.get(id=run.id)
    assert (held.state, held.run_id, seen.payments, seen.total) == ("held", None, 1, 655_000)
    cancel_run(**office.act("erik"), run=run.id, version=seen.version)
    assert resume_payment(**office.act("ulla"), payment=first.id, version=held.version).state == "planned"
    again = office.sent()
    assert (again.payments, again.total) == (2, 2 * 655_000)
    refused("paid", hold_payment, **office.act("ulla"), payment=second.id, version=5, reason="för sent")


def test_the_calendar_knows_eves_cut_off_and_lead_days(office: Office) -> None:
    cases = [  # Stockholm time is UTC+1 in winter, UTC+2 in summer; cut-off 15:00, one day's lead
        (datetime(2026, 11, 25, 13, 59, tzinfo=UTC), date(2026, 11, 26)),
        (datetime(2026, 11, 25, 14, 0, tzinfo=UTC), date(2026, 11, 27)),
        (datetime(2026, 6, 18, 12, 59, tzinfo=UTC), date(2026, 6, 22)),  # Thursday before Midsummer Eve
        (datetime(2026, 12, 23, 14, 30, tzinfo=UTC), date(2026, 12, 29)),  # after cut-off, before Christmas Eve
        (datetime(2026, 12, 30, 9, 0, tzinfo=UTC), date(2027, 1, 4)),  # New Year's Eve is no banking day
    ]
    with acting(office.slug, TEST, "look"):
        assert [first_pay_day(moment) for moment, _ in cases] == [day for _, day in cases]
        for moment, day in cases:
            assert cut_off(day) > moment
        assert cut_off(date(2026, 6, 22)) == datetime(2026, 6, 18, 13, 0, tzinfo=UTC)
    refused("no banking day", reserve_run, **office.act("ulla"), execution_on=date(2026, 12, 24))
    refused("past day", reserve_run, **office.act("ulla"), execution_on=date(2020, 1, 1))
    mistyped = banking_day_from(office.today + timedelta(days=364), "SE")
    refused("far pay day", reserve_run, **office.act("ulla"), execution_on=mistyped)


def test_without_an_account_a_payment_slip_goes_to_the_address_but_never_to_a_protected_one(office: Office) -> None:
    set_policy(**office.by(TEST), name="payment_slips", value=True)
    set_policy(**office.by(TEST), name="bank_profile", value={"slips": True})
    folder = office.case(("Utan", "Konto", "19930303"), account=None)
    hidden = office.case(("Skyddad", "Person", "19940404"), account=None, protection_level=1)
    folder.applied()
    folder.decided()
    (slip,) = _payments(folder)
    assert (slip.account_kind, slip.state, slip.account_number) == ("slip", "planned", "")
    assert slip.post_to == {"lines": ["Provgatan 1"], "postcode": "990 01", "city": "Provstad", "country": "SE"}
    told = {"case": hidden.case.id, "month": office.month, "amount": 100, "reasons": "Ingen mat hemma."}
    advance = grant_advance(**office.act("bo"), **told)
    assert (advance.state, advance.blocked_reason, advance.post_to) == ("blocked", "no address", None)
