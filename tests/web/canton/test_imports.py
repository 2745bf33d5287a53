"""A canton's register from another system, on its pages: verified, imported, undone; confirmed by somebody else."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from playwright.sync_api import FilePayload, Page, expect

from handslag.domain.imports.operations import carry
from handslag.domain.imports.queries import imports
from handslag.domain.people.permissions import IMPORTED
from handslag.domain.tenancy.door import acting
from tests.bed import Process
from tests.brought import Brought, brought
from tests.canton import Canton, open_canton
from tests.exchange import Side
from tests.office import TEST


def files(made: Brought) -> list[FilePayload]:
    return [{"name": name, "mimeType": "text/csv", "buffer": content} for name, content in made.files()]


def test_a_register_is_verified_undone_and_confirmed_by_a_second_registrar(
    database: Any, log_in: Callable[..., Page], server: Process, fine_at_both: Any
) -> None:
    offices = open_canton(database)
    side, *places = [Side(office) for office in offices]
    canton, office = Canton(database, side, places), side.office
    office.admit("zoe", "Zoe Zweite", "registrar")
    made = brought(Random("pages"), [place.address for place in places], 40, share=0.3)
    rut = log_in(office, "rut")
    home = server.url("desk", f"/{office.slug}/register/imports/")

    rut.goto(server.url("desk", f"/{office.slug}/register/"))
    rut.get_by_role("link", name="Bring a register").click()
    expect(rut.get_by_role("heading", level=1)).to_have_text("Bring a register")
    rut.get_by_role("button", name="Verify").click()
    expect(rut.get_by_role("alert")).to_contain_text("There is no row in the files")
    fine_at_both(rut, "imports-error")
    rut.get_by_label("Tables as CSV").set_input_files(
        [{"name": "other.csv", "mimeType": "text/csv", "buffer": b"name;amount\n1;2\n"}]
    )
    rut.get_by_role("button", name="Verify").click()
    expect(rut.get_by_role("alert")).to_contain_text("“other.csv” names the columns of no table")

    # verified: every fault with its line; undone
    for undone in (True, False):
        rut.goto(home)
        rut.get_by_label("Tables as CSV").set_input_files(files(made))
        key = rut.locator("input[name=key]").first.input_value()
        rut.get_by_role("button", name="Verify").click()
        expect(rut.get_by_role("heading", level=2).first).to_have_text("Rows that aren’t taken")
        if undone:  # the same form once more
            shown = rut.url
            rut.goto(home)
            rut.locator("input[name=key]").first.evaluate("(field, key) => (field.value = key)", key)
            rut.get_by_label("Tables as CSV").set_input_files(files(made))
            rut.get_by_role("button", name="Verify").click()
            expect(rut.get_by_role("alert")).to_contain_text("This form was sent before")
            rut.goto(shown)
        expect(rut.get_by_role("row", name="gestern")).to_contain_text("is no day; expected is 2026-01-31")
        expect(rut.locator("tbody tr", has_text="31.02.1990")).to_have_count(1)
        if undone:
            fine_at_both(rut, "import-verified")
            rut.get_by_role("button", name="Undo it").click()
            expect(rut.get_by_role("heading", level=1)).to_have_text("Bring a register")
            expect(rut.get_by_role("row")).to_have_count(0)
    rut.get_by_role("button", name="Import it").click()
    expect(rut.get_by_text("A second registrar confirms it")).to_be_visible()
    expect(rut.get_by_role("button", name="Confirm it")).to_have_count(0)
    here = rut.url

    # somebody else confirms it, in German, and the ledger holds what was taken
    zoe = log_in(office, "zoe", locale="de-CH", at=here)
    zoe.get_by_role("button", name="Bestätigen").click()
    expect(zoe.get_by_text("Sie kommt als Ganzes ins Register")).to_be_visible()
    with acting(office.slug, TEST, "look"):
        key = imports()[0].id
    with canton.pair._role("worker"):
        carry(tenant=office.slug, by=IMPORTED, now=canton.pair.now, brought=key)
    zoe.reload()
    expect(zoe.get_by_text("im Register", exact=True)).to_be_visible()
    cells = zoe.get_by_role("region", name="Zeilen und Geld").get_by_role("row").last.get_by_role("cell")
    expect(cells).to_have_count(4)
    assert cells.nth(2).inner_text() == cells.nth(3).inner_text()
    fine_at_both(zoe, "import-carried")
    number = next(
        one["number"] for n, one in enumerate(made.rows["persons"], 2) if ("persons", n) not in made.wrong  # type: ignore[index, comparison-overlap]
    )
    zoe.goto(server.url("desk", f"/{office.slug}/register/"))
    zoe.get_by_role("row", name=number).get_by_role("link").click()
    expect(zoe.get_by_text("Das Register eines anderen Systems").first).to_be_visible()
    french = log_in(office, "zoe", locale="fr-CH", at=home)
    expect(french.get_by_role("heading", level=1)).to_have_text("Reprendre un registre")
    fine_at_both(french, "imports")

    # nobody but a registrar of the canton sees it
    for who, place, status in (("hanna", office, 403), ("rut", places[0].office, 404)):
        answer = log_in(place, who).goto(server.url("desk", f"/{place.slug}/register/imports/"))
        assert answer is not None
        assert answer.status == status
