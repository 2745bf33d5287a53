"""What the canton's register itself says to municipalities, inside the canton's door."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from uuid import UUID, uuid5

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.domain.exchange.queries import own_address
from handslag.domain.exchange.states import Direction
from handslag.domain.register.models import Contradiction, Notice
from handslag.domain.register.policies import CANTON
from handslag.domain.register.states import What
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.policies import NotPossible
from handslag.messages.conversation import Opening
from handslag.messages.mutation.build import Telling, telling
from handslag.messages.question.build import asking

#: How long a municipality has for its answer.
WITHIN = timedelta(days=14)
#: The question about a contradiction, by the language of the canton.
QUESTIONS = {
    "de": "Zu den Tagen ab {day} haben wir Meldungen, die sich widersprechen. Für diese Tage zahlt niemand zurück, bis "
    "es geklärt ist. Bis wann oder ab wann war die Person bei Ihnen, und was zeigt es?",
    "fr": "Nous avons reçu des annonces contradictoires pour les jours à partir du {day}. Personne ne rembourse ces "
    "jours tant que ce n’est pas réglé. Jusqu’à quand ou à partir de quand la personne était-elle chez vous, et "
    "qu’est-ce qui le montre\u202f?",
}
GROUNDS = {"de": "§ 10 AfV ZH: Zuständigkeit und Kostenersatz", "fr": "§ 10 AfV ZH : compétence et remboursement"}


def to_who_was_left(asked: Message, now: datetime) -> tuple[list[NewMessage], list[UUID]]:
    """What tells the municipality that people of an answered assignment moved from: a mutation for each day; and of
    whom nothing may leave by message. Nothing where nobody moved, and at the municipality."""
    if asked.kind != "assignment" or asked.direction != Direction.OUT:
        return [], []
    moved: dict[tuple[str, str, date], list[UUID]] = defaultdict(list)
    rows = Notice.objects.filter(what=What.MUNICIPALITY, message__reference=asked.message_id).exclude(moves_from="")
    for row in rows.order_by("id"):
        moved[row.moves_from, row.value, row.day].append(row.person_id)
    told: list[NewMessage] = []
    untold: list[UUID] = []
    for (left, to, day), persons in moved.items():
        new = Telling(
            key=uuid5(asked.id, f"{left} {day}"), recipient=left, unit=asked.unit_id, persons=persons, change="move",
            on=day, municipality=to, answer_by=_by(now), assessed=asked.assessed, now=now,
        )  # fmt: skip
        try:
            told.append(telling(new))
        except NotPossible:
            untold.append(persons[0])
    return told, untold


def about_contradiction(found: Contradiction, unit: UUID, now: datetime) -> list[NewMessage]:
    """A question to each municipality that said something of the days of a contradiction, at the canton; where she is
    protected nothing leaves, and a person asks."""
    if not own_address().startswith(CANTON):
        return []
    said = Notice.objects.filter(person_id=found.person_id, what=found.what, message__isnull=False)
    asked = {row.message.partner for row in said.select_related("message")} | set(found.values)
    languages = acting_door().the_tenant.languages
    language = next((one for one in languages if one in QUESTIONS), "de")
    told = []
    for partner in sorted(one for one in asked if one.startswith("municipality:")):
        new = Opening(
            key=uuid5(found.person_id, f"{found.what} {found.since} {found.values} {partner}"), recipient=partner,
            person=found.person_id, about=found.person_id, unit=unit, number="", answer_by=_by(now),
            text=QUESTIONS[language].format(day=f"{found.since:%d.%m.%Y}"), assessed="", test=False, now=now,
        )  # fmt: skip
        try:
            told.append(asking(new, month=None, ground=GROUNDS[language], lines=[]))
        except NotPossible:
            return []
    return told


def _by(now: datetime) -> date:
    return acting_door().the_tenant.today(now) + WITHIN
