"""Appeals: lodged, checked for their day, dismissed by two, sent on to the court (43-46 §§ förvaltningslagen)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.permissions import case_for_citizen, case_for_staff
from handslag.domain.casefile.policies import is_urgent
from handslag.domain.decisions.models import Appeal, AppealFile, AppealPackage, Decision
from handslag.domain.decisions.operations import are_reasons
from handslag.domain.decisions.operations.help import apart, help_beside, text_or_help
from handslag.domain.decisions.operations.letters import new_personal_letter
from handslag.domain.decisions.operations.package import package_of
from handslag.domain.decisions.queries import TAKEN, appeal_files, last_day
from handslag.domain.decisions.states import HERE, AppealState, Timeliness
from handslag.domain.documents.models import Document
from handslag.domain.documents.operations import StoredFile, keep_text, record_document
from handslag.domain.documents.queries import text_for
from handslag.domain.documents.states import Provenance, RetentionClass, ScanState
from handslag.domain.tasks.models import Deadline
from handslag.domain.tasks.operations import end_deadline, run_deadline
from handslag.domain.tasks.states import DeadlineState
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.operations import next_reference
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible, require_mandate, setting
from handslag.domain.tenancy.rows import id_of_key
from handslag.domain.tenancy.states import Decides, Role
from handslag.kernel import canonical
from handslag.kernel.days import working_day_after

LONGEST_APPEAL = 20_000
#: Files that one appeal may have.
MOST_FILES = 30
LEGAL_BASIS = "45 § förvaltningslagen (2017:900)"
#: The rule by whose name the deadline of an appeal is found.
FORWARDED_PROMPTLY = "appeal at the court promptly"


class AppealLodged(Event):
    kind = "appeal lodged"


class AppealChecked(Event):
    kind = "appeal checked"


class AppealDismissed(Event):
    kind = "appeal dismissed"


class AppealForwarded(Event):
    kind = "appeal forwarded"


class AppealPacked(Event):
    kind = "appeal packed"


class JudgmentNoted(Event):
    kind = "judgment noted"


@operation()
def lodge_appeal(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    appeal: UUID,
    decision: UUID,
    text: str,
    files: list[tuple[str, StoredFile]],
) -> Done[Appeal]:
    """An adult of the case appeals a decision that was taken: by text, by files (name, where it is stored), or both.
    It is received at this moment, also when it comes late: a person finds that out.

    `appeal` is the key that her page named. NotPossible: ("sent already"), ("no appeal") without text and files,
    ("long appeal"), ("too many files").
    """
    found = _taken(decision)
    case = case_for_citizen(found.case_id, by)
    today = acting_door().the_tenant.today(now)
    assert by.id is not None
    return _lodged(found, case, by.id, appeal, text, files, today, None, tenant=tenant, by=by, now=now)


@operation()
def enter_appeal(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    appeal: UUID,
    decision: UUID,
    person: UUID,
    received_on: date,
    text: str,
    files: list[tuple[str, StoredFile]],
) -> Done[Appeal]:
    """An appeal that came on paper, entered with the day on which it reached us (22 § förvaltningslagen). Refusals as
    for `lodge_appeal`, and ("appeal day") for a day that is to come, or before the decision; Hidden if `person` is none
    of the adults."""
    found = _taken(decision)
    case, member = case_for_staff(found.case_id, by, now, Role.REGISTRAR, Role.CASEWORKER)
    if person not in case.adults:
        raise Hidden("person", person)
    if not _decided_on(found) <= received_on <= acting_door().the_tenant.today(now):
        raise NotPossible("appeal day")
    return _lodged(found, case, person, appeal, text, files, received_on, member, tenant=tenant, by=by, now=now)


def _taken(decision: UUID) -> Decision:
    found = Decision.objects.filter(id=decision, state__in=TAKEN).first()
    if found is None:
        raise Hidden("decision", decision)
    return found


def _decided_on(decision: Decision) -> date:
    assert decision.decided_at is not None
    return acting_door().the_tenant.today(decision.decided_at)


def _lodged(
    decision: Decision,
    case: Case,
    person: UUID,
    key: UUID,
    text: str,
    files: list[tuple[str, StoredFile]],
    received_on: date,
    member: Member | None,
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
) -> Done[Appeal]:
    own = id_of_key(key)
    before = Appeal.objects.filter(id=own).first()
    if before is not None:
        if (before.decision_id, before.person_id) != (decision.id, person):
            raise Hidden("appeal", key)
        raise NotPossible("sent already", appeal=own)
    said = text.replace("\r\n", "\n").strip()
    if not said and not files:
        raise NotPossible("no appeal")
    if len(said) > LONGEST_APPEAL:
        raise NotPossible("long appeal")
    if len(files) > MOST_FILES:
        raise NotPossible("too many files")
    organisation = acting_door().the_tenant
    country = organisation.country
    in_days = working_day_after(received_on, int(setting("appeal_days")), country)
    at_once = working_day_after(organisation.today(now), 1, country)  # those days were over before it was entered
    deadline = run_deadline(
        tenant=tenant,
        by=by,
        now=now,
        subject=case.id,
        rule=FORWARDED_PROMPTLY,
        legal_basis="46 § förvaltningslagen (2017:900)",
        consequence="the court gets it late",
        due_on=max(in_days, at_once),
        proof=f"received {received_on.isoformat()}",
    )
    documents = [
        record_document(
            tenant=tenant,
            by=by,
            now=now,
            subject=case.id,
            kind="appeal",
            title=title,
            provenance=Provenance.STAFF if member else Provenance.APPLICANT,
            retention=RetentionClass.PERSONAL_FILE,
            file=file,
        )
        for title, file in files
    ]
    row = Appeal.objects.create(
        id=own,
        case=case,
        decision=decision,
        person_id=person,
        number=next_reference("appeal", now),
        channel="paper" if member else "online",
        text=said,
        received_on=received_on,
        recorded_at=now,
        recorded_by_id=member.id if member else None,
        deadline=deadline,
    )
    AppealFile.objects.bulk_create(AppealFile(appeal=row, document=one) for one in documents)
    payload = {
        "appeal": str(row.id),
        "decision": str(decision.id),
        "person": str(person),
        "received_on": received_on.isoformat(),
        "text_digest": canonical.digest(said),
        "urgent": member is None and is_urgent(said),
        "documents": [str(one.id) for one in documents],
        "caseworker": str(case.caseworker_id) if case.caseworker_id else None,
    }
    return Done(row, AppealLodged(subject=case.id, payload=payload))


def _locked(appeal: UUID, version: int, by: Actor, now: datetime, *roles: Role) -> tuple[Appeal, Case, Member]:
    found = Appeal.objects.filter(id=appeal).values_list("case_id", flat=True).first()
    if found is None:
        raise Hidden("appeal", appeal)
    case, member = case_for_staff(found, by, now, *roles, lock=True)
    row = Appeal.objects.select_for_update(of=("self",)).select_related("decision", "deadline").get(id=appeal)
    if row.version != version:
        raise Conflict("appeal", theirs=row.state)
    row.version += 1
    return row, case, member


@operation()
def check_appeal(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    appeal: UUID,
    version: int,
    finding: str,
    told_on: date | None,
    why: str,
) -> Done[Appeal]:
    """A person says whether an appeal came in time: within three weeks of the day on which she got the decision (44 §);
    or that it came late and isn't dismissed all the same (45 § second paragraph). It can be said anew until the appeal
    is dismissed or sent on. `why`: what shows the day.

    NotPossible: ("finding"), ("appeal told") for a day before the decision or to come, or late without a day,
    ("appeal in time") if it came by the last day, ("appeal late") if it didn't and nothing else is said, ("reasons")
    without words for anything but in time.
    """
    row, case, member = _locked(appeal, version, by, now, Role.CASEWORKER, Role.DECIDER)
    if row.state not in HERE:
        raise Conflict("appeal", theirs=row.state)
    if finding not in Timeliness.values:
        raise NotPossible("finding")
    if told_on is not None and not _decided_on(row.decision) <= told_on <= acting_door().the_tenant.today(now):
        raise NotPossible("appeal told")
    by_last_day = told_on is None or row.received_on <= last_day(told_on)
    if finding == Timeliness.LATE and told_on is None:
        raise NotPossible("appeal told")
    if finding == Timeliness.LATE and by_last_day:
        raise NotPossible("appeal in time")
    if finding == Timeliness.IN_TIME and not by_last_day:
        raise NotPossible("appeal late")
    if finding != Timeliness.IN_TIME and not are_reasons(why):
        raise NotPossible("reasons")
    row.state = AppealState.LATE if finding == Timeliness.LATE else AppealState.TIMELY
    row.timeliness, row.told_on, row.why = finding, told_on, why.strip()
    row.checked_by_id, row.checked_at = member.id, now
    row.save(update_fields=["state", "timeliness", "told_on", "why", "checked_by", "checked_at", "version"])
    payload = {
        "appeal": str(row.id),
        "state": row.state,
        "timeliness": finding,
        "told_on": told_on.isoformat() if told_on else None,
        "why_digest": canonical.digest(row.why),
    }
    return Done(row, AppealChecked(subject=case.id, payload=payload))


@operation()
def dismiss_appeal(
    *, tenant: str | int, by: Actor, now: datetime, appeal: UUID, version: int, reasons: str
) -> Done[Appeal]:
    """Decide that an appeal which came late isn't taken up (45 §): by delegation, another one than who found it late
    ("second pair of eyes"), with reasons ("reasons"). She is told how to appeal this decision too."""
    row, case, member = _locked(appeal, version, by, now, Role.CASEWORKER, Role.DECIDER)
    if row.state != AppealState.LATE:
        raise Conflict("appeal", theirs=row.state)
    by_what = require_mandate(member, Decides.DISMISSAL, 0, now, appeal)
    if member.id == row.checked_by_id:
        raise NotForThem("second pair of eyes", appeal)
    if not are_reasons(reasons):
        raise NotPossible("reasons")
    today = acting_door().the_tenant.today(now)
    row.remedy = keep_text(text_for(case.legal_order, "appeal", row.decision.language, today))
    row.dismissal, row.delegation = reasons.strip(), by_what.words
    row.letter = new_personal_letter(case, row.person, _dismissal_letter(row, case, member.name, today))
    _ended(row, AppealState.DISMISSED, member, tenant, by, now)
    row.save()
    payload = {
        "appeal": str(row.id),
        "person": str(row.person_id),
        "letter": str(row.letter.id),
        "letter_digest": row.letter.content_digest,
        "reasons_digest": canonical.digest(row.dismissal),
        "channel": row.channel,
        "delegation": str(by_what.delegation) if by_what.delegation else None,
    }
    return Done(row, AppealDismissed(subject=case.id, payload=payload))


_DISMISSED = {
    "sv": (
        "Beslut att avvisa ett överklagande",
        "Vi tar inte upp överklagandet {number}, eftersom det kom in för sent.",
    ),
    "en": ("Decision to dismiss an appeal", "We don’t take up the appeal {number}, because it came in too late."),
    "ar": ("قرار برفض النظر في الطعن", "لن ننظر في الطعن {number} لأنه وصل بعد فوات الموعد."),
}


def _dismissal_letter(row: Appeal, case: Case, decider: str, today: date) -> dict[str, Any]:
    """What the letter of a dismissal says: by which days it came late, why, how to appeal this decision too."""
    assert row.told_on is not None and row.remedy is not None
    language = row.decision.language
    keep_text(text_for(case.legal_order, "appeal.dismissed", language, today))
    told = {
        "decision": row.decision.number,
        "told": row.told_on.isoformat(),
        "last": last_day(row.told_on).isoformat(),
        "came": row.received_on.isoformat(),
    }

    def said(language: str) -> dict[str, Any]:
        heading, outcome = _DISMISSED[language]
        days, remedy = (text_or_help(case.legal_order, key, language, today) for key in ("appeal.dismissed", "appeal"))
        days = days.format(**{name: apart(value, language) for name, value in told.items()})
        return {
            "heading": heading,
            "outcome": outcome.format(number=apart(row.number, language)),
            "lines": [],
            "parts": [["", days], ["reasons", row.dismissal]],
            "remedy": remedy,
        }

    return {
        **help_beside(language, row.person, said),
        **said(language),
        "number": row.number,
        "language": language,
        "date": today.isoformat(),
        "amount": 0,
        "currency": row.decision.currency,
        "legal_basis": "44 och 45 §§ förvaltningslagen (2017:900)",
        "decider": decider,
        "delegation": row.delegation,
    }


@operation()
def forward_appeal(*, tenant: str | int, by: Actor, now: datetime, appeal: UUID, version: int) -> Done[Appeal]:
    """Hand an appeal that isn't dismissed over to the court, with what belongs to it (46 §): what goes is fixed here,
    file by file; a job makes the package. From now on only the court changes the decision (39 §).
    NotPossible("files waiting") while a file of it isn't scanned."""
    row, case, member = _locked(appeal, version, by, now, Role.CASEWORKER, Role.DECIDER)
    if row.state != AppealState.TIMELY:
        raise Conflict("appeal", theirs=row.state)
    if any(one.scan_state == ScanState.WAITING for one in appeal_files(row.id)):
        raise NotPossible("files waiting")
    _ended(row, AppealState.FORWARDED, member, tenant, by, now)
    row.manifest, row.written = package_of(row, case)
    row.save()
    payload = {
        "appeal": str(row.id),
        "person": str(row.person_id),
        "manifest_digest": canonical.digest(row.manifest),
    }
    return Done(row, AppealForwarded(subject=case.id, payload=payload))


def _ended(row: Appeal, state: AppealState, member: Member, tenant: str | int, by: Actor, now: datetime) -> None:
    row.state, row.ended_by_id, row.ended_at = state, member.id, now
    if Deadline.objects.filter(id=row.deadline_id, state=DeadlineState.RUNNING).exists():
        end_deadline(tenant=tenant, by=by, now=now, deadline=row.deadline_id, state=DeadlineState.KEPT)


@operation()
def record_package(
    *, tenant: str | int, by: Actor, now: datetime, appeal: UUID, file: StoredFile
) -> Done[AppealPackage]:
    """The package of a forwarded appeal is made: its bytes are kept. NotPossible("made already") for a second one."""
    found = Appeal.objects.filter(id=appeal, state__in=[AppealState.FORWARDED, AppealState.JUDGED]).first()
    if found is None or by.kind != "system":
        raise Hidden("appeal", appeal)
    if AppealPackage.objects.filter(appeal=found).exists():
        raise NotPossible("made already")
    document: Document = record_document(
        tenant=tenant,
        by=by,
        now=now,
        subject=found.case_id,
        kind="appeal package",
        title=f"{found.number}.zip",
        provenance=Provenance.SYSTEM,
        retention=RetentionClass.PERSONAL_FILE,
        file=file,
    )
    row = AppealPackage.objects.create(appeal=found, document=document, made_at=now)
    payload = {"appeal": str(found.id), "document": str(file.key), "digest": file.digest}
    return Done(row, AppealPacked(subject=found.case_id, payload=payload))


@operation()
def note_judgment(
    *, tenant: str | int, by: Actor, now: datetime, appeal: UUID, version: int, judged_on: date, judgment: str
) -> Done[Appeal]:
    """Write down what the court decided, and on which day; what follows for the month is a decision of its own.
    NotPossible: ("appeal day") for a day before it went there or to come, ("reasons") without words."""
    row, case, _member = _locked(appeal, version, by, now, Role.CASEWORKER, Role.DECIDER)
    if row.state != AppealState.FORWARDED or row.ended_at is None:
        raise Conflict("appeal", theirs=row.state)
    organisation = acting_door().the_tenant
    if not organisation.today(row.ended_at) <= judged_on <= organisation.today(now):
        raise NotPossible("appeal day")
    if not are_reasons(judgment):
        raise NotPossible("reasons")
    row.state, row.judged_on, row.judgment = AppealState.JUDGED, judged_on, judgment.strip()
    row.save(update_fields=["state", "judged_on", "judgment", "version"])
    payload = {
        "appeal": str(row.id),
        "judged_on": judged_on.isoformat(),
        "judgment_digest": canonical.digest(row.judgment),
    }
    return Done(row, JudgmentNoted(subject=case.id, payload=payload))
