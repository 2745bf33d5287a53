"""A case that isn't one's own: opened with a reason until midnight, logged with it, shown to who works the case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from handslag.domain.audit.models import Event, Payload, ReadEntry
from handslag.domain.casefile.models import AccessGrant
from handslag.domain.casefile.operations import take_access
from handslag.domain.casefile.permissions import case_for_staff, person_for_staff
from handslag.domain.decisions.operations import decide, propose
from handslag.domain.payments.operations.runs import reserve_run
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import NotPossible
from handslag.web.entry.sessions import SessionStore
from tests.office import TEST, open_office

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WHY = "Petra ringer: hyran ska betalas i dag."


@pytest.fixture
def office(connect: Any) -> Any:
    """An office with two caseworkers of another unit, one of them cleared for every protection level."""
    office = open_office(connect)
    office.admit("vera", "Vera Vikarie", "caseworker", unit="Ekonomi")
    office.admit("cleo", "Cleo Cleared", "caseworker", unit="Ekonomi", clearance=3)
    return office


def take(office: Any, who: str, number: str, **more: Any) -> AccessGrant:
    told = {"number": number, "reason": "person here", "text": WHY, **more}
    return take_access(**{**office.act(who), **({"now": told.pop("now")} if "now" in told else {})}, **told)


def sees(office: Any, who: str, case: Any, now: datetime | None = None) -> bool:
    """Whether that member of staff may open the case."""
    with acting(office.slug, office.staff[who], "look"):
        try:
            return bool(case_for_staff(case.id, office.staff[who], now or office.now))
        except Hidden:
            return False


def looks(office: Any, who: str, outcome: str = "read") -> list[tuple[str, Any, str]]:
    with acting(office.slug, TEST, "look"):
        found = ReadEntry.objects.filter(actor_id=office.staff[who].id, outcome=outcome)
        return list(found.order_by("id").values_list("what", "subject", "reason"))


def test_a_case_is_opened_with_a_reason_and_every_look_says_it(office: Any, desk: Any) -> None:
    folder, other = office.case(), office.case(("Amina", "Åberg", "19850302"))
    receipt = folder.applied()
    vera = desk(office, "vera")
    path, person = f"/cases/{folder.case.id}/", f"/people/{folder.case.applicant_id}/"
    assert [vera.open(p).status_code for p in (path, person)] == [404, 404]
    form = {"number": folder.numbers[0], "reason": "person here", "text": WHY}
    assert vera.open("/access/", **form).headers["Location"] == f"/{office.slug}{path}"

    pages = (
        f"{path}periods/{office.month}/", f"{path}messages/", f"{path}account/", person,
        f"{path}applications/{receipt.application_id}/",
    )  # fmt: skip
    for page in pages:
        shown = vera.open(page)
        assert shown.status_code == 200, page
        assert "You opened this case by yourself" in shown.text and WHY in shown.text and "00:00" in shown.text, page
    assert vera.open(f"{path}notes/", kind="note", text="Hyran betald", at="", adds_to="").status_code == 302
    told = looks(office, "vera")
    assert {what for what, _, _ in told} >= {"case", "messages", "person", "application"}
    assert {reason for _, _, reason in told} == {WHY}
    # Found by number like her own; but neither her inbox nor her lists hold it.
    assert vera.open(f"/people/?q={folder.case.number}").status_code == 302
    sought = vera.open("/people/", q=folder.numbers[0])
    assert sought.headers["Location"] == f"/{office.slug}/people/?found"  # no address bears the number
    for _ in range(2):  # also when she comes back to it
        assert "Nilsson" in vera.open("/people/?found").text
    assert folder.numbers[0] not in str(SessionStore(vera.key).load())
    assert "Nilsson" not in vera.open("/people/").text
    assert "Nilsson" not in vera.open("/inbox/?view=unit").text
    # Nothing of another case, and looks at what is hers carry no reason.
    assert vera.open(f"/cases/{other.case.id}/").status_code == 404
    hanna = desk(office, "hanna")
    assert "You opened this case by yourself" not in hanna.open(pages[0]).text
    assert {reason for _, _, reason in looks(office, "hanna")} == {""}


def test_whoever_works_the_case_is_told_and_the_chain_holds_why(office: Any, desk: Any) -> None:
    folder = office.case()
    grant = take(office, "vera", folder.case.number)
    with acting(office.slug, TEST, "look"):
        task = Task.objects.get(subject_id=folder.case.id, kind="access taken")
        assert (task.assignee_id, task.unit_id) == (office.members["hanna"], office.units["Försörjningsstöd"])
        event = Event.objects.get(subject_id=folder.case.id, kind="access taken")
        assert event.actor_id == office.staff["vera"].id
        body = Payload.objects.get(id=event.id).body
        assert (body["reason"], body["why"], body["grant"]) == (WHY, "person here", str(grant.id))
        assert list(body["rows"]) == ["casefile_accessgrant"]
    hanna = desk(office, "hanna")
    assert "A colleague opened this case with a reason of her own" in hanna.open("/tasks/").text
    case = hanna.open(f"/cases/{folder.case.id}/").text
    assert "Opened by a colleague who has no other relation to the case" in case
    assert "Vera Vikarie" in case and WHY in case


def test_it_ends_at_the_organisations_next_midnight_and_is_hers_alone(office: Any) -> None:
    folder = office.case()
    zone = ZoneInfo("Europe/Stockholm")
    # Half past midnight of the day on which summer time begins: it has 23 hours.
    early = datetime(2027, 3, 27, 23, 30, tzinfo=UTC)
    grant = take(office, "vera", folder.case.number, now=early)
    assert grant.until.astimezone(zone) == datetime(2027, 3, 29, tzinfo=zone)
    assert grant.until - early == timedelta(hours=22.5)
    last = grant.until - timedelta(microseconds=1)
    assert sees(office, "vera", folder.case, last)
    assert not sees(office, "vera", folder.case, grant.until)
    assert not sees(office, "vera", folder.case, early - timedelta(seconds=1))
    assert not sees(office, "cleo", folder.case, last)
    # Once is enough for a day; the next day needs a new reason.
    with pytest.raises(NotPossible, match="related"):
        take(office, "vera", folder.case.number, now=last)
    again = take(office, "vera", folder.case.number, now=grant.until)
    assert again.until - grant.until == timedelta(days=1)


@pytest.mark.parametrize("told", [{"reason": "curious"}, {"reason": ""}, {"text": "  nine ch  "}, {"text": "x" * 401}])
def test_no_reason_no_access(office: Any, told: dict[str, str]) -> None:
    folder = office.case()
    with pytest.raises(NotPossible, match="access"):
        take(office, "vera", folder.case.number, **told)
    with acting(office.slug, TEST, "look"):
        assert not AccessGrant.objects.exists()


def test_another_organisations_and_protected_cases_are_not_there(office: Any, desk: Any, connect: Any) -> None:
    theirs = open_office(connect, "theirs").case(("Kanarie", "Fågelholm", "19710101"))
    secret = {level: office.case(("Kanarie", f"Nivå{level}", f"196{level}0202"), protection_level=level)
              for level in (1, 2, 3)}  # fmt: skip
    child = office.case(("Öppen", "Moder", "19850505"), children=(("Kanarie", "Barn", "20150505"),))
    with connect("owner", autocommit=True) as owner:
        owner.execute("ALTER TABLE people_person NO FORCE ROW LEVEL SECURITY")
        owner.execute("UPDATE people_person SET protection_level = 2 WHERE family_name = 'Barn' AND given_name ="
                      " 'Kanarie'")  # fmt: skip
        owner.execute("ALTER TABLE people_person FORCE ROW LEVEL SECURITY")

    def refused(who: str, number: str) -> bool:
        try:
            take(office, who, number)
        except NotPossible as trouble:
            return (trouble.code, trouble.facts) == ("no such case", {})
        return False

    for number in (theirs.case.number, theirs.numbers[0], *(secret[n].case.number for n in (1, 2, 3))):
        assert refused("vera", number), number
    # Cleared for level 3: by herself she opens level 1; 2 and 3, and a child's, only where the setting says so.
    assert not refused("cleo", secret[1].numbers[0])
    for number in (secret[2].numbers[0], secret[3].case.number, child.case.number, theirs.numbers[0]):
        assert refused("cleo", number), number
    set_policy(**office.by(TEST), name="self_access_level", value=2)
    assert refused("cleo", secret[3].case.number)
    assert not refused("cleo", secret[2].case.number) and not refused("cleo", child.case.number)
    assert sees(office, "cleo", secret[2].case) and not sees(office, "vera", secret[2].case)
    # The setting taken back ends what was taken under it.
    set_policy(**office.by(TEST), name="self_access_level", value=1)
    assert not sees(office, "cleo", secret[2].case) and sees(office, "cleo", secret[1].case)
    # The page says the same words for a protected case and for none at all; what was tried is in the log.
    vera = desk(office, "vera")
    pages = []
    for number in (secret[2].case.number, theirs.numbers[0], "2026-999999-X"):
        answer = vera.open("/access/", number=number, reason="cover", text=WHY)
        assert answer.status_code == 200 and "Kanarie" not in answer.text
        pages.append(answer.text.replace(number, "?").split("<main")[1].split('name="csrf')[0])
    assert pages[0] == pages[1] == pages[2] and "There is no case with this number" in pages[0]
    assert [subject for _, subject, _ in looks(office, "vera", "refused")] == [secret[2].case.id, None, None]


def test_people_without_a_case_role_take_none_and_people_stay_hidden_after_it(office: Any) -> None:
    folder = office.case()
    for who in ("ulla", "alva"):
        with pytest.raises(NotAllowed):
            take(office, who, folder.case.number)
    with pytest.raises(NotPossible, match="related"):
        take(office, "hanna", folder.case.number)
    grant = take(office, "vera", folder.case.number)
    person = folder.case.applicant_id
    for who, now, seen in (("vera", office.now, True), ("vera", grant.until, False), ("cleo", office.now, False)):
        with acting(office.slug, office.staff[who], "look"):
            try:
                found = bool(person_for_staff(person, office.staff[who], now))
            except Hidden:
                found = False
        assert found is seen, who


def test_the_page_at_both_widths(office: Any, server: Any, log_in: Any, axe: Any, picture: Any) -> None:
    folder = office.case()
    folder.applied()
    for width in (1280, 360):
        page = log_in(office, "vera", width=width)
        page.goto(server.url("desk", f"/{office.slug}/people/"))
        page.get_by_role("link", name="Open another unit’s case").click()
        page.get_by_label("In your own words").fill(WHY)
        page.get_by_role("button", name="Open the case").click()
        expect(page.get_by_label("In your own words")).to_have_value(WHY)
        expect(page.locator(".ds-error-summary")).to_be_visible()
        picture(page, f"desk-access-{width}")
        assert axe(page) == [] and page.evaluate(WIDER) == 0
        page.get_by_label("Number of the case").fill(folder.case.number)
        page.get_by_label("The person is here, or on the telephone").check()
        page.get_by_role("button", name="Open the case").click()
        expect(page.get_by_role("heading", name="You opened this case by yourself")).to_be_visible()
        picture(page, f"desk-access-taken-{width}")
        assert axe(page) == [] and page.evaluate(WIDER) == 0


def test_what_somebody_else_would_have_to_do_is_refused_and_noted(office: Any, desk: Any) -> None:
    folder = office.case()
    folder.applied()
    proposal = propose(**office.act("hanna"), sheet=folder.assessed().id, language="sv", reasons="")
    told = desk(office, "hanna").open(f"/decisions/{proposal.id}/decide/", version=str(proposal.version))
    assert "You have no delegation for this decision" in told.text
    assert looks(office, "hanna", "refused") == [("delegation", proposal.id, "")]
    decide(**office.act("bo"), decision=proposal.id, version=proposal.version)
    run = reserve_run(**office.act("ulla"), execution_on=office.pay_day())
    told = desk(office, "ulla").open(f"/runs/{run.id}/release/", version=str(run.version))
    assert "A colleague has to take the next step" in told.text
    assert looks(office, "ulla", "refused") == [("second pair of eyes", run.id, "")]
