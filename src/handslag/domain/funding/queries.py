"""What holds for a cost: the payer's rules on a day, what was approved, whether the register covers its days."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject

from handslag.domain.exchange.queries import own_address
from handslag.domain.funding.models import Approval, ApprovalTerms, ProposedChange, Tariff
from handslag.domain.funding.states import Against, Proposal
from handslag.domain.register.models import Responsibility
from handslag.domain.register.policies import CANTON, MUNICIPALITY
from handslag.domain.tenancy.permissions import Member

#: What the address of an institution begins with.
PROVIDER = "provider:"
#: Who of the canton reimburses days, by its code in the rules.
_OF_CANTON = frozenset({"KSA-AK", "KSA-ÖS"})


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A cost that somebody (`asker`, an address) asks a `payer` to bear for a person (None: not known here), for the
    days from `since` until before `until`: `quantity` times `unit_price`, less what another payer pays (None: it isn't
    said whether one was asked), of which `percent`. Amounts in minor units."""

    asker: str
    payer: str
    person: UUID | None
    account_code: str
    since: date
    until: date
    unit_price: int
    quantity: int
    percent: int = 100
    other_pays: int | None = None

    @property
    def amount(self) -> int:
        """What the payer is asked for, rounded once, half up."""
        left = self.unit_price * self.quantity - (self.other_pays or 0)
        return (left * self.percent * 2 + 100) // 200


def tariff_on(account_code: str, day: date) -> Tariff | None:
    """What our rules say of a kind of cost on a day."""
    rows = Tariff.objects.filter(account_code=account_code, since__lte=day)
    return rows.order_by("-since", "-at", "-id").first()


def number_used(payer: bool, partner: str, number: str, but: UUID) -> bool:
    """Whether a payer (we, or else `partner`) has given a number to an approval of another request than `but`."""
    rows = Approval.objects.filter(payer=payer, number=number).exclude(asked_id=but)
    return (rows if payer else rows.filter(partner=partner)).exists()


@dataclass(frozen=True)
class Terms:
    """What an approval says: at most `amount` (minor units), for days before `until`."""

    until: date
    amount: int


class Turn(NamedTuple):
    """What an approval was changed to for the `turn`th time, for what is billed from a day on."""

    turn: int
    amount: int
    until: date
    billed_from: date


#: What an approval was changed to, beside it in one query; `turns_in` reads it.
TURNS = ArraySubquery(
    ApprovalTerms.objects.filter(approval_id=OuterRef("id"))
    .order_by("turn")
    .values(one=JSONObject(turn="turn", amount="amount", until="until", billed_from="billed_from"))
)


def turns_in(told: list[dict[str, Any]]) -> list[Turn]:
    """The turns of an approval, as `TURNS` found them."""
    return [
        Turn(one["turn"], one["amount"], date.fromisoformat(one["until"]), date.fromisoformat(one["billed_from"]))
        for one in told
    ]


def terms_on(row: Approval, turns: Collection[Turn], billed_on: date = date.max) -> Terms:
    """What an approval says for what is billed on a day; without one, after all that was told of it."""
    held = [one for one in turns if one.billed_from <= billed_on]
    last = max(held, key=lambda one: one.turn, default=None)
    return Terms(last.until, last.amount) if last else Terms(row.until, row.amount)


def turns_of(row: Approval) -> list[Turn]:
    """What an approval was changed to."""
    return turns_in(Approval.objects.filter(id=row.id).values_list(TURNS, flat=True)[0])


def terms_of(rows: QuerySet[Approval]) -> dict[UUID, Terms]:
    """What each of these approvals says after all that was told of it."""
    return {row.id: terms_on(row, turns_in(row.turns)) for row in rows.annotate(turns=TURNS)}


def approval_by_number(payer: bool, partner: str, number: str) -> Approval | None:
    """The approval that a payer (we, or else `partner`) gave this number."""
    rows = Approval.objects.filter(payer=payer, partner=partner, number=number).select_related("person", "asked")
    return rows.first()


def changed_by_two(row: Approval, day: date) -> bool:
    """Whether our rules want two people to change or end an approval."""
    rules = tariff_on(row.account_code, day)
    return rules is not None and bool(rules.changed_by_two)


def proposed_change(approval: UUID) -> ProposedChange | None:
    """What one decider proposed to change it to, and no other has told yet."""
    rows = ProposedChange.objects.filter(approval_id=approval, state=Proposal.PROPOSED)
    return rows.select_related("proposed_by").first()


def tariffs() -> list[Tariff]:
    """All that was entered, by kind, the newest first."""
    return list(Tariff.objects.select_related("entered_by").order_by("account_code", "-since", "-at", "-id"))


def against(wish: Wish, asked_for: Collection[tuple[date, date]] = ()) -> list[Against]:
    """What speaks against a request, by what whoever looks knows; none of it decides anything. The same function finds
    it where it is asked and where it is decided; what the payer's rules say is only known to the payer. `asked_for`:
    the days of other requests for the same kind that aren't answered."""
    found = []
    if not own_address().startswith(PROVIDER):  # an institution has no register to ask
        found += _by_register(wish)
    rows = Approval.objects.filter(
        person_id__in=[wish.person] if wish.person else [], account_code=wish.account_code, since__lt=wish.until
    )
    granted = [one for one in terms_of(rows).values() if one.amount and one.until > wish.since]
    if granted or any(since < wish.until and until > wish.since for since, until in asked_for):
        found.append(Against.DUPLICATE)
    if own_address() == wish.payer:
        rules = tariff_on(wish.account_code, wish.since)
        if rules is None:
            found.append(Against.NO_TARIFF)
        elif rules.unit_ceiling is not None and wish.unit_price > rules.unit_ceiling:
            found.append(Against.RATE_WRONG)
        if rules is not None and rules.first_payer and wish.other_pays is None:
            found.append(Against.OTHER_PAYER_FIRST)
    return found


def _by_register(wish: Wish) -> list[Against]:
    """Whether she is where it is asked from, and reimbursed by the payer, on each of its days."""
    rows = Responsibility.objects.filter(
        person_id__in=[wish.person] if wish.person else [], since__lt=wish.until
    ).exclude(until__lte=wish.since)
    where = wish.asker if wish.asker.startswith(MUNICIPALITY) else wish.payer
    here = [row for row in rows if row.municipality == where or not where.startswith(MUNICIPALITY)]
    if len(here) < len(rows):
        return [Against.OTHER_MUNICIPALITY]
    paid = [row for row in here if not wish.payer.startswith(CANTON) or row.payer in _OF_CANTON]
    days = sum((min(row.until or wish.until, wish.until) - max(row.since, wish.since)).days for row in paid)
    return [Against.NO_CLAIM_PERIOD] if days < (wish.until - wish.since).days else []


def granted_by_rules(wish: Wish) -> bool:
    """Whether our rules grant in full what nothing speaks against."""
    rules = tariff_on(wish.account_code, wish.since)
    return rules is not None and 0 < wish.amount <= rules.granted_up_to


def approvals(member: Member) -> QuerySet[Any]:
    """What was approved for people this member is cleared for, the newest first."""
    rows = Approval.objects.filter(person__protection_level__lte=member.clearance)
    return rows.select_related("person", "asked").order_by("-at", "-id")
