"""Kills, lost answers, crowds and a database that is gone: nothing is lost, nothing happens twice, everybody is told.

Small fixed sizes of the long runs in soak/, on one stage: own server, database, processes.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import psycopg
import pytest
from playwright.sync_api import BrowserContext, expect

from soak import contention, cut_answers, exchange_kills, kills
from soak.stage import LONGEST_WAIT, Person, Stage, citizen, staff
from soak.stage import stage as open_stage
from tests.bed import Database

SEED = 1
GONE = "Jag har bytt lägenhet & fått <ny> hyra: 7 450,50 kr"


@pytest.fixture(scope="module")
def stage(database: Database) -> Iterator[Stage]:
    with open_stage() as opened:
        yield opened


@pytest.mark.parametrize("victim", range(3), ids=kills.VICTIMS)
def test_a_process_killed_during_submit_decide_and_pay(stage: Stage, victim: int) -> None:
    counts: Counter[str] = Counter()
    for number in range(victim, 9, 3):
        assert kills.round(stage, number, Random(f"{SEED}:{number}"), counts) == []
    name = kills.VICTIMS[victim]
    for step in ("submit", "decide", "pay"):
        assert sum(n for what, n in counts.items() if what.startswith(f"{name} killed during {step}")) == 3


def test_an_answer_cut_off_between_commit_and_reply(stage: Stage) -> None:
    counts: Counter[str] = Counter()
    for number in range(10):
        assert cut_answers.round(stage, number, Random(f"{SEED}:{number}"), counts) == []
    assert sum(counts.values()) == 10


def test_everybody_at_once_is_done_once_and_all_are_told(stage: Stage) -> None:
    counts: Counter[str] = Counter()
    assert contention.round(stage, 0, Random(SEED), counts, parallel=8) == []
    assert counts["requests at once"] == 32


def test_sender_courier_receiver_and_database_killed_while_messages_cross(stage: Stage) -> None:
    def restart() -> None:
        stage.kill_database()
        stage.start_database()

    counts: Counter[str] = Counter()
    setting = exchange_kills.Setting(stage.data, stage.database, restart)
    setting.sides = setting.office("kills")
    random = Random(SEED)
    strikes = [(random.uniform(0, 0.4), exchange_kills.VICTIMS[number % 4]) for number in range(10)]
    with exchange_kills.crew(stage.data, stage.database):
        assert exchange_kills.cross(setting, 2, strikes, counts) == []
    assert [counts[f"{victim} killed"] for victim in exchange_kills.VICTIMS] == [3, 3, 2, 2]
    assert (counts["crossed"] >= 2, counts["verified"]) == (True, 1)


def _draft(stage: Stage, birth: str) -> tuple[Any, Any, Person]:
    """An office, a renewal begun in it, and who began it at her browser."""
    office = stage.office()
    folder = office.case(("Dina", "Draft", birth))
    return office, folder.draft(), citizen(stage, office, folder)


def test_while_the_database_is_gone_texts_sessions_and_jobs_live_on(stage: Stage) -> None:
    office, draft, person = _draft(stage, "19950505")
    here = f"/{office.slug}/drafts/{draft.id}/costs/"
    typed = {"version": str(draft.version), "costs-0-code": "RENT", "costs-0-amount": "7 450,50", "message": GONE}
    typed["action"] = "continue"
    decider = staff(stage, office, "bo")
    decided = office.case(("Ulf", "Underväg", "19660101"))
    decided.applied()
    stage.worker.kill()
    decided.decided()  # its letter waits
    stage.worker.start()
    stage.kill_database()
    for answer in (person.send("POST", here, **typed), person.send("GET", here), decider.send("GET", "/")):
        assert answer.status_code == 503
        assert "Try again" in answer.text
    kept = person.send("POST", here, **typed).text
    for name in typed:
        assert f'name="{name}"' in kept
    assert "Jag har bytt lägenhet &amp; fått &lt;ny&gt; hyra: 7 450,50 kr" in kept
    assert f'action="{here}"' in kept
    assert person.send("GET", "/health").status_code == 503
    stage.start_database()
    first = person.send("GET", here)  # at once, and still logged in
    assert (first.status_code, 'name="version"' in first.text) == (200, True)
    assert decider.send("GET", f"/{office.slug}/proposals/").status_code == 200
    saved = person.send("POST", here, **typed)
    assert saved.headers["Location"] == f"/{office.slug}/drafts/{draft.id}/check/"
    ((message, amount),) = stage.ask(
        "SELECT answers->>'message', answers->'costs'->0->>'amount' FROM intake_draft WHERE id = %s", draft.id
    )
    assert (message, amount) == (GONE, "7 450,50")
    stage.jobs_done()  # the worker came back by itself
    assert stage.worker.child.process
    assert stage.worker.child.process.poll() is None
    assert stage.ask(
        "SELECT count(*) FROM decisions_letter l JOIN decisions_decision d ON d.id = l.decision_id"
        " WHERE d.case_id = %s AND l.document_id IS NOT NULL",
        decided.case.id,
    ) == [(1,)]


def test_the_job_of_a_dead_worker_is_found_and_done_once(stage: Stage) -> None:
    office = stage.office()
    decided = office.case(("Vera", "Väntar", "19560202"))
    decided.applied()
    stage.worker.kill()
    decided.decided()  # its letter waits
    of_the_letter = (
        "SELECT j.status::text, j.attempts FROM procrastinate_jobs j JOIN decisions_letter l ON l.id::text ="
        " j.args->>'letter' JOIN decisions_decision d ON d.id = l.decision_id WHERE d.case_id = %s"
    )
    with psycopg.connect(stage.database.admin) as hold:
        hold.execute("LOCK TABLE decisions_letter IN SHARE ROW EXCLUSIVE MODE")  # made, and not recorded
        stage.worker.start()
        until = time.monotonic() + LONGEST_WAIT
        while stage.ask(of_the_letter, decided.case.id) != [("doing", 0)] and time.monotonic() < until:
            time.sleep(0.05)
        stage.worker.kill()
    assert stage.ask(of_the_letter, decided.case.id) == [("doing", 0)]  # nobody does it, and it looks as if one did
    stage.worker.start()
    stage.jobs_done()
    assert stage.ask(of_the_letter, decided.case.id) == [("succeeded", 2)]
    assert len(stage.ask("SELECT 1 FROM documents_document WHERE subject_id = %s", decided.case.id)) == 1


def test_autosave_waits_for_the_database_and_then_saves(
    stage: Stage, new_context: Callable[..., BrowserContext]
) -> None:
    office, draft, person = _draft(stage, "19940404")
    context = new_context(locale="en")
    context.add_cookies([{"name": "session", "value": person.session, "url": stage.origin("apply")}])
    page = context.new_page()
    page.goto(f"{stage.origin('apply')}/{office.slug}/drafts/{draft.id}/costs/")
    status = page.locator(".h-saved")
    message = page.locator("textarea[name=message]")
    message.fill("Before")
    expect(status).to_have_text("Saved. You can leave and come back.")
    stage.kill_database()
    message.fill(GONE)
    expect(status).to_contain_text("Not saved yet")
    stage.start_database()
    expect(status).to_have_text("Saved. You can leave and come back.", timeout=15_000)
    assert stage.ask("SELECT answers->>'message' FROM intake_draft WHERE id = %s", draft.id) == [(GONE,)]
    expect(message).to_have_value(GONE)
