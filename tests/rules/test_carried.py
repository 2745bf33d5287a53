"""Facts carried into a later month, and norms kept beyond their day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from handslag.kernel.months import Month
from handslag.rules.case_files import worked_cases
from handslag.rules.facts import FactsError
from handslag.rules.norms import NormMissing
from handslag.rules.packs import names, pack


@pytest.mark.parametrize("law", names())
def test_every_worked_case_is_carried_on_and_only_the_calendar_moves_it(law: str) -> None:
    """Whole months, the same people, and by the norms of the day before the same sheet as by today's, where the set
    is the same."""
    equal = refused = 0
    for name, case in worked_cases(law):
        month = Month.of(case.facts.since) + 1
        try:
            facts = case.facts.carried(month, True)
            norms = case.pack.norms_of(facts, case.known_on, case.decided_on, case.tables)
            after = case.pack.calculate(facts, norms)
        except (FactsError, NormMissing):
            refused += 1
            continue
        assert (facts.since, facts.until) == (month.since, month.until), name
        assert {m.key for m in facts.members} <= {m.key for m in case.facts.members}
        assert facts.carried(month, True) == facts, name
        eve = replace(facts, since=month.since - timedelta(days=1), until=month.since)
        kept = case.pack.norms_of(eve, case.known_on, case.decided_on, case.tables).kept(facts.settings, month.until)
        assert kept.until == month.until
        before = case.pack.calculate(facts, kept)
        if before.norm_digest == after.norm_digest:
            assert before == after, name
            equal += 1
    assert equal > 50
    assert refused < 6


def of_sweden(**more: Any) -> Any:
    anna = {"key": "anna", "role": "adult", "birth_on": "1990-05-17"}
    told = {"since": "2026-03-01", "until": "2026-04-01", "members": [anna], **more}
    return pack("se").Facts.from_json(told)


def test_who_has_left_and_what_ends_with_its_month_stays_behind() -> None:
    anna = {"key": "anna", "role": "adult", "birth_on": "1990-05-17"}
    kim = {"key": "kim", "role": "child", "birth_on": "2015-01-01"}
    lunch = [kim | {"until": "2026-03-16", "lunch_days": 5}, kim | {"since": "2026-03-16"}]
    bo = {"key": "bo", "role": "child", "birth_on": "2016-01-01", "until": "2026-03-10"}
    costs = [
        {"code": "RENT", "applied": 6_200_00, "limit": 5_000_00, "limit_source": "§ 1"},
        {"code": "MEDICINE", "applied": 200_00, "person": "bo"},
    ]
    incomes = [
        {"code": "SURPLUS_FROM_PREVIOUS_MONTH", "gross": 1_00, "source": "caseworker"},
        {"code": "CHILD_BENEFIT", "gross": 1_250_00, "source": "fetched", "person": "kim"},
    ]
    facts = of_sweden(members=[anna, *lunch, bo], costs=costs, incomes=incomes).carried(Month(2026, 4), True)
    assert [(m.key, m.since, m.until, m.lunch_days) for m in facts.members] == [
        ("anna", None, None, 0), ("kim", None, None, 0)
    ]  # fmt: skip
    assert [(c.code, c.limit, c.limit_source) for c in facts.costs] == [("RENT", None, "")]
    assert [i.code for i in facts.incomes] == ["CHILD_BENEFIT"]
    part = replace(stood := of_sweden(), since=date(2026, 3, 16), days_before=15)
    part = replace(part, members=[replace(m, since=None, days_before=15) for m in stood.members])
    assert part.carried(Month(2026, 4), True) == stood.carried(Month(2026, 4), True)
    member = {"key": "a", "birth_on": "1990-05-17"}
    swiss = pack("ch").Facts.from_json(
        {"since": "2026-03-01", "until": "2026-04-01", "canton": "ZH", "members": [member], "claim": "new"}
    )
    assert [swiss.carried(Month(2026, 4), granted).claim for granted in (True, False)] == ["running", "new"]
    told = [replace(swiss.members[0], efb_before=1, izu_before=2)]
    rest = replace(swiss, since=date(2026, 3, 11), members=told, wealth_before=3)
    assert rest.carried(Month(2026, 4), False) == swiss.carried(Month(2026, 4), False)


def test_kept_norms_hold_beyond_their_day_and_say_what_a_change_of_norms_is_alone() -> None:
    settings = {"setting.day_method": "month_30"}
    rules, facts = pack("se"), of_sweden(since="2026-01-01", until="2026-02-01", settings=settings)
    december = rules.norms_of(replace(facts, since=date(2025, 12, 31), until=date(2026, 1, 1)))
    with pytest.raises(FactsError):
        rules.calculate(facts, december)
    before = rules.calculate(facts, december.kept(facts.settings, facts.until))
    after = rules.calculate(facts, rules.norms_of(facts))
    assert after.granted - before.granted == 40_00  # 30 for the person, 10 for the household
    assert before.norm_digest == december.with_settings(facts.settings).digest != after.norm_digest
