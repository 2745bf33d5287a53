"""A full grant without a person: off unless two administrators delegated it; whatever deviates is left to a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import psycopg
import pytest

from handslag.domain.casefile.models import Period
from handslag.domain.casefile.operations import send_message
from handslag.domain.decisions.models import Decision, DecisionLine, Letter
from handslag.domain.decisions.operations.automated import grant_unchanged, may_be_unchanged
from handslag.domain.entitlement.models import Assessment, Sheet
from handslag.domain.intake.models import InboxItem
from handslag.domain.intake.operations import take_from_inbox
from handslag.domain.lookups.models import LookUp
from handslag.domain.lookups.operations import NewAnswer, NewLine, record_answers
from handslag.domain.payments.models import Booking, Payment
from handslag.domain.people.operations.delegations import (
    NewDelegation,
    confirm_delegation,
    end_delegation,
    enter_delegation,
)
from handslag.domain.people.operations.persons import set_protection
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.models import Delegation
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs import automated as job
from handslag.kernel import clock
from handslag.kernel.ids import uuid7
from handslag.kernel.months import Month
from tests.office import C1, TEST, Folder, Office, as_role, command
from tests.web.citizen.test_elsewhere import auditor
from verifier import verify

BY = system("automated grants")
RENT = [{"code": "RENT", "amount": "6 300", "note": ""}, *C1["costs"][1:]]
NOTED = [{"code": "RENT", "amount": "6 200", "note": "i förskott"}, *C1["costs"][1:]]


def to_nobody(office: Office, most: int | None = None, months: int = 3) -> NewDelegation:
    """The board's, of today."""
    return NewDelegation(
        "automated", "", None, most, "4.2.1", "Socialnämnden 2026-03-02, § 12", office.today, None, months
    )


def delegated(office: Office, most: int | None = None, months: int = 3) -> Delegation:
    """Entered by one administrator, confirmed by another."""
    new = to_nobody(office, most, months)
    row = enter_delegation(**office.act("alva"), new=new)
    return confirm_delegation(**office.act("astrid"), delegation=row.id, version=row.version)


def renewed(office: Office, answers: dict[str, Any] | None = None, before: dict[str, Any] | None = None) -> Folder:
    """A case whose month was applied for and granted by people, and the next one's renewal."""
    folder = office.case()
    folder.applied(before)
    folder.decided(reasons="Som ansökt, i övrigt avslag." if before else "")
    office.now += timedelta(seconds=1)
    folder.applied({**C1, **(answers or {})}, month=office.month + 1)
    return folder


def tried(folder: Folder, ahead: int = 1) -> str:
    """What grants the next month: "" where it is granted, else why a person has to."""
    try:
        grant_unchanged(**folder.office.by(BY), period=folder.period(folder.office.month + ahead).id)
    except NotPossible as refused:
        return str(refused.facts["why"]) if refused.code == "for a person" else ""
    return ""


def answered(office: Office, **amounts: int) -> Folder:
    """A renewal for which Försäkringskassan has told of payments in the month before, by benefit (öre)."""
    folder = office.case()
    folder.applied()
    folder.decided()
    office.now += timedelta(seconds=1)
    set_policy(**office.act("alva"), name="authorities_asked", value=["FK"])
    folder.applied(month=office.month + 1)
    set_policy(**office.act("alva"), name="authorities_asked", value=[])
    with acting(office.slug, TEST, "look"):
        asked = LookUp.objects.get(case=folder.case)
    if amounts:
        lines = tuple(NewLine(name, name, office.month.since, amount) for name, amount in amounts.items())
        record_answers(**office.by(TEST), look_up=asked.id, answers=[NewAnswer("FK", lines=lines)])
    return folder


def rows(office: Office) -> list[Any]:
    models = (Sheet, Assessment, Decision, DecisionLine, Letter, Booking, Payment, Period, InboxItem)
    with acting(office.slug, TEST, "look"):
        return [list(model.objects.order_by("id").values()) for model in models]


@pytest.fixture
def open_early(new_office: Callable[..., Office]) -> Office:
    office = new_office(renewal_opens_days_before=31)
    office.admit("astrid", "Astrid Andra", "administrator")
    return office


def test_it_is_off_until_two_administrators_switch_it_on_and_says_so(
    open_early: Office, database: Any, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = open_early
    folder, next_month = renewed(office), office.month + 1
    before = rows(office)
    new = to_nobody(office)
    for months in (None, 0, 13):
        with pytest.raises(NotPossible, match="automated months"):
            enter_delegation(**office.act("alva"), new=NewDelegation(**{**vars(new), "months": months}))
    for told in ({"role": "decider"}, {"member": office.members["bo"]}):
        with pytest.raises(NotPossible, match="delegation to"):
            enter_delegation(**office.act("alva"), new=NewDelegation(**{**vars(new), **told}))
    entered = enter_delegation(**office.act("alva"), new=new)
    assert tried(folder) == "not delegated"
    ended = delegated(office, most=600_000)
    assert tried(folder) == "not a full grant"  # more than is delegated
    end_delegation(**office.act("alva"), delegation=ended.id, version=ended.version)
    assert tried(folder) == "not delegated"
    started: list[Any] = []
    monkeypatch.setattr(job.subprocess, "run", lambda line, **_: started.append(line))
    job.grant_unchanged.func(0)
    assert [line for line in started if office.slug in line] == [] and rows(office) == before

    confirm_delegation(**office.act("astrid"), delegation=entered.id, version=entered.version)
    with as_role(database, "worker"):
        job.grant_unchanged.func(0)
    assert [line[-2:] for line in started if office.slug in line] == [["grant-unchanged", office.slug]]
    for actor in (office.staff["bo"], folder.citizens[0]):
        with pytest.raises(Hidden):
            grant_unchanged(**office.by(actor), period=folder.period(next_month).id)
    assert (
        command(database, "organisation", "grant-unchanged", office.slug).stdout == "1 granted, 0 left to a person.\n"
    )
    with acting(office.slug, TEST, "look") as door:
        made = Decision.objects.get(period__since=next_month.since)
        letter, tenant = Letter.objects.get(decision=made), door.the_tenant.id
        assert Booking.objects.get(decision_line__decision=made).amount == made.amount == 655_000
        assert may_be_unchanged(office.now) == {} and not InboxItem.objects.exclude(state="done").exists()
    assert (made.automated, made.decided_by_id, made.outcome) == (True, None, "bifall")
    assert made.delegation == "4.2.1 (Socialnämnden 2026-03-02, § 12)"
    assert letter.content["automated"] and letter.content["decider"] == "Automatiserat beslut"
    assert "28 § förvaltningslagen" in letter.content["how_taken"] and "en människa" in letter.content["how_taken"]
    report = verify(auditor(), tenants=[office.slug], at=clock.now())
    assert report.ok, report.to_text()
    for change in ("outcome = 'delavslag'", "amount = 0", "automated = NULL", "delegation = ''"):
        statement = f"UPDATE decisions_decision SET {change} WHERE id = %s"
        with connect("web", autocommit=True) as web, web.transaction():
            web.execute("SELECT set_config('app.tenant', %s, true)", [str(tenant)])
            with pytest.raises(psycopg.errors.CheckViolation):
                web.execute(statement.encode(), [made.id])


def test_whatever_deviates_is_left_to_a_person_untouched(open_early: Office) -> None:
    office = open_early
    delegated(office)
    taken, wrote, hidden, fine = (renewed(office) for _ in range(4))
    with acting(office.slug, TEST, "look"):
        item = InboxItem.objects.get(case=taken.case, state="waiting")
    take_from_inbox(**office.act("hanna"), item=item.id, version=item.version)
    send_message(**office.by(wrote.citizens[0]), message=uuid7(), case=wrote.case.id, text="Får jag frågan en sak?")
    set_protection(**office.act("rut"), person=hidden.citizens[0].id, version=1, level=1, address_level=0)
    more_income = [{"code": "ACTIVITY_SUPPORT", "amount": "5 700", "note": ""}]
    cases = {
        "the rent": renewed(office, {"costs": RENT}),
        "a line less": renewed(office, {"costs": C1["costs"][1:]}),
        "the income": renewed(office, {"incomes": more_income}),
        "a word": renewed(office, {"message": "Jag har fått en räkning till"}),
        "a note at a line": renewed(office, {"costs": NOTED}, {**C1, "costs": NOTED}),
        "the household": renewed(office, {"household": {"same": "no", "changes": "Min son flyttar in"}}),
        "taken": taken, "wrote": wrote, "protected": hidden,
    }  # fmt: skip
    cases |= {"unanswered": answered(office), "more fetched": answered(office, AS=560_000, SJP=100)}
    cases |= {"other amount": answered(office, AS=570_000)}
    same = answered(office, AS=560_000)
    assessed = renewed(office)
    assessed.assessed(office.month + 1)
    paper, alone = office.case(), office.case()
    paper.applied()
    paper.decided()
    paper.on_paper(office.month + 1)
    alone.applied(month=office.month + 1)  # nothing before it
    before = rows(office)
    why = {name: tried(one) for name, one in {**cases, "assessed": assessed, "paper": paper, "alone": alone}.items()}
    assert why == {
        "the rent": "the application", "a line less": "the application", "the income": "the application",
        "a word": "the application", "a note at a line": "what it says", "the household": "the application",
        "taken": "taken", "wrote": "a task", "protected": "protection", "unanswered": "a warning",
        "more fetched": "a fetched income", "other amount": "a fetched income", "assessed": "a person has begun",
        "paper": "the application", "alone": "the month before",
    }  # fmt: skip
    assert rows(office) == before
    assert (tried(fine), tried(same)) == ("", ""), why


def test_after_so_many_months_in_a_row_a_person_decides_one(new_office: Callable[..., Office]) -> None:
    """As the delegation says, which two administrators decide; the decision of a person begins the row anew."""
    office = new_office(renewal_opens_days_before=31)

    def on_to(month: Month) -> None:
        office.now = datetime.combine(month.since, time(12), UTC) + timedelta(days=14)

    on_to(office.month - 6)  # months whose norms are known
    office.admit("astrid", "Astrid Andra", "administrator")
    row = delegated(office, months=2)
    folder = renewed(office)

    def next_month() -> str:
        on_to(office.month + 1)
        folder.applied(month=office.month + 1)
        return tried(folder)

    assert [tried(folder), next_month(), next_month()] == ["", "", "a person's turn"]
    end_delegation(**office.act("alva"), delegation=row.id, version=row.version)
    delegated(office, months=3)
    assert [tried(folder), next_month()] == ["", "a person's turn"]
    folder.decided(month=office.month + 1)
    assert next_month() == ""


def test_the_job_tries_each_once_in_each_state_and_decides_what_is_unchanged(
    open_early: Office, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was left to a person isn't tried again before something changes in it."""
    office = open_early
    delegated(office)
    wrote, fine = renewed(office), renewed(office)
    send_message(**office.by(wrote.citizens[0]), message=uuid7(), case=wrote.case.id, text="Får jag frågan en sak?")

    def run() -> str:
        return command(database, "organisation", "grant-unchanged", office.slug).stdout

    def waiting() -> set[Any]:
        with acting(office.slug, TEST, "look"):
            return set(may_be_unchanged(clock.now()))

    theirs = [one.period(office.month + 1).id for one in (wrote, fine)]
    assert waiting() == set(theirs)
    with as_role(database, "worker"), monkeypatch.context() as worker:
        for name, value in database.environment("worker").items():
            worker.setenv(name, value)
        job.grant_unchanged.func(0)  # it has no privilege to decide: the command that it starts has
    assert waiting() == set()
    with acting(office.slug, TEST, "look"):
        assert Decision.objects.get(automated=True).period_id == theirs[1]
        assert Letter.objects.filter(decision__automated=True).exists()
    assert run() == "0 granted, 0 left to a person.\n"
    started: list[Any] = []
    monkeypatch.setattr(job.subprocess, "run", lambda line, **_: started.append(line))
    job.grant_unchanged.func(0)
    assert [line for line in started if office.slug in line] == []  # nothing is done for what was left to a person
    send_message(**office.by(wrote.citizens[0]), message=uuid7(), case=wrote.case.id, text="Glöm det")
    assert waiting() == {theirs[0]}
    assert [run(), run()] == ["0 granted, 1 left to a person.\n", "0 granted, 0 left to a person.\n"]
    delegated(office)  # another delegation, and the next day: each is tried once more
    assert waiting() == {theirs[0]}
    run()
    assert waiting() == set()
    with acting(office.slug, TEST, "look"):
        assert set(may_be_unchanged(clock.now() + timedelta(days=1))) == {theirs[0]}
