"""The common inbox: who sees what, who is told, what can be done with many at once, what its page costs."""

from __future__ import annotations

import html
import re
import warnings
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handslag.domain.intake.operations import (
    await_applicant,
    hand_over,
    put_back,
    remind_applicants,
    take_from_inbox,
)
from handslag.domain.people.operations.staff import end_deputy, name_deputy
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import Conflict, NotPossible


def item_of(folder: Any) -> Any:
    from handslag.domain.intake.models import InboxItem

    with acting(folder.office.slug, system("test"), "look"):
        return InboxItem.objects.select_related("case").get(case=folder.case)


def notices(office: Any) -> list[tuple[str, str]]:
    """Kind and receiver of every notice to staff, in order."""
    from handslag.domain.tasks.models import Notice

    names = {key: who for who, key in office.members.items()}
    with acting(office.slug, system("test"), "look"):
        rows = Notice.objects.exclude(member=None).order_by("created_at", "id")
        return [(row.kind, names[row.member_id]) for row in rows]


def for_rows(query: Any) -> bool:
    """Whether a statement locks rows of a case, other than the head of a chain."""
    return "FOR UPDATE" in query["sql"] and 'FROM "audit_' not in query["sql"]


def locked(caught: Any) -> list[str]:
    """The tables of which rows were locked, in the order of the statements."""
    return [query["sql"].partition('FROM "')[2].partition('"')[0] for query in caught if for_rows(query)]


def admitted(office: Any, who: str, name: str, unit: str, roles: list[str]) -> None:
    """One more member of staff, with a log-in."""
    from handslag.demo.fill import staff_user
    from handslag.domain.people.operations.staff import admit_staff
    from handslag.domain.tenancy.door import Actor, at_large

    with at_large("test", writing=True):
        user, _ = staff_user(who, office.slug)
    office.staff[who] = Actor("staff", user)
    office.members[who] = admit_staff(
        **office.by(system("test")), user_id=user, name=name, unit=office.units[unit], roles=roles
    ).id


def test_the_linked_caseworker_and_her_deputy_are_told_without_content(office: Any, desk: Any) -> None:
    from handslag.demo.log_ins import address_of
    from handslag.domain.tasks.models import Notice
    from handslag.jobs.watch import _worded

    day = office.today
    admitted(office, "dora", "Dora Deputy", "Ekonomi", ["caseworker"])
    first, second = office.case(), office.case(("Kanarie", "Fågelholm", "19850302"))
    first.applied()
    assert notices(office) == [("application", "hanna")]
    dora = desk(office, "dora")
    assert "Nilsson" not in dora.open("/inbox/?view=mine").text  # another unit's

    days = {"since": day, "until": day + timedelta(days=7)}
    with pytest.raises(NotAllowed):
        name_deputy(**office.act("dora"), member=office.members["hanna"], deputy=office.members["dora"], **days)
    for wrong in ("hanna", "ulla"):
        with pytest.raises(NotPossible):
            name_deputy(**office.act("hanna"), member=office.members["hanna"], deputy=office.members[wrong], **days)
    hanna = desk(office, "hanna")
    said = {"deputy": str(office.members["dora"]), "since": str(day), "last": str(day + timedelta(days=6))}
    assert "Choose a colleague" in hanna.open("/me/deputies/", **(said | {"last": "soon"})).text
    bo = str(office.members["bo"])
    assert hanna.open("/me/deputies/", **(said | {"deputy": bo})).status_code == 302
    name_deputy(**office.act("alva"), member=office.members["hanna"], deputy=office.members["dora"], **days)
    second.applied()
    assert sorted(notices(office)[1:]) == [
        ("application", "bo"), ("application", "dora"), ("application", "hanna"), ("deputy", "bo"), ("deputy", "dora")
    ]  # fmt: skip
    with acting(office.slug, system("test"), "look"):
        told = Notice.objects.filter(kind="application").order_by("-created_at", "id").first()
        mail = _worded(told, "Office", office.slug)
    assert mail.to in {address_of(who, office.slug) for who in ("bo", "dora", "hanna")}
    assert not any(word in mail.subject + mail.body for word in ("Fågelholm", second.case.number, "1985"))
    assert office.slug in mail.body and "desk." in mail.body

    # The deputy sees and works the case; when it ends, at once no longer.
    path = f"/cases/{second.case.id}/periods/{office.month}/"
    assert "Fågelholm" in dora.open("/inbox/?view=mine").text and dora.open(path).status_code == 200
    assert "Hanna Handläggare" in dora.open("/me/").text
    from handslag.domain.tenancy.models import Deputy

    with acting(office.slug, system("test"), "look"):
        row = Deputy.objects.get(deputy=office.members["dora"])
    with pytest.raises(NotAllowed):
        end_deputy(**office.act("dora"), deputy=row.id)
    end_deputy(**office.act("hanna"), deputy=row.id)
    assert "Fågelholm" not in dora.open("/inbox/?view=mine").text and dora.open(path).status_code == 404


def test_an_application_is_taken_put_back_handed_over_and_waits(office: Any, desk: Any) -> None:
    folder = office.case()
    folder.applied()
    item = item_of(folder)
    admitted(office, "dora", "Dora Deputy", "Ekonomi", ["caseworker"])
    assert (item.state, item.caseworker_id) == ("waiting", office.members["hanna"])
    with CaptureQueriesContext(connection) as caught:
        taken = take_from_inbox(**office.act("bo"), item=item.id, version=item.version)
    assert locked(caught) == ["casefile_case", "intake_inboxitem"]  # as whoever decides: neither waits for the other
    with pytest.raises(Conflict):  # Hanna saw it free
        take_from_inbox(**office.act("hanna"), item=item.id, version=item.version)
    back = put_back(**office.act("bo"), item=item.id, version=taken.version)
    assert (back.state, back.caseworker_id) == ("waiting", office.members["hanna"])
    with pytest.raises(NotPossible):
        await_applicant(**office.act("hanna"), item=item.id, version=back.version, until=office.today)
    asked = await_applicant(
        **office.act("hanna"), item=item.id, version=back.version, until=office.today + timedelta(days=3)
    )
    hanna = desk(office, "hanna")
    page = hanna.open("/inbox/?view=asked").text
    assert "Nilsson" in page and "waits for the applicant" in page
    for wrong in ("dora", "ulla", "rut"):  # another unit's; works no cases
        with pytest.raises(NotPossible):
            hand_over(**office.act("hanna"), items=[(item.id, asked.version)], to=office.members[wrong], note="")
    with pytest.raises((Hidden, NotAllowed)):
        hand_over(**office.act("dora"), items=[(item.id, asked.version)], to=office.members["dora"], note="")
    chosen = f"{item.id}:{asked.version}"
    form = hanna.open("/inbox/hand-over/", item=chosen).text
    assert "Petra Nilsson" in form and "Bo Beslutsfattare" in form and "Dora" not in form
    given = {"item": chosen, "to": str(office.members["bo"]), "note": "rent bill is coming"}
    answer = hanna.open("/inbox/hand-over/", **given)
    assert answer.headers["Location"].endswith("given=1")
    assert item_of(folder).case.caseworker_id == office.members["bo"]
    assert notices(office)[-1] == ("handed over", "bo")
    assert "rent bill is coming" in desk(office, "bo").open(f"/cases/{folder.case.id}/").headers["Location"] or (
        "rent bill is coming" in desk(office, "bo").open(f"/cases/{folder.case.id}/periods/{office.month}/").text
    )
    # Sent again from the same page: somebody was quicker, and nothing is done twice.
    assert "Somebody else was quicker" in hanna.open("/inbox/hand-over/", **given).text
    # A clearance that is too low is no colleague for this case.
    secret = office.case(("Kanarie", "Fågelholm", "19620202"), protection_level=2)
    hidden = item_of(_applied(secret))
    with pytest.raises(NotPossible):
        hand_over(**office.act("bo"), items=[(hidden.id, hidden.version)], to=office.members["hanna"], note="")


def _applied(folder: Any) -> Any:
    """On paper: protected people have no e-service."""
    from handslag.domain.intake.operations import enter_on_paper
    from handslag.kernel.ids import uuid7
    from tests.office import C1

    office = folder.office
    enter_on_paper(
        **office.act("bo"), key=uuid7(), case=folder.case.id, month=office.month, channel="paper", language="sv",
        answers=C1, signed_on=[folder.citizens[0].id], evidence="binder",
    )  # fmt: skip
    return folder


def test_many_are_assigned_and_reminded_and_none_is_refused(office: Any, desk: Any) -> None:
    from handslag.domain.intake.models import InboxItem
    from handslag.domain.tasks.models import Notice
    from handslag.web.caseworker.urls import urlpatterns

    folders = [
        office.case((name, "Nilsson", "19900615"), email=f"{name.lower()}@people.example")
        for name in ("Petra", "Amina", "Erik")
    ]
    for folder in folders:
        folder.applied()
    hanna = desk(office, "hanna")
    for folder in folders[:2]:
        item = item_of(folder)
        until = office.today + timedelta(days=3)
        await_applicant(**office.act("hanna"), item=item.id, version=item.version, until=until)
    ticked = [f"{(item := item_of(folder)).id}:{item.version}" for folder in folders]
    answer = hanna.open("/inbox/remind/", item=ticked)
    assert answer.headers["Location"].endswith("reminded=2")
    assert "2 applicants reminded" in hanna.open("/inbox/?view=asked&reminded=2").text
    with acting(office.slug, system("test"), "look"):
        to = set(Notice.objects.filter(kind="reminder").values_list("address", flat=True))
    assert to == {"petra@people.example", "amina@people.example"}
    with pytest.raises(NotPossible):  # once a day
        remind_applicants(**office.act("hanna"), items=[(i.id, i.version) for i in map(item_of, folders)])
    answer = hanna.open("/inbox/hand-over/", item=ticked, to=str(office.members["bo"]), note="")
    assert answer.headers["Location"].endswith("given=3")
    assert {item_of(f).case.caseworker_id for f in folders} == {office.members["bo"]}
    # Two applications of one case are one reminder.
    folders[2].applied_more()
    with acting(office.slug, system("test"), "look"):
        both = list(InboxItem.objects.filter(case=folders[2].case))
    for item in both:
        await_applicant(**office.act("hanna"), item=item.id, version=item.version, until=until)
    with CaptureQueriesContext(connection) as caught:
        assert len(remind_applicants(**office.act("hanna"), items=[(i.id, i.version + 1) for i in both])) == 1
    first = next(query["sql"] for query in caught if for_rows(query))
    assert 'FROM "casefile_case"' in first and "ORDER BY" in first  # all of them, in one order
    with acting(office.slug, system("test"), "look"):
        assert (len(both), Notice.objects.filter(kind="reminder", address="erik@people.example").count()) == (2, 1)
    # What can be done with many at once: nothing else, and nothing that decides.
    page = hanna.open("/inbox/?view=unit").text
    form = page.split('id="chosen"')[1].split("</form>")[0]
    assert re.findall(r"<button[^>]*>([^<]+)", form) == ["Hand over", "Remind the applicants"]
    many = [str(p.pattern) for p in urlpatterns if "/inbox/" in str(p.pattern) and "<uuid" not in str(p.pattern)]
    assert sorted(m.partition("/inbox/")[2] for m in many) == ["", "hand-over/", "next/", "remind/", "views/"]


def test_views_are_saved_with_their_counts(office: Any, desk: Any) -> None:
    from handslag.domain.intake.models import InboxItem

    office.case().applied()
    hanna = desk(office, "hanna")
    paper = {"whose": "unit", "channel": "paper", "state": "any", "due": "week"}
    shown = hanna.open("/inbox/views/", **paper, act="show").headers["Location"]
    assert "Nothing here" in hanna.open(shown.removeprefix(f"/{office.slug}")).text
    assert "Give the view a name" in hanna.open("/inbox/views/", **paper, name=" ").text
    answer = hanna.open("/inbox/views/", **(paper | {"channel": "online", "due": "any"}), name="<On-line> & mine")
    saved = hanna.open(answer.headers["Location"].removeprefix(f"/{office.slug}")).text
    tab = re.search(r'<a href="\?saved=0" aria-current="page">([^<]*)<span class="h-count">([^<]*)</span>', saved)
    assert tab and (html.unescape(tab[1]).strip(), tab[2]) == ("<On-line> & mine", "1")
    assert "On-line" not in desk(office, "bo").open("/inbox/").text  # hers alone
    assert hanna.open("/inbox/views/", drop="7").status_code == 404
    assert hanna.open("/inbox/views/", drop="0").status_code == 302
    assert "saved=0" not in hanna.open("/inbox/").text
    # Due today: what is promised by today, and answers that are due.
    assert "Nilsson" not in hanna.open("/inbox/?view=due").text
    with acting(office.slug, system("test"), "look") as door:
        due = InboxItem.objects.get().due_on
        assert due is not None and due > door.the_tenant.today(office.now)
    with acting(office.slug, system("test"), "look") as door, connection.cursor() as cursor:
        door.memory["writing"] = True
        cursor.execute("UPDATE intake_inboxitem SET due_on = %s", [door.the_tenant.today(office.now)])
    assert "Nilsson" in hanna.open("/inbox/?view=due").text


def test_the_page_costs_six_statements_whatever_it_holds_and_counts_to_500(office: Any, desk: Any) -> None:
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import RequestFactory

    from handslag.domain.intake.queries import EXACT, TABS, inbox_counts
    from handslag.domain.tenancy.permissions import member_behind

    hanna = desk(office, "hanna")
    for number in range(12):
        hanna.open("/inbox/views/", whose="unit", state="taken", name=f"view {number}")
    office.case().applied()
    admitted(office, "dora", "Dora Deputy", "Ekonomi", ["caseworker"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the middleware for static files wants a folder that only builds make
        handler = WSGIHandler()

    def statements() -> int:
        request = RequestFactory(headers={"host": "desk.localhost"}).get(
            f"/{office.slug}/inbox/?view=unit", HTTP_COOKIE=f"session={hanna.key}; csrf={'a' * 32}"
        )
        with CaptureQueriesContext(connection) as caught:
            assert handler.get_response(request).status_code == 200
        told = [q["sql"] for q in caught if not re.match(r"(BEGIN|COMMIT|SAVEPOINT|RELEASE)", q["sql"])]
        return next(i for i, sql in enumerate(told) if "audit_readentry" in sql) - 1

    few = statements()
    # Five hundred and two more in the unit: the same household's case under other keys.
    copy = "INSERT INTO {0} SELECT (jsonb_populate_record(x, jsonb_build_object({1}))).* FROM {0} x"
    draft = copy.format("intake_draft", "'id', gen_random_uuid()") + ", generate_series(1, 502) RETURNING id"
    application = copy.format("intake_application", "'id', d.id") + ", d RETURNING id"
    period = copy.format("intake_applicationperiod", "'id', gen_random_uuid(), 'application_id', a.id") + ", a"
    item = copy.format("intake_inboxitem", "'id', gen_random_uuid(), 'application_id', a.id") + ", a"
    with acting(office.slug, system("test"), "fill") as door, connection.cursor() as cursor:
        door.memory["writing"] = True
        cursor.execute(f"WITH d AS ({draft}), a AS ({application}), p AS ({period}) {item}")
    assert few <= 6 and statements() == few
    text = hanna.open("/inbox/?view=unit").text
    assert f'<span class="h-count">{EXACT}+</span>' in text and text.count('name="item"') == 25
    with acting(office.slug, office.staff["dora"], "look") as door:
        member = member_behind(door, office.now)
        assert inbox_counts(member, list(TABS.values()), office.today) == [0, 0, 0, 0]
