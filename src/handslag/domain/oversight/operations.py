"""The log review: a month's sample is drawn, each look in it gets its outcome, the month is closed with a report."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.casefile.models import Case
from handslag.domain.oversight.checks import Hours, to_review
from handslag.domain.oversight.models import Review, ReviewedLook, TargetedSample
from handslag.domain.oversight.queries import as_looked, concerned, entries_of, family_names, watched
from handslag.domain.oversight.states import Outcome, Why
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.operations import new_id
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month


class ReviewBegun(Event):
    kind = "log review begun"


class SampleTargeted(Event):
    kind = "log review: looks chosen"


class LooksReviewed(Event):
    kind = "log review: outcome noted"


class ReviewClosed(Event):
    kind = "log review closed"


@operation()
def begin_review(*, tenant: str | int, by: Actor, now: datetime, month: Month) -> Done[Review]:
    """Draw the sample of a month that is over: one look in fifty at random, and each that there is a reason to ask
    about. NotPossible: ("month not over"), ("review begun")."""
    member, tenant_ = require_role(by, now, Role.REVIEWER), acting_door().the_tenant
    if month >= Month.of(tenant_.today(now)):
        raise NotPossible("month not over")
    if Review.objects.filter(since=month.since).exists():
        raise NotPossible("review begun")
    entries = list(entries_of(month, tenant_.zone))
    key, members = secrets.token_bytes(32), _members()
    about = watched({row.subject for row in entries if row.subject is not None})
    found = to_review(as_looked(entries), family_names(), about, Hours(tenant_.zone, tenant_.country), key)
    review = Review.objects.create(
        id=open_subject("log review"), since=month.since, key=key, looks=len(entries), begun_by_id=member.id,
        begun_at=now,
    )  # fmt: skip
    ReviewedLook.objects.bulk_create(
        ReviewedLook(review=review, entry=row, by_id=members.get(row.actor_id), why=sorted(found[row.id]))
        for row in entries
        if row.id in found
    )
    told = {"month": str(month), "looks": len(entries), "drawn": len(found)}
    return Done(review, ReviewBegun(subject=review.id, payload=told))


@operation()
def target_sample(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    review: UUID,
    case: str,
    member: UUID | None,
    reason: str,
    key: UUID | None = None,
) -> Done[TargetedSample]:
    """Add every look of the month at the case with that number (at its people and files too), or by that member of
    staff (the other is empty); why is kept. NotPossible: ("review closed"), ("targeted at"), ("no such case"),
    ("targeted reason"). NotForThem("own look") for looks of her own. `key`: of the form; SentAlready the second
    time."""
    reviewer, row = require_role(by, now, Role.REVIEWER), _open(review)
    number = case.strip().upper()
    if bool(number) == (member is not None):
        raise NotPossible("targeted at")
    if not 10 <= len(reason.strip()) <= 400:
        raise NotPossible("targeted reason")
    if member == reviewer.id:
        raise NotForThem("own look", review)
    sample_id = new_id(TargetedSample, key)
    entries = entries_of(Month.of(row.since), acting_door().the_tenant.zone)
    found = Case.objects.filter(number=number).first() if number else None
    if found is not None:
        subjects = entries.values_list("subject", flat=True)
        about = concerned({key for key in subjects if key is not None})
        at_it = [key for key, one in about.items() if found.id in one.cases]
        entries = entries.filter(subject__in=at_it)
    elif number:
        raise NotPossible("no such case")
    else:
        her = StaffMember.objects.filter(id=member).first() if member else None
        if her is None:
            raise NotPossible("targeted at")
        entries = entries.filter(actor_id=her.user_id)
    members = _members()
    looks = {look.entry_id: look for look in ReviewedLook.objects.filter(review=row)}
    chosen = list(entries)
    for entry in chosen:
        look = looks.get(entry.id)
        if look is not None and Why.CHOSEN not in look.why:
            look.why = sorted({*look.why, Why.CHOSEN})
            look.save(update_fields=["why"])
    ReviewedLook.objects.bulk_create(
        ReviewedLook(review=row, entry=e, by_id=members.get(e.actor_id), why=[Why.CHOSEN])
        for e in chosen
        if e.id not in looks
    )
    sample = TargetedSample.objects.create(
        id=sample_id, review=row, case=found, member_id=member, reason=reason.strip(), looks=len(chosen),
        chosen_by_id=reviewer.id, chosen_at=now,
    )  # fmt: skip
    return Done(sample, SampleTargeted(subject=row.id, payload={"sample": str(sample.id), "looks": len(chosen)}))


@operation()
def note_outcome(
    *, tenant: str | int, by: Actor, now: datetime, review: UUID, looks: Sequence[UUID], outcome: str, words: str
) -> Done[int]:
    """Note what was found about some looks; noted again, the newest counts and the chain keeps the others. Gives how
    many. NotPossible: ("review closed"), ("no look ticked"), ("outcome"), ("outcome words") where more than "ok" is
    said without words. NotForThem("own look") where one of them is hers."""
    reviewer, row = require_role(by, now, Role.REVIEWER), _open(review)
    if outcome not in Outcome:
        raise NotPossible("outcome")
    if len(words) > 1000 or (outcome != Outcome.OK and not words.strip()):
        raise NotPossible("outcome words")
    found = list(ReviewedLook.objects.filter(review=row, id__in=looks).order_by("id"))
    if not looks:
        raise NotPossible("no look ticked")
    if len(found) != len(set(looks)):
        raise Hidden("look", review)
    if any(look.by_id == reviewer.id for look in found):
        raise NotForThem("own look", review)
    for look in found:
        look.outcome, look.words = outcome, words.strip()
        look.reviewed_by_id, look.reviewed_at = reviewer.id, now
        look.save(update_fields=["outcome", "words", "reviewed_by", "reviewed_at"])
    told = {"looks": [str(look.id) for look in found], "outcome": outcome}
    return Done(len(found), LooksReviewed(subject=row.id, payload=told))


@operation()
def close_review(
    *, tenant: str | int, by: Actor, now: datetime, review: UUID, version: int, report: str
) -> Done[Review]:
    """Close a month with what was found. NotPossible: ("review closed"), ("looks left") while one has no outcome,
    ("review report")."""
    reviewer, row = require_role(by, now, Role.REVIEWER), _open(review)
    if row.version != version:
        raise Conflict("log review")
    if ReviewedLook.objects.filter(review=row, outcome="").exists():
        raise NotPossible("looks left")
    if not 10 <= len(report.strip()) <= 10_000:
        raise NotPossible("review report")
    row.report, row.closed_by_id, row.closed_at, row.version = report.strip(), reviewer.id, now, row.version + 1
    row.save(update_fields=["report", "closed_by", "closed_at", "version"])
    return Done(row, ReviewClosed(subject=row.id, payload={"month": str(Month.of(row.since))}))


def _members() -> dict[UUID | None, UUID]:
    """Members of staff by their log-in."""
    return dict(StaffMember.objects.values_list("user_id", "id"))


def _open(review: UUID) -> Review:
    row = Review.objects.select_for_update(of=("self",)).filter(id=review).first()
    if row is None:
        raise Hidden("log review", review)
    if row.closed_at is not None:
        raise NotPossible("review closed")
    return row
