"""What has left beyond the decision is claimed back, paid in instalments, or given up: each a person's act.

No job makes, proposes or enforces a claim, and none is set off against support: Swedish law has no such set-off for
what was paid too much (HFD 2013 ref. 18). In Switzerland (Rückerstattung) the section is that of the norms and the
remedy the canton's; instalments are agreed there too, or kept back of the support by a decision of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.policies import require_worked_here
from handslag.domain.decisions.operations import are_reasons, cantonal_remedy, letter_languages
from handslag.domain.decisions.operations.help import apart, help_beside, money_in, month_in, text_or_help
from handslag.domain.decisions.operations.letters import new_personal_letter
from handslag.domain.decisions.operations.orders import limits
from handslag.domain.decisions.queries import appeals_on, in_force, is_asked_since, not_heard
from handslag.domain.decisions.states import RUNNING, Repayable
from handslag.domain.documents.operations import keep_text
from handslag.domain.documents.queries import DatedText, text_for
from handslag.domain.payments.models import Booking, Recovery, RecoveryLine, RecoveryPlan, RecoveryWaiver
from handslag.domain.payments.operations.account import counter_booking, income_booking, said_of_income
from handslag.domain.payments.queries import (
    CEDED,
    CLAIMED,
    claimable_in,
    claimed_with,
    last_day_at_court_for,
    lines_of,
    owed_of,
    standing_of,
    waived_with,
)
from handslag.domain.payments.states import BookingKind, RecoveryGround, RecoveryState
from handslag.domain.people.queries import full_name
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.operations import new_id, next_reference
from handslag.domain.tenancy.permissions import Hidden, Member, NotAllowed
from handslag.domain.tenancy.policies import (
    Conflict,
    NotForThem,
    NotPossible,
    mandate,
    named_by_setting,
    require_mandate,
    setting,
)
from handslag.domain.tenancy.states import Decides, Role
from handslag.kernel import canonical
from handslag.kernel.ids import uuid7
from handslag.rules.se.recovery import section_on


class RecoveryProposed(Event):
    kind = "recovery proposed"


class RecoveryReturned(Event):
    kind = "recovery returned"


class RecoveryWithdrawn(Event):
    kind = "recovery withdrawn"


class RecoveryDecided(Event):
    kind = "recovery decided"


class InstalmentsAgreed(Event):
    kind = "instalments agreed"


class RepaymentBooked(Event):
    kind = "repayment booked"


class RecoveryWaived(Event):
    kind = "recovery waived"


@operation()
def propose_recovery(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    case: UUID,
    person: UUID,
    ground: str,
    legal_basis: str,
    amounts: Mapping[UUID, int],
    reasons: str,
    language: str,
    unheard: str = "",
) -> Done[Recovery]:
    """Propose to claim back from one adult of a case: so much (minor units) for each of these periods, never more than
    is booked as paid beyond its decision, isn't claimed yet on any ground and no benefit has brought in; or, where the
    decision itself said that it may be claimed back, than has left of it.

    `ground` and the section (`legal_basis`) are the caseworker's choice. NotPossible: ("recovery ground"), ("section"),
    ("amount") without one, ("beyond paid") for more than that with the `period`, ("reasons"), ("proposed") while
    another one waits, ("language"), ("not heard") where she wasn't heard on a month since it was decided and `unheard`
    doesn't say why not (25 § förvaltningslagen).
    """
    found, member = case_for_staff(case, by, now, Role.CASEWORKER, lock=True)
    require_worked_here(found)
    if person not in found.adults:
        raise Hidden("person", person)
    if ground not in grounds_of(found):
        raise NotPossible("recovery ground")
    if language not in letter_languages(found.legal_order):
        raise NotPossible("language")
    if not are_reasons(legal_basis) or len(legal_basis) > 160:
        raise NotPossible("section")
    _refuse_beyond(found, ground, amounts)
    if not are_reasons(reasons):
        raise NotPossible("reasons")
    if Recovery.objects.filter(case=found, state=RecoveryState.PROPOSED).exists():
        raise NotPossible("proposed")
    door = acting_door().the_tenant
    today = door.today(now)
    silent = any(person in not_heard(found, period, in_force(period), today) for period in amounts)
    if silent and not are_reasons(unheard):
        raise NotPossible("not heard")
    row = Recovery.objects.create(
        case=found,
        person_id=person,
        number=next_reference("recovery", now),
        ground=ground,
        legal_basis=legal_basis.strip(),
        currency=door.currency,
        language=language,
        reasons=reasons.strip(),
        unheard=unheard.strip() if silent else "",
        delegation=named_by_setting(),
        state=RecoveryState.PROPOSED,
        proposed_by_id=member.id,
        proposed_at=now,
    )
    for period, amount in sorted(amounts.items()):
        RecoveryLine.objects.create(recovery=row, period_id=period, amount=amount)
    payload = {
        "recovery": str(row.id),
        "person": str(person),
        "ground": ground,
        "amounts": [[str(period), amount] for period, amount in sorted(amounts.items())],
        "reasons_digest": canonical.digest(row.reasons),
    }
    return Done(row, RecoveryProposed(subject=found.id, payload=payload))


def grounds_of(case: Case) -> list[RecoveryGround]:
    """On which grounds something can be claimed back by the law of a case: in Switzerland what was drawn unlawfully."""
    return [RecoveryGround.MISINFORMED] if case.legal_order == "ch" else list(RecoveryGround)


def section_for(case: Case, what: str, today: date) -> tuple[str, bool]:
    """By which section of its law a claim ("misinformed") or a waiver of one stands on a day, and whether that is
    certain. NotPossible("norms") where the canton's norms aren't known."""
    if case.legal_order == "ch":
        return str(limits(today, today).section.restitution), False
    section = section_on(what, today)
    return section.section, section.certain


def _refuse_beyond(case: Case, ground: str, amounts: Mapping[UUID, int]) -> None:
    """Refuse to claim nothing, or more for a period than can be claimed on the ground and isn't claimed yet."""
    if not amounts or any(amount <= 0 for amount in amounts.values()):
        raise NotPossible("amount")
    if Period.objects.filter(id__in=amounts, case=case).count() != len(amounts):
        raise Hidden("period")
    left = claimable_in(case.id, ground)
    for period, amount in amounts.items():
        if amount > left.get(period, 0):
            raise NotPossible("beyond paid", period=period)


def _locked(recovery: UUID, version: int | None, by: Actor, now: datetime, *roles: Role) -> tuple[Recovery, Member]:
    """A claim, locked behind its case; Conflict unless it is as she saw it (None: whatever it is)."""
    found = Recovery.objects.filter(id=recovery).values_list("case_id", flat=True).first()
    if found is None:
        raise Hidden("recovery", recovery)
    _case, member = case_for_staff(found, by, now, *roles, lock=True)
    rows = Recovery.objects.select_for_update(of=("self",)).select_related("case", "person")
    row = rows.get(id=recovery)
    if version is not None and row.version != version:
        raise Conflict("recovery", theirs=row.state)
    return row, member


def _in_state(row: Recovery, state: RecoveryState) -> None:
    if row.state != state:
        raise Conflict("recovery", theirs=row.state)


@operation()
def return_recovery(
    *, tenant: str | int, by: Actor, now: datetime, recovery: UUID, version: int, reason: str
) -> Done[Recovery]:
    """The second pair of eyes sends a proposed claim back, with a reason ("reasons")."""
    row, member = _locked(recovery, version, by, now, Role.DECIDER, Role.CASEWORKER)
    if mandate(member, Decides.RECOVERY, claimed_with(row), now) is None or member.id == row.proposed_by_id:
        raise NotForThem("second pair of eyes", recovery)
    _in_state(row, RecoveryState.PROPOSED)
    if not are_reasons(reason):
        raise NotPossible("reasons")
    row.state, row.returned_reason, row.version = RecoveryState.RETURNED, reason.strip(), row.version + 1
    row.save(update_fields=["state", "returned_reason", "version"])
    return Done(row, RecoveryReturned(subject=row.case_id, payload={"recovery": str(row.id), "reason": reason.strip()}))


@operation()
def withdraw_recovery(*, tenant: str | int, by: Actor, now: datetime, recovery: UUID, version: int) -> Done[Recovery]:
    """Who proposed a claim takes the proposal back, while nobody has decided."""
    row, member = _locked(recovery, version, by, now, Role.CASEWORKER)
    if member.id != row.proposed_by_id:
        raise NotAllowed("recovery", recovery)
    _in_state(row, RecoveryState.PROPOSED)
    row.state, row.version = RecoveryState.WITHDRAWN, row.version + 1
    row.save(update_fields=["state", "version"])
    return Done(row, RecoveryWithdrawn(subject=row.case_id, payload={"recovery": str(row.id)}))


@operation()
def decide_recovery(*, tenant: str | int, by: Actor, now: datetime, recovery: UUID, version: int) -> Done[Recovery]:
    """Take a proposed claim: always by another person than who proposed it ("second pair of eyes"), who may decide so
    much together with what was claimed of its months before ("delegation"). ("beyond paid") where less is booked as
    paid beyond the decisions by now, ("appeal runs") while a decision on one of its months is appealed, ("not heard")
    while somebody was asked about one since it was proposed and still has time.

    Each of its months is booked as claimed; what the letter says, and until when the court can be asked, is fixed here.
    """
    row, member = _locked(recovery, version, by, now, Role.DECIDER, Role.CASEWORKER)
    _in_state(row, RecoveryState.PROPOSED)
    lines = lines_of(row)
    by_what = require_mandate(member, Decides.RECOVERY, claimed_with(row), now, recovery)
    if member.id == row.proposed_by_id:
        raise NotForThem("second pair of eyes", recovery)
    row.delegation = by_what.words
    if any(appeal.state in RUNNING for line in lines for appeal in appeals_on(line.period_id)):
        raise NotPossible("appeal runs")
    if is_asked_since([line.period_id for line in lines], row.proposed_at, acting_door().the_tenant.today(now)):
        raise NotPossible("not heard")
    _refuse_beyond(row.case, row.ground, {line.period_id: line.amount for line in lines})
    for line in lines:
        _book(row, line, BookingKind.CLAIM, line.amount, f"claimed by decision {row.number}", now)
    content = recovery_letter(row, lines, now, decider=member.name)
    for text in _texts(row, acting_door().the_tenant.today(now)):
        keep_text(text)
    row.letter = new_personal_letter(row.case, row.person, content)
    row.state, row.decided_by_id, row.decided_at = RecoveryState.DECIDED, member.id, now
    row.version += 1
    if row.case.legal_order == "se":
        row.court_until = last_day_at_court_for([line.period_id for line in lines])
    row.save(update_fields=["state", "decided_by", "decided_at", "delegation", "letter", "court_until", "version"])
    payload = {
        "recovery": str(row.id),
        "person": str(row.person_id),
        "amount": sum(line.amount for line in lines),
        "letter": str(row.letter.id),
        "letter_digest": row.letter.content_digest,
        "proposed_by": str(row.proposed_by_id),
        "decided_by": str(member.id),
        "delegation": str(by_what.delegation) if by_what.delegation else None,
        "periods": sorted(str(line.period_id) for line in lines),
    }
    return Done(row, RecoveryDecided(subject=row.case_id, payload=payload))


def _book(
    row: Recovery,
    line: RecoveryLine,
    kind: BookingKind,
    amount: int,
    source: str,
    now: datetime,
    key: UUID | None = None,
) -> Booking:
    return Booking.objects.create(
        id=key or uuid7(),
        case=row.case,
        period_id=line.period_id,
        person=row.person,
        kind=kind,
        account_code=CLAIMED,
        counterparty=full_name(row.person),
        amount=amount,
        currency=row.currency,
        recovery_line=line,
        source=source[:120],
        booked_at=now,
    )


@operation()
def agree_instalments(
    *, tenant: str | int, by: Actor, now: datetime, recovery: UUID, monthly: int, first_on: date, agreed: str
) -> Done[RecoveryPlan]:
    """Write down how she pays: so much each month (minor units) from a day on, as agreed with her. It takes the place
    of an earlier plan. NotPossible: ("amount"), ("more than claimed"), ("past day"), ("agreed") without words."""
    row, member = _locked(recovery, None, by, now, Role.CASEWORKER)
    _in_state(row, RecoveryState.DECIDED)
    if monthly <= 0:
        raise NotPossible("amount")
    if monthly > standing_of(row).open:
        raise NotPossible("more than claimed")
    if first_on < acting_door().the_tenant.today(now):
        raise NotPossible("past day")
    if not are_reasons(agreed):
        raise NotPossible("agreed")
    told = {"monthly": monthly, "first_on": first_on, "agreed": agreed.strip()[:200]}
    plan = RecoveryPlan.objects.create(recovery=row, set_by_id=member.id, set_at=now, **told)
    payload = {"recovery": str(row.id), "plan": str(plan.id), "monthly": monthly, "first_on": first_on.isoformat()}
    return Done(plan, InstalmentsAgreed(subject=row.case_id, payload=payload))


class CededBooked(Event):
    kind = "ceded benefit booked"


@operation()
def book_ceded(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    case: UUID,
    period: UUID,
    authority: str,
    amount: int,
    source: str,
    key: UUID | None = None,
) -> Done[Booking]:
    """Book a benefit that an authority paid to us, because we had paid it in advance for a month (minor units).
    `key`: of the form; SentAlready the second time.

    NotPossible: ("amount"), ("counterparty"), ("source"), ("not an advance") where the decision on that month doesn't
    say so, ("beyond granted") for more than was paid for it and isn't claimed from her or came in.
    """
    found, _member = case_for_staff(case, by, now, Role.CASEWORKER, lock=True)
    row_id = new_id(Booking, key)
    decision = in_force(period)
    if decision is None or decision.case_id != found.id or decision.repayable != Repayable.BENEFIT:
        raise NotPossible("not an advance")
    authority, source = said_of_income(amount, authority, source)
    if amount > claimable_in(found.id, RecoveryGround.BENEFIT).get(period, 0):
        raise NotPossible("beyond granted")
    booking = income_booking(row_id, found, period, CEDED, authority, amount, source, now)
    return Done(booking, CededBooked(subject=found.id, payload={"booking": str(booking.id), "amount": amount}))


@operation()
def book_repayment(
    *, tenant: str | int, by: Actor, now: datetime, recovery: UUID, amount: int, source: str, key: UUID | None = None
) -> Done[list[Booking]]:
    """Book money that came in for a claim (minor units): its oldest month first. `key`: of the form; SentAlready the
    second time. NotPossible: ("amount"), ("source"), ("more than claimed") for more than is open, or than the claim can
    rest on by now: what is beyond that is hers."""
    row, _member = _locked(recovery, None, by, now, Role.CASEWORKER)
    first = new_id(Booking, key)
    _in_state(row, RecoveryState.DECIDED)
    if amount <= 0:
        raise NotPossible("amount")
    if not source.strip():
        raise NotPossible("source")
    made = repaid(row, amount, source.strip(), now, first)
    payload = {"recovery": str(row.id), "amount": amount, "bookings": [str(one.id) for one in made]}
    return Done(made, RepaymentBooked(subject=row.case_id, payload=payload))


def repaid(row: Recovery, amount: int, source: str, now: datetime, first: UUID) -> list[Booking]:
    """Book so much (minor units) towards a claim, its oldest month first; the first booking has this key.
    NotPossible("more than claimed") for more than is left of it."""
    lines, owed = lines_of(row), owed_of(row)
    if amount > sum(owed.values()):
        raise NotPossible("more than claimed")
    made: list[Booking] = []
    for line in lines:
        if part := min(amount, owed[line.id]):
            made.append(_book(row, line, BookingKind.INCOME, part, source, now, uuid7() if made else first))
            amount -= part
    return made


@operation()
def waive_recovery(
    *, tenant: str | int, by: Actor, now: datetime, recovery: UUID, amount: int, reasons: str, key: UUID | None = None
) -> Done[RecoveryWaiver]:
    """Give up, by delegation ("delegation"), whose limit must reach for it together with what was given up of the same
    months before, so much of what is open of a claim (eftergift), for good: its newest month first. The claim is
    countered and what is left of it booked anew. `key`: of the form; SentAlready the second time.
    NotPossible: ("amount"), ("more than claimed"), ("reasons")."""
    row, member = _locked(recovery, None, by, now, Role.DECIDER, Role.CASEWORKER)
    waiver_id = new_id(RecoveryWaiver, key)
    _in_state(row, RecoveryState.DECIDED)
    if amount <= 0:
        raise NotPossible("amount")
    standing = standing_of(row)
    if amount > standing.open:
        raise NotPossible("more than claimed")
    if not are_reasons(reasons):
        raise NotPossible("reasons")
    by_what = require_mandate(member, Decides.WAIVER, waived_with(row, amount), now, recovery)
    left = amount
    for line in reversed(lines_of(row)):
        part = min(left, standing.open_of(line.id))
        if not part:
            continue
        claim = standing.claims[line.id]
        counter_booking(claim, f"waived, decision {row.number}", now)
        if rest := claim.amount - part:
            _book(row, line, BookingKind.CLAIM, rest, f"left of decision {row.number}", now)
        left -= part
    today = acting_door().the_tenant.today(now)
    waiver = RecoveryWaiver(
        id=waiver_id,
        recovery=row,
        amount=amount,
        reasons=reasons.strip(),
        legal_basis=section_for(row.case, "waiver", today)[0],
        delegation=by_what.words,
        waived_by_id=member.id,
        waived_at=now,
    )
    content = waiver_letter(row, waiver, standing.open - amount, now, decider=member.name)
    keep_text(text_for(row.case.legal_order, "recovery.waived", row.language, today))
    waiver.letter = new_personal_letter(row.case, row.person, content)
    waiver.save(force_insert=True)
    payload = {
        "recovery": str(row.id),
        "person": str(row.person_id),
        "waiver": str(waiver.id),
        "amount": amount,
        "delegation": str(by_what.delegation) if by_what.delegation else None,
        "letter": str(waiver.letter.id),
        "letter_digest": waiver.letter.content_digest,
        "reasons_digest": canonical.digest(waiver.reasons),
    }
    return Done(waiver, RecoveryWaived(subject=row.case_id, payload=payload))


def _keys(row: Recovery) -> tuple[str, str, str]:
    """The dated texts that the letter of a claim is made of: on what ground, how to pay, what to do if it is wrong."""
    pay = "recovery.pay" if setting("repayment_account") else "recovery.pay_later"
    return f"recovery.{row.ground}", pay, "recovery.remedy"


def _texts(row: Recovery, today: date) -> list[DatedText]:
    *keys, remedy = _keys(row)
    told = [text_for(row.case.legal_order, key, row.language, today) for key in keys]
    if row.case.legal_order == "ch":
        return [*told, cantonal_remedy(str(setting("canton")), row.language, today)]
    return [*told, text_for(row.case.legal_order, remedy, row.language, today)]


def _bodies(row: Recovery, language: str, today: date) -> list[str]:
    """The same as they stand in the letter, or in its translation."""
    if language == row.language:
        return [text.body for text in _texts(row, today)]
    return [text_or_help(row.case.legal_order, key, language, today) for key in _keys(row)]


_SAID = {
    "sv": {
        "heading": "Beslut om återkrav",
        "outcome": "Vi begär att du betalar tillbaka {amount}.",
        "line": "Utbetalt för mycket, {month}",
        "waived": "Beslut om eftergift",
        "less": "Du behöver inte betala tillbaka {amount} av det som vi har begärt. Kvar att betala: {left}.",
        "none": "Du behöver inte betala tillbaka {amount} av det som vi har begärt. Inget är kvar att betala.",
    },
    "en": {
        "heading": "Decision to claim money back",
        "outcome": "We ask you to pay back {amount}.",
        "line": "Paid out too much, {month}",
        "waived": "Decision to give up a claim",
        "less": "You don’t have to pay back {amount} of what we claimed. Left to pay: {left}.",
        "none": "You don’t have to pay back {amount} of what we claimed. Nothing is left to pay.",
    },
    "de": {
        "heading": "Verfügung über die Rückerstattung",
        "outcome": "Wir fordern {amount} von Ihnen zurück.",
        "line": "Zu viel ausgerichtet, {month}",
        "waived": "Verfügung über den Erlass",
        "less": "Sie müssen {amount} von dem, was wir zurückgefordert haben, nicht zurückzahlen. Es bleiben {left}.",
        "none": "Sie müssen {amount} von dem, was wir zurückgefordert haben, nicht zurückzahlen. Es bleibt nichts.",
    },
    "fr": {
        "heading": "Décision de remboursement",
        "outcome": "Nous vous demandons de rembourser {amount}.",
        "line": "Versé en trop, {month}",
        "waived": "Décision de remise",
        "less": "Vous n’avez pas à rembourser {amount} de ce que nous avons réclamé. Il reste {left}.",
        "none": "Vous n’avez pas à rembourser {amount} de ce que nous avons réclamé. Il ne reste rien.",
    },
    "ar": {
        "heading": "قرار باسترداد مبلغ",
        "outcome": "نطلب منك أن تعيد دفع {amount}.",
        "line": "دُفع لك أكثر من اللازم، {month}",
        "waived": "قرار بالتنازل عن مطالبة",
        "less": "لست ملزمًا بإعادة {amount} مما طالبنا به. المتبقي للدفع: {left}.",
        "none": "لست ملزمًا بإعادة {amount} مما طالبنا به. لم يبقَ شيء للدفع.",
    },
}


def recovery_letter(row: Recovery, lines: list[RecoveryLine], now: datetime, *, decider: str) -> dict[str, Any]:
    """What the letter of a claim says, or would say if `decider` took it now."""
    today, amount = acting_door().the_tenant.today(now), sum(line.amount for line in lines)

    def said(language: str) -> dict[str, Any]:
        words = _SAID[language]
        why, pay, remedy = (" ".join(text.split()) for text in _bodies(row, language, today))
        to = {"number": row.number, "account": str(setting("repayment_account"))}
        return {
            "heading": words["heading"],
            "outcome": words["outcome"].format(amount=money_in(amount, row.currency, language)),
            "lines": [
                {"text": words["line"].format(month=month_in(line.period.since, language)), "amount": line.amount}
                for line in lines
            ],
            "parts": [
                ["", why],
                ["reasons", row.reasons],
                ["pay", pay.format(**{name: apart(value, language) for name, value in to.items()})],
            ],
            "remedy": remedy,
        }

    return {
        **(help_beside(row.language, row.person, said) if row.case.legal_order == "se" else {}),
        **said(row.language),
        "number": row.number,
        "language": row.language,
        "date": today.isoformat(),
        "amount": amount,
        "currency": row.currency,
        "legal_basis": row.legal_basis,
        "decider": decider,
        "delegation": row.delegation,
    }


def waiver_letter(row: Recovery, waiver: RecoveryWaiver, left: int, now: datetime, *, decider: str) -> dict[str, Any]:
    """What the letter says by which a part of a claim is given up; `left`: what is open after it (minor units)."""
    today = acting_door().the_tenant.today(now)

    def said(language: str) -> dict[str, Any]:
        told = {
            "amount": money_in(waiver.amount, row.currency, language),
            "left": money_in(left, row.currency, language),
        }
        return {
            "heading": _SAID[language]["waived"],
            "outcome": _SAID[language]["less" if left else "none"].format(**told),
            "lines": [],
            "parts": [["reasons", waiver.reasons]],
            "remedy": text_or_help(row.case.legal_order, "recovery.waived", language, today),
        }

    return {
        **(help_beside(row.language, row.person, said) if row.case.legal_order == "se" else {}),
        **said(row.language),
        "number": row.number,
        "language": row.language,
        "date": today.isoformat(),
        "amount": 0,
        "currency": row.currency,
        "legal_basis": waiver.legal_basis,
        "decider": decider,
        "delegation": waiver.delegation,
    }
