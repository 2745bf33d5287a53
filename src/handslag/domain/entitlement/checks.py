"""What a caseworker should look at in a period's facts: causes of warnings, never a verdict."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from handslag.domain.casefile.models import Period
from handslag.domain.casefile.queries import Cause, period_before
from handslag.domain.casefile.states import WarningKind
from handslag.domain.entitlement.models import Assessment
from handslag.domain.entitlement.queries import (
    applied_facts,
    newest_application,
    norms_in_force,
    of_the_office,
    sheet_that_counts,
    with_members,
)
from handslag.rules.norms import NormMissing
from handslag.rules.se.facts import Facts
from handslag.rules.se.warnings import warnings_of

#: The kinds whose causes lie in the facts. What authorities answered, or didn't, is for the check of who asks them.
KINDS = frozenset(WarningKind) - {WarningKind.MISSING_SSBTEK, WarningKind.UNHANDLED_INCOME}


def causes_in(period: UUID, today: date) -> set[Cause] | None:
    """The causes of KINDS that are there now; None where nothing can be said: no norm is in force, or the law
    of the organisation isn't the Swedish one, whose warnings these are.

    Looked at are the facts as the office has them, else as applied for, with the household as the register has it
    now, beside the newest sheet of the period before.
    """
    if not of_the_office("se"):
        return None
    found = Period.objects.select_related("case").get(id=period)
    facts = applied_facts(found.case, found, newest_application(found.id), today)
    if assessment := Assessment.objects.filter(period=found).first():
        facts = with_members(Facts.from_json(assessment.facts), facts.members)
    earlier = period_before(found)
    sheet = sheet_that_counts(earlier.id) if earlier else None
    before = Facts.from_json(sheet.snapshot.facts) if sheet else None
    try:
        norms = norms_in_force(facts, today)
    except NormMissing:
        return None
    return {Cause(WarningKind(w.kind), w.about, w.person, w.now, w.then) for w in warnings_of(facts, norms, before)}
