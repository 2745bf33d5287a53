"""A decided month is decided anew: what replaces what, by whom and why; and not an öre is paid twice or lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db.models import Q, QuerySet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handslag.domain.casefile.models import Period
from handslag.domain.decisions.models import DecisionLine, Letter
from handslag.domain.decisions.operations import decide, propose, withdraw_proposal
from handslag.domain.decisions.queries import in_force
from handslag.domain.documents.models import Text
from handslag.domain.documents.operations import StoredFile
from handslag.domain.entitlement.models import PersonMonth
from handslag.domain.payments.models import Booking, Payment, Return, Run, SetOff, Settlement
from handslag.domain.payments.operations.account import open_set_offs, reverse_booking, standing_settlements
from handslag.domain.payments.operations.advances import grant_advance
from handslag.domain.payments.operations.bank import Told, receive_bank_file
from handslag.domain.payments.operations.payees import order_direct_payment
from handslag.domain.payments.operations.planning import (
    hold_payment,
    redirect_payment,
    resume_payment,
    unblock_payment,
)
from handslag.domain.payments.operations.recoveries import book_ceded, book_repayment, decide_recovery, propose_recovery
from handslag.domain.payments.operations.runs import cancel_run, record_run_file, release_run, reserve_run
from handslag.domain.payments.queries import (
    OTHER_HELP,
    account_of,
    beyond_in,
    beyond_of,
    came_back,
    claimable_in,
    decisions_behind,
    uncovered_of,
)
from handslag.domain.payments.states import LineKind
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import acting
from handslag.kernel.ids import uuid7
from handslag.kernel.months import Month
from handslag.rules.se.recovery import section_on
from tests.office import C1_MOST, TEST, Folder, Office, landlord, refused
from verifier.chain import check_chains
from verifier.database import connected, reading
from verifier.invariants import check_account, check_decisions, check_looked_at
from verifier.report import Report

WHY = "Inkomsten var inlagd två gånger."


def _payments(folder: Folder) -> list[Payment]:
    with acting(folder.office.slug, TEST, "look"):
        return list(Payment.objects.filter(case=folder.case).select_related("run").order_by("id"))


def _bookings(folder: Folder) -> list[tuple[str, int]]:
    with acting(folder.office.slug, TEST, "look"):
        rows = Booking.objects.filter(case=folder.case).order_by("booked_at", "id")
        return [(row.account_code, row.amount) for row in rows]


def _told(office: Office, payment: Payment, kind: LineKind) -> None:
    """The bank says so of a payment."""
    line = Told(kind=kind, reference=payment.reference, amount=payment.amount, currency="SEK", code="AC04")
    file = StoredFile(uuid7(), uuid7().hex * 2, 10, "application/xml")
    receive_bank_file(**office.by(TEST), kind="camt.054", message_id=uuid7().hex, problem="", lines=[line], file=file)


def _tasks(folder: Folder, kind: str) -> int:
    with acting(folder.office.slug, TEST, "look"):
        return Task.objects.filter(subject_id=folder.case.id, kind=kind).count()


def _as_web(web: Any, tenant: int, statement: str, *values: Any) -> None:
    with web.transaction():
        web.execute("SELECT set_config('app.tenant', %s, true)", [str(tenant)])
        web.execute(statement, values)


@contextmanager
def _verified(database: Any, office: Office) -> Iterator[Report]:
    with connected(database.of_role("auditor")) as connection, acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
        report = Report()
        with reading(connection, tenant):
            check_account(connection, report)
            check_looked_at(connection, report, check_chains(connection, Report()))
        yield report


def test_more_pays_the_difference_and_tells_what_replaces_what_and_why(office: Office) -> None:
    folder = office.case()
    folder.applied()
    first = folder.decided()
    office.sent()
    second = folder.changed(700_000, "37")
    assert (second.replaces_id, second.ground, second.amount) == (first.id, "37", 700_000)
    assert second.legal_basis.endswith("; 37 § förvaltningslagen (2017:900)")
    assert [(p.amount, p.state) for p in _payments(folder)] == [(655_000, "sent"), (45_000, "planned")]
    assert _bookings(folder) == [
        ("forsorjningsstod", 655_000), ("forsorjningsstod", -655_000), ("forsorjningsstod", 700_000),
    ]  # fmt: skip
    with acting(office.slug, TEST, "look"):
        lines = {line.decision_id: line for line in DecisionLine.objects.filter(decision__case=folder.case)}
        assert lines[second.id].replaces_id == lines[first.id].id
        current = in_force(second.period_id)
        assert current is not None and current.id == second.id
        assert set(decisions_behind(_payments(folder)).values()) == {second.id}
        rows = [[(p.amount, part) for p, part in row.payments] for row in account_of(folder.case.id)]
        assert rows == [[], [], [(655_000, 655_000), (45_000, 45_000)]]
        assert PersonMonth.objects.get(period_id=second.period_id).sheet_id == second.sheet_id
        letter = Letter.objects.get(decision=second).content
        assert first.number in letter["change"][0]
        assert "6\xa0550\xa0kr" in letter["change"][1] and " 450\xa0kr mer" in letter["change"][1]
        assert letter["reasons"] == WHY
        kept = set(Text.objects.values_list("key", flat=True))
        assert {"change.37", "change.more"} <= kept
        assert (
            "change" not in Letter.objects.get(decision=first).content
            or not Letter.objects.get(decision=first).content["change"]
        )
    assert _tasks(folder, "paid beyond decision") == 0


def test_less_needs_a_ground_reasons_and_two_people_and_claims_nothing(office: Office) -> None:
    folder = office.case()
    folder.applied()
    first = folder.decided()
    office.sent()
    told = {**office.act("hanna"), "sheet": first.sheet_id, "reasons": WHY, "language": "sv"}
    refused("same calculation", propose, **told, ground="37")
    sheet = folder.amounting(600_000)
    told["sheet"] = sheet.id
    refused("ground of change", propose, **told)
    refused("ground of change", propose, **told, ground="37.2")
    for favour in ("37", "38"):
        refused("to disadvantage", propose, **told, ground=favour)
    refused("reasons", propose, **{**told, "reasons": "Fel"}, ground="37.3")
    refused("not heard", propose, **told, ground="37.3")
    refused("not heard", propose, **told, ground="37.3", unheard="nej")
    told["unheard"] = "Hon har själv skrivit att hon fick lön."
    proposal = propose(**{**told, **office.act("bo")}, ground="37.3")
    assert proposal.unheard == told["unheard"]
    refused("proposed", propose, **told, ground="37.3")
    refused("second pair of eyes", decide, **office.act("bo"), decision=proposal.id, version=proposal.version)
    withdraw_proposal(**office.act("bo"), decision=proposal.id, version=proposal.version)
    # nothing has moved so far
    assert _bookings(folder) == [("forsorjningsstod", 655_000)]
    second = folder.changed(600_000, "37.3")
    assert _bookings(folder) == [
        ("forsorjningsstod", 655_000), ("forsorjningsstod", -655_000), ("forsorjningsstod", 600_000),
        ("felutbetalt", 55_000),
    ]  # fmt: skip
    assert [(p.amount, p.state) for p in _payments(folder)] == [(655_000, "sent")]
    assert _tasks(folder, "paid beyond decision") == 1
    with acting(office.slug, TEST, "look"):
        letter = Letter.objects.get(decision=second).content
        overpaid = Booking.objects.get(case=folder.case, account_code="felutbetalt")
        granted = Booking.objects.get(decision_line__decision=second)
    assert "kräver inte tillbaka några pengar" in letter["change"][1]
    # neither what a decision granted nor what was paid beyond it is booked away by one person
    refused("decision", reverse_booking, **office.act("hanna"), booking=granted.id, reason=WHY)
    refused("decision", reverse_booking, **office.act("hanna"), booking=overpaid.id, reason=WHY)


def test_even_what_is_granted_as_applied_is_taken_back_by_two(office: Office, connect: Any) -> None:
    folder = office.case()
    folder.applied()
    folder.decided()
    folder.changed(700_000, "37")
    told = {"sheet": folder.amounting(655_000).id, "reasons": WHY, "language": "sv", "ground": "36", "unheard": WHY}
    proposal = propose(**office.act("bo"), **told)
    assert proposal.outcome == "bifall"
    refused("second pair of eyes", decide, **office.act("bo"), decision=proposal.id, version=proposal.version)
    with connect("web", autocommit=True) as web, acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
        take = "UPDATE decisions_decision SET state = 'decided', decided_at = now(), decided_by_id = {} WHERE id = %s"
        with pytest.raises(psycopg.errors.CheckViolation, match="decision_taken_back_by_two"):
            _as_web(web, tenant, take.format("proposed_by_id"), proposal.id)


def test_nothing_is_replaced_twice_nor_where_nothing_is_decided(office: Office, connect: Any) -> None:
    folder = office.case()
    folder.applied()
    told = {**office.act("hanna"), "reasons": WHY, "language": "sv", "ground": "37"}
    refused("ground of change", propose, **told, sheet=folder.assessed().id)
    first = folder.decided()
    second = folder.changed(700_000, "37")
    with connect("web", autocommit=True) as web, acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
        copy = (
            "INSERT INTO decisions_decision SELECT (jsonb_populate_record(d, jsonb_build_object('id', %s::text,"
            " 'number', %s::text, 'replaces_id', %s::text, 'ground', %s::text))).* FROM decisions_decision d"
            " WHERE id = %s"
        )
        for replaces, ground, constraint in (
            (None, None, "decision_first_once_per_period"),
            (first.id, "37", "decision_replaced_once"),
            (None, "37", "decision_replaces_on_a_ground"),
            (second.id, None, "decision_replaces_on_a_ground"),
        ):
            with pytest.raises(psycopg.errors.IntegrityError, match=constraint):
                _as_web(web, tenant, copy, uuid7(), f"x{ground}", replaces, ground, second.id)


def test_a_refusal_becomes_a_grant_and_a_grant_nothing(office: Office) -> None:
    folder = office.case()
    folder.applied()
    sheet = folder.amounting(0)
    proposal = propose(**office.act("hanna"), sheet=sheet.id, reasons=WHY, language="sv", unheard=WHY)
    denied = decide(**office.act("bo"), decision=proposal.id, version=proposal.version)
    assert _bookings(folder) == []
    granted = folder.changed(655_000, "38")
    assert granted.unheard is None  # more needs nobody to be heard
    assert granted.replaces_id == denied.id
    assert [(p.amount, p.state) for p in _payments(folder)] == [(655_000, "planned")]
    nothing = folder.changed(0, "36")
    assert [(p.amount, p.state) for p in _payments(folder)] == [(655_000, "stopped")]
    assert [amount for _, amount in _bookings(folder)] == [655_000, -655_000]
    with acting(office.slug, TEST, "look"):
        line = DecisionLine.objects.get(decision=nothing)
        assert (line.amount, line.replaces_id) == (0, DecisionLine.objects.get(decision=granted).id)
    folder.changed(100_000, "37")
    assert [(p.amount, p.state) for p in _payments(folder)] == [(655_000, "stopped"), (100_000, "planned")]


def test_what_still_lies_here_is_planned_anew_even_out_of_a_reserved_run(office: Office) -> None:
    folder, other = office.case(), office.case(("Gun", "Granath", "19850101"))
    rent = order_direct_payment(
        **office.act("hanna"), case=folder.case.id, payee=landlord(office).id, cost_code="RENT", amount=500_000,
        reference="12345674", message="", ground="önskemål 2026-11-02", since=office.month, until=None,
    )  # fmt: skip
    for each in (folder, other):
        each.applied()
        each.decided()
    run = reserve_run(**office.act("ulla"), execution_on=office.pay_day())
    assert (run.payments, run.total) == (3, 1_310_000)
    folder.changed(600_000, "37.3")
    with acting(office.slug, TEST, "look"):
        run = Run.objects.get(id=run.id)
        assert (run.payments, run.total, run.state) == (1, 655_000, "reserved")
    told = [(p.direct_id, p.amount, p.state, p.run_id) for p in _payments(folder)]
    assert told == [
        (rent.id, 500_000, "stopped", None), (None, 155_000, "stopped", None),
        (rent.id, 500_000, "planned", None), (None, 100_000, "planned", None),
    ]  # fmt: skip
    # with more, what the landlord gets is not planned a second time
    folder.changed(655_000, "37")
    assert [(p.direct_id, p.amount) for p in _payments(folder)[4:]] == [(None, 55_000)]
    # released, but its file isn't written: it still is taken out of the run, which is over with it
    release_run(**office.act("erik"), run=run.id, version=run.version)
    other.changed(600_000, "37.3")
    assert [(p.amount, p.state) for p in _payments(other)] == [(655_000, "stopped"), (600_000, "planned")]
    with acting(office.slug, TEST, "look"):
        assert Run.objects.get(id=run.id).state == "cancelled"
    # in a written file: nobody can keep it back, so that less leaves a question
    office.sent()
    other.changed(500_000, "37.3")
    assert [(p.amount, p.state) for p in _payments(other)] == [(655_000, "stopped"), (600_000, "sent")]
    assert _tasks(other, "paid beyond decision") == 1


def test_what_somebody_stopped_stays_stopped(office: Office) -> None:
    folder = office.case()
    folder.applied()
    folder.decided()
    (payment,) = _payments(folder)
    hold_payment(**office.act("hanna"), payment=payment.id, version=1, reason="kontot är kapat")
    folder.changed(700_000, "37")
    assert [(p.amount, p.state) for p in _payments(folder)] == [(655_000, "held"), (45_000, "held")]
    folder.changed(600_000, "37.3")
    held = [(p.amount, p.state, p.blocked_reason) for p in _payments(folder) if p.state != "stopped"]
    assert held == [(600_000, "held", "kontot är kapat")]


def test_money_beyond_the_decision_that_comes_back_or_never_left_is_owed_to_nobody(office: Office) -> None:
    folder, other = office.case(), office.case(("Gun", "Granath", "19850101"))
    for each in (folder, other):
        each.applied()
        each.decided()
    office.sent()
    for each in (folder, other):
        each.changed(600_000, "37.3")
    _told(office, _payments(folder)[0], LineKind.REJECTED)
    assert [(p.amount, p.state) for p in _payments(folder)] == [(655_000, "rejected"), (600_000, "blocked")]
    assert _bookings(folder)[-1] == ("felutbetalt", -55_000)
    _told(office, _payments(other)[0], LineKind.RETURNED)
    assert [(p.amount, p.state) for p in _payments(other)] == [(655_000, "returned"), (600_000, "blocked")]
    assert sorted(_bookings(other)[-3:]) == [("felutbetalt", -55_000), ("retur", 655_000), ("retur", 655_000)]


@pytest.mark.parametrize("kind", [LineKind.RETURNED, LineKind.REJECTED])
def test_money_that_was_too_much_for_a_while_is_owed_again_as_one_where_it_comes_back(
    office: Office, kind: LineKind
) -> None:
    folder = office.case()
    folder.applied()
    folder.decided()
    office.sent()
    folder.changed(100_000, "37.3")
    folder.changed(655_000, "37")  # in two parts by now, for the same booking
    _told(office, _payments(folder)[0], kind)
    assert [(p.amount, p.state) for p in _payments(folder)] == [(655_000, kind.value), (655_000, "blocked")]
    _holds(folder, 655_000)


def test_nothing_more_goes_to_an_account_that_the_bank_refused_before_somebody_has_looked(
    office: Office, database: Any
) -> None:
    back, refused_, gone = (office.case((name, "Person", "19930303")) for name in ("Beata", "Reidar", "Gun"))
    for each in (back, refused_, gone):
        each.applied()
        each.decided()
    office.sent()
    for each, kind in ((back, LineKind.RETURNED), (refused_, LineKind.REJECTED), (gone, LineKind.REJECTED)):
        _told(office, _payments(each)[0], kind)
    back.changed(300_000, "37.3")
    refused_.changed(1_215_000, "37")
    for granted in (0, 300_000):  # nothing waits in between
        gone.changed(granted, "36" if not granted else "37")
    waiting = [[(p.amount, p.state, p.blocked_reason) for p in _payments(f)[1:]] for f in (back, refused_, gone)]
    assert waiting == [
        [(655_000, "stopped", "returned: AC04"), (300_000, "blocked", "returned: AC04")],
        [(655_000, "blocked", "rejected: AC04"), (560_000, "blocked", "rejected: AC04")],
        [(655_000, "stopped", "rejected: AC04"), (300_000, "blocked", "rejected: AC04")],
    ]
    # the next month, and an advance on it, wait as well; once it is looked at, all of it goes
    advance = grant_advance(
        **office.act("bo"), case=back.case.id, month=office.month + 1, amount=50_000, reasons="Ingen mat hemma."
    )
    assert (advance.state, advance.blocked_reason) == ("blocked", "returned: AC04")
    assert _looked_at(database, office) == []
    for payment in _payments(back)[-2:]:
        unblock_payment(**office.act("ulla"), payment=payment.id, version=payment.version)
    back.changed(400_000, "37")
    assert [(p.amount, p.state) for p in _payments(back)[2:]] == [
        (300_000, "planned"), (50_000, "planned"), (100_000, "planned"),
    ]  # fmt: skip
    assert _looked_at(database, office) == []
    # as it was before: it is planned although nobody has looked
    wrong = [_payments(each)[-1].id for each in (refused_, gone)]
    with psycopg.connect(database.admin, autocommit=True) as admin:
        admin.execute("UPDATE payments_payment SET state = 'planned', blocked_reason = '' WHERE id = ANY(%s)", [wrong])
    assert _looked_at(database, office) == [str(key) for key in wrong]


def _looked_at(database: Any, office: Office) -> list[str]:
    """The payments that the verifier says go to an account that the bank refused."""
    with acting(office.slug, TEST, "look") as door:
        tenant, report = door.the_tenant.id, Report()
    with connected(database.of_role("auditor")) as connection, reading(connection, tenant):
        check_looked_at(connection, report, check_chains(connection, Report()))
    return sorted(one.row for one in report.findings)


def test_who_counted_a_surplus_that_is_decided_anew_is_asked_to_look(office: Office, database: Any) -> None:
    folder, before = office.case(), office.month - 1
    folder.on_paper(before)
    carried = {"code": "SURPLUS_FROM_PREVIOUS_MONTH", "gross": 100_000, "source": "caseworker"}

    def decided(month: Month, gross: int, *more: dict[str, Any], ground: str = "") -> None:
        income = {"code": "ACTIVITY_SUPPORT", "gross": gross, "source": "caseworker"}
        told = {"reasons": WHY, "language": "sv", "unheard": WHY} | ({"ground": ground} if ground else {})
        sheet = folder.assessed(month, incomes=[income, *more])
        proposal = propose(**office.act("hanna"), sheet=sheet.id, **told)
        decide(**office.act("bo"), decision=proposal.id, version=proposal.version)

    decided(before, C1_MOST + 100_000)
    folder.applied()
    decided(office.month, 560_000, carried)
    assert _open(folder) == 0  # the month before leaves that much
    decided(before, C1_MOST + 99_900, ground="37")
    assert _open(folder) == 1
    decided(before, C1_MOST - 100_000, ground="37")
    assert (_open(folder), _tasks(folder, "carried surplus")) == (1, 1)  # asked once
    with _decided(database, office) as report:
        assert report.findings == [], report.to_text()
    decided(office.month, 560_000, ground="37")
    assert _open(folder) == 0
    # the same with nobody asked
    decided(before, C1_MOST + 100_000, ground="37.3")
    decided(office.month, 560_000, carried, ground="37.3")
    decided(before, C1_MOST - 100_000, ground="37")
    with psycopg.connect(database.admin, autocommit=True) as admin:
        admin.execute("DELETE FROM tasks_task WHERE kind = 'carried surplus'")
    with _decided(database, office) as report:
        assert [one.text for one in report.findings] == ["counts a surplus that wasn't left, and nobody was asked"]


def _open(folder: Folder) -> int:
    with acting(folder.office.slug, TEST, "look"):
        return Task.objects.filter(subject_id=folder.case.id, kind="carried surplus", state="open").count()


@contextmanager
def _decided(database: Any, office: Office) -> Iterator[Report]:
    with connected(database.of_role("auditor")) as connection, acting(office.slug, TEST, "look") as door:
        report = Report()
        with reading(connection, door.the_tenant.id):
            check_decisions(connection, report, check_chains(connection, Report()))
        yield report


STEPS = st.lists(
    st.one_of(
        st.sampled_from(
            [("change", granted) for granted in (0, 100, 40_000, 600_000, 655_000, 700_050, C1_MOST)]
            + [("more", 450), ("on no condition", 600_000)]
        ),
        st.sampled_from(
            ["reserve", "cancel", "release", "sent", "hold", "resume", "redirect", "rejected", "returned", "unblock"]
        ),
        st.sampled_from(["paid back", "ceded"]),
    ),
    min_size=2,
    max_size=9,
)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    advance=st.sampled_from([0, 150_000]), order=st.booleans(), condition=st.sampled_from(["", "benefit"]), steps=STEPS
)
def test_after_any_chain_what_stands_booked_is_the_last_decision_and_nothing_is_paid_twice(
    office: Office, database: Any, advance: int, order: bool, condition: str, steps: list[Any]
) -> None:
    folder = office.case(("Person", f"Nummer{next(office.serial)}", "19900303"))
    if order:
        payee = landlord(office).id
        order_direct_payment(
            **office.act("hanna"), case=folder.case.id, payee=payee, cost_code="RENT", amount=500_000,
            reference="12345674", message="", ground="önskemål", since=office.month, until=None,
        )  # fmt: skip
    if advance:
        told = {"month": office.month, "amount": advance, "reasons": "Ingen mat hemma."}
        grant_advance(**office.act("bo"), case=folder.case.id, **told)
    folder.applied()
    last = folder.decided(reasons=WHY if condition else "", repayable=condition)
    _holds(folder, last.amount)
    for step in steps:
        if isinstance(step, tuple) and step[0] == "more":
            before = last.amount
            folder.applied_more(step[1])
            last = folder.decided_more()
            assert last.amount == before + step[1] * 100
        elif isinstance(step, tuple):
            condition = condition if step[0] == "change" and step[1] else ""
            last = folder.changed(step[1], "37.3", repayable=condition)
        else:
            _moved(folder, step)
        _holds(folder, last.amount)
    with _verified(database, office) as report:
        assert report.findings == [], report.to_text()


#: In which state of a run which step is taken, if not in a released one; and in which else.
_ONLY, _ALSO = {"release": "reserved"}, {"cancel": "reserved"}


def _moved(folder: Folder, step: str) -> None:
    """Something happens to the newest payment, or run, that it can happen to."""
    office, payments = folder.office, _payments(folder)
    with acting(office.slug, TEST, "look"):
        runs = {run.state: run for run in Run.objects.order_by("reserved_at")}
    newest = {payment.state: payment for payment in payments}
    run_of: dict[str, Callable[[Run], Any]] = {
        "cancel": lambda run: cancel_run(**office.act("ulla"), run=run.id, version=run.version, reason="fel dag"),
        "release": lambda run: release_run(**office.act("erik"), run=run.id, version=run.version),
        "sent": lambda run: record_run_file(
            **office.by(TEST), run=run.id, payments=run.payments, total=run.total,
            file=StoredFile(uuid7(), uuid7().hex * 2, 10, "application/xml"),
        ),
    }  # fmt: skip
    if step == "reserve" and "planned" in newest:
        reserve_run(**office.act("ulla"), execution_on=office.pay_day())
    elif step in run_of and (run := runs.get(_ONLY.get(step, "released")) or runs.get(_ALSO.get(step, ""))):
        run_of[step](run)
    elif step in ("rejected", "returned") and "sent" in newest:
        _told(office, newest["sent"], LineKind(step))
    told = office.act("hanna" if step == "redirect" else "ulla")
    if step == "hold" and (found := newest.get("reserved") or newest.get("planned")):
        hold_payment(**told, payment=found.id, version=found.version, reason="fel")
    if step == "resume" and "held" in newest:
        resume_payment(**told, payment=newest["held"].id, version=newest["held"].version)
    if step == "redirect" and (found := newest.get("held") or newest.get("blocked")) and found.direct_id:
        redirect_payment(**told, payment=found.id, version=found.version, order=None, reason="hon har betalat")
    if step == "unblock" and "blocked" in newest:
        unblock_payment(**told, payment=newest["blocked"].id, version=newest["blocked"].version)
    if step in ("paid back", "ceded"):
        _paid_back(folder, ceded=step == "ceded")


def _paid_back(folder: Folder, ceded: bool) -> None:
    """Half of what can be claimed on a condition comes in from an authority; or all that can be claimed is, on each
    ground, and she pays it."""
    office, case = folder.office, folder.case.id
    for ground in ("benefit",) if ceded else ("misinformed", "benefit"):
        with acting(office.slug, TEST, "look"):
            claimable = claimable_in(case, ground)
        for period, amount in claimable.items():
            told = {**office.act("hanna"), "case": case, "source": "inbetalning"}
            if ceded:
                book_ceded(**told, period=period, authority="Försäkringskassan", amount=-(-amount // 2))
                continue
            row = propose_recovery(
                **office.act("hanna"), case=case, person=folder.citizens[0].id, ground=ground,
                legal_basis=section_on("misinformed", office.today).section, amounts=claimable, reasons=WHY,
                language="sv", unheard="Hon har själv bett om det.",
            )  # fmt: skip
            decide_recovery(**office.act("bo"), recovery=row.id, version=row.version)
            book_repayment(**office.act("hanna"), recovery=row.id, amount=amount, source="inbetalning")


def _holds(folder: Folder, granted: int) -> None:
    """Booked of decisions = the last one's amount = set off + planned + left, but for what had left beyond it."""
    with acting(folder.office.slug, TEST, "look"):
        bookings = list(Booking.objects.filter(case=folder.case))
        assert sum(b.amount for b in bookings if b.decision_line_id) == granted
        beyond = sum(b.amount for b in bookings if b.account_code == "felutbetalt")
        support = standing_settlements(Settlement.objects.filter(payment__case=folder.case)).filter(
            booking__account_code__in=["forsorjningsstod", "felutbetalt"]
        )
        live = support.exclude(payment__state__in=["stopped", "rejected"])
        every = sum(s.amount for s in live)
        taken = sum(s.amount for s in open_set_offs(SetOff.objects.filter(advance__case=folder.case)))
        assert every + taken == granted + beyond
        for period in Period.objects.filter(case=folder.case):
            _holds_of(period, live.filter(payment__period=period))
        # what was let go to somebody else is not paid by its order too
        moved = {key for p in Payment.objects.filter(case=folder.case) for key in p.redirected_from or ()}
        by_order = Payment.objects.filter(case=folder.case, direct_id__in=moved, redirected_from=None)
        assert not by_order.exclude(state__in=["stopped", "rejected", "returned"]).exists()
        # each payment settles what it is, whatever it was moved to
        for payment in Payment.objects.filter(case=folder.case):
            parts = standing_settlements(Settlement.objects.filter(payment=payment))
            assert sum(part.amount for part in parts) == payment.amount
        owed = [b.amount for b in bookings if b.kind == "expense"]
        back = [b.amount for b in bookings if b.account_code == "retur" and b.kind == "income"]
        given = sum(
            p.amount for p in Payment.objects.filter(case=folder.case).exclude(state__in=["stopped", "rejected"])
        )
        assert given == sum(owed) - taken
        assert len(back) == Return.objects.filter(payment__case=folder.case).count()


def _holds_of(period: Period, live: QuerySet[Settlement]) -> None:
    """Of one month: nothing waits where more has left than is hers, and all that has is known; what she has paid back
    is hers."""
    decision = in_force(period.id)
    granted, back = (decision.amount, came_back(decision)) if decision else (0, 0)
    here = live.filter(
        Q(payment__state__in=["planned", "blocked", "held"]) | Q(payment__run__state__in=["reserved", "released"])
    )
    beyond = beyond_in(period) - uncovered_of(period)
    assert not (beyond > back and here.exists()), "money is planned although more has left than is granted"
    assert back <= beyond_in(period), "she has paid back what is granted to her"
    if decision is None:
        return
    # what has left beyond what is granted, advances too, is known as that
    helps = Settlement.objects.filter(booking__account_code=OTHER_HELP).values("payment_id")
    payments = Payment.objects.filter(period=period).exclude(id__in=helps)
    gone = sum(payment.amount for payment in payments.filter(state__in=["sent", "confirmed"]))
    known = beyond_of(period.case_id).get(period.id, 0)
    assert known >= gone - granted
    if not payments.filter(state__in=["planned", "blocked", "held", "reserved"]).exists():
        assert known == max(0, gone - granted)
