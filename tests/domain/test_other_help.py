"""Help under 12 kap. 2 §: asked about after a refusal, proposed and decided by people, booked, paid, told."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from handslag.connectors.letter import port
from handslag.domain.audit.models import Event
from handslag.domain.decisions.models import PersonalLetter
from handslag.domain.decisions.operations import decide, propose
from handslag.domain.payments.models import Booking, OtherHelp, Payment, Settlement
from handslag.domain.payments.operations.account import reverse_booking
from handslag.domain.payments.operations.other_help import (
    decide_other_help,
    granted_with,
    leave_other_help,
    propose_other_help,
    propose_other_help_anew,
    return_other_help,
    withdraw_other_help,
)
from handslag.domain.payments.queries import OTHER_HELP, help_replaced, other_help_behind, postings_of
from handslag.domain.payments.states import PaymentState
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.tasks.models import Notice, Task
from handslag.domain.tenancy.door import acting, acting_door
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import Conflict, SentAlready
from handslag.jobs.letters import personal_letter_from
from handslag.kernel.ids import uuid7
from handslag.rules.se.remedies import OTHER, RIGHT, remedy_on, tried_next
from tests.domain.test_corrections import _as_web, _verified
from tests.domain.test_delegations import _delegated
from tests.office import TEST, Folder, Office, refused

REASONS = "Barnet behöver komma på lägret, och familjen har inte råd."


def told_of(folder: Folder, **other: Any) -> dict[str, Any]:
    told = {"case": folder.case.id, "month": folder.office.month, "person": folder.citizens[0].id, "language": "sv"}
    told |= {"purpose": "Sommarläger för barnet", "applied": 120_000, "amount": 120_000, "reasons": REASONS}
    return {**folder.office.act("hanna"), **told, **other}


def _open(folder: Folder) -> list[str]:
    with acting(folder.office.slug, TEST, "look"):
        return list(Task.objects.filter(subject_id=folder.case.id, state="open").values_list("kind", flat=True))


def _kinds(folder: Folder) -> list[str]:
    with acting(folder.office.slug, TEST, "look"):
        found = Event.objects.filter(subject_id=folder.case.id, kind__startswith="other help")
        return list(found.order_by("seq").values_list("kind", flat=True))


def test_it_is_granted_booked_and_paid_without_a_decision_on_the_month(
    office: Office, database: Any, connect: Any
) -> None:
    folder = office.case(email="adult@people.example")
    refused("purpose", propose_other_help, **told_of(folder, purpose=" "))
    refused("applied", propose_other_help, **told_of(folder, applied=0, amount=0))
    refused("beyond applied", propose_other_help, **told_of(folder, amount=120_001))
    refused("reasons", propose_other_help, **told_of(folder, reasons="ja"))
    refused("month", propose_other_help, **told_of(folder, month=office.month + 7))
    with pytest.raises(Hidden):
        propose_other_help(**told_of(folder, person=office.case(("Eva", "Ek", "19700101")).citizens[0].id))
    with pytest.raises(NotAllowed):
        propose_other_help(**{**told_of(folder), **office.act("rut")})
    key = uuid7()
    row = propose_other_help(**told_of(folder, key=key))
    with pytest.raises(SentAlready):
        propose_other_help(**told_of(folder, key=key))
    refused("proposed", propose_other_help, **told_of(folder))
    with acting(office.slug, TEST, "look"):  # nothing is owed, and nobody is told, by a proposal
        assert not Booking.objects.filter(case=folder.case).exists() and not PersonalLetter.objects.exists()
    with pytest.raises(Conflict):
        decide_other_help(**office.act("bo"), help_=row.id, version=row.version + 1)
    refused("delegation", decide_other_help, **office.act("hanna"), help_=row.id, version=row.version)
    decided = decide_other_help(**office.act("bo"), help_=row.id, version=row.version)
    assert decided.booking is not None
    with acting(office.slug, TEST, "look"):
        booking = Booking.objects.get(case=folder.case)
        assert (booking.account_code, booking.amount, booking.decision_line_id) == (OTHER_HELP, 120_000, None)
        payment = Payment.objects.get(case=folder.case)
        assert (payment.amount, payment.payee_id, payment.state) == (120_000, row.person_id, PaymentState.PLANNED)
        letter = PersonalLetter.objects.get(case=folder.case)
        assert Notice.objects.filter(subject_id=folder.case.id, person_id=row.person_id, kind="decision").count() == 1
        today = acting_door().the_tenant.today(office.now)
        assert OTHER_HELP in postings_of(today, office.now).missing  # the office's chart has no account for it yet
    refused("decision", reverse_booking, **office.act("hanna"), booking=booking.id, reason="fel")
    content = letter.content
    assert content["legal_basis"] == remedy_on(OTHER, today).section == "12 kap. 2 § socialtjänstlagen (2025:400)"
    assert "laglighetsprövning" in content["remedy"] and "tre veckor" in content["remedy"]
    assert content["lines"] == [{"text": content["lines"][0]["text"], "amount": 120_000}]
    assert "Sommarläger för barnet" in content["lines"][0]["text"] and REASONS in str(content["parts"])
    assert port.for_tenant().letter(personal_letter_from(content)).pages == 1
    office.sent()
    with _verified(database, office) as report:
        assert report.findings == [], report.to_text()
    with acting(office.slug, TEST, "look"):
        tenant = acting_door().the_tenant.id
    with connect("web", autocommit=True) as web:
        _as_web(web, tenant, "UPDATE payments_otherhelp SET amount = 110000 WHERE id = %s", row.id)
    with _verified(database, office) as report:
        found = [one.text for one in report.findings if one.table == "payments_otherhelp"]
        assert found == ["is not what its booking says", "has no letter of its own, or one of another amount"]


def test_a_refusal_leads_to_the_question_and_a_person_answers_it(office: Office, connect: Any) -> None:
    assert tried_next(RIGHT) == OTHER and tried_next(OTHER) is None
    granted = office.case(("Eva", "Ek", "19700101"))
    granted.applied()
    granted.decided()
    assert "other help" not in _open(granted)
    folder = office.case()
    folder.applied()
    cut, unheard = folder.amounting(100_000), "Uppgiften är hennes egen."
    proposal = propose(**office.act("hanna"), sheet=cut.id, reasons=REASONS, language="sv", unheard=unheard)
    decide(**office.act("bo"), decision=proposal.id, version=proposal.version)
    assert _open(folder) == ["other help"]
    refused("reasons", leave_other_help, **office.act("hanna"), case=folder.case.id, reasons="nej")
    leave_other_help(**office.act("hanna"), case=folder.case.id, reasons="Ingen har bett om det.")
    assert (_open(folder), _kinds(folder)) == ([], ["other help left"])
    # a refusal is by two, whoever may decide, and the database holds it
    row = propose_other_help(**told_of(folder, amount=0))
    with pytest.raises(NotAllowed):
        withdraw_other_help(**office.act("bo"), help_=row.id, version=row.version)
    refused("reasons", return_other_help, **office.act("bo"), help_=row.id, version=row.version, reason="x")
    back = return_other_help(**office.act("bo"), help_=row.id, version=row.version, reason="Skriv varför.")
    with pytest.raises(Conflict):
        decide_other_help(**office.act("bo"), help_=row.id, version=back.version)
    row = propose_other_help(**told_of(folder, amount=0))
    row = decide_other_help(**office.act("bo"), help_=row.id, version=row.version)
    with acting(office.slug, TEST, "look"):
        assert not Settlement.objects.filter(booking__account_code=OTHER_HELP).exists()
        letter = PersonalLetter.objects.get(case=folder.case)
        assert "Du får inget för det här" in letter.content["outcome"] and letter.content["lines"] == []
        tenant, proposer = acting_door().the_tenant.id, OtherHelp.objects.get(id=row.id).proposed_by_id
    alone = pytest.raises(psycopg.errors.CheckViolation, match="refused_by_two")
    with connect("web", autocommit=True) as web, alone:
        _as_web(web, tenant, "UPDATE payments_otherhelp SET decided_by_id = %s WHERE id = %s", proposer, row.id)


def test_it_takes_a_delegation_of_its_own(office: Office) -> None:
    _delegated(office, "grant")
    row = propose_other_help(**told_of(office.case()))
    refused("delegation", decide_other_help, **office.act("bo"), help_=row.id, version=row.version)
    _delegated(office, "other help", clause="punkt 5.1", most=120_000)
    row = decide_other_help(**office.act("bo"), help_=row.id, version=row.version)
    assert "punkt 5.1" in row.delegation
    dear = propose_other_help(**told_of(office.case(("Eva", "Ek", "19700101")), applied=120_001, amount=120_001))
    refused("delegation", decide_other_help, **office.act("bo"), help_=dear.id, version=dear.version)


def test_what_is_split_counts_together_for_the_second_pair_of_eyes_and_the_delegation(office: Office) -> None:
    set_policy(**office.by(TEST), name="four_eyes_above", value=200_000)
    office.admit("vera", "Vera Vaksam", "decider", "caseworker")
    folder, vera = office.case(), office.act("vera")
    told = {**told_of(folder), **vera}
    first = propose_other_help(**told)
    assert decide_other_help(**vera, help_=first.id, version=first.version).state == "decided"  # alone, below the limit
    second = propose_other_help(**told)
    refused("second pair of eyes", decide_other_help, **vera, help_=second.id, version=second.version)
    _delegated(office, "other help", clause="punkt 5.1", most=239_999)
    refused("delegation", decide_other_help, **office.act("bo"), help_=second.id, version=second.version)
    _delegated(office, "other help", clause="punkt 5.2", most=240_000)
    decided = decide_other_help(**office.act("bo"), help_=second.id, version=second.version)
    assert "punkt 5.2" in decided.delegation
    later = propose_other_help(**{**told, "month": office.month - 1})  # another month stands by itself
    assert decide_other_help(**vera, help_=later.id, version=later.version).state == "decided"


def _again(folder: Folder, help_: OtherHelp, who: str = "hanna", **other: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"help_": help_.id, "ground": "37", "purpose": "Sommarläger för barnet"}
    told |= {"applied": 120_000, "amount": 120_000, "reasons": "Avgiften var högre.", "language": "sv"}
    return {**folder.office.act(who), **told, **other}


def _taken(office: Office, row: OtherHelp) -> OtherHelp:
    return decide_other_help(**office.act("bo"), help_=row.id, version=row.version)


def _paid(folder: Folder) -> list[tuple[int, str]]:
    with acting(folder.office.slug, TEST, "look"):
        return list(Payment.objects.filter(case=folder.case).order_by("id").values_list("amount", "state"))


def test_a_later_decision_takes_its_place_and_only_the_difference_is_paid(office: Office, database: Any) -> None:
    folder = office.case()
    first = _taken(office, propose_other_help(**told_of(folder, amount=50_000)))
    with acting(office.slug, TEST, "look"):
        letter = PersonalLetter.objects.get(case=folder.case).content_digest
    office.sent()
    refused("ground of change", propose_other_help_anew, **_again(folder, first, ground=""))
    refused("ground of change", propose_other_help_anew, **_again(folder, first, ground="new"))
    refused("to disadvantage", propose_other_help_anew, **_again(folder, first, amount=40_000))
    refused("help has left", propose_other_help_anew, **_again(folder, first, amount=40_000, ground="36"))
    refused("reasons", propose_other_help_anew, **_again(folder, first, reasons="ja"))
    with pytest.raises(NotAllowed):
        propose_other_help_anew(**_again(folder, first, who="rut"))
    proposal = propose_other_help_anew(**_again(folder, first))
    with pytest.raises(Hidden):  # nothing that is only proposed is replaced
        propose_other_help_anew(**_again(folder, proposal))
    second = _taken(office, proposal)
    assert _paid(folder) == [(50_000, "sent"), (70_000, "planned")]
    refused("replaced", propose_other_help_anew, **_again(folder, first))
    with acting(office.slug, TEST, "look"):
        standing = Booking.objects.filter(case=folder.case, account_code=OTHER_HELP)
        assert [b.amount for b in standing.order_by("booked_at", "id")] == [50_000, -50_000, 120_000]
        content = PersonalLetter.objects.get(id=second.letter_id).content
        assert PersonalLetter.objects.get(id=first.letter_id).content_digest == letter
        assert set(help_replaced()) == {first.id}
        payments = list(Payment.objects.filter(case=folder.case))
        assert {one.id for one in other_help_behind(payments).values()} == {second.id}
    said = " ".join(text for _, text in content["parts"]).replace("\xa0", " ")
    assert first.number in said and "700 kr mer" in said and "37 § förvaltningslagen" in content["legal_basis"]
    assert "laglighetsprövning" in content["remedy"]  # as the first, not as a decision on a month
    with _verified(database, office) as report:
        assert report.findings == [], report.to_text()


def test_less_by_two_and_only_while_it_has_not_left(office: Office, database: Any, connect: Any) -> None:
    folder = office.case()
    first = _taken(office, propose_other_help(**told_of(folder)))
    row = propose_other_help_anew(**_again(folder, first, ground="36", amount=12_000, applied=12_000))
    assert row.delegation != "" and row.replaces_id == first.id
    second = _taken(office, row)
    assert _paid(folder) == [(120_000, "stopped"), (12_000, "planned")]
    # what left in between isn't taken back by a proposal from before
    waiting = propose_other_help_anew(**_again(folder, second, ground="36", amount=0))
    office.sent()
    refused("help has left", decide_other_help, **office.act("bo"), help_=waiting.id, version=waiting.version)
    withdraw_other_help(**office.act("hanna"), help_=waiting.id, version=waiting.version)
    third = _taken(office, propose_other_help_anew(**_again(folder, second, applied=60_000, amount=12_000)))
    assert _paid(folder) == [(120_000, "stopped"), (12_000, "sent")]
    # one that was refused is granted after all
    refusal = _taken(office, propose_other_help(**told_of(folder, amount=0, purpose="Cykel")))
    granted = _taken(office, propose_other_help_anew(**_again(folder, refusal, purpose="Cykel", amount=30_000)))
    assert _paid(folder)[2:] == [(30_000, "planned")]
    with acting(office.slug, TEST, "look"):
        assert granted_with(granted) == 12_000 + 30_000  # a replaced one counts no more
        assert sum(b.amount for b in Booking.objects.filter(account_code=OTHER_HELP, case=folder.case)) == 42_000
        tenant, proposer = acting_door().the_tenant.id, OtherHelp.objects.get(id=second.id).proposed_by_id
    with _verified(database, office) as report:
        assert report.findings == [], report.to_text()
    alone = pytest.raises(psycopg.errors.CheckViolation, match="taken_back_by_two")
    with connect("web", autocommit=True) as web, alone:
        _as_web(web, tenant, "UPDATE payments_otherhelp SET decided_by_id = %s WHERE id = %s", proposer, second.id)
    with connect("web", autocommit=True) as web:
        _as_web(web, tenant, "UPDATE payments_otherhelp SET ground = '37' WHERE id = %s", second.id)
    with _verified(database, office) as report:
        found = {one.text for one in report.findings if one.table == "payments_otherhelp"}
        assert "leaves less than before without a ground, or by one alone" in found
    assert third.id
