"""What was told to others about a person: kept in her own history, where she reads it (article 15(1)(c) GDPR)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.tenancy.door import Actor
from handslag.domain.tenancy.permissions import Hidden


class PassedOn(Event):
    kind = "passed on"


@operation()
def note_passed_on(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    person: UUID,
    message: UUID,
    to: str,
    what: str,
    names: list[str],
    ground: str,
    consented_on: str,
) -> Done[None]:
    """Note that a message about a person has left for the organisation called `to`: `what` it was, the `names` of what
    was told where it has names, and on which ground, with the day of consent where that is the ground."""
    if by.kind != "system":
        raise Hidden("person", person)
    payload = {"message": str(message), "to": to, "what": what, "names": names, "ground": ground}
    return Done(None, PassedOn(subject=person, payload={**payload, "consented_on": consented_on}))
