"""What other organisations were asked about a case, beside the lines and beside the case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.permissions import ROLES
from handslag.domain.exchange.queries import asked_about, partners, replies_to
from handslag.domain.exchange.states import Business, Direction, Transport
from handslag.domain.tenancy.permissions import Member
from handslag.messages.conversation import read, words_in
from handslag.messages.question.message import Answer
from handslag.web.caseworker.wording import BUSINESS, REASONS, TRANSPORT


@dataclass(frozen=True)
class AskedOf:
    """A question as the case page shows it: who was asked, how it stands, what was answered to each line of ours."""

    key: UUID
    to: str
    asked: str
    state: str
    colour: str
    due_on: date | None
    open: bool
    answers: dict[str, str]
    lines: frozenset[str]


def standing_of(message: Message) -> tuple[str, str]:
    """How a question stands, in words, and the colour of the tag: by its matter, before that by its way. Of a question
    that we were asked it is we who look at it."""
    if message.direction == Direction.IN and message.business in (Business.NONE, Business.IN_CHECK):
        return (_("your unit is looking at it"), "info") if message.business else (_("new"), "warning")
    if message.business != Business.NONE:
        word, colour = BUSINESS[Business(message.business)]
    else:
        word, colour = TRANSPORT[Transport(message.transport)]
    return str(word), colour


def asked_of(case: UUID, member: Member) -> list[AskedOf]:
    """The questions about a case, newest first, as far as this member may see them; tests aren't about a case."""
    if not member.roles & ROLES:
        return []
    rows = [row for row in asked_about(case) if row.level <= member.clearance and not row.test]
    if not rows:
        return []
    names, replies = partners(), replies_to([row for row in rows if row.places])
    found = []
    for row in rows:
        said = read(row)
        state, colour = standing_of(row)
        open_still = row.business in (Business.NONE, Business.IN_CHECK, Business.QUESTION)
        found.append(
            AskedOf(
                row.id,
                names[row.partner].name if row.partner in names else row.partner,
                words_in(said) if said.asked else "",
                state,
                colour,
                row.due_on,
                open_still and row.transport not in (Transport.REJECTED, Transport.EXPIRED),
                _by_line(row, replies.get(row.message_id, [])),
                frozenset(row.places.values()),
            )
        )
    return found


def _by_line(asked: Message, replies: list[Message]) -> dict[str, str]:
    """What was answered, by our key of the line it is about."""
    return {
        asked.places[str(answer.number)]: answer.text or str(REASONS[answer.reason])
        for reply in replies
        for answer in read(reply).answers
        if isinstance(answer, Answer) and str(answer.number) in asked.places
    }


def beside(rows: list[Any], questions: list[AskedOf]) -> None:
    """Put to each line of the case what was asked about it: by whom it is answered, and how."""
    for row in rows:
        row.asked = [(one, one.answers.get(row.key, "")) for one in questions if row.key in one.lines]
