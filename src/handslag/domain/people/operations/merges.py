"""Two records of one person: proposed by one registrar, confirmed by another, undone by one. Nothing is rewritten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Q

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.people.models import (
    Account,
    Address,
    CitizenLogin,
    Identifier,
    Membership,
    Merge,
    NameToken,
    Person,
)
from handslag.domain.people.operations.persons import level_of_addresses, raise_with
from handslag.domain.people.permissions import require_sight
from handslag.domain.people.states import IdentifierType
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.models import Session
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible
from handslag.domain.tenancy.rows import TenantFK, TenantRow
from handslag.domain.tenancy.states import Role


class MergeProposed(Event):
    kind = "merge proposed"


class RecordsMerged(Event):
    kind = "records merged"


class MergeTakenBack(Event):
    kind = "merge taken back"


class MergeUndone(Event):
    kind = "merge undone"


#: What every registration has, and log-ins.
OF_A_REGISTRATION = (Identifier, NameToken, Address, Account, CitizenLogin)
_PAID_LATER = Q(state__in=["planned", "blocked", "held", "reserved", "sent"])
_CLAIMED = Q(state__in=["proposed", "decided"])
_APPEALED = Q(state__in=["received", "timely", "late", "forwarded"])
_PROPOSED = Q(state="proposed")
_ORDERED = _PROPOSED | Q(state="decided", ended_on=None)
#: What goes on by a row of these, by table and column that names a person; None: nothing, it is history. A table that
#: isn't among them holds a merge back as long as it names the record.
_GOES_ON: dict[str, Q | None] = {
    "casefile_case.applicant": Q(state="open"),
    "casefile_case.co_applicant": Q(state="open"),
    "decisions_appeal.person": _APPEALED,
    "decisions_order.person": _ORDERED,
    "intake_draft.author": Q(state="signing"),
    "intake_evidencerequest.person": Q(state="open"),
    "intake_signingrequest.person": Q(state="open", draft__state="signing"),
    "payments_otherhelp.person": _PROPOSED,
    "payments_payment.payee": _PAID_LATER,
    "payments_recovery.person": _CLAIMED,
    "people_accountchange.person": Q(state="asked"),
    **dict.fromkeys(
        (
            "casefile_message.person",
            "casefile_message.representative",
            "decisions_decisionline.person",
            "decisions_hearing.person",
            "decisions_personalletter.person",
            "entitlement_personmonth.person",
            "intake_attachment.person",
            "intake_signature.person",
            "intake_signature.representative",
            "intake_withdrawal.person",
            "lookups_dispute.person",
            "lookups_fetchedline.person",
            "lookups_lookup.person",
            "payments_booking.person",
            "statistics_obstacle.person",
            "statistics_origin.person",
            "tasks_notice.person",
        )
    ),
}
#: What goes on in a case of hers, whoever it is about, by table.
_GOES_ON_IN_A_CASE = {
    "decisions_appeal": _APPEALED,
    "decisions_decision": _PROPOSED,
    "decisions_order": _ORDERED,
    "intake_inboxitem": ~Q(state="done"),
    "payments_otherhelp": _PROPOSED,
    "payments_payment": _PAID_LATER,
    "payments_recovery": _CLAIMED,
}


def keys_to_persons() -> Iterator[tuple[type[TenantRow], TenantFK]]:
    """Every column of every table that names a person, but those of merges themselves."""
    for model in apps.get_models():
        if issubclass(model, TenantRow) and model is not Merge:
            for column in model._meta.concrete_fields:
                if isinstance(column, TenantFK) and column.related_model is Person:
                    yield model, column


def _both(gone: UUID, kept: UUID, by: Actor, now: datetime) -> tuple[Person, Person, UUID]:
    """Both records, locked, and who acts; Hidden where one isn't there, or above her clearance."""
    member = require_role(by, now, Role.REGISTRAR)
    # locked against every new row that names one of them: its key waits for us, or is seen here
    rows = Person.objects.select_for_update(of=("self",)).filter(id__in=[gone, kept]).order_by("id")
    people = {person.id: person for person in rows}
    for key in (gone, kept):
        if key not in people:
            raise Hidden("person", key)
        require_sight(member, people[key])
    return people[gone], people[kept], member.id


def _may_be_one(gone: Person, kept: Person, now: datetime, but: UUID | None = None) -> None:
    """NotPossible where they can't be one person, or something goes on by `gone`. `but`: the merge that is about to be
    confirmed."""
    today = acting_door().the_tenant.today(now)
    if gone.id == kept.id:
        raise NotPossible("one record")
    others = Merge.objects.filter(ended_at=None)
    if but is not None:
        others = others.exclude(id=but)
    if others.filter(gone__in=[gone, kept]).exists() or others.filter(kept=gone).exists():
        raise NotPossible("merged already")
    if gone.birth_on and kept.birth_on and gone.birth_on != kept.birth_on:
        raise NotPossible("other birth day")
    numbers = Identifier.objects.exclude(type=IdentifierType.TEMPORARY)
    types = [
        set(numbers.filter(person_id__in=records).values_list("type", flat=True))
        for records in ([gone.id], [kept.id, *others.filter(kept=kept).values_list("gone_id", flat=True)])
    ]
    if types[0] & types[1]:
        raise NotPossible("other number")
    if gone.protection_level > kept.protection_level:
        raise NotPossible("less protected")
    if running := _running(gone, kept, today):
        raise NotPossible("goes on", running=running)


def case_ended_with(gone: Person, kept: Person, today: date) -> Any | None:
    """The open case that a merge closes, ending its household: where both records have one, that of `gone`, if she
    alone applies in it, and has lived in its household alone since before today."""
    opened = apps.get_model("casefile", "Case")._default_manager.filter(state="open")
    if not opened.filter(Q(applicant=kept) | Q(co_applicant=kept)).exists():
        return None
    case = opened.filter(applicant=gone, co_applicant=None, worked_in=None, opened_on__lte=today).first()
    if case is None:
        return None
    home = Membership.objects.filter(Q(until=None) | Q(until__gt=today), household_id=case.household_id)
    alone = list(home.values_list("person_id", "until")) == [(gone.id, None)] and home.filter(since__lt=today).exists()
    return case if alone else None


def _running(record: Person, kept: Person, today: date) -> list[str]:
    """The tables in which something goes on by a record: a case, a household, a payment ...; none where all that it has
    is a registration, what is over, and a case that ends with the merge into `kept`."""
    ended = case_ended_with(record, kept, today)
    with_it = {"casefile_case": Q(id=ended.id), "people_membership": Q(household=ended.household_id)} if ended else {}
    days = Q(until=None) | Q(until__gt=today)
    goes_on = {
        **_GOES_ON,
        "people_membership.person": days,
        "people_representation.person": days & Q(ended_at=None),
        "people_representation.representative": days & Q(ended_at=None),
    }
    found = set()
    for model, column in keys_to_persons():
        place = f"{model._meta.db_table}.{column.name}"
        which = goes_on.get(place, Q())
        if model in OF_A_REGISTRATION or which is None:
            continue
        rows = model.objects.filter(which, **{column.name: record})
        if (but := with_it.get(model._meta.db_table)) is not None:
            rows = rows.exclude(but)
        if rows.exists():
            found.add(model._meta.db_table)
    hers = apps.get_model("casefile", "Case")._default_manager.filter(Q(applicant=record) | Q(co_applicant=record))
    for table in apps.get_models():
        which = _GOES_ON_IN_A_CASE.get(table._meta.db_table)
        if which is not None and table._default_manager.filter(which & Q(case__in=hers)).exists():
            found.add(table._meta.db_table)
    return sorted(found)


def _reason(text: str) -> str:
    reason = text.strip()[:400]
    if not reason:
        raise NotPossible("merge reason")
    return reason


@operation()
def propose_merge(*, tenant: str | int, by: Actor, now: datetime, gone: UUID, kept: UUID, reason: str) -> Done[Merge]:
    """Propose that two records are of one person: `gone`, by which nothing goes on any more, will lead to `kept`.

    NotPossible: ("one record"), ("merged already"), ("other birth day"), ("other number") for two numbers of one type
    that aren't temporary, ("less protected") where `kept` is less protected than `gone`,
    ("goes on") with the tables `running` in which something goes on by `gone`, ("merge reason").
    """
    leaves, stays, member = _both(gone, kept, by, now)
    _may_be_one(leaves, stays, now)
    row = Merge.objects.create(gone=leaves, kept=stays, reason=_reason(reason), proposed_by_id=member, proposed_at=now)
    return Done(row, *_told(MergeProposed, row))


def _told(kind: type[Event], row: Merge, case: Any | None = None) -> list[Event]:
    """The event, in the chains of both records, with the case that it closes."""
    payload = {"merge": str(row.id), "gone": str(row.gone_id), "kept": str(row.kept_id)}
    if case is not None:
        payload["case"] = str(case.id)
    return [kind(subject=row.kept_id, payload=payload), kind(subject=row.gone_id, payload=payload)]


def _locked(merge: UUID, version: int, by: Actor, now: datetime) -> tuple[Merge, Person, Person, UUID]:
    named = Merge.objects.filter(id=merge).first()
    if named is None:
        raise Hidden("merge", merge)
    gone, kept, member = _both(named.gone_id, named.kept_id, by, now)
    row = Merge.objects.select_for_update(of=("self",)).get(id=merge)
    if row.version != version or row.ended_at is not None:
        raise Conflict("merge", theirs=row.version)
    row.version += 1
    return row, gone, kept, member


@operation()
def confirm_merge(*, tenant: str | int, by: Actor, now: datetime, merge: UUID, version: int) -> Done[Merge]:
    """Another registrar has compared them: from now on `gone` leads to `kept`, and is as protected; an open case of
    hers alone is closed with it, where `kept` has one too. Who is logged in by a number of `gone` is logged out.
    NotForThem("second pair of eyes") for who proposed it; NotPossible as when it was proposed."""
    row, gone, kept, member = _locked(merge, version, by, now)
    if row.confirmed_at is not None:
        raise Conflict("merge", theirs=row.version - 1)
    if row.proposed_by_id == member:
        raise NotForThem("second pair of eyes", merge)
    _may_be_one(gone, kept, now, but=row.id)
    case = case_ended_with(gone, kept, acting_door().the_tenant.today(now))
    row.confirmed_by_id, row.confirmed_at = member, now
    row.save(update_fields=["confirmed_by", "confirmed_at", "version"])
    _log_out(gone)
    raised = raise_with(gone, kept.protection_level, level_of_addresses(kept))
    return Done(row, *_told(RecordsMerged, row, case), *raised)


@operation()
def end_merge(*, tenant: str | int, by: Actor, now: datetime, merge: UUID, version: int, reason: str) -> Done[Merge]:
    """Take a proposal back, or undo a merge: each record is by itself again, as it was; a case that was closed with
    it is open again. What was written to `kept` meanwhile stays with it; protection that was raised with it stays too.
    Who is logged in as one of them is logged out. NotPossible("merge reason")."""
    row, gone, kept, member = _locked(merge, version, by, now)
    row.ended_by_id, row.ended_at, row.end_reason = member, now, _reason(reason)
    row.save(update_fields=["ended_by", "ended_at", "end_reason", "version"])
    if row.confirmed_at is None:
        return Done(row, *_told(MergeTakenBack, row))
    _log_out(gone, kept)
    return Done(row, *_told(MergeUndone, row))


def _log_out(*records: Person) -> None:
    log_ins = CitizenLogin.objects.filter(person__in=records).values_list("id", flat=True)
    Session.objects.filter(account__in=list(log_ins)).delete()
