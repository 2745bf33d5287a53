"""More is applied for after a month was decided: it is decided by itself, only the difference is paid, and the earlier
decision stays what it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from handslag.domain.decisions.models import Decision, Letter
from handslag.domain.decisions.operations import decide, needs_two, propose
from handslag.domain.decisions.operations.appeals import lodge_appeal
from handslag.domain.decisions.queries import in_force
from handslag.domain.intake.models import InboxItem
from handslag.domain.intake.operations import withdraw_application
from handslag.domain.payments.models import Booking, Payment
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import acting
from handslag.kernel.ids import uuid7
from handslag.rules.se.facts import Facts
from tests.office import TEST, Folder, Office, refused


def _as_stored(office: Office, decision: Decision) -> list[Any]:
    with acting(office.slug, TEST, "look"):
        letter = Letter.objects.filter(decision=decision).values().get()
        return [Decision.objects.values().get(id=decision.id), letter]


def _two(office: Office, proposal: Decision) -> bool:
    with acting(office.slug, TEST, "look"):
        return needs_two(proposal)


def _paid(folder: Folder) -> list[tuple[int, str]]:
    with acting(folder.office.slug, TEST, "look"):
        return list(Payment.objects.filter(case=folder.case).order_by("id").values_list("amount", "state"))


def test_only_the_difference_is_paid_and_the_earlier_decision_stays(office: Office) -> None:
    set_policy(**office.by(TEST), name="four_eyes_above", value=100_000_00)
    folder = office.case()
    folder.applied()
    first = folder.decided()
    stored = _as_stored(office, first)
    office.sent()
    assert _paid(folder) == [(655_000, "sent")]
    sent = folder.applied_more(300)
    with acting(office.slug, TEST, "look"):
        item = InboxItem.objects.get(application_id=sent.application_id)
        assert (item.state, item.caseworker_id) == ("waiting", office.members["hanna"])
        assert in_force(folder.period().id) == first
    sheet = folder.assessed_with_more()
    told = {"sheet": sheet.id, "reasons": "", "language": "sv"}
    refused("ground of change", propose, **office.act("hanna"), **told)
    refused("reasons", propose, **office.act("hanna"), **told, ground="37")
    proposal = propose(**office.act("hanna"), **told, ground="new")
    assert (proposal.outcome, proposal.amount, _two(office, proposal)) == ("bifall", 685_000, False)
    assert "förvaltningslagen" not in proposal.legal_basis  # nothing of what was decided is changed
    second = decide(**office.act("bo"), decision=proposal.id, version=1)
    assert _paid(folder) == [(655_000, "sent"), (30_000, "planned")]
    assert _as_stored(office, first) == stored
    with acting(office.slug, TEST, "look"):
        assert in_force(folder.period().id) == second
        assert InboxItem.objects.get(application_id=sent.application_id).state == "done"
        said = Letter.objects.get(decision=second).content["change"]
        assert sum(b.amount for b in Booking.objects.filter(case=folder.case, decision_line__isnull=False)) == 685_000
        assert not Task.objects.filter(subject_id=folder.case.id, kind="paid beyond decision").exists()
    assert f"Efter vårt beslut {first.number}" in said[0] and "Medicin 300 kr" in said[0].replace("\xa0", " ")
    assert "300 kr mer" in said[1].replace("\xa0", " ")


def test_what_came_on_top_is_judged_by_itself(office: Office) -> None:
    folder = office.case()
    folder.applied()
    sheet = folder.assessed(costs=[{"code": "RENT", "applied": 620_000, "effective": 500_000, "note": "för dyrt"}])
    told = {"reasons": "Hyran godtas till 5 000 kr.", "language": "sv"}
    proposal = propose(**office.act("hanna"), sheet=sheet.id, **told)
    first = decide(**office.act("bo"), decision=proposal.id, version=1)
    assert first.outcome == "delavslag"

    # Granted in full: what was cut in the first decision doesn't make it less, and isn't decided again.
    folder.applied_more(300)
    second = folder.decided_more()
    assert (second.outcome, second.amount) == ("bifall", first.amount + 30_000)
    with acting(office.slug, TEST, "look"):
        facts = Facts.from_json(second.sheet.snapshot.facts)
    assert [(c.code, c.effective) for c in facts.costs] == [("RENT", 500_000), ("MEDICINE", None)]

    # In part, or not at all: with reasons, by two people, and never less than before.
    folder.applied_more(1_000, "OTHER")
    sheet = folder.assessed_with_more(OTHER=40_000)
    refused("reasons", propose, **office.act("hanna"), sheet=sheet.id, reasons="", language="sv", ground="new")
    told = {"reasons": "Resten är inte skäligt.", "language": "sv", "ground": "new"}
    proposal = propose(**office.act("hanna"), sheet=sheet.id, **told)
    assert (proposal.outcome, _two(office, proposal)) == ("delavslag", True)
    third = decide(**office.act("bo"), decision=proposal.id, version=1)
    assert third.amount == second.amount + 40_000
    folder.applied_more(90, "INTERNET")
    fourth = folder.decided_more("Internet ryms i normen.", INTERNET=0)
    assert (fourth.outcome, fourth.amount) == ("delavslag", third.amount)
    assert [amount for amount, _ in _paid(folder)] == [first.amount, 30_000, 40_000]

    # Nothing more is applied for: there is nothing to decide on that ground.
    sheet = folder.assessed()
    refused("ground of change", propose, **office.act("hanna"), sheet=sheet.id, **told)


def test_less_an_appeal_and_what_is_taken_back(office: Office) -> None:
    folder = office.case()
    folder.applied()
    first = folder.decided()
    told = {"language": "sv", "ground": "new"}
    folder.applied_more(100)
    back = folder.applied_more(300)
    sheet = folder.assessed()
    office.now += timedelta(minutes=1)
    withdraw_application(**office.by(folder.citizens[0]), application=back.application_id)
    # the sheet holds a line that nobody applies for any more: somebody looks again first
    refused("taken back since", propose, **office.act("hanna"), sheet=sheet.id, reasons="", **told)
    office.now += timedelta(minutes=1)
    sheet = folder.assessed()
    proposal = propose(**office.act("hanna"), sheet=sheet.id, reasons="", **told)
    first = decide(**office.act("bo"), decision=proposal.id, version=1)
    back = folder.applied_more(300)
    withdraw_application(**office.by(folder.citizens[0]), application=back.application_id)
    sheet = folder.assessed()
    refused("ground of change", propose, **office.act("hanna"), sheet=sheet.id, reasons="Inget söktes.", **told)

    folder.applied_more(200)
    appeal = {"appeal": uuid7(), "text": "Jag tycker att det är för lite.", "files": []}
    lodge_appeal(**office.by(folder.citizens[0]), decision=first.id, **appeal)
    sheet = folder.assessed(incomes=[{"code": "ACTIVITY_SUPPORT", "gross": 700_000, "source": "caseworker"}])
    heard = {"reasons": "Inkomsten är högre.", "unheard": "Uppgiften är deras egen."}
    refused("to disadvantage", propose, **office.act("hanna"), sheet=sheet.id, **told, **heard)
    refused("appealed", propose, **office.act("hanna"), sheet=sheet.id, **told | {"ground": "37.3"}, **heard)
    sheet = folder.assessed()
    proposal = propose(**office.act("hanna"), sheet=sheet.id, reasons="", **told)
    second = decide(**office.act("bo"), decision=proposal.id, version=1)  # what came on top waits for no court
    assert second.amount == first.amount + 20_000
    # an income that only the office says is told to them before less than they asked for is granted
    folder.applied_more(500, "OTHER")
    with_income = {"incomes": [{"code": "ACTIVITY_SUPPORT", "gross": 570_000, "source": "caseworker"}]}
    sheet = folder.assessed(**with_income)
    assert second.amount < sheet.granted < second.amount + 50_000
    told |= {"reasons": "Inkomsten är högre."}
    refused("not heard", propose, **office.act("hanna"), sheet=sheet.id, **told)
