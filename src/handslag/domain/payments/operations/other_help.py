"""Help that nobody has a right to (12 kap. 2 § socialtjänstlagen): proposed by a person, decided by a person, paid.

It stands beside the decision on a month, or without one; no job makes, refuses or proposes it. Where a month was
refused a person is asked whether it is tried, and says so.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.operations import period_of
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.policies import months_taken, require_worked_here
from handslag.domain.decisions.operations import CHANGED_BY, are_reasons, remedy_key
from handslag.domain.decisions.operations.help import help_beside, money_in, month_in, text_or_help
from handslag.domain.decisions.operations.letters import new_personal_letter
from handslag.domain.decisions.states import TO_DISADVANTAGE, Ground, Outcome
from handslag.domain.documents.operations import keep_text
from handslag.domain.documents.queries import DatedText, text_for
from handslag.domain.payments.models import Booking, OtherHelp, Settlement
from handslag.domain.payments.operations.account import counter_booking, standing_settlements
from handslag.domain.payments.operations.planning import (
    fitting,
    has_left,
    locked_for,
    new_payment,
    paid_to,
    parts_of,
)
from handslag.domain.payments.policies import first_pay_day, pay_day
from handslag.domain.payments.queries import OTHER_HELP, help_replaced, help_replaced_by
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
    others = decided.exclude(id__in=[row.id, row.replaces_id]).exclude(id__in=help_replaced())
    return row.amount + sum(others.values_list("amount", flat=True))


def needs_two_for(row: OtherHelp) -> bool:
    """Whether another person than who proposed it must decide: for all that isn't granted as applied for, where the
    month's help together is above the tenant's limit, and on each ground by which somebody could be left with less."""
    cut = row.amount < row.applied or row.ground in TO_DISADVANTAGE
    return cut or granted_with(row) > int(setting("four_eyes_above"))


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
    if person not in found.adults:
        raise Hidden("person", person)
    purpose = _said_of_help(found, purpose, applied, amount, reasons)
    if month not in months_taken(acting_door().the_tenant.today(now)):
        raise NotPossible("month")
    row = _proposed(
        found, period_of(found, month), person, member, now, id=row_id, purpose=purpose, applied=applied, amount=amount,
        language=language, reasons=reasons,
    )  # fmt: skip
    return Done(row, OtherHelpProposed(subject=found.id, payload=_told_of(row)))


@operation()
def propose_other_help_anew(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    help_: UUID,
    ground: str,
    purpose: str,
    applied: int,
    amount: int,
    reasons: str,
    language: str,
    key: UUID | None = None,
) -> Done[OtherHelp]:
    """Propose to replace a decision under 12 kap. 2 § by another for the same adult and month, on a `ground` of
    förvaltningslagen ("ground of change"), with what was wrong in its reasons. As for `propose_other_help`, and
    NotPossible: ("replaced") for one that another has replaced; ("to disadvantage") for less than before, but on a
    ground of `TO_DISADVANTAGE`; ("help has left") for less than has left of it: what has left isn't taken back here.
    """
    before = OtherHelp.objects.select_related("period").filter(id=help_, state=OtherHelpState.DECIDED).first()
    if before is None:
        raise Hidden("other help", help_)
    found, member = case_for_staff(before.case_id, by, now, Role.CASEWORKER, lock=True)
    row_id = new_id(OtherHelp, key)
    if help_replaced_by(before.id) is not None:
        raise NotPossible("replaced")
    if ground not in Ground or ground == Ground.APPLIED:
        raise NotPossible("ground of change")
    purpose = _said_of_help(found, purpose, applied, amount, reasons)
    if amount < before.amount and ground not in TO_DISADVANTAGE:
        raise NotPossible("to disadvantage")
    if amount < _left_of(before):
        raise NotPossible("help has left")
    row = _proposed(
        found, before.period, before.person_id, member, now, id=row_id, purpose=purpose, applied=applied, amount=amount,
        language=language, reasons=reasons, replaces=before, ground=ground,
    )  # fmt: skip
    return Done(row, OtherHelpProposed(subject=found.id, payload=_told_of(row) | {"replaces": str(before.id)}))


def _said_of_help(case: Case, purpose: str, applied: int, amount: int, reasons: str) -> str:
    """The purpose as it is kept, where what is proposed can be."""
    purpose = stored_name(purpose)
    if not purpose or len(purpose) > LONGEST_PURPOSE:
        raise NotPossible("purpose")
    if applied <= 0:
        raise NotPossible("applied")
    if not 0 <= amount <= applied:
        raise NotPossible("beyond applied")
    if not are_reasons(reasons):
        raise NotPossible("reasons")
    if OtherHelp.objects.filter(case=case, state=OtherHelpState.PROPOSED).exists():
        raise NotPossible("proposed")
    return purpose


def _proposed(case: Case, period: Period, person: UUID, member: Member, now: datetime, **told: Any) -> OtherHelp:
    door = acting_door().the_tenant
    section, ground = remedy_on(OTHER, door.today(now)).section, told.get("ground")
    return OtherHelp.objects.create(
        **told | {"reasons": told["reasons"].strip()},
        case=case,
        period=period,
        person_id=person,
        number=next_reference("decision", now),
        currency=door.currency,
        legal_basis=f"{section}; {CHANGED_BY[ground]}" if ground else section,
        delegation=named_by_setting(),
        state=OtherHelpState.PROPOSED,
        proposed_by_id=member.id,
        proposed_at=now,
    )


def _told_of(row: OtherHelp) -> dict[str, Any]:
    return {
        "help": str(row.id),
        "period": str(row.period_id),
        "person": str(row.person_id),
        "applied": row.applied,
        "amount": row.amount,
        "reasons_digest": canonical.digest(row.reasons),
    }


def _left_of(help_: OtherHelp) -> int:
    """How much of help has left, or may have (minor units)."""
    if help_.booking_id is None:
        return 0
    parts = standing_settlements(Settlement.objects.filter(booking_id=help_.booking_id))
    return sum(one.amount for one in parts.select_related("payment__run") if has_left(one.payment))


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
    rows = rows.select_related("replaces__booking")
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
    and planned to be paid to her; what can't be paid as it stands is planned as blocked. The letter is fixed here.

    Where it replaces another, that one's booking is countered, and what is planned or was paid for it counts for this
    one: only the difference is paid. If less is granted than is planned, what hasn't left is planned anew.
    NotPossible("help has left") where more has left meanwhile than is granted; ("replaced")."""
    row, member = _locked(help_, version, by, now, Role.DECIDER, Role.CASEWORKER)
    by_what = require_mandate(member, Decides.OTHER_HELP, granted_with(row), now, help_)
    if needs_two_for(row) and member.id == row.proposed_by_id:
        raise NotForThem("second pair of eyes", help_)
    row.delegation = by_what.words
    if row.replaces_id is not None and help_replaced_by(row.replaces_id) is not None:
        raise NotPossible("replaced")
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
        "replaces": str(row.replaces_id) if row.replaces_id else None,
        "blocked": blocked,
        "letter": str(row.letter.id),
        "letter_digest": row.letter.content_digest,
        "proposed_by": str(row.proposed_by_id),
        "decided_by": str(member.id),
        "delegation": str(by_what.delegation) if by_what.delegation else None,
    }
    return Done(row, OtherHelpDecided(subject=row.case_id, payload=payload))


def _paid(row: OtherHelp, now: datetime) -> bool:
    """Book what is granted, in place of what was granted before, and plan the payment of what is neither planned nor
    paid yet; gives whether that can't leave as it stands."""
    parts = _taken_over(row, now) if row.replaces is not None else []
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
    Settlement.objects.bulk_create(
        Settlement(payment=one.payment, booking=row.booking, amount=one.amount, replaces=one) for one in parts
    )
    left = row.amount - sum(one.amount for one in parts)
    if not left:
        return False
    door = acting_door().the_tenant
    on = pay_day(row.period.since, first_pay_day(now), door.country, int(setting("payment_day")))
    payment = new_payment(row.case, row.period, left, row.currency, on, **paid_to(row.person, now))
    payment.save(force_insert=True)
    Settlement.objects.create(payment=payment, booking=row.booking, amount=left)
    return payment.state == PaymentState.BLOCKED


def _taken_over(row: OtherHelp, now: datetime) -> list[Settlement]:
    """Counter the booking of the decision that this one replaces; gives what is planned or was paid for it, and
    stays."""
    before = row.replaces
    if before is None or before.booking is None:
        return []
    locked = locked_for(row.period)
    kept, _stopped, _runs = fitting(parts_of([before.booking], locked), row.amount)
    if sum(one.amount for one in kept) > row.amount:
        raise NotPossible("help has left")
    counter_booking(before.booking, f"replaced by decision {row.number}", now)
    return kept


_SAID_OF: dict[str, str] = {Outcome.BIFALL: "granted", Outcome.DELAVSLAG: "partly", Outcome.AVSLAG: "refused"}


def _keys(row: OtherHelp, today: date) -> list[str]:
    """The dated texts of the letter: what it rests on, and how the decision is appealed, as the legal order says."""
    change = (f"change.{row.ground}", f"change.{_moved(row)}") if row.replaces is not None else ()
    return [*change, f"other_help.{_SAID_OF[outcome_of_help(row)]}", remedy_key(OTHER, today)]


def _texts(row: OtherHelp, today: date) -> list[DatedText]:
    return [text_for(row.case.legal_order, key, row.language, today) for key in _keys(row, today)]


def _moved(row: OtherHelp) -> str:
    before = row.replaces.amount if row.replaces is not None else 0
    return "more" if row.amount > before else "less" if row.amount < before else "same"


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
    "ar": {
        "heading": "قرار بشأن مساعدة مالية أخرى",
        Outcome.BIFALL: "تحصل على {amount} من أجل: {purpose}.",
        Outcome.DELAVSLAG: "تحصل على {amount} من أصل {applied} من أجل: {purpose}.",
        Outcome.AVSLAG: "لا تحصل على شيء من أجل: {purpose}. طلبت {applied}.",
        "line": "مساعدة مالية أخرى، {month}: {purpose}",
    },
}


def other_help_letter(row: OtherHelp, now: datetime, *, decider: str) -> dict[str, Any]:
    """What the letter says, or would say if `decider` took the decision now."""
    today = acting_door().the_tenant.today(now)

    def said(language: str) -> dict[str, Any]:
        def money(amount: int) -> str:
            return money_in(amount, row.currency, language)

        words = _WORDS[language]
        told = {"amount": money(row.amount), "applied": money(row.applied), "purpose": row.purpose}
        texts = (text_or_help(row.case.legal_order, key, language, today) for key in _keys(row, today))
        *changes, rests, remedy = (" ".join(text.split()) for text in texts)
        if row.replaces is not None and row.replaces.decided_at is not None:
            change = {
                "number": row.replaces.number,
                "day": acting_door().the_tenant.today(row.replaces.decided_at).isoformat(),
                "before": money(row.replaces.amount),
                "now": told["amount"],
                "difference": money(abs(row.amount - row.replaces.amount)),
            }
            changes = [text.format(**change) for text in changes]
        line = words["line"].format(month=month_in(row.period.since, language), purpose=row.purpose)
        return {
            "heading": words["heading"],
            "outcome": words[outcome_of_help(row)].format(**told),
            "lines": [{"text": line, "amount": row.amount}] if row.amount else [],
            "parts": [*(["", text] for text in changes), ["", rests], ["reasons", row.reasons]],
            "remedy": remedy,
        }

    return {
        **help_beside(row.language, row.person, said),
        **said(row.language),
        "number": row.number,
        "language": row.language,
        "date": today.isoformat(),
        "amount": row.amount,
        "currency": row.currency,
        "legal_basis": row.legal_basis,
        "decider": decider,
        "delegation": row.delegation,
    }
