"""Help that nobody has a right to (12 kap. 2 § socialtjänstlagen): proposed by a person, decided by a person, paid.

It stands beside the decision on a month, or without one; no job makes, refuses or proposes it. Where a month was
refused a person is asked whether it is tried, and says so.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.casefile.operations import period_of
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.policies import months_taken, require_worked_here
from handslag.domain.decisions.operations import are_reasons
from handslag.domain.decisions.operations.letters import new_personal_letter
from handslag.domain.decisions.queries import month_name
from handslag.domain.decisions.states import Outcome
from handslag.domain.documents.operations import keep_text
from handslag.domain.documents.queries import DatedText, text_for
from handslag.domain.payments.models import Booking, OtherHelp, Settlement
from handslag.domain.payments.operations.planning import new_payment, paid_to
from handslag.domain.payments.policies import first_pay_day, pay_day
from handslag.domain.payments.queries import OTHER_HELP
from handslag.domain.payments.states import BookingKind, OtherHelpState, PaymentState
from handslag.domain.people.names import stored_name
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
from handslag.kernel.money import format_money
from handslag.kernel.months import Month
from handslag.rules.se.remedies import OTHER, remedy_on

LONGEST_PURPOSE = 120


class OtherHelpProposed(Event):
    kind = "other help proposed"


class OtherHelpReturned(Event):
    kind = "other help returned"


class OtherHelpWithdrawn(Event):
    kind = "other help withdrawn"


class OtherHelpDecided(Event):
    kind = "other help decided"


class OtherHelpLeft(Event):
    """A person has said why it isn't tried."""

    kind = "other help left"


def outcome_of_help(row: OtherHelp) -> Outcome:
    """As applied for, less than that, or nothing."""
    if row.amount == 0:
        return Outcome.AVSLAG
    return Outcome.BIFALL if row.amount == row.applied else Outcome.DELAVSLAG


def granted_with(row: OtherHelp) -> int:
    """What the case is granted so for the month together with this one (minor units); 0 where this grants nothing."""
    if not row.amount:
        return 0
    decided = OtherHelp.objects.filter(case_id=row.case_id, period_id=row.period_id, state=OtherHelpState.DECIDED)
    return row.amount + sum(decided.exclude(id=row.id).values_list("amount", flat=True))


def needs_two_for(row: OtherHelp) -> bool:
    """Whether another person than who proposed it must decide: for all that isn't granted as applied for, and where the
    month's help together is above the tenant's limit."""
    return row.amount < row.applied or granted_with(row) > int(setting("four_eyes_above"))


@operation()
def propose_other_help(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    case: UUID,
    month: Month,
    person: UUID,
    purpose: str,
    applied: int,
    amount: int,
    reasons: str,
    language: str,
    key: UUID | None = None,
) -> Done[OtherHelp]:
    """Propose to grant one adult of a case, for a month and a purpose, `amount` of what she applies for (`applied`,
    both in minor units; 0: nothing), with reasons of its own. `key`: of the form; SentAlready the second time.

    NotPossible: ("purpose"), ("applied"), ("amount") for less than nothing or more than applied for, ("reasons"),
    ("month") for one that isn't worked on, ("proposed") while another one waits.
    """
    found, member = case_for_staff(case, by, now, Role.CASEWORKER, lock=True)
    require_worked_here(found)
    row_id = new_id(OtherHelp, key)
    if person not in (found.applicant_id, found.co_applicant_id):
        raise Hidden("person", person)
    purpose = stored_name(purpose)
    if not purpose or len(purpose) > LONGEST_PURPOSE:
        raise NotPossible("purpose")
    if applied <= 0:
        raise NotPossible("applied")
    if not 0 <= amount <= applied:
        raise NotPossible("beyond applied")
    if not are_reasons(reasons):
        raise NotPossible("reasons")
    door = acting_door().the_tenant
    today = door.today(now)
    if month not in months_taken(today):
        raise NotPossible("month")
    if OtherHelp.objects.filter(case=found, state=OtherHelpState.PROPOSED).exists():
        raise NotPossible("proposed")
    row = OtherHelp.objects.create(
        id=row_id,
        case=found,
        period=period_of(found, month),
        person_id=person,
        number=next_reference("decision", now),
        purpose=purpose,
        applied=applied,
        amount=amount,
        currency=door.currency,
        language=language,
        reasons=reasons.strip(),
        legal_basis=remedy_on(OTHER, today).section,
        delegation=named_by_setting(),
        state=OtherHelpState.PROPOSED,
        proposed_by_id=member.id,
        proposed_at=now,
    )
    payload = {
        "help": str(row.id),
        "period": str(row.period_id),
        "person": str(person),
        "applied": applied,
        "amount": amount,
        "reasons_digest": canonical.digest(row.reasons),
    }
    return Done(row, OtherHelpProposed(subject=found.id, payload=payload))


@operation()
def leave_other_help(*, tenant: str | int, by: Actor, now: datetime, case: UUID, reasons: str) -> Done[None]:
    """Say why help under 12 kap. 2 § isn't tried after a refusal: nobody applied for it, for example. No decision: who
    wants it tried asks for it. NotPossible("reasons")."""
    found, member = case_for_staff(case, by, now, Role.CASEWORKER, lock=True)
    if not are_reasons(reasons):
        raise NotPossible("reasons")
    payload = {"by": str(member.id), "reason": reasons.strip()[:1_000]}
    return Done(None, OtherHelpLeft(subject=found.id, payload=payload))


def _locked(help_: UUID, version: int, by: Actor, now: datetime, *roles: Role) -> tuple[OtherHelp, Member]:
    """The proposal, locked behind its case; Conflict unless it is as she saw it, and proposed."""
    found = OtherHelp.objects.filter(id=help_).values_list("case_id", flat=True).first()
    if found is None:
        raise Hidden("other help", help_)
    _case, member = case_for_staff(found, by, now, *roles, lock=True)
    rows = OtherHelp.objects.select_for_update(of=("self",)).select_related("case", "person", "period")
    row = rows.get(id=help_)
    if row.version != version or row.state != OtherHelpState.PROPOSED:
        raise Conflict("other help", theirs=row.state)
    return row, member


@operation()
def return_other_help(
    *, tenant: str | int, by: Actor, now: datetime, help_: UUID, version: int, reason: str
) -> Done[OtherHelp]:
    """The second pair of eyes sends the proposal back, with a reason ("reasons")."""
    row, member = _locked(help_, version, by, now, Role.DECIDER, Role.CASEWORKER)
    if mandate(member, Decides.OTHER_HELP, row.amount, now) is None or member.id == row.proposed_by_id:
        raise NotForThem("second pair of eyes", help_)
    if not are_reasons(reason):
        raise NotPossible("reasons")
    row.state, row.returned_reason, row.version = OtherHelpState.RETURNED, reason.strip(), row.version + 1
    row.save(update_fields=["state", "returned_reason", "version"])
    payload = {"help": str(row.id), "reason": row.returned_reason}
    return Done(row, OtherHelpReturned(subject=row.case_id, payload=payload))


@operation()
def withdraw_other_help(*, tenant: str | int, by: Actor, now: datetime, help_: UUID, version: int) -> Done[OtherHelp]:
    """Who proposed it takes the proposal back, while nobody has decided."""
    row, member = _locked(help_, version, by, now, Role.CASEWORKER)
    if member.id != row.proposed_by_id:
        raise NotAllowed("other help", help_)
    row.state, row.version = OtherHelpState.WITHDRAWN, row.version + 1
    row.save(update_fields=["state", "version"])
    return Done(row, OtherHelpWithdrawn(subject=row.case_id, payload={"help": str(row.id)}))


@operation()
def decide_other_help(*, tenant: str | int, by: Actor, now: datetime, help_: UUID, version: int) -> Done[OtherHelp]:
    """Take the proposal: by a delegation of its own that reaches for the month's help together ("delegation"), and by
    another person than who proposed it where `needs_two_for` says so ("second pair of eyes"). What it grants is booked
    and planned to be paid to her; what can't be paid as it stands is planned as blocked. The letter is fixed here."""
    row, member = _locked(help_, version, by, now, Role.DECIDER, Role.CASEWORKER)
    by_what = require_mandate(member, Decides.OTHER_HELP, granted_with(row), now, help_)
    if needs_two_for(row) and member.id == row.proposed_by_id:
        raise NotForThem("second pair of eyes", help_)
    row.delegation = by_what.words
    blocked = _paid(row, now)
    content = other_help_letter(row, now, decider=member.name)
    for text in _texts(row, acting_door().the_tenant.today(now)):
        keep_text(text)
    row.letter = new_personal_letter(row.case, row.person, content)
    row.state, row.decided_by_id, row.decided_at = OtherHelpState.DECIDED, member.id, now
    row.version += 1
    row.save(update_fields=["state", "decided_by", "decided_at", "delegation", "letter", "booking", "version"])
    payload = {
        "help": str(row.id),
        "person": str(row.person_id),
        "applied": row.applied,
        "amount": row.amount,
        "booking": str(row.booking_id) if row.booking_id else None,
        "blocked": blocked,
        "letter": str(row.letter.id),
        "letter_digest": row.letter.content_digest,
        "proposed_by": str(row.proposed_by_id),
        "decided_by": str(member.id),
        "delegation": str(by_what.delegation) if by_what.delegation else None,
    }
    return Done(row, OtherHelpDecided(subject=row.case_id, payload=payload))


def _paid(row: OtherHelp, now: datetime) -> bool:
    """Book what is granted and plan its payment; gives whether that can't leave as it stands."""
    if not row.amount:
        return False
    row.booking = Booking.objects.create(
        case=row.case,
        period=row.period,
        person=row.person,
        kind=BookingKind.EXPENSE,
        account_code=OTHER_HELP,
        counterparty=full_name(row.person),
        amount=row.amount,
        currency=row.currency,
        source=f"decision {row.number}",
        booked_at=now,
    )
    door = acting_door().the_tenant
    on = pay_day(row.period.since, first_pay_day(now), door.country, int(setting("payment_day")))
    payment = new_payment(row.case, row.period, row.amount, row.currency, on, **paid_to(row.person, now))
    payment.save(force_insert=True)
    Settlement.objects.create(payment=payment, booking=row.booking, amount=row.amount)
    return payment.state == PaymentState.BLOCKED


_SAID_OF: dict[str, str] = {Outcome.BIFALL: "granted", Outcome.DELAVSLAG: "partly", Outcome.AVSLAG: "refused"}


def _texts(row: OtherHelp, today: date) -> list[DatedText]:
    """The dated texts of the letter: what it rests on, and how the decision is appealed, as the legal order says."""
    appeal = {"matter": "appeal", "lawfulness": "other_help.lawfulness"}[remedy_on(OTHER, today).appeal]
    keys = (f"other_help.{_SAID_OF[outcome_of_help(row)]}", appeal)
    return [text_for(row.case.legal_order, key, row.language, today) for key in keys]


_WORDS: dict[str, dict[str, str]] = {
    "sv": {
        "heading": "Beslut om annat ekonomiskt bistånd",
        Outcome.BIFALL: "Du får {amount} för det här: {purpose}.",
        Outcome.DELAVSLAG: "Du får {amount} av {applied} för det här: {purpose}.",
        Outcome.AVSLAG: "Du får inget för det här: {purpose}. Du sökte {applied}.",
        "line": "Annat ekonomiskt bistånd, {month}: {purpose}",
    },
    "en": {
        "heading": "Decision on other financial help",
        Outcome.BIFALL: "You receive {amount} for this: {purpose}.",
        Outcome.DELAVSLAG: "You receive {amount} of {applied} for this: {purpose}.",
        Outcome.AVSLAG: "You receive nothing for this: {purpose}. You applied for {applied}.",
        "line": "Other financial help, {month}: {purpose}",
    },
}


def other_help_letter(row: OtherHelp, now: datetime, *, decider: str) -> dict[str, Any]:
    """What the letter says, or would say if `decider` took the decision now."""
    today, language = acting_door().the_tenant.today(now), row.language
    said, outcome = _WORDS[language], outcome_of_help(row)
    told = {
        "amount": format_money(row.amount, row.currency, language),
        "applied": format_money(row.applied, row.currency, language),
        "purpose": row.purpose,
    }
    rests, remedy = (" ".join(text.body.split()) for text in _texts(row, today))
    line = said["line"].format(month=month_name(row.period.since, language), purpose=row.purpose)
    return {
        "number": row.number,
        "language": language,
        "date": today.isoformat(),
        "heading": said["heading"],
        "outcome": said[outcome].format(**told),
        "amount": row.amount,
        "currency": row.currency,
        "lines": [{"text": line, "amount": row.amount}] if row.amount else [],
        "parts": [["", rests], ["reasons", row.reasons]],
        "legal_basis": row.legal_basis,
        "decider": decider,
        "delegation": row.delegation,
        "remedy": remedy,
    }
