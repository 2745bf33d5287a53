"""What didn't arrive stands on a page with its reason, is sent again or given to a colleague, in a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from handslag.domain.exchange.models import Message
from handslag.domain.tenancy.door import acting
from handslag.kernel import clock
from tests.bed import Process
from tests.exchange import Pair, Side, unreadable
from tests.office import TEST, open_office
from tests.sedex import Post, by_sedex


@pytest.mark.parametrize(("width", "script"), [(360, False)], ids=["phone without JavaScript"])
def test_what_did_not_arrive_is_sent_again_or_given_to_a_colleague(
    database: Any, connect: Any, log_in: Callable[..., Page], server: Process, axe: Any, picture: Any, fine: Any,
    width: int, script: bool,
) -> None:  # fmt: skip
    asker, answerer = open_office(connect, "fraga"), open_office(connect, "svar")
    pair = Pair(database, Side(asker), Side(answerer), asker.case(), asker.now)
    pair.later(days=-16)
    expired = pair.asked(text="Betalar ni hyran?", answer_by=asker.today)
    pair.later(seconds=11)
    pair.leaves(pair.asker)
    pair.now = clock.now()
    pair.watch(pair.asker)
    waits, on_the_way = pair.asked(text="Betalar ni elen?"), None
    pair.settle()
    on_the_way = pair.asked(text="Betalar ni gasen?")
    arrival = unreadable(connect, asker, "okand")

    hanna = log_in(asker, "hanna", width=width, java_script_enabled=script)
    desk = server.url("desk", f"/{asker.slug}/")
    hanna.goto(desk + "questions/")
    hanna.get_by_role("link", name="1 message didn’t get through").click()
    lost = hanna.get_by_role("table", name="Didn’t arrive")
    expect(lost).to_contain_text("Nobody collected it in 14 days.")
    for part, row in (("On its way", on_the_way), ("Waits for an answer", waits)):
        link = hanna.get_by_role("table", name=part).get_by_role("link")
        expect(link).to_have_attribute("href", f"/{asker.slug}/questions/{row.id}/")
    expect(hanna.get_by_role("main")).not_to_contain_text("municipality:kommunkod:okand")  # a registrar's
    fine(hanna, "desk-traffic")
    hanna.set_viewport_size({"width": 1280, "height": 900})
    picture(hanna, "desk-traffic-1280")
    hanna.set_viewport_size({"width": width, "height": 800})
    lost.get_by_role("link").click()
    hanna.get_by_role("button", name="Give it to a colleague").click()
    expect(hanna.get_by_role("alert")).to_contain_text("Which colleague?")
    hanna.get_by_label("Which colleague?").select_option("Bo Beslutsfattare")
    hanna.get_by_role("button", name="Give it to a colleague").click()
    expect(hanna.get_by_role("status")).to_contain_text("Your colleague finds it under Tasks.")
    hanna.get_by_role("button", name="Send it again").click()  # the offered day is good
    expect(hanna.get_by_role("button", name="Take it back")).to_be_visible()
    hanna.goto(f"{desk}questions/traffic/{expired.id}/")
    expect(hanna.get_by_role("link", name="To the new message")).to_be_visible()
    expect(hanna.get_by_role("button", name="Send it again")).to_have_count(0)
    with acting(asker.slug, TEST, "look"):
        assert Message.objects.get(instead_of=expired.id).transport == "sealed"

    pair.settle()
    other = log_in(answerer, "hanna", width=width)
    other.goto(server.url("desk", f"/{answerer.slug}/questions/"))
    other.get_by_role("link", name="Petra Nilsson").first.click()
    other.get_by_role("button", name="I’m looking at it").click()
    expect(other.get_by_text("your unit is looking at it")).to_be_visible()
    expect(other.get_by_role("main")).not_to_contain_text("they are looking at it")

    rut = log_in(asker, "rut", width=width)
    rut.goto(desk + "questions/traffic/")
    rut.get_by_role("link", name="municipality:kommunkod:okand").click()
    picture(rut, f"desk-traffic-arrival-{width}")
    assert axe(rut) == []
    rut.get_by_role("button", name="Try again").click()
    expect(rut.get_by_role("main")).not_to_contain_text("okand")
    rut.goto(f"{desk}questions/arrivals/{arrival}/")
    expect(rut.get_by_role("main")).to_contain_text("It has been settled.")


def test_how_far_a_message_came_at_sedex_stands_beside_it_in_words(
    database: Any, connect: Any, log_in: Callable[..., Page], server: Process, axe: Any, picture: Any, tmp_path: Path
) -> None:
    pair = by_sedex(database, Post.quiet(tmp_path))
    refused, sent = pair.asked(text="Betalar ni hyran?"), pair.asked(text="Betalar ni elen?")
    pair.later(seconds=11)
    pair.leaves(pair.asker)
    pair.meet(pair.asker)
    for code, message in ((310, refused), (401, sent), (601, sent)):
        pair.post.says(code, str(message.message_id))
        pair.later(seconds=1)
        pair.meet(pair.asker)
    hanna = log_in(pair.asker.office, "hanna", width=360)
    desk = server.url("desk", f"/{pair.asker.office.slug}/")
    hanna.goto(desk + "questions/traffic/")
    lost = hanna.get_by_role("table", name="Didn’t arrive")
    expect(lost).to_contain_text("Sedex doesn’t allow us to send such messages there: it has to be applied for.")
    expect(hanna.get_by_role("table", name="On its way")).to_contain_text("Sedex has it, and is taking it")
    lost.get_by_role("link").click()
    expect(hanna.get_by_role("button", name="Send it again")).to_be_visible()
    hanna.goto(f"{desk}questions/{sent.id}/")
    hanna.get_by_text("Its way, step by step").click()
    expect(hanna.get_by_role("main")).to_contain_text("Sedex couldn’t be reached. It is sent again by itself.")
    assert axe(hanna) == []
    picture(hanna, "desk-question-sedex-360")
    hanna.set_viewport_size({"width": 1280, "height": 900})
    picture(hanna, "desk-question-sedex-1280")
