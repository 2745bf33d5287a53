"""The e-service in front of another case system: a process of its own that is late, wrong, broken, or knows nobody."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from django.db import connection

from handslag.connectors.casesystem import follow, http
from handslag.demo.fill import numbers
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.operations import send_message
from handslag.domain.elsewhere.models import Answer, ForeignCase, HandOver
from handslag.domain.elsewhere.operations import MOST_TRIES, enter_switch, settle_hand_over, settle_switch
from handslag.domain.elsewhere.policies import read
from handslag.domain.entitlement.operations import assess
from handslag.domain.intake.models import Application, InboxItem
from handslag.domain.intake.operations import begin_correction, withdraw_application
from handslag.domain.people.models import Person
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.tasks.models import Notice, Task
from handslag.domain.tenancy.door import Actor, acting, writing
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.jobs import elsewhere as jobs
from handslag.kernel import clock
from handslag.kernel.ids import uuid7
from tests import bed
from tests.office import TEST, Folder, Office
from verifier import verify

ROOT = Path(__file__).resolve().parents[3]


class Lifecase:
    """The other case system of one office, and what it knows."""

    def __init__(self, office: Office, folder: Path, port: int) -> None:
        self.office, self.folder, self.address = office, folder, f"http://127.0.0.1:{port}"
        self.clients: dict[str, Any] = {}

    def switch(self, *groups: str, **units: str) -> None:
        told = {"name": "Lifecase", "address": self.address, "units": units, "groups": list(groups)}
        set_policy(**self.office.by(TEST), name="case_system", value=told)

    def knows(self, *adults: tuple[str, str, str], children: tuple[str, ...] = (), **more: Any) -> list[str]:
        """A client with her household; gives the adults' numbers."""
        found = [numbers(birth, next(self.office.serial) + 400) for _, _, birth in adults]
        people = [
            {"identifier_type": "personnummer", "identifier": number, "given_name": given, "family_name": family,
             "role": "adult", "email": f"{given.lower()}@people.example"}
            for number, (given, family, _) in zip(found, adults, strict=True)
        ] + [
            {"identifier_type": "personnummer", "identifier": numbers(birth, next(self.office.serial) + 400),
             "given_name": "Barn", "family_name": adults[0][1], "role": "child"}
            for birth in children
        ]  # fmt: skip
        client = {
            "message": "client", "version": 1, "case": f"LC/{len(self.clients)}", "unit": "Vuxna",
            "caseworker": "Lena Lifecase", "protected": False, "household": people, "future": "field", **more,
        }  # fmt: skip
        self.clients |= dict.fromkeys(found, client)
        self.put("clients", self.clients)
        return found

    def put(self, name: str, value: Any) -> None:
        (self.folder / f"{name}.json").write_text(json.dumps(value))

    def got(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted((self.folder / "applications").glob("*.json"))]

    def calls(self) -> list[str]:
        place = self.folder / "calls"
        return place.read_text().split() if place.exists() else []


@pytest.fixture
def lifecase(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lifecase]:
    """See Lifecase; served are the unit Vuxna, adults alone and couples."""
    from django.conf import settings

    port = bed.free_port()
    process = subprocess.Popen([sys.executable, "-m", "simulators.casesystem", str(port), str(tmp_path)], cwd=ROOT)
    monkeypatch.setitem(settings.SECRETS, "case_system", {office.slug: "right"})
    monkeypatch.setattr(follow, "SOON", 0.7)
    other = Lifecase(office, tmp_path, port)
    other.switch("single", "couple", Vuxna="Försörjningsstöd")
    until_it_answers(other.address)
    yield other
    process.kill()
    process.wait()


def until_it_answers(address: str) -> None:
    for _ in range(200):
        try:
            requests.get(address, timeout=5)
            return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError("the case system didn't start")


@pytest.fixture
def logs_in(visit: Any, office: Office, at_eid: Callable[..., str]) -> Callable[[str], tuple[Any, Any]]:
    """`logs_in(number)`: through the e-ID; gives the browser and the answer to where the e-ID led."""

    def of(number: str) -> tuple[Any, Any]:
        client = visit(office)
        return client, client.get(at_eid(client.post(f"/{office.slug}/log-in/").url, number))

    return of


def followed(office: Office, *numbers: str) -> Folder:
    """The case that a log-in led to."""
    with acting(office.slug, TEST, "look"):
        people = [person_by_identifier("personnummer", number) for number in numbers]
        assert all(people)
        case = Case.objects.get(applicant=people[0], state="open")
    return Folder(office, case, [Actor("citizen", person.id) for person in people if person], list(numbers))


def deliver(office: Office, application: Any) -> None:
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
    jobs.deliver_application(tenant=tenant, application=str(application))


def over(office: Office, application: Any) -> tuple[str, int, str]:
    with acting(office.slug, TEST, "look"):
        row = HandOver.objects.get(id=application)
        return row.state, row.attempts, row.reference


def test_a_renewal_goes_to_the_other_case_system_once_and_what_that_says_stands_on_my_pages(
    lifecase: Lifecase, office: Office, logs_in: Any, visit: Any
) -> None:
    amina, yusuf = lifecase.knows(("Amina", "Fjärran", "19850302"), ("Yusuf", "Fjärran", "19831120"))
    browser, answer = logs_in(amina)
    assert (answer.status_code, answer.url) == (302, f"/{office.slug}/my/")
    folder = followed(office, amina, yusuf)
    assert folder.case.worked_in == "Lifecase"
    my = browser.get(f"/{office.slug}/my/").content.decode()
    assert (
        "Ansök för" in my and "Vi kunde inte hämta det senaste" in my
    )  # no case_status is there yet: not an empty one
    receipt = folder.applied()
    shown = browser.get(f"/{office.slug}/applications/{receipt.application_id}/").content.decode()
    assert receipt.number in shown
    for act, operation in (("correct", begin_correction), ("withdraw", withdraw_application)):
        # another system decides it: nothing here may say that it was changed or taken back
        with pytest.raises(NotPossible, match="worked elsewhere"):
            operation(**office.by(folder.citizens[0]), application=receipt.application_id)
        assert f"/{act}/" not in shown
        moved = browser.post(f"/{office.slug}/applications/{receipt.application_id}/{act}/").url
        assert "Lifecase, och vi kan inte ändra den" in browser.get(moved).content.decode()
    with acting(office.slug, TEST, "look"):
        assert not InboxItem.objects.exists()  # it waits in the other system's inbox, not in ours
        digest = Application.objects.get().digest
    # it takes the application, but nobody hears so; then it is down; then it is sent once more
    lifecase.put("script", {"deaf": True})
    deliver(office, receipt.application_id)
    assert over(office, receipt.application_id) == ("waiting", 1, "")
    assert "På väg till den som beslutar" in browser.get(f"/{office.slug}/my/").content.decode()
    lifecase.put("script", {"error": 500, "calls": ["hand_over"]})
    deliver(office, receipt.application_id)
    lifecase.put("script", {})
    deliver(office, receipt.application_id)
    state, tries, reference = over(office, receipt.application_id)
    assert (state, tries, reference[:2]) == ("delivered", 3, "L-")
    deliver(office, receipt.application_id)  # the queue runs the job again: nothing is sent
    (sent,) = lifecase.got()
    assert lifecase.calls().count("hand_over") == 3
    assert (sent["id"], sent["digest"], sent["case"]) == (str(receipt.application_id), digest, "LC/0")
    people = {one["person"]: one for one in sent["household"]}
    assert {people[one["person"]]["identifier"] for one in sent["signers"]} == {amina, yusuf}
    assert sent["caseworker"] == "Lena Lifecase"
    # decided and paid over there; the answer is structured, and each adult sees her own account only
    month = str(office.month)
    lifecase.put("cases", {"LC/0": status(str(receipt.application_id), month, amina)})
    case = folder.case.id
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
    assert follow.ask(tenant, case, jobs.BY)
    assert follow.ask(tenant, case, jobs.BY)
    with acting(office.slug, TEST, "look"):
        assert Answer.objects.filter(case=case).count() == 1  # the same answer is kept once
        assert Notice.objects.filter(subject_id=case, kind="decision").count() == 2  # both adults, once each
    my = browser.get(f"/{office.slug}/my/").content.decode()
    for words in (
        "Lifecase, frågat",
        "Du får 6 550,00",
        "kontot som slutar på 4566",
        "delvis beviljad",
        "Hyresvärden AB",
    ):
        assert words in my.replace("\xa0", " "), words
    partner = visit(office, folder.citizens[1])
    assert "4566" not in partner.get(f"/{office.slug}/my/").content.decode().replace(str(case), "")
    where = next(part.split('"')[0] for part in my.split('href="') if "/decided/" in part.split('"')[0])
    decided = browser.get(where.split("#")[0]).content.decode().replace("\xa0", " ")
    for words in ("Riksnorm", "12 kap. 1 §", "Så överklagar du", "−5 600,00"):
        assert words in decided, words
    stranger = visit(office, office.case(("Eva", "Ek", "19700101")).citizens[0])
    assert stranger.get(where.split("#")[0]).status_code == 404
    # then it fails: a state of its own, what it said before stands on with its time
    unkept = json.dumps({**status("x", str(office.month), "x"), "caseworker": "Lena\0"})  # no database keeps a NUL
    for garbage in (unkept, "<html>"):
        lifecase.put("script", {"garbage": garbage, "calls": ["case"]})
        assert not follow.ask(tenant, case, jobs.BY)
    my = browser.get(f"/{office.slug}/my/").content.decode().replace("\xa0", " ")
    assert "Vi kunde inte hämta det senaste" in my and "Du får 6 550,00" in my
    # it is neither calculated nor paid here
    with pytest.raises(NotPossible, match="worked elsewhere"):
        assess(**office.act("hanna"), period=folder.period().id, facts={}, version=0)
    message = send_message(**office.by(folder.citizens[0]), case=case, message=uuid7(), text="Hej")
    assert message.text == "Hej"
    assert verify(auditor(), tenants=[office.slug], at=clock.now()).ok


def auditor() -> str:
    """How the verifier reads this worker's copy."""
    from django.conf import settings

    told, roles = connection.settings_dict, settings.SECRETS["roles"]
    where = f"host={told['HOST']} port={told['PORT']} dbname={told['NAME']}"
    return f"{where} user=handslag_auditor password={roles['auditor']}"


def status(application: str, month: str, number: str) -> dict[str, Any]:
    return {
        "message": "case_status", "version": 1, "case": "LC/0", "caseworker": "Lena Lifecase",
        "statuses": [
            {"application": application, "state": "received", "since": f"{month}-02"},
            {"application": application, "state": "decided", "since": f"{month}-05"},
        ],
        "decisions": [
            {"reference": "B 17/1", "application": application, "month": month, "outcome": "partly granted",
             "amount": 655_000, "currency": "SEK", "decided_on": f"{month}-05", "legal_basis": "12 kap. 1 § SoL",
             "reasons": "Hyran är för hög.", "appeal": "Så överklagar du: skriv till oss.",
             "lines": [{"text": "Riksnorm", "amount": 522_000, "section": "12 kap. 3 §"},
                       {"text": "Aktivitetsstöd", "amount": -560_000}]},
        ],
        "payments": [
            {"reference": "U1", "decision": "B 17/1", "month": month, "on": f"{month}-27", "amount": 35_000,
             "currency": "SEK", "kind": "Försörjningsstöd", "state": "planned", "way": "account",
             "payee": "Amina Fjärran", "identifier": number, "account_end": "4566"},
            {"reference": "U2", "decision": "B 17/1", "month": month, "on": f"{month}-27", "amount": 620_000,
             "currency": "SEK", "kind": "Hyra", "state": "paid", "way": "bankgiro", "payee": "Hyresvärden AB"},
        ],
    }  # fmt: skip


def test_who_is_not_served_is_turned_away_alike_and_switching_off_lets_go(
    lifecase: Lifecase, office: Office, logs_in: Any, same: Callable[..., bytes]
) -> None:
    (single,) = lifecase.knows(("Sol", "Fjärran", "19900101"))
    (family,) = lifecase.knows(("Moa", "Kanariefågel", "19880101"), children=("20180101",))
    (other_unit,) = lifecase.knows(("Ulf", "Kanariefågel", "19770101"), unit="Unga")
    (secret,) = lifecase.knows(("Kim", "Kanariefågel", "19760101"), protected=True)
    pages = []
    for number in (family, other_unit, secret, "197802199831"):
        _, page = logs_in(number)
        assert page.status_code == 403
        assert b"Kanarief" not in page.content
        pages.append(same(page).split(b'<a class="ds-link" href="?')[0])
    assert len({p[p.index(b"<main") : p.index(b"</main")] for p in pages}) == 1
    with acting(office.slug, TEST, "look"):
        assert not Person.objects.filter(family_name="Kanariefågel").exists()  # nobody is kept who isn't served
    assert logs_in(single)[1].status_code == 302
    # somebody whose case is worked here isn't asked about
    own = office.case(("Petra", "Nilsson", "19900615"))
    before = len(lifecase.calls())
    assert logs_in(own.numbers[0])[1].status_code == 302
    assert len(lifecase.calls()) == before
    # switched on for households with children too; then a child moves in next door, then the unit is switched off
    lifecase.switch("single", "couple", "children", Vuxna="Försörjningsstöd")
    assert logs_in(family)[1].status_code == 302
    folder = followed(office, single)
    yesterday(folder)
    lifecase.switch("children", Vuxna="Försörjningsstöd")
    browser, answer = logs_in(single)
    assert answer.status_code == 302  # what she sent before is still hers to see
    assert b"Ans\xc3\xb6k f\xc3\xb6r" not in browser.get(f"/{office.slug}/my/").content
    with acting(office.slug, TEST, "look"):
        closed = Case.objects.get(id=folder.case.id)
        assert (closed.state, closed.closed_because) == ("closed", "not served")


def test_an_administrator_switches_it_per_group_and_tries_the_connection(
    lifecase: Lifecase, office: Office, logs_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    office.admit("ada", "Ada Administratör", "administrator")
    [single] = lifecase.knows(("Ensam", "Fjärran", "19850302"))
    both = lifecase.knows(("Amina", "Fjärran", "19850302"), ("Yusuf", "Fjärran", "19831120"))
    lifecase.switch(Vuxna="Försörjningsstöd")  # connected, and nobody is served yet
    assert [logs_in(number)[1].status_code for number in (single, both[0])] == [403, 403]

    def switched(group: str, *, on: bool) -> None:
        row = enter_switch(**office.act("alva"), unit="Vuxna", group=group, on=on, reason="Nämnden § 9")
        settle_switch(**office.by(office.staff["ada"]), switch=row.id, version=1, confirm=True)

    switched("single", on=True)
    assert [logs_in(number)[1].status_code for number in (single, both[0])] == [302, 403]
    folder = followed(office, single)
    key = folder.applied().application_id
    begun = folder.draft(month=office.month + 1)
    yesterday(folder)
    switched("single", on=False)
    browser, answer = logs_in(single)
    assert answer.status_code == 302
    assert b"Ans\xc3\xb6k f\xc3\xb6r" not in browser.get(f"/{office.slug}/my/").content
    with acting(office.slug, TEST, "look"):
        assert Case.objects.get(id=folder.case.id).closed_because == "not served"
    # what was sent before is handed over all the same, and so is what was begun before and is sent now
    sent = folder.signed(begun)
    assert sent is not None
    deliver(office, key)
    deliver(office, sent.application_id)
    assert {one["id"] for one in lifecase.got()} == {str(key), str(sent.application_id)}

    def tried() -> str:
        with acting(office.slug, TEST, "look"):
            config = follow.chosen(follow.SOON)
        assert config is not None
        return follow.trouble_of(config)

    before = len(lifecase.calls())
    assert tried() == ""
    assert lifecase.calls()[before:] == ["case"]
    lifecase.put("script", {"error": 503})
    assert tried() == "case_system.away: status_503"
    lifecase.put("script", {})
    monkeypatch.setitem(settings.SECRETS, "case_system", {office.slug: "wrong"})
    assert tried() == "case_system.refused: status_401"


def yesterday(folder: Folder) -> None:
    """Let a followed case be a day older."""
    with acting(folder.office.slug, TEST, "age") as door, writing(door), connection.cursor() as cursor:
        cursor.execute("UPDATE casefile_case SET opened_on = opened_on - 1 WHERE id = %s", [folder.case.id])
        for older in (True, False):  # nobody is in two households on one day in between
            which = "<>" if older else "="
            cursor.execute(
                f"UPDATE people_membership SET since = since - 1, until = until - 1 WHERE household_id {which} %s",
                [folder.case.household_id],
            )


def test_both_adults_log_in_at_the_same_moment(lifecase: Lifecase, office: Office, database: Any) -> None:
    adults = lifecase.knows(("Amina", "Fjärran", "19850302"), ("Yusuf", "Fjärran", "19831120"))

    def look(number: str) -> str:
        try:
            return follow.look_up(office.slug, "personnummer", number)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as both:
        assert list(both.map(look, adults)) == ["followed", "followed"]
    with acting(office.slug, TEST, "look"):
        assert Case.objects.filter(worked_in="Lifecase", state="open").count() == 1
        assert Person.objects.filter(family_name="Fjärran").count() == 2


def test_her_household_and_protection_follow_the_other_case_system(
    lifecase: Lifecase, office: Office, logs_in: Any
) -> None:
    lifecase.switch("single", "children", Vuxna="Försörjningsstöd")
    (number,) = lifecase.knows(("Sol", "Fjärran", "19900101"))
    logs_in(number)
    first = followed(office, number)
    lifecase.clients[number]["household"][0]["family_name"] = "Närasson"
    child = {"identifier_type": "personnummer", "identifier": office_number(office), "given_name": "Lo",
             "family_name": "Närasson", "role": "child"}  # fmt: skip
    lifecase.clients[number]["household"].append(child)
    lifecase.put("clients", lifecase.clients)
    logs_in(number)  # on the day that it began its household stays; her name follows at once
    assert followed(office, number).case.id == first.case.id
    yesterday(first)
    logs_in(number)
    second = followed(office, number)
    assert second.case.id != first.case.id
    with acting(office.slug, TEST, "look"):
        assert Person.objects.get(id=first.citizens[0].id).family_name == "Närasson"
        assert ForeignCase.objects.get(id=second.case.id).reference == "LC/0"
    yesterday(second)
    lifecase.clients[number]["protected"] = True
    lifecase.put("clients", lifecase.clients)
    assert logs_in(number)[1].status_code == 403
    lifecase.put("script", {"error": 503})
    assert logs_in(number)[1].status_code == 403  # and so it stays while nobody can be asked
    with acting(office.slug, TEST, "look"):
        assert Person.objects.get(id=first.citizens[0].id).protection_level == 1


def office_number(office: Office) -> str:
    return numbers("20200101", next(office.serial) + 400)


def test_a_case_system_in_trouble_keeps_nobody_out_who_is_known(
    lifecase: Lifecase, office: Office, logs_in: Any
) -> None:
    (known,) = lifecase.knows(("Sol", "Fjärran", "19900101"))
    (unknown,) = lifecase.knows(("Ny", "Fjärran", "19910101"))
    lifecase.put("cases", {"LC/0": {**status("x", str(office.month), known), "decisions": [], "payments": []}})
    trouble: list[dict[str, Any]] = [
        {"error": 500}, {"garbage": "{}"}, {"garbage": "\x00"}, {"endless": True}, {"late": 1.5}, {"error": 401},
        {"error": 404},  # with a page: of whatever stands before it, which knows nothing of her
    ]  # fmt: skip
    for script in trouble:
        lifecase.put("script", {})
        browser, answer = logs_in(known)
        assert (answer.status_code, follow.SOON) == (302, 0.7)
        assert "Lifecase, frågat" in browser.get(f"/{office.slug}/my/").content.decode()
        lifecase.put("script", script)
        browser, answer = logs_in(known)
        assert answer.status_code == 302, script
        assert "Vi kunde inte hämta det senaste" in browser.get(f"/{office.slug}/my/").content.decode(), script
        _, page = logs_in(unknown)
        assert (page.status_code, "Det går inte just nu" in page.content.decode()) == (503, True), script


def test_what_cannot_be_delivered_becomes_a_task_and_a_person_settles_it(
    lifecase: Lifecase, office: Office, logs_in: Any, visit: Any
) -> None:
    (number,) = lifecase.knows(("Sol", "Fjärran", "19900101"))
    logs_in(number)
    folder = followed(office, number)
    receipt = folder.applied()
    lifecase.put("script", {"error": 422, "calls": ["hand_over"]})
    deliver(office, receipt.application_id)
    assert over(office, receipt.application_id) == ("parked", 1, "")
    key = receipt.application_id

    def tasks() -> list[str]:
        with acting(office.slug, TEST, "look"):
            found = Task.objects.filter(subject_id=folder.case.id, kind="hand-over parked").order_by("id")
            return list(found.values_list("state", flat=True))

    assert tasks() == ["open"]
    with pytest.raises(Conflict):
        settle_hand_over(**office.act("hanna"), application=key, version=1)
    lifecase.put("script", {"error": 503, "calls": ["hand_over"]})
    settle_hand_over(**office.act("hanna"), application=key, version=2)
    assert tasks() == ["done"]
    for _ in range(MOST_TRIES):  # for about a day, then a person looks again
        deliver(office, key)
    assert over(office, key)[:2] == ("parked", MOST_TRIES)
    assert tasks() == ["done", "open"]
    with acting(office.slug, TEST, "look"):
        version = HandOver.objects.get(id=key).version
    settle_hand_over(**office.act("rut"), application=key, version=version, reference="LC-77")
    assert (over(office, key)[0], over(office, key)[2], tasks()) == ("by hand", "LC-77", ["done", "done"])
    deliver(office, key)
    assert lifecase.got() == []


def test_the_switch_must_be_whole_and_the_way_encrypted() -> None:
    whole = {"name": "L", "address": "https://l.example", "units": {}, "groups": ["single"]}
    assert read(whole).serves("Vuxna", "single") is False
    for wrong in ({"name": "L"}, {**whole, "groups": ["all"]}, {**whole, "units": ["x"]}, {**whole, "name": ""}):
        with pytest.raises(ValueError, match="case_system"):
            read(wrong)
    with pytest.raises(ValueError, match="TLS"):
        http.HttpConfig(address="http://l.example", token="x")
