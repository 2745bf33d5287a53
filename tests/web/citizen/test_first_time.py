"""Applying for the first time: somebody whom the office doesn't know, and who isn't let in by that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from handslag.demo.fill import numbers
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.operations import close_case, open_case
from handslag.domain.casefile.queries import cases_of, periods_of
from handslag.domain.intake.models import Application, InboxItem
from handslag.domain.intake.operations import apply_anew
from handslag.domain.intake.policies import offers
from handslag.domain.people.models import Person
from handslag.domain.people.operations.persons import form_household, set_protection
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.people.queries import adults_beside, person_by_identifier
from handslag.domain.tenancy.door import Actor, acting
from handslag.domain.tenancy.permissions import NotAllowed
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel import clock
from tests.office import TEST, Folder
from tests.web.citizen.conftest import Citizen
from tests.web.citizen.test_elsewhere import auditor
from verifier import verify

SYSTEM = {"address": "https://lifecase.example", "units": {}, "groups": []}
UNIT = {"first_applications": "Försörjningsstöd"}


def test_somebody_unknown_applies_on_her_phone_and_the_office_gets_it(
    new_office: Any,
    new_context: Any,
    server: Any,
    eid: Any,
    axe: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
) -> None:
    office = new_office(**UNIT)
    page = new_context(width=320, java_script_enabled=True, locale="sv-SE").new_page()
    sol = Citizen(page, server, office.slug, numbers("19950707", 77), "Sol Nykomling")
    sol.goto()
    assert axe(page) == []
    picture(page, "citizen-start-first-320")
    page.get_by_role("button", name="Sök för första gången").click()
    sol.identify()
    page.get_by_role("button", name="Ansök för").first.click()
    page.get_by_role("button", name="Fortsätt").click()
    expect(page.get_by_role("alert")).to_contain_text("Skriv varför du behöver stöd.")
    assert axe(page) == []
    page.get_by_label("Nej, jag bor med någon").check()
    page.get_by_label("Vilka bor du med?").fill("Min mamma Ros, 70 år")
    page.get_by_label("Hos familj eller vänner").check()
    page.get_by_label("Varför behöver du stöd?").fill("Jobbet tog slut i somras")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    picture(page, "citizen-first-320")
    page.get_by_role("button", name="Fortsätt").click()
    page.get_by_role("button", name="Fortsätt").click()
    page.get_by_label("Hur når vi dig?").fill("070-000 00 00")
    page.get_by_role("button", name="Fortsätt").click()
    expect(page.locator("main")).to_contain_text("Min mamma Ros, 70 år")
    page.get_by_role("button", name="Gå vidare och skriv under").click()
    page.get_by_role("button", name="Skriv under med e-legitimation").click()
    sol.identify()
    expect(page.locator("main")).to_contain_text("Kvittonummer")
    with acting(office.slug, TEST, "look"):
        item = InboxItem.objects.select_related("case__applicant", "application").get()
        case = item.case
        assert (item.state, item.unit_id, item.caseworker_id) == ("waiting", office.units["Försörjningsstöd"], None)
        assert (item.application.kind, case.by_applicant, case.co_applicant_id) == ("new", True, None)
        assert case.applicant.family_name == "Nykomling"
    by = Actor("citizen", case.applicant_id)
    folder = Folder(office, case, [by], [sol.number])
    assert folder.assessed().granted >= 0
    assert verify(auditor(), tenants=[office.slug], at=clock.now()).ok
    sol.goto("my/")
    expect(page.get_by_role("button", name="Tilläggsansökan")).to_have_count(1)


def test_only_who_says_so_first_and_only_where_the_office_takes_it(
    new_office: Any, visit: Any, at_eid: Callable[..., str], same: Any
) -> None:
    office, number = new_office(), numbers("19950808", 78)
    known, hidden = office.person("Petra", "Nilsson", "19900615")[0], office.person("Kim", "Kanariefågel", "19760101")
    assert "Sök för första gången" not in visit(office).get(f"/{office.slug}/").content.decode()
    pages = []

    def turned_away(who: str, **first: str) -> None:
        client = visit(office)
        answer = client.get(at_eid(client.post(f"/{office.slug}/log-in/", first).url, who))
        assert answer.status_code == 403
        assert client.get(f"/{office.slug}/my/").status_code == 302  # not logged in
        pages.append(same(answer).partition(b"<main")[2].partition(b"</main")[0])

    turned_away(number, first="yes")
    with pytest.raises(NotPossible, match="month closed"):
        apply_anew(**office.by(Actor("citizen", known)), month=office.month, language="sv")
    set_policy(**office.by(TEST), name="first_applications", value=UNIT["first_applications"])
    office.admit("sara", "Sara Skydd", "registrar", clearance=3)
    set_protection(**office.act("sara"), person=hidden[0], version=1, level=1, address_level=0)
    turned_away(number)
    turned_away(hidden[1], first="yes")
    assert pages[1] == pages[2]
    with pytest.raises(NotPossible, match="month closed"):
        apply_anew(**office.by(Actor("citizen", hidden[0])), month=office.month, language="sv")
    with acting(office.slug, TEST, "look"):
        assert person_by_identifier("personnummer", number) is None  # nobody is kept who only tried the door
    client = visit(office)
    assert client.get(at_eid(client.post(f"/{office.slug}/log-in/", {"first": "yes"}).url, number)).status_code == 302
    month = {"month": str(office.month)}
    begun = client.post(f"/{office.slug}/drafts/", month).headers["Location"]
    assert begun.endswith("/household/")
    assert client.post(f"/{office.slug}/drafts/", month).headers["Location"] == begun  # pressed twice: one
    with acting(office.slug, TEST, "look"):
        assert Case.objects.count() == 1
        sol = Person.objects.get(family_name="Person")
    # what is hers she may open; nothing else that staff register
    other = office.person("Eva", "Ek", "19700101")[0]
    told = office.by(Actor("citizen", sol.id))
    with pytest.raises(NotAllowed):
        form_household(**told, members=[(sol.id, "adult"), (other, "adult")], since=office.today)
    with pytest.raises(NotAllowed):
        open_case(
            **told, applicant=other, co_applicant=None, household=other,
            unit=office.units["Försörjningsstöd"], caseworker=None, opened_on=office.today,
        )  # fmt: skip


def test_who_comes_back_is_routed_by_the_day_her_case_was_closed(new_office: Any) -> None:
    office, lately = new_office(**UNIT), 30
    folder = office.case(children=(("Sara", "Nilsson", "20180210"),))
    today = office.today
    close_case(**office.act("hanna"), case=folder.case.id, version=1, closed_on=today, reason="arbete")
    her = folder.citizens[0].id
    assert her is not None

    def offered(after: int) -> list[tuple[str, bool]]:
        day = today + timedelta(days=after)
        with acting(office.slug, TEST, "look"):
            cases = cases_of(her)
            found = offers(her, cases, adults_beside(her, day), day, {one.id: periods_of(one.id) for one in cases})
        return sorted({(o.kind, o.on_line) for o in found})

    assert (offered(90), offered(91)) == ([("renewal", False)], [("new", True)])
    set_policy(**office.by(TEST), name="recently_closed_days", value=lately)
    assert (offered(lately), offered(lately + 1)) == ([("renewal", False)], [("new", True)])
    set_policy(**office.by(TEST), name="case_system", value={"name": "Lifecase", **SYSTEM})
    assert offered(lately + 1) == [("new", False)]  # another system takes nobody whom it doesn't know
    set_policy(**office.by(TEST), name="case_system", value={})
    by = {**office.by(folder.citizens[0]), "now": office.now + timedelta(days=lately + 1)}
    with acting(office.slug, TEST, "look") as door:
        month = type(office.month).of(door.the_tenant.today(by["now"]))
    draft = apply_anew(**by, month=month, language="sv")
    with acting(office.slug, TEST, "look"):
        case = Case.objects.get(id=draft.case_id)
        assert (case.household_id, case.id == folder.case.id) == (folder.case.household_id, False)
        assert not Application.objects.filter(case=case).exists()
    with pytest.raises(NotPossible, match="month closed"):  # it is open: she goes on with it
        apply_anew(**by, month=month, language="sv")
