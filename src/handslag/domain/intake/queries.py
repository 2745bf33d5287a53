"""Reads on drafts, signatures and received applications, and the inbox in which they wait."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Case as Choice
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import JSONObject

from handslag.domain.casefile.models import Period
from handslag.domain.casefile.queries import worked_by
from handslag.domain.documents.models import Document
from handslag.domain.documents.states import ScanState
from handslag.domain.intake.forms import form_of
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
from handslag.domain.intake.states import DraftState, InboxState, RequestState, SigningState
from handslag.domain.people.models import Identifier
from handslag.domain.tenancy.permissions import Member
from handslag.kernel.months import Month

#: The kinds of application that ask for all of a month; others come on top.
WHOLE = ("renewal", "new")
#: Counts of the inbox are exact up to this; above it stands "500+".
EXACT = 500


@dataclass(frozen=True)
class Filter:
    """Which applications a view of the inbox shows.

    whose    "mine" (or of somebody whose deputy she is), "unit", "nobody" of the unit, "all" of these
    state    "any", or a state
    due      "any", "today" (promised by today, or an answer that is due), "week" (within seven days)
    channel  "any", or how it came in
    """

    whose: str = "unit"
    state: str = "any"
    due: str = "any"
    channel: str = "any"

    #: What each part may be, in the order in which it is offered.
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {
        "whose": ("mine", "unit", "nobody", "all"),
        "state": ("any", "waiting", "taken", "asked"),
        "due": ("any", "today", "week"),
        "channel": ("any", "online", "paper", "phone", "counter"),
    }

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Filter:
        """The filter that these words name; what isn't a choice is left as it stands by itself."""
        return cls(**{name: given[name] for name, choices in cls.CHOICES.items() if given.get(name) in choices})

    def condition(self, member: Member, today: date) -> Q:
        """As a condition on the rows of the inbox."""
        mine, unit = Q(caseworker_id__in=member.acts_for), Q(unit_id=member.unit_id)
        found = {"mine": mine, "unit": unit, "nobody": unit & Q(caseworker=None), "all": unit | mine}[self.whose]
        if self.state != "any":
            found &= Q(state=self.state)
        if self.due != "any":
            day = today + timedelta(days=7 if self.due == "week" else 0)
            found &= (Q(due_on__lte=day) & ~Q(state=InboxState.ASKED)) | Q(answer_by__lte=day)
        if self.channel != "any":
            found &= Q(application__channel=self.channel)
        return found


#: The views that everybody has.
TABS: dict[str, Filter] = {
    "mine": Filter("mine"),
    "unit": Filter("unit"),
    "due": Filter("all", due="today"),
    "asked": Filter("all", state="asked"),
}


@dataclass(frozen=True)
class Changed:
    """A cost or income that differs between two applications: its code, öre before and now (None: not there)."""

    kind: str
    code: str
    before: int | None
    now: int | None


def _open_items(member: Member) -> QuerySet[InboxItem]:
    return InboxItem.objects.filter(worked_by(member, "case__")).exclude(state=InboxState.DONE)


def inbox_counts(member: Member, filters: Sequence[Filter], today: date) -> list[int]:
    """How many applications each of these views holds for this member of staff, in one statement: exact up to
    EXACT, one more stands for "more"."""
    parts: list[str] = []
    params: list[Any] = []
    for one in filters:
        counted = _open_items(member).filter(one.condition(member, today)).values("id")[: EXACT + 1]
        sql, values = counted.query.sql_with_params()
        parts.append(f"(SELECT count(*) FROM ({sql}) counted)")
        params += values
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(parts), params)
        return list(cursor.fetchone() or ())


def inbox(member: Member, shown: Filter, today: date, since: int = 0, most: int = 25) -> list[InboxItem]:
    """A page of a view of the inbox, oldest first, in one statement.

    Each item carries `period_since`, `signers` [{given, family, number}], `document` and `document_before`
    (the case's application for a whole month before this one, or None), `case` with applicant and caseworker,
    `application`, `number` (of the receipt).
    """
    signers = Signature.objects.filter(draft_id=OuterRef("application_id")).order_by("signed_at", "id")
    number = Identifier.objects.filter(person_id=OuterRef("person_id")).order_by("id").values("value")[:1]
    before = Application.objects.filter(
        case_id=OuterRef("case_id"), kind__in=WHOLE, received_at__lt=OuterRef("received_at")
    ).exclude(id__in=taken_back())
    return list(
        _open_items(member)
        .filter(shown.condition(member, today))
        .select_related("case__applicant", "case__caseworker", "caseworker", "application")
        .annotate(
            period_since=Subquery(
                ApplicationPeriod.objects.filter(application_id=OuterRef("application_id")).values("period__since")[:1]
            ),
            signers=ArraySubquery(
                signers.values(
                    found=JSONObject(
                        given=F("person__given_name"), family=F("person__family_name"), number=Subquery(number)
                    )
                )
            ),
            document_before=Subquery(before.order_by("-received_at").values("document")[:1]),
            number=Subquery(Receipt.objects.filter(application_id=OuterRef("application_id")).values("number")[:1]),
        )
        .order_by("received_at", "id")[since : since + most]
    )


def next_in_inbox(member: Member) -> InboxItem | None:
    """The oldest application that waits: first her own (or of those whose deputy she is), then nobody's."""
    waiting = _open_items(member).filter(state=InboxState.WAITING)
    mine_first = Choice(When(caseworker_id__in=member.acts_for, then=0), default=1)
    mine = Q(caseworker_id__in=member.acts_for) | Q(caseworker=None)
    return waiting.filter(mine).order_by(mine_first, "received_at").first()


def items_chosen(member: Member, keys: Collection[UUID]) -> list[InboxItem]:
    """Those of these applications that this member of staff has in her inbox, with their cases, oldest first."""
    return list(
        _open_items(member)
        .filter(id__in=keys)
        .select_related("case__applicant", "case__co_applicant", "caseworker")
        .order_by("received_at", "id")
    )


def month_of_application(application: UUID) -> Month:
    """The month that an application asks for."""
    return Month.of(ApplicationPeriod.objects.values_list("period__since", flat=True).get(application_id=application))


def period_of_application(application: UUID) -> UUID:
    """The period that an application asks for."""
    return ApplicationPeriod.objects.values_list("period_id", flat=True).get(application_id=application)


def inbox_items_of(case: UUID) -> list[InboxItem]:
    """What waits in the inbox of one case, oldest first."""
    return list(
        InboxItem.objects.select_related("caseworker")
        .filter(case_id=case)
        .exclude(state=InboxState.DONE)
        .order_by("received_at")
    )


def changes(document: dict[str, Any], before: dict[str, Any] | None) -> list[Changed]:
    """What differs between an application and the one before: sums per code, costs first."""
    if before is None:
        return []
    found = []
    for kind in ("costs", "incomes"):
        then, now = _sums(before, kind), _sums(document, kind)
        found += [
            Changed(kind, code, then.get(code), now.get(code))
            for code in dict.fromkeys([*now, *then])
            if then.get(code) != now.get(code)
        ]
    return found


def _sums(document: dict[str, Any], kind: str) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in document["answers"].get(kind, []):
        sums[row["code"]] = sums.get(row["code"], 0) + row["amount"]
    return sums


@dataclass(frozen=True)
class Difference:
    """What a correction changed: `code` of a question, or of a kind of line in the list `part`. `before` and `now` are
    the answers as the documents have them; of a list the lines of that kind, of `attachments` the files' names."""

    part: str
    code: str
    before: Any
    now: Any


def differences(document: Mapping[str, Any], before: Mapping[str, Any]) -> list[Difference]:
    """Which answers two documents of the same form give differently, in the order of the form."""
    found = []
    then, now = before["answers"], document["answers"]
    for question in form_of(document["form"], document["form_version"]).questions:
        old, new = question.answer(then), question.answer(now)
        if question.kind != "rows":
            if (old or None) != (new or None):
                found.append(Difference(question.part, question.code, old, new))
            continue
        for code in dict.fromkeys(row["code"] for row in [*(new or []), *(old or [])]):
            was, stands = ([row for row in rows or [] if row["code"] == code] for rows in (old, new))
            if was != stands:
                found.append(Difference(question.code, code, was, stands))
    old, new = ([one["title"] for one in d.get("attachments", [])] for d in (before, document))
    if [one["document"] for one in before.get("attachments", [])] != [
        one["document"] for one in document.get("attachments", [])
    ]:
        found.append(Difference("attachments", "attachments", old, new))
    return found


def application_of(case: UUID, key: UUID) -> Application | None:
    """An application of a case."""
    return Application.objects.filter(case_id=case, id=key).first()


def receipt_of(application: UUID) -> Receipt | None:
    """The receipt of an application."""
    return Receipt.objects.filter(application_id=application).first()


def signatures_of(application: UUID) -> list[Signature]:
    """Who signed an application, in the order of signing."""
    return list(Signature.objects.select_related("person").filter(draft_id=application).order_by("signed_at", "id"))


def lacking_of(application: Application) -> list[UUID]:
    """Whose signature an application that came on paper still lacks; nobody's where it was taken back or corrected."""
    unsigned = application.document.get("unsigned", [])
    if not unsigned or not standing_of(application.id).stands:
        return []
    signed = {one.person_id for one in signatures_of(application.id)}
    return [key for key in map(UUID, unsigned) if key not in signed]


def lacking_in(case: UUID) -> int:
    """How many signatures the applications of a case that came on paper still lack."""
    rows = Application.objects.filter(case_id=case, document__has_key="unsigned")
    return sum(len(lacking_of(row)) for row in rows)


def applications_for(period: UUID) -> list[Application]:
    """The applications for a period, newest first, whatever became of them."""
    keys = ApplicationPeriod.objects.filter(period_id=period).values("application_id")
    return list(Application.objects.filter(id__in=keys).order_by("-received_at", "-id"))


def came(period: UUID) -> int:
    """How many applications for a period have come, whatever became of them: it only grows, and stands still while the
    case is locked."""
    return ApplicationPeriod.objects.filter(period_id=period).count()


def taken_back() -> QuerySet[Withdrawal, UUID]:
    """The keys of the applications that were taken back after they were sent."""
    return Withdrawal.objects.filter(whole=True).values_list("application_id", flat=True)


def applications_in_force(period: UUID) -> list[Application]:
    """The applications for a period that count: of one that was corrected the newest version, none that was taken
    back; in the order in which they were first made."""
    return _in_force(ApplicationPeriod.objects.filter(period_id=period))


def _in_force(rows: QuerySet[ApplicationPeriod]) -> list[Application]:
    back = Exists(taken_back().filter(application_id=OuterRef("id")))
    asked = Application.objects.filter(id__in=rows.values("application_id")).annotate(taken_back=back)
    found = {one.id: one for one in asked}
    gone = {one.corrects_id for one in found.values()} | {one.id for one in found.values() if one.taken_back}

    def first_made(one: Application) -> tuple[datetime, UUID]:
        while one.corrects_id is not None:
            one = found[one.corrects_id]
        return one.received_at, one.id

    return sorted((one for one in found.values() if one.id not in gone), key=first_made)


@dataclass(frozen=True)
class Standing:
    """What became of an application: the one that corrects it; who took it back, and whether that was all who had to;
    `open`: nobody has decided yet, and it is the one that counts."""

    corrected_by: UUID | None
    withdrawn: list[Withdrawal]
    open: bool

    @property
    def is_taken_back(self) -> bool:
        return any(one.whole for one in self.withdrawn)

    @property
    def stands(self) -> bool:
        """Whether it is neither corrected nor taken back, decided or not."""
        return self.corrected_by is None and not self.is_taken_back


def standing_of(application: UUID) -> Standing:
    """What became of an application so far."""
    corrected_by = Application.objects.filter(corrects_id=application).values_list("id", flat=True).first()
    rows = Withdrawal.objects.select_related("person").filter(application_id=application)
    withdrawn = list(rows.order_by("withdrawn_at", "id"))
    waits = InboxItem.objects.filter(application_id=application).exclude(state=InboxState.DONE).exists()
    return Standing(corrected_by, withdrawn, waits and corrected_by is None and not any(w.whole for w in withdrawn))


def running_drafts(cases: Collection[UUID]) -> list[Draft]:
    """The drafts of these cases that can still be changed or signed, oldest month first."""
    return list(
        Draft.objects.select_related("period", "case")
        .filter(case_id__in=cases, state__in=[DraftState.OPEN, DraftState.SIGNING], channel="online")
        .order_by("period__since")
    )


def draft_of(period: UUID, form: str) -> Draft | None:
    """The draft of a period by a form that is running, of whatever channel."""
    return Draft.objects.filter(period_id=period, form=form, state__in=[DraftState.OPEN, DraftState.SIGNING]).first()


def signed_by(draft: Draft) -> list[Signature]:
    """The signatures that stand for what is fixed now, in the order they were given."""
    if not draft.shown_digest:
        return []
    return list(Signature.objects.filter(draft=draft, digest=draft.shown_digest).order_by("signed_at"))


def signs_through(draft: Draft, person: UUID) -> UUID | None:
    """The representative by whom an adult signs what is fixed; None where she signs herself."""
    named = ((draft.shown or {}).get("representatives") or {}).get(str(person))
    return UUID(named["person"]) if named else None


def half_signed() -> list[UUID]:
    """The drafts that one adult has signed and another hasn't, longest waiting first."""
    signed = Signature.objects.filter(draft__state=DraftState.SIGNING, digest=F("draft__shown_digest"))
    return list(signed.order_by("signed_at", "id").values_list("draft_id", flat=True))


def not_sent(cases: Collection[UUID], since: datetime) -> tuple[list[Draft], list[Draft]]:
    """The drafts that ended since then because an adult didn't sign, or that were taken back when one had, without
    those whose month was applied for or is being applied for anew; and those whose month was applied for on paper
    instead. The newest of each month and form.
    """
    rows = Draft.objects.select_related("period").filter(case_id__in=cases, saved_at__gte=since)
    found = sorted(rows, key=lambda row: (row.saved_at, row.channel != "online", row.id))
    newest = {(row.period_id, row.form): row for row in found}
    on_paper = {key for key, row in newest.items() if row.channel != "online" and row.state == DraftState.ACCEPTED}
    ended = {(row.period_id, row.form): row for row in found if row.state == DraftState.EXPIRED}
    back = [row.id for row in newest.values() if row.state == DraftState.WITHDRAWN]
    signed = Signature.objects.filter(draft_id__in=back, digest=F("draft__shown_digest")).values_list(
        "draft_id", flat=True
    )
    refused = set(signed) if back else set()
    return (
        [row for row in newest.values() if row.state == DraftState.EXPIRED or row.id in refused],
        [row for key, row in ended.items() if key in on_paper],
    )


def applied_otherwise(draft: Draft) -> bool:
    """Whether the month of a draft was applied for by its form on paper, by telephone or at the counter."""
    rows = Draft.objects.filter(period_id=draft.period_id, form=draft.form, state=DraftState.ACCEPTED)
    return rows.exclude(channel="online").exists()


def receipts_of(cases: Collection[UUID]) -> list[tuple[Receipt, Period, bool]]:
    """What was received in these cases and not corrected since, newest first: receipt, period, whether somebody works
    on it."""
    corrected = Application.objects.filter(case_id__in=cases, corrects__isnull=False).values("corrects_id")
    rows = list(
        ApplicationPeriod.objects.select_related("period", "application")
        .filter(application__case_id__in=cases)
        .exclude(application_id__in=corrected)
        .order_by("-application__received_at", "-application_id")
    )
    keys = [row.application_id for row in rows]
    receipts = {r.application_id: r for r in Receipt.objects.filter(application_id__in=keys)}
    taken = set(
        InboxItem.objects.filter(application_id__in=keys)
        .exclude(state=InboxState.WAITING)
        .values_list("application_id", flat=True)
    )
    for row in rows:
        receipts[row.application_id].application = row.application
    return [(receipts[row.application_id], row.period, row.application_id in taken) for row in rows]


def rows_applied_for(application: Application) -> dict[str, list[dict[str, Any]]]:
    """The lines of an application, `incomes` and `costs`. One that comes on top of others for its month stands with
    theirs: from the newest that asked for everything on; what was corrected or taken back since doesn't count."""
    period = ApplicationPeriod.objects.filter(application_id=application.id).values("period_id")
    standing = _in_force(ApplicationPeriod.objects.filter(period_id__in=period))
    counting = _from_the_newest_whole(standing if application in standing else [application])
    return {
        kind: [row for one in counting for row in one.document["answers"].get(kind, [])]
        for kind in ("incomes", "costs")
    }


def _from_the_newest_whole(standing: list[Application]) -> list[Application]:
    newest_whole = max((number for number, one in enumerate(standing) if one.kind in WHOLE), default=0)
    return standing[newest_whole:]


def on_top_since(period: UUID, moment: datetime) -> list[Application] | None:
    """What was applied for on top of a month since a moment, and counts, in the order in which it was made. None where
    something has come since that it can't simply be added to: all of the month anew, or a correction of what was there
    at that moment."""
    standing = applications_in_force(period)
    since = [one for one in standing if one.received_at > moment]
    corrected = {one.id: one for one in applications_for(period)}
    for one in since:
        first = one
        while first.corrects_id is not None:
            first = corrected[first.corrects_id]
        if one.kind in WHOLE or first.received_at <= moment:
            return None
    return since


def standing_together(period: UUID) -> list[Application]:
    """The applications that stand together for a period: the newest that asked for everything, and those on top."""
    return _from_the_newest_whole(applications_in_force(period))


def keys_of_lines(rows: Iterable[tuple[str, str | None]]) -> list[str]:
    """A key for each (code, person), counted where two are alike."""
    seen: Counter[str] = Counter()
    found = []
    for code, person in rows:
        plain = f"{code}:{person or ''}"
        found.append(f"{plain}:{seen[plain]}")
        seen[plain] += 1
    return found


def lines_of(answers: Mapping[str, Any]) -> list[str]:
    """The lines of answers, typed or sent, as a document beside one names it: list and key."""
    return [
        f"{kind}:{key}"
        for kind in ("incomes", "costs")
        for key in keys_of_lines((row["code"], row.get("person")) for row in answers.get(kind, []))
    ]


def given_with_lines(period: UUID) -> list[tuple[UUID, str]]:
    """(document, line) as the applicants said with what counts of a period. The line is that of all that was applied
    for together: another application for the month may have had some alike before it."""
    counting = standing_together(period)
    files = Attachment.objects.filter(draft_id__in=[one.id for one in counting], removed_at=None, line__isnull=False)
    said: dict[UUID, list[tuple[UUID, str]]] = {}
    for draft, document, line in files.order_by("added_at", "id").values_list("draft_id", "document_id", "line"):
        assert draft is not None and line is not None
        said.setdefault(draft, []).append((document, line))
    before: Counter[str] = Counter()
    found = []
    for one in counting if said else []:
        own = lines_of(one.document["answers"])
        for document, line in said.get(one.id, []):
            plain, _, number = line.rpartition(":")
            if line in own:
                found.append((document, f"{plain}:{before[plain] + int(number)}"))
        before.update(line.rpartition(":")[0] for line in own)
    return found


def given_for(period: UUID) -> set[UUID]:
    """The documents that were given with an application for a period, or because they were asked for."""
    rows = Attachment.objects.filter(Q(draft__period_id=period) | Q(request__period_id=period), removed_at=None)
    return set(rows.values_list("document_id", flat=True))


def application_before(case: UUID, period: Period) -> Application | None:
    """The newest application of the case for all of the month before `period`."""
    row = (
        ApplicationPeriod.objects.select_related("application")
        .filter(application__case_id=case, application__kind__in=WHOLE, period__until=period.since)
        .exclude(application_id__in=taken_back())
        .order_by("-application__received_at", "-application_id")
        .first()
    )
    return row.application if row else None


def signing_used(state: str) -> UUID | None:
    """The draft that a step-up with this state value has signed already; None if it hasn't been used."""
    return (
        SigningRequest.objects.filter(token=token_of(state), state=SigningState.USED)
        .values_list("draft_id", flat=True)
        .first()
    )


def token_of(state: str) -> str:
    """What is stored of a flow's random state value."""
    return hashlib.sha256(state.encode()).hexdigest()


def attachments_of(draft: UUID) -> list[Attachment]:
    """The files of a draft, or of the application that it became, in the order in which they came."""
    rows = Attachment.objects.select_related("document").filter(draft_id=draft, removed_at=None)
    return list(rows.order_by("added_at", "id"))


def requests_of(case: UUID, person: UUID | None = None) -> list[tuple[EvidenceRequest, list[Attachment]]]:
    """What was asked for in a case, newest first, with the files that came; for `person` what concerns her and isn't
    closed."""
    rows = EvidenceRequest.objects.select_related("deadline", "person", "asked_by").filter(case_id=case)
    if person is not None:
        rows = rows.filter(Q(person=None) | Q(person_id=person)).exclude(state=RequestState.CLOSED)
    found = list(rows.order_by("-asked_at", "-id"))
    files = Attachment.objects.select_related("document").filter(request_id__in=[row.id for row in found])
    of: dict[UUID, list[Attachment]] = {row.id: [] for row in found}
    for file in files.order_by("added_at", "id"):
        assert file.request_id is not None
        of[file.request_id].append(file)
    return [(row, of[row.id]) for row in found]


def infected_of(cases: Collection[UUID], person: UUID) -> list[str]:
    """The names of the files that this adult gave in these cases and that hold a virus, newest first."""
    rows = Document.objects.filter(subject_id__in=cases, created_by=person, scan_state=ScanState.INFECTED)
    return list(rows.order_by("-created_at", "-id").values_list("title", flat=True)[:10])


def sent_or_made(case: UUID) -> list[Document]:
    """The documents of a case, newest first; without files of an application that isn't sent: nobody reads those."""
    unsent = Attachment.objects.filter(draft__case_id=case).exclude(draft__state=DraftState.ACCEPTED)
    sent = Attachment.objects.filter(draft__case_id=case, draft__state=DraftState.ACCEPTED, removed_at=None)
    rows = Document.objects.filter(subject_id=case)
    hidden = set(unsent.values_list("document_id", flat=True)) - set(sent.values_list("document_id", flat=True))
    removed = Attachment.objects.filter(draft__case_id=case, removed_at__isnull=False).values_list(
        "document_id", flat=True
    )
    hidden |= set(removed) - set(sent.values_list("document_id", flat=True))
    return list(rows.exclude(id__in=hidden).order_by("-created_at", "-id"))
