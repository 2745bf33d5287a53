"""Nobody but people refuses or reduces: what a job, a citizen or one person alone tries ends at operation and table."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from handslag.domain.casefile.models import Period
from handslag.domain.decisions import operations
from handslag.domain.decisions.models import Decision, DecisionLine
from handslag.domain.decisions.operations import decide, propose, return_proposal, withdraw_proposal
from handslag.domain.entitlement.models import Sheet
from handslag.domain.entitlement.operations import assess
from handslag.domain.payments.models import Booking
from handslag.domain.payments.operations.account import reverse_booking
from handslag.domain.tenancy.door import Actor, acting, system
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from tests.office import C1, TEST, Folder, Office

#: An income above every need of the household: nothing is granted.
ENOUGH = {**C1, "incomes": [{"code": "ACTIVITY_SUPPORT", "amount": "50 000", "note": ""}]}
REASONS = "Inkomsterna räcker enligt beräkningen."


def _refusal(office: Office) -> tuple[Folder, Decision]:
    """A refusal, proposed by Hanna."""
    folder = office.case()
    folder.applied(ENOUGH)
    proposal = propose(**office.act("hanna"), sheet=folder.assessed().id, reasons=REASONS, language="sv")
    assert proposal.outcome == "avslag"
    return folder, proposal


def _state(office: Office) -> list[Any]:
    with acting(office.slug, TEST, "look"):
        return [list(model.objects.order_by("id").values()) for model in (Sheet, Decision, DecisionLine, Booking)]


def test_no_job_and_no_citizen_assesses_proposes_decides_or_counters(office: Office) -> None:
    folder, proposal = _refusal(office)
    granted = office.case(("Gun", "Granath", "19850101"))
    granted.applied()
    granted.decided()
    waiting = office.case(("Vera", "Väntar", "19860101"))
    waiting.applied()
    sheet = waiting.assessed()
    with acting(office.slug, TEST, "look"):
        booking = Booking.objects.get(case=granted.case)
        period = Period.objects.get(id=sheet.period_id)
        facts = Sheet.objects.select_related("snapshot").get(id=sheet.id).snapshot.facts
    seen = {"decision": proposal.id, "version": proposal.version}
    tries: list[tuple[Callable[..., Any], dict[str, Any]]] = [
        (assess, {"period": period.id, "facts": facts, "version": 1}),
        (propose, {"sheet": sheet.id, "reasons": REASONS, "language": "sv"}),
        (decide, seen),
        (return_proposal, {**seen, "reason": REASONS}),
        (withdraw_proposal, seen),
        (reverse_booking, {"booking": booking.id, "reason": REASONS}),
    ]
    before = _state(office)
    for actor in (system("nightly"), TEST, folder.citizens[0], Actor("citizen", granted.citizens[0].id)):
        for operation, arguments in tries:
            with pytest.raises(Hidden):
                operation(**office.by(actor), **arguments)
    assert _state(office) == before
    # what they were refused is there to be done: two people do it
    assert decide(**office.act("bo"), **seen).state == "decided"


def test_what_is_not_a_persons_in_the_chapter_is_its_letters() -> None:
    """Of the operations on decisions, a job may call those that keep a letter's file, and no other."""
    found = {
        name: any(who in inspect.getsource(call) for who in ("case_for_staff", "case_for_citizen", "_locked"))
        for name, call in vars(operations).items()
        if inspect.isfunction(call) and hasattr(call, "__wrapped__") and call.__module__ == operations.__name__
    }
    assert {name for name, persons in found.items() if not persons} == {"record_letter", "refuse_letter"}
    assert {name for name, persons in found.items() if persons} == {
        "propose", "return_proposal", "withdraw_proposal", "decide", "open_hearing", "answer_hearing", "note_hearing",
    }  # fmt: skip


def test_a_job_has_no_privilege_to_write_a_decision_in_the_database(office: Office, connect: Any) -> None:
    _, proposal = _refusal(office)
    worker, web = connect("worker", autocommit=True), connect("web", autocommit=True)
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id

    def tried(connection: Any, statement: str) -> int:
        with connection.transaction(force_rollback=True):
            connection.execute("SELECT set_config('app.tenant', %s, true)", [str(tenant)])
            return int(connection.execute(statement.encode(), [proposal.id]).rowcount)

    take = "UPDATE decisions_decision SET state = 'decided', decided_by_id = {}, decided_at = now() WHERE id = %s"
    copy = "INSERT INTO {0} SELECT * FROM {0} WHERE id = %s"
    by_bo = take.format(f"'{office.members['bo']}'")
    assert tried(worker, "SELECT 1 FROM decisions_decision WHERE id = %s") == 1
    for statement in (by_bo, copy.format("decisions_decision"), copy.format("decisions_decisionline")):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            tried(worker, statement)
    # a refusal by one person alone is refused by the table itself; by two it is taken
    with pytest.raises(psycopg.errors.CheckViolation, match="decision_refused_by_two"):
        tried(web, take.format("proposed_by_id"))
    assert tried(web, by_bo) == 1


def test_one_person_alone_grants_and_does_not_refuse(new_office: Callable[..., Office]) -> None:
    office = new_office(four_eyes_above=100_000_00)
    folder = office.case()
    folder.applied()
    grant = propose(**office.act("bo"), sheet=folder.assessed().id, reasons="", language="sv")
    assert decide(**office.act("bo"), decision=grant.id, version=grant.version).decided_by_id == grant.proposed_by_id
    other = office.case(("Gun", "Granath", "19850101"))
    other.applied(ENOUGH)
    refusal = propose(**office.act("bo"), sheet=other.assessed().id, reasons=REASONS, language="sv")
    with pytest.raises(NotPossible, match="second pair of eyes"):
        decide(**office.act("bo"), decision=refusal.id, version=refusal.version)
