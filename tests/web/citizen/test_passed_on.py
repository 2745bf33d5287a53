"""What was told to other offices about me: each message that left, and nothing of what stayed here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from handslag.domain.exchange.operations.outbox import take_back
from handslag.domain.tenancy.door import acting
from handslag.messages.case_transfer.message import Contact, Item
from handslag.messages.document_request.message import Given
from handslag.messages.question import build
from handslag.messages.question.message import Answer
from tests.exchange import Pair, Side, given
from tests.office import TEST


def name_of(office: Any) -> str:
    """What an organisation is called."""
    with acting(office.slug, TEST, "look") as door:
        return str(door.the_tenant.name)


def told(client: Any, office: Any) -> str:
    """The section of the page, in one line."""
    text = client.get(f"/{office.slug}/looked/").content.decode()
    return " ".join(text.partition("fått veta</h2>")[2].partition("</section>")[0].split())


def test_a_person_reads_what_was_told_about_her_to_whom_and_on_which_ground(
    database: Any,
    new_office: Any,
    visit: Any,
    citizen: Any,
    axe: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
) -> None:
    here, there = new_office("fragar"), new_office("ger")
    couple = here.case(), there.case()
    pair = Pair(database, Side(here), Side(there), couple[0], here.now)
    mine, theirs = (visit(office, folder.citizens[0]) for office, folder in zip((here, there), couple, strict=True))
    question, asked = pair.asked(), pair.wanted("Hyresavtalet", "Beslutet")
    kept = pair.asked()
    take_back(**pair.act(pair.asker), message=kept.id, version=kept.version)
    assert told(mine, here) == ""  # nothing has left yet
    pair.settle()
    assert told(mine, here).count("en fråga om dig") == 2  # the request for documents asks as well
    assert f"<bdi>{name_of(there)}</bdi>" in told(mine, here) and "10 kap. 28 § OSL" in told(mine, here)
    assert told(theirs, there) == ""
    pair.answered(question, Answer(number=1, text="Ja, till och med maj."))
    pair.gave(asked, given(1), Given(number=2, reason="NO_GROUND"))
    pair.handed(Item(number=1, contact=Contact(telephone="070-1740605")))
    pair.settle()
    seen = told(theirs, there)
    assert "ett svar på en fråga om dig" in seen and "handlingar om dig: <bdi>hyresavtal.pdf</bdi>" in seen
    assert "Beslutet" not in seen and f"<bdi>{name_of(here)}</bdi>" in seen and "Som du samtyckte till" in seen
    assert "ditt ärende, eftersom du flyttar dit" in told(mine, here) and "070-1740605" not in told(mine, here)
    # what is refused, recalled or reminded of tells nothing
    refused = pair.asked()
    pair.settle()
    pair.added(refused, "Har ni sett den?", build.reminding)
    pair.settle()
    pair.answered(refused, Answer(number=1, reason="NO_GROUND"))
    pair.settle()
    assert told(theirs, there) == seen and told(mine, here).count("en fråga om dig") == 3
    # a test tells as much of her as what is none
    trial = pair.asked(test=True)
    pair.settle()
    pair.answered(trial, Answer(number=1, text="Ja."))
    pair.settle()
    assert told(mine, here).count("en fråga om dig") == 4
    assert told(theirs, there).count("ett svar på en fråga om dig") == 2
    phone = citizen(couple[1], width=320)
    phone.log_in()
    phone.goto("looked/")
    assert axe(phone.page) == []
    assert phone.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    picture(phone.page, "citizen-passed-on-320")
