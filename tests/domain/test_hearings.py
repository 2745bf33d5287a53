"""Nobody gets less by what she wasn't told of before, and asked about; each adult for herself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from handslag.domain.audit.models import Payload
from handslag.domain.decisions.models import Hearing
from handslag.domain.decisions.operations import answer_hearing, decide, note_hearing, open_hearing, propose
from handslag.domain.decisions.queries import hearings_for
from handslag.domain.documents.models import Text
from handslag.domain.payments.models import Booking
from handslag.domain.tasks.models import Notice, Task
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.permissions import Hidden
from tests.domain.test_decisions import ENOUGH
from tests.office import C1_MOST, TEST, Folder, Office, refused

ABOUT = "Enligt arbetsgivaren fick du lön i november. Vi överväger att besluta om 5 550 kr."
CANARY = "kanariefågelns hemlighet"
REASONS = "Lönen var inte med i beräkningen."


def _couple(office: Office) -> Folder:
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"), email="adult@people.example")
    folder.applied()
    folder.decided()
    return folder


def _lower(folder: Folder) -> dict[str, Any]:
    """A calculation that amounts to a thousand kronor less, and what proposes it."""
    income = {"code": "ACTIVITY_SUPPORT", "gross": 660_000, "source": "evidence"}
    sheet = folder.assessed(incomes=[income])
    return {"sheet": sheet.id, "reasons": REASONS, "language": "sv", "ground": "37.3"}


def test_each_adult_is_asked_answers_alone_and_then_it_is_decided_by_two(office: Office) -> None:
    folder = _couple(office)
    amina, yusuf = folder.citizens
    told = _lower(folder)
    refused("not heard", propose, **office.act("hanna"), **told)
    period, later = folder.period().id, office.today + timedelta(days=14)
    ask = {**office.act("hanna"), "period": period}
    refused("hearing about", open_hearing, **ask, about=" lön ", answer_by=later)
    refused("hearing day", open_hearing, **ask, about=ABOUT, answer_by=office.today)
    hers, his = open_hearing(**ask, about=ABOUT, answer_by=later)
    refused("hearing open", open_hearing, **ask, about=ABOUT, answer_by=later)
    refused("not heard", propose, **office.act("hanna"), **told)
    with acting(office.slug, TEST, "look"):
        assert [n.person_id for n in Notice.objects.filter(kind="hearing", person__isnull=False).order_by("id")] == [
            amina.id, yusuf.id,
        ]  # fmt: skip
        assert Task.objects.filter(subject_id=folder.case.id, kind="hearing", state="open").count() == 1
        assert Text.objects.get(id=hers.terms_id).key == "hearing"
        assert [h.id for h in hearings_for(amina.id, [folder.case.id])] == [hers.id]
    # hers alone: not his to answer, nor anybody's elsewhere, nor a job's
    stranger = office.case(("Eva", "Ek", "19700101")).citizens[0]
    for actor in (yusuf, system("nightly"), TEST, stranger):
        with pytest.raises(Hidden):
            answer_hearing(**office.by(actor), hearing=hers.id, answer="jag svarar för henne")
    refused("empty message", answer_hearing, **office.by(amina), hearing=hers.id, answer=" \n ")
    said = answer_hearing(**office.by(amina), hearing=hers.id, answer=f" {CANARY}\r\nLönen kom från ett annat år. ")
    assert said.answer == f"{CANARY}\nLönen kom från ett annat år."
    refused("hearing answered", answer_hearing, **office.by(amina), hearing=hers.id, answer="en gång till")
    with acting(office.slug, TEST, "look"):
        assert not any(CANARY in str(body) for body in Payload.objects.values_list("body", flat=True))
        assert Notice.objects.filter(kind="hearing", member_id=office.members["hanna"]).count() == 1
    refused("not heard", propose, **office.act("hanna"), **told)  # he still has time
    noted = note_hearing(**office.act("hanna"), hearing=his.id, answer="Ringde i dag: det stämmer.")
    assert noted.noted_by_id == office.members["hanna"]
    proposal = propose(**office.act("hanna"), **told)
    assert proposal.unheard is None
    decided = decide(**office.act("bo"), decision=proposal.id, version=proposal.version)
    assert decided.state == "decided"


def test_who_does_not_answer_is_heard_when_the_day_has_passed_and_can_answer_until_it_is_decided(
    office: Office,
) -> None:
    folder = _couple(office)
    told = _lower(folder)
    day = office.today + timedelta(days=2)
    first, second = open_hearing(**office.act("hanna"), period=folder.period().id, about=ABOUT, answer_by=day)
    at_noon = {**office.act("hanna"), "now": office.now + timedelta(days=2)}
    after = {**office.act("hanna"), "now": office.now + timedelta(days=3, hours=1)}
    refused("not heard", propose, **at_noon, **told)
    proposal = propose(**after, **told)
    late = {"tenant": office.slug, "by": folder.citizens[0], "now": after["now"]}
    answer_hearing(**late, hearing=first.id, answer="Jag var på sjukhus.")
    decide(**{**after, "by": office.staff["bo"]}, decision=proposal.id, version=proposal.version)
    decided = {"tenant": office.slug, "by": folder.citizens[1], "now": after["now"] + timedelta(hours=1)}
    refused("hearing over", answer_hearing, **decided, hearing=second.id, answer="För sent.")
    # what was asked before that decision doesn't count for the next one
    income = {"code": "ACTIVITY_SUPPORT", "gross": 700_000, "source": "evidence"}
    again = {**told, "sheet": folder.assessed(incomes=[income]).id}
    refused("not heard", propose, **{**after, "now": decided["now"]}, **again)


def test_a_first_refusal_by_what_she_has_not_said_herself_waits_until_she_is_heard(office: Office) -> None:
    folder = office.case()
    folder.applied()
    said = {"code": "ACTIVITY_SUPPORT", "gross": C1_MOST, "source": "evidence"}
    told = {"sheet": folder.assessed(incomes=[said]).id, "reasons": REASONS, "language": "sv"}
    refused("not heard", propose, **office.act("hanna"), **told)
    refused("not heard", propose, **office.act("hanna"), **told, unheard="bråttom")  # one word is no reason
    (hers,) = open_hearing(
        **office.act("hanna"), period=folder.period().id, about=ABOUT, answer_by=office.today + timedelta(days=9)
    )
    refused("not heard", propose, **office.act("hanna"), **told)
    answer_hearing(**office.by(folder.citizens[0]), hearing=hers.id, answer="Ja, det stämmer.")
    refusal = propose(**office.act("hanna"), **told)
    assert (refusal.outcome, refusal.unheard) == ("avslag", None)
    # what she applied with herself she knows, and so does who gets all that she applied for
    other = office.case(("Gun", "Granath", "19850101"))
    other.applied(ENOUGH)
    assert propose(**office.act("hanna"), **{**told, "sheet": other.assessed().id}).outcome == "avslag"
    third = office.case(("Ola", "Ek", "19800101"))
    third.applied()
    why = "Hon ringde själv om lönen i går."
    partly = propose(
        **office.act("hanna"), **{**told, "sheet": third.assessed(incomes=[{**said, "gross": 600_000}]).id}, unheard=why
    )
    assert (partly.outcome, partly.unheard) == ("delavslag", why)


def test_who_was_asked_once_more_has_her_time_also_after_an_answer_and_after_the_proposal(office: Office) -> None:
    folder = office.case()
    folder.applied()
    income = {"code": "ACTIVITY_SUPPORT", "gross": 600_000, "source": "evidence"}
    told = {"sheet": folder.assessed(incomes=[income]).id, "reasons": REASONS, "language": "sv"}
    ask = {"period": folder.period().id, "about": ABOUT, "answer_by": office.today + timedelta(days=9)}
    (first,) = open_hearing(**office.act("hanna"), **ask)
    answer_hearing(**office.by(folder.citizens[0]), hearing=first.id, answer="Det är inte min lön.")
    office.now += timedelta(minutes=1)
    (second,) = open_hearing(**office.act("hanna"), **ask)
    refused("not heard", propose, **office.act("hanna"), **told)
    answer_hearing(**office.by(folder.citizens[0]), hearing=second.id, answer="Jag har aldrig arbetat där.")
    row = propose(**office.act("hanna"), **told)
    office.now += timedelta(minutes=1)
    (third,) = open_hearing(**office.act("hanna"), **ask)
    refused("not heard", decide, **office.act("bo"), decision=row.id, version=row.version)
    answer_hearing(**office.by(folder.citizens[0]), hearing=third.id, answer="Se min deklaration.")
    assert decide(**office.act("bo"), decision=row.id, version=row.version).outcome == "delavslag"


def test_the_table_keeps_an_answer_whole_and_jobs_out(office: Office, connect: Any) -> None:
    folder = _couple(office)
    day = office.today + timedelta(days=2)
    first, _ = open_hearing(**office.act("hanna"), period=folder.period().id, about=ABOUT, answer_by=day)
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
        before = [list(model.objects.order_by("id").values()) for model in (Hearing, Booking)]

    def tried(role: str, statement: str) -> None:
        with connect(role, autocommit=True) as connection, connection.transaction():
            connection.execute("SELECT set_config('app.tenant', %s, true)", [str(tenant)])
            connection.execute(statement.encode(), [first.id])

    answered = "UPDATE decisions_hearing SET answer = 'x', answered_at = now() WHERE id = %s"
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        tried("worker", answered)
    with pytest.raises(psycopg.errors.CheckViolation, match="hearing_answered_with_moment"):
        tried("web", "UPDATE decisions_hearing SET answer = 'x' WHERE id = %s")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        tried("web", "DELETE FROM decisions_hearing WHERE id = %s")
    with acting(office.slug, TEST, "look"):
        assert [list(model.objects.order_by("id").values()) for model in (Hearing, Booking)] == before
