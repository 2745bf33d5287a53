"""A caseworker says which line of a period a document shows, or that it doesn't."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.casefile.models import Period
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.policies import require_worked_here
from handslag.domain.entitlement.models import LineDocument
from handslag.domain.entitlement.queries.evidence import lines_as_they_stand, may_show, standing_links
from handslag.domain.intake.queries import sent_or_made
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role


class DocumentLinked(Event):
    kind = "document linked"


class DocumentUnlinked(Event):
    kind = "document unlinked"


@operation()
def link_document(
    *, tenant: str | int, by: Actor, now: datetime, period: UUID, document: UUID, line: str
) -> Done[LineDocument]:
    """Say that a document of the case, of whatever month, shows a line of a period's facts (`lines_in`). Conflict where
    it stands so; NotPossible("line gone") for a line that the period doesn't have (any more)."""
    row = _said(by, now, period, document, line, shows=True)
    return Done(row, DocumentLinked(subject=row.period.case_id, payload=_told(row)))


@operation()
def unlink_document(
    *, tenant: str | int, by: Actor, now: datetime, period: UUID, document: UUID, line: str
) -> Done[LineDocument]:
    """Say that a document doesn't show a line, also where the applicant said that it does; what was said before stays.
    Conflict where it doesn't stand at it."""
    row = _said(by, now, period, document, line, shows=False)
    return Done(row, DocumentUnlinked(subject=row.period.case_id, payload=_told(row)))


def _said(by: Actor, now: datetime, period: UUID, document: UUID, line: str, *, shows: bool) -> LineDocument:
    found = Period.objects.filter(id=period).first()
    if found is None:
        raise Hidden("period", period)
    case, member = case_for_staff(found.case_id, by, now, Role.CASEWORKER, lock=True)
    require_worked_here(case)
    if not any(one.id == document and may_show(one) for one in sent_or_made(case.id)):
        raise Hidden("document", document)
    if ((document, line) in standing_links(period)) == shows:
        raise Conflict("document")
    if shows and line not in lines_as_they_stand(case, found, acting_door().the_tenant.today(now)):
        raise NotPossible("line gone")
    return LineDocument.objects.create(
        period=found, document_id=document, line=line, shows=shows, said_by_id=member.id, said_at=now
    )


def _told(row: LineDocument) -> dict[str, str]:
    return {"period": str(row.period_id), "document": str(row.document_id), "line": row.line}
