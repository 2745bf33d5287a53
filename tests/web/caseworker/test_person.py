"""What is known of a person changes: name, address by days, protection by one person up and by two down."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from handslag.domain.audit.models import Event as EventRow
from handslag.domain.people.models import Address, NameToken, Person
from handslag.domain.people.operations.persons import (
    change_person,
    confirm_lowering,
    record_address,
    set_protection,
)
from handslag.domain.people.queries import address_on
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import Conflict, NotPossible
from tests.office import TEST

DETAILS = {"given_name": "Petra", "family_name": "Berg", "email": "", "telephone": "", "language": "sv"}


def test_a_registrar_changes_name_address_and_protection(
    office: Any,
    log_in: Callable[..., Page],
    desk: Any,
    server: Any,
    axe: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
) -> None:
    folder = office.case()
    key = folder.case.applicant_id
    rut = log_in(office, "rut", width=360, at=server.url("desk", f"/{office.slug}/people/{key}/"))
    rut.get_by_role("link", name="Change", exact=True).click()
    assert axe(rut) == []
    picture(rut, "desk-change-person-360")
    rut.get_by_label("Given name").fill(" ")
    rut.get_by_label("Family name").fill(" ")
    rut.get_by_role("button", name="Save").click()
    expect(rut.locator("main")).to_contain_text("Enter at least one name.")
    assert axe(rut) == []
    rut.get_by_label("Given name").fill("Petra")
    rut.get_by_label("Family name").fill("Åberg-Ek")
    rut.get_by_label("Telephone").fill("070-174 06 05")
    rut.get_by_role("button", name="Save").click()
    expect(rut.get_by_role("heading", level=1)).to_have_text("Petra Åberg-Ek")
    # Somebody else saves while her page is open: both texts are there, nothing is lost.
    rut.get_by_role("link", name="Change", exact=True).click()
    change_person(**office.act("rut"), person=key, version=2, **DETAILS | {"telephone": "08-46500400"})
    rut.get_by_label("Telephone").fill("070-174 06 99")
    rut.get_by_role("button", name="Save").click()
    expect(rut.get_by_role("alert").filter(has_text="08-46500400")).to_be_visible()
    expect(rut.get_by_label("Telephone")).to_have_value("070-174 06 99")
    assert axe(rut) == []
    picture(rut, "desk-change-person-conflict-360")
    rut.get_by_role("button", name="Save").click()
    expect(rut.locator("main")).to_contain_text("070-174 06 99")
    rut.get_by_role("link", name="Change", exact=True).click()
    rut.locator("[name=address]").fill("Nygatan 2\nc/o Ek")
    rut.get_by_label("Town").fill("Nystad")
    rut.get_by_role("button", name="Record the address").click()
    expect(rut.locator("main")).to_contain_text("Nygatan 2")
    assert desk(office, "hanna").open(f"/people/{key}/").status_code == 200
    rut.get_by_role("link", name="Change", exact=True).click()
    rut.locator("[name=protection_level]").select_option("2")
    rut.get_by_label("Protection of her addresses").select_option("2")
    rut.get_by_role("button", name="Set the protection").click()
    # It holds at once: who protected her, whoever worked her case and she herself are served by no page.
    expect(rut.get_by_role("heading", level=1)).to_have_text("People")
    for who in ("rut", "hanna"):
        her = desk(office, who)
        assert her.open(f"/people/{key}/").status_code == her.open(f"/cases/{folder.case.id}/").status_code == 404
        assert "No hit" in her.open("/people/?q=petra").text
    with acting(office.slug, TEST, "look"):
        assert set(Address.objects.filter(person=key).values_list("protection_level", flat=True)) == {2}
        assert list(Task.objects.filter(subject_id=folder.case.id).values_list("kind", flat=True)) == [
            "protection raised"
        ]
        kinds = EventRow.objects.filter(subject_id=key).order_by("seq").values_list("kind", flat=True)
        assert list(kinds)[1:] == ["person changed"] * 3 + ["address recorded", "protection set"]
    assert "is protected now" in desk(office, "bo").open("/tasks/").text
    assert "is protected now" not in desk(office, "hanna").open("/tasks/").text


def test_a_registrar_checks_that_another_account_comes_from_its_owner(
    office: Any,
    log_in: Callable[..., Page],
    desk: Any,
    server: Any,
    axe: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
) -> None:
    folder = office.case()
    change = folder.asks_for_account()
    here = f"/people/{change.person_id}/"
    form, asked = f"{here}account/{change.id}/", "Another account is asked for"
    seen = desk(office, "hanna").open(here).text
    assert asked in seen and "7654338" in seen and "change it" not in seen
    assert desk(office, "hanna").open(form, act="confirm", version=change.version).status_code == 403
    rut = log_in(office, "rut", width=360, at=server.url("desk", f"/{office.slug}/tasks/"))
    rut.get_by_role("link", name="Petra Nilsson").click()
    rut.get_by_role("button", name="Don’t change it").click()
    expect(rut.get_by_role("alert")).to_have_text("Write why the account isn’t changed.")
    assert axe(rut) == []
    picture(rut, "desk-account-change-360")
    # Somebody else checks it while her page is open: what she typed is still there.
    typed = "She <didn’t> ask for it"
    stale = desk(office, "rut").open(form, act="refuse", version=change.version + 1, reason=typed).text
    assert html.escape(typed) in stale and asked in stale
    rut.get_by_role("button", name="It comes from her: change it").click()
    expect(rut.locator("main")).to_contain_text("9020 7654338")
    expect(rut.locator("main")).not_to_contain_text(asked)
    again = folder.asks_for_account("9020", "1234566")
    refused = desk(office, "rut").open(f"{here}account/{again.id}/", act="confirm", version=again.version).text
    assert "It can be changed again tomorrow." in refused


def test_the_words_by_which_she_is_found_follow_the_name(office: Any) -> None:
    key, _ = office.person("Petra", "Nilsson", "19900615")
    before = change_person(**office.act("rut"), person=key, version=1, **DETAILS).sort_key
    with acting(office.slug, TEST, "look"):
        assert set(NameToken.objects.filter(person=key).values_list("token", flat=True)) == {"petra", "berg"}
    with pytest.raises(Conflict):  # what she saw is no longer what stands
        change_person(**office.act("rut"), person=key, version=1, **DETAILS | {"family_name": "Ek"})
    with pytest.raises(NotAllowed):
        change_person(**office.act("hanna"), person=key, version=2, **DETAILS)
    with pytest.raises(NotPossible, match="person name"):
        change_person(
            **office.act("rut"), person=key, version=2, **DETAILS | {"given_name": "\u202e", "family_name": " "}
        )
    after = change_person(**office.act("rut"), person=key, version=2, **DETAILS | {"family_name": "Ek"})
    assert after.version == 3 and bytes(after.sort_key) > bytes(before)
    with acting(office.slug, TEST, "look"):
        assert set(NameToken.objects.filter(person=key).values_list("token", flat=True)) == {"petra", "ek"}


def test_addresses_follow_one_another_without_gap_or_overlap(office: Any) -> None:
    key, _ = office.person("Petra", "Nilsson", "19900615")
    first = office.month.since
    day = first + timedelta(days=40)

    def lives(street: str, since: Any, version: int) -> Any:
        place = {"lines": [street], "postcode": "990 02", "city": "Nystad", "since": since}
        return record_address(**office.act("rut"), person=key, version=version, **place)

    lives("Nygatan 2", day, 1)
    lives("Nygatan 3", day, 2)  # the very same day: what was written is corrected
    with pytest.raises(NotPossible, match="later address"):
        lives("Gamla vägen 1", day - timedelta(days=1), 3)
    with pytest.raises(Conflict):
        lives("Gamla vägen 1", day, 2)
    with acting(office.slug, TEST, "look"):
        rows = Address.objects.filter(person=key).order_by("since").values_list("lines", "since", "until")
        assert list(rows) == [(["Provgatan 1"], first, day), (["Nygatan 3"], day, None)]
        on = [address_on(key, day - timedelta(days=1)), address_on(key, day)]
        assert [address.lines for address in on if address] == [["Provgatan 1"], ["Nygatan 3"]]


def test_protection_is_raised_by_one_and_lowered_by_two(office: Any, desk: Any) -> None:
    for login in ("ragna", "runa"):
        office.admit(login, login.title(), "registrar", clearance=3)
    key, _ = office.person("Kanarie", "Fågelholm", "19620202", protection_level=1)

    def stands() -> tuple[int, int]:
        with acting(office.slug, TEST, "look"):
            person = Person.objects.get(id=key)
            return person.protection_level, Address.objects.get(person=key).protection_level

    def told(who: str, version: int) -> dict[str, Any]:
        return {**office.act(who), "person": key, "version": version}

    with pytest.raises(Hidden):
        set_protection(**told("rut", 1), level=0, address_level=0)
    set_protection(**told("ragna", 1), level=3, address_level=0)  # up at once, down not yet
    assert stands() == (3, 1)
    with pytest.raises(NotPossible, match="second pair of eyes"):
        confirm_lowering(**told("ragna", 2))
    page = desk(office, "runa").open(f"/people/{key}/change/").text
    assert "Ragna proposes level 3 for the person and level 0 for her addresses." in page
    assert "has to agree" in desk(office, "ragna").open(f"/people/{key}/change/").text
    assert desk(office, "runa").open(f"/people/{key}/change/", act="confirm", version="2").status_code == 302
    assert stands() == (3, 0)
    with pytest.raises(NotPossible, match="nothing to lower"):
        confirm_lowering(**told("runa", 3))
    set_protection(**told("runa", 3), level=0, address_level=0)
    assert stands() == (3, 0)
    set_protection(**told("runa", 4), level=3, address_level=0)  # taken back
    with pytest.raises(NotPossible, match="nothing to lower"):
        confirm_lowering(**told("ragna", 5))
    # An address that is more protected than the person is shown to nobody below it.
    other, _ = office.person("Petra", "Nilsson", "19900615")
    set_protection(**office.act("rut"), person=other, version=1, level=0, address_level=2)
    for path in (f"/people/{other}/", f"/people/{other}/change/"):
        assert "Provgatan" not in desk(office, "rut").open(path).text
        assert "Protected address" in desk(office, "rut").open(path).text
    assert "Provgatan" in desk(office, "ragna").open(f"/people/{other}/").text


def test_a_name_that_the_banks_file_cannot_write_whole_is_told_where_it_is_registered(
    office: Any, log_in: Callable[..., Page], desk: Any, fine_at_both: Any
) -> None:
    """Half of it in letters that no bank has: her page says so until a registrar writes it in Latin ones."""
    key, plain = office.case(("Anna", "ខ្មែរ", "19900303")).case.applicant_id, office.case(("Иван", "Ŋaala", "19900304"))
    told = "The bank’s file can’t write this name"
    assert told not in desk(office, "rut").open(f"/people/{plain.case.applicant_id}/").text
    rut = log_in(office, "rut")
    rut.goto(rut.url.split("/inbox")[0] + f"/people/{key}/")
    assert told in rut.inner_text("main")
    fine_at_both(rut, "desk-person-unsaid")
    rut.get_by_role("link", name="Change", exact=True).click()
    rut.get_by_label("Family name").fill("Khmer")
    rut.get_by_role("button", name="Save").click()
    expect(rut.get_by_role("heading", level=1)).to_have_text("Anna Khmer")
    assert told not in rut.inner_text("main")
