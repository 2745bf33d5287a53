"""Letters to one person, beside those of decisions on a month: fixed with the act that they tell of, set by a job."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.casefile.models import Case
from handslag.domain.decisions.models import Hearing, PersonalLetter
from handslag.domain.decisions.queries import LETTER_REFUSED, letterhead
from handslag.domain.documents.operations import StoredFile, record_document
from handslag.domain.documents.states import Provenance, RetentionClass
from handslag.domain.people.models import Person
from handslag.domain.people.queries import full_name
from handslag.domain.tenancy.door import Actor
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel import canonical


class LetterRefused(Event):
    kind = LETTER_REFUSED


class PersonalLetterRendered(Event):
    kind = "personal letter rendered"


class HearingsClosed(Event):
    kind = "hearings closed"


def new_personal_letter(case: Case, person: Person, content: dict[str, Any]) -> PersonalLetter:
    """The letter that tells `person` of an act, inside the operation that does it. `content`: number, language, date,
    heading, outcome, amount, currency, lines, parts ([heading, text] each), legal_basis, decider, delegation, remedy;
    sender, case and recipient are added here. Her address stands in it only where nothing of it is protected."""
    head = letterhead(full_name(person), [person], date.fromisoformat(content["date"]))
    whole = {**content, "case": case.number, **head}
    return PersonalLetter.objects.create(
        case=case, person=person, content=whole, content_digest=canonical.digest(whole)
    )


def letters_apart(case: Case, content: dict[str, Any]) -> list[PersonalLetter]:
    """Where a decision has reasons for each of two adults (`content`: its letter): a letter to each, with what is so
    for both and her own reasons. The decision's letter holds both, for the office and the court."""
    own = content["reasons_co"]
    if own is None or case.co_applicant is None:
        return []
    whole = {**content, "reasons_co": None}
    return [
        new_personal_letter(case, adult, {**whole, "reasons": reasons, "copy": copy})
        for adult, reasons, copy in ((case.applicant, content["reasons"], "1"), (case.co_applicant, own["text"], "2"))
    ]


@operation()
def record_personal_letter(
    *, tenant: str | int, by: Actor, now: datetime, letter: UUID, file: StoredFile
) -> Done[PersonalLetter]:
    """The PDF of such a letter is made: its bytes are kept. NotPossible("made already") for a second one."""
    found = _of_a_job(letter, by)
    if found.document_id is not None:
        raise NotPossible("made already")
    found.document = record_document(
        tenant=tenant,
        by=by,
        now=now,
        subject=found.case_id,
        kind="personal letter",
        title=" ".join(filter(None, (found.content["number"], found.content.get("copy")))),
        provenance=Provenance.SYSTEM,
        retention=RetentionClass.PERSONAL_FILE,
        file=file,
    )
    found.rendered_at = now
    found.save(update_fields=["document", "rendered_at"])
    payload = {"letter": str(found.id), "document": str(file.key), "digest": file.digest}
    return Done(found, PersonalLetterRendered(subject=found.case_id, payload=payload))


@operation()
def refuse_personal_letter(*, tenant: str | int, by: Actor, now: datetime, letter: UUID, trouble: str) -> Done[None]:
    """Such a letter can't be set as PDF: a person sends it another way."""
    found = _of_a_job(letter, by)
    payload = {"letter": str(found.id), "trouble": trouble[:200]}
    return Done(None, LetterRefused(subject=found.case_id, payload=payload))


def _of_a_job(letter: UUID, by: Actor) -> PersonalLetter:
    found = PersonalLetter.objects.select_for_update(of=("self",)).filter(id=letter).first()
    if found is None or by.kind != "system":
        raise Hidden("letter", letter)
    return found


@operation()
def close_hearings(
    *, tenant: str | int, by: Actor, now: datetime, case: UUID, person: UUID, periods: list[UUID]
) -> Done[list[Hearing]]:
    """What somebody was asked about these periods is decided otherwise than by deciding the month: it takes no answer
    any more."""
    found = Hearing.objects.filter(case_id=case, person_id=person, period_id__in=periods, closed_at=None)
    rows = list(found.select_for_update(of=("self",)).order_by("id"))
    for row in rows:
        row.closed_at = now
        row.save(update_fields=["closed_at"])
    payload = {"hearings": [str(row.id) for row in rows]}
    return Done(rows, HearingsClosed(subject=case, payload=payload))
