"""May this person see this appeal: her own only, not the other adult's of her case."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from handslag.domain.casefile.permissions import case_for_citizen, case_for_staff
from handslag.domain.decisions.models import Appeal, AppealFile, PersonalLetter
from handslag.domain.tenancy.door import Actor
from handslag.domain.tenancy.permissions import Hidden, Member


def appeal_for_citizen(key: UUID, by: Actor) -> Appeal:
    """Her own appeal, in a case in which she is one of the adults; Hidden otherwise."""
    found = Appeal.objects.select_related("decision__period", "remedy", "letter__document").filter(id=key).first()
    if found is None or by.kind != "citizen" or found.person_id != by.id:
        raise Hidden("appeal", key)
    case_for_citizen(found.case_id, by)
    return found


def appeal_file_for_citizen(document: UUID, by: Actor) -> Appeal:
    """The appeal that a file belongs to, if it is her own; Hidden otherwise."""
    found = AppealFile.objects.filter(document_id=document).values_list("appeal_id", flat=True).first()
    if found is None:
        raise Hidden("document", document)
    return appeal_for_citizen(found, by)


def appeal_for_staff(key: UUID, by: Actor, now: datetime) -> tuple[Appeal, Member]:
    """An appeal in a case that this member of staff may see; Hidden otherwise."""
    rows = Appeal.objects.select_related("case__applicant", "case__co_applicant", "person", "decision__period")
    rows = rows.select_related("checked_by", "ended_by", "recorded_by", "deadline", "remedy", "letter__document")
    found = rows.filter(id=key).first()
    if found is None:
        raise Hidden("appeal", key)
    return found, case_for_staff(found.case_id, by, now)[1]


def personal_letter_for_citizen(document: UUID, by: Actor) -> PersonalLetter:
    """The letter whose PDF a document is, if it is to herself; Hidden otherwise. The one of a decision with reasons for
    each of two is given out at the decision, which looks who is protected by now."""
    found = PersonalLetter.objects.filter(document_id=document).first()
    if found is None or by.kind != "citizen" or found.person_id != by.id or "sheet" in found.content:
        raise Hidden("document", document)
    case_for_citizen(found.case_id, by)
    return found
