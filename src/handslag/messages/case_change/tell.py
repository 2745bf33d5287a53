"""What the canton's register itself says to the municipality where somebody moves to, inside the canton's door."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.domain.exchange.queries import partners
from handslag.domain.exchange.states import Direction
from handslag.domain.register.models import Notice
from handslag.domain.register.states import MOVED
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.policies import NotPossible
from handslag.messages.case_change.build import Changing, changed_in, changing

#: How long a municipality has for its answer.
WITHIN = timedelta(days=14)


def to_who_takes_over(asked: Message, now: datetime) -> tuple[list[NewMessage], list[UUID]]:
    """What tells the municipality where people move to that they are its from then on, once the canton has agreed that
    they move; and of whom it can't be told by message. Nothing for any other change, and at the municipality."""
    if asked.kind != "case_change" or asked.direction != Direction.IN:
        return [], []
    told = changed_in(asked)
    if told.change != "move" or told.municipality is None:
        return [], []
    rows = Notice.objects.filter(message=asked, value=MOVED, disputed=False).order_by("id")
    persons = list(rows.values_list("person_id", flat=True))
    if not persons:
        return [], []
    new = Changing(
        key=uuid5(asked.id, "takeover"), recipient=told.municipality, unit=asked.unit_id, persons=persons,
        change="takeover", on=told.on, municipality=asked.partner, plan=told.plan, open_costs=told.open_costs,
        answer_by=acting_door().the_tenant.today(now) + WITHIN, text=told.text, assessed=asked.assessed, now=now,
    )  # fmt: skip
    try:
        return ([changing(new)], []) if told.municipality in partners() else ([], persons[:1])
    except NotPossible:
        return [], persons[:1]
