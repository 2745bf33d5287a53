"""Documents beside the lines of a period's facts that they show."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from handslag.domain.casefile.models import Case, Period
from handslag.domain.documents.models import Document
from handslag.domain.documents.states import Provenance
from handslag.domain.entitlement.models import Assessment, LineDocument
from handslag.domain.entitlement.queries import applied_facts, newest_application
from handslag.domain.intake.queries import given_for, given_with_lines, keys_of_lines
from handslag.rules.se.facts import Facts


@dataclass(frozen=True)
class Beside:
    """The documents of a case as they stand to a period: `lines` by the line that they show; `loose`, given for the
    period, beside none; `others`, given for other months, beside none of this one's. Newest first."""

    lines: dict[str, list[Document]]
    loose: list[Document]
    others: list[Document]


def lines_in(facts: Facts) -> list[str]:
    """The lines of facts as a document beside one names it: list and key."""
    return [
        *(f"costs:{key}" for key in keys_of_lines((one.code, one.person) for one in facts.costs)),
        *(f"incomes:{key}" for key in keys_of_lines((one.code, one.person) for one in facts.incomes)),
    ]


def lines_as_they_stand(case: Case, period: Period, today: date) -> list[str]:
    """The lines of a period: of the facts that a caseworker has saved, else of those applied for."""
    assessment = Assessment.objects.filter(period=period).first()
    facts = Facts.from_json(assessment.facts) if assessment else None
    return lines_in(facts or applied_facts(case, period, newest_application(period.id), today))


def may_show(document: Document) -> bool:
    """Whether a document can show a line: what came to us, nothing that this installation made."""
    return document.provenance != Provenance.SYSTEM


def standing_links(period: UUID) -> list[tuple[UUID, str]]:
    """(document, line) as it stands: what a caseworker said last, else what the applicant said when she gave it."""
    said = dict.fromkeys(given_with_lines(period), True)
    rows = LineDocument.objects.filter(period_id=period).order_by("id")
    said |= {(document, line): shows for document, line, shows in rows.values_list("document_id", "line", "shows")}
    return [pair for pair, shows in said.items() if shows]


def documents_beside(period: UUID, documents: Sequence[Document], lines: Collection[str]) -> Beside:
    """How the documents of a case (all, newest first) stand to a period with these lines."""
    coming, links = [one for one in documents if may_show(one)], set(standing_links(period))
    by_line = {line: [one for one in coming if (one.id, line) in links] for line in lines}
    shown, given = {one.id for found in by_line.values() for one in found}, given_for(period)
    loose = [one for one in coming if one.id not in shown]
    return Beside(
        {line: found for line, found in by_line.items() if found},
        [one for one in loose if one.id in given],
        [one for one in loose if one.id not in given],
    )
