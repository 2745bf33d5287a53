"""Partners in other installations: registered by the key file that they signed, told of our keys, given what waits."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.exchange.models import Envelope, Partner, PartnerKey, Passed
from handslag.domain.exchange.permissions import only_jobs
from handslag.domain.exchange.queries import again_after, keys_of, own_address, vouching
from handslag.domain.exchange.wrap import KeyFile
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.keys import new_key
from handslag.domain.tenancy.models import TenantKeyRow
from handslag.domain.tenancy.policies import NotPossible


class ExchangeKeysMade(Event):
    kind = "exchange keys made"


class ExchangeKeyEnded(Event):
    """Nothing that this key of ours signs from now on is ours, and nothing shall be encrypted to it any more."""

    kind = "exchange key ended"


class PartnerRegistered(Event):
    """An organisation of another installation, whose keys we believe from now on."""

    kind = "partner registered"


class PartnerKeyEnded(Event):
    kind = "partner key ended"


class EnvelopesPassed(Event):
    """What a partner elsewhere has taken, or refused."""

    kind = "envelopes passed"


class PartnerMet(Event):
    """A partner was reached, or not, where that is news."""

    kind = "partner met"


@operation()
def make_exchange_keys(*, tenant: str | int, by: Actor, now: datetime, signing: bool) -> Done[list[str]]:
    """A fresh key for what partners encrypt to us; with `signing` also one that we sign with from now on. Those before
    stay: what was encrypted or signed with them can be read and checked. Gives their ids."""
    only_jobs(by, "partner")
    made = [new_key(use, now) for use in ("exchange", *(("signing",) if signing else ()))]
    for row in made:
        row.save()
    keys = [row.key_id for row in made]
    return Done(keys, ExchangeKeysMade(subject=open_subject("organisation"), payload={"keys": keys}))


@operation()
def end_exchange_key(*, tenant: str | int, by: Actor, now: datetime, key_id: str) -> Done[str | None]:
    """End a key of ours at once, and make a fresh one where it is the one in use: gives that one's id, or None.
    Partners learn it by our key file. What was encrypted to it before can still be read. NotPossible("no such key")."""
    only_jobs(by, "partner")
    in_use = TenantKeyRow.objects.filter(use__in=("signing", "exchange"), until=None)
    row = in_use.filter(key_id=key_id).first()
    if row is None:
        raise NotPossible("no such key")
    fresh = None
    if in_use.filter(use=row.use).latest("since", "id").id == row.id:
        fresh = new_key(row.use, now)
        fresh.save()
    row.until = now
    row.save(update_fields=["until"])
    acting_door().memory.pop("ended keys", None)
    made = fresh.key_id if fresh else None
    return Done(made, ExchangeKeyEnded(subject=open_subject("organisation"), payload={"key": key_id, "made": made}))


@operation()
def register_partner(
    *, tenant: str | int, by: Actor, now: datetime, file: KeyFile, vouched_by: str, url: str
) -> Done[Partner]:
    """Register an organisation of another installation, or note what its newer key file says: new keys, and that a key
    ends, or ends earlier. `vouched_by` is the key that signed the file: whoever registers has compared it, or it was
    noted before. `url` "": it calls us, or is reached by sedex.

    NotPossible("ourselves"), ("not vouched for").
    """
    only_jobs(by, "partner")
    if acting_door().the_tenant.training:
        raise NotPossible("training")
    if file.organisation == own_address():
        raise NotPossible("ourselves")
    known = vouching(file.organisation, now)
    ended = keys_of(file.organisation).keys() - known.keys()
    if vouched_by in ended or (known and vouched_by not in known):
        raise NotPossible("not vouched for")
    row = Partner.objects.select_for_update(of=("self",)).filter(address=file.organisation).first()
    if row is None:
        row = Partner(id=open_subject("partner"), address=file.organisation, registered_at=now, version=0)
    row.name, row.url, row.next_at = file.name, url, None
    if url:
        row.sedex = row.sedex_type = None
    row.version += 1
    row.save()
    noted, ending = _note(file, now), ends_earlier(file)
    for key in ending:
        key.until = next(told.until for told in file.keys if told.kid == key.key_id)
        key.save()
    payload = {"partner": row.address, "keys": noted, "vouched_by": vouched_by, "ended": [key.key_id for key in ending]}
    return Done(row, PartnerRegistered(subject=row.id, payload=payload))


def _note(file: KeyFile, now: datetime) -> list[str]:
    """Note the keys that aren't known yet. A key that was noted stays what it is."""
    known = set(PartnerKey.objects.filter(partner=file.organisation).values_list("key_id", flat=True))
    made = PartnerKey.objects.bulk_create(
        PartnerKey(
            partner=file.organisation, key_id=key.kid, jwk=key.jwk, since=key.since, until=key.until, noted_at=now
        )
        for key in file.keys
        if key.kid not in known
    )
    return [row.key_id for row in made]


def ends_earlier(file: KeyFile) -> list[PartnerKey]:
    """The noted keys that a key file gives less time than we know of. None lives longer by a file, and none that a file
    leaves out ends."""
    told = {key.kid: key.until for key in file.keys if key.until}
    rows = PartnerKey.objects.filter(partner=file.organisation, key_id__in=told).order_by("id")
    return [row for row in rows if row.until is None or told[row.key_id] < row.until]


@operation()
def end_partner_key(*, tenant: str | int, by: Actor, now: datetime, partner: str, key_id: str) -> Done[PartnerKey]:
    """Believe nothing any more that this key signs from now on. NotPossible("no such key")."""
    only_jobs(by, "partner")
    row = PartnerKey.objects.select_for_update(of=("self",)).filter(partner=partner, key_id=key_id).first()
    if row is None or (row.until and row.until <= now):
        raise NotPossible("no such key")
    row.until = now
    row.save()
    return Done(row, PartnerKeyEnded(subject=open_subject("partner"), payload={"partner": partner, "key": key_id}))


@operation()
def record_passed(
    *, tenant: str | int, by: Actor, now: datetime, partner: UUID, envelopes: list[UUID], code: str = ""
) -> Done[int]:
    """A partner elsewhere has these envelopes, or refuses them with `code`. NotPossible("passed") when it is known."""
    only_jobs(by, "partner")
    row = _met(Partner.objects.select_for_update(of=("self",)).get(id=partner), now)
    there = set(Passed.objects.filter(id__in=envelopes).values_list("id", flat=True))
    found = Envelope.objects.filter(id__in=envelopes, recipient=row.address).exclude(id__in=there).order_by("id")
    made = Passed.objects.bulk_create(Passed(id=one.id, partner=row, code=code[:24], at=now) for one in found)
    if not made:
        raise NotPossible("passed")
    row.save()
    payload = {"envelopes": [str(one.id) for one in made], "code": code[:24]}
    return Done(len(made), EnvelopesPassed(subject=row.id, payload=payload))


@operation()
def record_meeting(
    *, tenant: str | int, by: Actor, now: datetime, partner: UUID, trouble: str = "", told: str = ""
) -> Done[Partner]:
    """A partner was reached, and `told` of our keys; or wasn't, and is called again later. NotPossible("no news") for
    one that was reached within the hour before."""
    only_jobs(by, "partner")
    row = Partner.objects.select_for_update(of=("self",)).get(id=partner)
    if trouble:
        row.failing_since = row.failing_since or now
        row.trouble, row.attempts = trouble[:80], row.attempts + 1
        row.next_at = now + again_after(row.attempts)
        row.told = ""  # it may be our keys that it doesn't know
    else:
        fresh = row.reached_at and now - row.reached_at < timedelta(hours=1)
        if fresh and not row.failing_since and told in ("", row.told):
            raise NotPossible("no news")
        row = _met(row, now)
        row.told = told or row.told
    row.version += 1
    row.save()
    return Done(row, PartnerMet(subject=row.id, payload={"trouble": row.trouble}))


def _met(row: Partner, now: datetime) -> Partner:
    row.reached_at, row.failing_since, row.trouble, row.attempts, row.next_at = now, None, "", 0, None
    return row
