"""What the statistics ask for is recorded; the files are made, made anew, and marked as delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.queries import period_in
from handslag.domain.statistics.models import Baseline, Obstacle, Origin, StatisticsFile
from handslag.domain.statistics.queries import build, causes
from handslag.domain.statistics.states import Step
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden, require_role
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month


class StatisticsRecorded(Event):
    kind = "statistics recorded"


class StatisticsFileMade(Event):
    kind = "statistics file made"


class BaselineEntered(Event):
    kind = "baseline entered"


class StatisticsFileDelivered(Event):
    kind = "statistics file delivered"


@dataclass(frozen=True)
class Told:
    """What is told of an adult: the cause of the month (code; nothing: not known yet), refugee and born abroad (None:
    not known)."""

    person: UUID
    cause: str
    refugee: bool | None
    born_abroad: bool | None


@operation()
def record_statistics(
    *, tenant: str | int, by: Actor, now: datetime, case: UUID, month: Month, told: Sequence[Told]
) -> Done[None]:
    """Record for the statistics what they ask of the adults of a case in a month. NotPossible: ("month") for one that
    the case hasn't, ("nobody told"), ("cause") for a code that the table hasn't; Hidden for anybody else."""
    found, member = case_for_staff(case, by, now, Role.CASEWORKER, Role.DECIDER, Role.REGISTRAR, lock=True)
    period = period_in(found.id, month)
    if period is None:
        raise NotPossible("month")
    if not told:
        raise NotPossible("nobody told")
    for one in told:
        if one.person not in found.adults:
            raise Hidden("person", one.person)
        if one.cause and one.cause not in causes():
            raise NotPossible("cause")
    by_whom = {"recorded_by_id": member.id, "recorded_at": now}
    for one in told:
        row = Obstacle.objects.filter(period=period, person_id=one.person).first()
        if one.cause and row is None:
            Obstacle.objects.create(case=found, period=period, person_id=one.person, cause=one.cause, **by_whom)
        elif one.cause and row is not None and row.cause != one.cause:
            row.cause, row.recorded_by_id, row.recorded_at = one.cause, member.id, now
            row.save(update_fields=["cause", "recorded_by", "recorded_at"])
        origin = Origin.objects.select_for_update(of=("self",)).filter(person_id=one.person).first()
        if origin is None:
            Origin.objects.create(
                person_id=one.person, refugee=one.refugee, born_abroad=one.born_abroad, **by_whom
            )  # fmt: skip
        elif (origin.refugee, origin.born_abroad) != (one.refugee, one.born_abroad):
            origin.refugee, origin.born_abroad = one.refugee, one.born_abroad
            origin.recorded_by_id, origin.recorded_at = member.id, now
            origin.save(update_fields=["refugee", "born_abroad", "recorded_by", "recorded_at"])
    payload = {"month": str(month), "adults": len(told)}
    return Done(None, StatisticsRecorded(subject=found.id, payload=payload))


@operation()
def make_statistics_file(*, tenant: str | int, by: Actor, now: datetime, month: Month) -> Done[StatisticsFile]:
    """Make the files that are owed for a month that is over; in December they are of the whole year. NotPossible:
    ("month not over"), ("nothing granted"), ("same file") where the newest says the same. NotForThem("protected
    file") where somebody in it is protected above her clearance."""
    member = require_role(by, now, Role.REGISTRAR)
    if month >= Month.of(acting_door().the_tenant.today(now)):
        raise NotPossible("month not over")
    built = build(month)
    if not built.lines:
        raise NotPossible("nothing granted")
    newest = StatisticsFile.objects.filter(since=month.since).order_by("number").last()
    if newest is not None and (newest.digest, newest.causes_digest) == (built.digest, built.causes_digest):
        raise NotPossible("same file")
    key = open_subject("statistics file")
    if built.protection > member.clearance:
        raise NotForThem("protected file", key)
    row = StatisticsFile.objects.create(
        id=key,
        since=month.since,
        number=newest.number + 1 if newest else 1,
        households=built.households,
        causes=built.causes,
        digest=built.digest,
        causes_digest=built.causes_digest,
        lines=built.lines,
        adults=built.adults,
        amount=built.amount,
        kronor=built.kronor,
        protection=built.protection,
        made_by_id=member.id,
        made_at=now,
    )
    payload = {
        "month": str(month), "number": row.number, "lines": row.lines, "amount": row.amount, "digest": row.digest,
        "causes_digest": row.causes_digest,
    }  # fmt: skip
    return Done(row, StatisticsFileMade(subject=row.id, payload=payload))


@operation()
def mark_delivered(
    *, tenant: str | int, by: Actor, now: datetime, file: UUID, version: int, how: str
) -> Done[StatisticsFile]:
    """Note that a file was delivered, and how (the receipt's number, who took it). NotPossible("delivered how")."""
    member = require_role(by, now, Role.REGISTRAR)
    row = StatisticsFile.objects.select_for_update(of=("self",)).filter(id=file).first()
    if row is None or row.protection > member.clearance:
        raise Hidden("statistics file", file)
    if row.version != version or row.delivered_at is not None:
        raise Conflict("statistics file")
    if not 3 <= len(how.strip()) <= 200:
        raise NotPossible("delivered how")
    row.delivered_by_id, row.delivered_at, row.delivered_how = member.id, now, how.strip()
    row.version += 1
    row.save(update_fields=["delivered_by", "delivered_at", "delivered_how", "version"])
    return Done(row, StatisticsFileDelivered(subject=row.id, payload={"how": row.delivered_how, "digest": row.digest}))


@operation()
def enter_baseline(
    *, tenant: str | int, by: Actor, now: datetime, step: str, minutes: int, source: str
) -> Done[Baseline]:
    """Enter how many minutes a step took before, from today on; `source`: who measured it, when and how. NotPossible:
    ("step"), ("minutes") unless it is between 1 and a year's, ("baseline source")."""
    member = require_role(by, now, Role.ADMINISTRATOR)
    if step not in Step:
        raise NotPossible("step")
    if not 1 <= minutes <= 366 * 24 * 60:
        raise NotPossible("minutes")
    if not 3 <= len(source.strip()) <= 200:
        raise NotPossible("baseline source")
    row = Baseline.objects.create(
        step=step, minutes=minutes, since=acting_door().the_tenant.today(now), source=source.strip(),
        entered_by_id=member.id, entered_at=now,
    )  # fmt: skip
    key = open_subject("baseline")
    return Done(row, BaselineEntered(subject=key, payload={"step": step, "minutes": minutes, "row": str(row.id)}))
