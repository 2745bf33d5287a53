"""A question goes from a case to another organisation and its answer comes back beside the line, in a browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from handslag.domain.exchange.models import Message
from handslag.domain.people.operations.persons import set_protection
from handslag.kernel import clock
from tests.bed import Process
from tests.exchange import Pair, Side
from tests.office import open_office

Axe = Callable[[Page], list[str]]


@pytest.mark.parametrize(("width", "script"), [(1280, True), (360, False)], ids=["desktop", "phone without JavaScript"])
def test_a_line_is_asked_about_and_answered_beside_it(
    database: Any, connect: Any, log_in: Callable[..., Page], server: Process, fine: Any,
    width: int, script: bool,
) -> None:  # fmt: skip
    look = {"width": width, "java_script_enabled": script}

    asker, answerer = open_office(connect, "fraga"), open_office(connect, "svar")
    folder = asker.case()
    folder.applied()
    pair = Pair(database, Side(asker), Side(answerer), folder, asker.now)

    def settle() -> None:
        pair.now = clock.now()
        pair.settle()

    hanna, other = log_in(asker, "hanna", **look), log_in(answerer, "hanna", **look)
    case = server.url("desk", f"/{asker.slug}/cases/{folder.case.id}/periods/{asker.month}/")
    hanna.goto(case)
    hanna.get_by_role("link", name="Ask another organisation").click()
    hanna.get_by_role("button", name="Send the question").click()
    expect(hanna.get_by_role("alert")).to_contain_text("Whom do you ask?")
    fine(hanna, "desk-ask-error")
    with_name = pair.answerer.address
    hanna.get_by_label("Whom do you ask?").select_option(with_name)
    hanna.get_by_label("Rent").check()
    hanna.get_by_label("Your question").fill("Betalar ni också hyran?")
    hanna.get_by_label("On what ground").fill("10 kap. 28 § OSL")
    hanna.get_by_role("button", name="Send the question").click()
    expect(hanna.get_by_role("button", name="Take it back")).to_be_visible()
    fine(hanna, "desk-question-leaving")
    settle()

    desk = server.url("desk", f"/{answerer.slug}/")
    other.goto(desk + "tasks/")
    expect(other.get_by_role("row")).to_have_count(2)
    other.goto(desk + "questions/")
    fine(other, "desk-questions")
    other.get_by_role("link", name="Petra Nilsson").click()
    other.get_by_role("button", name="Send the answer").click()
    expect(other.get_by_role("alert")).to_contain_text("Write the answer")
    fine(other, "desk-question-error")
    other.get_by_role("button", name="I’m looking at it").click()
    settle()
    hanna.goto(case)
    expect(hanna.get_by_text("they are looking at it").first).to_be_visible()
    hanna.goto(server.url("desk", f"/{asker.slug}/questions/"))
    hanna.get_by_role("link", name="Petra Nilsson").click()
    hanna.get_by_text("Recall the question").click()
    hanna.get_by_role("button", name="Recall it").click()
    expect(hanna.get_by_role("alert")).to_contain_text("Why you no longer need an answer")
    fine(hanna, "question-recall-error")
    hanna.get_by_text("Remind them").click()
    hanna.get_by_role("button", name="Send the reminder").click()
    expect(hanna.get_by_text("We still need your answer")).to_be_visible()
    settle()
    other.goto(desk + "tasks/")
    expect(other.get_by_role("table")).to_contain_text("still waits for your answer")
    other.goto(desk + "questions/")
    other.get_by_role("link", name="Petra Nilsson").click()
    fine(other, "question-reminded")
    other.locator("textarea[name=text-1]").fill("Ja, 3 000 kr i november.")
    other.get_by_role("button", name="Send the answer").click()
    expect(other.get_by_role("button", name="Take it back")).to_be_visible()
    settle()
    other.reload()
    expect(other.get_by_role("button", name="Send the answer")).to_have_count(0)
    fine(other, "desk-question-answered")

    hanna.goto(case)
    expect(hanna.locator("#costs")).to_contain_text("Ja, 3 000 kr i november.")
    fine(hanna, "desk-case-with-answer")
    hanna.goto(server.url("desk", f"/{asker.slug}/tasks/"))
    expect(hanna.get_by_role("table")).to_contain_text("Another organisation answered")
    fine(hanna, "desk-tasks-with-answer")


def test_words_about_somebody_who_is_marked_leave_with_a_reason_why(
    database: Any, connect: Any, desk: Callable[..., Any]
) -> None:
    here, there = open_office(connect, "vill"), open_office(connect, "markerar")
    folder, theirs = here.case(), there.case()
    set_protection(**there.act("rut"), person=theirs.citizens[0].id, level=1, address_level=1, version=1)
    pair = Pair(database, Side(here), Side(there), folder, here.now)
    words, code, back = pair.asked(), pair.asked(), pair.asked()
    pair.settle()
    bo = desk(there, "bo")

    def says(asked: Any, act: str, **told: str) -> Any:
        page = f"/questions/{pair.answerer.message(asked.message_id).id}/"
        return bo.open(page, act=act, key=str(uuid4()), **told)

    until = (there.today + timedelta(days=7)).isoformat()
    for asked, act, told in (
        (words, "answer", {"text-1": "Ja, till och med maj.", "reason-1": ""}),
        (back, "ask back", {"text": "Sedan när?", "until": until}),
    ):
        refused = says(asked, act, **told)
        assert refused.status_code == 422 and "Why may it be told all the same?" in refused.text
        assert says(asked, act, assessed="Hon har bett om det.", **told).status_code == 302
    assert says(code, "answer", **{"text-1": "", "reason-1": "NO_GROUND"}).status_code == 302
    pair.settle()
    found = [pair.asker.message(one.message_id).business for one in (words, code, back)]
    assert found == ["accepted", "rejected", "question"]
    told = pair.asker.rows(Message, direction="in", reference=words.message_id)[0].content
    assert "Ja, till och med maj." in told and "bett om det" not in told
