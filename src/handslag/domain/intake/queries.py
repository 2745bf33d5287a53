"""Reads on drafts, signatures and received applications, and the inbox in which they wait."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Case as Choice
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import JSONObject

from handslag.domain.casefile.models import Period
from handslag.domain.casefile.queries import worked_by
from handslag.domain.intake.models import (
    Application,
    ApplicationPeriod,
    Draft,
    InboxItem,
    Receipt,
    Signature,
    SigningRequest,
)
from handslag.domain.intake.states import DraftState, InboxState, SigningState
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
    )
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


def application_of(case: UUID, key: UUID) -> Application | None:
    """An application of a case."""
    return Application.objects.filter(case_id=case, id=key).first()


def receipt_of(application: UUID) -> Receipt | None:
    """The receipt of an application."""
    return Receipt.objects.filter(application_id=application).first()


def signatures_of(application: UUID) -> list[Signature]:
    """Who signed an application, in the order of signing."""
    return list(Signature.objects.select_related("person").filter(draft_id=application).order_by("signed_at", "id"))


def applications_for(period: UUID) -> list[Application]:
    """The applications for a period, newest first."""
    keys = ApplicationPeriod.objects.filter(period_id=period).values("application_id")
    return list(Application.objects.filter(id__in=keys).order_by("-received_at"))


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


def receipts_of(cases: Collection[UUID]) -> list[tuple[Receipt, Period, bool]]:
    """What was received in these cases, newest first: receipt, period, whether somebody works on it."""
    rows = list(
        ApplicationPeriod.objects.select_related("period", "application")
        .filter(application__case_id__in=cases)
        .order_by("-application__received_at")
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


def rows_applied_for(application: Application, kind: str) -> list[dict[str, Any]]:
    """The lines of an application (`kind`: incomes, costs). One that comes on top of others for its month stands with
    theirs: from the newest that asked for everything on."""
    together = [application]
    if application.kind not in WHOLE:
        period = ApplicationPeriod.objects.filter(application=application).values("period_id")
        keys = ApplicationPeriod.objects.filter(period_id__in=period).values("application_id")
        earlier = Application.objects.filter(id__in=keys, received_at__lte=application.received_at)
        for one in earlier.exclude(id=application.id).order_by("-received_at"):
            together.insert(0, one)
            if one.kind in WHOLE:
                break
    return [row for one in together for row in one.document["answers"].get(kind, [])]


def application_before(case: UUID, period: Period) -> Application | None:
    """The newest application of the case for all of the month before `period`."""
    row = (
        ApplicationPeriod.objects.select_related("application")
        .filter(application__case_id=case, application__kind__in=WHOLE, period__until=period.since)
        .order_by("-application__received_at")
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
