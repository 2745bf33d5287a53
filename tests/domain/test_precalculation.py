"""All open cases calculated for a month: growing batches, an error list, a halt, a crash, no case twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from handslag.cli import precalculate as command
from handslag.cli.main import load
from handslag.domain.audit.models import Event
from handslag.domain.casefile.models import Period
from handslag.domain.casefile.operations import move_in
from handslag.domain.decisions.models import Decision
from handslag.domain.entitlement.models import Forecast, NormSet, Precalculation, Sheet, Snapshot
from handslag.domain.entitlement.operations import enter_local_norm
from handslag.domain.entitlement.operations.precalculations import (
    clear_forecasts,
    continue_precalculation,
    start_precalculation,
)
from handslag.domain.entitlement.queries.precalculations import Found, coming, found_in, problems_in, stuck_runs
from handslag.domain.entitlement.states import Basis, Problem, RunKind, RunState
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.tasks.models import Notice, Task
from handslag.domain.tenancy.door import acting, writing
from handslag.domain.tenancy.permissions import NotAllowed
from handslag.domain.tenancy.policies import Conflict
from handslag.jobs import acts, watch
from handslag.jobs import precalculations as jobs
from handslag.kernel.ids import uuid7
from handslag.kernel.months import Month
from handslag.rules.packs import pack
from tests.bed import Database
from tests.office import C1, TEST, Office, as_role, open_office, refused

MARCH = datetime(2026, 3, 10, 9, tzinfo=UTC)
APRIL = Month(2026, 4)


@pytest.fixture
def office(connect: Any, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office of March 2026."""
    monkeypatch.setattr("handslag.kernel.clock.now", lambda: MARCH)
    office = open_office(connect)
    office.now = MARCH
    return office


def calculated(office: Office, *, till: int = 100) -> list[tuple[int, int]]:
    """Do the queued batches of all runs of this office by hand, as the queue would; gives (batch, cases done)."""
    done = []
    for _ in range(till):
        with acting(office.slug, TEST, "look") as door:
            tenant = door.the_tenant.id
            run = Precalculation.objects.filter(state=RunState.RUNNING).order_by("started_at").first()
        if run is None:
            break
        jobs.precalculate(tenant, str(run.id), run.batch)
        with acting(office.slug, TEST, "look"):
            after = Precalculation.objects.get(id=run.id)
        done.append((run.batch, after.done - run.done))
    return done


def test_a_month_is_calculated_from_what_is_known_of_each_case(office: Office, database: Database) -> None:
    same, grown, applied, new, moved = (
        office.case(("Petra", "Nilsson", "19900615")),
        office.case(("Eva", "Berg", "19810302"), children=(("Kim", "Berg", "20180203"), ("Bo", "Berg", "20190320"))),
        office.case(("Åke", "Lund", "19800101")),
        office.case(("Ny", "Person", "19770101")),
        office.case(("Ture", "Flytt", "19760101")),
    )
    for folder in (same, grown, applied, moved):
        folder.applied()
        folder.assessed()
    applied_again = {"costs": [{"code": "RENT", "amount": "6 080", "note": ""}]}
    office.now = datetime(2026, 3, 20, 9, tzinfo=UTC)
    applied.applied(C1 | {"costs": applied_again["costs"] + C1["costs"][1:]}, APRIL)
    child, _ = office.person("Lill", "Flytt", "20240505", account=None)
    home = moved.case.household_id
    move_in(**office.act("rut"), household=home, person=child, role="child", since=date(2026, 3, 15))
    with acting(office.slug, TEST, "look"):
        before = (Sheet.objects.count(), Decision.objects.count(), Task.objects.count(), Notice.objects.count())
    run = start_precalculation(**office.act("alva"), kind=RunKind.MONTH, month=APRIL)
    refused("precalculation runs", start_precalculation, **office.act("alva"), kind=RunKind.MONTH, month=APRIL)
    with pytest.raises(NotAllowed):
        start_precalculation(**office.act("hanna"), kind=RunKind.MONTH, month=APRIL + 1)
    with as_role(database, "worker"):
        assert calculated(office) == [(0, 1), (1, 4)]
    with acting(office.slug, TEST, "look"):
        rows = {row.case_id: row for row in Forecast.objects.select_related("earlier")}
        run.refresh_from_db()
        told = {key: (row.basis, row.difference, row.problem) for key, row in rows.items()}
        assert told == {
            same.case.id: (Basis.CARRIED, 0, ""),
            grown.case.id: (Basis.CARRIED, 760_00, ""),
            applied.case.id: (Basis.APPLICATION, -120_00, ""),
            new.case.id: ("", 0, Problem.NOTHING),
            moved.case.id: ("", 0, Problem.HOUSEHOLD),
        }
        # Bo turns seven in April: the calendar alone changes the norm, and says so without an age
        assert [c["label"]["en"] for c in rows[grown.case.id].changes] == ["National norm"]
        assert rows[grown.case.id].difference == 760_00
        [rent] = rows[applied.case.id].changes
        assert (rent["code"], rent["before"], rent["after"]) == ("COST.RENT", 6_200_00, 6_080_00)
        assert (rent["label"]["sv"], rent["label"]["en"]) == ("Hyra", "Rent")
        assert (run.state, run.done, run.cases, run.problems) == ("ended", 5, 5, 2)
        assert (run.more, run.more_by, run.less, run.less_by) == (1, 760_00, 1, 120_00)
        assert found_in(Forecast.objects.filter(run=run)) == Found(5, 1, 1, 760_00, 120_00, 2)
        unit = "Försörjningsstöd"
        assert problems_in(run) == [("household", unit, 1), ("nothing", unit, 1)]
        assert coming(applied.case.id, APRIL.since) == rows[applied.case.id]
        # nothing of it decides, proposes, or tells anybody
        assert (Sheet.objects.count(), Decision.objects.count(), Task.objects.count(), Notice.objects.count()) == before
        kinds = Event.objects.filter(subject_id=run.id).order_by("seq").values_list("kind", flat=True)
        assert list(kinds) == ["precalculation started", "precalculation ended"]
    applied.assessed(APRIL)  # calculated by the caseworker: the forecast steps back
    with acting(office.slug, TEST, "look"):
        assert coming(applied.case.id, APRIL.since) is None


def test_it_halts_goes_on_when_a_person_says_so_and_one_case_never_fails_the_others(
    office: Office, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown = office.case(("Eva", "Berg", "19810302"), children=(("Vuxen", "Berg", "20050320"),))
    fine = [office.case((f"Nr{n}", "Lund", f"1980010{n}")) for n in range(1, 6)]
    for folder in (grown, *fine):
        folder.applied()
        folder.assessed()
    run = start_precalculation(**office.act("alva"), kind=RunKind.MONTH, month=APRIL)
    with pytest.raises(Conflict):
        continue_precalculation(**office.act("alva"), run=run.id)
    with as_role(database, "worker"):
        assert calculated(office) == [(0, 1)]  # the norm has no row for a child of 21: the first case halts it
        with acting(office.slug, TEST, "look"):
            [row] = Forecast.objects.all()
            run.refresh_from_db()
            assert (run.state, row.problem, row.case_id) == ("halted", Problem.NORMS, grown.case.id)
            assert row.told == ["riksnorm.child: no row for age 21"]
    with pytest.raises(NotAllowed):
        continue_precalculation(**office.act("hanna"), run=run.id)
    continue_precalculation(**office.act("alva"), run=run.id)
    set_policy(**office.by(TEST), name="precalculation_failures_percent", value=20)
    broken, rules = fine[2].case.applicant_id, pack("se")
    real = rules.calculate

    def calculate(facts: Any, norms: Any) -> Any:
        if facts.members[0].key == str(broken):
            raise ZeroDivisionError("whose amount this is stands nowhere")
        return real(facts, norms)

    monkeypatch.setattr(rules, "calculate", calculate)
    with as_role(database, "worker"):
        assert calculated(office) == [(1, 5)]  # one of five: not more than a fifth
    with acting(office.slug, TEST, "look"):
        run.refresh_from_db()
        assert (run.state, run.done, run.problems) == ("ended", 6, 2)
        [row] = Forecast.objects.filter(problem=Problem.UNEXPECTED)
        assert row.case_id == fine[2].case.id and len(row.told) == 1
        assert row.told[0].startswith("ZeroDivisionError test_precalculation.py:")
        assert (row.before, row.after, row.changes) == (None, None, [])
        kinds = Event.objects.filter(subject_id=run.id).order_by("seq").values_list("kind", flat=True)
        told = ["started", "halted", "continued", "ended"]
        assert list(kinds) == [f"precalculation {word}" for word in told]


def stored(office: Office, folder: Any, law: str, facts: dict[str, Any], month: Month) -> Sheet:
    """A sheet of another pack, as its pages would store it."""
    rules = pack(law)
    read = rules.Facts.from_json(facts)
    norms = rules.norms_of(read, month.since, month.since)
    sheet = rules.calculate(read, norms)
    with acting(office.slug, TEST, "store") as door, writing(door):
        door.memory["written"] = {}
        period = Period.objects.create(case=folder.case, since=month.since, until=month.until)
        told = {"case": folder.case, "period": period}
        snapshot = Snapshot.objects.create(**told, facts=read.to_json(), digest="0" * 64)
        norm_set = NormSet.objects.create(digest=norms.digest, body={}, has_example=False)
        return Sheet.objects.create(
            **told, number=1, snapshot=snapshot, norm_set=norm_set, pack=law, rule_version=rules.RULE_VERSION,
            known_on=month.since, body=sheet.to_json(), digest="0" * 64, granted=sheet.granted,
            currency=rules.CURRENCY, computed_at=office.now,
        )  # fmt: skip


def test_the_yearly_change_of_norms_in_every_law_and_one_value_before_it_is_confirmed(
    connect: Any, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2025, 12, 10, 9, tzinfo=UTC)
    monkeypatch.setattr("handslag.kernel.clock.now", lambda: now)
    office = open_office(connect)
    single, swiss, german = (
        office.case(),
        office.case(("Anna", "Muster", "19850505")),
        office.case(("Max", "Muster", "19540101")),
    )
    single.applied()
    single.assessed()
    december, january = Month(2025, 12), Month(2026, 1)
    limit = {"name": "limit.RENT", "unit": "SEK/month", "label": {"sv": "Hyra"}, "value": 6000}
    value = enter_local_norm(**office.act("alva"), entry=limit, since=date(2026, 2, 1), source="nämnden § 1")
    tried = start_precalculation(**office.by(TEST), kind=RunKind.VALUE, month=january, norm=value.id)
    with as_role(database, "worker"):
        assert calculated(office) == [(0, 1), (1, 2)]
    anna, max_ = str(swiss.case.applicant_id), str(german.case.applicant_id)
    days = {"since": str(december.since), "until": str(december.until)}
    own = {"rent": {"amount": 900_00, "source": "evidence"}, "members": [{"key": anna, "birth_on": "1985-05-05"}]}
    stored(office, swiss, "ch", days | own | {"canton": "ZH", "claim": "new"}, december)
    pension = {"code": "PENSION_AGE", "gross": 400_00, "source": "evidence", "person": max_}
    member = {"key": max_, "role": "adult", "birth_on": "1954-01-01"}
    stored(office, german, "de", days | {"members": [member], "incomes": [pension]}, december)
    norms = start_precalculation(**office.by(TEST), kind=RunKind.NORMS, month=january)
    with as_role(database, "worker"):
        assert calculated(office) == [(0, 1), (1, 2)]
    with acting(office.slug, TEST, "look"):
        assert Forecast.objects.get(run=tried, case=single.case).difference == -200_00  # as if confirmed, and in force
        rows = {row.case_id: row for row in Forecast.objects.filter(run=norms)}
        changed = rows[single.case.id]  # the riksnorm of 2026 beside that of 2025, with the same facts
        moved = {c["code"]: c["after"] - c["before"] for c in changed.changes}
        assert moved == {"PERSON": 30_00, "COMMON": 10_00}
        assert changed.difference == 40_00
        told = {row.pack: (row.currency, row.problem, row.difference) for row in rows.values()}
        assert told == {"se": ("SEK", "", 40_00), "ch": ("CHF", "", 0), "de": ("EUR", "", 0)}


class Killed(BaseException):
    """As if the process had been killed."""


def test_killed_anywhere_and_started_again_no_case_is_left_out_or_calculated_twice(
    office: Office, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = {office.case((f"Nr{n}", "Lund", f"198001{n:02}")).case.id for n in range(1, 14)}
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
    months = iter(range(1, 30))
    queued: list[tuple[UUID, int]] = []
    monkeypatch.setattr(jobs, "enqueue", lambda tenant, run, batch: queued.append((run, batch)))

    def killed(*_: Any, **__: Any) -> None:
        raise Killed

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.lists(st.sampled_from(["batch", "killed before", "killed after", "again", "lost"]), max_size=8))
    def any_order(steps: list[str]) -> None:
        queued.clear()
        month = APRIL + next(months) - 12
        run = start_precalculation(**office.by(TEST), kind=RunKind.MONTH, month=month).id
        past: list[tuple[UUID, int]] = []
        for step in [*steps, *["batch"] * 3]:
            if not queued:
                with acting(office.slug, TEST, "look"):
                    queued.extend(stuck_runs(datetime(2027, 1, 1, tzinfo=UTC)))  # what the sweep enqueues again
            if step == "again" and past:
                jobs.precalculate(tenant, str(past[-1][0]), past[-1][1])
            elif step == "lost":
                queued.clear()
            elif step.startswith("killed") and queued:
                with monkeypatch.context() as patch:
                    if step == "killed before":
                        patch.setattr(Precalculation, "save", killed)
                    else:
                        patch.setattr(jobs, "enqueue", killed)
                        patch.setattr(jobs, "end_precalculation", killed)
                    with pytest.raises(Killed):
                        jobs.precalculate(tenant, str(queued[0][0]), queued[0][1])
            elif step == "batch" and queued:
                past.append(queued.pop(0))
                jobs.precalculate(tenant, str(past[-1][0]), past[-1][1])
        with acting(office.slug, TEST, "look"):
            found = Precalculation.objects.get(id=run)
            rows = list(Forecast.objects.filter(run=run).values_list("case_id", flat=True))
            assert (found.state, found.batch, found.done, found.problems) == ("ended", 3, 13, 13)
            assert sorted(rows) == sorted(cases)

    with as_role(database, "worker"):
        any_order()


def test_begun_by_the_clock_or_the_command_found_by_the_sweep_and_forgotten_in_time(
    office: Office, database: Database, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    folder = office.case()
    folder.applied()
    folder.assessed()
    office.case(("Ny", "Person", "19770101"))
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
    monkeypatch.setattr(acts, "tenants", lambda: [tenant])

    def queued() -> list[tuple[str, int]]:
        with psycopg.connect(database.admin) as admin:
            rows = admin.execute(
                "SELECT lock, (args->>'batch')::int FROM procrastinate_jobs WHERE task_name = 'handslag:precalculate'"
                " AND status = 'todo' AND (args->>'tenant')::int = %s ORDER BY id", [tenant],
            ).fetchall()  # fmt: skip
        return [(str(lock), int(batch)) for lock, batch in rows]

    with as_role(database, "worker"):
        jobs.precalculate_months(timestamp=1)  # day 0: never by itself
        assert queued() == []
    set_policy(**office.by(TEST), name="precalculation_day", value=10)
    with as_role(database, "worker"):
        jobs.precalculate_months(timestamp=2)
        jobs.precalculate_months(timestamp=3)
        with acting(office.slug, TEST, "look"):
            [run] = Precalculation.objects.all()
            assert (run.kind, run.since, run.started_by_id) == (RunKind.MONTH, APRIL.since, None)
        key = f"precalculate:{run.id}"
        assert queued() == [(key, 0)]
        jobs.precalculate(tenant, str(run.id), 0)
        assert queued() == [(key, 0), (key, 1)]  # in the same transaction as the batch
        monkeypatch.setattr("handslag.kernel.clock.now", lambda: MARCH + timedelta(minutes=6))
        watch.enqueue_forgotten()
        watch.enqueue_forgotten()
        assert queued() == [(key, 0), (key, 1), (key, 1)]
        for batch in (0, 1, 1):
            jobs.precalculate(tenant, str(run.id), batch)  # what stands twice is done once
        with acting(office.slug, TEST, "look"):
            run.refresh_from_db()
            assert (run.state, run.done, run.milliseconds) == ("ended", 2, 360_000)

    @contextmanager
    def worker(role: str) -> Iterator[None]:
        with as_role(database, role):
            yield

    monkeypatch.setattr(command, "acting_as", worker)

    def handslag(*words: str) -> tuple[Any, str]:
        done = CliRunner().invoke(load("precalculate"), list(words))
        return done.exit_code, done.output

    code, told = handslag("start", office.slug, "--month", "2026-04", "--norms", "--here")
    assert code == 0
    assert "norms 2026-04 ended: 2 of 2 cases, 0 more by 0, 0 less by 0" in told
    assert "1 not calculated" in told
    code, told = handslag("errors", office.slug)
    assert (code, told.split(": ")[1].strip()) == (0, "nothing")
    code, told = handslag("status", office.slug)
    assert (code, told.count("ended: 2 of 2")) == (0, 2)
    for words, said in (
        (("continue", office.slug), "the run is ended"),
        (("errors", office.slug, "--run", "x"), "x is no key"),
        (("errors", office.slug, "--run", str(uuid7())), "there is no such run"),
        (("start", "nowhere", "--month", "2026-04"), "there is no organisation nowhere"),
        (("start", office.slug, "--month", "2036-04"), "at most a year away"),
        (("start", office.slug, "--month", "2026-04", "--value", str(uuid7())), "there is no such local norm"),
        (("start", office.slug, "--month", "2026-04", "--value", "x", "--norms"), "not both"),
    ):
        code, told = handslag(*words)
        assert code == 1, words
        assert said in told, words
    later = datetime(2026, 7, 1, 12, tzinfo=UTC)
    with as_role(database, "worker"):
        assert clear_forecasts(tenant=tenant, by=jobs.BY, now=later - timedelta(days=1)) == 0
        assert clear_forecasts(tenant=tenant, by=jobs.BY, now=later + timedelta(days=1)) == 4
    with acting(office.slug, TEST, "look"):
        assert Precalculation.objects.count() == 2  # the figures stay
