"""Refusals and dismissals on grounds that no calculation knows: only by people, after a hearing, with a true letter."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from handslag.connectors.letter import port
from handslag.domain.decisions.models import Decision, Letter
from handslag.domain.decisions.operations import answer_hearing, decide, open_hearing, propose
from handslag.domain.decisions.states import DISMISSED_ON, RefusedOn
from handslag.domain.entitlement.models import PersonMonth
from handslag.domain.payments.models import Booking, Payment
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import acting
from handslag.jobs.letters import letter_from
from handslag.rules.se.refusals import REFUSALS, refusals_on
from tests.office import TEST, Folder, Office, process, refused

REASONS = "Du har 90 000 kr på ett sparkonto som du kan använda."


def _heard(folder: Folder) -> None:
    office = folder.office
    told = {"period": folder.period().id, "about": "Vi överväger att avslå: du har ett sparkonto."}
    (asked,) = open_hearing(**office.act("hanna"), **told, answer_by=office.today + timedelta(days=1))
    answer_hearing(**office.by(folder.citizens[0]), hearing=asked.id, answer="Det är sparat till barnen.")


def _decided(folder: Folder, **told: Any) -> Decision:
    office = folder.office
    office.admit("siv", "Siv Beslutsfattare", "decider", "caseworker")
    made = propose(**office.act("siv"), sheet=folder.assessed().id, language="sv", **told)
    refused("second pair of eyes", decide, **office.act("siv"), decision=made.id, version=made.version)
    return decide(**office.act("bo"), decision=made.id, version=made.version)


def test_a_month_is_refused_on_its_ground_after_a_hearing_by_two_and_the_letter_says_that_ground(
    office: Office, database: Any
) -> None:
    folder = office.case()
    folder.applied()
    told: dict[str, Any] = {"sheet": folder.assessed().id, "language": "sv", "refused_on": "assets"}
    refused("not heard", propose, **office.act("hanna"), **told, reasons=REASONS)
    refused("reasons", propose, **office.act("hanna"), **told, reasons="")
    refused("refusal ground", propose, **office.act("hanna"), **told | {"refused_on": "residence"}, reasons=REASONS)
    refused(
        "repayable", propose, **office.act("hanna"), **told, reasons=REASONS, repayable="benefit", unheard="två ord"
    )
    _heard(folder)
    taken = _decided(folder, reasons=REASONS, refused_on="assets")
    assert (taken.outcome, taken.amount, taken.refused_on) == ("avslag", 0, "assets")
    assert taken.sheet.granted == 655_000
    with acting(office.slug, TEST, "look"):
        content = Letter.objects.get(decision=taken).content
        assert not Payment.objects.exists() and not Booking.objects.exists()
        assert set(PersonMonth.objects.values_list("supported", flat=True)) == {False}  # towards the job stimulus
        assert Task.objects.filter(subject_id=folder.case.id, kind="other help").count() == 1
    assert "tillgångar som du kan klara dig på" in content["outcome"] and "inkomsterna räcker" not in str(content)
    assert "inte beräkningen som avgör" in content["grounds"] and content["granted"] == 0
    set_ = letter_from(content)
    assert set_.annex is not None and [one.amount for one in set_.annex.lines if one.amount is not None][-1] == 0
    assert port.for_tenant().letter(set_).pages >= 1
    # more that is applied for isn't granted as if the month had never been refused
    folder.applied_more()
    anew = {"sheet": folder.assessed().id, "language": "sv", "reasons": "Kontot är slut nu."}
    refused("ground of change", propose, **office.act("hanna"), **anew, ground="new")
    made = propose(**office.act("hanna"), **anew, ground="37")
    changed = decide(**office.act("bo"), decision=made.id, version=made.version)
    assert (changed.amount, changed.refused_on) == (made.sheet.granted, None)
    with acting(office.slug, TEST, "look"):
        assert sum(Payment.objects.values_list("amount", flat=True)) == changed.amount > 0
        assert True in PersonMonth.objects.values_list("supported", flat=True)
    assert process(database, "verify", "--tenant", office.slug).returncode == 0


def test_an_application_is_dismissed_and_nothing_is_said_of_the_right(office: Office, connect: Any) -> None:
    folder = office.case()
    folder.applied()
    taken = _decided(folder, reasons="Vi bad om kontoutdrag.", refused_on="incomplete", unheard="Hon svarar inte alls.")
    assert (taken.outcome, taken.amount, taken.legal_basis) == ("avvisning", 0, "20 § förvaltningslagen (2017:900)")
    with acting(office.slug, TEST, "look"):
        content = Letter.objects.get(decision=taken).content
        assert not Task.objects.filter(subject_id=folder.case.id, kind="other help").exists()
    assert letter_from(content).annex is None and "by_calculation" not in content
    assert "prövar inte din ansökan" in content["outcome"] and "inte har prövat om du har rätt" in content["grounds"]
    assert folder.period().result == "avvisning"
    for change in ("outcome = 'avslag'", "refused_on = NULL", "amount = 1", "refused_on = 'assets'"):
        with connect("web", autocommit=True) as web, web.transaction():
            web.execute("SELECT set_config('app.tenant', %s, true)", [str(taken.tenant_id)])
            with pytest.raises(psycopg.errors.CheckViolation, match="decision_refused_on_a_ground"):
                web.execute(f"UPDATE decisions_decision SET {change} WHERE id = %s", [taken.id])


def test_the_grounds_are_those_of_the_table_each_from_its_month() -> None:
    assert [one.code for one in REFUSALS] == [one.value for one in RefusedOn]
    assert {one.code for one in REFUSALS if one.outcome == "avvisning"} == set(DISMISSED_ON)
    assert "activity" not in refusals_on(date(2026, 9, 1)) and "activity" in refusals_on(date(2026, 10, 1))
    for one in REFUSALS:
        assert {*one.letter} == {"sv", "en", "ar"} and {*one.name} == {*one.ask} == {"sv", "en"}
        assert all("{month}" in text for text in one.letter.values())
