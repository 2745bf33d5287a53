"""From the first answer to the receipt. Accepting is one transaction: application, signature, receipt, inbox, chain."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db.models import F, Max, Q

from handslag.domain.audit.operations import (
    Done,
    Event,
    head_locked,
    insert_with_events,
    operation,
    update_with_events,
)
from handslag.domain.audit.queries import happened
from handslag.domain.casefile.models import Case, Message, Period
from handslag.domain.casefile.operations import open_case, period_of, send_message
from handslag.domain.casefile.permissions import case_for_citizen, case_for_staff
from handslag.domain.casefile.policies import LONGEST_MESSAGE, months_taken, require_worked_here
from handslag.domain.casefile.queries import cases_of, periods_of
from handslag.domain.documents.operations import StoredFile, keep_text, record_document
from handslag.domain.documents.queries import text_that_binds
from handslag.domain.documents.states import Provenance, RetentionClass
from handslag.domain.intake import policies
from handslag.domain.intake.forms import current, form_of
from handslag.domain.intake.models import (
    Application,
    ApplicationPeriod,
    Attachment,
    Draft,
    EvidenceRequest,
    InboxItem,
    Receipt,
    Signature,
    SigningRequest,
    Withdrawal,
)
from handslag.domain.intake.permissions import request_for_citizen
from handslag.domain.intake.queries import (
    applications_in_force,
    attachments_of,
    differences,
    lacking_in,
    lacking_of,
    lines_of,
    signatures_of,
    signed_by,
    signs_through,
    standing_of,
    taken_back,
    token_of,
)
from handslag.domain.intake.states import DraftState, InboxState, RequestState
from handslag.domain.people.models import Person
from handslag.domain.people.operations.persons import form_household
from handslag.domain.people.queries import (
    adults_beside,
    full_name,
    household_of,
    household_seen_by_relative,
    represented_by,
)
from handslag.domain.people.states import HouseholdRole, Scope
from handslag.domain.tasks.models import Notice
from handslag.domain.tasks.operations import end_deadline, run_deadline
from handslag.domain.tasks.states import DeadlineState
from handslag.domain.tenancy.door import Actor, acting_door, planned_once
from handslag.domain.tenancy.keys import sign as sign_as_tenant
from handslag.domain.tenancy.models import RoleGrant, StaffMember
from handslag.domain.tenancy.operations import new_id, next_reference
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import Conflict, NotPossible, setting, settings_are
from handslag.domain.tenancy.rows import id_of_key
from handslag.domain.tenancy.states import Role
from handslag.kernel import canonical
from handslag.kernel.days import working_day_after
from handslag.kernel.ids import uuid7
from handslag.kernel.months import Month


class DraftOpened(Event):
    kind = "draft opened"


class AppliedAnew(Event):
    """Somebody without a case here has begun to apply, and so opened one."""

    kind = "first application begun"


class DraftWithdrawn(Event):
    """An application that wasn't sent was taken back, or one of two adults doesn't want to sign it."""

    kind = "draft withdrawn"


class DraftSuperseded(Event):
    """An application that nobody had signed was closed on-line: one for the same month came on paper."""

    kind = "draft superseded"


class HouseholdAskedAbout(Event):
    """An application can't be signed on-line: an adult who isn't in the case lives in the household of its month."""

    kind = "household asked about"


class FilesAttached(Event):
    kind = "files attached"


class FileRemoved(Event):
    """A file was taken away from an application that isn't signed."""

    kind = "file removed"


class EvidenceAsked(Event):
    kind = "evidence asked"


class EvidenceSent(Event):
    """An answer to a request came: files, a message, or both."""

    kind = "evidence sent"


class RequestClosed(Event):
    kind = "request closed"


class ApplicationSigned(Event):
    """One of two adults has signed; the other is awaited."""

    kind = "application signed"


class SignerReminded(Event):
    """The adult who hasn't signed was reminded."""

    kind = "signer reminded"


class SigningEnded(Event):
    """An application that one adult signed and the other not isn't sent; a person talks to them."""

    kind = "signing ended"


class ApplicationSubmitted(Event):
    """Accepted: the application, its signatures and its receipt stand."""

    kind = "application submitted"


class SignatureRecorded(Event):
    """A signature that an application on paper lacked has come."""

    kind = "signature recorded"


class ApplicationWithdrawn(Event):
    """An adult took back an application that was sent; `whole`: nobody stands behind it any more."""

    kind = "application withdrawn"


class InboxTaken(Event):
    kind = "inbox taken"


class InboxPutBack(Event):
    kind = "inbox put back"


class HandedOver(Event):
    """An application, with its case, was given to a colleague."""

    kind = "handed over"


class ApplicantAwaited(Event):
    kind = "applicant awaited"


class ApplicantReminded(Event):
    kind = "applicant reminded"


class InboxClosed(Event):
    kind = "inbox closed"


@operation()
def open_draft(
    *, tenant: str | int, by: Actor, now: datetime, case: UUID, month: Month, language: str, form: str = ""
) -> Done[Draft]:
    """Open an application on-line for a month of one's own case, by `form` (none named: the renewal).
    A draft that is there already is given back by `queries.draft_of`; NotPossible("month closed") for a month that
    can't be applied for. What was written in one that was taken back stands in it again."""
    found = case_for_citizen(case, by)
    assert by.id is not None
    if by.through is not None and found.worked_in is not None:
        raise NotPossible("month closed")
    today = acting_door().the_tenant.today(now)
    periods = {found.id: periods_of(found.id)}
    offered = policies.offers(by.id, cases_of(by.id), adults_beside(by.id, today), today, periods)
    wanted = form or setting("application_forms")["renewal"]
    fitting = [o for o in offered if o.on_line and o.case == found and o.month == month and o.form == wanted]
    if not fitting:
        raise NotPossible("month closed")
    definition = policies.form_for(fitting[0])
    period = period_of(found, month)
    ended = Draft.objects.filter(
        Q(state__in=[DraftState.WITHDRAWN, DraftState.EXPIRED]) | Q(id__in=taken_back()),
        period=period,
        form=definition.name,
        form_version=definition.version,
        channel="online",
        corrects=None,
    )
    before = ended.order_by("-saved_at", "-id").first()
    answers = before.answers if before is not None else {}
    draft = Draft.objects.create(
        case=found,
        period=period,
        author_id=by.id,
        channel="online",
        language=language,
        form=definition.name,
        form_version=definition.version,
        answers={name: part for name, part in answers.items() if name != SAVED},
        opened_at=now,
        saved_at=now,
    )
    if before is not None:
        _take_over_files(before.id, draft, now)
    payload = {"draft": str(draft.id), "month": str(month), "form": definition.name}
    return Done(draft, DraftOpened(subject=found.id, payload=payload))


@operation()
def apply_anew(*, tenant: str | int, by: Actor, now: datetime, month: Month, language: str) -> Done[Draft]:
    """Apply for the first time, or again long after: opens a case of one's own, at the unit that takes first
    applications, and its draft. Her household is she alone until the office has registered who else there is; she
    says so in the form. NotPossible("month closed") where the pages don't take that now."""
    assert by.id is not None
    today = acting_door().the_tenant.today(now)
    person = Person.objects.select_for_update().get(id=by.id)  # pressed twice at once: the second sees the first's case
    offered = policies.offers(by.id, cases_of(by.id), adults_beside(by.id, today), today, {})
    fitting = [o for o in offered if o.case is None and o.on_line and o.month == month]
    unit = policies.first_unit()
    if unit is None or not fitting or person.protection_level:
        raise NotPossible("month closed")
    told: dict[str, Any] = {"tenant": tenant, "by": by, "now": now}
    home = household_of(by.id, today)
    if home is None:
        home = form_household(**told, members=[(by.id, HouseholdRole.ADULT)], since=today).id
    case = open_case(
        **told, applicant=by.id, co_applicant=None, household=home, unit=unit.id, caseworker=None, opened_on=today
    )
    form = setting("application_forms")["new"]
    draft = open_draft(**told, case=case.id, month=month, language=language, form=form)
    return Done(draft, AppliedAnew(subject=case.id, payload={"draft": str(draft.id)}))


def _take_over_files(earlier: UUID, draft: Draft, now: datetime) -> None:
    Attachment.objects.bulk_create(
        Attachment(document_id=one.document_id, draft=draft, person_id=one.person_id, line=one.line, added_at=now)
        for one in attachments_of(earlier)
    )


@operation()
def begin_correction(*, tenant: str | int, by: Actor, now: datetime, application: UUID) -> Done[Draft]:
    """Begin a new version of an application that was sent, with its answers as they were typed, or as they stood in
    the correction before that wasn't signed in time; either adult may.

    The one that was sent counts until the new version is signed by all adults. A correction that is under way is
    given back by `queries.draft_of`. NotPossible("worked elsewhere") where another case system has it, ("decided")
    once it is decided, corrected or taken back, ("by hand") where a person has to do it, ("draft there") while the
    same form is being filled in for the month.
    """
    period = ApplicationPeriod.objects.select_related("application", "period").filter(application_id=application)
    row = period.first()
    if row is None:
        raise Hidden("application", application)
    case = case_for_citizen(row.application.case_id, by)
    assert by.id is not None
    require_worked_here(case)
    if not standing_of(application).open:
        raise NotPossible("decided")
    if not policies.together(case, adults_beside(case.applicant_id, acting_door().the_tenant.today(now))):
        raise NotPossible("by hand")
    sent = Draft.objects.get(id=application)
    running = Draft.objects.filter(period=row.period, form=sent.form, state__in=[DraftState.OPEN, DraftState.SIGNING])
    if running.exists():
        raise NotPossible("draft there")
    before = Draft.objects.filter(corrects_id=application).order_by("-saved_at", "-id").first()
    typed = before if before is not None and before.state == DraftState.EXPIRED else sent
    draft = Draft.objects.create(
        case=case,
        period=row.period,
        author_id=by.id,
        channel="online",
        language=sent.language,
        form=sent.form,
        form_version=sent.form_version,
        answers={name: part for name, part in typed.answers.items() if name != SAVED},
        corrects_id=application,
        opened_at=now,
        saved_at=now,
    )
    _take_over_files(typed.id, draft, now)
    payload = {"draft": str(draft.id), "month": str(Month.of(row.period.since)), "form": sent.form}
    return Done(draft, DraftOpened(subject=case.id, payload={**payload, "corrects": str(application)}))


@operation()
def withdraw_application(*, tenant: str | int, by: Actor, now: datetime, application: UUID) -> Done[Withdrawal]:
    """Take an application back after it was sent: an act of the person, never a decision.

    An application of two adults stands for the other one until she takes it back too: nobody loses support by what
    somebody else pressed. With the last adult it leaves the inbox, and the month can be applied for anew.
    NotPossible("worked elsewhere") where another case system has it, ("decided") once it is decided or corrected,
    ("taken back") by whom it was already.
    """
    row = ApplicationPeriod.objects.select_related("application", "period").filter(application_id=application).first()
    if row is None:
        raise Hidden("application", application)
    case = case_for_citizen(row.application.case_id, by)
    assert by.id is not None
    require_worked_here(case)
    Case.objects.select_for_update().get(id=case.id)  # whoever decides on it meanwhile goes first, or sees it
    item = InboxItem.objects.select_for_update(of=("self",)).filter(application_id=application).first()
    before = standing_of(application)
    if any(one.person_id == by.id for one in before.withdrawn):
        raise NotPossible("taken back")
    if item is None or not before.open:
        raise NotPossible("decided")
    adults = {one.person_id for one in signatures_of(application)}
    whole = adults == {by.id, *(one.person_id for one in before.withdrawn)}
    done = Withdrawal.objects.create(application=row.application, person_id=by.id, whole=whole, withdrawn_at=now)
    if whole:
        item.state, item.version = InboxState.DONE, item.version + 1
        item.save(update_fields=["state", "version"])
        Draft.objects.filter(corrects_id=application, state__in=[DraftState.OPEN, DraftState.SIGNING]).update(
            state=DraftState.WITHDRAWN, version=F("version") + 1
        )
        keys = [one.id for one in applications_in_force(row.period_id)]
        last = Application.objects.filter(id__in=keys).aggregate(at=Max("received_at"))["at"]
        Period.objects.filter(id=row.period_id).update(last_application_at=last)
        if last is None and row.period.last_decision_on is None:  # nothing is asked for it any more
            _close_all(row.period_id, tenant, by, now)
    payload = {
        "application": str(application),
        "person": str(by.id),
        "whole": whole,
        "caseworker": str(case.caseworker_id) if case.caseworker_id else None,
    }
    return Done(done, ApplicationWithdrawn(subject=case.id, payload=payload))


def _draft_for(draft: UUID, by: Actor) -> Draft:
    found = (
        Draft.objects.select_for_update(of=("self",))
        .select_related("case__applicant", "case__co_applicant", "period")
        .filter(id=draft)
        .first()
    )
    if found is None or by.kind != "citizen" or by.id not in found.case.adults:
        raise Hidden("draft", draft)
    return found


@operation(silent=True)
def save_answers(
    *, tenant: str | int, by: Actor, now: datetime, draft: UUID, version: int, part: dict[str, Any]
) -> Done[Draft]:
    """Keep the answers of one page as typed, right or wrong. Conflict (with both texts) if a part that this page
    changes has been changed since `version`; other parts don't matter. NotPossible("being signed") once it is
    fixed for signing."""
    found = _draft_for(draft, by)
    if found.state != DraftState.OPEN:
        raise NotPossible("being signed" if found.state == DraftState.SIGNING else "ended")
    changed = {name: value for name, value in part.items() if found.answers.get(name) != value}
    saved_at = found.answers.get(SAVED, {})
    if any(saved_at.get(name, 0) > version for name in changed):
        raise Conflict("draft", theirs={name: found.answers.get(name) for name in part}, yours=part)
    if changed:
        found.version += 1
        found.answers = {**found.answers, **changed, SAVED: {**saved_at, **dict.fromkeys(changed, found.version)}}
        found.saved_at = now
        found.save(update_fields=["answers", "version", "saved_at"])
    return Done(found)


#: Files that an application, or the answer to a request, may have.
MOST_FILES = 30


@operation()
def attach_files(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    draft: UUID,
    files: list[tuple[str, StoredFile]],
    line: str | None = None,
) -> Done[list[Attachment]]:
    """Add files (name, where it is stored) to an application that isn't fixed for signing. They are locked until the
    scan. `line`: of the answers (as `lines_of` names it) that they show; one that isn't there any more says nothing.
    NotPossible("being signed"), ("ended"), ("too many files"), ("no files"), ("worked elsewhere") where another case
    system works the case: it gets applications, not files."""
    found = _draft_for(draft, by)
    if found.state != DraftState.OPEN:
        raise NotPossible("being signed" if found.state == DraftState.SIGNING else "ended")
    require_worked_here(found.case)
    if not files:
        raise NotPossible("no files")
    if len(files) + len(attachments_of(found.id)) > MOST_FILES:
        raise NotPossible("too many files")
    shown = line if line in lines_of(found.answers) else None
    rows = _recorded(files, tenant, by, now, found.case_id, draft=found, line=shown)
    _files_changed(found, now)
    payload = {"draft": str(found.id), "documents": [str(row.document_id) for row in rows]}
    return Done(rows, FilesAttached(subject=found.case_id, payload=payload))


def _recorded(
    files: list[tuple[str, StoredFile]], tenant: str | int, by: Actor, now: datetime, case: UUID, **of: Any
) -> list[Attachment]:
    assert by.id is not None
    documents = [
        record_document(
            tenant=tenant,
            by=by,
            now=now,
            subject=case,
            kind="evidence",
            title=title,
            provenance=Provenance.APPLICANT,
            retention=RetentionClass.PERSONAL_FILE,
            file=file,
        )
        for title, file in files
    ]
    return Attachment.objects.bulk_create(
        Attachment(document=one, person_id=by.id, added_at=now, **of) for one in documents
    )


def _files_changed(draft: Draft, now: datetime) -> None:
    """What was shown on the check page isn't what would be signed any more."""
    Draft.objects.filter(id=draft.id).update(version=F("version") + 1, saved_at=now)


@operation()
def remove_file(*, tenant: str | int, by: Actor, now: datetime, draft: UUID, attachment: UUID) -> Done[Attachment]:
    """Take a file away from an application that isn't fixed for signing. It is not sent; what was stored stays locked
    until the case is thinned. NotPossible("being signed"), ("ended")."""
    found = _draft_for(draft, by)
    if found.state != DraftState.OPEN:
        raise NotPossible("being signed" if found.state == DraftState.SIGNING else "ended")
    row = Attachment.objects.select_for_update(of=("self",)).filter(id=attachment, draft=found, removed_at=None).first()
    if row is None:
        raise NotPossible("ended")
    row.removed_at = now
    row.save(update_fields=["removed_at"])
    _files_changed(found, now)
    payload = {"draft": str(found.id), "document": str(row.document_id)}
    return Done(row, FileRemoved(subject=found.case_id, payload=payload))


@operation()
def ask_applicant(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    case: UUID,
    period: UUID,
    person: UUID | None,
    text: str,
    wanted: list[str],
    until: date,
    key: UUID | None = None,
) -> Done[EvidenceRequest]:
    """Ask the adults of a case, or one of them, for something that is missing, by the end of a day: a question, never
    a result. What waits in the inbox for the period waits for them until then.

    `key`: of the form; SentAlready the second time.
    NotPossible("empty request"), ("long request"), ("day to answer"); Hidden where `period` isn't the case's, or
    `person` no adult of it.
    """
    found, member = case_for_staff(case, by, now, Role.CASEWORKER, lock=True)
    if not Period.objects.filter(id=period, case=found).exists():
        raise Hidden("period", period)
    if person is not None and person not in found.adults:
        raise Hidden("person", person)
    said, lines = text.strip(), [line.strip() for line in wanted if line.strip()]
    if not said:
        raise NotPossible("empty request")
    if len(said) > LONGEST_MESSAGE or len(lines) > MOST_FILES or any(len(line) > 200 for line in lines):
        raise NotPossible("long request")
    request_id = new_id(EvidenceRequest, key)
    deadline = run_deadline(
        tenant=tenant,
        by=by,
        now=now,
        subject=found.id,
        rule="answer to a request for evidence",
        legal_basis="set by the office; no provision sets this day",
        consequence="the caseworker looks at what there is; nothing follows by itself",
        due_on=until,
        proof="",
    )
    request = EvidenceRequest.objects.create(
        id=request_id,
        case=found,
        period_id=period,
        person_id=person,
        text=said,
        wanted=lines,
        deadline=deadline,
        asked_by_id=member.id,
        asked_at=now,
    )
    for item in _open_items(period):
        item.state, item.caseworker_id, item.answer_by = InboxState.ASKED, member.id, until
        item.version += 1
        item.save(update_fields=["state", "caseworker", "answer_by", "version"])
    persons = [str(person)] if person else [str(key) for key in found.adults]
    payload = {"request": str(request.id), "until": until.isoformat(), "persons": persons}
    return Done(request, EvidenceAsked(subject=found.id, payload=payload))


def _open_items(period: UUID) -> list[InboxItem]:
    applications = ApplicationPeriod.objects.filter(period_id=period).values("application_id")
    rows = InboxItem.objects.select_for_update(of=("self",)).filter(application_id__in=applications)
    return list(rows.exclude(state=InboxState.DONE).order_by("id"))


@operation()
def answer_request(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    asked: UUID,
    files: list[tuple[str, StoredFile]],
    message: UUID | None = None,
    text: str = "",
) -> Done[EvidenceRequest]:
    """Answer by files, by a message (its key, named by the page, and text), or both; more can follow until it is
    closed, also after the day. NotPossible("closed"), ("no answer"), ("too many files"), and as for `send_message`."""
    found = request_for_citizen(asked, by, lock=True)
    if found.state == RequestState.CLOSED:
        raise NotPossible("closed")
    if not files and not text.strip():
        raise NotPossible("no answer")
    if len(files) + Attachment.objects.filter(request=found).count() > MOST_FILES:
        raise NotPossible("too many files")
    if text.strip():
        send_message(tenant=tenant, by=by, now=now, case=found.case_id, message=message or uuid7(), text=text)
    rows = _recorded(files, tenant, by, now, found.case_id, request=found)
    found.state, found.answered_at, found.version = RequestState.ANSWERED, now, found.version + 1
    found.save(update_fields=["state", "answered_at", "version"])
    if found.deadline.state == DeadlineState.RUNNING:
        end_deadline(tenant=tenant, by=by, now=now, deadline=found.deadline_id, state=DeadlineState.KEPT)
    _no_longer_awaited(found)
    case = found.case
    payload = {
        "request": str(found.id),
        "documents": [str(row.document_id) for row in rows],
        "caseworker": str(case.caseworker_id) if case.caseworker_id else None,
    }
    return Done(found, EvidenceSent(subject=case.id, payload=payload))


def _no_longer_awaited(request: EvidenceRequest) -> None:
    """What waited for the answer waits for the caseworker again, unless something else is still open."""
    others = EvidenceRequest.objects.filter(period_id=request.period_id, state=RequestState.OPEN)
    if others.exclude(id=request.id).exists():
        return
    for item in _open_items(request.period_id):
        if item.state == InboxState.ASKED:
            item.state = InboxState.TAKEN if item.caseworker_id else InboxState.WAITING
            item.answer_by, item.version = None, item.version + 1
            item.save(update_fields=["state", "answer_by", "version"])


@operation()
def close_request(*, tenant: str | int, by: Actor, now: datetime, asked: UUID, version: int) -> Done[EvidenceRequest]:
    """Enough is known: nothing more is asked for. Conflict if something came meanwhile."""
    found = EvidenceRequest.objects.select_for_update(of=("self",)).select_related("deadline").filter(id=asked).first()
    if found is None:
        raise Hidden("request", asked)
    case_for_staff(found.case_id, by, now, Role.CASEWORKER)
    if found.version != version or found.state == RequestState.CLOSED:
        raise Conflict("request", theirs=found.state)
    _close(found, tenant, by, now)
    return Done(found, RequestClosed(subject=found.case_id, payload={"request": str(found.id)}))


def _close(found: EvidenceRequest, tenant: str | int, by: Actor, now: datetime) -> None:
    found.state, found.version = RequestState.CLOSED, found.version + 1
    found.save(update_fields=["state", "version"])
    if found.deadline.state == DeadlineState.RUNNING:
        end_deadline(tenant=tenant, by=by, now=now, deadline=found.deadline_id, state=DeadlineState.LIFTED)
    _no_longer_awaited(found)


def _close_all(period: UUID, tenant: str | int, by: Actor, now: datetime) -> None:
    asked = EvidenceRequest.objects.select_for_update(of=("self",)).select_related("deadline")
    for request in asked.filter(period_id=period).exclude(state=RequestState.CLOSED).order_by("id"):
        _close(request, tenant, by, now)


#: Beside the answers of a draft: the version at which each part was last changed.
SAVED = "saved"


@operation(silent=True)
def fix_for_signing(*, tenant: str | int, by: Actor, now: datetime, draft: UUID, version: int) -> Done[Draft]:
    """Fix what was shown on the check page: from here on both adults sign this digest.

    Conflict if the answers changed after the page was shown; NotPossible("incomplete") with the problems,
    ("nothing changed") for a correction that says what was sent already, ("another adult") where not all who have to
    sign are of the case: see `ask_about_household`.
    """
    found = _draft_for(draft, by)
    if found.state == DraftState.SIGNING:
        return Done(found)
    if found.state != DraftState.OPEN:
        raise NotPossible("ended")
    if found.version != version:
        raise Conflict("draft", theirs=found.answers)
    if _another_adult(found):
        raise NotPossible("another adult")
    problems = policies.answers_problems(form_of(found.form, found.form_version), found.answers, found.language)
    if problems:
        raise NotPossible("incomplete", problems=problems)
    if by.through is not None:
        require_worked_here(found.case)
    shown, digest, text = document_to_sign(found, by=by, day=acting_door().the_tenant.today(now))
    if found.corrects_id and not shown["corrects"]["changed"]:
        raise NotPossible("nothing changed")
    found.shown, found.shown_digest = shown, digest
    found.signing_text = keep_text(text)
    found.state = DraftState.SIGNING
    found.version += 1
    found.save(update_fields=["shown", "shown_digest", "signing_text", "state", "version"])
    return Done(found)


def _another_adult(draft: Draft) -> bool:
    """Whether an adult who isn't in the case has to sign too: she lives in the household on a day of the month, so that
    its sheet counts her, and the pages can't ask her."""
    signing = {person.id for person in policies.who_signs(draft.case, Month.of(draft.period.since))}
    return not signing <= set(draft.case.adults)


@operation()
def ask_about_household(*, tenant: str | int, by: Actor, now: datetime, draft: UUID) -> Done[Draft]:
    """Let a person look at the household of an application that can't be signed on-line because of it: the case is to
    be opened for both, or it is taken on paper. What was written stays as it is. NotPossible("nothing due")."""
    found = _draft_for(draft, by)
    if not _another_adult(found):
        raise NotPossible("nothing due")
    return Done(found, HouseholdAskedAbout(subject=found.case_id, payload={"draft": str(found.id)}))


def document_to_sign(
    draft: Draft,
    adults: Sequence[UUID] = (),
    unsigned: Sequence[UUID] = (),
    by: Actor | None = None,
    day: date | None = None,
) -> tuple[dict[str, Any], str, Any]:
    """The document of a draft as it stands, its digest, and the signing text in force. `adults`: who signs, where it
    isn't those of the case; `unsigned`: of them, whose signature an application on paper lacks when it is received.
    `by`: who has it fixed, on `day`; a representative stands in it, with for whom and on what ground she signs."""
    month = Month.of(draft.period.since)
    form = form_of(draft.form, draft.form_version)
    acting_for = _represented(draft.case, by, day) if by is not None and by.through is not None and day else {}
    words = f"{form.signing_text}.representative" if acting_for else form.signing_text
    text = text_that_binds(draft.case.legal_order, words, draft.language, form.language, draft.period.since)
    since, closed = draft.period.since, draft.case.closed_on
    if draft.case.worked_in is not None and closed is not None:  # let go of: it goes there as it last stood here
        since = min(since, closed - timedelta(days=1))
    members = household_seen_by_relative(draft.author_id, draft.case.household_id, since, draft.period.until)
    shown = policies.shown_document(
        form, draft.case, month, members, draft.answers, draft.language, text.digest, draft.version, adults
    )
    if acting_for:
        shown["representatives"] = acting_for
    if unsigned:
        shown["unsigned"] = [str(key) for key in unsigned]
    if files := attachments_of(draft.id):
        shown["attachments"] = [
            {
                "document": str(one.document_id),
                "title": one.document.title,
                "digest": one.document.digest,
                "size": one.document.size,
                "content_type": one.document.content_type,
            }
            for one in files
        ]
    if draft.corrects_id is not None:
        sent = Application.objects.get(id=draft.corrects_id)
        changed = [{"part": one.part, "code": one.code} for one in differences(shown, sent.document)]
        shown["corrects"] = {"application": str(sent.id), "digest": sent.digest, "changed": changed}
    return shown, canonical.digest(shown), text


def _represented(case: Case, by: Actor, day: date) -> dict[str, dict[str, str]]:
    """For which adults of a case a representative signs, as the document says it."""
    assert by.through is not None
    return {
        str(one.person_id): {
            "person": str(one.representative_id),
            "name": full_name(one.representative),
            "ground": one.ground,
            "representation": str(one.id),
        }
        for one in represented_by(by.through, day)
        if one.person_id in case.adults and one.scope == Scope.ACT
    }


@operation(silent=True)
def change_again(*, tenant: str | int, by: Actor, now: datetime, draft: UUID) -> Done[Draft]:
    """Go back from signing to changing; signatures given so far are for the old digest and no longer count, also when
    nothing is changed: the next fixing has a number of its own."""
    found = _draft_for(draft, by)
    if found.state != DraftState.SIGNING:
        raise NotPossible("ended")
    found.state, found.shown, found.shown_digest, found.signing_text = DraftState.OPEN, None, "", None
    found.version += 1
    found.save(update_fields=["state", "shown", "shown_digest", "signing_text", "version"])
    return Done(found)


@operation()
def withdraw_draft(*, tenant: str | int, by: Actor, now: datetime, draft: UUID) -> Done[Draft]:
    """Take an application back before it is sent; either adult may, also instead of signing. Signatures given so far
    lead to nothing, and a person talks to them where there are some. What was written comes back when it is begun
    again. NotPossible("ended") once it is sent."""
    found = _draft_for(draft, by)
    if found.state not in (DraftState.OPEN, DraftState.SIGNING):
        raise NotPossible("ended")
    signing = found.state == DraftState.SIGNING
    found.state = DraftState.WITHDRAWN
    found.version += 1
    found.save(update_fields=["state", "version"])
    payload = {"draft": str(found.id), "person": str(by.id), "signing": signing, "signed": bool(signed_by(found))}
    return Done(found, DraftWithdrawn(subject=found.case_id, payload=payload))


@operation(silent=True)
def begin_signing(*, tenant: str | int, by: Actor, now: datetime, draft: UUID, state: str) -> Done[SigningRequest]:
    """Note that this adult's step-up for the fixed digest is under way. `state` is the flow's random state value.
    NotPossible("not fixed"), and ("another adult") as for `fix_for_signing`."""
    found = _draft_for(draft, by)
    if found.state != DraftState.SIGNING:
        raise NotPossible("not fixed")
    if _another_adult(found):
        raise NotPossible("another adult")
    assert by.id is not None
    return Done(
        SigningRequest.objects.create(
            draft=found,
            person_id=by.id,
            digest=found.shown_digest,
            token=token_of(state),
            flow={},
            created_at=now,
        )
    )


@dataclass(frozen=True)
class SignedBy:
    """What the e-ID vouched for: already verified, bound to `digest`. `identifier` is the national number."""

    issuer: str
    subject: str
    identifier: str
    acr: str
    digest: str
    evidence: dict[str, Any]


@dataclass(frozen=True)
class Accepted:
    """What signing led to: the receipt, or None while the other adult is awaited."""

    draft: UUID
    receipt: Receipt | None


@operation()
def follow_up_signing(*, tenant: str | int, by: Actor, now: datetime, draft: UUID) -> Done[Draft]:
    """See to an application that one of two adults has signed: remind the other once after `signature_reminder_days`;
    after `signature_days`, or as soon as the two can't apply together on-line any more (somebody moved, somebody is
    protected), it ends and isn't sent. That is no refusal: a person talks to them, and what was written is kept.
    NotPossible("nothing due")."""
    found = (
        Draft.objects.select_for_update(of=("self",))
        .select_related("case__applicant", "case__co_applicant", "period")
        .get(id=draft)
    )
    signed = signed_by(found) if found.state == DraftState.SIGNING else []
    if not signed:
        raise NotPossible("nothing due")
    tenant_, case, since = acting_door().the_tenant, found.case, signed[0].signed_at
    today = tenant_.today(now)
    days = (today - tenant_.today(since)).days
    couple = policies.together(case, adults_beside(case.applicant_id, today))
    payload = {"draft": str(found.id), "person": str(signed[0].person_id)}
    if not couple or days > int(setting("signature_days")):
        found.state, found.version = DraftState.EXPIRED, found.version + 1
        found.save(update_fields=["state", "version"])
        return Done(found, SigningEnded(subject=case.id, payload={**payload, "late": couple}))
    if days < int(setting("signature_reminder_days")):
        raise NotPossible("nothing due")
    if happened(case.id, SignerReminded.kind, since, draft=str(found.id)):
        raise NotPossible("nothing due")
    return Done(found, SignerReminded(subject=case.id, payload=payload))


#: Use the step-up once, and lock what it is about: the draft, its period and the head of its case's chain; the case
#: first, as whoever decides does, so that neither waits for the other.
_CONSUME = """
WITH used AS (
  UPDATE intake_signingrequest SET state = 'used' WHERE token = %s AND state = 'open' AND person_id = %s
  RETURNING draft_id, digest
)
SELECT used.digest, d.id, d.channel, d.language, d.form, d.form_version, d.shown, d.shown_digest, d.state,
       d.corrects_id, c.id, c.number, c.applicant_id, c.co_applicant_id, c.unit_id, c.caseworker_id, c.worked_in,
       p.id, p.since, s.seq, s.head,
       array(SELECT i.value FROM people_identifier i, (SELECT %s::uuid AS id) me WHERE i.tenant_id = d.tenant_id
             AND (i.person_id = me.id OR i.person_id IN (
                 SELECT m.gone_id FROM people_merge m WHERE m.tenant_id = d.tenant_id AND m.kept_id = me.id
                 AND m.confirmed_at IS NOT NULL AND m.ended_at IS NULL))),
       (SELECT jsonb_object_agg(o.name, o.value) FROM tenancy_policy o WHERE o.tenant_id = d.tenant_id)
FROM used
JOIN intake_draft d ON d.id = used.draft_id
JOIN casefile_case c ON c.tenant_id = d.tenant_id AND c.id = d.case_id
JOIN casefile_period p ON p.tenant_id = d.tenant_id AND p.id = d.period_id
JOIN audit_subject s ON s.tenant_id = d.tenant_id AND s.id = d.case_id
FOR KEY SHARE OF c FOR UPDATE OF d, p, s
"""


@operation()
def sign(*, tenant: str | int, by: Actor, now: datetime, state: str, signed: SignedBy) -> Done[Accepted]:
    """Take an adult's signature; with the last one the application is accepted, in this one transaction.
    Words of need don't wait for it: with the first one they are her message to the office.

    The proof of the step-up is the tenant's row SigningRequest, used once here. NotPossible("signed already")
    when it was used, or another one of hers before (the caller shows the receipt), ("other content") when the digest
    is not the fixed one, or what is fixed names another (or no) representative for her, ("other person") when somebody
    else identified than who began, ("decided") for a correction of what was decided meanwhile.
    """
    assert by.id is not None
    draft, began, numbers = _use_step_up(state, by)
    if draft.state != DraftState.SIGNING or not draft.shown_digest == began == signed.digest:
        raise NotPossible("other content")
    if signs_through(draft, by.id) != by.through:
        raise NotPossible("other content")
    if signed.identifier not in numbers:
        raise NotPossible("other person")
    signature = Signature(
        draft=draft,
        person_id=by.id,
        representative_id=by.through,
        digest=signed.digest,
        method="eid",
        issuer=signed.issuer,
        acr=signed.acr,
        evidence=signed.evidence,
        signed_at=now,
    )
    signers = [signature]
    if draft.case.co_applicant_id is not None:
        given = list(Signature.objects.filter(draft=draft, digest=signed.digest))
        if any(one.person_id == by.id for one in given):
            raise NotPossible("signed already")
        signers = [*given, signature]
        if len(signers) < 2:
            insert_with_events(signature)
            for text in _words_of_need(draft):  # a person reads them now, whatever becomes of the application
                key = uuid5(draft.id, f"{by.id}{text}")
                if not Message.objects.filter(id=id_of_key(key)).exists():
                    send_message(tenant=tenant, by=by, now=now, case=draft.case_id, message=key, text=text)
            payload = {"draft": str(draft.id), "digest": signed.digest, "person": str(by.id)}
            return Done(Accepted(draft.id, None), ApplicationSigned(subject=draft.case_id, payload=payload))
    receipt, event = _accept(draft, signers, [signature], now)
    return Done(Accepted(draft.id, receipt), event)


def _words_of_need(draft: Draft) -> list[str]:
    assert draft.shown is not None
    return policies.words_of_need(form_of(draft.form, draft.form_version), draft.shown["answers"])


def _use_step_up(state: str, by: Actor) -> tuple[Draft, str, list[str]]:
    """The draft that is signed, locked, as far as accepting needs it with its case and period; the digest that the
    step-up began with; the numbers of the adult who signs."""
    assert by.id is not None
    with planned_once() as cursor:
        cursor.execute(_CONSUME, [token_of(state), by.id, by.agent])
        row = cursor.fetchone()
    if row is None:
        raise NotPossible("signed already")
    began, key, channel, language, form, form_version, shown, shown_digest, now_in, corrects, case, number, *rest = row
    applicant, co_applicant, unit, caseworker, worked_in, period, since, seq, head, numbers, settings = rest
    settings_are(json.loads(settings) if isinstance(settings, str) else settings or {})
    if by.id not in (applicant, co_applicant):
        raise Hidden("draft", key)
    head_locked(case, seq, head)
    draft = Draft(
        id=key,
        case=Case(
            id=case,
            number=number,
            applicant_id=applicant,
            co_applicant_id=co_applicant,
            unit_id=unit,
            caseworker_id=caseworker,
            worked_in=worked_in,
        ),
        period=Period(id=period, since=since),
        channel=channel,
        language=language,
        form=form,
        form_version=form_version,
        shown=json.loads(shown) if shown else None,
        shown_digest=shown_digest,
        state=now_in,
        corrects_id=corrects,
    )
    return draft, began, numbers


def _accept(
    draft: Draft, signers: list[Signature], new: list[Signature], now: datetime
) -> tuple[Receipt, ApplicationSubmitted]:
    """The rows of an accepted application; they are inserted with the chain, by one statement."""
    case, period = draft.case, draft.period
    tenant = acting_door().the_tenant
    assert draft.shown is not None
    application = Application(
        id=draft.id,
        case=case,
        kind=form_of(draft.form, draft.form_version).kind,
        channel=draft.channel,
        language=draft.language,
        form=draft.form,
        form_version=draft.form_version,
        document=draft.shown,
        digest=draft.shown_digest,
        corrects_id=draft.corrects_id,
        received_at=now,
    )
    due_on = working_day_after(tenant.today(now), int(setting("decision_days")), tenant.country)
    caseworker = case.caseworker_id
    if draft.corrects_id is not None:
        replaced = _replaced(draft.corrects_id)
        due_on, caseworker = replaced.due_on or due_on, replaced.caseworker_id or caseworker
    event_id = uuid7()
    number = next_reference("receipt", now)
    body = {
        "kind": "receipt",
        "version": 1,
        "number": number,
        "organisation": tenant.name,
        "application": str(application.id),
        "case": case.number,
        "event": str(event_id),
        "content_digest": application.digest,
        "attachments": [
            {"document": one["document"], "digest": one["digest"]} for one in draft.shown.get("attachments", [])
        ],
        **({"corrects": str(draft.corrects_id)} if draft.corrects_id else {}),
        "channel": application.channel,
        "received_at": now.isoformat(timespec="seconds"),
        "month": str(Month.of(period.since)),
        "signatures": [
            {
                "method": s.method,
                "issuer": s.issuer,
                "acr": s.acr,
                "person": str(s.person_id),
                **({"representative": str(s.representative_id)} if s.representative_id else {}),
                "evidence_digest": canonical.digest(s.evidence),
            }
            for s in sorted(signers, key=lambda s: str(s.person_id))
        ],
    }
    key_id, jws = sign_as_tenant(body)
    receipt = Receipt(
        application=application,
        number=number,
        body=body,
        digest=canonical.digest(body),
        key_id=key_id,
        signature=jws,
    )
    insert_with_events(
        *new,
        application,
        ApplicationPeriod(application=application, period=period),
        receipt,
    )
    if case.worked_in is None:
        insert_with_events(
            InboxItem(
                application=application,
                case=case,
                unit_id=case.unit_id,
                caseworker_id=caseworker,
                received_at=now,
                due_on=due_on,
            )
        )
    update_with_events("UPDATE intake_draft SET state = 'accepted', version = version + 1 WHERE id = %s", draft.id)
    update_with_events("UPDATE casefile_period SET last_application_at = %s WHERE id = %s", now, period.id)
    payload: dict[str, Any] = {
        "application": str(application.id),
        "digest": application.digest,
        "receipt": number,
        "receipt_digest": receipt.digest,
        "channel": draft.channel,
        "caseworker": str(case.caseworker_id) if case.caseworker_id else None,
    }
    if case.worked_in is not None:
        payload["worked_in"] = case.worked_in
    if draft.corrects_id is not None:
        payload["corrects"] = str(draft.corrects_id)
    if _words_of_need(draft):
        payload["urgent"] = "yes"
    if "unsigned" in draft.shown:
        payload["lacking"] = len(draft.shown["unsigned"])
    return receipt, ApplicationSubmitted(id=event_id, subject=case.id, payload=payload)


def _replaced(application: UUID) -> InboxItem:
    """The inbox row of an application that a new version replaces: it leaves the inbox, and what was promised stays.
    NotPossible("decided") where it was decided or taken back while the new version was being signed."""
    item = InboxItem.objects.select_for_update(of=("self",)).get(application_id=application)
    if item.state == InboxState.DONE:
        raise NotPossible("decided")
    item.state, item.version = InboxState.DONE, item.version + 1
    item.save(update_fields=["state", "version"])
    return item


@operation()
def enter_on_paper(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    key: UUID,
    case: UUID,
    month: Month,
    channel: str,
    language: str,
    answers: dict[str, Any],
    signed_on: list[UUID],
    evidence: str,
    form: str = "",
    lacking: Collection[UUID] = (),
) -> Done[Receipt]:
    """Enter an application that came on paper, by telephone or at the counter, through the same forms.

    `form` is one that the office takes applications by; none named: the renewal. `key` is made by the page (see
    `id_of_key`): sent again with the same content it gives the same receipt, with other content
    NotPossible("other content").
    `signed_on`: the adults whose signature stands on the paper, of all who have to sign (`policies.who_signs`);
    `evidence` says where the paper is. NotPossible("signature missing") unless each other one is named in `lacking`:
    then it is received all the same, on this day, and a person asks for what is missing (`record_signature`).
    An application on-line for the month that an adult has signed goes before: NotPossible("draft on-line"). One that
    nobody has signed is closed with all that was written in it.
    """
    found, member = case_for_staff(case, by, now, Role.REGISTRAR, Role.CASEWORKER, lock=True)
    if channel not in ("paper", "phone", "counter"):
        raise NotPossible("channel")
    if form not in ("", *policies.forms_taken()):
        raise NotPossible("form")
    if month not in months_taken(acting_door().the_tenant.today(now)):
        raise NotPossible("month")
    definition = current(form or policies.forms_taken()[0])
    problems = policies.answers_problems(definition, answers, language)
    if problems:
        raise NotPossible("incomplete", problems=problems)
    adults = [person.id for person in policies.who_signs(found, month)]
    missing = [key for key in adults if key not in signed_on]
    if not {*signed_on} <= {*adults} or {*missing} != {*lacking} or len(missing) == len(adults):
        raise NotPossible("signature missing" if len(adults) > 1 else "signature of one missing")
    period = period_of(found, month)
    draft = Draft(
        id=id_of_key(key),
        case=found,
        period=period,
        author_id=found.applicant_id,
        channel=channel,
        language=language,
        form=definition.name,
        form_version=definition.version,
        answers=answers,
        opened_at=now,
        saved_at=now,
        state=DraftState.SIGNING,
    )
    draft.shown, draft.shown_digest, text = document_to_sign(draft, adults, missing)
    draft.signing_text = keep_text(text)
    before = Receipt.objects.select_related("application").filter(application_id=draft.id).first()
    if before is not None and before.application.case_id == found.id:
        raise SubmittedAlready(before, same=before.application.digest == draft.shown_digest)
    if Draft.objects.filter(id=draft.id).exists():
        raise NotPossible("key taken")
    superseded = [_superseded(one) for one in _running(period, draft.form)]
    draft.save(force_insert=True)
    proof = {"paper": evidence, "entered_by": str(member.id), "digest": draft.shown_digest}
    signatures = [
        Signature(draft=draft, person_id=k, digest=draft.shown_digest, method="paper", evidence=proof, signed_at=now)
        for k in sorted(signed_on)
    ]
    receipt, event = _accept(draft, signatures, signatures, now)
    return Done(receipt, event, *superseded)


def _running(period: Period, form: str) -> list[Draft]:
    """The draft of a month by a form that is running, locked; there is at most one."""
    rows = Draft.objects.select_for_update(of=("self",)).filter(period=period, form=form)
    return list(rows.filter(state__in=[DraftState.OPEN, DraftState.SIGNING]))


def _superseded(draft: Draft) -> DraftSuperseded:
    """Close a draft because its month was applied for on paper; NotPossible("draft on-line") where it is signed."""
    if signed_by(draft):
        raise NotPossible("draft on-line")
    draft.state, draft.version = DraftState.EXPIRED, draft.version + 1
    draft.save(update_fields=["state", "version"])
    return DraftSuperseded(subject=draft.case_id, payload={"draft": str(draft.id)})


@operation()
def record_signature(
    *, tenant: str | int, by: Actor, now: datetime, case: UUID, application: UUID, person: UUID, evidence: str
) -> Done[Signature]:
    """Record a signature that an application on paper lacked and that has come, on paper: over the same document.
    `evidence` says where it is. NotPossible("no evidence"), ("signed already"), ("not in force") where the application
    was taken back or corrected since; Hidden for whose signature isn't lacking."""
    found, member = case_for_staff(case, by, now, Role.REGISTRAR, Role.CASEWORKER, lock=True)
    row = Application.objects.filter(id=application, case=found).first()
    if row is None or str(person) not in row.document.get("unsigned", []):
        raise Hidden("application", application)
    if not evidence.strip():
        raise NotPossible("no evidence")
    if not standing_of(row.id).stands:
        raise NotPossible("not in force")
    if person not in lacking_of(row):
        raise NotPossible("signed already")
    proof = {"paper": evidence.strip(), "entered_by": str(member.id), "digest": row.digest}
    signature = Signature.objects.create(
        draft_id=row.id, person_id=person, digest=row.digest, method="paper", evidence=proof, signed_at=now
    )
    payload = {
        "application": str(row.id),
        "person": str(person),
        "evidence_digest": canonical.digest(proof),
        "lacking": lacking_in(found.id),
    }
    return Done(signature, SignatureRecorded(subject=found.id, payload=payload))


class SubmittedAlready(NotPossible):
    """The same key was accepted before; `same` says whether with the same content."""

    def __init__(self, receipt: Receipt, *, same: bool) -> None:
        super().__init__("submitted already" if same else "other content")
        self.receipt = receipt
        self.same = same


@operation()
def take_from_inbox(*, tenant: str | int, by: Actor, now: datetime, item: UUID, version: int) -> Done[InboxItem]:
    """Take a received application to work on; it becomes the caseworker's."""
    found, case, member = _in_the_inbox(item, version, by, now)
    found.state, found.caseworker_id, found.answer_by = InboxState.TAKEN, member.id, None
    found.save(update_fields=["state", "caseworker", "answer_by", "version"])
    if case.caseworker_id is None:
        Case.objects.filter(id=case.id).update(caseworker_id=member.id, version=F("version") + 1)
    return Done(found, InboxTaken(subject=case.id, payload={"application": str(found.application_id)}))


def _in_the_inbox(item: UUID, version: int, by: Actor, now: datetime) -> tuple[InboxItem, Case, Member]:
    """An application that isn't decided yet, locked, with its case, for a caseworker; Conflict if it moved on. The case
    is locked first, as by whoever decides."""
    of = InboxItem.objects.filter(id=item).values_list("case_id", flat=True).first()
    if of is None:
        raise Hidden("inbox", item)
    case, member = case_for_staff(of, by, now, Role.CASEWORKER, lock=True)
    found = InboxItem.objects.select_for_update(of=("self",)).get(id=item)
    if found.version != version or found.state == InboxState.DONE:
        raise Conflict("inbox", theirs=found.state)
    found.version += 1
    return found, case, member


def _lock_cases(items: list[tuple[UUID, int]]) -> None:
    """Lock the cases of several applications in one order: two who choose the same ones wait for each other."""
    cases = InboxItem.objects.filter(id__in=[item for item, _ in items]).values("case_id")
    list(Case.objects.select_for_update().filter(id__in=cases).order_by("id").values_list("id"))


def _told(found: InboxItem, **more: Any) -> dict[str, Any]:
    return {"application": str(found.application_id), **more}


@operation()
def put_back(*, tenant: str | int, by: Actor, now: datetime, item: UUID, version: int) -> Done[InboxItem]:
    """Put an application that was taken back: it waits again, for the case's own caseworker if there is one."""
    found, case, _ = _in_the_inbox(item, version, by, now)
    found.state, found.caseworker_id, found.answer_by = InboxState.WAITING, case.caseworker_id, None
    found.save(update_fields=["state", "caseworker", "answer_by", "version"])
    return Done(found, InboxPutBack(subject=case.id, payload=_told(found)))


@operation()
def await_applicant(
    *, tenant: str | int, by: Actor, now: datetime, item: UUID, version: int, until: date
) -> Done[InboxItem]:
    """Mark an application as waiting for the applicant, who has time until `until`; NotPossible("day to answer")."""
    found, case, member = _in_the_inbox(item, version, by, now)
    if until <= acting_door().the_tenant.today(now):
        raise NotPossible("day to answer")
    found.state, found.caseworker_id, found.answer_by = InboxState.ASKED, member.id, until
    found.save(update_fields=["state", "caseworker", "answer_by", "version"])
    return Done(found, ApplicantAwaited(subject=case.id, payload=_told(found, until=until.isoformat())))


@operation()
def hand_over(
    *, tenant: str | int, by: Actor, now: datetime, items: list[tuple[UUID, int]], to: UUID, note: str
) -> Done[list[InboxItem]]:
    """Give applications (key, version seen), with their cases, to a colleague of the unit who works cases; all or none.

    NotPossible("colleague") for somebody who can't take them: elsewhere, without the role, without the clearance.
    """
    today = acting_door().the_tenant.today(now)
    works = RoleGrant.objects.filter(role=Role.CASEWORKER, since__lte=today).exclude(until__lte=today)
    receiver = StaffMember.objects.filter(id=to, active=True, id__in=works.values("member_id")).first()
    moved, events = [], []
    _lock_cases(items)
    for item, version in sorted(items):
        found, case, member = _in_the_inbox(item, version, by, now)
        adults = [p for p in (case.applicant, case.co_applicant) if p is not None]
        if (
            receiver is None
            or receiver.unit_id != member.unit_id
            or max(p.protection_level for p in adults) > receiver.clearance
        ):
            raise NotPossible("colleague")
        found.state, found.caseworker_id, found.answer_by = InboxState.WAITING, receiver.id, None
        found.save(update_fields=["state", "caseworker", "answer_by", "version"])
        Case.objects.filter(id=case.id).update(caseworker_id=receiver.id, version=F("version") + 1)
        moved.append(found)
        events.append(HandedOver(subject=case.id, payload=_told(found, to=str(receiver.id), reason=note.strip())))
    if not moved:
        raise NotPossible("nothing chosen")
    return Done(moved, *events)


@operation()
def remind_applicants(
    *, tenant: str | int, by: Actor, now: datetime, items: list[tuple[UUID, int]]
) -> Done[list[InboxItem]]:
    """Remind the applicants who have to answer something, by a notice without content; at most once a day each.

    Of the applications given, those that wait for nobody or were reminded today are left out;
    NotPossible("nothing to remind") if none is left.
    """
    tenant_ = acting_door().the_tenant
    reminded: list[InboxItem] = []
    events = []
    _lock_cases(items)
    for item, version in sorted(items):
        found, case, _ = _in_the_inbox(item, version, by, now)
        last = (
            Notice.objects.filter(subject_id=case.id, kind="reminder")
            .order_by("-created_at")
            .values_list("created_at", flat=True)
            .first()
        )
        told = case.id in {one.case_id for one in reminded} or (last and tenant_.today(last) == tenant_.today(now))
        if found.state == InboxState.ASKED and not told:
            reminded.append(found)
            events.append(ApplicantReminded(subject=case.id, payload=_told(found)))
    if not reminded:
        raise NotPossible("nothing to remind")
    return Done(reminded, *events)


@operation()
def close_inbox(*, tenant: str | int, by: Actor, now: datetime, case: UUID, period: UUID) -> Done[None]:
    """The applications for this period are decided: they leave the inbox, and nothing is asked for any more."""
    closed = InboxItem.objects.filter(
        case_id=case,
        application_id__in=ApplicationPeriod.objects.filter(period_id=period).values("application_id"),
    ).exclude(state=InboxState.DONE)
    keys = [str(k) for k in closed.values_list("application_id", flat=True)]
    closed.update(state=InboxState.DONE, version=F("version") + 1)
    _close_all(period, tenant, by, now)
    return Done(None, InboxClosed(subject=case, payload={"applications": keys}))
