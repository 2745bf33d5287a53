"""What speaks against a change of a case, by what the register of whoever looks says. Inside the tenant's door."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.db.models import Sum

from handslag.domain.casefile.queries import cases_of
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.queries import own_address
from handslag.domain.payments.models import Booking
from handslag.domain.payments.states import BookingKind
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.register.queries import Days, Stretch, days_of, deadlines_shown, said_of
from handslag.domain.settlement.models import Claim
from handslag.messages.case_change.message import Changed
from handslag.rules.ch.deadlines import of_end
from handslag.rules.ch.settlement import SECTION_44


def checked(told: Changed, municipality: str, on: date, but: Message | None = None) -> dict[int, list[str]]:
    """The findings of each person by her number, none of which decides anything: the same at the municipality before it
    tells it and at the canton; what was booked after an end is known to the municipality alone. Nothing where she is to
    be taken over, which only who takes her over can say. `on`: the day on which it is told; `but`: the change itself,
    whose own notices don't speak against it."""
    return {one.number: _findings(told, one.person.identifier, municipality, on, but) for one in told.persons}


def _findings(told: Changed, number: str, municipality: str, on: date, but: Message | None) -> list[str]:
    if told.change == "takeover":
        return []
    person = person_by_identifier("zemis", number)
    if person is None:
        return ["PERSON_UNKNOWN"]
    days = days_of(said_of(person.id, but=but.process if but else ""))
    where = _on([one for one in days.responsible if one.value[0] != municipality], told.on)
    found = ["OTHER_MUNICIPALITY"] if where else []
    if told.change == "resumed":
        found += _resumed(days, municipality, told.on)
    elif not _on([one for one in days.claimed if one.value == municipality], told.on):
        found.append("NO_CLAIM_PERIOD")
    if Claim.objects.filter(person=person, fund=SECTION_44.code, until__gt=told.on + timedelta(days=1)).exists():
        found.append("ALREADY_SETTLED")
    if told.change == "ended" and municipality == own_address() and _paid_after(person.id, told.on):
        found.append("PAID_LATER")
    return found


def _resumed(days: Days, municipality: str, on: date) -> list[str]:
    """Support that begins again: more than a year after the claim ended, while it goes on, or without one."""
    mine = [one for one in days.claimed if one.value == municipality and one.since <= on]
    if not mine:
        return ["NO_CLAIM_PERIOD"]
    if _on(mine, on):
        return ["ALREADY_NOTIFIED"]
    ended = max(one.until for one in mine if one.until is not None)
    within = deadlines_shown(of_end(ended - timedelta(days=1)))
    return ["LATE"] if any(on > one.last_on for one in within) else []


def _on(stretches: list[Stretch], day: date) -> bool:
    return any(one.since <= day and (one.until is None or day < one.until) for one in stretches)


def _paid_after(person: UUID, last_on: date) -> bool:
    """Whether more was spent than came back for months after the last day of support."""
    cases = [case.id for case in cases_of(person)]
    rows = Booking.objects.filter(case_id__in=cases, kind=BookingKind.EXPENSE, period__since__gt=last_on)
    return (rows.aggregate(amount=Sum("amount"))["amount"] or 0) > 0
