"""What other authorities said about the adults of a case: lines, failed look-ups, proposed incomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from handslag.domain.casefile.models import CaseWarning, Period
from handslag.domain.casefile.states import WarningState
from handslag.domain.decisions.operations import Came
from handslag.domain.entitlement.models import Sheet
from handslag.domain.entitlement.queries import incomes_of
from handslag.domain.lookups.models import FetchedLine, LookUpAnswer
from handslag.domain.lookups.queries import (
    Differing,
    Disputed,
    Standing,
    authorities_asked,
    authority_name,
    control_month,
    counted,
    differing,
    disputes_in,
    lines_and_replaced,
    lines_of,
    marked_in,
    standings,
)
from handslag.domain.tenancy.permissions import Member
from handslag.kernel.months import Month
from handslag.rules.se.codes import INCOMES
from handslag.rules.se.facts import Facts, Income
from handslag.web.caseworker.wording import DISPUTE_REASONS, LOOK_UP_TROUBLES, VERDICTS, WARNINGS
from handslag.web.ui import formats


@dataclass(frozen=True)
class ShownLine:
    """A fetched line and, where its person says that it is wrong, that in words; `verdict` and `why` as typed or
    answered."""

    line: FetchedLine
    disputed: Disputed | None = None
    reason: str = ""
    verdict: str = ""
    why: str = ""


@dataclass(frozen=True)
class Shown:
    """How one authority stands about one person, in words. `earlier`: what it said before its newest answer and says
    no more. `waits`: the open warning that it hasn't answered."""

    authority: str
    person: str
    asked_at: datetime
    answer: LookUpAnswer | None
    trouble: str
    hidden: bool
    lines: list[ShownLine]
    earlier: list[ShownLine]
    waits: CaseWarning | None
    seen: CaseWarning | None


def shown_look_ups(
    period: Period,
    names: Mapping[str, str],
    member: Member,
    warnings: Sequence[CaseWarning],
    lang: str,
    typed: Mapping[str, Any],
) -> dict[str, Any]:
    """The section of the case page; lines of an answer that an authority marks as protected show only to staff
    who are cleared for protected people. `typed`: what was posted and isn't kept yet."""
    marked, disputed = marked_in(period.id), disputes_in(period.id)
    lines, earlier = (
        [_line(row, disputed.get(row.id), typed) for row in rows]
        for rows in lines_and_replaced(period.id)
    )
    missing = {(one.person, one.about): one for one in warnings if one.kind == "MISSING_SSBTEK"}
    shown = []
    for one in sorted(standings(period.id), key=lambda one: (str(one.person), not one.missing, one.authority)):
        warning = missing.get((str(one.person), one.authority))
        shown.append(
            Shown(
                authority_name(one.authority, lang),
                names.get(str(one.person), ""),
                one.asked_at,
                one.answer,
                _trouble(one.answer) if one.missing else "",
                (one.person, one.authority) in marked and not member.clearance,
                _of(one, lines),
                _of(one, earlier),
                warning if warning is not None and warning.state == WarningState.OPEN else None,
                warning if warning is not None and warning.reason else None,
            )
        )
    _proposed, taken_back = _by_income(period, member)
    return {
        "shown": shown,
        "month": control_month(period),
        "connected": bool(authorities_asked()),
        "waits": any(one.waits for one in shown),
        "verdicts": VERDICTS,
        "taken_back": [
            {"name": INCOMES[code].name[lang], "person": names.get(person, ""), "amount": _sum(rows)}
            for (code, person), rows in sorted(taken_back.items())
        ],
    }


def shown_came(sheet: Sheet, came: Came, member: Member, names: Mapping[str, str], lang: str) -> dict[str, Any] | None:
    """What a sheet doesn't know, or counts otherwise than it was fetched, in words; of what an authority marks as
    protected its name alone, unless this member of staff is cleared for that. None where there is nothing."""
    incomes = incomes_of(sheet)
    differs = [] if incomes is None else differing(sheet.period_id, incomes)
    if not came and not differs:
        return None
    marked = marked_in(sheet.period_id)

    def told(rows: list[FetchedLine]) -> list[tuple[str, str, FetchedLine | None]]:
        return [
            (
                authority_name(row.authority, lang),
                names.get(str(row.person_id), ""),
                None if (row.person_id, row.authority) in marked and not member.clearance else row,
            )
            for row in rows
        ]

    otherwise = [_otherwise(one, names, member, lang) for one in differs]
    return {"came": came, "said": told(came.lines), "gone": told(came.gone), "otherwise": otherwise}


def _otherwise(one: Differing, names: Mapping[str, str], member: Member, lang: str) -> str:
    hidden = one.marked and not member.clearance
    if hidden:
        return str(WARNINGS["FETCHED_MARKED"]) % {"what": authority_name(one.marked, lang)}
    what = ", ".join(filter(None, (INCOMES[one.code].name[lang], names.get(one.person, ""))))
    told = {"of": what, "now": formats.money(one.fetched), "before": formats.money(one.counts)}
    return str(WARNINGS["FETCHED_OTHERWISE"]) % told


def _of(one: Standing, rows: list[ShownLine]) -> list[ShownLine]:
    return [row for row in rows if (row.line.person_id, row.line.authority) == (one.person, one.authority)]


def _line(line: FetchedLine, disputed: Disputed | None, typed: Mapping[str, Any]) -> ShownLine:
    if disputed is None:
        return ShownLine(line)
    said, answer = disputed.dispute, disputed.answer
    reason = str(DISPUTE_REASONS[said.reason])
    if answer is None:
        return ShownLine(line, disputed, reason, typed.get(f"verdict-{said.id}", ""), typed.get(f"why-{said.id}", ""))
    return ShownLine(line, disputed, reason, str(VERDICTS[answer.verdict]), answer.why)


def _trouble(answer: LookUpAnswer | None) -> str:
    if answer is None:
        return _("asked, no answer yet")
    return str(LOOK_UP_TROUBLES.get(answer.code, answer.message or answer.code))


#: Lines of an income of a person, each with the minor units that it counts for.
Sums = dict[tuple[str, str], list[tuple[FetchedLine, int]]]


def _by_income(period: Period, member: Member) -> tuple[Sums, Sums]:
    """The payments of the control month by (income, person): what can be an income, and what comes to less than
    nothing, since more was taken back than paid. As a caseworker has answered where one is disputed, without those that
    then count for nothing, or as only the sheet says; and without what this member of staff isn't cleared for."""
    month, marked, disputed = control_month(period), marked_in(period.id), disputes_in(period.id)
    found: Sums = {}
    for line in lines_of(period.id):
        hidden = (line.person_id, line.authority) in marked and not member.clearance
        amount = counted(line, disputed.get(line.id))
        if amount and line.income_code and not hidden and month.since <= line.paid_on < month.until:
            found.setdefault((line.income_code, str(line.person_id)), []).append((line, amount))
    less = {key: rows for key, rows in found.items() if _sum(rows) < 0}
    return {key: rows for key, rows in found.items() if key not in less}, less


def _sum(rows: list[tuple[FetchedLine, int]]) -> int:
    return sum(amount for _line, amount in rows)


def with_fetched(facts: Facts, period: Period, member: Member) -> list[Income]:
    """The incomes of the facts with the payments of the control month, one for each benefit of a person. Where the
    facts have that income and it comes to something else, its first row says what was fetched and its others nothing:
    nothing counts twice. A row that doesn't say whose it is belongs to the only one who has such payments."""
    proposed, _taken_back = _by_income(period, member)
    incomes, people = list(facts.incomes), Counter(code for code, _person in proposed)
    for (code, person), rows in sorted(proposed.items()):
        note = ", ".join(sorted({f"{line.authority} {line.paid_on.isoformat()}" for line, _amount in rows}))[:80]
        fetched = Income(
            code=code, gross=_sum(rows), person=person, note=note, period=str(Month.of(rows[0][0].paid_on)),
            # by a caseworker's answer about a disputed line it isn't what whoever pays said
            source="fetched" if all(line.amount == amount for line, amount in rows) else "caseworker",
        )  # fmt: skip
        whose = {person, None} if people[code] == 1 else {person}
        there = [n for n, one in enumerate(incomes) if one.code == code and one.person in whose]
        if not there:
            incomes.append(fetched)
        elif sum(incomes[n].gross for n in there) != fetched.gross:
            for n in there:
                gross = fetched.gross if n == there[0] else 0
                incomes[n] = msgspec.structs.replace(fetched, gross=gross, person=incomes[n].person)
    return incomes
