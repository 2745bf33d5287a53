"""Log-in by e-ID: level, cancelling, where it leads, how long it lasts, what it leaves in the history."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from handslag.connectors.eid.port import LOA3
from handslag.domain.audit.models import Event
from handslag.domain.people.models import CitizenLogin
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.tenancy.door import acting, at_large
from handslag.domain.tenancy.models import Session
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel.ids import uuid7
from handslag.web.citizen import eid
from tests.office import TEST


def test_a_log_in_is_a_new_session_of_ids_and_an_event_of_the_person(
    office: Any, visit: Any, at_eid: Callable[..., str]
) -> None:
    folder = office.case()
    client = visit(office)
    begun = client.post(f"/{office.slug}/log-in/", {"next": f"/{office.slug}/my/"})
    before = client.cookies["session"].value
    done = client.get(at_eid(begun.url, folder.numbers[0]))
    assert done.url == f"/{office.slug}/my/"
    assert client.cookies["session"].value != before
    with at_large("look"):
        assert not Session.objects.filter(session_key=before).exists()
        row = Session.objects.get(session_key=client.cookies["session"].value)
    held = row.get_decoded()
    assert set(held) == {"citizen"}
    assert set(held["citizen"]) == {"tenant", "person", "login", "since", "seen"}
    with acting(office.slug, TEST, "look"):
        login = CitizenLogin.objects.get(person_id=folder.citizens[0].id)
        assert (login.id, login.issuer, login.acr) == (row.account, settings.EID_ISSUER, LOA3)
        (event,) = Event.objects.filter(subject_id=folder.citizens[0].id, kind="citizen logged in")
        assert (event.actor_kind, event.actor_id) == ("citizen", folder.citizens[0].id)
    assert client.post(f"/{office.slug}/log-out/").status_code == 302
    with at_large("look"):
        assert not Session.objects.filter(account=login.id).exists()


def test_a_weak_level_is_explained_and_a_cancelled_log_in_can_be_begun_again(
    office: Any, visit: Any, at_eid: Callable[..., str]
) -> None:
    folder = office.case()
    client = visit(office)

    def begin() -> str:
        address: str = client.post(f"/{office.slug}/log-in/").url
        return address

    weak = client.get(at_eid(begin(), folder.numbers[0], level="loa2"))
    assert (weak.status_code, "Den här e-legitimationen räcker inte" in weak.content.decode()) == (403, True)
    cancelled = client.get(at_eid(begin(), folder.numbers[0], action="cancel"), follow=True)
    assert "Du avbröt inloggningen" in cancelled.content.decode()
    strong = client.get(at_eid(begin(), folder.numbers[0], level="loa4"))
    assert strong.url == f"/{office.slug}/my/"


def test_the_pages_of_a_log_in_that_comes_to_nothing_are_accessible(
    office: Any, citizen: Any, axe: Callable[[Page], list[str]]
) -> None:
    petra = citizen(office.case(), width=320)
    page: Page = petra.page
    petra.goto("log-in/?trouble=away")
    expect(page.get_by_role("alert")).to_contain_text("svarar inte just nu")
    assert axe(page) == []
    petra.log_in("loa2")
    expect(page.get_by_role("heading", level=1)).to_have_text("Den här e-legitimationen räcker inte")
    assert axe(page) == []
    page.get_by_role("link", name="Logga in på ett annat sätt").click()
    page.get_by_role("button", name="Logga in").click()
    petra.identify(number="197802199831")
    expect(page.get_by_role("heading", level=1)).to_have_text("Du kan inte använda e-tjänsten för det här")
    assert axe(page) == []
    petra.goto("nowhere/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Vi hittar inte sidan")
    assert axe(page) == []


def test_a_log_in_leads_nowhere_else(office: Any, visit: Any, at_eid: Callable[..., str]) -> None:
    folder = office.case()
    for place in ("https://evil.example/", "//evil.example", f"/{office.slug}x/my/", f"/{office.slug}/\\evil.example"):
        client = visit(office)
        begun = client.post(f"/{office.slug}/log-in/", {"next": place})
        done = client.get(at_eid(begun.url, folder.numbers[0]))
        assert re.fullmatch(rf"/{office.slug}/.*", done.url), place
        assert "evil" not in done.url or done.url.startswith(f"/{office.slug}/"), place


def test_a_session_ends_after_a_while_without_pages_and_after_a_day_of_work(office: Any, visit: Any) -> None:
    actor = office.case().citizens[0]
    mine = f"/{office.slug}/my/"
    assert visit(office, actor, ago=settings.CITIZEN_IDLE_SECONDS - 60).get(mine).status_code == 200
    assert visit(office, actor, ago=settings.CITIZEN_IDLE_SECONDS + 60).get(mine).status_code == 302
    client = visit(office, actor)
    session = client.session
    session["citizen"] = {**session["citizen"], "since": session["citizen"]["since"] - settings.CITIZEN_SECONDS - 1}
    session.save()
    assert client.get(mine).status_code == 302


def test_a_page_of_who_was_logged_in_before_says_so_and_keeps_what_was_typed_for_her(
    office: Any, visit: Any, at_eid: Callable[..., str], citizen: Any, fine_at_both: Any
) -> None:
    """Two citizens after each other in one browser: an old tab of the first one."""
    petra, gun = office.case(), office.case(("Gun", "Granath", "19850101"))
    draft = petra.draft({"message": ""})
    mine = f"/{office.slug}/drafts/{draft.id}/costs/"
    client, log_in = visit(office), f"/{office.slug}/log-in/"

    def comes(folder: Any, after: str = "") -> Any:
        begun = client.post(log_in, {"next": after})
        return client.get(at_eid(begun.url, folder.numbers[0]))

    assert client.get(mine).status_code == 302
    comes(petra)
    for how in ("log out", "only log in"):
        if how == "log out":
            client.post(f"/{office.slug}/log-out/")
        comes(gun)
        saved = client.post(f"{mine}save/", {"version": 2}, headers={"Accept": "application/json"})
        assert (saved.status_code, saved.json()) == (409, {"status": "another person"})
        told, there = "Någon annan är inloggad nu", mine.replace(str(draft.id), str(uuid7()))
        assert told in client.get(mine).content.decode() and told in client.get(there).content.decode()
        typed = client.post(mine, {"version": 2, "message": f"Hyran, {how}"})
        page = typed.content.decode()
        assert (typed.status_code, told in page, f"Hyran, {how}" in page) == (404, True, True)
        assert "Petra" not in page and petra.numbers[0] not in page
        out = client.post(f"/{office.slug}/log-out/", {"next": mine})
        assert out.url == f"{log_in}?next={mine.replace('/', '%2F')}"
        back = comes(petra, mine)
        assert back.url == mine and f"Hyran, {how}" in client.get(mine).content.decode()
    her = citizen(petra)
    her.log_in(by_hand=True)
    her.goto(f"drafts/{draft.id}/costs/")
    her.page.get_by_role("button", name=re.compile("Logga ut")).click()
    expect(her.page.get_by_role("button", name=re.compile("e-legitimation"))).to_be_visible()
    her.number = gun.numbers[0]
    her.log_in(by_hand=True)
    expect(her.page.locator("h1")).to_contain_text("Gun")
    her.goto(f"drafts/{draft.id}/costs/")
    expect(her.page.get_by_role("heading", level=1)).to_have_text("Någon annan är inloggad nu")
    fine_at_both(her.page, "citizen-somebody-else")


def test_a_flow_is_over_with_its_first_answer(office: Any, visit: Any, at_eid: Callable[..., str]) -> None:
    """An answer of another provider, then the right one to the same flow: nobody is logged in."""
    folder, client = office.case(), visit(office)
    right = at_eid(client.post(f"/{office.slug}/log-in/").url, folder.numbers[0])
    assert "iss=" in right
    wrong = client.get(re.sub(r"iss=[^&]*", "iss=https%3A%2F%2Fevil.example", right))
    assert (wrong.status_code, "trouble=away" in wrong.url) == (302, True)
    assert client.get(right).status_code == 400
    assert "citizen" not in client.session
    again = at_eid(client.post(f"/{office.slug}/log-in/").url, folder.numbers[0])
    assert client.get(again).url == f"/{office.slug}/my/"


def test_the_organisation_chooses_its_eid_and_levels(new_office: Any, visit: Any, at_eid: Callable[..., str]) -> None:
    office = new_office(eid={"accepted_acr": ["http://id.elegnamnden.se/loa/1.0/loa4"]})
    folder = office.case()
    client = visit(office)
    soft = client.post(f"/{office.slug}/log-in/")
    assert client.get(at_eid(soft.url, folder.numbers[0])).status_code == 403
    hard = client.post(f"/{office.slug}/log-in/")
    assert client.get(at_eid(hard.url, folder.numbers[0], level="loa4")).url == f"/{office.slug}/my/"
    other = new_office(eid={"issuer": "https://broker.example"})
    page = visit(other).get(f"/{other.slug}/log-in/")
    assert "form-action 'self' https://broker.example" in page.headers["Content-Security-Policy"]


def test_production_leads_to_no_eid_that_is_not_for_real(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where such a one got past the setting and the start."""
    monkeypatch.setattr(settings, "PRODUCTION", True)
    for issuer in ("http://127.0.0.1:8001", "https://[::1]", "http://eid.example", "https://eid.localhost"):
        set_policy(**office.by(TEST), name="eid", value={"issuer": issuer})
        with acting(office.slug, TEST, "look"), pytest.raises(NotPossible, match="no e-ID"):
            eid.chosen()
    set_policy(**office.by(TEST), name="eid", value={"issuer": "https://eid.example"})
    with acting(office.slug, TEST, "look"), pytest.raises(NotPossible, match="no e-ID"):
        eid.chosen()  # the installation's secret is no other provider's to see
    monkeypatch.setitem(settings.SECRETS, "eid", {office.slug: "its own"})
    with acting(office.slug, TEST, "look"):
        assert eid.chosen()["issuer"] == "https://eid.example"
    monkeypatch.setattr(settings, "EID_ISSUER", "https://ours.example")
    set_policy(**office.by(TEST), name="eid", value={})
    monkeypatch.setitem(settings.SECRETS, "eid", {})
    with acting(office.slug, TEST, "look"):
        assert eid.chosen()["issuer"] == "https://ours.example"
