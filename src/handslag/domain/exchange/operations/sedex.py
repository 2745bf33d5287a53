"""Messages by the sedex client: put into its outbox, answered by its receipts; what it brings and can't be read is set
aside. What sedex says isn't signed: the step of a message that follows is signed by us, who were told so."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.exchange.models import (
    Arrival,
    Envelope,
    Message,
    Outcome,
    Partner,
    Passed,
    SedexClient,
    SedexStep,
)
from handslag.domain.exchange.operations.inbox import ArrivalTried, ReplyTakenIn
from handslag.domain.exchange.operations.outbox import MessageExpired, MessageUncollected, note_transport
from handslag.domain.exchange.permissions import only_jobs
from handslag.domain.exchange.queries import again_after
from handslag.domain.exchange.sedex import HIGHEST_TYPE, PARTICIPANT, PUT_OUT, Effect, effect_of
from handslag.domain.exchange.states import MOST_TRIES, OutcomeState, Transport
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.policies import NotPossible


class SedexConnected(Event):
    """Messages can go by the sedex client from now on."""

    kind = "sedex connected"


class PartnerBySedex(Event):
    """A partner is reached by sedex from now on."""

    kind = "partner by sedex"


class PutOutBySedex(Event):
    """Envelopes lie in the outbox of the sedex client."""

    kind = "put out by sedex"


class SedexReceiptNoted(Event):
    """What sedex says of an envelope."""

    kind = "sedex receipt noted"


class SedexRound(Event):
    """The folders of the sedex client are in order again, or aren't any more."""

    kind = "sedex round"


@operation()
def connect_sedex(*, tenant: str | int, by: Actor, now: datetime, participant: str, folder: str) -> Done[SedexClient]:
    """Say under which id the organisation takes part in sedex, and in which folder its client has outbox, inbox and
    receipts. NotPossible("participant")."""
    only_jobs(by, "sedex")
    if acting_door().the_tenant.training:
        raise NotPossible("training")
    _participant(participant)
    row = SedexClient.objects.select_for_update(of=("self",)).first()
    row = row or SedexClient(id=open_subject("organisation"), connected_at=now, version=0)
    row.participant, row.folder, row.failing_since, row.trouble = participant, folder, None, ""
    row.version += 1
    row.save()
    payload = {"participant": participant}
    return Done(row, SedexConnected(subject=row.id, payload=payload))


@operation()
def reach_by_sedex(
    *, tenant: str | int, by: Actor, now: datetime, partner: UUID, participant: str, message_type: int
) -> Done[Partner]:
    """Let messages to a partner go by sedex from now on, to its id there and under the type that was agreed.

    NotPossible("participant"), ("message type"), ("participant taken").
    """
    only_jobs(by, "sedex")
    _participant(participant)
    if not 0 <= message_type <= HIGHEST_TYPE:
        raise NotPossible("message type")
    if Partner.objects.filter(sedex=participant).exclude(id=partner).exists():
        raise NotPossible("participant taken")
    row = Partner.objects.select_for_update(of=("self",)).get(id=partner)
    row.url, row.sedex, row.sedex_type, row.told = "", participant, message_type, ""
    row.failing_since, row.trouble, row.attempts, row.next_at = None, "", 0, None
    row.version += 1
    row.save()
    payload = {"partner": row.address, "participant": participant, "type": message_type}
    return Done(row, PartnerBySedex(subject=row.id, payload=payload))


@operation()
def note_put_out(
    *, tenant: str | int, by: Actor, now: datetime, partner: UUID, tries: list[tuple[UUID, int]]
) -> Done[int]:
    """These envelopes, each with the number of the try, lie in the outbox. NotPossible("put out") when it is known."""
    only_jobs(by, "sedex")
    keys = [key for key, _attempt in tries]
    there = set(SedexStep.objects.filter(envelope__in=keys, code=PUT_OUT).values_list("envelope_id", "attempt"))
    made = SedexStep.objects.bulk_create(
        SedexStep(envelope_id=key, attempt=attempt, code=PUT_OUT, at=now)
        for key, attempt in tries
        if (key, attempt) not in there
    )
    if not made:
        raise NotPossible("put out")
    payload = {"envelopes": [str(row.envelope_id) for row in made]}
    return Done(len(made), PutOutBySedex(subject=partner, payload=payload))


@operation()
def record_keys_by_sedex(
    *, tenant: str | int, by: Actor, now: datetime, partner: UUID, told: str = "", code: int = PUT_OUT
) -> Done[Partner]:
    """A key file lies in the outbox for a partner, who will know `told` of our keys; or what a receipt says of it.
    Where it doesn't arrive it is put out again. NotPossible("no news") for a receipt that changes nothing."""
    only_jobs(by, "sedex")
    row = Partner.objects.select_for_update(of=("self",)).get(id=partner)
    effect = effect_of(code)
    if told:
        row.told = told
    elif effect == Effect.ARRIVED:
        row.reached_at, row.failing_since, row.trouble, row.attempts, row.next_at = now, None, "", 0, None
    elif effect in (Effect.REFUSED, Effect.EXPIRED, Effect.AGAIN):
        row.told, row.attempts = "", row.attempts + 1
        row.failing_since, row.trouble = row.failing_since or now, f"sedex {code}"
        row.next_at = now + again_after(row.attempts)
    else:
        raise NotPossible("no news")
    row.version += 1
    row.save()
    payload = {"partner": row.address, "told": bool(told), "code": code}
    return Done(row, PartnerBySedex(subject=row.id, payload=payload))


@operation()
def record_sedex_receipt(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    envelope: UUID,
    attempt: int,
    code: int,
    info: str,
    said_at: datetime,
) -> Done[SedexStep]:
    """Note what sedex says of a try, and what follows: it is at the receiver's, was refused or never fetched (then a
    person is told), or is given again. That the receiver has taken it in says its own, signed receipt.

    NotPossible("noted") for the same once more, and where it is known how it ended.
    """
    only_jobs(by, "sedex")
    found = Envelope.objects.get(id=envelope)
    partner = Partner.objects.select_for_update(of=("self",)).get(address=found.recipient)
    if SedexStep.objects.filter(envelope=found, attempt=attempt, code=code).exists():
        raise NotPossible("noted")
    step = SedexStep.objects.create(
        envelope=found, attempt=attempt, code=code, info=info[:255], said_at=said_at, at=now
    )
    events: list[Event] = [
        SedexReceiptNoted(subject=partner.id, payload={"envelope": str(envelope), "try": attempt, "code": code})
    ]
    effect, ended = effect_of(code), Passed.objects.filter(id=envelope).exists()
    said = f"sedex {code}"
    if effect in (Effect.ARRIVED, Effect.REFUSED, Effect.EXPIRED) and not ended:
        Passed.objects.create(id=envelope, partner=partner, code="" if effect == Effect.ARRIVED else said, at=now)
    if effect == Effect.AGAIN:
        partner.failing_since, partner.trouble = partner.failing_since or now, said
    elif effect == Effect.ARRIVED:
        partner.reached_at, partner.failing_since, partner.trouble = now, None, ""
    if effect in (Effect.AGAIN, Effect.ARRIVED):
        partner.version += 1
        partner.save()
    rows = Message.objects.select_for_update(of=("self",))
    message = rows.filter(direction="out", partner=found.recipient, message_id=found.message_id).first()
    if message is not None and message.transport == Transport.HANDED_OVER and not ended:
        events += _follows(message, effect, said, now)
    return Done(step, *events)


def _follows(message: Message, effect: Effect, said: str, now: datetime) -> list[Event]:
    """What a message of ours becomes by what sedex says of it, and what people are told."""
    told: Event
    if effect == Effect.REFUSED:
        message.code = said
        note_transport(message, Transport.REJECTED, now, code=said)
        told = ReplyTakenIn(subject=message.id, payload={"state": "not delivered", "code": said})
    elif effect == Effect.EXPIRED:
        message.code = said
        note_transport(message, Transport.EXPIRED, now, code=said)
        told = MessageExpired(subject=message.id, payload={"to": message.partner})
    elif effect == Effect.SOON and message.warned_at is None:
        message.warned_at = now
        message.version += 1
        told = MessageUncollected(subject=message.id, payload={"to": message.partner})
    else:
        return []
    message.save()
    return [told]


@operation()
def set_aside(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    sender: str,
    message_id: UUID,
    digest: str,
    sealed: str,
    reason: str,
) -> Done[Outcome]:
    """Note what the sedex client brought, or was collected from a partner, and can't be taken in, for a person to look
    at. `sealed` is the sealed text in it, or "". NotPossible("settled") where it was noted before."""
    only_jobs(by, "arrival")
    if Arrival.objects.filter(sender=sender, message_id=message_id, digest=digest, sealed=sealed).exists():
        raise NotPossible("settled")
    key = open_subject("arrival")
    Arrival.objects.create(id=key, sender=sender, message_id=message_id, digest=digest, sealed=sealed, arrived_at=now)
    row = Outcome.objects.create(
        id=key,
        sender=sender,
        message_id=message_id,
        state=OutcomeState.QUARANTINED,
        trouble=reason[:300],
        attempts=MOST_TRIES,
        at=now,
    )
    payload = {"try": MOST_TRIES, "state": row.state, "reason": row.trouble, "from": sender}
    return Done(row, ArrivalTried(subject=key, payload=payload))


@operation()
def record_sedex_round(*, tenant: str | int, by: Actor, now: datetime, trouble: str = "") -> Done[SedexClient]:
    """The folders could be read and written, or why not. NotPossible("no news") when that was said within the hour."""
    only_jobs(by, "sedex")
    row = SedexClient.objects.select_for_update(of=("self",)).get()
    fresh = row.reached_at and now - row.reached_at < timedelta(hours=1)
    if trouble == row.trouble and (trouble or fresh):
        raise NotPossible("no news")
    row.trouble = trouble[:80]
    row.failing_since = (row.failing_since or now) if trouble else None
    row.reached_at = row.reached_at if trouble else now
    row.version += 1
    row.save()
    return Done(row, SedexRound(subject=row.id, payload={"trouble": row.trouble}))


def _participant(participant: str) -> None:
    """NotPossible("participant") for what is no id at sedex."""
    if not PARTICIPANT.fullmatch(participant) or len(participant) > 24:
        raise NotPossible("participant")
