"""An institution sees its own people, asks a payer for a cost, sees what was approved, and where it is paid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from playwright.sync_api import Page, expect

from handslag.domain.exchange.models import Message
from handslag.domain.people.operations.persons import register_person
from handslag.domain.tenancy.door import acting
from handslag.kernel import clock
from handslag.messages.assignment.notices import person_of
from handslag.messages.cost_approval.build import in_full
from tests.bed import Process
from tests.canton import Canton, arrived, open_canton, somebody
from tests.exchange import Side
from tests.office import TEST, open_office


def test_an_institution_sees_its_people_what_was_approved_and_its_money(
    database: Any, log_in: Callable[..., Page], server: Process, fine_at_both: Any
) -> None:
    offices = open_canton(database)
    homes = [open_office(database.connect, name, "CH", kind="provider") for name in ("wohnheim", "kursort")]
    database.close_connections()
    side, *places = [Side(office) for office in (*offices, *homes)]
    canton, (home, other) = Canton(database, side, places), homes
    one, unknown = somebody(), somebody()
    told = canton.assigned(0, one)
    canton.settle()
    canton.answered(0, told, arrived(canton))
    canton.settle()
    number = one.person.identifier
    with acting(home.slug, home.staff["rut"], "register"):
        for person in (one, unknown):
            register_person(**canton.pair.act(places[2], "rut"), new=person_of(person))

    # the first page is its own; it asks for its people only, and has no register
    hanna = log_in(home, "hanna")
    hanna.goto(server.url("desk", f"/{home.slug}/"))
    expect(hanna.get_by_role("heading", level=1)).to_have_text("Our people and our money")
    expect(hanna.get_by_role("link", name="The register")).to_have_count(0)
    expect(hanna.get_by_role("link", name="Ask for a cost")).to_have_count(2)
    fine_at_both(hanna, "partner-begun")
    hanna.get_by_role("link", name="Ask for a cost").first.click()
    hanna.get_by_label("Kind of cost").select_option("PROGRAMME")
    hanna.get_by_label("What is it?").fill("Wohntraining")
    hanna.get_by_label("Why is it needed?").fill("Sie soll selbständig wohnen.")
    hanna.get_by_label("Last day").fill(canton.today.isoformat())
    hanna.get_by_label("Price of one").fill("95")
    hanna.get_by_label("Who shall bear it?").select_option(label="Kanton kommun")
    hanna.get_by_role("button", name="Ask for it").click()
    expect(hanna.get_by_role("button", name="Take it back")).to_be_visible()
    sent = canton.asked_for(places[2], number, account_code="TRAINING", what="Deutschkurs")
    canton.pair.now = max(canton.pair.now, clock.now())
    canton.settle()
    with acting(side.office.slug, TEST, "look"):
        answer = in_full(Message.objects.get(message_id=sent.message_id))
    canton.decided(sent, replace(answer, by_rules=False))
    canton.settle()

    # what was approved stands beside her, under its number; the other request waits
    hanna.goto(server.url("desk", f"/{home.slug}/partner/"))
    expect(hanna.get_by_role("row", name="not answered yet")).to_have_count(1)
    expect(hanna.get_by_role("row", name="Course or training")).to_contain_text("260")
    fine_at_both(hanna, "partner")

    # another institution sees nobody of them, a municipality has no such page, who only pays sees no people
    stranger = log_in(other, "hanna")
    stranger.goto(server.url("desk", f"/{other.slug}/partner/"))
    expect(stranger.get_by_text("Nobody yet")).to_be_visible()
    key = canton.person(number, places[2]).id
    for office, login, path in (
        (offices[1], "hanna", "/partner/"), (other, "hanna", f"/cost_approvals/new/{key}/"),
        (home, "hanna", f"/cost_approvals/new/{canton.person(number).id}/"),
    ):  # fmt: skip
        reply = log_in(office, login).goto(server.url("desk", f"/{office.slug}{path}"))
        assert reply is not None
        assert reply.status == 404, path
    payer = log_in(home, "ulla")
    payer.goto(server.url("desk", f"/{home.slug}/partner/"))
    expect(payer.get_by_role("heading", name="Our money", exact=True)).to_be_visible()
    expect(payer.get_by_role("heading", name="Our people", exact=True)).to_have_count(0)
    for locale, heading in (("de-CH", "Unsere Personen und unser Geld"), ("fr-CH", "Nos personnes et notre argent")):
        page = log_in(home, "hanna", locale=locale)
        page.goto(server.url("desk", f"/{home.slug}/partner/"))
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        fine_at_both(page, f"partner-{locale}")
