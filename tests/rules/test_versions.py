"""Rule functions with a history: what was known then, what is valid on that day, on both executions."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from handslag.rules.case_files import Case, worked_cases
from handslag.rules.ch import facts as ch_facts
from handslag.rules.ch import pack as ch_pack
from handslag.rules.ch import population as ch_population
from handslag.rules.de import population as de_population
from handslag.rules.facts import FactsError
from handslag.rules.norms import load, resolve
from handslag.rules.periods import Period
from handslag.rules.se import population
from handslag.rules.se.facts import Facts
from handslag.rules.se.limits import with_limits
from handslag.rules.se.numbers import CHILD_WORK, norms_for
from handslag.rules.se.pack import RULE_VERSION, calculate
from handslag.rules.versions import versioned
from tests.rules.corrected import corrected
from tests.rules.held import calculated, held

MARCH = {
    "since": "2026-03-01", "until": "2026-04-01",
    "members": [{"key": "anna", "role": "adult", "birth_on": "1990-05-17"}],
    "incomes": [{"code": "PENSION", "gross": 300_000, "source": "given", "person": "anna"}],
}  # fmt: skip


def granted(month: int, known_on: date | None) -> tuple[int, str]:
    facts = Facts.from_json(MARCH | {"since": f"2026-{month:02}-01", "until": f"2026-{month + 1:02}-01"})
    norms = norms_for(facts.since, known_on)
    sheet = calculate(facts, norms)
    many = population.Population.of([facts])
    [same] = population.calculate(many, Period.of(facts.since, facts.until), norms)["granted"]
    assert sheet.granted == same
    return sheet.granted, sheet.rule_version


EVE = date(2026, 11, 29)
"""The day before the pack's own first correction is known."""


def test_a_correction_holds_from_its_day_for_who_knew_it() -> None:
    before = granted(3, EVE)
    assert before[1] == RULE_VERSION
    with corrected(100_00, known_from=date(2026, 5, 11), valid_from=date(2026, 3, 1)) as rule:
        new = (before[0] + 100_00, f"{RULE_VERSION}+2026-05-11")
        assert granted(3, date(2026, 5, 10)) == before
        assert granted(3, date(2026, 5, 11)) == granted(3, EVE) == new
        assert granted(2, EVE) == before
        assert granted(3, None)[0] == new[0]

        @rule.corrected(
            valid_from=date(2026, 4, 1), known_from=date(2026, 6, 1), valid_until=date(2026, 5, 1), because="invented"
        )
        def counted_income_as_once(income: Any, norm: Any, sheet: Any) -> Any:
            return rule.versions[0].text(income, norm, sheet)

        assert granted(4, date(2026, 5, 31)) == new
        assert granted(4, EVE) == (before[0], f"{RULE_VERSION}+2026-06-01")
        assert granted(3, EVE) == granted(5, EVE) == new
    assert granted(3, EVE) == before


def test_a_period_over_which_a_version_changes_is_to_be_split() -> None:
    facts = Facts.from_json(MARCH)
    with corrected(100_00, known_from=date(2026, 3, 11), valid_from=date(2026, 3, 16)):
        with pytest.raises(FactsError, match="until 2026-03-16"):
            calculate(facts, norms_for(facts.since))
        half = Facts.from_json(MARCH | {"until": "2026-03-16"})
        assert calculate(half, norms_for(half.since, EVE)).rule_version == RULE_VERSION


def test_a_version_says_why_and_stands_below_those_known_before_it() -> None:
    with corrected(100_00, known_from=date(2026, 3, 11)) as rule:
        for wrong in (
            {"because": ""},
            {"known_from": date(2026, 3, 11)},
            {"valid_until": date(2026, 1, 1)},
        ):
            told = {"valid_from": date(2026, 1, 1), "known_from": date(2026, 3, 12), "because": "invented"} | wrong
            with pytest.raises(ValueError, match="counted_income: a version says why"):
                rule.corrected(**told)
        good = rule.corrected(valid_from=date(2026, 1, 1), known_from=date(2026, 3, 12), because="invented")
        with pytest.raises(ValueError, match="norm is not where it was"):
            good(lambda norm, income, sheet: 0)
    with pytest.raises(ValueError, match="norm"):
        versioned(lambda person: 0)


def test_a_norm_that_came_with_a_correction_is_no_part_of_what_was_known_before() -> None:
    text = """
- {name: free, unit: SEK, label: {sv: Fritt}, values: [
    {since: 2026-01-01, value: 100, source: s, checked_on: 2026-03-11, status: official, known_from: 2026-03-11}]}
- {name: rent, unit: SEK, label: {sv: Hyra}, values: [
    {since: 2026-01-01, value: 50, source: s, checked_on: 2026-01-01, status: official}]}
"""
    both = {norm.name: norm for norm in load(text, "free.yaml")}
    alone = {"rent": both["rent"]}
    then = resolve(both, date(2026, 2, 1), date(2026, 3, 10))
    assert then.digest == resolve(alone, date(2026, 2, 1)).digest
    assert set(resolve(both, date(2026, 2, 1), date(2026, 3, 11)).numbers) == {"free", "rent"}


def test_the_swedish_norms_of_2025_as_known_before_and_after_they_were_looked_at_again() -> None:
    """Read in a table, not in the ordinance: derived, from the day on which that was seen; the amount stays."""
    before, after = (norms_for(date(2025, 12, 1), date(2026, 11, day)) for day in (27, 28))
    assert (before.prisbasbelopp.used.status, after.prisbasbelopp.used.status) == ("official", "derived")
    assert before.prisbasbelopp == after.prisbasbelopp == 58_800_00
    assert before.child_work is None
    assert after.child_work is after.resolved.numbers[CHILD_WORK]
    assert CHILD_WORK not in before.resolved.body
    assert norms_for(date(2026, 1, 1), date(2026, 11, 28)).prisbasbelopp.used.status == "official"


def test_a_swiss_sheet_says_since_when_a_part_in_whole_francs_is_a_part_of_its_line() -> None:
    unit = {"since": "2026-03-01", "until": "2026-04-01", "canton": "ZH", "living": "purpose_flat"}
    unit |= {"members": [{"key": "a", "birth_on": "1990-01-01", "permit": "B-R", "reimbursed_until": "2030-01-01"}]}
    found = {}
    for rounding in ("franc", "rappen"):
        facts = ch_facts.Facts.from_json(unit | {"settings": {"setting.derived_rounding": rounding}})
        for day in (27, 28):
            norms = ch_pack.norms_for(facts.since, "ZH", date(2026, 11, day))
            sheet = ch_pack.calculate(facts, norms)
            many = ch_population.Population.of([facts])
            month = Period.of(facts.since, facts.until)
            [same] = ch_population.calculate(many, month, norms.with_settings(facts.settings))["ChargedSum"]
            assert sheet.totals["ChargedSum"] == same
            found[rounding, day] = (sheet.granted, int(same), sheet.rule_version)
    first, second = ch_pack.RULE_VERSION, f"{ch_pack.RULE_VERSION}+2026-11-28"
    assert found == {
        ("franc", 27): (955_00, 954_90, first),
        ("franc", 28): (955_00, 955_00, second),
        ("rappen", 27): (954_90, 954_90, first),
        ("rappen", 28): (954_90, 954_90, second),
    }


def test_a_sheet_names_more_open_settings_since_it_was_corrected_and_has_no_other_amount() -> None:
    """As known on the day before nothing is named that wasn't; numbers are the only thing that is more."""
    more: dict[str, set[str]] = {}
    for law in ("se", "de"):
        for _, case in worked_cases(law):
            if case.known_on is not None:
                continue
            before, now = (case.pack.calculate(case.facts, case.pack.norms_of(
                case.facts, date(2026, 11, day), case.decided_on, case.tables)) for day in (29, 30))  # fmt: skip
            if before.totals != now.totals:
                continue  # what a young person earns: another correction of that day
            more.setdefault(law, set()).update(now.uncertain.keys() - before.uncertain.keys())
            assert before.uncertain.items() <= now.uncertain.items()
            for old, new in zip(before.lines, now.lines, strict=True):
                assert (old.code, old.amount, old.text, old.params) == (new.code, new.amount, new.text, new.params)
                assert [n for n in new.numbers if n in old.numbers] == old.numbers
    assert more == {
        "se": {"setting.household_size", "setting.visitation_child_counts"},
        "de": {"setting.head_split"},
    }


def test_a_german_sheet_names_more_items_of_the_statistics_since_it_was_corrected_and_no_other_amount() -> None:
    """§§ 122, 128c, 128d SGB XII: as known before, each of these lines had none."""
    found: dict[str, set[str | None]] = {}
    for _, case in worked_cases("de"):
        before, now = (case.pack.calculate(case.facts, case.pack.norms_of(
            case.facts, date(2026, 11, day), case.decided_on, case.tables)) for day in (28, 29))  # fmt: skip
        assert [(line.code, line.person, line.amount) for line in before.lines] == [
            (line.code, line.person, line.amount) for line in now.lines
        ]
        for old, new in zip(before.lines, now.lines, strict=True):
            if old != new:
                assert old.statistics_code is None
                found.setdefault(new.code, set()).add(new.statistics_code)
    assert found == {
        "CASH": {"weiterer_lebensunterhalt"}, "CLOTHING": {"weiterer_lebensunterhalt"},
        "CLAIM_3": {"nettobedarf"}, "CLAIM_4": {"nettobedarf"},
        "CHILD_BENEFIT_OVER": {"kindergeld"}, "CHILD_BENEFIT_TO": {"kindergeld"}, "RECEIVED": {"ueberschuss_partner"},
        "NOT_INCOME": {"freibetrag_82_1_8"}, "FREE_VOLUNTEER": {"freibetrag_82_2"},
        "FREE_EARNINGS": {"freibetrag_82_3", "freibetrag_82_6"}, "FREE_WORKSHOP": {"freibetrag_82_3"},
        "FREE_PENSION": {"freibetrag_82_4"}, "FREE_GRUNDRENTE": {"freibetrag_82a"},
    }  # fmt: skip


def known_since(case: Case, day: date) -> bool:
    """Whether the case chooses by a setting that isn't known before."""
    known = case.pack.norms_of(case.facts, day - timedelta(days=1), case.decided_on, case.tables).resolved.numbers
    return not case.facts.settings.keys() <= known.keys()


def granted_among_many(law: str, case: Case, known_on: date) -> int:
    """What a population of this one case gets."""
    norms = case.pack.norms_of(case.facts, known_on, case.decided_on, case.tables).with_settings(case.facts.settings)
    columns = {"se": population, "de": de_population, "ch": ch_population}[law]
    facts = with_limits(case.facts, norms) if law == "se" and norms.own_limits else case.facts
    many, month = columns.Population.of([facts]), Period.of(case.facts.since, case.facts.until)
    return int(columns.calculate(many, month, norms)["granted"][0])


OTHERWISE: dict[date, dict[str, set[str]]] = {
    date(2026, 12, 2): {
        "se": {
            "partner-moves-in", "partner-is-there-in-between", "couple-that-leaves-in-turn",
            "who-leaves-does-not-count", "share-of-the-second-half", "days-named-in-another-order",
        },
        "de": {
            "partner-from-inside-the-month", "partner-to-inside-the-month-in-chapter-4",
            "partner-and-own-start-inside-the-month", "partner-from-inside-in-chapter-4",
            "rent-above-the-ceiling-after-karenz", "rent-above-the-ceiling-and-the-limit", "expenses-of-two-jobs",
            "back-payment-that-ends-only-the-own-claim", "back-payment-that-ends-only-the-partners-claim",
            "whole-need-by-days-in-pregnancy", "whole-need-by-thirtieths-in-pregnancy",
            "whole-need-by-days-with-nutrition", "whole-need-by-days-in-an-institution",
            "expenses-of-a-job-with-nothing-left", "expenses-beside-a-free-job", "equipment-beside-a-free-job",
            "expenses-that-two-jobs-bear-together",
            "whole-need-by-days-up-to-the-level",
            "extra-needs-up-to-the-level-by-days", "mark-g-with-a-partner-from-inside-the-month",
            "mark-g-with-a-partner-to-inside-the-month", "set-off-with-a-partner-from-inside-the-month",
            "set-off-with-a-partner-of-the-last-two-days", "deposit-loan-with-a-partner-of-the-last-six-days",
            "deviating-rate-for-half-a-month",
            "partner-from-the-second-day", "back-payment-to-a-child-beside-child-benefit",
            "other-accommodation-for-half-a-month-rounded-up", "couple-in-two-places-for-part-of-the-month",
            "couple-in-two-places-from-inside-the-month-in-chapter-4",
        },
    },
    date(2026, 12, 3): {
        "se": {
            "all-but-a-day", "half-a-period", "one-day", "share-of-the-second-half", "second-half-of-the-month",
            "second-half-of-february", "second-half-by-thirtieths", "second-half-of-the-month-for-three",
            "days-in-the-middle-of-the-month", "all-but-nothing-left-of-the-month", "days-named-in-another-order",
            "child-that-came-in-the-first-half", "child-that-came-in-the-first-half-by-actual-days",
            "child-moves-in", "child-moves-in-thirtieths", "couple-that-leaves-in-turn", "february-but-a-day",
            "lunch-changes-inside-the-second-half",
            "half-month-by-the-year", "half-month-by-thirtieths", "limit-changes-between-the-parts", "newborn",
            "other-norm-with-its-own-day", "partner-is-there-in-between", "partner-moves-in",
            "thirty-days-are-not-more-than-a-month", "visiting-child", "visiting-child-counts",
            "visits-on-two-weekends", "who-leaves-does-not-count",
        },
        "de": {
            "back-payment-that-is-no-income", "back-payment-of-earnings", "back-payment-beside-training",
            "back-payment-of-earnings-that-leaves-a-claim", "back-payment-of-interest", "back-payment-of-child-benefit",
            "expenses-of-a-job-with-nothing-left", "expenses-beside-a-free-job", "equipment-beside-a-free-job",
            "expenses-that-two-jobs-bear-together",
            "hot-water-for-half-a-month", "participation-for-half-a-month", "whole-need-by-days-up-to-the-level",
            "whole-need-by-days-with-nutrition",
            "extra-needs-up-to-the-level-by-days", "hot-water-of-a-child-that-turns-fourteen",
            "mark-g-with-a-partner-from-inside-the-month", "mark-g-with-a-partner-to-inside-the-month",
            "set-off-with-a-partner-from-inside-the-month",
            "set-off-with-a-partner-of-the-last-two-days", "deposit-loan-with-a-partner-of-the-last-six-days",
            "deviating-rate-for-half-a-month",
            "volunteer-of-twenty-four", "work-beside-school-in-the-month-of-15",
            "work-beside-training-in-the-month-of-25",
            "e12-whole-need-by-days", "rent-for-half-a-month", "whole-need-by-days-in-an-institution",
            "earnings-with-all-expenses", "expenses-of-a-job-with-nothing-left-named-last",
            "school-help-in-the-month-of-15", "school-help-in-the-month-of-15-for-half-a-month",
            "school-help-from-the-second-of-the-month", "school-help-from-the-last-day-of-the-month",
            "hot-water-of-a-child-that-is-there-for-two-days", "other-accommodation-for-half-a-month-rounded-up",
            "set-off-of-three-claims", "reductions-of-two-orders", "reductions-of-two-orders-one-cent-below-the-limit",
            "back-payment-of-an-occupational-pension", "back-payment-of-an-occupational-pension-that-leaves-a-cent",
            "back-payment-of-a-pension-with-basic-pension-times", "lone-parent-with-one-of-two-children",
            "lone-parent-in-a-special-form-of-housing-without-its-child", "lone-parent-one-child-below-seven",
            "lone-parent-two-children-below-sixteen", "couple-in-two-places",
            "lone-parent-whose-child-lives-elsewhere", "couple-in-two-places-from-inside-the-month-in-chapter-4",
            "supplement-not-beside-assets-that-cover-the-need", "supplement-not-beside-own-assets-of-the-child",
            "couple-in-two-places-for-part-of-the-month", "who-leaves-where-needs-go-by-days",
        },
    },
    date(2026, 12, 4): {
        "de": {
            "provisional-set-offs-each", "lone-parent-whose-child-comes-inside-the-month", "assets-above-the-allowance",
            "assets-of-a-child", "assets-of-a-family",
        },
    },
    date(2026, 12, 7): {
        "de": {
            "time-to-reduce-ends-inside-the-month", "time-to-reduce-heating-ends-inside-the-month",
            "higher-rent-ends-inside-the-month", "who-leaves-where-needs-go-by-days",
            "child-of-a-parent-who-lives-rent-free", "time-to-reduce-ends-after-the-first-day",
            "time-to-reduce-heating-ends-after-the-first-day",
        },
    },
}  # fmt: skip
"""The cases that are about what is read otherwise since a day, by law."""


@pytest.mark.parametrize("day", OTHERWISE)
def test_what_is_read_otherwise_since_a_day_and_what_stays(day: date) -> None:
    """Each case whose lines have other amounts or numbers is one that is about it; some German ones are explained in
    other words too."""
    eve = day - timedelta(days=1)
    for law in ("se", "de"):
        found = set()
        for name, case in worked_cases(law):
            if case.known_on is None and not known_since(case, day):
                before, now = (case.pack.calculate(case.facts, case.pack.norms_of(
                    case.facts, known_on, case.decided_on, case.tables)) for known_on in (eve, day))  # fmt: skip
                plain = [[msgspec.structs.replace(li, text="") for li in sheet.lines] for sheet in (before, now)]
                if before.totals != now.totals or plain[0] != plain[1]:
                    found.add(name)
                    for known_on, sheet in ((eve, before), (day, now)):
                        assert granted_among_many(law, case, known_on) == sheet.granted
        assert found == OTHERWISE[day].get(law, set()), law


def test_what_a_swiss_unit_gets_otherwise_since_3_december_and_what_it_gets_still() -> None:
    """Minors alone, and orders that begin inside a month; each case with other amounts is one about that."""
    found = set()
    for name, case in worked_cases("ch"):
        if case.known_on is None and not known_since(case, date(2026, 12, 3)):
            before, now = (case.pack.calculate(case.facts, case.pack.norms_of(
                case.facts, date(2026, 12, day), case.decided_on, case.tables)) for day in (2, 3))  # fmt: skip
            if [(li.code, li.amount) for li in before.lines] != [(li.code, li.amount) for li in now.lines]:
                found.add(name)
                for day, sheet in ((2, before), (3, now)):
                    assert granted_among_many("ch", case, date(2026, 12, day)) == sheet.granted
    assert found == {
        "wealth-of-a-child-alone", "wealth-of-a-child-alone-above-the-allowance", "wealth-of-two-children-alone",
        "refund-of-a-child-alone", "sanction-after-its-part-of-the-month", "sanction-in-its-part-of-the-month",
        "sanction-on-the-last-day-of-its-part-of-the-month", "sanction-on-the-day-after-its-part-of-the-month",
        "sanction-from-a-day-inside-the-month", "sanction-from-a-day-inside-a-month-of-thirty",
        "sanction-from-the-second-of-the-month", "sanction-from-the-thirty-first-of-thirty",
    }  # fmt: skip


def test_a_swiss_instalment_has_a_limit_since_5_december() -> None:
    """Beside a reduction and by itself: each case with another amount is one about that."""
    found = set()
    for name, case in worked_cases("ch"):
        if case.known_on is None and not known_since(case, date(2026, 12, 5)):
            sheet = case.calculate()
            norms = case.pack.norms_of(case.facts, date(2026, 12, 4), case.decided_on, case.tables)
            if sheet.totals != case.pack.calculate(case.facts, norms).totals:
                found.add(name)
                assert granted_among_many("ch", case, date(2026, 12, 5)) == sheet.granted
    assert found == {
        "restitution-beside-a-sanction", "restitution-above-the-limit", "restitution-beside-a-reduction-that-takes-all",
    }  # fmt: skip


def test_what_is_presumed_of_a_german_household_is_no_means_for_others_since_6_december() -> None:
    """Each case with another result is one about that; a population gets the same."""
    found = set()
    for name, case in worked_cases("de"):
        if case.known_on is None and any(income.code == "SUPPORT" for income in case.facts.incomes):
            norms = [case.pack.norms_of(case.facts, date(2026, 12, day), None, case.tables) for day in (5, 6)]
            before, sheet = (case.pack.calculate(case.facts, one) for one in norms)
            if before.granted != sheet.granted:
                found.add(name)
                assert granted_among_many("de", case, date(2026, 12, 6)) == sheet.granted
    assert found == {
        "presumed-support-leaves-nothing-for-chapter-4", "presumed-support-of-a-child-frees-no-child-benefit",
        "presumed-support-of-a-pregnant-daughter", "supplement-of-a-pregnant-daughter-of-whom-nothing-is-presumed",
    }  # fmt: skip


def test_no_sheet_of_a_worked_case_is_another_one_than_it_was_known() -> None:
    """A change that alters a stored sheet is a new version, known from its day; a new case is held by
    `python -m tests.rules.held`."""
    now, then = calculated(), held()
    assert len(then) > 500
    assert {name for name in then if now.get(name) != then[name]} == set()
