"""What an organisation sets reaches its calculations, runs over its cases and recomputations, and no others."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest

from handslag.domain.entitlement.models import Forecast, LocalNorm
from handslag.domain.entitlement.operations import confirm_local_norm, enter_local_norm, take_population
from handslag.domain.entitlement.operations.precalculations import (
    calculate_batch,
    end_precalculation,
    start_precalculation,
)
from handslag.domain.entitlement.queries import (
    as_one_value,
    chunk_of_sheets,
    differences,
    local_norm_entries,
    local_norms,
    would_change,
)
from handslag.domain.entitlement.states import RunKind
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel.months import Month
from handslag.rules.norms import held, load
from handslag.rules.packs import law_of
from handslag.rules.se.facts import Facts
from handslag.rules.se.limits import household_key
from handslag.rules.se.pack import calculate, norms_of
from handslag.rules.words import lookup
from handslag.web.caseworker.norm_files import KINDS, FileError, as_yaml, read
from tests.office import TEST, as_role, open_office

MARCH, APRIL = Month(2026, 3), Month(2026, 4)
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


def confirmed(office: Any, name: str, amounts: list[int], since: date) -> LocalNorm:
    entry = law_of({"CHF": "CH", "EUR": "DE"}[office.currency]).LOCAL[name].entry(name, amounts)
    row = enter_local_norm(**office.act("alva"), entry=entry, since=since, source="Beschluss 12")
    return confirm_local_norm(**office.act("axel"), norm=row.id)


def forecasts(office: Any, database: Any, kind: RunKind, norm: LocalNorm | None = None) -> dict[Any, Forecast]:
    """A run over all open cases for April, by case."""
    told: dict[str, Any] = {"norm": norm.id} if norm else {}
    run = start_precalculation(**office.by(TEST), kind=kind, month=APRIL, **told)
    with as_role(database, "worker"):
        for batch in range(2):
            calculate_batch(**office.by(TEST), run=run.id, batch=batch)
        end_precalculation(**office.by(TEST), run=run.id)
        with acting(office.slug, TEST, "look"):
            return {row.case_id: row for row in Forecast.objects.filter(run=run)}


@pytest.fixture
def abroad(connect: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An organisation of another country, with two administrators."""
    monkeypatch.setattr("handslag.kernel.clock.now", lambda: NOW)

    def opened(country: str, currency: str) -> Any:
        office = open_office(connect, "abroad", country)
        office.currency = currency
        office.admit("axel", "Axel Administratör", "administrator")
        return office

    return opened


def test_a_swiss_table_holds_in_each_canton_from_its_day_on(abroad: Any, database: Any) -> None:
    office, other = abroad("CH", "CHF"), abroad("CH", "CHF")
    folders = {}
    for canton in ("ZH", "BE", "AG"):
        folders[canton] = office.case((canton.title(), "Muster", "19850505"))
    folders["other"] = other.case(("Zoe", "Muster", "19850505"))

    def calculated(canton: str, month: Month) -> Any:
        folder = folders[canton]
        member = {"key": str(folder.case.applicant_id), "birth_on": "1985-05-05"}
        rent = {"amount": 1500_00, "source": "evidence", "notice_until": "2026-01-31"}
        facts = {"canton": "ZH" if canton == "other" else canton, "claim": "running", "members": [member], "rent": rent}
        return folder.by_law(facts, month)

    before = {canton: calculated(canton, MARCH).granted for canton in folders}
    entry = law_of("CH").LOCAL["rent.limit"].entry("rent.limit", [1200, 1500])
    with pytest.raises(NotPossible) as refused:
        enter_local_norm(**office.act("alva"), entry=entry | {"owner": ""}, since=APRIL.since, source="Beschluss 11")
    assert refused.value.facts["problems"] == ["municipality: rent.limit: owner: whose decision the table is"]
    row = enter_local_norm(**office.act("alva"), entry=entry, since=APRIL.since, source="Beschluss 12")
    assert row.entry["owner"] == "Abroad kommun"
    told = forecasts(office, database, RunKind.VALUE, row)
    assert [(row.pack, row.currency, row.difference) for row in told.values()] == [("ch", "CHF", -300_00)] * 3
    assert {row.difference for row in forecasts(office, database, RunKind.MONTH).values()} == {0}
    confirm_local_norm(**office.act("axel"), norm=row.id)
    told = forecasts(office, database, RunKind.MONTH)
    assert {canton: told[folders[canton].case.id].difference for canton in ("ZH", "BE", "AG")} == dict.fromkeys(
        ("ZH", "BE", "AG"), -300_00
    )
    [theirs] = forecasts(other, database, RunKind.MONTH).values()
    assert (theirs.problem, theirs.difference) == ("", 0)
    # March is what it was, April has the table; both come out again to the byte
    assert {canton: calculated(canton, MARCH).granted for canton in folders} == before
    april = {canton: before[canton] - calculated(canton, APRIL).granted for canton in folders}
    assert april == {"ZH": 300_00, "BE": 300_00, "AG": 300_00, "other": 0}
    with acting(office.slug, TEST, "look"):
        sheets = chunk_of_sheets(None)
        assert (len(sheets), [d for sheet in sheets for d in differences(sheet)]) == (9, [])
        assert [(n.name, n.owner) for n in local_norms("ch")] == [("rent.limit", "Abroad kommun")]
        assert local_norms("de") == local_norms("se") == []
    assert take_population(**office.by(TEST), month=APRIL).norms[0]["name"] == "rent.limit"
    # facts that can't be read any more end nobody else's turn
    with psycopg.connect(database.admin, autocommit=True) as administrator:
        administrator.execute("SET session_replication_role = replica")
        spoilt = "UPDATE entitlement_snapshot SET facts = '{}' WHERE case_id = %s"
        administrator.execute(spoilt, [folders["BE"].case.id])
    lower = enter_local_norm(**office.act("alva"), entry=entry | {"rows": [1100, 1500]}, since=APRIL.since, source="13")
    with acting(office.slug, TEST, "look"):
        found = would_change(lower, office.today)
    assert (found.open_cases, found.less, found.not_computed) == (3, (-100_00, -100_00), 1)


def test_a_german_district_sets_its_tables_and_nothing_of_another_law(abroad: Any, database: Any) -> None:
    office = abroad("DE", "EUR")
    folder = office.case(("Erna", "Muster", "19540101"))
    member = {"key": str(folder.case.applicant_id), "role": "adult", "birth_on": "1954-01-01"}
    housing = {"rent": 500_00, "heating": 80_00, "residents": 1, "source": "evidence", "reduce_until": "2026-01-01"}
    with pytest.raises(NotPossible, match="norms"):  # never without a table that is needed
        folder.by_law({"members": [member], "housing": housing}, MARCH)
    for wrong, said in (
        ({"name": "limit.RENT", "unit": "SEK/month", "value": 5}, "limit.RENT is none of rent.limit, rent.further"),
        ({"name": "rent.further", "unit": "EUR/day", "value": 5}, "rent.further is one amount in EUR/month"),
        ({"name": "rent.limit", "unit": "EUR/month", "by": "persons", "bands": [2], "last": 2, "rows": [5]},
         "rent.limit begins with 1 person"),
    ):  # fmt: skip
        with pytest.raises(NotPossible) as refused:
            enter_local_norm(
                **office.act("alva"), entry={"label": {"de": "x"}} | wrong, since=MARCH.since, source="Kreistag § 4"
            )
        assert said in refused.value.facts["problems"][0]
    confirmed(office, "rent.limit", [450], date(2026, 1, 1))
    sheet = folder.by_law({"members": [member], "housing": housing}, MARCH)
    assert (sheet.currency, [line["amount"] for line in sheet.body["lines"] if line["code"] == "RENT"]) == (
        "EUR", [450_00]
    )  # fmt: skip
    confirmed(office, "rent.limit", [420], APRIL.since)
    [told] = forecasts(office, database, RunKind.MONTH).values()
    assert (told.pack, told.problem, told.difference) == ("de", "", -30_00)


def test_a_table_that_grows_shrinks_or_becomes_one_amount_leaves_its_history(abroad: Any) -> None:
    """Also as a file, which is read again as it was written."""
    office = abroad("CH", "CHF")
    for month, amounts in ((1, [1100, 1300, 1500]), (4, [1200, 1400, 1600, 1800, 1900]), (6, [1250, 1450])):
        confirmed(office, "rent.limit", amounts, date(2026, month, 1))
    with acting(office.slug, TEST, "look"):
        [norm], written = local_norms("ch"), as_yaml(local_norm_entries())
    [again] = load(written, "own.yaml")
    for month, limit in ((1, 1500_00), (3, 1500_00), (4, 1900_00), (5, 1900_00), (6, 1450_00)):
        for one in (norm, again):
            assert lookup(held(one, date(2026, month, 1)), 6) == limit
    doubt = "\n  uncertain_from: 2026-12-08\n  uncertain: {de: ungeprüft}\n  unit:"
    told = read(written.replace("\n  unit:", doubt), "own.yaml", None, "", {}, law_of("CH"), "en")[-1]
    enter_local_norm(**office.act("alva"), entry=told.entry, since=told.since, source=told.source)
    with acting(office.slug, TEST, "look"):
        stored = LocalNorm.objects.filter(confirmed_at=None).get().entry
    day = date(2026, 3, 1)
    assert as_one_value(stored, day, "s", day)[0]["uncertain_from"] == date(2026, 12, 8)
    read_again = read(written, "own.yaml", None, "", {}, law_of("CH"), "en")
    assert [(e.since.month, e.entry["bands"], e.entry["rows"][-1]) for e in read_again] == [
        (1, [1, 2, 3], 1500), (4, [1, 2, 3, 4, 5], 1900), (6, [1, 2], 1450)]  # fmt: skip
    with pytest.raises(FileError, match=r"^own\.yaml, [^:]+: rent\.limit "):  # which of the two would hold?
        read(written + written, "own.yaml", None, "", {}, law_of("CH"), "en")


def test_a_guideline_for_all_becomes_a_table_and_is_for_all_again(
    connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handslag.kernel.clock.now", lambda: NOW)
    office = open_office(connect, "guide")
    office.admit("axel", "Axel Administratör", "administrator")
    amount = {"name": "limit.ELECTRICITY", "unit": "SEK/month", "label": {"sv": "El"}}
    bands = [household_key(*kind) for kind in KINDS]
    table = {"by": "household", "bands": bands, "last": 59, "rows": list(range(300, 300 + len(KINDS)))}
    for month, said in ((1, {"value": 400}), (4, table), (6, {"value": 500})):
        row = enter_local_norm(**office.act("alva"), entry=amount | said, since=date(2026, month, 1), source="nämnden")
        confirm_local_norm(**office.act("axel"), norm=row.id)
    with acting(office.slug, TEST, "look"):
        [norm], [again] = local_norms("se"), load(as_yaml(local_norm_entries()), "own.yaml")
    for one in (norm, again):
        assert [held(one, date(2026, month, 1)) for month in (3, 6)] == [400_00, 500_00]
        assert lookup(held(one, date(2026, 5, 1)), bands[-1]) == (300 + len(KINDS) - 1) * 100
        facts = Facts.from_json(
            {"since": "2026-05-01", "until": "2026-06-01",
             "members": [{"key": "a", "role": "adult", "birth_on": "1990-05-17"}],
             "costs": [{"code": "ELECTRICITY", "applied": 900_00}]})  # fmt: skip
        [line] = [
            line for line in calculate(facts, norms_of(facts, tables=[one])).lines if line.code == "COST.ELECTRICITY"
        ]
        assert line.amount == 300_00
