"""May this citizen see this draft, this application: only the two adults of its case may."""

from __future__ import annotations

from uuid import UUID

from handslag.domain.intake.models import Attachment, Draft, EvidenceRequest, Receipt
from handslag.domain.tenancy.door import Actor
from handslag.domain.tenancy.permissions import Hidden


def draft_for_citizen(key: UUID, by: Actor) -> Draft:
    """The draft with its case, adults and period; Hidden if this citizen is not one of the case's adults."""
    draft = (
        Draft.objects.select_related("case__applicant", "case__co_applicant", "period", "signing_text")
        .filter(id=key)
        .first()
    )
    if draft is None or by.kind != "citizen" or by.id not in draft.case.adults:
        raise Hidden("draft", key)
    return draft


def receipt_for_citizen(application: UUID, by: Actor) -> Receipt:
    """The receipt of an application with its case; Hidden if this citizen is not one of the case's adults."""
    receipt = (
        Receipt.objects.select_related("application__case__applicant", "application__case__co_applicant")
        .select_related("application__case__caseworker")
        .filter(application_id=application)
        .first()
    )
    case = receipt.application.case if receipt else None
    if case is None or by.kind != "citizen" or by.id not in case.adults:
        raise Hidden("application", application)
    assert receipt is not None
    return receipt


def request_for_citizen(key: UUID, by: Actor, *, lock: bool = False) -> EvidenceRequest:
    """What was asked for, if it concerns this citizen; Hidden otherwise."""
    rows = EvidenceRequest.objects.select_related("case__applicant", "case__co_applicant", "deadline")
    if lock:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(id=key).first()
    adults = found.case.adults if found else []
    if found is None or by.kind != "citizen" or by.id not in adults or found.person_id not in (None, by.id):
        raise Hidden("request", key)
    return found


def attachment_for_citizen(document: UUID, by: Actor) -> Attachment:
    """A file that was given with an application (by either adult) or on a request that concerns this citizen; Hidden
    otherwise."""
    rows = Attachment.objects.select_related("draft__case", "request").filter(document_id=document)
    for one in rows:
        if one.draft is not None and by.id in one.draft.case.adults:
            return one
        if one.request_id is not None:
            request_for_citizen(one.request_id, by)
            return one
    raise Hidden("document", document)
