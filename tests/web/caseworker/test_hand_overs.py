"""What waits for, or comes from, another case system: on the desk and on My pages, at both widths."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from handslag.demo.fill import numbers
from handslag.domain.elsewhere.models import HandOver
from handslag.domain.elsewhere.operations import KnownClient, KnownPerson, follow_client, record_answer, record_try
from handslag.domain.intake.models import InboxItem
from handslag.domain.intake.operations import enter_on_paper
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.people.permissions import CASE_SYSTEM
from handslag.domain.tenancy.door import Actor, acting
from handslag.kernel.ids import uuid7
from handslag.messages.application.build import build
from tests.office import C1, TEST, Folder


def stands_in_front(office: Any) -> None:
    """Of Lifecase, for adults alone of its unit Vuxna."""
    told = {"name": "Lifecase", "address": "https://lifecase.example", "units": {"Vuxna": "Försörjningsstöd"}}
    set_policy(**office.by(TEST), name="case_system", value={**told, "groups": ["single"]})


@pytest.fixture
def parked(office: Any) -> Folder:
    """A followed case whose application was refused over there."""
    stands_in_front(office)
    number = numbers("19910303", 401)
    known = KnownPerson(
        identifier_type="personnummer", identifier=number, given_name="Fia", family_name="Fjärran", role="adult"
    )
    client = KnownClient(reference="LC/1", unit="Vuxna", caseworker="Lena", household=(known,))
    by = office.by(CASE_SYSTEM)
    case = follow_client(**by, identifier_type="personnummer", identifier=number, client=client)
    folder = Folder(office, case, [Actor("citizen", case.applicant_id)], [number])
    receipt = folder.applied()
    record_try(**by, application=receipt.application_id, trouble="case_system.refused: status_422", again=False)
    month = str(office.month)
    said = {
        "statuses": [],
        "decisions": [
            {"reference": "B 17", "application": None, "month": month, "outcome": "granted", "amount": 655_000,
             "currency": "SEK", "decided_on": f"{month}-05", "legal_basis": "12 kap. 1 § SoL", "reasons": "Skäl.",
             "appeal": "Skriv till oss.", "lines": [{"text": "Riksnorm", "amount": 655_000, "section": "12 kap."}]},
        ],
        "payments": [
            {"reference": "U1", "decision": "B 17", "month": month, "on": f"{month}-27", "amount": 655_000,
             "currency": "SEK", "kind": "Försörjningsstöd", "state": "planned", "way": "account",
             "payee": "Fia Fjärran", "identifier": number, "account_end": "4566"},
        ],
    }  # fmt: skip
    record_answer(**by, case=case.id, outcome="answered", said=said, trouble="")
    return folder


def test_a_caseworker_settles_what_did_not_arrive(office: Any, parked: Folder, log_in: Any, fine_at_both: Any) -> None:
    page = log_in(office, "hanna")
    page.goto(page.url.split(office.slug)[0] + f"{office.slug}/tasks/")
    expect(
        page.get_by_role("link", name="Hand-overs").or_(page.get_by_role("link", name="Överlämningar"))
    ).to_be_visible()
    page.goto(page.url.replace("/tasks/", "/hand-overs/"))
    fine_at_both(page, "hand-overs")
    refused = page.get_by_text("it refuses this (status_422)").or_(
        page.get_by_text("det tar inte emot den (status_422)")
    )
    expect(refused).to_be_visible()
    page.locator("input[name=reference]").fill("LC-9")
    page.locator("button[value='by hand']").click()
    expect(page.get_by_text("LC-9")).to_be_visible()
    with acting(office.slug, TEST, "look"):
        assert HandOver.objects.get(case=parked.case).state == "by hand"
    page.goto(page.url.replace("/hand-overs/", f"/cases/{parked.case.id}/"))
    expect(page.get_by_text("Lifecase").first).to_be_visible()
    fine_at_both(page, "case-elsewhere")
    page.goto(page.url + f"periods/{office.month}/")
    expect(page.get_by_text("Lifecase").first).to_be_visible()  # no calculation of it here


def test_the_person_sees_it_on_my_pages(
    office: Any, parked: Folder, new_context: Any, server: Any, fine_at_both: Any
) -> None:
    from handslag.kernel import clock
    from handslag.web.entry.sessions import SessionStore

    session, moment = SessionStore(), int(clock.now().timestamp())
    who = str(parked.citizens[0].id)
    session["citizen"] = {"tenant": office.slug, "person": who, "login": who, "since": moment, "seen": moment}
    session.save()
    context = new_context()
    home = server.url("apply", f"/{office.slug}/my/")
    context.add_cookies([{"name": "session", "value": str(session.session_key), "url": server.url("apply", "/")}])
    page = context.new_page()
    page.goto(home)
    expect(page.get_by_text("Lifecase, frågat")).to_be_visible()
    fine_at_both(page, "citizen-elsewhere")
    page.get_by_role("link", name="Du får 6 550,00").click()
    expect(page.get_by_text("Riksnorm")).to_be_visible()
    fine_at_both(page, "citizen-decided-elsewhere")
    record_answer(
        **office.by(CASE_SYSTEM), case=parked.case.id, outcome="failed", said=None, trouble="case_system.away: x"
    )
    page.goto(home)
    expect(page.get_by_text("Vi kunde inte hämta det senaste")).to_be_visible()
    fine_at_both(page, "citizen-elsewhere-failed")


def test_what_comes_on_paper_goes_the_same_way(office: Any, parked: Folder) -> None:
    enter_on_paper(
        **office.act("rut"), key=uuid7(), case=parked.case.id, month=office.month + 1, channel="paper", language="sv",
        answers=C1, signed_on=[parked.citizens[0].id], evidence="pärm 3",
    )  # fmt: skip
    with acting(office.slug, TEST, "look"):
        waiting = HandOver.objects.get(case=parked.case, state="waiting")
        assert not InboxItem.objects.exists()
        told = build(waiting.id)
    assert (told.channel, told.case, told.month) == ("paper", "LC/1", str(office.month + 1))
    assert [one.method for one in told.signers] == ["paper"]
