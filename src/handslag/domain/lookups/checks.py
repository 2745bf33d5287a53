"""What a caseworker should look at in what the authorities said, or didn't: causes of warnings, never a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from handslag.domain.casefile.models import Period
from handslag.domain.casefile.queries import Cause
from handslag.domain.casefile.states import WarningKind
from handslag.domain.lookups.models import FetchedLine, LookUpAnswer
from handslag.domain.lookups.queries import (
    control_month,
    differing,
    lines_of,
    marked_in,
    standings,
    sums,
)
from handslag.domain.tenancy.policies import setting
from handslag.kernel.months import Month
from handslag.rules.se import months
from handslag.rules.se.facts import Income
from handslag.rules.se.months import JUNE, OCTOBER, study_support_stopped

#: The kinds whose causes lie only in the look-ups. A change of income may lie in the facts as well.
KINDS = frozenset({WarningKind.MISSING_SSBTEK, WarningKind.UNHANDLED_INCOME})


def causes_in(period: UUID, incomes: Sequence[Income] | None = None) -> set[Cause]:
    """The causes of KINDS that are there now. Of what an authority marks as protected they name the authority only.

    `incomes`: of the newest calculation, None where there is none: what they count otherwise than it was fetched is a
    cause.
    """
    found = {
        Cause(WarningKind.MISSING_SSBTEK, one.authority, str(one.person)) for one in standings(period) if one.missing
    }
    lines = lines_of(period)
    if lines:
        month, marked = control_month(Period.objects.get(id=period)), marked_in(period)
        for line in lines:
            if line.income_code or not month.since <= line.paid_on < month.until:
                continue
            about = line.name[:60], str(line.person_id), line.amount
            if (line.person_id, line.authority) in marked:
                about = line.authority, str(line.person_id), 0
            found.add(Cause(WarningKind.UNHANDLED_INCOME, *about))
    for one in [] if incomes is None else differing(period, incomes):
        if one.marked:
            found.add(Cause(WarningKind.UNHANDLED_INCOME, one.marked, one.person))
        else:
            found.add(Cause(WarningKind.UNHANDLED_INCOME, one.code, one.person, one.fetched, one.counts))
    return found


def changes_in(period: UUID) -> set[Cause]:
    """Benefits whose payments of the control month (M-1) differ from those of the comparison month (M-2) by more than
    the tenant's share, compared unrounded, or are gone, where the authority has given a whole answer; and study help
    that didn't begin again in September. Of what an authority marks as protected they name the authority only."""
    lines, month = lines_of(period), control_month(Period.objects.get(id=period))
    now, then = sums(lines, month), sums(lines, month - 1)
    if not then:
        return _study_help_stopped(period, month + 1, lines)
    found, marked = set(), {(str(person), authority) for person, authority in marked_in(period)}
    whole = {(str(one.person), one.authority) for one in standings(period) if not one.missing}
    for key, before in then.items():
        person, authority, benefit, income = key
        gone = key not in now
        if not before or not (before > 0 and (person, authority) in whole if gone else changed(now[key], before)):
            continue
        if (person, authority) in marked:
            found.add(Cause(WarningKind.INCOME_CHANGE, authority, person))
        else:
            kind = WarningKind.INCOME_DROPPED if gone else WarningKind.INCOME_CHANGE
            found.add(Cause(kind, income or benefit[:60], person, now.get(key, 0), before))
    return found | _study_help_stopped(period, month + 1, lines)


#: CSN's forms of study help (studiehjälp), abroad too: it is paid from September to June.
STUDY_HELP = frozenset({"SH", "SHU", "SB", "SBU", "EXTRA", "EXTRAU", "INACK", "INACKU"})


def _is_study_help(line: FetchedLine) -> bool:
    return line.authority == "CSN" and line.benefit.partition(".")[0].strip().upper() in STUDY_HELP


def _study_help_stopped(period: UUID, month: Month, lines: Sequence[FetchedLine]) -> set[Cause]:
    """The season rule: in October, who got study help in June, as it was fetched for the months after that, and gets
    none in September by CSN's whole answer. Neither the control month nor the comparison month shows that."""
    if month.number != OCTOBER:
        return set()
    people = {one.person for one in standings(period) if one.authority == "CSN" and not one.missing}
    earlier = FetchedLine.objects.filter(
        person_id__in=people, authority="CSN", planned=False, paid_on__year=month.year, paid_on__month=JUNE
    )
    marks = LookUpAnswer.objects.filter(look_up__person_id__in=people, authority="CSN", secrecy=True)
    marked = set(marks.values_list("look_up__person_id", flat=True))
    june: dict[UUID, dict[tuple[object, ...], int]] = {person: {} for person in people}
    for line in filter(_is_study_help, earlier):  # one payment may have been fetched for two months
        june[line.person_id][line.benefit, line.paid_on, line.serial] = line.amount
    found = set()
    for person, paid in june.items():
        months = {Month.of(line.paid_on) for line in lines if line.person_id == person and _is_study_help(line)}
        if paid and study_support_stopped(month, months | {Month(month.year, JUNE)}):
            about = ("CSN", str(person)) if person in marked else ("STUDY_GRANT", str(person), 0, sum(paid.values()))
            found.add(Cause(WarningKind.INCOME_DROPPED, *about))
    return found


def changed(now: int, then: int) -> bool:
    """Whether an amount moved by more than the tenant's percentage of what it was."""
    return months.changed(now, then, Decimal(str(setting("income_change_percent"))))
