"""The case account, payments that are due, runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from handslag.domain.audit.models import Event, Payload
from handslag.domain.casefile.models import Period
from handslag.domain.casefile.queries import cases_worked_by
from handslag.domain.decisions.models import Decision, Order
from handslag.domain.decisions.queries import TAKEN, instalments_in
from handslag.domain.intake.forms import kinds_of
from handslag.domain.payments.models import (
    Advance,
    BankFile,
    BankLine,
    Booking,
    ChartRow,
    DirectPayment,
    KeptBack,
    OtherHelp,
    Payee,
    Payment,
    PostingDay,
    Recovery,
    RecoveryLine,
    RecoveryPlan,
    RecoveryWaiver,
    Run,
    RunFile,
    SetOff,
    Settlement,
)
from handslag.domain.payments.states import (
    SECOND_PERSON,
    BookingKind,
    LineKind,
    LineOutcome,
    OtherHelpState,
    PayeeState,
    PaymentState,
    RecoveryGround,
    RecoveryState,
    RunState,
)
from handslag.domain.people.models import Address
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.models import RoleGrant, StaffMember
from handslag.domain.tenancy.permissions import Member
from handslag.domain.tenancy.states import Role
from handslag.kernel import canonical
from handslag.kernel.months import Month
from handslag.rules.ch.codes import COSTS as SWISS_COSTS
from handslag.rules.ch.codes import RENT as SWISS_RENT
from handslag.rules.ch.facts import Restitution
from handslag.rules.se.recovery import last_day_at_court

#: States in which a payment's file has left or is leaving.
UNDER_WAY = (PaymentState.RESERVED, PaymentState.SENT, PaymentState.CONFIRMED)


@dataclass(frozen=True)
class AccountRow:
    """A booking of a case with what settles it; `settled` counts what is reserved or has left (öre)."""

    booking: Booking
    payments: list[tuple[Payment, int]]
    settled: int
    reversed_by: Booking | None


def account_of(case: UUID) -> list[AccountRow]:
    """The bookings of a case in the order of booking, each with its payments and its counter-booking."""
    bookings = list(
        Booking.objects.select_related("period", "decision_line__decision", "person")
        .filter(case_id=case)
        .order_by("booked_at", "id")
    )
    counters = {b.reverses_id: b for b in bookings if b.reverses_id}
    settled: dict[UUID, list[tuple[Payment, int]]] = {}
    replaced = Settlement.objects.filter(replaces__isnull=False).values("replaces_id")
    standing = Settlement.objects.select_related("payment__run").filter(booking__case_id=case)
    for row in standing.exclude(id__in=replaced).order_by("id"):
        settled.setdefault(row.booking_id, []).append((row.payment, row.amount))
    return [
        AccountRow(
            booking,
            settled.get(booking.id, []),
            sum(amount for payment, amount in settled.get(booking.id, []) if payment.state in UNDER_WAY),
            counters.get(booking.id),
        )
        for booking in bookings
    ]


def balance_of(case: UUID) -> tuple[int, int]:
    """Expenses and incomes of a case, counter-bookings counted: öre."""
    sums = dict(
        Booking.objects.filter(case_id=case)
        .order_by()
        .values_list("kind")
        .annotate(Sum("amount"))
        .values_list("kind", "amount__sum")
    )
    return sums.get(BookingKind.EXPENSE, 0), sums.get(BookingKind.INCOME, 0)


def payments_waiting() -> list[Payment]:
    """Payments that are planned, blocked or held: what doesn't move first, then by day."""
    return sorted(
        Payment.objects.select_related("payee", "period", "case", "direct__payee").filter(
            state__in=[PaymentState.PLANNED, PaymentState.BLOCKED, PaymentState.HELD]
        ),
        key=lambda p: (p.state == PaymentState.PLANNED, p.pay_on, p.id),
    )


def payments_stuck(case: UUID) -> list[Payment]:
    """The payments of a case that are blocked or stopped by somebody, oldest first."""
    found = Payment.objects.select_related("period", "direct__payee").filter(case_id=case)
    return list(found.filter(state__in=[PaymentState.BLOCKED, PaymentState.HELD]).order_by("pay_on", "id"))


def runs_on(day: date) -> list[Run]:
    """The runs that pay on a day, but for those that were given up."""
    found = Run.objects.select_related("reserved_by", "released_by").filter(execution_on=day)
    return list(found.exclude(state=RunState.CANCELLED).order_by("number"))


def payees() -> list[Payee]:
    """The payees in use, those that wait for their second pair of eyes first, then by name."""
    found = Payee.objects.select_related("recorded_by", "confirmed_by").exclude(state=PayeeState.ENDED)
    return sorted(found, key=lambda p: (p.state != PayeeState.PROPOSED, p.name.casefold(), p.id))


def direct_payments_of(case: UUID) -> list[DirectPayment]:
    """The orders of direct payment of a case, newest month first."""
    found = DirectPayment.objects.select_related("payee", "ordered_by").filter(case_id=case)
    return list(found.order_by("-since", "-id"))


def advances_of(case: UUID) -> list[tuple[Advance, int]]:
    """The advances of a case, oldest first, each with what of it is still open (minor units)."""
    gone = Booking.objects.filter(case_id=case, reverses__isnull=False).values("reverses_id")
    given = Advance.objects.select_related("period").filter(case_id=case).exclude(booking_id__in=gone).order_by("id")
    found = list(given)
    taken: dict[UUID, int] = {}
    for row in SetOff.objects.filter(advance__case_id=case).exclude(counter_id__in=gone) if found else ():
        taken[row.advance_id] = taken.get(row.advance_id, 0) + row.amount
    return [(advance, advance.amount - taken.get(advance.id, 0)) for advance in found]


def advances_awaited(case: UUID) -> set[UUID]:
    """The advances of a case that wait for a second person."""
    return set(awaited_advances().filter(case_id=case).values_list("id", flat=True))


def awaited_advances() -> QuerySet[Advance]:
    """All advances that wait for a second person: nothing is granted by them yet."""
    blocked = Payment.objects.filter(state=PaymentState.BLOCKED, blocked_reason=SECOND_PERSON)
    settled = Settlement.objects.filter(payment__in=blocked).values("booking_id")
    return Advance.objects.filter(booking_id__in=settled)


def advances_waiting(period: UUID) -> list[Advance]:
    """The advances on a month that wait for a second person, oldest first: no decision sets them off."""
    found = Advance.objects.select_related("granted_by").filter(period_id=period).order_by("id")
    awaited = advances_awaited(found[0].case_id) if found else set()
    return [advance for advance in found if advance.id in awaited]


def newest_runs(most: int = 30) -> list[Run]:
    """The newest payment runs."""
    return list(Run.objects.select_related("reserved_by", "released_by").order_by("-reserved_at")[:most])


def payments_in(run: UUID) -> list[Payment]:
    """The payments of a run, in the order of its file."""
    return list(
        Payment.objects.select_related("payee", "period", "case", "direct__payee").filter(run_id=run).order_by("id")
    )


def file_of(run: UUID) -> RunFile | None:
    """The file of a run, once it is written."""
    return RunFile.objects.select_related("document").filter(run_id=run).first()


def payments_for(period: UUID) -> list[Payment]:
    """The payments for a period of a case."""
    return list(Payment.objects.select_related("run").filter(period_id=period).order_by("id"))


def payments_of(cases: Collection[UUID]) -> list[Payment]:
    """The payments of these cases, newest pay day first."""
    return list(
        Payment.objects.select_related("period", "direct__payee").filter(case_id__in=cases).order_by("-pay_on", "-id")
    )


def file_refusal(subject: UUID) -> list[str]:
    """Why the file of a run, or of an order to pay a partner, couldn't be written when it was last tried; [] if it
    never was refused."""
    kinds = ("run file refused", "order file refused")
    event = Event.objects.filter(subject_id=subject, kind__in=kinds).order_by("-seq").first()
    if event is None:
        return []
    body = Payload.objects.filter(id=event.id).values_list("body", flat=True).first()
    return list(body["problems"]) if body else []


def decisions_behind(payments: Collection[Payment]) -> dict[UUID, UUID]:
    """The newest decision whose money each payment is, by payment; an advance has none."""
    rows = Settlement.objects.filter(payment__in=payments, booking__decision_line__isnull=False).order_by("id")
    return dict(rows.values_list("payment_id", "booking__decision_line__decision_id"))


def planned_by(payments: Collection[Payment]) -> dict[UUID, UUID]:
    """The decision by which each payment was planned, by payment, whatever has replaced it since."""
    rows = Settlement.objects.filter(payment__in=payments, booking__decision_line__isnull=False).order_by("-id")
    return dict(rows.values_list("payment_id", "booking__decision_line__decision_id"))


def other_help_behind(payments: Collection[Payment]) -> dict[UUID, OtherHelp]:
    """The help under 12 kap. 2 § socialtjänstlagen that each payment pays, or paid before it came back, by payment; the
    others aren't in it."""
    rows = Settlement.objects.filter(payment__in=payments, booking__account_code=OTHER_HELP).order_by("id")
    paid = dict(rows.values_list("payment_id", "booking_id"))
    found = {one.booking_id: one for one in OtherHelp.objects.filter(booking_id__in=set(paid.values()))}
    return {payment: found[booking] for payment, booking in paid.items() if booking in found}


def other_help_of(cases: Collection[UUID], person: UUID | None = None) -> list[OtherHelp]:
    """What was proposed or decided in these cases under 12 kap. 2 § socialtjänstlagen, newest first; what was decided
    for one person, if she is named."""
    found = OtherHelp.objects.select_related("person", "period").filter(case_id__in=cases)
    if person is not None:
        found = found.filter(person_id=person, state=OtherHelpState.DECIDED)
    return list(found.order_by("-proposed_at", "-id"))


def help_replaced() -> QuerySet[OtherHelp, UUID | None]:
    """The keys of the help under 12 kap. 2 § whose decision another one has replaced."""
    taken = OtherHelp.objects.filter(state=OtherHelpState.DECIDED, replaces__isnull=False)
    return taken.values_list("replaces_id", flat=True)


def help_replaced_by(help_: UUID) -> OtherHelp | None:
    """The decision that has replaced one under 12 kap. 2 §; None while it is in force."""
    return OtherHelp.objects.filter(replaces_id=help_, state=OtherHelpState.DECIDED).first()


def other_help_waiting(member: Member) -> list[OtherHelp]:
    """The proposals under 12 kap. 2 § of the cases that a member of staff has a relation to, oldest first."""
    found = OtherHelp.objects.select_related("case__applicant", "case__co_applicant", "person", "proposed_by")
    waiting = found.filter(state=OtherHelpState.PROPOSED, case_id__in=cases_worked_by(member).values("id"))
    return list(waiting.order_by("proposed_at", "id"))


def is_advance(payment: Payment) -> bool:
    """Whether a payment pays an advance."""
    settled = Settlement.objects.filter(payment=payment).values("booking_id")
    return Advance.objects.filter(booking_id__in=settled).exists()


def paid_in_advance(decision: UUID) -> int:
    """What of a decision's money was paid in advance, and is set off against it (minor units)."""
    gone = Booking.objects.filter(reverses__isnull=False).values("reverses_id")
    found = SetOff.objects.filter(booking__decision_line__decision_id=decision).exclude(counter_id__in=gone)
    return found.aggregate(sum=Sum("amount"))["sum"] or 0


def payers_unit(now: datetime) -> UUID | None:
    """The unit that looks at what the bank says: the one of the first active payer, None if there is none."""
    today = acting_door().the_tenant.today(now)
    held = RoleGrant.objects.filter(role=Role.PAYER, since__lte=today).filter(Q(until=None) | Q(until__gt=today))
    found = StaffMember.objects.filter(active=True, id__in=held.values("member_id")).order_by("id")
    return found.values_list("unit_id", flat=True).first()


def bank_files(most: int = 30) -> list[BankFile]:
    """The newest files of answers from the bank."""
    return list(BankFile.objects.select_related("document").order_by("-received_at", "-id")[:most])


def protection_in(files: Collection[UUID]) -> dict[UUID, int]:
    """The highest protection today of anybody whom a file to or from the bank tells of, by the file's document."""
    theirs = Address.objects.filter(person=OuterRef("payee"), protection_level__gt=0)
    adults = Q(case__applicant__protection_level__gt=0) | Q(case__co_applicant__protection_level__gt=0)
    of_protected = Payment.objects.filter(
        Q(payee__protection_level__gt=0) | Q(adults, message__gt="") | Q(Exists(theirs), post_to__isnull=False)
    )
    documents: dict[UUID, list[UUID]] = {}
    told = BankLine.objects.filter(file__document_id__in=files, payment__in=of_protected)
    for document, payment in told.values_list("file__document_id", "payment_id"):
        documents.setdefault(payment, []).append(document)
    runs = dict(RunFile.objects.filter(document_id__in=files).values_list("run_id", "document_id"))
    for run, payment in of_protected.filter(run_id__in=runs).values_list("run_id", "id"):
        documents.setdefault(payment, []).append(runs[run])
    levels = dict.fromkeys(files, 0)
    for one in Payment.objects.select_related("payee", "case__applicant", "case__co_applicant").filter(
        id__in=documents
    ):
        # what is written to a payee may name whose cost it is
        people = [one.payee, *([one.case.applicant, one.case.co_applicant] if one.message else [])]
        posted = (
            Address.objects.filter(person_id=one.payee_id) if one.post_to and one.payee_id else Address.objects.none()
        )
        inside = [*(p.protection_level for p in people if p), *posted.values_list("protection_level", flat=True)]
        for document in documents[one.id]:
            levels[document] = max([levels[document], *inside])
    return levels


def in_quarantine() -> list[BankLine]:
    """The lines of the bank's answers that wait for a person, oldest first."""
    found = BankLine.objects.select_related("file", "payment__case", "payment__payee")
    return list(found.filter(outcome=LineOutcome.QUARANTINED).order_by("file__received_at", "number"))


def direct_kinds(legal_order: str) -> Mapping[str, Mapping[str, str]]:
    """What support can be paid for directly, under a law: names by code and language."""
    costs = {code: kind.name for code, kind in kinds_of(legal_order)["costs"].items()}
    return {"RENT": SWISS_RENT, **costs} if legal_order == "ch" else costs


# -- what the ledger gets ----------------------------------------------------------------------------------------

#: Our account codes beside the kinds of income: expenses, what is owed, and money on its way by the bank.
OWED, BANK, INCOME, CLAIMED, RECEIVABLE = "skuld", "bank", "inkomst", "aterkrav", "fordran"
#: A benefit that came to us because we had paid it in advance.
CEDED = "avstadd"
#: Help that nobody has a right to (12 kap. 2 § socialtjänstlagen). Its code is for accounts and tells it apart: the
#: monthly statistics are of help under 1 § alone (2 § förordning 1981:1370).
OTHER_HELP = "bistand_utan_ratt"
#: What was paid beyond a decision.
OVERPAID = "felutbetalt"
EXPENSES = ("forsorjningsstod", "forskott", "retur", OVERPAID, OTHER_HELP)
CHART_CODES = (*EXPENSES, OWED, BANK, INCOME, CLAIMED, RECEIVABLE, CEDED)


@dataclass(frozen=True, slots=True)
class Entry:
    """One balanced entry of the ledger: `amount` (minor units, above 0) from `credit` to `debit`, both
    (account, ansvar, verksamhet). `source` and `key` name the row that it rests on, `booking` the booking traced to."""

    number: int
    day: date
    debit: tuple[str, str, str]
    credit: tuple[str, str, str]
    amount: int
    text: str
    source: str
    key: UUID
    bookings: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Postings:
    """The entries of a day, the codes that have no account on it, and the digest over the entries."""

    entries: list[Entry]
    missing: list[str]

    @property
    def total(self) -> int:
        """The sum of all debits, which is that of all credits (minor units)."""
        return sum(entry.amount for entry in self.entries)

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical form of the entries."""
        return canonical.digest(
            [
                [e.number, e.day.isoformat(), list(e.debit), list(e.credit), e.amount, e.text, e.source, str(e.key)]
                for e in self.entries
            ]
        )


def chart_on(day: date, known: datetime) -> dict[str, ChartRow]:
    """The chart of accounts in force on a day, as it was known at a moment: by code."""
    found = ChartRow.objects.filter(since__lte=day, recorded_at__lte=known).order_by("since", "recorded_at", "id")
    return {row.code: row for row in found}


def postings_of(day: date, known: datetime) -> Postings:
    """What was booked, what left for the bank and what it refused on a day of the tenant, as balanced entries, with
    the chart as it was known at a moment. The rows that it rests on never change: asked again, it is the same."""
    zone = ZoneInfo(acting_door().the_tenant.zone)
    since = datetime.combine(day, time(), zone).astimezone(UTC)
    until = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
    chart, missing = chart_on(day, known), set[str]()
    entries: list[Entry] = []

    def account(code: str) -> tuple[str, str, str]:
        row = chart.get(code)
        if row is None:
            missing.add(code)
            return (code, "", "")
        return (row.account, row.unit, row.activity)

    def entry(debit: str, credit: str, amount: int, source: str, key: UUID, bookings: Iterable[UUID]) -> None:
        if amount < 0:
            debit, credit, amount = credit, debit, -amount
        sides = account(debit), account(credit)
        text = f"{source} {key.hex[-12:]}"
        entries.append(Entry(len(entries) + 1, day, *sides, amount, text, source, key, tuple(bookings)))

    set_offs = set(SetOff.objects.filter(counter__booked_at__lt=until).values_list("counter_id", flat=True))
    set_offs |= set(KeptBack.objects.filter(counter__booked_at__lt=until).values_list("counter_id", flat=True))
    for booking in Booking.objects.filter(booked_at__gte=since, booked_at__lt=until).order_by("booked_at", "id"):
        code = booking.account_code if booking.account_code in CHART_CODES else INCOME
        if booking.kind == BookingKind.EXPENSE and booking.account_code in SWISS_COSTS:  # paid outside, by hand
            entry(EXPENSES[0], BANK, booking.amount, "booking", booking.id, [booking.id])
        elif booking.kind == BookingKind.EXPENSE:
            entry(code, OWED, booking.amount, "booking", booking.id, [booking.id])
        elif booking.kind == BookingKind.CLAIM:  # what is to be paid back takes from what was spent
            entry(RECEIVABLE, CLAIMED, booking.amount, "booking", booking.id, [booking.id])
        else:
            from_ = OWED if (booking.reverses_id or booking.id) in set_offs else BANK
            code = RECEIVABLE if booking.recovery_line_id else code
            entry(from_, code, booking.amount, "booking", booking.id, [booking.id])
    runs = RunFile.objects.filter(written_at__gte=since, written_at__lt=until).values("run_id")
    sent = Payment.objects.filter(run_id__in=runs).order_by("run_id", "id")
    refused = Payment.objects.filter(
        id__in=BankLine.objects.filter(
            outcome=LineOutcome.APPLIED,
            kind=LineKind.REJECTED,
            file__received_at__gte=since,
            file__received_at__lt=until,
        ).values("payment_id")
    ).order_by("id")
    settled: dict[UUID, list[UUID]] = {}
    first = Settlement.objects.filter(replaces=None)  # what takes their place later is no other posting
    for row in first.filter(Q(payment__in=sent) | Q(payment__in=refused)).order_by("id"):
        settled.setdefault(row.payment_id, []).append(row.booking_id)
    for payment in sent:
        entry(OWED, BANK, payment.amount, "payment", payment.id, settled.get(payment.id, []))
    for payment in refused:
        entry(BANK, OWED, payment.amount, "refused payment", payment.id, settled.get(payment.id, []))
    return Postings(entries, sorted(missing))


def posting_days(now: datetime, most: int = 40) -> list[tuple[date, PostingDay | None]]:
    """The newest days, over by now, on which something was booked, sent or refused; with the day as it was fixed."""
    tenant = acting_door().the_tenant
    zone = ZoneInfo(tenant.zone)
    moments = [
        *Booking.objects.order_by("-booked_at").values_list("booked_at", flat=True)[:2000],
        *RunFile.objects.order_by("-written_at").values_list("written_at", flat=True)[:400],
        *BankLine.objects.filter(outcome=LineOutcome.APPLIED, kind=LineKind.REJECTED)
        .order_by("-file__received_at")
        .values_list("file__received_at", flat=True)[:2000],
    ]
    days = sorted({moment.astimezone(zone).date() for moment in moments}, reverse=True)
    fixed = {row.day: row for row in PostingDay.objects.filter(day__in=days)}
    return [(day, fixed.get(day)) for day in days if day < tenant.today(now)][:most]


# -- what is claimed back ----------------------------------------------------------------------------------------


def beyond_of(case: UUID) -> dict[UUID, int]:
    """What has left beyond the decisions of a case, by period (minor units): what stands booked so, and of advances
    what the month's decision didn't cover."""
    rows = Booking.objects.filter(case_id=case, account_code=OVERPAID, kind=BookingKind.EXPENSE).order_by()
    found = dict(rows.values_list("period_id").annotate(sum=Sum("amount")))
    for advance, left in advances_uncovered(case):
        if _has_arrived(advance):
            found[advance.period_id] = found.get(advance.period_id, 0) + left
    return {period: total for period, total in found.items() if total}


def advances_uncovered(case: UUID) -> list[tuple[Advance, int]]:
    """The advances of a case on decided months, each with what of it the decision didn't cover (minor units); those
    that wait for a second person are nothing yet."""
    found = [(advance, left) for advance, left in advances_of(case) if left]
    if not found:
        return []
    decided = set(Decision.objects.filter(case_id=case, state__in=TAKEN).values_list("period_id", flat=True))
    awaited = advances_awaited(case)
    return [(one, left) for one, left in found if one.period_id in decided and one.id not in awaited]


def uncovered_of(period: Period) -> int:
    """What of its advances the decision on a month didn't cover (minor units)."""
    return sum(left for advance, left in advances_uncovered(period.case_id) if advance.period_id == period.id)


def beyond_in(period: Period) -> int:
    """What is beyond the decision on a month, has it left or not (minor units)."""
    rows = Booking.objects.filter(period=period, account_code=OVERPAID, kind=BookingKind.EXPENSE).order_by()
    return _sum(rows) + uncovered_of(period)


def _has_arrived(advance: Advance) -> bool:
    """Whether the money of an advance has left and not come back."""
    replaced = Settlement.objects.filter(replaces__isnull=False).values("replaces_id")
    paid = Settlement.objects.filter(
        booking_id=advance.booking_id, payment__state__in=[PaymentState.SENT, PaymentState.CONFIRMED]
    )
    return paid.exclude(id__in=replaced).exists()


def _advanced(case: UUID, ground: str) -> dict[UUID, int]:
    """What has left of the support that a decision in force granted on this condition, by period (minor units). What is
    set off or waits to be paid isn't in it."""
    gone = Booking.objects.filter(case_id=case, reverses__isnull=False).values("reverses_id")
    replaced = Settlement.objects.filter(replaces__isnull=False).values("replaces_id")
    paid = Settlement.objects.filter(
        booking__case_id=case,
        booking__decision_line__decision__repayable=ground,
        booking__reverses=None,
        payment__state__in=[PaymentState.SENT, PaymentState.CONFIRMED],
    ).exclude(booking_id__in=gone)
    rows = paid.exclude(id__in=replaced).order_by().values_list("booking__period_id")
    return dict(rows.annotate(sum=Sum("amount")))


def ceded_of(case: UUID) -> dict[UUID, int]:
    """The benefits that came in because we had paid them in advance, by period (minor units)."""
    rows = Booking.objects.filter(case_id=case, account_code=CEDED).order_by().values_list("period_id")
    return dict(rows.annotate(sum=Sum("amount")))


def advanced_of(case: UUID, ground: str) -> dict[UUID, int]:
    """What has left of the support that a decision in force granted on this condition, less what its benefits have
    brought in instead, by period (minor units)."""
    found = _advanced(case, ground)
    if ground == RecoveryGround.BENEFIT:
        for period, amount in ceded_of(case).items():
            found[period] = found.get(period, 0) - amount
    return {period: amount for period, amount in found.items() if amount > 0}


def basis_of(case: UUID, ground: str) -> dict[UUID, int]:
    """What can be claimed back on a ground at all, claimed or not, by period (minor units)."""
    return beyond_of(case) if ground == RecoveryGround.MISINFORMED else advanced_of(case, ground)


def came_back(decision: Decision) -> int:
    """What has come in of what was paid for the month of a decision, for claims and from authorities, but for what it
    grants on the condition that this comes in (minor units)."""
    rows = Booking.objects.filter(period_id=decision.period_id, kind=BookingKind.INCOME).order_by()
    ceded = rows.filter(account_code=CEDED)
    claimed = rows.filter(recovery_line__isnull=False)
    own = [claimed.filter(recovery_line__recovery__ground=decision.repayable)] if decision.repayable else []
    own += [ceded] if decision.repayable == RecoveryGround.BENEFIT else []
    return _sum(ceded, claimed) - min(decision.amount, _sum(*own))


def _sum(*found: QuerySet[Booking]) -> int:
    return sum(rows.aggregate(sum=Sum("amount"))["sum"] or 0 for rows in found)


def _standing_claims(case: UUID) -> dict[tuple[UUID, str], int]:
    """What stands claimed, paid or not, by period and ground (minor units)."""
    claims = Booking.objects.filter(case_id=case, kind=BookingKind.CLAIM).order_by()
    rows = claims.values_list("period_id", "recovery_line__recovery__ground").annotate(sum=Sum("amount"))
    return {(period, ground): total for period, ground, total in rows}


def claimable_in(case: UUID, ground: str = RecoveryGround.MISINFORMED) -> dict[UUID, int]:
    """What of that nobody has claimed yet, by period (minor units). What was claimed and given up stays claimed: it
    isn't claimed a second time. Nor is the same money on two grounds: a claim on a condition rests on what was granted
    on it, and beyond that on what was paid too much; so does a benefit that came in, which counts in full against what
    was paid too much."""
    basis = basis_of(case, ground)
    if not basis:
        return {}
    lines = RecoveryLine.objects.filter(recovery__case_id=case, recovery__state=RecoveryState.DECIDED).order_by()
    rows = lines.values_list("period_id", "recovery__ground").annotate(sum=Sum("amount"))
    taken = {(period, of): total for period, of, total in rows}
    ceded, misinformed = ceded_of(case), ground == RecoveryGround.MISINFORMED
    others = [one.value for one in RecoveryGround if one != ground]
    advanced = {one: _advanced(case, one) for one in others} if misinformed else {}
    beyond, standing = ({}, {}) if misinformed else (beyond_of(case), _standing_claims(case))
    left: dict[UUID, int] = {}
    for period, amount in basis.items():
        amount -= taken.get((period, ground), 0)
        if misinformed:
            amount -= ceded.get(period, 0)
            amount -= sum(max(0, taken.get((period, one), 0) - advanced[one].get(period, 0)) for one in others)
        else:
            resting = sum(standing.get((period, one), 0) for one in others)
            resting += ceded.get(period, 0) if ground != RecoveryGround.BENEFIT else 0
            amount -= max(0, resting - beyond.get(period, 0))
        if amount > 0:
            left[period] = amount
    return left


def claimed_too_much(case: UUID) -> dict[UUID, int]:
    """What stands claimed of a case and isn't paid, beyond what all that stands claimed can rest on, by period (minor
    units): a decision, the bank or a benefit that came in has changed that."""
    standing = _standing_claims(case)
    if not standing:
        return {}
    ceded, beyond = ceded_of(case), beyond_of(case)
    rows = Booking.objects.filter(case_id=case, kind=BookingKind.INCOME, recovery_line__isnull=False).order_by()
    paid = dict(rows.values_list("period_id").annotate(sum=Sum("amount")))
    conditions = [one for one in RecoveryGround if one != RecoveryGround.MISINFORMED]
    advanced = {one: _advanced(case, one) for one in conditions}
    over: dict[UUID, int] = {}
    for period in {period for period, _ in standing}:
        unpaid = sum(standing.get((period, one), 0) for one in RecoveryGround) - paid.get(period, 0)
        resting = standing.get((period, RecoveryGround.MISINFORMED), 0)
        for one in conditions:
            came_in = ceded.get(period, 0) if one == RecoveryGround.BENEFIT else 0
            resting += max(0, standing.get((period, one), 0) + came_in - advanced[one].get(period, 0))
        if (much := min(unpaid, resting - beyond.get(period, 0))) > 0:
            over[period] = much
    return over


@dataclass(frozen=True)
class Standing:
    """Where a claim stands, by line (minor units): the booking that claims it now, and what has come in for it."""

    claims: dict[UUID, Booking]
    paid_for: dict[UUID, int]
    claimed: int

    @property
    def paid(self) -> int:
        """What has come in."""
        return sum(self.paid_for.values())

    @property
    def stands(self) -> int:
        """What is claimed now, paid or not."""
        return sum(claim.amount for claim in self.claims.values())

    @property
    def waived(self) -> int:
        """What was given up."""
        return self.claimed - self.stands

    @property
    def open(self) -> int:
        """What is left to pay."""
        return self.stands - self.paid

    def open_of(self, line: UUID) -> int:
        """What is left to pay of one month."""
        claim = self.claims.get(line)
        return (claim.amount if claim else 0) - self.paid_for.get(line, 0)


def lines_of(recovery: Recovery) -> list[RecoveryLine]:
    """The months of a claim, oldest first."""
    return list(RecoveryLine.objects.select_related("period").filter(recovery=recovery).order_by("period__since"))


def claimed_with(recovery: Recovery) -> int:
    """What a claim comes to together with the others that were decided on its months (minor units): what the limit of a
    delegation is held against."""
    own = RecoveryLine.objects.filter(recovery=recovery)
    others = RecoveryLine.objects.filter(recovery__state=RecoveryState.DECIDED, period_id__in=own.values("period_id"))
    sums = (found.aggregate(sum=Sum("amount"))["sum"] or 0 for found in (own, others.exclude(recovery=recovery)))
    return sum(sums)


def waived_with(recovery: Recovery, amount: int) -> int:
    """What is given up of the claims on the months of a claim, with this `amount` more (minor units): the same."""
    months = RecoveryLine.objects.filter(recovery=recovery).values("period_id")
    alike = RecoveryLine.objects.filter(period_id__in=months).values("recovery_id")
    found = RecoveryWaiver.objects.filter(recovery_id__in=alike).aggregate(sum=Sum("amount"))
    return amount + (found["sum"] or 0)


def standing_of(recovery: Recovery) -> Standing:
    """What a decided claim is today, from the case account."""
    rows = list(Booking.objects.filter(recovery_line__recovery=recovery).order_by("booked_at", "id"))
    gone = {row.reverses_id for row in rows}
    claims = {
        row.recovery_line_id: row
        for row in rows
        if row.kind == BookingKind.CLAIM and row.recovery_line_id and not row.reverses_id and row.id not in gone
    }
    paid: dict[UUID, int] = {}
    for row in rows:
        if row.kind == BookingKind.INCOME and row.recovery_line_id:
            paid[row.recovery_line_id] = paid.get(row.recovery_line_id, 0) + row.amount
    return Standing(claims, paid, sum(line.amount for line in lines_of(recovery)))


def owed_of(recovery: Recovery) -> dict[UUID, int]:
    """What is left to pay of a decided claim and what it rests on by now, by line, the oldest month first (minor
    units)."""
    standing, much = standing_of(recovery), claimed_too_much(recovery.case_id)
    return {line.id: max(0, standing.open_of(line.id) - much.get(line.period_id, 0)) for line in lines_of(recovery)}


def claim_of(order: Order) -> Recovery:
    """The claim that an instalment is for."""
    return Recovery.objects.get(case_id=order.case_id, number=order.about)


def _kept_back() -> QuerySet[KeptBack]:
    gone = Booking.objects.filter(reverses__isnull=False).values("reverses_id")
    rows = KeptBack.objects.select_related("booking__period", "counter__recovery_line", "order")
    return rows.exclude(counter_id__in=gone).order_by("id")


def kept_back_in(period: Period) -> list[KeptBack]:
    """What stands kept back of the support of a month, oldest first."""
    return list(_kept_back().filter(booking__period=period))


def kept_back_by(order: Order) -> list[KeptBack]:
    """What stands kept back by an instalment, oldest first."""
    return list(_kept_back().filter(order=order))


def restitution_in(period: Period) -> Restitution | None:
    """What the budget of a Swiss month says of a claim: what is left to pay of it (with what this very month keeps back
    already, Rappen), by the instalment that was decided; None where no instalment holds, and once all is paid."""
    for order in instalments_in(period.case_id, Month.of(period.since)):
        left = sum(owed_of(claim_of(order)).values())
        left += sum(row.amount for row in kept_back_in(period) if row.order_id == order.id)
        if left and order.percent:
            return Restitution(remaining=left, percent=order.percent, order=order.number)
    return None


def recoveries_of(cases: Collection[UUID], person: UUID | None = None) -> list[Recovery]:
    """The claims of these cases, newest first; those decided from one person where she is named."""
    found = Recovery.objects.select_related("case", "person", "proposed_by", "decided_by").filter(case_id__in=cases)
    if person is not None:
        found = found.filter(person_id=person, state=RecoveryState.DECIDED)
    return list(found.order_by("-proposed_at", "-id"))


def recoveries_waiting(member: Member) -> list[Recovery]:
    """The proposed claims of the cases that a member of staff has a relation to, oldest first."""
    found = Recovery.objects.select_related("case__applicant", "case__co_applicant", "person", "proposed_by")
    waiting = found.filter(state=RecoveryState.PROPOSED, case_id__in=cases_worked_by(member).values("id"))
    return list(waiting.order_by("proposed_at", "id"))


def plan_of(recovery: Recovery) -> RecoveryPlan | None:
    """How a claim is paid: the newest plan."""
    return RecoveryPlan.objects.select_related("set_by").filter(recovery=recovery).order_by("-set_at", "-id").first()


def waivers_of(recovery: Recovery) -> list[RecoveryWaiver]:
    """What was given up of a claim, oldest first."""
    found = RecoveryWaiver.objects.select_related("waived_by", "letter__document").filter(recovery=recovery)
    return list(found.order_by("waived_at", "id"))


def last_day_at_court_for(periods: Collection[UUID]) -> date | None:
    """The last day on which the court can be asked about what was paid for these periods: three years from the first
    payment that has left; None where none has."""
    left = [PaymentState.SENT, PaymentState.CONFIRMED]
    paid = Payment.objects.filter(period_id__in=periods, state__in=left).order_by("pay_on", "id").first()
    return last_day_at_court(paid.pay_on) if paid else None
