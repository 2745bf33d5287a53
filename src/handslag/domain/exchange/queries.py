"""Reads on messages, what arrived, and the keys of partners."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from handslag.domain.exchange.frame import Opened, Unreadable, address_of, moment, named_key, opened
from handslag.domain.exchange.models import (
    Arrival,
    BusinessStep,
    Envelope,
    Message,
    Outcome,
    Partner,
    PartnerKey,
    Passed,
    SedexClient,
    SedexStep,
    TransportStep,
)
from handslag.domain.exchange.sedex import PUT_OUT
from handslag.domain.exchange.states import (
    AWAITED,
    BEGINNING,
    ENDED,
    OVER,
    PENDING,
    SPOKEN_OF,
    STANDING,
    Action,
    Business,
    Code,
    Direction,
    OutcomeState,
    Transport,
)
from handslag.domain.people.models import Membership, Person
from handslag.domain.people.queries import cleared_unit
from handslag.domain.tenancy.door import acting_door, planned_once
from handslag.domain.tenancy.models import Organisation, TenantKeyRow, Unit
from handslag.kernel.ids import least_of

#: A partner that doesn't answer is called again after these minutes, the last of them for ever.
AGAIN = (1, 2, 5, 10, 30, 60)


def again_after(attempts: int) -> timedelta:
    """How long after so many failed attempts the next one is made."""
    return timedelta(minutes=AGAIN[min(attempts, len(AGAIN)) - 1])


def own_address() -> str:
    """What the organisation behind the door is called outside."""
    return address_of(acting_door().the_tenant)


def partners() -> dict[str, Organisation | Partner]:
    """The organisations that a message can go to, by address: those that work in this installation, by name, then the
    registered ones of others. None where people train, and none of those."""
    if acting_door().the_tenant.training:
        return {}
    here = acting_door().the_tenant.id
    working = Organisation.objects.filter(is_tenant=True, active=True, training=False)
    rows = working.exclude(id=here).order_by("name", "id")
    others = {row.address: row for row in Partner.objects.order_by("name", "id")}
    return {**others, **{address_of(row): row for row in rows}}


def name_of(address: str) -> str:
    """The name of the organisation behind an address, or the address itself."""
    kind, _colon, rest = address.partition(":")
    code_type, _colon, code = rest.partition(":")
    found: Any = Organisation.objects.filter(kind=kind, code_type=code_type, code=code).first()
    found = found or Partner.objects.filter(address=address).first()
    return found.name if found else address


def unit_for(level: int, now: datetime) -> UUID:
    """The unit that looks at what nobody else is known for: of somebody cleared for that protection; read once per
    door."""
    door = acting_door()
    today = door.the_tenant.today(now)
    known: dict[tuple[int, date], UUID] = door.memory.setdefault("units", {})
    if (level, today) not in known:
        found = cleared_unit(level, today)
        known[level, today] = found or Unit.objects.order_by("id").values_list("id", flat=True)[0]
    return known[level, today]


def living_with_protected(above: int) -> QuerySet[Membership, UUID]:
    """Who lives today in a household of which an adult's protection is above a clearance: whoever hasn't it doesn't see
    their case either."""
    today = Membership.objects.filter(Q(until=None) | Q(until__gt=Now()), since__lte=Now())
    homes = today.filter(role="adult", person__protection_level__gt=above).values("household_id")
    return today.filter(household_id__in=homes).values_list("person_id", flat=True)


def least_clearance(person: UUID) -> int:
    """Which clearance sees what is said about a person: by her own protection and that of the adults she lives with."""
    today = Membership.objects.filter(Q(until=None) | Q(until__gt=Now()), since__lte=Now())
    homes = today.filter(person_id=person).values("household_id")
    adults = today.filter(role="adult", household_id__in=homes).values("person_id")
    found = Person.objects.filter(Q(id=person) | Q(id__in=adults)).aggregate(most=Max("protection_level"))
    return found["most"] or 0


def published_keys() -> list[dict[str, Any]]:
    """The public signing keys of the organisation behind the door, as it publishes them."""
    rows = TenantKeyRow.objects.filter(use="signing").order_by("since")
    return [{"key_id": r.key_id, "jwk": r.public_jwk, "since": r.since, "until": r.until} for r in rows]


def keys_of(partner: str, now: datetime | None = None) -> dict[str, dict[str, Any]]:
    """The noted keys of a partner by id; at a moment only those that haven't ended."""
    rows = PartnerKey.objects.filter(partner=partner)
    if now is not None:
        rows = rows.filter(Q(until=None) | Q(until__gt=now))
    return {row.key_id: row.jwk for row in rows.order_by("since", "id")}


def vouching(partner: str, now: datetime) -> dict[str, dict[str, Any]]:
    """The keys of a partner by which a newer key file of it is believed. Without any, it is compared by telephone."""
    return {key_id: jwk for key_id, jwk in keys_of(partner, now).items() if jwk.get("use", "sig") == "sig"}


def encrypted_to(partner: str, now: datetime) -> dict[str, Any] | None:
    """The newest key that a partner wants to be encrypted to."""
    found = [jwk for jwk in keys_of(partner, now).values() if jwk.get("use") == "enc"]
    return found[-1] if found else None


def own_keys() -> list[dict[str, Any]]:
    """The public keys of the organisation behind the door for its partners elsewhere, as a key file says them."""
    rows = TenantKeyRow.objects.filter(use__in=["signing", "exchange"]).order_by("since", "id")
    names = ("kid", "kty", "crv", "x", "y", "use")
    return [
        {**{name: (row.public_jwk or {})[name] for name in names}, "since": moment(row.since),
         "until": moment(row.until) if row.until else None}
        for row in rows
    ]  # fmt: skip


def waiting_for(partner: Partner, since: datetime, most: int = 100) -> list[Envelope]:
    """What was handed over for a partner elsewhere since then and it hasn't got yet, oldest first."""
    passed = Passed.objects.filter(id=OuterRef("id"))
    rows = Envelope.objects.filter(~Exists(passed), recipient=partner.address, handed_over_at__gte=since)
    return list(rows.order_by("handed_over_at", "id")[:most])


def sedex_client() -> SedexClient | None:
    """The sedex client of the organisation behind the door."""
    return SedexClient.objects.first()


def due_at_sedex(partner: Partner, since: datetime, now: datetime) -> list[tuple[Envelope, int]]:
    """What was handed over for a partner since then and has to be put into the outbox of the sedex client, with the
    number of the try, oldest first: what wasn't yet, and what failed on the way and whose time has come again."""
    steps = SedexStep.objects.filter(envelope_id=OuterRef("id"))
    tries = steps.filter(code=PUT_OUT).order_by("-attempt")
    failed = steps.filter(code__gte=400, code__lt=600).order_by("-attempt", "at")
    rows = Envelope.objects.filter(
        ~Exists(Passed.objects.filter(id=OuterRef("id"))), recipient=partner.address, handed_over_at__gte=since
    ).annotate(
        tries=Subquery(tries.values("attempt")[:1]),
        failed=Subquery(failed.values("attempt")[:1]),
        failed_at=Subquery(failed.values("at")[:1]),
    )
    found: list[tuple[Envelope, int]] = []
    for row in rows.filter(Q(tries=None) | Q(tries=F("failed"))).order_by("handed_over_at", "id"):
        if row.tries is None or now >= row.failed_at + again_after(row.tries):
            found.append((row, (row.tries or 0) + 1))
    return found


def steps_at_sedex(message: Message) -> list[SedexStep]:
    """What became of a message of ours at the sedex client, in order."""
    rows = SedexStep.objects.filter(envelope__recipient=message.partner, envelope__message_id=message.message_id)
    return list(rows.order_by("at", "attempt", "code"))


def last_at_sedex(messages: list[Message]) -> dict[UUID, int]:
    """The last code that sedex gave, or that it was put out, of each of these that goes by sedex, by `message_id`."""
    of = {(row.partner, row.message_id) for row in messages}
    rows = SedexStep.objects.filter(envelope__message_id__in=[key for _partner, key in of]).order_by("at", "code")
    found = rows.values_list("envelope__recipient", "envelope__message_id", "code")
    return {key: code for partner, key, code in found if (partner, key) in of}


def _literals(states: tuple[str, ...]) -> str:
    return ", ".join(f"'{state!s}'" for state in states)


#: What may be taken in with others is short, and nothing was ever noted about it or about another of its id. Looked for
#: among what is younger than `since`, by its key, and what is tried already: not among all that ever came. EXCEPT takes
#: as long as there are rows, whatever the statistics: an anti-join may be planned as a loop over all pairs, NOT EXISTS
#: as a table of all outcomes. The oldest of each sender, then the second of each, and so on: who sends much holds up
#: nobody else. The oldest of all is always among them.
_WAITING = f"""
SELECT a.id, a.tenant_id, a.sender, a.message_id, a.digest,
       CASE WHEN octet_length(a.sealed) <= 20000 THEN a.sealed ELSE '' END, a.arrived_at,
       octet_length(a.sealed) <= 20000
       AND (SELECT o.id FROM exchange_outcome o WHERE o.id = a.id) IS NULL
       AND (SELECT s.id FROM audit_subject s WHERE s.id = a.id) IS NULL
       AND (SELECT o.id FROM exchange_outcome o WHERE o.tenant_id = a.tenant_id AND o.sender = a.sender
            AND o.message_id = a.message_id AND o.state IN ({_literals(STANDING)})) IS NULL,
       EXISTS (SELECT FROM exchange_outcome WHERE state = '{OutcomeState.TRYING}' AND waits_for IS NOT NULL)
FROM (SELECT id FROM (
          SELECT id, row_number() OVER (
              PARTITION BY (SELECT sender FROM exchange_arrival WHERE id = w.id) ORDER BY id) AS turn
          FROM (SELECT id FROM exchange_outcome o WHERE state = '{OutcomeState.TRYING}' AND (
                    next_at IS NULL OR next_at <= %(now)s OR EXISTS (
                        SELECT FROM exchange_message m WHERE m.tenant_id = o.tenant_id
                        AND m.direction = '{Direction.IN}' AND m.partner = o.sender AND m.message_id = o.waits_for))
                UNION ALL (SELECT id FROM exchange_arrival WHERE id >= %(since)s::uuid
                           EXCEPT SELECT id FROM exchange_outcome WHERE id >= %(since)s::uuid)) w
          WHERE id <> ALL(%(tried)s::uuid[])) w
      ORDER BY turn, id LIMIT %(most)s) w
CROSS JOIN LATERAL (SELECT * FROM exchange_arrival WHERE id = w.id OFFSET 0) a
ORDER BY a.id
"""


def waiting_arrivals(
    tried: list[UUID], most: int, since: UUID, now: datetime
) -> tuple[list[tuple[Arrival, bool]], bool]:
    """What arrived, has no outcome yet and doesn't wait for another, without those `tried`: the oldest of each sender,
    in the order in which it was put in; each with whether it may be taken in together with others. One that mayn't is
    without its sealed text, which may be large. `since`: all that has a lesser key was noted already. And whether
    something else waits for a message that may be among these."""
    names = [field.attname for field in Arrival._meta.concrete_fields]
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"tried": tried, "most": most, "since": since, "now": now})
        rows = cursor.fetchall()
    return [(Arrival.from_db("default", names, row[:7]), row[7]) for row in rows], any(row[8] for row in rows)


class UnknownKey(Unreadable):
    """Sealed by a key of `sender` that wasn't noted yet."""

    def __init__(self, sender: str, key_id: str) -> None:
        super().__init__(Code.SIGNATURE, f"no key {key_id[:12]} of {sender}", final=False)
        self.sender = sender


def noted_keys(partners: Iterable[str]) -> dict[tuple[str, str], tuple[dict[str, Any], datetime | None]]:
    """The noted keys of these partners, and until when they are believed, by partner and id."""
    sql = "SELECT partner, key_id, jwk::text, until FROM exchange_partnerkey WHERE partner = ANY(%s::text[])"
    with planned_once() as cursor:
        cursor.execute(sql, [list(partners)])
        return {(partner, key_id): (json.loads(jwk), until) for partner, key_id, jwk, until in cursor.fetchall()}


def open_arrival(found: Arrival, keys: Mapping[tuple[str, str], tuple[dict[str, Any], datetime | None]]) -> Opened:
    """What arrived, by the noted key of its sender, who must be the one that it names, and before that key ended: when
    it was sent says whoever signed it. Unreadable; UnknownKey."""
    key_id = named_key(found.sealed)
    if (found.sender, key_id) not in keys:
        raise UnknownKey(found.sender, key_id)
    jwk, until = keys[found.sender, key_id]
    seen = opened(found.sealed, jwk, key_id)
    if jwk.get("use", "sig") != "sig" or (until and found.arrived_at >= until):
        raise Unreadable(Code.SIGNATURE, f"key {key_id[:12]} of {found.sender} has ended", final=False)
    header = seen.framed.header
    if (header.sender, header.id, seen.digest) != (found.sender, str(found.message_id), found.digest):
        raise Unreadable(Code.SIGNATURE, "the envelope names another sender, message or content", final=False)
    if header.recipient != own_address():
        raise Unreadable(Code.NOT_FOR_US, f"is for {header.recipient}", final=False)
    return seen


def sent(partner: str, message_id: UUID | str, lock: bool = False) -> Message | None:
    """A message of ours, as its receiver names it."""
    rows = Message.objects.select_for_update(of=("self",)) if lock else Message.objects
    return rows.filter(direction=Direction.OUT, partner=partner, message_id=message_id).first()


def received(partner: str, message_id: UUID | str, lock: bool = False) -> Message | None:
    """A message of a partner, as it called it."""
    rows = Message.objects.select_for_update(of=("self",)) if lock else Message.objects
    return rows.filter(direction=Direction.IN, partner=partner, message_id=message_id).first()


def sealed_of(message: Message) -> str:
    """A message as its sender signed it (compact JWS); "" while it hasn't left."""
    found: Any = Envelope.objects.filter(
        recipient=message.partner, message_id=message.message_id, digest=message.digest
    )
    if message.direction == Direction.IN:
        stands = Outcome.objects.filter(taken=message, message_id=message.message_id).values("id")
        found = Arrival.objects.filter(id__in=stands)
    return next(iter(found.values_list("sealed", flat=True)), "")


def due_hand_overs(before: datetime) -> list[UUID]:
    """What was sealed before that moment and has not left."""
    rows = Message.objects.filter(transport=Transport.SEALED, created_at__lte=before)
    return list(rows.order_by("created_at", "id").values_list("id", flat=True))


def uncollected(before: datetime) -> list[UUID]:
    """What was handed over before that moment, with no receipt since, and no other word of the receiver's."""
    rows = Message.objects.filter(transport=Transport.HANDED_OVER, handed_over_at__lte=before)
    rows = rows.exclude(business__in=SPOKEN_OF)
    return list(rows.order_by("handed_over_at", "id").values_list("id", flat=True))


#: What may be said again: it didn't arrive, and nobody took it back.
_LOST = (
    Q(transport=Transport.REJECTED)
    | Q(transport=Transport.EXPIRED) & ~Q(business__in=SPOKEN_OF)
    | Q(transport=Transport.TAKEN_BACK, code="protected")
    | Q(transport=Transport.HANDED_OVER, refused=True) & ~Q(business__in=SPOKEN_OF)
)


def lost(rows: QuerySet[Message]) -> QuerySet[Message]:
    """Of some messages those of ours that didn't arrive and that weren't sent again. `refused`: the
    other installation didn't even let it in."""
    refusal = Passed.objects.filter(
        id__in=Envelope.objects.filter(
            recipient=OuterRef(OuterRef("partner")), message_id=OuterRef(OuterRef("message_id"))
        ).values("id")
    ).exclude(code="")
    again = Message.objects.filter(instead_of_id=OuterRef("id"))
    out = rows.filter(direction=Direction.OUT).annotate(refused=Exists(refusal))
    found: QuerySet[Message] = out.filter(_LOST).exclude(Exists(again))
    return found


def may_send_again(row: Message) -> bool:
    """Whether a message of ours may be sent again: it didn't arrive, and what it says is still wanted."""
    return lost(Message.objects.filter(id=row.id).exclude(business__in=OVER)).exists()


def overdue(today: date, before: datetime) -> QuerySet[Message]:
    """What was asked, by us or of us, or asked back, whose day is over without an answer, and of which nobody was told
    yet. So is what names no day, as machines answer it, and was sealed or came `before` that moment."""
    late = Q(due_on__lt=today) | Q(due_on=None, created_at__lte=before)
    first = first_messages(Message.objects.filter(late, overdue_at=None, test=False))
    return first.filter(Q(transport=Transport.DELIVERED) | Q(business__in=SPOKEN_OF), business__in=PENDING)


#: A month of messages says how it goes; what is older has expired.
_FIGURED, _RATE, _LEFT = timedelta(days=31), timedelta(days=1), timedelta(hours=1)


def unlooked(before: datetime) -> QuerySet[Arrival]:
    """What arrived before that moment, in the last month, and nobody's outcome says what became of it, oldest first."""
    month = least_of(_FIGURED.total_seconds())
    ended = Outcome.objects.filter(id=OuterRef("id"), id__gte=month, state__in=ENDED)
    rows = Arrival.objects.filter(~Exists(ended), id__gte=month, arrived_at__lt=before)
    return rows.order_by("arrived_at", "id")


def left_alone(kinds: Iterable[str], before: datetime) -> list[Message]:
    """What began something before that moment, of kinds that the system looks at before a person does, and nobody has
    done anything about: no answer of ours, no step. Without their contents."""
    ours = Message.objects.filter(direction=Direction.OUT)
    answer = ours.filter(partner=OuterRef("partner"), reference=OuterRef("message_id"))
    rows = first_messages(Message.objects.filter(direction=Direction.IN, kind__in=kinds, test=False))
    rows = rows.filter(~Exists(answer), business=Business.NONE, overdue_at=None, created_at__lt=before)
    return list(rows.defer("content").order_by("created_at", "id"))


def given_lately(before: datetime) -> list[tuple[UUID, UUID]]:
    """The requests for documents of ours that were granted, in part or whole, in the day before that moment: each with
    the message that says so."""
    steps = BusinessStep.objects.filter(id__gte=least_of(_RATE.total_seconds()), at__lt=before)
    asked = steps.filter(message__direction=Direction.OUT, message__kind="document_request", message__test=False)
    rows = asked.filter(state__in=(Business.ACCEPTED, Business.CHANGED)).exclude(said=None)
    return list(rows.order_by("id").values_list("message_id", "said_id"))


def conversation(message: Message) -> list[Message]:
    """A first message and everything that was said about it, in order."""
    about = Q(partner=message.partner, reference=message.message_id, process=message.process)
    return list(Message.objects.filter(Q(id=message.id) | about).order_by("created_at", "id"))


def under_way(first: Message) -> Message | None:
    """What of a conversation can still be taken back: its first message, or the newest thing said about it."""
    waiting = [row for row in conversation(first) if row.transport == Transport.SEALED]
    return waiting[-1] if waiting else None


def may_say(first: Message, act: str) -> bool:
    """Whether a conversation waits for this, and nobody is saying it already: `answer`, `ask back`, `add`, `recall`,
    `remind`."""
    waits = under_way(first) is None
    if act == "add":
        return waits and first.direction == Direction.OUT and first.business == Business.QUESTION
    if act in ("recall", "remind"):
        there = first.transport == Transport.DELIVERED or first.business in SPOKEN_OF
        sent = first.direction == Direction.OUT and there
        return waits and sent and (first.business in AWAITED if act == "remind" else first.business not in OVER)
    if first.direction != Direction.IN or first.business in OVER:
        return False
    return waits and (act == "answer" or first.business != Business.QUESTION)


def first_of(message: Message) -> Message | None:
    """The message that began the conversation; None where it isn't here."""
    if message.reference is None:
        return message
    answers = message.action == Action.RESPONSE
    ours = (message.direction == Direction.OUT) != answers  # both sides may have used the same id
    direction = Direction.OUT if ours else Direction.IN
    return Message.objects.filter(direction=direction, partner=message.partner, message_id=message.reference).first()


def first_messages(rows: QuerySet[Message]) -> QuerySet[Message]:
    """Of some messages those that began something: no answers and additions."""
    return rows.filter(action__in=BEGINNING)


def asked_about(subject: UUID) -> list[Message]:
    """What other organisations were asked about a case or person, newest first."""
    rows = first_messages(Message.objects.filter(about_id=subject, direction=Direction.OUT))
    return list(rows.exclude(transport=Transport.TAKEN_BACK).order_by("-created_at", "-id"))


def replies_to(messages: list[Message]) -> dict[UUID, list[Message]]:
    """What was said in answer to each of these, oldest first, by the message's `message_id`."""
    found: dict[UUID, list[Message]] = {message.message_id: [] for message in messages}
    rows = Message.objects.filter(direction=Direction.IN, action=Action.RESPONSE, reference__in=found)
    for row in rows.order_by("created_at", "id"):
        assert row.reference is not None
        found[row.reference].append(row)
    return found


def steps_of(message: Message) -> list[TransportStep | BusinessStep]:
    """Every step of a message, of its way and of its matter, in the order in which they were caused."""
    found: list[TransportStep | BusinessStep] = [
        *TransportStep.objects.filter(message=message),
        *BusinessStep.objects.filter(message=message),
    ]
    return sorted(found, key=lambda step: (step.at, isinstance(step, BusinessStep), step.place))


def proof_of(message: Message) -> dict[str, Any]:
    """A message as its sender sealed it, with every signed step: what `python -m verifier.exchange` checks off-line."""
    steps = [{"state": one.state, "by": one.by, "at": one.at, "sealed": one.sealed} for one in steps_of(message)]
    shown = msgspec.Raw(message.content.encode())
    return {"message": shown, "digest": message.digest, "sealed": sealed_of(message), "steps": steps}


@dataclass(frozen=True, kw_only=True)
class Figures:
    """How it goes with one partner, for whoever runs the system: nothing of what is said to whom about whom.

    `way`: "here" (the same installation), "called", "calls us" or "sedex". `waiting`: handed over, with no receipt
    yet nor any other word, and `oldest` of them; `held`: sealed more than an hour ago, and it couldn't
    leave; `unanswered`: delivered, and no answer yet; `lost`: didn't arrive, and
    nobody has sent it again; `set_aside`: couldn't be read; `unlooked`: came more than an hour ago, and the job hasn't
    ended with it. `sent`, `delivered` and `received` are those of the last 24 hours.
    """

    partner: str
    name: str
    way: str
    failing_since: datetime | None = None
    trouble: str = ""
    reached_at: datetime | None = None
    waiting: int = 0
    oldest: datetime | None = None
    held: int = 0
    unanswered: int = 0
    lost: int = 0
    set_aside: int = 0
    unlooked: int = 0
    sent: int = 0
    delivered: int = 0
    received: int = 0


def figures(now: datetime) -> list[Figures]:
    """The figures of every partner of the organisation behind the door that was ever written to, or is registered; by
    address."""
    rows = Message.objects.filter(created_at__gt=now - _FIGURED)
    out = Q(direction=Direction.OUT)
    waits = out & Q(transport=Transport.HANDED_OVER) & ~Q(business__in=SPOKEN_OF)
    counted: dict[str, dict[str, Any]] = {
        row["partner"]: {name: value for name, value in row.items() if name != "partner"}
        for row in rows.values("partner").annotate(
            waiting=Count("id", filter=waits),
            oldest=Min("handed_over_at", filter=waits),
            held=Count("id", filter=out & Q(transport=Transport.SEALED, created_at__lt=now - _LEFT)),
            unanswered=Count("id", filter=out & Q(transport=Transport.DELIVERED, business__in=AWAITED, action="5")),
            sent=Count("id", filter=out & Q(handed_over_at__gt=now - _RATE)),
            received=Count("id", filter=Q(direction=Direction.IN, created_at__gt=now - _RATE)),
        )
    }
    steps = TransportStep.objects.filter(id__gte=least_of(2 * _RATE.total_seconds()), message__direction=Direction.OUT)
    arrived = _by(steps.filter(state=Transport.DELIVERED, at__gt=now - _RATE), "message__partner")
    gone = _by(lost(rows), "partner")
    aside = _by(Outcome.objects.filter(state=OutcomeState.QUARANTINED), "sender")
    left = _by(unlooked(now - _LEFT).order_by(), "sender")
    registered = {row.address: row for row in Partner.objects.all()}
    return [
        Figures(
            partner=address,
            name=known.name if (known := registered.get(address)) else name_of(address),
            way="here" if known is None else "sedex" if known.sedex else "called" if known.url else "calls us",
            failing_since=known.failing_since if known else None,
            trouble=known.trouble if known else "",
            reached_at=known.reached_at if known else None,
            delivered=arrived.get(address, 0),
            lost=gone.get(address, 0),
            set_aside=aside.get(address, 0),
            unlooked=left.get(address, 0),
            **counted.get(address, {}),
        )
        for address in sorted({*counted, *gone, *aside, *left, *registered})
    ]


def _by(rows: QuerySet[Any], name: str) -> dict[str, int]:
    return dict(rows.values_list(name).annotate(Count("id")))
