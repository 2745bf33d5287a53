"""Reads on look-ups: how each authority stands, the lines of the control and comparison months, what is disputed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from handslag.domain.casefile.models import Period
from handslag.domain.lookups.models import Dispute, DisputeAnswer, FetchedLine, LookUp, LookUpAnswer
from handslag.domain.lookups.states import AnswerState, DisputeReason
from handslag.domain.tenancy.policies import setting
from handslag.kernel.months import Month

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
    for row in LookUpAnswer.objects.filter(look_up__period_id=period):
        answers[row.look_up_id][row.authority] = row
    found: dict[tuple[UUID, str], Standing] = {}
    for asked in LookUp.objects.filter(period_id=period).order_by("asked_at", "id"):
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
    """The lines fetched for a period, newest payment first; a plan that was paid shows as paid only."""
    rows = list(
        FetchedLine.objects.select_related("answer").filter(period_id=period).order_by("-paid_on", "authority", "id")
    )
    paid = {(r.person_id, r.authority, r.benefit, r.paid_on) for r in rows if not r.planned}
    return [r for r in rows if not r.planned or (r.person_id, r.authority, r.benefit, r.paid_on) not in paid]


def control_month(period: Period) -> Month:
    """M-1: the month whose payments are the income of the period."""
    return Month.of(period.since) - 1


def sums(lines: list[FetchedLine], month: Month) -> dict[tuple[str, str, str, str], int]:
    """Öre by (person, authority, benefit as trimmed lower case, income) of the payments made or planned in a month."""
    found: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for line in lines:
        if month.since <= line.paid_on < month.until:
            found[str(line.person_id), line.authority, line.benefit.strip().lower(), line.income_code] += line.amount
    return dict(found)


def open_with_missing(today: date) -> list[UUID]:
    """The periods that still wait for a decision and for an authority."""
    waiting = LookUp.objects.filter(
        period__last_decision_on=None,
        case__state="open",
        case__worked_in=None,
        period__until__gt=(Month.of(today) - 2).since,
    )
    periods = sorted(set(waiting.values_list("period_id", flat=True)))
    return [period for period in periods if any(one.missing for one in standings(period))]


def is_answered(look_up: UUID) -> bool:
    """Whether what came was recorded already."""
    return LookUpAnswer.objects.filter(look_up_id=look_up).exists()


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
    """What is disputed in a period by its line: the newest word about each, without what was taken back."""
    newest = {
        row.line_id: row
        for row in Dispute.objects.select_related("line").filter(period_id=period).order_by("made_at", "id")
    }
    there = {line: row for line, row in newest.items() if row.reason != DisputeReason.BACK}
    answers = DisputeAnswer.objects.select_related("member").filter(dispute__in=there.values())
    by_dispute = {answer.dispute_id: answer for answer in answers}
    return {line: Disputed(row, by_dispute.get(row.id)) for line, row in there.items()}


def waits_for_answer(period: UUID) -> bool:
    """Whether something disputed in a period hasn't been answered by a caseworker."""
    return any(one.answer is None for one in disputes_in(period).values())


@dataclass(frozen=True)
class Own:
    """What one authority said of a person, for herself. `marked`: it marks her as protected, so no page says it."""

    standing: Standing
    marked: bool
    lines: list[FetchedLine]


def told_about(person: UUID, period: UUID) -> list[Own]:
    """What authorities said about one person in a period, for her own pages: nothing of the other adult."""
    marked = marked_in(period)
    lines = [line for line in lines_of(period) if line.person_id == person]
    return [
        Own(
            one,
            (person, one.authority) in marked,
            [line for line in lines if line.authority == one.authority and (person, one.authority) not in marked],
        )
        for one in standings(period)
        if one.person == person
    ]


def told_months(person: UUID, cases: list[UUID]) -> list[tuple[UUID, date]]:
    """The case and first day of the months for which authorities were asked about a person, newest first."""
    asked = LookUp.objects.filter(person_id=person, case_id__in=cases)
    return list(asked.values_list("case_id", "period__since").distinct().order_by("-period__since", "case_id"))
