"""Reads on look-ups: how each authority stands, the lines of the control and comparison months, what is disputed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef

from handslag.domain.casefile.models import Period
from handslag.domain.lookups.models import Dispute, DisputeAnswer, FetchedLine, LookUp, LookUpAnswer
from handslag.domain.lookups.states import AnswerState, DisputeReason, Verdict
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.policies import setting
from handslag.kernel.months import Month
from handslag.rules.se.facts import Income
from handslag.rules.se.months import identity

#: Who can be asked, by the code that the composite service has for them.
AUTHORITIES: Final[dict[str, dict[str, str]]] = {
    "AF": {"sv": "Arbetsförmedlingen", "en": "Public Employment Service"},
    "CSN": {"sv": "CSN", "en": "Board of Student Finance (CSN)"},
    "FK": {"sv": "Försäkringskassan", "en": "Social Insurance Agency"},
    "PM": {"sv": "Pensionsmyndigheten", "en": "Pensions Agency"},
    "SKV": {"sv": "Skatteverket", "en": "Tax Agency"},
    "SO": {"sv": "A-kassorna", "en": "Unemployment funds"},
    "TNS": {"sv": "Transportstyrelsen", "en": "Transport Agency"},
    "MIV": {"sv": "Migrationsverket", "en": "Migration Agency"},
}

#: Which income of the sheet a fetched payment is, by authority and benefit (LEFI's families, the funds' one).
_INCOMES: Final = {
    ("FK", "ABB"): "CHILD_BENEFIT",
    ("FK", "AS"): "ACTIVITY_SUPPORT",
    ("FK", "BOB"): "HOUSING_ALLOWANCE",
    ("FK", "BTI"): "HOUSING_SUPPLEMENT",
    ("FK", "ET"): "ESTABLISHMENT_ALLOWANCE",
    ("FK", "FP"): "PARENTAL_BENEFIT",
    ("FK", "OMV"): "CARE_ALLOWANCE",
    ("FK", "SJP"): "SICKNESS_BENEFIT",
    ("FK", "US"): "MAINTENANCE_SUPPORT",
    ("PM", "PM:AP"): "PENSION",
    ("PM", "PM:BTI"): "HOUSING_SUPPLEMENT",
    ("SO", "AKASSA"): "UNEMPLOYMENT_BENEFIT",
}


def authority_name(code: str, language: str) -> str:
    """What an authority is called; in a language that we have no name in, as in Sweden."""
    names = AUTHORITIES[code]
    return names.get(language, names["sv"])


def authorities_asked() -> list[str]:
    """The authorities that this organisation asks; none where it isn't connected."""
    return list(setting("authorities_asked"))


@dataclass(frozen=True)
class Standing:
    """How one authority stands about one person in a period. `answer` None: asked, no answer yet."""

    person: UUID
    authority: str
    asked_at: datetime
    answer: LookUpAnswer | None

    @property
    def missing(self) -> bool:
        """Whether there is no whole answer."""
        return self.answer is None or self.answer.state == AnswerState.FAILED


def standings(period: UUID) -> list[Standing]:
    """The newest answer of each authority about each person; a whole answer isn't undone by a later failure."""
    answers: dict[UUID, dict[str, LookUpAnswer]] = defaultdict(dict)
    look_ups = list(LookUp.objects.filter(period_id=period).order_by("asked_at", "id"))
    for row in LookUpAnswer.objects.filter(look_up__period_id=period) if look_ups else ():
        answers[row.look_up_id][row.authority] = row
    found: dict[tuple[UUID, str], Standing] = {}
    for asked in look_ups:
        for authority in asked.authorities:
            key = asked.person_id, authority
            now = Standing(*key, asked.asked_at, answers[asked.id].get(authority))
            if not now.missing or key not in found or found[key].missing:
                found[key] = now
    return list(found.values())


def marked_in(period: UUID) -> set[tuple[UUID, str]]:
    """(person, authority) where the authority ever marked the person as protected in this period: what it said is
    shown to whoever is cleared for that, and to nobody else."""
    rows = LookUpAnswer.objects.filter(look_up__period_id=period, secrecy=True)
    return set(rows.values_list("look_up__person_id", "authority"))


def lines_of(period: UUID) -> list[FetchedLine]:
    """The lines fetched for a period that count, newest payment first: of each authority what it said last. A plan that
    was paid shows as paid only."""
    return _counting(period, _fetched(period))


def _counting(period: UUID, rows: list[FetchedLine], at: datetime | None = None) -> list[FetchedLine]:
    counting = _said_last(period, rows, at) if rows else set()
    paid = {_payment(r) for r in rows if r.id in counting and not r.planned}
    return [r for r in rows if r.id in counting and (not r.planned or _payment(r) not in paid)]


def lines_and_replaced(period: UUID) -> tuple[list[FetchedLine], list[FetchedLine]]:
    """The same, and the lines that don't count any more, since a newer answer says something else: without plans that
    were paid as planned."""
    rows = _fetched(period)
    lines = _counting(period, rows)
    standing = {_as_said(one) for one in lines}
    return lines, [r for r in rows if _as_said(r) not in standing]


def fetched_since(period: UUID, moment: datetime) -> tuple[list[FetchedLine], list[FetchedLine]]:
    """What authorities say of a period and didn't at a moment; what they said then and don't any more. A plan that was
    paid as planned is neither."""
    if not LookUpAnswer.objects.filter(look_up__period_id=period, answered_at__gt=moment).exists():
        return [], []
    rows = _fetched(period)
    now, then = _counting(period, rows), _counting(period, rows, moment)
    return _without(now, then), _without(then, now)


def _without(rows: list[FetchedLine], others: list[FetchedLine]) -> list[FetchedLine]:
    """Those of the rows whose payment isn't among the others; several that are alike, as many as there are more."""
    left = Counter((*_payment(one), one.amount) for one in others)
    found = []
    for row in rows:
        payment = (*_payment(row), row.amount)
        if left[payment]:
            left[payment] -= 1
        else:
            found.append(row)
    return found


def _fetched(period: UUID) -> list[FetchedLine]:
    rows = FetchedLine.objects.select_related("answer").filter(period_id=period)
    return list(rows.order_by("-paid_on", "authority", "id"))


def _payment(line: FetchedLine) -> tuple[UUID, str, str, date]:
    return line.person_id, line.authority, line.benefit, line.paid_on


def _as_said(line: FetchedLine) -> tuple[tuple[UUID, str, str, date], int, int]:
    """What tells a payment with its amount from others, planned or made."""
    return _payment(line), line.amount, line.serial


def _said_last(period: UUID, rows: list[FetchedLine], at: datetime | None = None) -> set[UUID]:
    """The keys of the `rows` that stand after all answers, in the order in which they were asked for: a whole answer
    replaces all that its authority said of the person, a part of one what it said of the same benefit and month. The
    oldest answers don't tell which lines they held: those only add what was stored with them."""
    by_key = {str(row.id): row for row in rows}
    answers = LookUpAnswer.objects.filter(look_up__period_id=period).order_by("look_up__asked_at", "look_up_id")
    if at is not None:
        answers = answers.filter(answered_at__lte=at)
    standing: set[UUID] = set()
    told = answers.values_list("id", "look_up__person_id", "authority", "state", "lines")
    for answer, person, authority, state, lines in told:
        if lines is None:
            standing |= {row.id for row in rows if row.answer_id == answer}
            continue
        held = [by_key[key] for key in lines]
        same = {_benefit_and_month(row) for row in held}
        standing -= {
            row.id
            for row in rows
            if (row.person_id, row.authority) == (person, authority)
            and (state == AnswerState.ANSWERED or _benefit_and_month(row) in same)
        }
        standing |= {row.id for row in held}
    return standing


def _benefit_and_month(line: FetchedLine) -> tuple[str, Month]:
    return identity(line.benefit), Month.of(line.paid_on)


def control_month(period: Period) -> Month:
    """M-1: the month whose payments are the income of the period."""
    return Month.of(period.since) - 1


def sums(lines: list[FetchedLine], month: Month) -> dict[tuple[str, str, str, str], int]:
    """Öre by (person, authority, benefit as trimmed lower case, income) of the payments made or planned in a month."""
    found: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for line in lines:
        if month.since <= line.paid_on < month.until:
            found[str(line.person_id), line.authority, identity(line.benefit), line.income_code] += line.amount
    return dict(found)


def open_with_missing(today: date) -> list[UUID]:
    """The periods that still wait for an authority, decided or not, or are applied for, not decided and lack a benefit
    (`not_yet_paid`), until two months after they began."""
    answers = LookUpAnswer.objects.filter(look_up=OuterRef("id"))
    asked = LookUp.objects.filter(
        case__state="open", case__worked_in=None, period__until__gt=(Month.of(today) - 2).since
    )
    waiting = asked.filter(
        Exists(answers.filter(state=AnswerState.FAILED)) | ~Exists(answers)  # the only ones that can be missing
    )
    lacking = asked.filter(
        Exists(FetchedLine.objects.filter(period=OuterRef("period"))),
        period__last_decision_on=None,
        period__last_application_at__isnull=False,
    )
    found = {key for key in waiting.values_list("period_id", flat=True) if any(one.missing for one in standings(key))}
    others = set(lacking.values_list("period_id", flat=True)) - found
    return sorted(found | {key for key in others if not_yet_paid(key, today)})


def not_yet_paid(period: UUID, today: date) -> set[tuple[UUID, str]]:
    """(person, authority) that paid a benefit in the comparison month (M-2) and says no payment of it for the control
    month (M-1), made or planned, in a whole answer of an earlier day: it may only not be known there yet."""
    month, lines = control_month(Period.objects.get(id=period)), lines_of(period)
    now, then = sums(lines, month), sums(lines, month - 1)
    gone = {(person, authority) for person, authority, *more in then if (person, authority, *more) not in now}
    day = acting_door().the_tenant.today
    whole = [one for one in standings(period) if not one.missing and day(one.asked_at) < today]
    return {(one.person, one.authority) for one in whole if (str(one.person), one.authority) in gone}


def is_answered(look_up: UUID) -> bool:
    """Whether what came was recorded already."""
    return LookUpAnswer.objects.filter(look_up_id=look_up).exists()


def answered_before(look_up: UUID) -> datetime | None:
    """When something was last answered about the period of a look-up, but for that one."""
    period = LookUp.objects.values_list("period_id", flat=True).get(id=look_up)
    others = LookUpAnswer.objects.filter(look_up__period_id=period).exclude(look_up_id=look_up)
    return others.order_by("-answered_at").values_list("answered_at", flat=True).first()


def income_code(authority: str, benefit: str, name: str) -> str:
    """The code of the income, or "" where none fits: then a person looks at it.
    Grants and loans of CSN are told apart by their own words."""
    if authority == "CSN":
        kind = name.rpartition(": ")[2].strip().lower()
        return "STUDY_LOAN" if "lån" in kind else "STUDY_GRANT" if "bidrag" in kind else ""
    return _INCOMES.get((authority, benefit), "")


@dataclass(frozen=True)
class Disputed:
    """A line that its person says is wrong, and what a caseworker decided about it."""

    dispute: Dispute
    answer: DisputeAnswer | None


def disputes_in(period: UUID) -> dict[UUID, Disputed]:
    """What is disputed in a period by its line: the newest word about each, without what was taken back. What is said
    of a plan is said of the payment that was made as planned."""
    newest = {
        _as_said(row.line): row
        for row in Dispute.objects.select_related("line").filter(period_id=period).order_by("made_at", "id")
    }
    there = {said: row for said, row in newest.items() if row.reason != DisputeReason.BACK}
    if not there:
        return {}
    answers = DisputeAnswer.objects.select_related("member").filter(dispute__in=there.values())
    by_dispute = {answer.dispute_id: answer for answer in answers}
    found = {said: Disputed(row, by_dispute.get(row.id)) for said, row in there.items()}
    lines = FetchedLine.objects.filter(period_id=period)
    return {line.id: found[_as_said(line)] for line in lines if _as_said(line) in found}


def counted(line: FetchedLine, disputed: Disputed | None) -> int | None:
    """The minor units that the office takes a line for: as fetched, unless a caseworker has answered otherwise where
    its person says that it is wrong. None where only the sheet says so."""
    if disputed is None or disputed.answer is None or disputed.answer.verdict == Verdict.AS_FETCHED:
        return line.amount
    if disputed.answer.verdict == Verdict.OTHERWISE:
        return None
    said = disputed.dispute
    return said.amount if said.reason in (DisputeReason.AMOUNT, DisputeReason.OTHER) else 0


def is_answered_otherwise(period: UUID, since: datetime) -> bool:
    """Whether a caseworker answered after a moment that a disputed line of a period counts otherwise than fetched."""
    answers = DisputeAnswer.objects.filter(dispute__period_id=period, answered_at__gt=since)
    return answers.exclude(verdict=Verdict.AS_FETCHED).exists()


@dataclass(frozen=True)
class Differing:
    """An income that a calculation counts otherwise than authorities say it for the control month, minor units: of a
    person ("": it doesn't say whose). `marked`: the authority that marks her as protected, "" where none does."""

    code: str
    person: str
    fetched: int
    counts: int
    marked: str


def differing(period: UUID, incomes: Sequence[Income]) -> list[Differing]:
    """What the `incomes` of a calculation count otherwise than it was fetched, as it stands after what a caseworker
    answered about disputed lines; of whom doesn't matter where it comes to the same for all. Without incomes of which
    no authority says anything, unless they were fetched; and of whom only the sheet says it."""
    lines = lines_of(period)
    if not lines and not any(one.source == "fetched" for one in incomes):
        return []
    month, disputed, marked = control_month(Period.objects.get(id=period)), disputes_in(period), marked_in(period)
    fetched, marks = defaultdict[str, Counter[str]](Counter), dict[tuple[str, str], str]()
    own = set[tuple[str, str]]()
    for line in lines:
        if line.income_code and month.since <= line.paid_on < month.until:
            key, amount = (line.income_code, str(line.person_id)), counted(line, disputed.get(line.id))
            if amount is None:
                own.add(key)
            fetched[key[0]][key[1]] += amount or 0
            if (line.person_id, line.authority) in marked:
                marks[key] = marks[key[0], ""] = line.authority
    counts = defaultdict[str, Counter[str]](Counter)
    for income in incomes:
        counts[income.code][income.person or ""] += income.gross
    found = []
    for code in sorted(set(fetched) | {one.code for one in incomes if one.source == "fetched"}):
        people = {person for person in [*fetched[code], *counts[code]] if (code, person) not in own}
        sums = {person: (max(fetched[code][person], 0), counts[code][person]) for person in people}
        said, in_sheet = (sum(both[n] for both in sums.values()) for n in (0, 1))
        if "" in people:
            sums = {"": (said, in_sheet)}
        for person, both in sorted(sums.items()) if said != in_sheet else ():
            if both[0] != both[1]:
                found.append(Differing(code, person, *both, marks.get((code, person), "")))
    return found


def waits_for_answer(period: UUID) -> bool:
    """Whether something disputed in a period hasn't been answered by a caseworker."""
    return any(one.answer is None for one in disputes_in(period).values())


@dataclass(frozen=True)
class Own:
    """What one authority said of a person, for herself. `marked`: it marks her as protected, so no page says it.
    `earlier`: what it said before and doesn't say any more."""

    standing: Standing
    marked: bool
    lines: list[FetchedLine]
    earlier: list[FetchedLine]


def told_about(person: UUID, period: UUID) -> list[Own]:
    """What authorities said about one person in a period, for her own pages: nothing of the other adult."""
    marked = marked_in(period)
    lines, earlier = lines_and_replaced(period)

    def of(authority: str, rows: list[FetchedLine]) -> list[FetchedLine]:
        return [] if (person, authority) in marked else [r for r in rows if _whose(r) == (person, authority)]

    return [
        Own(one, (person, one.authority) in marked, of(one.authority, lines), of(one.authority, earlier))
        for one in standings(period)
        if one.person == person
    ]


def _whose(line: FetchedLine) -> tuple[UUID, str]:
    return line.person_id, line.authority


def told_months(person: UUID, cases: list[UUID]) -> list[tuple[UUID, date]]:
    """The case and first day of the months for which authorities were asked about a person, newest first."""
    asked = LookUp.objects.filter(person_id=person, case_id__in=cases)
    return list(asked.values_list("case_id", "period__since").distinct().order_by("-period__since", "case_id"))
