"""Tell an account and compare it with another, inside the tenant's door; sealed is what `Reconciliation` takes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from handslag.domain.accounts.models import Account
from handslag.domain.accounts.queries import account_of, known_in, parts_of
from handslag.domain.accounts.states import Side
from handslag.domain.exchange.frame import LARGEST
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.domain.exchange.states import Action, Business
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel import canonical
from handslag.messages.conversation import replying
from handslag.messages.reconciliation.message import DIFFERS, MOST, Compared, Difference, Known, Ledger, Part

#: Bytes of the differences in an answer: with what else stands in it no more than a message may have.
ROOM = LARGEST - 20_000
#: A part and a source of it: (regime, since, rests on, reference).
_Place = tuple[str, date, str, str]


def told(account: Account | None, side: Side) -> Ledger:
    """The account as it is told; nothing where there is none. NotPossible("too many postings")."""
    parts: list[Part] = []
    if account is not None:
        known = known_in(account.id)
        for number, one in enumerate(parts_of(account.id), 1):
            sources = known[one.regime, one.since, one.until, one.currency]
            names = ("claimed", "cut", "expired", "accepted", "netted", "paid")
            parts.append(
                Part(
                    number=number, regime=one.regime, since=one.since, until=one.until, currency=one.currency,
                    postings=[Known(rests_on=a, reference=b, digest=digest)  # type: ignore[arg-type]
                              for (a, b), digest in sorted(sources.items())],
                    **{name: getattr(one.figures, name) for name in names},
                )
            )  # fmt: skip
    if sum(len(one.postings) for one in parts) > MOST:
        raise NotPossible("too many postings")
    return Ledger(
        side="payer" if side == Side.PAYER else "claimant",
        digest=canonical.digest(msgspec.to_builtins(parts)),
        parts=parts,
    )


def asking(*, key: UUID, account: Account, unit: UUID, test: bool = False) -> NewMessage:
    """The message that tells an account. NotPossible("too many postings")."""
    return NewMessage(
        id=key,
        kind="reconciliation",
        action=Action.REQUEST,
        recipient=account.partner,
        body={"asked": _said(told(account, Side(account.side)))},
        unit=unit,
        about=account.id,
        response_expected=True,
        test=test,
    )


def answering(*, key: UUID, asked: Message, theirs: Ledger) -> tuple[NewMessage, bool]:
    """The message that says how our own account compares with what was told, and whether it is equal."""
    side = Side.CLAIMANT if theirs.side == Side.PAYER.value else Side.PAYER
    ours = told(account_of(asked.partner, side), side)
    compared = Compared(number=1, digest=ours.digest, differences=that_fit(differences(ours, theirs)))
    equal = not compared.differences
    body: dict[str, Any] = {"answers": [_said(compared)]}
    state = Business.ACCEPTED if equal else Business.REJECTED
    return replying(key, asked, state, body, code="" if equal else DIFFERS), equal


def _said(part: Ledger | Compared) -> dict[str, Any]:
    """As it is written: an empty list isn't said."""
    return {name: value for name, value in msgspec.to_builtins(part).items() if value != []}


def differences(ours: Ledger, theirs: Ledger) -> list[Difference]:
    """What one of two accounts has and the other hasn't, or has otherwise, in the order of the parts."""
    here, there = _sources(ours.parts), _sources(theirs.parts)
    return [
        Difference(
            regime=place[0],
            since=place[1],
            rests_on=place[2],  # type: ignore[arg-type]
            reference=place[3],
            state="different" if place in here and place in there else "missing here" if place in there
            else "missing with you",
        )
        for place in sorted({*here, *there}, key=lambda one: (one[1], *one))
        if here.get(place) != there.get(place)
    ]  # fmt: skip


def that_fit(found: list[Difference]) -> list[Difference]:
    """The first of them, as many as a message has room for: the others are told when those are mended and the account
    is told anew."""
    kept, room = [], ROOM
    for one in found:
        room -= len(msgspec.json.encode(one)) + 1
        if room < 0:
            break
        kept.append(one)
    return kept


def _sources(parts: Iterable[Part]) -> dict[_Place, list[str]]:
    """The digests by part and source: a source may move something in two currencies."""
    found: dict[_Place, list[str]] = {}
    for part in parts:
        for one in part.postings:
            place = (part.regime, part.since, one.rests_on, one.reference)
            found.setdefault(place, []).append(f"{part.currency} {part.until} {one.digest}")
    return {place: sorted(digests) for place, digests in found.items()}
