"""Look-ups with other authorities: stored once, failed visibly, asked again, acknowledged before a decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
import requests
from django.conf import settings

from handslag.domain.casefile.models import Case, CaseWarning, Period
from handslag.domain.casefile.operations import acknowledge_warning, go_on_without, move_in
from handslag.domain.decisions.models import Decision
from handslag.domain.decisions.operations import Came, came_since, decide, propose, return_proposal
from handslag.domain.lookups.checks import changed, changes_in
from handslag.domain.lookups.models import FetchedLine, LookUp, LookUpAnswer
from handslag.domain.lookups.operations import (
    LEGAL_BASIS,
    NewAnswer,
    NewLine,
    answer_dispute,
    ask_authorities,
    dispute_line,
    record_answers,
)
from handslag.domain.lookups.queries import (
    counted,
    disputes_in,
    lines_and_replaced,
    lines_of,
    open_with_missing,
    sums,
    waits_for_answer,
)
from handslag.domain.tasks.models import Task
from handslag.domain.tasks.operations import finish_task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.jobs.authorities import ask_again, fetch_from_authorities
from handslag.kernel import clock
from handslag.kernel.months import Month
from tests.bed import free_port
from tests.office import C1, TEST, refused

ASKED = ["AF", "CSN", "FK", "PM", "SKV", "SO"]


@pytest.fixture
def connected(new_office: Any, ssbtek_address: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(settings, "SSBTEK", f"{ssbtek_address}/ssbtek")
    requests.post(f"{ssbtek_address}/script", json={}, timeout=5)
    return new_office("asking", authorities_asked=ASKED, lefi_actor="9000")


def fetched(office: Any) -> None:
    """Do the job of every look-up that waits; the office goes on after it."""
    with acting(office.slug, TEST, "look"):
        waiting = LookUp.objects.exclude(id__in=LookUpAnswer.objects.values("look_up_id"))
        ids = list(waiting.values_list("id", "tenant_id"))
    for key, tenant in ids:
        fetch_from_authorities(tenant=tenant, look_up=str(key))
    office.now = max(office.now, clock.now())


def answers(office: Any, *lines: NewLine, answer: NewAnswer | None = None) -> None:
    """Record what came of the newest look-up: these lines of FK, else its `answer`, and nothing of the others."""
    with acting(office.slug, TEST, "look"):
        asked = LookUp.objects.order_by("-asked_at", "-id")[0]
    said = answer or NewAnswer("FK", lines=lines)
    others = [NewAnswer(one) for one in asked.authorities if one != said.authority]
    record_answers(**office.by(TEST), look_up=asked.id, answers=[said, *others])


def missing(folder: Any) -> dict[str, str]:
    with acting(folder.office.slug, TEST, "look"):
        rows = CaseWarning.objects.filter(case=folder.case, kind="MISSING_SSBTEK")
        return {row.about: row.state for row in rows}


def test_an_authority_is_down_and_answers_the_next_day(connected: Any, ssbtek_address: str) -> None:
    office = connected
    folder = office.case(("Petra", "Nilsson", "19900615"))
    requests.post(f"{ssbtek_address}/script", json={"SO": "late"}, timeout=5)
    folder.applied(C1)
    with acting(office.slug, TEST, "look"):
        first = LookUp.objects.get()
        assert (first.case_id, first.person_id) == (folder.case.id, folder.citizens[0].id)
        assert first.legal_basis == LEGAL_BASIS
        assert (first.since, first.until) == ((office.month - 2).since, office.month.since)
    fetched(office)
    assert missing(folder) == {"SO": "open"}
    asked = requests.get(f"{ssbtek_address}/asked", timeout=5).json()[-1]
    assert (asked["case"], asked["person"]) == (folder.case.number, folder.numbers[0])
    assert asked["caseworker"] == "Handslag, automatisk inhämtning"

    # C14: the case may proceed; the decision needs somebody who has seen it.
    sheet = folder.assessed()
    with pytest.raises(NotPossible, match="authority missing"):
        propose(**office.act("hanna"), sheet=sheet.id, reasons="", language="sv")
    with acting(office.slug, TEST, "look"):
        warning = CaseWarning.objects.get(kind="MISSING_SSBTEK")
    acknowledge_warning(**office.act("hanna"), warning=warning.id)
    propose(**office.act("hanna"), sheet=sheet.id, reasons="", language="sv")

    with acting(office.slug, TEST, "look"):
        before = set(FetchedLine.objects.values_list("id", flat=True))
    office.now += timedelta(days=1)
    assert ask_again(office.slug) == 1  # still down
    fetched(office)
    assert missing(folder) == {"SO": "seen"}
    requests.post(f"{ssbtek_address}/script", json={}, timeout=5)
    assert ask_again(office.slug) == 1
    fetched(office)
    assert missing(folder) == {"SO": "closed"}
    assert ask_again(office.slug) == 0
    with acting(office.slug, TEST, "look"):
        assert before <= set(FetchedLine.objects.values_list("id", flat=True))
        assert {tuple(row.authorities) for row in LookUp.objects.all()} == {tuple(ASKED), ("SO",)}


def test_a_caseworker_goes_on_where_nothing_answers(connected: Any, new_office: Any) -> None:
    office = connected
    folder = office.case(("Petra", "Nilsson", "19900615"))
    with pytest.MonkeyPatch.context() as unplugged:
        unplugged.setattr(settings, "SSBTEK", f"http://127.0.0.1:{free_port()}/ssbtek")
        folder.applied(C1)
        fetched(office)
    assert missing(folder) == dict.fromkeys(ASKED, "open")
    sheet = folder.assessed()
    period = folder.period().id
    with pytest.raises(NotPossible, match="authority missing"):
        propose(**office.act("hanna"), sheet=sheet.id, reasons="", language="sv")
    with acting(office.slug, TEST, "look"):
        waiting = list(CaseWarning.objects.filter(kind="MISSING_SSBTEK").order_by("about"))
        other = CaseWarning.objects.exclude(kind="MISSING_SSBTEK").first()
    keys = [one.id for one in waiting]
    told = {"period": period, "reason": "Ringde kassan: inget betalt"}
    for code, wrong in (
        ("no answer chosen", {"warnings": []}),
        ("no reason", {"warnings": keys, "reason": " \n"}),
        ("long reason", {"warnings": keys, "reason": "x" * 301}),
    ):
        with pytest.raises(NotPossible, match=code):
            go_on_without(**office.act("hanna"), **{**told, **wrong})
    with pytest.raises(Hidden):
        go_on_without(**new_office("stranger").act("hanna"), **told, warnings=keys)
    with pytest.raises(Hidden):
        go_on_without(**office.act("ulla"), **told, warnings=keys)  # she pays; the case isn't hers
    go_on_without(**office.act("hanna"), **told, warnings=[*keys[:-1], *([other.id] if other else [])])
    assert list(missing(folder).values()).count("open") == 1
    with pytest.raises(NotPossible, match="authority missing"):
        propose(**office.act("hanna"), sheet=sheet.id, reasons="", language="sv")
    go_on_without(**office.act("hanna"), **told, warnings=keys)
    with pytest.raises(Conflict):
        go_on_without(**office.act("hanna"), **told, warnings=keys)
    propose(**office.act("hanna"), sheet=sheet.id, reasons="", language="sv")
    with acting(office.slug, TEST, "look"):
        assert {one.reason for one in CaseWarning.objects.filter(id__in=keys)} == {told["reason"]}
        assert not other or CaseWarning.objects.get(id=other.id).state == "open"
    assert ask_again(office.slug) == 1  # they go on being asked
    fetched(office)
    assert missing(folder) == dict.fromkeys(ASKED, "closed")


def test_no_warning_says_an_amount_that_an_authority_marks_as_protected(connected: Any) -> None:
    office = connected
    folder = office.case(("Petra", "Nilsson", "19900615"))
    folder.applied(C1)
    month, before = (office.month - 1).since, (office.month - 2).since
    unknown = NewLine("XYZ", "Hemlig förmån", month, 123_400)
    sums = [NewLine("SJP", "Sjukpenning", before, 500_000), NewLine("SJP", "Sjukpenning", month, 987_600), unknown]
    with acting(office.slug, TEST, "look"):
        asked = LookUp.objects.get()
    record = {"tenant": office.slug, "by": TEST, "now": office.now, "look_up": asked.id}
    others = [NewAnswer(one) for one in ASKED if one != "FK"]
    record_answers(**record, answers=[*others, NewAnswer("FK", lines=tuple(sums))])

    def said() -> set[tuple[str, str, int, int]]:
        with acting(office.slug, TEST, "look"):
            rows = CaseWarning.objects.filter(kind__in=["UNHANDLED_INCOME", "INCOME_CHANGE"]).exclude(state="closed")
            return set(rows.values_list("kind", "about", "amount", "amount_before"))

    folder.assessed()
    assert said() == {
        ("UNHANDLED_INCOME", "Hemlig förmån", 123_400, 0),
        ("UNHANDLED_INCOME", "SICKNESS_BENEFIT", 987_600, 0),
        ("INCOME_CHANGE", "SICKNESS_BENEFIT", 987_600, 500_000),
    }
    again = ask_authorities(**office.act("hanna"), period=folder.period().id)[0]
    record["look_up"] = again.id
    record_answers(**record, answers=[*others, NewAnswer("FK", secrecy=True, lines=tuple(sums))])
    assert said() == {("UNHANDLED_INCOME", "FK", 0, 0), ("INCOME_CHANGE", "FK", 0, 0)}


def test_what_an_authority_said_last_counts_and_what_it_said_before_stays(connected: Any) -> None:
    office = connected
    folder = office.case(("Petra", "Nilsson", "19900615"))
    folder.applied(C1)
    month, before = office.month - 1, (office.month - 2).since
    period = folder.period()
    plan_on = month.since + timedelta(days=20)

    def support(amount: int, day: Any = month.since) -> NewLine:
        return NewLine("AS", "Aktivitetsstöd", day, amount)

    def allowance(amount: int, planned: bool = True) -> NewLine:
        return NewLine("BOB", "Bostadsbidrag", plan_on, amount, planned=planned)

    answers(office, support(560_000), support(560_000, before), allowance(130_000))
    folder.assessed()

    def told() -> tuple[dict[str, int], list[tuple[str, int]]]:
        """Kronor of the control month by benefit; what is told as said before."""
        with acting(office.slug, TEST, "look"):
            counted = sums(lines_of(period.id), month)
            kept = [(one.benefit, one.amount // 100) for one in lines_and_replaced(period.id)[1]]
        return {key[2]: amount // 100 for key, amount in counted.items()}, kept

    assert told() == ({"as": 5_600, "bob": 1_300}, [])
    office.now += timedelta(minutes=5)
    ask_authorities(**office.act("hanna"), period=period.id)
    # one corrected, a plan changed; the month before as it was
    answers(office, support(540_000), support(560_000, before), allowance(110_000))
    assert told() == ({"as": 5_400, "bob": 1_100}, [("BOB", 1_300), ("AS", 5_600)])
    with acting(office.slug, TEST, "look"):
        assert FetchedLine.objects.count() == 5  # nothing is stored twice, nothing is gone
        assert not CaseWarning.objects.filter(kind="INCOME_CHANGE").exclude(state="closed").exists()

    # part of an answer replaces what it says anew, and leaves what it doesn't speak of
    office.now += timedelta(minutes=5)
    ask_authorities(**office.act("hanna"), period=period.id)
    answers(office, answer=NewAnswer("FK", True, "BT", "partial", lines=(support(560_000),)))
    assert told() == ({"as": 5_600, "bob": 1_100}, [("BOB", 1_300), ("AS", 5_400)])
    # paid as planned is no other word; what a whole answer doesn't say any more is history
    office.now += timedelta(minutes=5)
    ask_authorities(**office.act("hanna"), period=period.id)
    answers(office, allowance(110_000, planned=False))
    assert told() == ({"bob": 1_100}, [("BOB", 1_300), ("AS", 5_600), ("AS", 5_400), ("AS", 5_600)])


def test_lines_are_stored_once_and_by_income(connected: Any) -> None:
    office = connected
    folder = office.case(("Petra", "Nilsson", "19900615"))
    folder.applied(C1)
    fetched(office)
    period = folder.period()

    def lines() -> list[Any]:
        with acting(office.slug, TEST, "look"):
            return list(FetchedLine.objects.order_by("id").values("id", "amount", "income_code", "authority"))

    there = lines()
    assert there
    assert all(row["income_code"] and row["amount"] > 0 for row in there)
    ask_authorities(**office.act("hanna"), period=period.id)  # all have answered: a caseworker asks all again
    fetched(office)
    assert lines() == there
    with acting(office.slug, TEST, "look"):
        again = LookUp.objects.order_by("-asked_at", "-id").first()
        assert again.asked_as == "Hanna Handläggare"
    with pytest.raises(NotPossible, match="recorded"):
        record_answers(tenant=office.slug, by=TEST, now=office.now, look_up=again.id, answers=[])
    with pytest.raises(NotPossible, match="nothing to ask"):
        ask_authorities(tenant=office.slug, by=TEST, now=office.now, period=period.id)


def test_nobody_else_asks_or_sees(connected: Any, new_office: Any) -> None:
    folder = connected.case(("Petra", "Nilsson", "19900615"))
    folder.applied(C1)
    fetched(connected)
    other = new_office("other", authorities_asked=ASKED)
    period = folder.period().id
    with pytest.raises(Hidden):
        ask_authorities(**other.act("hanna"), period=period)
    stranger = other.case(("Sven", "Annan", "19800101"))
    with pytest.raises(Hidden):
        ask_authorities(**other.by(stranger.citizens[0]), period=period)
    with acting(connected.slug, TEST, "look"):
        look_up = LookUp.objects.first().id
    with pytest.raises(Hidden):
        record_answers(tenant=other.slug, by=TEST, now=other.now, look_up=look_up, answers=[])
    with acting(other.slug, TEST, "look"):
        assert not FetchedLine.objects.exists() and not LookUpAnswer.objects.exists()


def test_the_database_keeps_what_was_fetched(connected: Any, connect: Any) -> None:
    folder = connected.case(("Petra", "Nilsson", "19900615"))
    folder.applied(C1)
    fetched(connected)
    with acting(connected.slug, TEST, "look") as door:
        assert FetchedLine.objects.exists()
        tenant = door.the_tenant.id
    for role in ("web", "worker", "owner"):
        for table in ("lookups_lookup", "lookups_lookupanswer", "lookups_fetchedline"):
            for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
                with connect(role) as session:
                    session.execute("SELECT set_config('app.tenant', %s, true)", [str(tenant)])
                    with pytest.raises(psycopg.Error, match=r"permission denied|written once"):
                        session.execute(statement)


def test_change_is_compared_unrounded_by_the_tenants_percentage(new_office: Any) -> None:
    with acting(new_office("plain").slug, TEST, "look"):
        assert changed(185_000, 240_000)  # C11: -22.9 %
        assert not changed(500_000, 480_000)  # +4 %
        assert not changed(112_000, 100_000)  # 12 % sharp is not above 12 %
        assert changed(112_001, 100_000)
    with acting(new_office("strict", income_change_percent=3).slug, TEST, "look"):
        assert changed(500_000, 480_000)


def test_nobody_is_asked_about_a_case_of_another_case_system(connected: Any, connect: Any) -> None:
    folder = connected.case(("Petra", "Nilsson", "19900615"))
    folder.applied(C1)
    period = folder.period()
    with connect("admin", autocommit=True) as admin:
        admin.execute("UPDATE casefile_case SET worked_in = 'Lifecase' WHERE id = %s", [folder.case.id])
    with pytest.raises(NotPossible, match="worked elsewhere"):
        ask_authorities(**connected.act("hanna"), period=period.id)
    assert ask_again(connected.slug) == 0
    with acting(connected.slug, TEST, "look"):
        assert LookUp.objects.count() == 1  # of the time before


def test_a_decision_waits_until_somebody_has_looked_at_what_came_since(connected: Any) -> None:
    """A late answer, and a child who moved in, after the proposal: it is held, not decided on what stood before."""
    office = connected
    folder = office.case(("Petra", "Nilsson", "19900615"))
    folder.applied(C1)
    day = (office.month - 1).since
    answers(office, answer=NewAnswer("SO", True, "SSBT", "timeout"))
    folder.assessed()
    with acting(office.slug, TEST, "look"):
        warning = CaseWarning.objects.get(kind="MISSING_SSBTEK")
        household = Case.objects.get(id=folder.case.id).household_id
    acknowledge_warning(**office.act("hanna"), warning=warning.id)

    def later() -> None:
        office.now += timedelta(minutes=1)

    def proposed(sheet: Any) -> Any:
        return propose(
            **office.act("hanna"), sheet=sheet.id, reasons="Inkomsten räknas in", language="sv", unheard="Redan sagt"
        )

    def sent_back(row: Any) -> None:
        return_proposal(**office.act("bo"), decision=row.id, version=row.version, reason="Titta på det nya")

    sheet = folder.assessed()
    row = proposed(sheet)
    later()
    ask_authorities(**office.act("hanna"), period=folder.period().id)
    answers(office, answer=NewAnswer("SO", lines=(NewLine("AKASSA", "A-kassa", day, 100_000),)))
    later()
    with pytest.raises(NotPossible, match="fetched since"):
        decide(**office.act("bo"), decision=row.id, version=row.version)
    sent_back(row)
    with pytest.raises(NotPossible, match="fetched since"):
        proposed(sheet)
    row = proposed(folder.assessed())

    later()  # the same again is nothing new
    ask_authorities(**office.act("hanna"), period=folder.period().id)
    answers(office, answer=NewAnswer("SO", lines=(NewLine("AKASSA", "A-kassa", day, 100_000),)))
    later()
    child, _number = office.person("Nora", "Nilsson", f"{office.today.year - 3}0101", account=None)
    next_month = {"household": household, "person": child, "role": "child", "since": (office.month + 1).since}
    moved = move_in(**office.act("rut"), **next_month)
    with acting(office.slug, TEST, "look"):
        assert came_since(Decision.objects.get(id=row.id).sheet) == Came([], [], False, False)
    assert moved.person_id == child
    decided = decide(**office.act("bo"), decision=row.id, version=row.version)
    assert decided.state == "decided"

    other = office.case(("Gun", "Granath", "19850101"))
    other.applied(C1)
    answers(office, NewLine("AS", "Aktivitetsstöd", day, 560_000))
    row = proposed(other.assessed())
    later()
    # she says that it is wrong, and it is: nothing is decided on what was fetched
    with acting(office.slug, TEST, "look"):
        line = FetchedLine.objects.get(person_id=other.citizens[0].id).id
    told = {"line": line, "reason": "amount", "text": "", "amount": 500_000}
    said = dispute_line(**office.by(other.citizens[0]), **told)
    answer_dispute(**office.act("hanna"), dispute=said.id, verdict="said", why="Enligt kontoutdraget")
    with pytest.raises(NotPossible, match="dispute since"):
        decide(**office.act("bo"), decision=row.id, version=row.version)
    sent_back(row)
    later()
    income = {"code": "ACTIVITY_SUPPORT", "gross": 500_000, "source": "caseworker", "note": "som hon säger"}
    row = proposed(other.assessed(incomes=[income]))
    later()
    with acting(office.slug, TEST, "look"):
        household = Case.objects.get(id=other.case.id).household_id
    child, _number = office.person("Olle", "Granath", f"{office.today.year - 3}0101", account=None)
    move_in(**office.act("rut"), household=household, person=child, role="child", since=office.month.since)
    with pytest.raises(NotPossible, match="household since"):
        decide(**office.act("bo"), decision=row.id, version=row.version)
    sent_back(row)
    later()
    with pytest.raises(NotPossible, match="household since"):  # calculated again, without the child
        proposed(other.assessed(members=row.sheet.snapshot.facts["members"]))
    without, row = row.amount, proposed(other.assessed())
    assert decide(**office.act("bo"), decision=row.id, version=row.version).amount > without


def test_what_the_calculation_counts_otherwise_than_it_was_fetched_is_a_warning(connected: Any) -> None:
    office = connected
    folder = office.case(("Petra", "Nilsson", "19900615"))
    folder.applied({**C1, "incomes": []})
    month, before = (office.month - 1).since, (office.month - 2).since
    sick = NewLine("SJP", "Sjukpenning", month, 900_000)
    answers(office, sick, NewLine("BOB", "Bostadsbidrag", before, 130_000))

    def warned() -> dict[tuple[str, str, int, int], str]:
        with acting(office.slug, TEST, "look"):
            rows = CaseWarning.objects.filter(case=folder.case)
            return {(one.kind, one.about, one.amount, one.amount_before): one.state for one in rows}

    def fetched_against(counts: int) -> tuple[str, str, int, int]:
        return "UNHANDLED_INCOME", "SICKNESS_BENEFIT", 900_000, counts

    def taken(gross: int, **other: Any) -> dict[str, Any]:
        whose = str(folder.citizens[0].id)
        return {"code": "SICKNESS_BENEFIT", "gross": gross, "source": "fetched", "person": whose} | other

    lacking = fetched_against(0)
    gone = "INCOME_DROPPED", "HOUSING_ALLOWANCE", 0, 130_000
    assert warned() == {gone: "open"}  # nobody has calculated yet: what she has isn't lacking
    folder.assessed()
    assert warned() == {gone: "open", lacking: "open"}
    folder.assessed(incomes=[taken(500_000), taken(100_000, source="given")])  # less
    assert warned() == {gone: "open", lacking: "closed", fetched_against(600_000): "open"}
    folder.assessed(incomes=[taken(900_000), taken(900_000, source="given", person=None)])  # twice
    assert warned()[fetched_against(1_800_000)] == "open"
    folder.assessed(incomes=[taken(400_000), taken(500_000, source="given", person=None)])
    assert {state for (kind, *_), state in warned().items() if kind == lacking[0]} == {"closed"}
    # what was fetched and isn't said any more
    folder.assessed(incomes=[taken(900_000)])
    office.now += timedelta(minutes=1)
    ask_authorities(**office.act("hanna"), period=folder.period().id)
    answers(office)
    assert warned()["UNHANDLED_INCOME", "SICKNESS_BENEFIT", 0, 900_000] == "open"

    # where a caseworker goes by what the person says, it isn't lacking either
    other = office.case(("Gun", "Granath", "19850101"))
    other.applied({**C1, "incomes": []})
    answers(office, sick)
    other.assessed()
    folder = other
    assert warned() == {lacking: "open"}
    with acting(office.slug, TEST, "look"):
        line = FetchedLine.objects.get(person_id=other.citizens[0].id).id
    told = {"line": line, "reason": "missing", "text": "", "amount": None}
    said = dispute_line(**office.by(other.citizens[0]), **told)
    assert warned() == {lacking: "open"}
    answer_dispute(**office.act("hanna"), dispute=said.id, verdict="said", why="Enligt kontoutdraget")
    assert warned() == {lacking: "closed"}


def test_a_benefit_that_is_not_said_yet_is_asked_for_each_day_until_it_is_or_the_month_is_decided(
    connected: Any,
) -> None:
    office = connected
    folder = office.case(("Petra", "Nilsson", "19900615"))
    folder.applied(C1)
    month, period, last = office.month, folder.period().id, (office.month - 1).since
    before = NewLine("AS", "Aktivitetsstöd", (office.month - 2).since, 560_000)

    def asks(answer: NewAnswer) -> list[list[str]]:
        """Whom the office asks by itself: on the day of the answer, and on the day after it."""
        answers(office, answer=answer)
        found = []
        for _ in range(2):
            with acting(office.slug, TEST, "look"):
                open_ = open_with_missing(office.today)
            if open_:
                asked = ask_authorities(**office.by(TEST), period=period)
                found.append([authority for one in asked for authority in one.authorities])
            else:
                refused("nothing to ask", ask_authorities, **office.by(TEST), period=period)
                found.append([])
            office.now += timedelta(days=1)
        return found

    assert asks(NewAnswer("FK", lines=(before,))) == [[], ["FK"]]
    assert asks(NewAnswer("FK", lines=(before, replace(before, paid_on=last, planned=True)))) == [[], []]
    ask_authorities(**office.act("hanna"), period=period)
    answers(office, before)
    office.now += timedelta(days=1)
    with acting(office.slug, TEST, "look"):
        assert open_with_missing(office.today) == [period]
    row = propose(**office.act("hanna"), sheet=folder.assessed(month).id, reasons="", language="sv")
    decide(**office.act("bo"), decision=row.id, version=row.version)
    with acting(office.slug, TEST, "look"):
        assert open_with_missing(office.today) == []
    refused("nothing to ask", ask_authorities, **office.by(TEST), period=period)


def test_study_help_that_does_not_begin_again_after_the_summer_is_a_warning_in_october(connected: Any) -> None:
    office = connected
    year = office.today.year + 1
    folder = office.case(("Petra", "Nilsson", "20090615"))

    def warned(number: int, *paid: tuple[str, int, int]) -> list[tuple[str, str, int, int]]:
        """What is warned of for a month where CSN says these payments: form, month, kronor."""
        month = Month(year, number)
        office.now = max(office.now + timedelta(minutes=1), datetime(year, number, 10, 9, tzinfo=UTC))
        with acting(office.slug, TEST, "look"):
            there = Period.objects.filter(case=folder.case, since=month.since).exists()
        if not there:
            folder.draft(month=month)
        period = folder.period(month).id
        ask_authorities(**office.act("hanna"), period=period)
        lines = tuple(
            NewLine(f"{form}.SB", "Studiehjälp: Studiebidrag", date(year, on, 28), kr * 100) for form, on, kr in paid
        )
        answers(office, answer=NewAnswer("CSN", lines=lines))
        with acting(office.slug, TEST, "look"):
            return sorted((one.kind, one.about, one.amount, one.amount_before) for one in changes_in(period))

    assert warned(7, ("SH", 5, 1250), ("SH", 6, 1250)) == []
    assert warned(8, ("SH", 6, 1250)) == [("INCOME_DROPPED", "STUDY_GRANT", 0, 125_000)]  # it isn't paid in July
    assert warned(9) == []
    assert warned(10) == [("INCOME_DROPPED", "STUDY_GRANT", 0, 125_000)]
    assert warned(10, ("SB", 9, 1250)) == []
    assert warned(10, ("GRUND", 9, 9000)) == [("INCOME_DROPPED", "STUDY_GRANT", 0, 125_000)]  # another support
    assert warned(11, ("SH", 9, 1250), ("SH", 10, 1250)) == []


def test_what_is_said_of_a_plan_is_said_of_its_payment_and_of_each_of_two_alike(connected: Any) -> None:
    office = connected
    folder = office.case(("Petra", "Nilsson", "19900615"))
    folder.applied(C1)
    period, day = folder.period().id, (office.month - 1).since
    plan, other = (NewLine("AS", "Aktivitetsstöd", day, amount, planned=True) for amount in (560_000, 100_000))

    def said(*lines: NewLine) -> tuple[list[bool], list[bool]]:
        """These lines are the newest answer: which of those that count are disputed, and of those said before."""
        office.now += timedelta(minutes=1)
        ask_authorities(**office.act("hanna"), period=period)
        answers(office, *lines)
        with acting(office.slug, TEST, "look"):
            disputed = disputes_in(period)
            shown = [sorted(one.id in disputed for one in rows) for rows in lines_and_replaced(period)]
        return shown[0], shown[1]

    answers(office, plan, other, other)
    with acting(office.slug, TEST, "look"):
        rows = {(one.amount, one.serial): one.id for one in FetchedLine.objects.filter(period_id=period)}
    wrong = {"reason": "amount", "text": "", "amount": 400_000}
    on_plan = dispute_line(**office.by(folder.citizens[0]), line=rows[560_000, 1], **wrong)
    on_second = dispute_line(**office.by(folder.citizens[0]), line=rows[100_000, 2], **wrong)
    assert said(plan, other) == ([False, True], [True])  # the second one isn't said any more, and can be answered
    answer_dispute(**office.act("hanna"), dispute=on_second.id, verdict="fetched", why="Den finns inte mer.")
    assert said(replace(plan, planned=False)) == ([True], [False, True])  # paid as planned
    with acting(office.slug, TEST, "look"):
        (paid,) = lines_of(period)
        assert disputes_in(period)[paid.id].dispute.id == on_plan.id
    answer_dispute(**office.act("hanna"), dispute=on_plan.id, verdict="said", why="Enligt kontoutdraget")
    with acting(office.slug, TEST, "look"):
        assert counted(paid, disputes_in(period)[paid.id]) == 400_000
        assert not waits_for_answer(period)


def test_who_failed_is_asked_after_the_decision_too_and_what_comes_is_for_a_person(connected: Any) -> None:
    office = connected
    folder = office.case(("Petra", "Nilsson", "19900615"))
    folder.applied(C1)
    answers(office, answer=NewAnswer("SO", True, "SSBT", "timeout"))
    sheet, period = folder.assessed(), folder.period().id
    with acting(office.slug, TEST, "look"):
        warning = CaseWarning.objects.get(kind="MISSING_SSBTEK")
    acknowledge_warning(**office.act("hanna"), warning=warning.id)
    row = propose(**office.act("hanna"), sheet=sheet.id, reasons="", language="sv")
    decide(**office.act("bo"), decision=row.id, version=row.version)

    def asked_and_said(*lines: NewLine, failed: bool = False) -> tuple[str, dict[str, str], list[str]]:
        """Ask as each night does; then the state of the warning on who is missing, of that on what the calculation
        lacks, and the tasks."""
        office.now += timedelta(minutes=1)
        with acting(office.slug, TEST, "look"):
            assert open_with_missing(office.today) == [period]
        ask_authorities(**office.by(TEST), period=period)
        answers(office, answer=NewAnswer("SO", True, "SSBT", "timeout") if failed else NewAnswer("SO", lines=lines))
        with acting(office.slug, TEST, "look"):
            lacking = CaseWarning.objects.filter(case=folder.case, kind="UNHANDLED_INCOME")
            tasks = Task.objects.filter(subject_id=folder.case.id, kind="fetched after decision")
            return (
                missing(folder)["SO"],
                dict(lacking.values_list("about", "state")),
                list(tasks.values_list("state", flat=True)),
            )

    assert asked_and_said(failed=True) == ("seen", {}, [])
    late = NewLine("AKASSA", "A-kassa", (office.month - 1).since, 1_000_000)
    assert asked_and_said(late) == ("closed", {"UNEMPLOYMENT_BENEFIT": "open"}, ["open"])
    with acting(office.slug, TEST, "look"):
        assert open_with_missing(office.today) == []
        task = Task.objects.get(kind="fetched after decision")
        stands = Decision.objects.get(case=folder.case)  # nothing is decided by what came
        assert (stands.state, stands.amount) == ("decided", row.amount)
    # looked at once: the same again makes no other task, another amount does
    finish_task(**office.act("hanna"), task=task.id, version=task.version)
    for amount, tasks in ((1_000_000, ["done"]), (900_000, ["done", "open"])):
        office.now += timedelta(minutes=1)
        ask_authorities(**office.act("hanna"), period=period)
        answers(office, answer=NewAnswer("SO", lines=(replace(late, amount=amount),)))
        with acting(office.slug, TEST, "look"):
            rows = Task.objects.filter(kind="fetched after decision").order_by("created_at", "id")
            assert [one.state for one in rows] == tasks

    # the same for who had answered: nothing new, no task
    other = office.case(("Gun", "Granath", "19850101"))
    other.applied(C1)
    answers(office, answer=NewAnswer("SO", True, "SSBT", "timeout"))
    with acting(office.slug, TEST, "look"):
        warning = CaseWarning.objects.get(case=other.case, kind="MISSING_SSBTEK")
    acknowledge_warning(**office.act("hanna"), warning=warning.id)
    other.decided()
    folder, period = other, other.period().id
    assert asked_and_said() == ("closed", {}, [])
