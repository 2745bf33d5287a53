"""What speaks against a notification, by what the register of whoever looks says. Inside the tenant's door."""

from __future__ import annotations

from datetime import date

from handslag.domain.exchange.models import Message
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.register.queries import Stretch, days_of, deadlines_shown, said_of
from handslag.messages.case_notification.message import Case
from handslag.rules.ch.claims import Known, findings
from handslag.rules.ch.deadlines import of_decision


def checked(case: Case, municipality: str, on: date, but: Message | None = None) -> dict[int, list[str]]:
    """The findings of each person by her number, none of which decides anything: the same at the municipality before it
    sends and at the canton. `on`: the day on which it is notified; `but`: the notification itself, whose own notices
    don't speak against it."""
    deadlines = {one.code: one.last_on for one in deadlines_shown(of_decision(case.decided_on))}
    late = [name for code, name in _LATE.items() if code in deadlines and on > deadlines[code]]
    return {
        one.number: [
            # the thirty days are those of the municipality of residence; who only stays is notified as soon as possible
            *(name for name in late[-1:] if not (one.staying and name == "LATE")),
            *findings(
                one.permit,
                None if one.staying else one.residence_since,
                one.supported_since,
                municipality,
                _known(one.person.identifier, one.supported_since, but),
            ),
        ]
        for one in case.persons
    }


#: What it is called that a deadline wasn't kept; the later one says it.
_LATE = {"claim.days": "LATE", "claim.years": "NO_CLAIM_PERIOD"}


def _known(number: str, day: date, but: Message | None) -> Known:
    """What the register says of somebody on a day."""
    person = person_by_identifier("zemis", number)
    if person is None:
        return Known(None, None, frozenset())
    days = days_of(said_of(person.id, but=but.process if but else ""))

    def on(stretches: tuple[Stretch, ...]) -> list[Stretch]:
        return [one for one in stretches if one.since <= day and (one.until is None or day < one.until)]

    status, where = on(days.status), on(days.responsible)
    return Known(
        status[0].value[0] if status else None,
        where[0].value[0] if where else None,
        frozenset(one.value for one in on(days.claimed)),
    )
