"""What authorities say about a person, on her own pages: she says that a line is wrong, and a person answers it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from handslag.domain.audit.models import ReadEntry
from handslag.domain.decisions.operations import decide, propose
from handslag.domain.intake.models import Draft
from handslag.domain.intake.operations import save_answers
from handslag.domain.lookups.models import Dispute, FetchedLine, LookUp
from handslag.domain.lookups.operations import (
    NewAnswer,
    NewLine,
    answer_dispute,
    dispute_line,
    record_answers,
    take_dispute_back,
)
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Conflict, NotPossible
from tests.office import C1, TEST

ASKED = ["FK", "SO"]
COUPLE = (("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))


def answered(folder: Any, adult: int, *answers: NewAnswer) -> list[UUID]:
    """Record what came about one adult; gives the lines' keys."""
    office, person = folder.office, folder.citizens[adult].id
    with acting(office.slug, TEST, "look"):
        asked = LookUp.objects.get(person_id=person).id
    record_answers(tenant=office.slug, by=TEST, now=office.now, look_up=asked, answers=answers)
    with acting(office.slug, TEST, "look"):
        return list(FetchedLine.objects.filter(person_id=person).order_by("benefit").values_list("id", flat=True))


def line(office: Any, name: str, kr: int, benefit: str = "SJP") -> NewLine:
    return NewLine(benefit, name, (office.month - 1).since, kr * 100)


def tasks(folder: Any) -> dict[str, str]:
    with acting(folder.office.slug, TEST, "look"):
        return dict(Task.objects.filter(subject_id=folder.case.id).values_list("kind", "state"))


def test_she_says_that_a_line_is_wrong_and_reads_the_answer(
    new_office: Callable[..., Any],
    citizen: Callable[..., Any],
    log_in: Callable[..., Page],
    server: Any,
    axe: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
) -> None:
    office = new_office(authorities_asked=ASKED)
    folder = office.case()
    petra = citizen(folder, width=320)
    petra.log_in()
    page = petra.page
    page.get_by_role("button", name="Ansök för").first.click()
    page.wait_for_url("**/household/")
    answered(
        folder, 0, NewAnswer("FK", lines=(line(office, "Sjukpenning", 4321),)), NewAnswer("SO", True, "SO", "timeout")
    )
    page.get_by_label("Ja").first.check()
    page.get_by_role("button", name="Fortsätt").click()
    said = page.locator("#fetched")
    expect(said).to_contain_text("Sjukpenning")
    expect(said).to_contain_text("Försäkringskassan")
    expect(said).to_contain_text("vi frågar igen varje dag")
    picture(page, "citizen-fetched-320")
    assert axe(page) == []
    said.get_by_role("link", name="Det här är fel").click()
    page.get_by_role("button", name="Skicka till handläggaren").click()
    expect(page.get_by_role("alert")).to_contain_text("Välj vad som är fel.")
    page.get_by_label("Beloppet är fel").check()
    page.get_by_label("Berätta mer").fill("Jag fick <b>bara</b> 1234 kr")
    page.get_by_role("button", name="Skicka till handläggaren").click()
    expect(page.get_by_role("alert")).to_contain_text("Skriv vilket belopp det ska vara.")
    expect(page.get_by_label("Berätta mer")).to_have_value("Jag fick <b>bara</b> 1234 kr")
    picture(page, "citizen-dispute-error-320")
    assert axe(page) == []
    page.get_by_label("Vilket belopp").fill("1 234")
    page.get_by_role("button", name="Skicka till handläggaren").click()
    page.wait_for_url("**/income/**")
    expect(said).to_contain_text("Jag fick <b>bara</b> 1234 kr")
    expect(said).to_contain_text("Din handläggare tittar på det före beslutet.")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    picture(page, "citizen-disputed-320")
    assert tasks(folder) == {"line disputed": "open"}

    with acting(office.slug, TEST, "look"):
        draft = Draft.objects.get(case=folder.case)
    petra_acts = office.by(folder.citizens[0])
    folder.signed(save_answers(**petra_acts, draft=draft.id, version=draft.version, part=C1))
    folder.assessed()
    address = server.url("desk", f"/{office.slug}/cases/{folder.case.id}/periods/{office.month}/")
    for width in (360, 1280):
        desk = log_in(office, "hanna", width=width)
        desk.goto(address)
        expect(desk.locator("#look-ups")).to_contain_text("Petra Nilsson says that this is wrong: the amount is wrong")
        picture(desk, f"desk-disputed-{width}")
        assert axe(desk) == []
        assert desk.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    desk.goto(f"{address}proposal/")
    expect(desk.get_by_text("An applicant says that a fetched line is wrong").first).to_be_visible()
    desk.get_by_role("link", name="Answer it before").click()
    desk.get_by_label("We go by what the applicant says").check()
    desk.get_by_role("button", name="Answer : Sjukpenning").click()
    expect(desk.get_by_role("alert").first).to_contain_text("Write why. The applicant reads it.")
    expect(desk.get_by_label("We go by what the applicant says")).to_be_checked()
    desk.get_by_label("Why; the applicant reads it").fill("Kontoutdraget visar 1 234 kr")
    desk.get_by_role("button", name="Answer : Sjukpenning").click()
    expect(desk.locator("#look-ups")).to_contain_text("We go by what the applicant says: Kontoutdraget visar 1 234 kr")
    assert tasks(folder)["line disputed"] == "done"

    petra.goto("my/")
    page.get_by_role("link", name="Vad de säger om dig för").click()
    expect(page.locator("#fetched")).to_contain_text("Vi går på det som du säger: Kontoutdraget visar 1 234 kr")
    picture(page, "citizen-dispute-answered-320")
    assert axe(page) == []
    with acting(office.slug, TEST, "look"):
        reads = ReadEntry.objects.filter(what__startswith="look-up", actor_id=folder.citizens[0].id)
        assert reads.exists()


def test_no_decision_while_a_dispute_waits(new_office: Any) -> None:
    office = new_office(authorities_asked=["FK"])
    folder = office.case()
    folder.applied()
    key, other = answered(
        folder, 0, NewAnswer("FK", lines=(line(office, "Bostadsbidrag", 1, "BOB"), line(office, "Sjukpenning", 9)))
    )
    sheet = folder.assessed()
    petra, hanna = office.by(folder.citizens[0]), office.act("hanna")
    first = dispute_line(**petra, line=key, reason="missing", text="", amount=None)
    with pytest.raises(NotPossible, match="dispute unanswered"):
        propose(**hanna, sheet=sheet.id, reasons="", language="sv")
    second = dispute_line(**petra, line=key, reason="other", text="Jag är hungrig", amount=None)
    assert (tasks(folder)["line disputed"], tasks(folder)["urgent words"]) == ("open", "open")
    with pytest.raises(Conflict):  # what she has said since counts
        answer_dispute(**hanna, dispute=first.id, verdict="fetched", why="Utbetalt den 3")
    answer_dispute(**hanna, dispute=second.id, verdict="fetched", why="Utbetalt den 3")
    with pytest.raises(Conflict):
        answer_dispute(**hanna, dispute=second.id, verdict="said", why="Igen")
    with pytest.raises(NotPossible, match="not disputed"):
        take_dispute_back(**petra, line=key)
    proposal = propose(**hanna, sheet=sheet.id, reasons="", language="sv")
    dispute_line(**petra, line=other, reason="not_mine", text="", amount=None)
    with pytest.raises(NotPossible, match="dispute unanswered"):
        decide(**office.act("bo"), decision=proposal.id, version=proposal.version)
    take_dispute_back(**petra, line=other)
    assert tasks(folder)["line disputed"] == "done"
    decide(**office.act("bo"), decision=proposal.id, version=proposal.version)
    with pytest.raises(NotPossible, match="decided"):
        dispute_line(**petra, line=other, reason="not_mine", text="", amount=None)


def test_what_she_typed_while_the_month_was_decided_is_shown_to_her(new_office: Any, visit: Callable[..., Any]) -> None:
    office = new_office(authorities_asked=["FK"])
    folder = office.case()
    folder.applied()
    (key,) = answered(folder, 0, NewAnswer("FK", lines=(line(office, "Sjukpenning", 9),)))
    folder.decided()
    here = f"/{office.slug}/cases/{folder.case.id}/periods/{office.month}/look-ups/{key}/"
    page = visit(office, folder.citizens[0]).post(here, {"reason": "other", "text": "Jag var sjuk hela tiden"})
    assert page.status_code == 422
    said = page.content.decode()
    assert "Jag var sjuk hela tiden" in said
    assert "inte skickat" in said
    with acting(office.slug, TEST, "look"):
        assert not Dispute.objects.exists()


def test_each_adult_sees_and_disputes_her_own_lines_only(new_office: Any, visit: Callable[..., Any]) -> None:
    office, elsewhere = new_office(authorities_asked=["FK"]), new_office("other", authorities_asked=["FK"])
    folder = office.case(*COUPLE)
    folder.applied()
    (hers,) = answered(folder, 0, NewAnswer("FK", lines=(line(office, "Kanarie Amina", 9),)))
    (his,) = answered(folder, 1, NewAnswer("FK", lines=(line(office, "Kanarie Yusuf", 9),)))
    amina, yusuf = folder.citizens
    dispute_line(**office.by(amina), line=hers, reason="other", text="Kanarietext", amount=None)
    here = f"/{office.slug}/cases/{folder.case.id}/periods/{office.month}/look-ups/"
    assert "Kanarietext" in visit(office, amina).get(here).content.decode()
    partner = visit(office, yusuf).get(here).content.decode()
    assert "Kanarie Yusuf" in partner
    assert "Kanarie Amina" not in partner and "Kanarietext" not in partner
    stranger = elsewhere.case(("Eva", "Ek", "19700101")).citizens[0]
    for who, place, key in ((yusuf, office, hers), (amina, office, his), (stranger, elsewhere, hers)):
        with pytest.raises(Hidden):
            dispute_line(**place.by(who), line=key, reason="other", text="hej", amount=None)
        assert visit(place, who).get(here.replace(office.slug, place.slug) + f"{key}/").status_code == 404
    with acting(office.slug, TEST, "look"):
        said = Dispute.objects.get().id
    with pytest.raises(Hidden):
        answer_dispute(**elsewhere.act("hanna"), dispute=said, verdict="said", why="hej")


def test_what_an_authority_marks_is_on_no_page_of_hers(new_office: Any, visit: Callable[..., Any]) -> None:
    office = new_office(authorities_asked=["FK"])
    folder = office.case()
    folder.applied()
    (key,) = answered(folder, 0, NewAnswer("FK", secrecy=True, lines=(line(office, "Kanariefågel", 9),)))
    here = f"/{office.slug}/cases/{folder.case.id}/periods/{office.month}/look-ups/"
    petra = visit(office, folder.citizens[0])
    assert "Kanariefågel" not in petra.get(here).content.decode()
    assert petra.get(f"{here}{key}/").status_code == 404
    with pytest.raises(Hidden):
        dispute_line(**office.by(folder.citizens[0]), line=key, reason="other", text="hej", amount=None)
