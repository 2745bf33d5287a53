"""Facts assessed by the caseworker; sheets computed from them and kept with all that they rest on."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.casefile.models import Period
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.entitlement.models import Assessment, NormSet, Sheet, Snapshot
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel import canonical
from handslag.rules.norms import NormMissing
from handslag.rules.se.facts import Facts, FactsError
from handslag.rules.se.pack import calculate, norms_for


class PeriodAssessed(Event):
    kind = "period assessed"


@operation()
def assess(
    *, tenant: str | int, by: Actor, now: datetime, period: UUID, facts: dict[str, Any], version: int
) -> Done[Sheet]:
    """Keep the caseworker's facts of a period and compute the next numbered sheet from them.

    `version`: of the Assessment seen (0 if there was none); Conflict with both facts if it moved on.
    NotPossible("facts") with the problems when the facts can't be calculated, ("norms") when no norm is in force.
    """
    found = Period.objects.filter(id=period).first()
    if found is None:
        raise Hidden("period", period)
    case, _ = case_for_staff(found.case_id, by, now, Role.CASEWORKER, lock=True)
    try:
        read = Facts.from_json(facts)
        if (read.since, read.until) != (found.since, found.until):
            raise FactsError(["since, until: of another period"])
        today = acting_door().the_tenant.today(now)
        norms = norms_for(read.since, None, today)
        calculation = calculate(read, norms)
    except FactsError as error:
        raise NotPossible("facts", problems=error.problems) from error
    except NormMissing as error:
        raise NotPossible("norms", problems=[str(error)]) from error
    stored = read.to_json()
    assessment = Assessment.objects.select_for_update().filter(period=found).first()
    if (assessment.version if assessment else 0) != version:
        raise Conflict("assessment", theirs=assessment.facts if assessment else None, yours=stored)
    if assessment is None:
        assessment = Assessment(case=case, period=found, version=0)
    assessment.facts, assessment.saved_at = stored, now
    assessment.version += 1
    assessment.save()
    used = norms.with_settings(read.settings)
    norm_set, _ = NormSet.objects.get_or_create(
        digest=used.digest, defaults={"body": dict(used.resolved.body), "has_example": used.has_example}
    )
    snapshot = Snapshot.objects.create(case=case, period=found, facts=stored, digest=canonical.digest(stored))
    body = calculation.to_json()
    last = Sheet.objects.filter(period=found).order_by("-number").values_list("number", flat=True).first()
    sheet = Sheet.objects.create(
        case=case,
        period=found,
        number=(last or 0) + 1,
        snapshot=snapshot,
        norm_set=norm_set,
        pack=calculation.pack,
        rule_version=calculation.rule_version,
        known_on=today,
        body=body,
        digest=canonical.digest(body),
        granted=calculation.granted,
        currency="SEK",
        computed_at=now,
    )
    return Done(
        sheet,
        PeriodAssessed(
            subject=case.id,
            payload={
                "sheet": str(sheet.id),
                "number": sheet.number,
                "digest": sheet.digest,
                "facts_digest": snapshot.digest,
                "norm_digest": norm_set.digest,
                "granted": sheet.granted,
            },
        ),
    )
