"""The one table of reactions: what follows from each event, read here from top to bottom.

Each reaction calls one operation or puts one job into the queue; `causes` names the events of that operation,
so that a circle is found at start.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from handslag.domain.accounts.models import Account, PaymentOrder
from handslag.domain.accounts.operations import (
    AccountCompared,
    AccountTold,
    BankLinesMatched,
    BillDecided,
    HandMatchUndone,
    MatchedByHand,
    MoneyMatched,
    OrderAnswered,
    OrderFileRefused,
    OrderFileWritten,
    PaidToConfirmed,
    PaidToEnded,
    PaidToRecorded,
    PaymentOrdered,
    PaymentReleased,
    PaymentWithdrawn,
    Posted,
    match_bank_lines,
)
from handslag.domain.accounts.queries import bills_open, paid_to
from handslag.domain.accounts.states import FAILED, Side
from handslag.domain.audit.operations import Event, Reaction, not_yet_inserted
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.operations import (
    AccessTaken,
    CaseClosed,
    CaseOpened,
    CaseReopened,
    CaseTakenOver,
    CaseTransferred,
    MessageAnswered,
    MessageSent,
    MovedIn,
    MovedOut,
    NoteWritten,
    WarningAcknowledged,
    WarningsReconciled,
    close_with_merge,
    keep_warnings,
    reopen_after_merge,
)
from handslag.domain.casefile.queries import Cause, cases_of, unanswered
from handslag.domain.casefile.states import WarningKind
from handslag.domain.decisions.models import Decision, Letter, Order
from handslag.domain.decisions.operations import (
    DecisionProposed,
    DecisionReturned,
    DecisionTaken,
    HearingAnswered,
    HearingOpened,
    LetterRendered,
    ProposalWithdrawn,
)
from handslag.domain.decisions.operations.appeals import (
    FORWARDED_PROMPTLY,
    AppealChecked,
    AppealDismissed,
    AppealForwarded,
    AppealLodged,
    AppealPacked,
    JudgmentNoted,
)
from handslag.domain.decisions.operations.letters import (
    HearingsClosed,
    LetterRefused,
    PersonalLetterRendered,
    close_hearings,
)
from handslag.domain.decisions.operations.order_appeals import OrderAppealChanged, OrderAppealEnded, OrderAppealNoted
from handslag.domain.decisions.operations.orders import (
    CONDITION_DAY,
    OrderDecided,
    OrderEnded,
    OrderProposed,
    OrderReturned,
    OrderWithdrawn,
)
from handslag.domain.decisions.queries import appeals_in, conditions_over, in_force
from handslag.domain.decisions.states import HERE, AppealState, OrderKind, Outcome
from handslag.domain.documents.models import Document
from handslag.domain.documents.operations import DocumentRecorded, DocumentScanned
from handslag.domain.documents.states import Provenance, ScanState
from handslag.domain.elsewhere.operations import (
    CaseAsked,
    ClientFollowed,
    ClientLeft,
    HandOverQueued,
    HandOverSettled,
    HandOverTried,
    SwitchConfirmed,
    SwitchEntered,
    SwitchTakenBack,
    queue_hand_over,
)
from handslag.domain.entitlement import checks
from handslag.domain.entitlement.models import Sheet
from handslag.domain.entitlement.operations import (
    CORRECTION,
    CorrectionProposed,
    LocalNormConfirmed,
    LocalNormEntered,
    PeriodAssessed,
    PopulationTaken,
    SheetsDiffer,
    keep_results,
)
from handslag.domain.entitlement.operations.evidence import DocumentLinked, DocumentUnlinked
from handslag.domain.entitlement.operations.precalculations import (
    PrecalculationContinued,
    PrecalculationEnded,
    PrecalculationHalted,
    PrecalculationStarted,
)
from handslag.domain.entitlement.queries import carried_beyond, incomes_of, newest_sheet
from handslag.domain.exchange.models import Envelope
from handslag.domain.exchange.models import Message as ExchangeMessage
from handslag.domain.exchange.operations.inbox import (
    AnsweredElsewhere,
    ArrivalSettled,
    ArrivalTried,
    MessageKept,
    MessageRecalled,
    MessageReminded,
    MessageTakenIn,
    MessageTakenUp,
    PartnerKeysNoted,
    ReceiptTakenIn,
    ReplyTakenIn,
)
from handslag.domain.exchange.operations.outbox import (
    AskedElsewhere,
    MessageExpired,
    MessageGiven,
    MessageHandedOver,
    MessageOverdue,
    MessageSealed,
    MessageSentAgain,
    MessageTakenBack,
    MessageUncollected,
)
from handslag.domain.exchange.operations.partners import (
    EnvelopesPassed,
    ExchangeKeyEnded,
    ExchangeKeysMade,
    PartnerKeyEnded,
    PartnerMet,
    PartnerRegistered,
)
from handslag.domain.exchange.operations.sedex import (
    PartnerBySedex,
    PutOutBySedex,
    SedexConnected,
    SedexReceiptNoted,
    SedexRound,
)
from handslag.domain.exchange.policies import TAKE_BACK
from handslag.domain.exchange.queries import name_of, own_address, unit_for
from handslag.domain.exchange.states import AWAITED, SETTLED, Business, Direction, OutcomeState, Transport
from handslag.domain.funding.operations import (
    ApprovalChanged,
    ChangeDecided,
    ChangeProposed,
    CostApproved,
    CostDecided,
    ProposalTakenBack,
    TariffEntered,
)
from handslag.domain.imports.operations import (
    ImportCarried,
    ImportConfirmed,
    ImportUndone,
    ImportVerified,
    RegisterImported,
)
from handslag.domain.intake.forms import form_of
from handslag.domain.intake.models import ApplicationPeriod, Draft
from handslag.domain.intake.operations import (
    ApplicantAwaited,
    ApplicantReminded,
    ApplicationSigned,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    AppliedAnew,
    DraftOpened,
    DraftSuperseded,
    DraftWithdrawn,
    EvidenceAsked,
    EvidenceSent,
    FileRemoved,
    FilesAttached,
    HandedOver,
    HouseholdAskedAbout,
    InboxClosed,
    InboxPutBack,
    InboxTaken,
    RequestClosed,
    SignatureRecorded,
    SignerReminded,
    SigningEnded,
    close_inbox,
)
from handslag.domain.intake.queries import lacking_in
from handslag.domain.lookups import checks as lookup_checks
from handslag.domain.lookups.operations import (
    AuthoritiesAnswered,
    AuthoritiesAsked,
    DisputeAnswered,
    DisputeTakenBack,
    LineDisputed,
    ask_authorities,
)
from handslag.domain.lookups.queries import answered_before, authorities_asked, fetched_since, waits_for_answer
from handslag.domain.oversight.operations import LooksReviewed, ReviewBegun, ReviewClosed, SampleTargeted
from handslag.domain.payments.models import BankLine, Payment, Run
from handslag.domain.payments.operations.account import BookingReversed, CaseBooked, IncomeBooked
from handslag.domain.payments.operations.advances import AdvanceConfirmed, AdvanceGranted, AdvanceRefused
from handslag.domain.payments.operations.bank import (
    BankFileReceived,
    BankLineSettled,
    PaymentConfirmed,
    PaymentRejected,
    PaymentReturned,
)
from handslag.domain.payments.operations.other_help import (
    OtherHelpDecided,
    OtherHelpLeft,
    OtherHelpProposed,
    OtherHelpReturned,
    OtherHelpWithdrawn,
)
from handslag.domain.payments.operations.payees import (
    DirectPaymentEnded,
    DirectPaymentOrdered,
    PayeeConfirmed,
    PayeeEnded,
    PayeeRecorded,
)
from handslag.domain.payments.operations.planning import (
    AccountFollowed,
    PaymentHeld,
    PaymentRedirected,
    PaymentResumed,
    PaymentsPlanned,
    PaymentUnblocked,
    follow_account,
    followed,
    plan_payments,
)
from handslag.domain.payments.operations.postings import ChartRowSet, PostingDayFixed
from handslag.domain.payments.operations.recoveries import (
    CededBooked,
    InstalmentsAgreed,
    RecoveryDecided,
    RecoveryProposed,
    RecoveryReturned,
    RecoveryWaived,
    RecoveryWithdrawn,
    RepaymentBooked,
)
from handslag.domain.payments.operations.runs import (
    PaymentBlocked,
    RunCancelled,
    RunFileRefused,
    RunFileWritten,
    RunReleased,
    RunReserved,
)
from handslag.domain.payments.queries import advances_awaited, claimable_in, payers_unit
from handslag.domain.payments.states import LineOutcome, PaymentState, RunState
from handslag.domain.people.models import Person
from handslag.domain.people.operations.accounts import (
    AccountChangeAsked,
    AccountChangeBegun,
    AccountChanged,
    AccountChangeRefused,
    AccountChangeWithdrawn,
)
from handslag.domain.people.operations.citizens import CitizenLoggedIn
from handslag.domain.people.operations.delegations import DelegationConfirmed, DelegationEnded, DelegationEntered
from handslag.domain.people.operations.merges import MergeProposed, MergeTakenBack, MergeUndone, RecordsMerged
from handslag.domain.people.operations.passed_on import PassedOn, note_passed_on
from handslag.domain.people.operations.persons import (
    AccountRecorded,
    AddressRecorded,
    HouseholdFormed,
    PersonChanged,
    PersonRegistered,
    ProtectionLowered,
    ProtectionSet,
    RegistrationReferred,
)
from handslag.domain.people.operations.representations import RepresentationEnded, RepresentationRegistered
from handslag.domain.people.operations.roles import RoleProposalWithdrawn, RoleProposed
from handslag.domain.people.operations.staff import (
    DeputyEnded,
    DeputyNamed,
    LogInReset,
    OrganisationOpened,
    PolicySet,
    RelationEntered,
    RoleGiven,
    RoleTaken,
    StaffAdmitted,
    TrainingReset,
    TrainingResetAsked,
)
from handslag.domain.people.queries import cleared_unit, household_on
from handslag.domain.register.models import Contradiction
from handslag.domain.register.models import Notice as RegisterNotice
from handslag.domain.register.operations import (
    ContradictionFound,
    ContradictionSettled,
    NoticeTaken,
    PersonAssigned,
    PersonImported,
    ResidentsEntered,
)
from handslag.domain.register.policies import CANTON
from handslag.domain.register.queries import claimed_by
from handslag.domain.register.states import What
from handslag.domain.settlement.models import Reclaim
from handslag.domain.settlement.operations import (
    AnswersNoted,
    DaysLeftOut,
    LinesAnswered,
    ReclaimAnswered,
    ReclaimDropped,
    ReclaimNoted,
    ReclaimProposed,
    ReclaimReceived,
    ReclaimSettled,
    ReclaimTold,
    StatementReceived,
    StatementSubmitted,
    SubmissionRefused,
    SubmissionTaken,
)
from handslag.domain.settlement.states import ReclaimState
from handslag.domain.statistics.models import FederalDelivery
from handslag.domain.statistics.operations import (
    BaselineEntered,
    StatisticsFileDelivered,
    StatisticsFileMade,
    StatisticsRecorded,
)
from handslag.domain.statistics.operations.federal import (
    AccountClassed,
    EndingRecorded,
    FederalDeliveryMade,
    FederalDeliveryOut,
    FederalDeliverySent,
    FederalReceiptNoted,
)
from handslag.domain.statistics.states import DeliveryState
from handslag.domain.tasks.models import Deadline, Notice, Task
from handslag.domain.tasks.operations import (
    DeadlineEnded,
    DeadlineSet,
    NoticeEnded,
    NoticesPrinted,
    NoticesQueued,
    TaskDone,
    TaskOpened,
    answer_task,
    end_deadline,
    open_task,
    queue_notices,
    run_deadline,
    set_deadline,
    tell_staff,
)
from handslag.domain.tasks.states import DeadlineState, NoticeState
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.permissions import member_behind
from handslag.domain.tenancy.policies import NotPossible, setting
from handslag.messages.approval_change.build import waiting
from handslag.messages.conversation import passed_on
from handslag.rules.se.remedies import OTHER, RIGHT, tried_next

#: The task that waits for who checks a change of account.
ACCOUNT_CHANGE = "account change"

#: What is to be done about a delivery to the federal office of statistics.
DELIVERY_TASKS = ("statistics due", "accounts unclassed", "statistics lost", "statistics changed")


def _decision(event: Event) -> Decision:
    return Decision.objects.select_related("case").get(id=UUID(event.payload["decision"]))


def _tenant() -> int:
    return acting_door().the_tenant.id


def _close_with_merge(event: Event, by: Actor, now: datetime) -> None:
    if "case" in event.payload and str(event.subject) == event.payload["gone"]:
        case, merge = UUID(event.payload["case"]), UUID(event.payload["merge"])
        close_with_merge(tenant=_tenant(), by=by, now=now, case=case, merge=merge)


def _reopen_after_merge(event: Event, by: Actor, now: datetime) -> None:
    if str(event.subject) == event.payload["gone"]:
        merge = UUID(event.payload["merge"])
        for case in Case.objects.filter(closed_by_merge_id=merge).values_list("id", flat=True):
            reopen_after_merge(tenant=_tenant(), by=by, now=now, case=case, merge=merge)


def _plan(event: Event, by: Actor, now: datetime) -> None:
    plan_payments(tenant=_tenant(), by=by, now=now, decision=UUID(event.payload["decision"]))


def _keep_results(event: Event, by: Actor, now: datetime) -> None:
    told = event.payload
    keep_results(tenant=_tenant(), by=by, now=now, sheet=UUID(told["sheet"]), refused="refused_on" in told)


def _clear_inbox(event: Event, by: Actor, now: datetime) -> None:
    decision = _decision(event)
    close_inbox(tenant=_tenant(), by=by, now=now, case=decision.case_id, period=decision.period_id)


def _appeal_deadline(event: Event, by: Actor, now: datetime) -> None:
    rule, basis = "three weeks from proven delivery", "43-46 §§ förvaltningslagen (2017:900)"
    if _decision(event).case.legal_order == "ch":
        rule, basis = "30 days from proven delivery", "kantonales Verfahrensrecht (nicht geprüft)"
    set_deadline(
        tenant=_tenant(),
        by=by,
        now=now,
        subject=event.subject,
        rule=rule,
        legal_basis=basis,
        consequence="a later appeal is rejected as late",
    )


def _tell_applicants(event: Event, by: Actor, now: datetime) -> None:
    _tell_adults(_decision(event).case, by, now, "decision")


def _tell_adults(case: Case, by: Actor, now: datetime, kind: str) -> None:
    persons = case.adults
    queue_notices(tenant=_tenant(), by=by, now=now, subject=case.id, persons=persons, kind=kind)


def _task_for_blocked(event: Event, by: Actor, now: datetime) -> None:
    if any(state == PaymentState.BLOCKED for _, _, _, state in event.payload["payments"]):
        _task(event, by, now, "payment blocked")


def _tell_caseworker(event: Event, by: Actor, now: datetime) -> None:
    if linked := event.payload.get("caseworker"):
        _tell(event, by, now, linked, "application")


def _hand_over_elsewhere(event: Event, by: Actor, now: datetime) -> None:
    if "worked_in" in event.payload:
        application = UUID(event.payload["application"])
        queue_hand_over(tenant=_tenant(), by=by, now=now, case=event.subject, application=application)


def _deliver(event: Event, by: Actor, now: datetime) -> None:
    from handslag.jobs.elsewhere import deliver_application
    from handslag.jobs.queue import defer

    if event.payload.get("state", "waiting") == "waiting":
        application = event.payload["application"]
        defer(deliver_application, lock=f"case:{event.subject}", tenant=_tenant(), application=application)


def _task_for_hand_over(event: Event, by: Actor, now: datetime) -> None:
    if event.payload["state"] == "parked":
        _task(event, by, now, "hand-over parked")


def _done_by_hand_over(event: Event, by: Actor, now: datetime) -> None:
    _answered(event.subject, by, now, "hand-over parked")


def _tell_of_decision(event: Event, by: Actor, now: datetime) -> None:
    if event.payload["decisions"]:
        _tell_adults(Case.objects.only("applicant_id", "co_applicant_id").get(id=event.subject), by, now, "decision")


def _tell_receiver(event: Event, by: Actor, now: datetime) -> None:
    _tell(event, by, now, event.payload["to"], "handed over")


def _tell_deputy(event: Event, by: Actor, now: datetime) -> None:
    _tell(event, by, now, event.payload["deputy"], "deputy")


def _tell(event: Event, by: Actor, now: datetime, member: str, kind: str) -> None:
    tell_staff(tenant=_tenant(), by=by, now=now, subject=event.subject, members=[UUID(member)], kind=kind)


def _remind_applicants(event: Event, by: Actor, now: datetime) -> None:
    _tell_adults(Case.objects.only("applicant_id", "co_applicant_id").get(id=event.subject), by, now, "reminder")


def _task_for_uncovered(event: Event, by: Actor, now: datetime) -> None:
    if event.payload["uncovered"]:
        _task(event, by, now, "direct payment not covered")


def _tell_of_hearing(event: Event, by: Actor, now: datetime) -> None:
    _tell_adults(Case.objects.only("applicant_id", "co_applicant_id").get(id=event.subject), by, now, "hearing")


def _task_for_hearing(event: Event, by: Actor, now: datetime) -> None:
    _task_once(event, by, now, "hearing")


def _tell_of_said(event: Event, by: Actor, now: datetime) -> None:
    if linked := event.payload["caseworker"]:
        _tell(event, by, now, linked, "hearing")


def _task_for_appeal(event: Event, by: Actor, now: datetime) -> None:
    _task_once(event, by, now, "appeal")


def _tell_of_appeal(event: Event, by: Actor, now: datetime) -> None:
    if (linked := event.payload["caseworker"]) and by.kind == "citizen":
        _tell(event, by, now, linked, "appeal")


def _task_for_late_appeal(event: Event, by: Actor, now: datetime) -> None:
    if event.payload["state"] == AppealState.LATE:
        _task_once(event, by, now, "appeal late")


def _appeal_done(event: Event, by: Actor, now: datetime) -> None:
    """What asked for a step with an appeal is done, where no other appeal of the case waits for it."""
    waiting = {appeal.state for appeal in appeals_in([event.subject])}
    kinds = [] if waiting & set(HERE) else ["appeal", "appeal due"]
    kinds += [] if AppealState.LATE in waiting else ["appeal late"]
    _answered(event.subject, by, now, *kinds)


def _tell_appellant(event: Event, by: Actor, now: datetime) -> None:
    persons = [UUID(event.payload["person"])]
    queue_notices(tenant=_tenant(), by=by, now=now, subject=event.subject, persons=persons, kind="appeal")


def _task_for_dismissal(event: Event, by: Actor, now: datetime) -> None:
    if event.payload["channel"] == "paper":
        _task(event, by, now, "appeal dismissed")


def _pack_appeal(event: Event, by: Actor, now: datetime) -> None:
    from handslag.jobs.appeals import pack_appeal
    from handslag.jobs.queue import defer

    defer(pack_appeal, lock=f"case:{event.subject}", tenant=_tenant(), appeal=event.payload["appeal"])


def _task_for_package(event: Event, by: Actor, now: datetime) -> None:
    _task(event, by, now, "appeal package")


def _task_for_unsaid(event: Event, by: Actor, now: datetime) -> None:
    _task(event, by, now, "payment blocked")


def _task_for_overpaid(event: Event, by: Actor, now: datetime) -> None:
    if event.payload["overpaid"]:
        _task_once(event, by, now, "paid beyond decision")


def _task_for_unclaimed(event: Event, by: Actor, now: datetime) -> None:
    """Where money didn't come in after all, and what she got meanwhile is beyond the decision."""
    if event.payload["came_back"] and claimable_in(event.subject):
        _task_once(event, by, now, "paid beyond decision")


def _task_for_claimed(event: Event, by: Actor, now: datetime) -> None:
    if event.payload["claimed_too_much"]:
        _task_once(event, by, now, "claimed beyond paid")


def _task_for_other_help(event: Event, by: Actor, now: datetime) -> None:
    """Where a month is refused, wholly or in part, a person is asked whether what the law tries next is to be tried."""
    if _decision(event).case.legal_order != "se":
        return
    if event.payload["outcome"] in (Outcome.DELAVSLAG, Outcome.AVSLAG) and tried_next(RIGHT) == OTHER:
        _task_once(event, by, now, "other help")


def _task_for_carried(event: Event, by: Actor, now: datetime) -> None:
    """Where the next month counts a surplus that this one doesn't leave, or not so much of it, a person is asked to
    look at it; once no month of the case does any more, she has answered."""
    period = _decision(event).period
    following = Period.objects.filter(case_id=event.subject, since__gte=period.until).order_by("since").first()
    if following is not None and carried_beyond(following):
        _task_once(event, by, now, "carried surplus")
    elif _open_tasks(event.subject, "carried surplus").exists() and not any(
        carried_beyond(one) for one in Period.objects.filter(case_id=event.subject).order_by("since")
    ):
        _answered(event.subject, by, now, "carried surplus")


def _done_by_other_help(event: Event, by: Actor, now: datetime) -> None:
    _answered(event.subject, by, now, "other help")


def _task_for_blocked_help(event: Event, by: Actor, now: datetime) -> None:
    if event.payload["blocked"]:
        _task(event, by, now, "payment blocked")


def _recovery_done(event: Event, by: Actor, now: datetime) -> None:
    """Whoever was asked what becomes of what was paid too much has answered, where nothing is left unclaimed."""
    if not claimable_in(event.subject):
        _answered(event.subject, by, now, "paid beyond decision")


def _close_hearings(event: Event, by: Actor, now: datetime) -> None:
    person, periods = UUID(event.payload["person"]), [UUID(key) for key in event.payload["periods"]]
    close_hearings(tenant=_tenant(), by=by, now=now, case=event.subject, person=person, periods=periods)


def _tell_of_recovery(event: Event, by: Actor, now: datetime) -> None:
    persons = [UUID(event.payload["person"])]
    queue_notices(tenant=_tenant(), by=by, now=now, subject=event.subject, persons=persons, kind="decision")


def _render_personal_letter(event: Event, by: Actor, now: datetime) -> None:
    from handslag.jobs.letters import render_personal_letter
    from handslag.jobs.queue import defer

    defer(render_personal_letter, lock=f"case:{event.subject}", tenant=_tenant(), letter=event.payload["letter"])


def _task_for_blocked_advance(event: Event, by: Actor, now: datetime) -> None:
    if event.payload["blocked"]:
        _task(event, by, now, "advance unconfirmed" if event.payload["second_person"] else "payment blocked")


def _tell_of_advance(event: Event, by: Actor, now: datetime) -> None:
    """Both adults, as of a decision; one that waits for a second person isn't granted before that."""
    if not event.payload.get("second_person"):
        _tell_adults(Case.objects.only("applicant_id", "co_applicant_id").get(id=event.subject), by, now, "advance")


def _done_by_confirmation(event: Event, by: Actor, now: datetime) -> None:
    """Where another advance of the case still waits, so does what asks for it."""
    if not advances_awaited(event.subject):
        _answered(event.subject, by, now, "advance unconfirmed")


def _task_for_refused_advance(event: Event, by: Actor, now: datetime) -> None:
    _task(event, by, now, "advance refused")


def _task_for_rejected(event: Event, by: Actor, now: datetime) -> None:
    _task(event, by, now, "payment rejected")


def _task_for_returned(event: Event, by: Actor, now: datetime) -> None:
    _task(event, by, now, "payment returned")


def _match_bank_lines(event: Event, by: Actor, now: datetime) -> None:
    if event.payload["quarantined"] and Account.objects.exists():
        match_bank_lines(tenant=_tenant(), by=by, now=now, file=event.subject)


def _task_for_quarantine(event: Event, by: Actor, now: datetime) -> None:
    unit = payers_unit(now)
    left = BankLine.objects.filter(file_id=event.subject, outcome=LineOutcome.QUARANTINED).exists()
    if unit and (left or event.payload["problem"]):
        open_task(tenant=_tenant(), by=by, now=now, subject=event.subject, kind="bank file", unit=unit, assignee=None)


def _bank_file_done(event: Event, by: Actor, now: datetime) -> None:
    """Once no line of a file of the bank's answers waits any more, nobody has to look at it."""
    file = UUID(event.payload.get("file", str(event.subject)))
    if not BankLine.objects.filter(file_id=file, outcome=LineOutcome.QUARANTINED).exists():
        _answered(file, by, now, "bank file")


def _task_for_unmatched(event: Event, by: Actor, now: datetime) -> None:
    """A line waits again: as when its file came."""
    unit, file = payers_unit(now), UUID(event.payload["file"])
    if unit and not _open_tasks(file, "bank file"):
        open_task(tenant=_tenant(), by=by, now=now, subject=file, kind="bank file", unit=unit, assignee=None)


def _task_for_matched_case(event: Event, by: Actor, now: datetime) -> None:
    """Whoever works a case on which money was booked, or taken back, looks whether it changes a month."""
    if Case.objects.filter(id=event.subject).exists():
        _task_once(event, by, now, "money for case")


def _task_for_parked(event: Event, by: Actor, now: datetime) -> None:
    if event.payload["state"] != NoticeState.PARKED:
        return
    notice = Notice.objects.select_related("member").get(id=UUID(event.payload["notice"]))
    if notice.member is None:
        _task(event, by, now, "notice parked")
    else:
        open_task(
            tenant=_tenant(),
            by=by,
            now=now,
            subject=notice.member.id,
            kind="staff notice parked",
            unit=notice.member.unit_id,
            assignee=None,
        )


def _task_for_need(event: Event, by: Actor, now: datetime) -> None:
    if event.payload.get("urgent"):
        _task(event, by, now, "urgent application")


def _task_for_signature(event: Event, by: Actor, now: datetime) -> None:
    if event.payload.get("lacking"):
        _task_once(event, by, now, "signature missing")


def _done_by_signature(event: Event, by: Actor, now: datetime) -> None:
    """No signature is lacking any more: it came, or what lacked it was taken back or corrected."""
    if not lacking_in(event.subject):
        _answered(event.subject, by, now, "signature missing")


def _done_by_correction(event: Event, by: Actor, now: datetime) -> None:
    if event.payload.get("corrects"):
        _done_by_signature(event, by, now)


def _tell_who_is_represented(event: Event, by: Actor, now: datetime) -> None:
    queue_notices(
        tenant=_tenant(), by=by, now=now, subject=event.subject, persons=[event.subject], kind="representation"
    )


def _task_for_message(event: Event, by: Actor, now: datetime) -> None:
    """One open task is enough for what can wait; each word of need has its own, so that who has read the first, and
    says so on a page that she opened before, doesn't end what nobody has read."""
    if event.payload["urgent"]:
        _task(event, by, now, "urgent message")
    else:
        _task_once(event, by, now, "message")


def _task_for_words_of_need(event: Event, by: Actor, now: datetime) -> None:
    """What she says elsewhere than in a message: no answer to a message ends it, a person does, for each by itself."""
    if event.payload["urgent"]:
        _task(event, by, now, "urgent words")


def _tell_of_message(event: Event, by: Actor, now: datetime) -> None:
    if linked := event.payload["caseworker"]:
        _tell(event, by, now, linked, "message")


def _done_by_answer(event: Event, by: Actor, now: datetime) -> None:
    """Only what is answered: what the other adult wrote goes on waiting for somebody who reads it."""
    waiting = unanswered(event.subject)
    for task in _open_tasks(event.subject, "message", "urgent message"):
        urgent = task.kind == "urgent message"
        if not any(one.urgent == urgent and one.sent_at >= task.created_at for one in waiting):
            answer_task(tenant=_tenant(), by=by, now=now, task=task.id)


def _tell_of_answer(event: Event, by: Actor, now: datetime) -> None:
    persons = [UUID(event.payload["person"])]
    queue_notices(tenant=_tenant(), by=by, now=now, subject=event.subject, persons=persons, kind="message")


def _open_tasks(subject: UUID, *kinds: str) -> QuerySet[Task]:
    return Task.objects.filter(subject_id=subject, state="open", kind__in=kinds).order_by("id")


def _answered(subject: UUID, by: Actor, now: datetime, *kinds: str) -> None:
    """The tasks of these kinds are done by what happened."""
    for task in _open_tasks(subject, *kinds):
        answer_task(tenant=_tenant(), by=by, now=now, task=task.id)


def _task_for_protection(event: Event, by: Actor, now: datetime) -> None:
    """Whoever worked the case may have lost sight of it: a cleared colleague of the unit is told."""
    if event.payload["after"][0] <= event.payload["before"][0]:
        return
    cases = Case.objects.filter(Q(applicant_id=event.subject) | Q(co_applicant_id=event.subject), state="open")
    for case in cases.order_by("id"):
        open_task(
            tenant=_tenant(),
            by=by,
            now=now,
            subject=case.id,
            kind="protection raised",
            unit=case.unit_id,
            assignee=None,
        )


def _task_for_registration(event: Event, by: Actor, now: datetime) -> None:
    """One open task about a person is enough; where nobody is cleared, it waits with whoever tried."""
    if _open_tasks(event.subject, "registration referred").exists():
        return
    level = Person.objects.only("protection_level").get(id=event.subject).protection_level
    unit = cleared_unit(level, acting_door().the_tenant.today(now)) or member_behind(acting_door(), now).unit_id
    open_task(
        tenant=_tenant(),
        by=by,
        now=now,
        subject=event.subject,
        kind="registration referred",
        unit=unit,
        assignee=None,
    )


def _task_for_household(event: Event, by: Actor, now: datetime) -> None:
    for case in Case.objects.filter(household_id=event.subject, state="open").order_by("id"):
        open_task(
            tenant=_tenant(),
            by=by,
            now=now,
            subject=case.id,
            kind="household changed",
            unit=case.unit_id,
            assignee=case.caseworker_id,
        )


def _check_taken(event: Event, by: Actor, now: datetime) -> None:
    rows = ApplicationPeriod.objects.filter(application_id=UUID(event.payload["application"]))
    _check(by, now, list(rows.values_list("period_id", flat=True)))


def _check_assessed(event: Event, by: Actor, now: datetime) -> None:
    _check(by, now, list(Sheet.objects.filter(id=UUID(event.payload["sheet"])).values_list("period_id", flat=True)))


def _check_household(event: Event, by: Actor, now: datetime) -> None:
    open_periods = Period.objects.filter(
        case__household_id=event.subject, case__state="open", last_decision_on=None, last_application_at__isnull=False
    )
    _check(by, now, list(open_periods.order_by("id").values_list("id", flat=True)))


def _check(by: Actor, now: datetime, periods: list[UUID]) -> None:
    for period in periods:
        _keep(by, now, period, lookup_checks.KINDS, lookup_checks.causes_in(period, incomes_of(newest_sheet(period))))
        causes = checks.causes_in(period, acting_door().the_tenant.today(now))
        if causes is not None:
            _keep(by, now, period, checks.KINDS, causes | lookup_checks.changes_in(period))


def _keep(by: Actor, now: datetime, period: UUID, kinds: frozenset[WarningKind], causes: set[Cause]) -> None:
    keep_warnings(tenant=_tenant(), by=by, now=now, period=period, kinds=kinds, causes=causes)


def _check_answered(event: Event, by: Actor, now: datetime) -> None:
    _check(by, now, [UUID(event.payload["period"])])


def _task_for_late_answer(event: Event, by: Actor, now: datetime) -> None:
    """What comes after a decision changes nothing by itself: somebody looks whether it should. Once for each thing."""
    period = UUID(event.payload["period"])
    decided = in_force(period)
    if decided is None:
        return
    before = answered_before(UUID(event.payload["look_up"]))
    moment = max(before, decided.sheet.computed_at) if before is not None else decided.sheet.computed_at
    if any(fetched_since(period, moment)):
        _task_once(event, by, now, "fetched after decision")


def _task_for_secrecy(event: Event, by: Actor, now: datetime) -> None:
    if event.payload["secrecy"]:
        _task_once(event, by, now, "secrecy at an authority")


def _task_for_dispute(event: Event, by: Actor, now: datetime) -> None:
    _task_once(event, by, now, "line disputed")


def _done_by_dispute(event: Event, by: Actor, now: datetime) -> None:
    if not waits_for_answer(UUID(event.payload["period"])):
        _answered(event.subject, by, now, "line disputed")


def _ask_for_draft(event: Event, by: Actor, now: datetime) -> None:
    """While she writes, so that the answers are there; about who has never applied nobody is asked before she does."""
    if authorities_asked():
        draft = Draft.objects.only("period_id", "form", "form_version").get(id=UUID(event.payload["draft"]))
        if form_of(draft.form, draft.form_version).kind != "new":
            _ask(by, now, [draft.period_id])


def _ask_for_application(event: Event, by: Actor, now: datetime) -> None:
    if authorities_asked():
        rows = ApplicationPeriod.objects.filter(application_id=UUID(event.payload["application"]))
        _ask(by, now, list(rows.values_list("period_id", flat=True)))


def _ask(by: Actor, now: datetime, periods: list[UUID]) -> None:
    for period in periods:
        with suppress(NotPossible):  # everything was answered while the draft was open
            ask_authorities(tenant=_tenant(), by=by, now=now, period=period)


def _fetch(event: Event, by: Actor, now: datetime) -> None:
    from handslag.jobs.authorities import fetch_from_authorities
    from handslag.jobs.queue import defer

    for one in event.payload["asked"]:
        defer(fetch_from_authorities, lock=f"look-up:{one['look_up']}", tenant=_tenant(), look_up=one["look_up"])


def _task_for_differing(event: Event, by: Actor, now: datetime) -> None:
    _task_once(event, by, now, "sheet differs")


def _task_for_correction(event: Event, by: Actor, now: datetime) -> None:
    _task(event, by, now, CORRECTION)


def _task_for_letter(event: Event, by: Actor, now: datetime) -> None:
    _task(event, by, now, "letter refused")


def _task_for_file(event: Event, by: Actor, now: datetime) -> None:
    _file_refused(Run.objects.select_related("released_by").get(id=event.subject), by, now)


def _task_for_order_file(event: Event, by: Actor, now: datetime) -> None:
    _file_refused(PaymentOrder.objects.select_related("released_by").get(id=event.subject), by, now)


def _task_for_failed_order(event: Event, by: Actor, now: datetime) -> None:
    """A task for who released an order that reached nobody."""
    order = PaymentOrder.objects.select_related("released_by").get(id=event.subject)
    if order.state in FAILED and order.released_by is not None:
        open_task(
            tenant=_tenant(), by=by, now=now, subject=order.id, kind="order failed", unit=order.released_by.unit_id,
            assignee=order.released_by_id,
        )  # fmt: skip


def _failed_orders_done(event: Event, by: Actor, now: datetime) -> None:
    """What reached nobody is ordered again."""
    bill = PaymentOrder.objects.values_list("bill_id", flat=True).get(id=event.subject)
    failed = PaymentOrder.objects.filter(account_id=UUID(event.payload["account"]), state__in=FAILED, bill_id=bill)
    for key in failed.order_by("id").values_list("id", flat=True):
        _answered(key, by, now, "order failed")


def _file_refused(released: Run | PaymentOrder, by: Actor, now: datetime) -> None:
    """A task for who released what the bank's file can't say."""
    assert released.released_by is not None
    open_task(
        tenant=_tenant(),
        by=by,
        now=now,
        subject=released.id,
        kind="run file refused",
        unit=released.released_by.unit_id,
        assignee=released.released_by_id,
    )


def _task(event: Event, by: Actor, now: datetime, kind: str) -> None:
    case = Case.objects.get(id=event.subject)
    open_task(
        tenant=_tenant(), by=by, now=now, subject=case.id, kind=kind, unit=case.unit_id, assignee=case.caseworker_id
    )


def _task_once(event: Event, by: Actor, now: datetime, kind: str) -> None:
    """The same, unless such a task of the case is open already."""
    if not _open_tasks(event.subject, kind).exists():
        _task(event, by, now, kind)


def _show_access(event: Event, by: Actor, now: datetime) -> None:
    _task(event, by, now, "access taken")


def _tell_beside(event: Event, by: Actor, now: datetime, kind: str) -> None:
    """Tell the other adult of the case than the event's person."""
    case = Case.objects.only("applicant_id", "co_applicant_id").get(id=event.subject)
    others = [key for key in case.adults if str(key) != event.payload["person"]]
    queue_notices(tenant=_tenant(), by=by, now=now, subject=case.id, persons=others, kind=kind)


def _ask_the_other_adult(event: Event, by: Actor, now: datetime) -> None:
    _tell_beside(event, by, now, "signature")


def _remind_the_other_adult(event: Event, by: Actor, now: datetime) -> None:
    _tell_beside(event, by, now, "signature reminder")


def _tell_of_signing_ended(event: Event, by: Actor, now: datetime) -> None:
    """Both are told that it isn't sent; who signed alone, where the two don't belong together any more."""
    if event.payload["late"]:
        _tell_adults(Case.objects.only("applicant_id", "co_applicant_id").get(id=event.subject), by, now, "not signed")
        return
    persons = [UUID(event.payload["person"])]
    queue_notices(tenant=_tenant(), by=by, now=now, subject=event.subject, persons=persons, kind="not signed")


def _task_for_signing_ended(event: Event, by: Actor, now: datetime) -> None:
    _task_once(event, by, now, "not signed")


def _task_for_asked_household(event: Event, by: Actor, now: datetime) -> None:
    _task_once(event, by, now, "household changed")


def _tell_the_other_adult(event: Event, by: Actor, now: datetime) -> None:
    if event.payload["signing"]:
        _ask_the_other_adult(event, by, now)


def _task_for_refused_signature(event: Event, by: Actor, now: datetime) -> None:
    if event.payload["signed"]:
        _task_once(event, by, now, "signature refused")


def _task_for_withdrawal(event: Event, by: Actor, now: datetime) -> None:
    kind = "application withdrawn" if event.payload["whole"] else "withdrawn by one"
    _task_once(event, by, now, kind)


def _tell_of_withdrawal(event: Event, by: Actor, now: datetime) -> None:
    if linked := event.payload["caseworker"]:
        _tell(event, by, now, linked, "application withdrawn")


def _tell_the_other_of_withdrawal(event: Event, by: Actor, now: datetime) -> None:
    _tell_beside(event, by, now, "application withdrawn")


def _scan(event: Event, by: Actor, now: datetime) -> None:
    from handslag.jobs.queue import defer
    from handslag.jobs.scan import scan_document

    document = Document.objects.only("scan_state").get(id=UUID(event.payload["document"]))
    if document.scan_state == ScanState.WAITING:
        defer(scan_document, lock=f"scan:{document.id}", tenant=_tenant(), document=str(document.id))


def _task_for_infected(event: Event, by: Actor, now: datetime) -> None:
    """A file with a virus stays locked for ever; a person sees to it that what it was to show is shown another way."""
    if event.payload["state"] != ScanState.INFECTED:
        return
    if Case.objects.filter(id=event.subject).exists():
        _task(event, by, now, "infected file")
    elif unit := payers_unit(now):
        open_task(
            tenant=_tenant(), by=by, now=now, subject=event.subject, kind="infected file", unit=unit, assignee=None
        )


def _tell_of_infected(event: Event, by: Actor, now: datetime) -> None:
    document = Document.objects.get(id=UUID(event.payload["document"]))
    if document.scan_state == ScanState.INFECTED and document.provenance == Provenance.APPLICANT:
        persons = [document.created_by] if document.created_by else []
        queue_notices(tenant=_tenant(), by=by, now=now, subject=event.subject, persons=persons, kind="infected file")


def _task_for_missed(event: Event, by: Actor, now: datetime) -> None:
    if event.payload["state"] == DeadlineState.MISSED:
        _task(event, by, now, _MISSED.get(event.payload["rule"], "evidence late"))


_MISSED = {FORWARDED_PROMPTLY: "appeal due", CONDITION_DAY: "condition over"}


def _watch_condition(event: Event, by: Actor, now: datetime) -> None:
    """Once its day has passed somebody is asked whether it is met; nothing follows by itself."""
    if event.payload["kind"] != OrderKind.CONDITION:
        return
    row = Order.objects.only("number", "legal_basis").get(id=UUID(event.payload["order"]))
    run_deadline(
        tenant=_tenant(),
        by=by,
        now=now,
        subject=event.subject,
        rule=CONDITION_DAY,
        legal_basis=row.legal_basis,
        consequence="somebody looks whether it is met",
        due_on=date.fromisoformat(event.payload["due_on"]),
        proof=row.number,
    )


def _unwatch_condition(event: Event, by: Actor, now: datetime) -> None:
    """What was met or lifted isn't watched any more."""
    number = Order.objects.values_list("number", flat=True).get(id=UUID(event.payload["order"]))
    running = Deadline.objects.filter(subject_id=event.subject, rule=CONDITION_DAY, proof=number, state="running")
    for key in running.values_list("id", flat=True):
        end_deadline(tenant=_tenant(), by=by, now=now, deadline=key, state=DeadlineState.LIFTED)


def _condition_done(event: Event, by: Actor, now: datetime) -> None:
    """Whoever was asked whether a condition is met has answered, where no other one of the case waits."""
    if not conditions_over(event.subject, acting_door().the_tenant.today(now)):
        _answered(event.subject, by, now, "condition over")


def _task_for_account(event: Event, by: Actor, now: datetime) -> None:
    """A registrar of the unit that works her case checks that it comes from her; without a case, one of the payers'."""
    person = event.subject
    if _open_tasks(person, ACCOUNT_CHANGE).exists():
        return
    case = next(iter(cases_of(person)), None)
    if unit := case.unit_id if case else payers_unit(now):
        open_task(tenant=_tenant(), by=by, now=now, subject=person, kind=ACCOUNT_CHANGE, unit=unit, assignee=None)


def _answer_account_task(event: Event, by: Actor, now: datetime) -> None:
    _answered(event.subject, by, now, ACCOUNT_CHANGE)


def _tell_of_account(event: Event, by: Actor, now: datetime) -> None:
    """The owner of the account until now is told at each step, by the address that the office knows."""
    queue_notices(tenant=_tenant(), by=by, now=now, subject=event.subject, persons=[event.subject], kind=event.kind)


def _follow_account(event: Event, by: Actor, now: datetime) -> None:
    if followed(event.subject).exists():
        with suppress(NotPossible):
            follow_account(tenant=_tenant(), by=by, now=now, person=event.subject)


def _follow_accounts(event: Event, by: Actor, now: datetime) -> None:
    """Money that is out of its run again goes to the account that its payee has by now."""
    for person in event.payload["moved"]:
        with suppress(NotPossible):
            follow_account(tenant=_tenant(), by=by, now=now, person=UUID(person))


def _follow_name(event: Event, by: Actor, now: datetime) -> None:
    """A payment goes under the name that she has by now; where she can't be paid under it, it stays as it is."""
    if event.payload["changed"].keys() & {"given_name", "family_name"}:
        _follow_account(event, by, now)


def _done_by_unblocked(event: Event, by: Actor, now: datetime) -> None:
    """Once no money of the case is blocked any more, nobody has to look at it."""
    blocked = Payment.objects.filter(case_id=event.subject, state=PaymentState.BLOCKED)
    if _open_tasks(event.subject, "payment blocked").exists() and not blocked.exists():
        _answered(event.subject, by, now, "payment blocked")


def _task_for_not_followed(event: Event, by: Actor, now: datetime) -> None:
    if event.payload["blocked"]:
        _task(event, by, now, "payment blocked")


def _tell_of_request(event: Event, by: Actor, now: datetime) -> None:
    persons = [UUID(key) for key in event.payload["persons"]]
    queue_notices(tenant=_tenant(), by=by, now=now, subject=event.subject, persons=persons, kind="request")


def _task_for_evidence(event: Event, by: Actor, now: datetime) -> None:
    _task_once(event, by, now, "evidence")


def _tell_of_evidence(event: Event, by: Actor, now: datetime) -> None:
    if linked := event.payload["caseworker"]:
        _tell(event, by, now, linked, "evidence")


def _render_letter(event: Event, by: Actor, now: datetime) -> None:
    from handslag.jobs.letters import render_letter, render_personal_letter
    from handslag.jobs.queue import defer

    letter = Letter.objects.only("id").get(decision_id=UUID(event.payload["decision"]))
    defer(render_letter, lock=f"case:{event.subject}", tenant=_tenant(), letter=str(letter.id))
    for one in event.payload.get("letters", ()):
        defer(render_personal_letter, lock=f"case:{event.subject}", tenant=_tenant(), letter=one)


def _write_file(event: Event, by: Actor, now: datetime) -> None:
    from handslag.jobs.payments import write_run_file
    from handslag.jobs.queue import defer

    defer(write_run_file, lock=f"run:{event.subject}", tenant=_tenant(), run=str(event.subject))


def _write_order_file(event: Event, by: Actor, now: datetime) -> None:
    from handslag.jobs.payments import write_order_file
    from handslag.jobs.queue import defer

    defer(write_order_file, lock=f"order:{event.subject}", tenant=_tenant(), order=str(event.subject))


def _write_without(event: Event, by: Actor, now: datetime) -> None:
    """The file of a released run that has lost a payment is written without it; where it was the last one, the run is
    over, and so is what was asked about its file."""
    from handslag.jobs.payments import write_run_file
    from handslag.jobs.queue import defer

    for run in event.payload["runs"]:
        if Run.objects.filter(id=UUID(run), state=RunState.CANCELLED).exists():
            _answered(UUID(run), by, now, "run file refused")
        else:
            defer(write_run_file, lock=f"run:{run}", tenant=_tenant(), run=run)


def _file_done(event: Event, by: Actor, now: datetime) -> None:
    _answered(event.subject, by, now, "run file refused")


def _precalculate(event: Event, by: Actor, now: datetime) -> None:
    from handslag.jobs.precalculations import enqueue

    enqueue(_tenant(), event.subject, int(event.payload.get("batch", 0)))


def _reset_training(event: Event, by: Actor, now: datetime) -> None:
    from handslag.jobs.queue import defer
    from handslag.jobs.training import reset_training

    defer(reset_training, once=f"training:{_tenant()}", tenant=_tenant(), asked_by=str(by.id or by.name))


def _hand_over_file(event: Event, by: Actor, now: datetime) -> None:
    from handslag.jobs.payments import hand_over_file
    from handslag.jobs.queue import defer

    if setting("bank_folders"):
        defer(hand_over_file, lock=f"bank:{event.subject}", tenant=_tenant(), run=str(event.subject))


def _hand_over_message(event: Event, by: Actor, now: datetime) -> None:
    from handslag.jobs.exchange import hand_over_message
    from handslag.jobs.queue import defer

    after = int(TAKE_BACK.total_seconds()) + 1
    defer(hand_over_message, after=after, tenant=_tenant(), message=event.payload["message"])


def _carry_import(event: Event, by: Actor, now: datetime) -> None:
    from handslag.jobs.imports import carry_import
    from handslag.jobs.queue import defer

    defer(carry_import, tenant=_tenant(), brought=event.payload["import"])


def _message(key: UUID) -> ExchangeMessage:
    found = not_yet_inserted(ExchangeMessage, key)
    return found or ExchangeMessage.objects.only("kind", "unit_id", "test", "process", "due_on").get(id=key)


def _exchange_task(event: Event, by: Actor, now: datetime, kind: str) -> None:
    _task_about(_message(event.subject), event, by, now, kind)


def _task_about(row: ExchangeMessage, event: Event, by: Actor, now: datetime, kind: str) -> None:
    new = row._state.adding  # nothing is open about what isn't even inserted
    if not row.test and (new or not _open_tasks(event.subject, kind).exists()):
        open_task(tenant=_tenant(), by=by, now=now, subject=event.subject, kind=kind, unit=row.unit_id, assignee=None)


def _task_for_question(event: Event, by: Actor, now: datetime) -> None:
    row = _message(event.subject)
    # a task only where it doesn't fit what we have
    if row.kind in (
        "mutation", "case_change", "cost_approval", "approval_change", "reconciliation", "payment_advice",
        "reclaim",
    ):  # fmt: skip
        return
    if row.kind == "settlement" and row.due_on is None:  # it is taken in by itself; questions are for a person
        return
    kinds = {
        "case_transfer": "case transfer", "assignment": "assignment", "case_notification": "case notification",
        "provider_bill": "provider bill",
    }  # fmt: skip
    _task_about(row, event, by, now, kinds.get(row.kind, "question"))


def _answer_by_itself(event: Event, by: Actor, now: datetime) -> None:
    """What is held against the own account, and a turn of a reclaim."""
    from handslag.jobs.accounts import compare_account
    from handslag.jobs.queue import defer
    from handslag.jobs.settlement import follow_reclaim

    row = _message(event.subject)
    jobs = {"reconciliation": compare_account, "payment_advice": compare_account, "reclaim": follow_reclaim}
    if row.kind in jobs:
        defer(jobs[row.kind], lock=f"message:{row.id}", tenant=_tenant(), message=str(row.id))


def _advise_payment(event: Event, by: Actor, now: datetime) -> None:
    """The partner is told what it is paid, once its file is written, and that it wasn't where the bank says so."""
    from handslag.jobs.accounts import advise_payment
    from handslag.jobs.queue import defer

    if isinstance(event, OrderFileWritten) or event.payload["state"] in FAILED:
        defer(advise_payment, lock=f"order:{event.subject}", tenant=_tenant(), order=str(event.subject))


def _follow_reclaim(event: Event, by: Actor, now: datetime) -> None:
    """What was answered on a reclaim is noted at either side."""
    from handslag.jobs.queue import defer
    from handslag.jobs.settlement import follow_reclaim

    about = event.payload["settles"] if isinstance(event, MessageHandedOver) else str(event.subject)
    row = _message(UUID(about)) if about else None
    if row is not None and row.kind == "reclaim":
        defer(follow_reclaim, lock=f"message:{row.id}", tenant=_tenant(), message=str(row.id))


def _task_for_reclaim(event: Event, by: Actor, now: datetime) -> None:
    """Somebody of the municipality answers what is claimed back, by its day."""
    if isinstance(event, ReclaimReceived):
        row = Reclaim.objects.get(id=event.subject)
        open_task(
            tenant=_tenant(), by=by, now=now, subject=row.id, kind="reclaim", unit=unit_for(0, now), assignee=None,
        )  # fmt: skip


def _reclaim_noted(event: Event, by: Actor, now: datetime) -> None:
    """It is answered or settled: whoever told it decides on an objection."""
    row = Reclaim.objects.select_related("told_by").get(id=event.subject)
    _answered(row.id, by, now, "reclaim", "reclaim objected", "reclaim unanswered")
    if row.state == ReclaimState.OBJECTED and row.told_by is not None:
        open_task(
            tenant=_tenant(), by=by, now=now, subject=row.id, kind="reclaim objected", unit=row.told_by.unit_id,
            assignee=row.told_by_id,
        )  # fmt: skip


def _tell_submission(event: Event, by: Actor, now: datetime) -> None:
    from handslag.jobs.queue import defer
    from handslag.jobs.settlement import tell_submission

    key = event.payload["submission"]
    defer(tell_submission, lock=f"submission:{key}", tenant=_tenant(), submission=key)


def _tell_decisions(event: Event, by: Actor, now: datetime) -> None:
    from handslag.jobs.queue import defer
    from handslag.jobs.settlement import tell_decisions

    key = event.payload["reply"]
    defer(tell_decisions, lock=f"reply:{key}", tenant=_tenant(), reply=key)


def _take_settlement(event: Event, by: Actor, now: datetime) -> None:
    from handslag.jobs.queue import defer
    from handslag.jobs.settlement import take_settlement

    row = _message(event.subject)
    if row.kind == "settlement" and row.due_on is None:
        defer(take_settlement, lock=row.process, tenant=_tenant(), message=str(row.id))


def _note_reception(event: Event, by: Actor, now: datetime) -> None:
    from handslag.jobs.queue import defer
    from handslag.jobs.settlement import note_reception

    row = ExchangeMessage.objects.only("kind", "process", "due_on", "business", "code", "test").get(id=event.subject)
    over = row.business in SETTLED or row.code == "protected"
    if row.kind == "settlement" and row.due_on is None and over and not row.test:
        defer(note_reception, lock=row.process, tenant=_tenant(), message=str(row.id))


def _task_for_difference(event: Event, by: Actor, now: datetime) -> None:
    if not event.payload["equal"]:
        advised = ExchangeMessage.objects.filter(id=event.subject, kind="payment_advice").exists()
        _exchange_task(event, by, now, "payment differs" if advised else "accounts differ")


def _keep_documents(event: Event, by: Actor, now: datetime) -> None:
    from handslag.jobs.exchange import keep_documents
    from handslag.jobs.queue import defer

    row = ExchangeMessage.objects.only("kind", "test").get(id=event.subject)
    given = event.payload["state"] in (Business.ACCEPTED, Business.CHANGED)
    if row.kind == "document_request" and given and not row.test:
        defer(keep_documents, lock=f"message:{event.subject}", tenant=_tenant(), message=str(event.subject))


def _note_passed_on(event: Event, by: Actor, now: datetime) -> None:
    row = ExchangeMessage.objects.get(id=event.subject)
    told = passed_on(row)
    if told is not None and row.person_id is not None:
        act: dict[str, Any] = {"tenant": _tenant(), "by": by, "now": now, **asdict(told)}
        note_passed_on(**act, person=row.person_id, message=row.id, to=name_of(row.partner))


def _task_for_registering(event: Event, by: Actor, now: datetime) -> None:
    """What was accepted of another municipality's case waits for a registrar, unless she has a case here."""
    settled = event.payload["settles"]
    taken = [Business.ACCEPTED, Business.CHANGED]
    row = ExchangeMessage.objects.filter(
        id=settled, kind="case_transfer", direction=Direction.IN, business__in=taken, about=None, test=False
    ).first()
    if row is not None:
        open_task(
            tenant=_tenant(), by=by, now=now, subject=row.id, kind="case to register", unit=row.unit_id, assignee=None
        )


def _look_at_message(event: Event, by: Actor, now: datetime) -> None:
    """What is looked at by the system before a person does."""
    from handslag.jobs.funding import look_at_cost, note_approval_change
    from handslag.jobs.queue import defer
    from handslag.jobs.register import look_at_case_change, look_at_mutation

    kinds = {
        "mutation": look_at_mutation, "case_change": look_at_case_change, "cost_approval": look_at_cost,
        "approval_change": note_approval_change,
    }  # fmt: skip
    look_at = kinds.get(_message(event.subject).kind)
    if look_at is not None:
        defer(look_at, lock=f"message:{event.subject}", tenant=_tenant(), message=str(event.subject))


def _note_approval(event: Event, by: Actor, now: datetime) -> None:
    """What the answer to a request approves is noted, at both sides."""
    from handslag.jobs.funding import note_cost_approval
    from handslag.jobs.queue import defer

    settled = event.payload["settles"] if isinstance(event, MessageHandedOver) else str(event.subject)
    row = ExchangeMessage.objects.filter(id=settled, kind="cost_approval").first() if settled else None
    if row is not None and row.business in (Business.ACCEPTED, Business.CHANGED):
        defer(note_cost_approval, lock=f"message:{row.id}", tenant=_tenant(), message=str(row.id))


def _note_change(event: Event, by: Actor, now: datetime) -> None:
    """What the other side has noted of a change of an approval is noted by the payer."""
    from handslag.jobs.funding import note_approval_change
    from handslag.jobs.queue import defer

    row = ExchangeMessage.objects.filter(id=event.subject, kind="approval_change").first()
    if row is not None and row.business == Business.ACCEPTED:
        defer(note_approval_change, lock=f"message:{row.id}", tenant=_tenant(), message=str(row.id))


def _post_bill(event: Event, by: Actor, now: datetime) -> None:
    """What an accepted bill moves on the account of the other side is posted, at both sides."""
    from handslag.jobs.accounts import post_provider_bill
    from handslag.jobs.queue import defer

    settled = event.payload["settles"] if isinstance(event, MessageHandedOver) else str(event.subject)
    row = ExchangeMessage.objects.filter(id=settled, kind="provider_bill").first() if settled else None
    if row is not None and row.business == Business.ACCEPTED:
        defer(post_provider_bill, lock=f"message:{row.id}", tenant=_tenant(), message=str(row.id))


def _bills_elsewhere(event: Event, by: Actor, now: datetime) -> None:
    """A task about each accepted bill that is to be paid, by its reference, to an account that nobody has confirmed;
    done once somebody has."""
    if event.kind == Posted.kind and "paid_by" not in event.payload:
        return
    account = Account.objects.get(id=event.subject)
    if account.side != Side.PAYER:
        return
    to = paid_to(account.id)
    for one in bills_open(account.id):
        assert one.bill is not None
        rows = ExchangeMessage.objects.filter(kind="provider_bill", digest=one.bill.content, partner=account.partner)
        row = rows.first()
        if row is None:
            continue
        if to is None or one.bill.iban not in (to.iban, to.qr_iban):
            if not _open_tasks(row.id, "bill elsewhere").exists():
                open_task(
                    tenant=_tenant(), by=by, now=now, subject=row.id, kind="bill elsewhere", unit=row.unit_id,
                    assignee=None,
                )  # fmt: skip
        else:
            _answered(row.id, by, now, "bill elsewhere")


def _note_waiting_changes(event: Event, by: Actor, now: datetime) -> None:
    """Changes that came before their approval did."""
    from handslag.jobs.funding import note_approval_change
    from handslag.jobs.queue import defer

    for row in waiting(event.subject):
        defer(note_approval_change, lock=f"message:{row.id}", tenant=_tenant(), message=str(row.id))


def _task_for_proposed_change(event: Event, by: Actor, now: datetime) -> None:
    _exchange_task(event, by, now, "approval change")


def _proposed_change_done(event: Event, by: Actor, now: datetime) -> None:
    _answered(event.subject, by, now, "approval change")


def _task_for_changed_approval(event: Event, by: Actor, now: datetime) -> None:
    """Whoever asked for an approval learns that it is changed."""
    if not event.payload["payer"]:
        key = UUID(event.payload["message"])
        unit = ExchangeMessage.objects.only("unit_id").get(id=key).unit_id
        open_task(tenant=_tenant(), by=by, now=now, subject=key, kind="approval changed", unit=unit, assignee=None)


def _note_in_register(event: Event, by: Actor, now: datetime) -> None:
    """What an answered assignment, mutation, notification or change of a case says of people goes into the register, at
    both sides."""
    from handslag.jobs.queue import defer
    from handslag.jobs.register import NOTICES, note_in_register

    settled = event.payload["settles"] if isinstance(event, MessageHandedOver) else str(event.subject)
    row = ExchangeMessage.objects.filter(id=settled, kind__in=NOTICES).first() if settled else None
    if row is not None and row.business in SETTLED:
        defer(note_in_register, lock=f"message:{row.id}", tenant=_tenant(), message=str(row.id))


def _task_for_contradiction(event: Event, by: Actor, now: datetime) -> None:
    if not _open_tasks(event.subject, "contradiction").exists():
        unit = UUID(event.payload["unit"])
        open_task(
            tenant=_tenant(), by=by, now=now, subject=event.subject, kind="contradiction", unit=unit, assignee=None
        )


def _ask_both_sides(event: Event, by: Actor, now: datetime) -> None:
    """The canton asks those who said it; the municipality waits for that."""
    from handslag.jobs.queue import defer
    from handslag.jobs.register import ask_both_sides

    if own_address().startswith(CANTON):
        told = {"contradiction": event.payload["contradiction"], "unit": event.payload["unit"]}
        defer(ask_both_sides, lock=f"person:{event.subject}", tenant=_tenant(), **told)


def _contradiction_over(event: Event, by: Actor, now: datetime) -> None:
    if not Contradiction.objects.filter(person_id=event.subject).exists():
        _answered(event.subject, by, now, "contradiction")


def _task_for_assigned(event: Event, by: Actor, now: datetime) -> None:
    """Who was taken here needs a case; one task for a family unit."""
    ours = event.payload["what"] == What.MUNICIPALITY and event.payload["value"] == own_address()
    ours = ours and not RegisterNotice.objects.get(id=event.payload["notice"]).disputed
    if ours and event.payload["first"] and not _open_tasks(event.subject, "assigned").exists():
        unit = UUID(event.payload["unit"])
        open_task(tenant=_tenant(), by=by, now=now, subject=event.subject, kind="assigned", unit=unit, assignee=None)


def _task_for_support_ended(event: Event, by: Actor, now: datetime) -> None:
    """Whose case is closed while her claim under section 44 goes on: the canton is to be told that it ended."""
    case = Case.objects.only("household_id", "unit_id", "applicant_id").get(id=event.subject)
    closed_on = date.fromisoformat(event.payload["on"])
    home = household_on(case.household_id, closed_on, closed_on + timedelta(days=1))
    members = [case.applicant_id, *(row.person_id for row in home)]
    claimed = claimed_by(members, own_address(), closed_on + timedelta(days=1))
    person = next((one for one in members if one in claimed), None)
    if person is not None and not _open_tasks(person, "support ended").exists():
        open_task(
            tenant=_tenant(), by=by, now=now, subject=person, kind="support ended", unit=case.unit_id, assignee=None
        )


def _done_by_closing(event: Event, by: Actor, now: datetime) -> None:
    if event.payload["what"] == What.CLOSING:
        _answered(event.subject, by, now, "support ended")


def _done_by_opening(event: Event, by: Actor, now: datetime) -> None:
    case = Case.objects.only("applicant_id", "co_applicant_id").get(id=event.subject)
    for person in case.adults:
        _answered(person, by, now, "assigned")


def _done_by_taking_over(event: Event, by: Actor, now: datetime) -> None:
    _answered(UUID(event.payload["message"]), by, now, "case to register")


def _task_for_reply(event: Event, by: Actor, now: datetime) -> None:
    row, state = _message(event.subject), event.payload["state"]
    kinds = {"question": "question asked back", "not delivered": "message not delivered"}
    kind = kinds.get(state, "question answered")
    taken_in = row.kind == "settlement" and row.due_on is None
    if row.kind == "reclaim" and state in (Business.ACCEPTED, Business.REJECTED):
        return  # it is noted, and an objection has a task of its own
    if state == Business.ACCEPTED and (taken_in or row.kind in ("reconciliation", "payment_advice", "approval_change")):
        return  # equal, fits, noted there or taken in: there is nothing to do
    if state == Business.REJECTED and (taken_in or row.kind != "settlement"):
        refused = {
            "reconciliation": "accounts differ", "payment_advice": "payment differs", "settlement": "settlement refused"
        }  # fmt: skip
        kind = refused.get(row.kind, kind)
    _task_about(row, event, by, now, kind)


def _task_for_kept_back(event: Event, by: Actor, now: datetime) -> None:
    if event.payload["why"] == "protected":
        _exchange_task(event, by, now, "message kept back")


def _tasks_for_refused(event: Event, by: Actor, now: datetime) -> None:
    """Of each message that another installation refused at its door. Of a receipt nobody is told."""
    refused = event.payload["envelopes"] if event.payload["code"] else []
    for envelope in Envelope.objects.filter(id__in=refused).order_by("id"):
        row = ExchangeMessage.objects.filter(
            direction=Direction.OUT, partner=envelope.recipient, message_id=envelope.message_id, business__in=AWAITED
        ).first()
        if row is not None and not row.test and not _open_tasks(row.id, "message not delivered").exists():
            open_task(
                tenant=_tenant(), by=by, now=now, subject=row.id, kind="message not delivered", unit=row.unit_id,
                assignee=None,
            )  # fmt: skip


def _task_for_uncollected(event: Event, by: Actor, now: datetime) -> None:
    if not _refused_already(event.subject):
        _exchange_task(event, by, now, "message not collected")


def _task_for_expired(event: Event, by: Actor, now: datetime) -> None:
    if not _refused_already(event.subject):
        _exchange_task(event, by, now, "message expired")


def _refused_already(message: UUID) -> bool:
    """Whether it was refused at their door, as somebody was told: it waits for her, or was sent again."""
    again = ExchangeMessage.objects.filter(instead_of=message)
    return again.exists() or _open_tasks(message, "message not delivered").exists()


def _task_for_reminder(event: Event, by: Actor, now: datetime) -> None:
    _exchange_task(event, by, now, "question reminded")


def _task_for_overdue(event: Event, by: Actor, now: datetime) -> None:
    asked_us = (event.payload["direction"] == "in") != (event.payload["state"] == Business.QUESTION)
    _exchange_task(event, by, now, "question overdue" if asked_us else "question unanswered")


def _delivery_task(event: Event, by: Actor, now: datetime, kind: str) -> None:
    row = FederalDelivery.objects.only("protection").get(id=event.subject)
    unit = unit_for(row.protection, now)
    open_task(tenant=_tenant(), by=by, now=now, subject=row.id, kind=kind, unit=unit, assignee=None)


def _done_by_next_delivery(event: Event, by: Actor, now: datetime) -> None:
    """What was to be done about earlier ones of the month is done about the new one."""
    month = FederalDelivery.objects.values_list("since", flat=True).get(id=event.subject)
    for row in FederalDelivery.objects.filter(since=month).exclude(id=event.subject).order_by("id"):
        _answered(row.id, by, now, *DELIVERY_TASKS)


def _tasks_for_delivery(event: Event, by: Actor, now: datetime) -> None:
    """Somebody looks at it and sends it; and at account codes that no category is known for."""
    _delivery_task(event, by, now, "statistics due")
    if event.payload["unmapped"]:
        _delivery_task(event, by, now, "accounts unclassed")


def _done_by_sending_delivery(event: Event, by: Actor, now: datetime) -> None:
    _answered(event.subject, by, now, "statistics due", "statistics lost", "statistics changed")


def _task_for_receipt(event: Event, by: Actor, now: datetime) -> None:
    lost = event.payload["state"] in (DeliveryState.REFUSED, DeliveryState.EXPIRED)
    if lost and not _open_tasks(event.subject, "statistics lost").exists():
        _delivery_task(event, by, now, "statistics lost")


def _task_for_given(event: Event, by: Actor, now: datetime) -> None:
    colleague = StaffMember.objects.get(id=event.payload["to"])
    if not _open_tasks(event.subject, "message given").filter(assignee=colleague).exists():
        open_task(
            tenant=_tenant(), by=by, now=now, subject=event.subject, kind="message given", unit=colleague.unit_id,
            assignee=colleague.id,
        )  # fmt: skip


def _done_by_sending_again(event: Event, by: Actor, now: datetime) -> None:
    _answered(
        event.subject, by, now, "message not delivered", "message not collected", "message expired",
        "message kept back", "message given",
    )  # fmt: skip


def _done_by_arriving(event: Event, by: Actor, now: datetime) -> None:
    """Somebody was told that it hadn't arrived, and now it has."""
    if event.payload["state"] in (Transport.DELIVERED, Business.IN_CHECK):
        _answered(event.subject, by, now, "message not delivered", "message not collected", "message expired")


def _done_by_their_answer(event: Event, by: Actor, now: datetime) -> None:
    waited = ("question unanswered", "question asked back", "question overdue")
    _answered(event.subject, by, now, *waited, "message not collected", "message expired")


def _done_by_their_addition(event: Event, by: Actor, now: datetime) -> None:
    if event.payload.get("adds"):
        _answered(event.subject, by, now, "question unanswered")


def _done_by_reply(event: Event, by: Actor, now: datetime) -> None:
    if settled := event.payload["settles"]:
        _question_over(UUID(settled), by, now)


def _done_by_recall(event: Event, by: Actor, now: datetime) -> None:
    _question_over(event.subject, by, now)


def _question_over(question: UUID, by: Actor, now: datetime) -> None:
    kinds = (
        "question",
        "case transfer",
        "assignment",
        "mutation",
        "case notification",
        "case change",
        "cost approval",
        "provider bill",
        "question asked back",
        "question reminded",
        "question overdue",
        "question unanswered",
        "message given",
    )
    _answered(question, by, now, *kinds)


def _task_for_unreadable(event: Event, by: Actor, now: datetime) -> None:
    if event.payload["state"] == OutcomeState.QUARANTINED:
        unit = unit_for(0, now)
        open_task(
            tenant=_tenant(), by=by, now=now, subject=event.subject, kind="message unreadable", unit=unit, assignee=None
        )


TABLE: dict[type[Event], Sequence[Reaction]] = {
    OrganisationOpened: (),
    StaffAdmitted: (),
    RelationEntered: (),
    RoleGiven: (),
    RoleTaken: (),
    RoleProposed: (),
    RoleProposalWithdrawn: (),
    PolicySet: (),
    DelegationEntered: (),
    DelegationConfirmed: (),
    DelegationEnded: (),
    TrainingResetAsked: (Reaction(_reset_training),),
    TrainingReset: (),
    DeputyNamed: (Reaction(_tell_deputy, causes=(NoticesQueued,)),),
    DeputyEnded: (),
    LogInReset: (),
    PersonRegistered: (),
    PersonChanged: (Reaction(_follow_name, causes=(AccountFollowed,)),),
    AddressRecorded: (),
    ProtectionSet: (Reaction(_task_for_protection, causes=(TaskOpened,)),),
    ProtectionLowered: (),
    MergeProposed: (),
    RecordsMerged: (Reaction(_close_with_merge, causes=(CaseClosed,)),),
    MergeTakenBack: (),
    MergeUndone: (Reaction(_reopen_after_merge, causes=(CaseReopened,)),),
    RegistrationReferred: (Reaction(_task_for_registration, causes=(TaskOpened,)),),
    AccountRecorded: (Reaction(_follow_account, causes=(AccountFollowed,)),),
    HouseholdFormed: (),
    CitizenLoggedIn: (),
    CaseOpened: (Reaction(_done_by_opening, causes=(TaskDone,)),),
    CaseClosed: (Reaction(_task_for_support_ended, causes=(TaskOpened,)),),
    CaseReopened: (),
    AccessTaken: (Reaction(_show_access, causes=(TaskOpened,)),),
    MessageSent: (
        Reaction(_task_for_message, causes=(TaskOpened,)),
        Reaction(_tell_of_message, causes=(NoticesQueued,)),
    ),
    MessageAnswered: (
        Reaction(_done_by_answer, causes=(TaskDone,)),
        Reaction(_tell_of_answer, causes=(NoticesQueued,)),
    ),
    MovedIn: (
        Reaction(_task_for_household, causes=(TaskOpened,)),
        Reaction(_check_household, causes=(WarningsReconciled,)),
    ),
    MovedOut: (
        Reaction(_task_for_household, causes=(TaskOpened,)),
        Reaction(_check_household, causes=(WarningsReconciled,)),
    ),
    NoteWritten: (),
    WarningsReconciled: (),
    WarningAcknowledged: (),
    DocumentLinked: (),
    DocumentUnlinked: (),
    DraftWithdrawn: (
        Reaction(_tell_the_other_adult, causes=(NoticesQueued,)),
        Reaction(_task_for_refused_signature, causes=(TaskOpened,)),
    ),
    DraftSuperseded: (),
    HouseholdAskedAbout: (Reaction(_task_for_asked_household, causes=(TaskOpened,)),),
    AppliedAnew: (),
    DraftOpened: (Reaction(_ask_for_draft, causes=(AuthoritiesAsked,)),),
    AuthoritiesAsked: (Reaction(_fetch),),
    AuthoritiesAnswered: (
        Reaction(_check_answered, causes=(WarningsReconciled,)),
        Reaction(_task_for_secrecy, causes=(TaskOpened,)),
        Reaction(_task_for_late_answer, causes=(TaskOpened,)),
    ),
    LineDisputed: (
        Reaction(_task_for_dispute, causes=(TaskOpened,)),
        Reaction(_task_for_words_of_need, causes=(TaskOpened,)),
    ),
    DisputeTakenBack: (Reaction(_done_by_dispute, causes=(TaskDone,)),),
    DisputeAnswered: (
        Reaction(_done_by_dispute, causes=(TaskDone,)),
        Reaction(_check_answered, causes=(WarningsReconciled,)),
    ),
    FilesAttached: (),
    FileRemoved: (),
    AccountChangeBegun: (),
    AccountChangeAsked: (
        Reaction(_task_for_account, causes=(TaskOpened,)),
        Reaction(_tell_of_account, causes=(NoticesQueued,)),
    ),
    AccountChangeWithdrawn: (Reaction(_answer_account_task, causes=(TaskDone,)),),
    AccountChangeRefused: (
        Reaction(_answer_account_task, causes=(TaskDone,)),
        Reaction(_tell_of_account, causes=(NoticesQueued,)),
    ),
    AccountChanged: (
        Reaction(_follow_account, causes=(AccountFollowed,)),
        Reaction(_answer_account_task, causes=(TaskDone,)),
        Reaction(_tell_of_account, causes=(NoticesQueued,)),
    ),
    AccountFollowed: (
        Reaction(_task_for_not_followed, causes=(TaskOpened,)),
        Reaction(_done_by_unblocked, causes=(TaskDone,)),
    ),
    EvidenceAsked: (Reaction(_tell_of_request, causes=(NoticesQueued,)),),
    EvidenceSent: (
        Reaction(_task_for_evidence, causes=(TaskOpened,)),
        Reaction(_tell_of_evidence, causes=(NoticesQueued,)),
    ),
    RequestClosed: (),
    SignerReminded: (Reaction(_remind_the_other_adult, causes=(NoticesQueued,)),),
    SigningEnded: (
        Reaction(_task_for_signing_ended, causes=(TaskOpened,)),
        Reaction(_tell_of_signing_ended, causes=(NoticesQueued,)),
    ),
    ApplicationSigned: (Reaction(_ask_the_other_adult, causes=(NoticesQueued,)),),
    ApplicationSubmitted: (
        Reaction(_tell_caseworker, causes=(NoticesQueued,)),
        Reaction(_task_for_need, causes=(TaskOpened,)),
        Reaction(_task_for_signature, causes=(TaskOpened,)),
        Reaction(_hand_over_elsewhere, causes=(HandOverQueued,)),
        Reaction(_ask_for_application, causes=(AuthoritiesAsked,)),
        Reaction(_done_by_correction, causes=(TaskDone,)),
    ),
    RepresentationRegistered: (Reaction(_tell_who_is_represented, causes=(NoticesQueued,)),),
    RepresentationEnded: (Reaction(_tell_who_is_represented, causes=(NoticesQueued,)),),
    SignatureRecorded: (Reaction(_done_by_signature, causes=(TaskDone,)),),
    ClientFollowed: (),
    ClientLeft: (),
    CaseAsked: (Reaction(_tell_of_decision, causes=(NoticesQueued,)),),
    HandOverQueued: (Reaction(_deliver),),
    SwitchEntered: (),
    SwitchConfirmed: (),
    SwitchTakenBack: (),
    HandOverTried: (Reaction(_task_for_hand_over, causes=(TaskOpened,)),),
    HandOverSettled: (Reaction(_done_by_hand_over, causes=(TaskDone,)), Reaction(_deliver)),
    MessageSealed: (Reaction(_hand_over_message),),
    AskedElsewhere: (),
    MessageTakenBack: (Reaction(_task_for_kept_back, causes=(TaskOpened,)), Reaction(_note_reception)),
    MessageHandedOver: (
        Reaction(_done_by_reply, causes=(TaskDone,)),
        Reaction(_task_for_registering, causes=(TaskOpened,)),
        Reaction(_note_passed_on, causes=(PassedOn,)),
        Reaction(_note_in_register),
        Reaction(_note_approval),
        Reaction(_post_bill),
        Reaction(_follow_reclaim),
    ),
    PassedOn: (),
    CaseTransferred: (),
    CaseTakenOver: (Reaction(_done_by_taking_over, causes=(TaskDone,)),),
    MessageUncollected: (Reaction(_task_for_uncollected, causes=(TaskOpened,)),),
    MessageExpired: (Reaction(_task_for_expired, causes=(TaskOpened,)),),
    PartnerKeysNoted: (),
    PartnerRegistered: (),
    PartnerKeyEnded: (),
    PartnerMet: (),
    ExchangeKeysMade: (),
    ExchangeKeyEnded: (),
    EnvelopesPassed: (Reaction(_tasks_for_refused, causes=(TaskOpened,)),),
    SedexConnected: (),
    PartnerBySedex: (),
    PutOutBySedex: (),
    SedexReceiptNoted: (),
    SedexRound: (),
    MessageTakenIn: (
        Reaction(_done_by_their_addition, causes=(TaskDone,)),
        Reaction(_task_for_question, causes=(TaskOpened,)),
        Reaction(_look_at_message),
        Reaction(_answer_by_itself),
        Reaction(_take_settlement),
    ),
    MessageRecalled: (Reaction(_done_by_recall, causes=(TaskDone,)),),
    MessageReminded: (Reaction(_task_for_reminder, causes=(TaskOpened,)),),
    MessageTakenUp: (),
    MessageKept: (),
    ReceiptTakenIn: (Reaction(_done_by_arriving, causes=(TaskDone,)),),
    MessageOverdue: (Reaction(_task_for_overdue, causes=(TaskOpened,)),),
    MessageGiven: (Reaction(_task_for_given, causes=(TaskOpened,)),),
    MessageSentAgain: (Reaction(_done_by_sending_again, causes=(TaskDone,)),),
    ReplyTakenIn: (
        Reaction(_done_by_their_answer, causes=(TaskDone,)),
        Reaction(_task_for_reply, causes=(TaskOpened,)),
        Reaction(_keep_documents),
        Reaction(_note_in_register),
        Reaction(_note_approval),
        Reaction(_note_change),
        Reaction(_post_bill),
        Reaction(_note_reception),
        Reaction(_follow_reclaim),
    ),
    PersonAssigned: (),
    Posted: (Reaction(_bills_elsewhere, causes=(TaskOpened, TaskDone)),),
    BillDecided: (),
    AccountTold: (),
    AccountCompared: (Reaction(_task_for_difference, causes=(TaskOpened,)),),
    PaidToRecorded: (),
    PaidToConfirmed: (Reaction(_bills_elsewhere, causes=(TaskOpened, TaskDone)),),
    PaidToEnded: (Reaction(_bills_elsewhere, causes=(TaskOpened, TaskDone)),),
    PaymentOrdered: (Reaction(_failed_orders_done, causes=(TaskDone,)),),
    PaymentReleased: (Reaction(_write_order_file),),
    PaymentWithdrawn: (Reaction(_file_done, causes=(TaskDone,)),),
    OrderFileWritten: (
        Reaction(_file_done, causes=(TaskDone,)),
        Reaction(_hand_over_file),
        Reaction(_advise_payment),
    ),
    OrderFileRefused: (Reaction(_task_for_order_file, causes=(TaskOpened,)),),
    BankLinesMatched: (),
    OrderAnswered: (Reaction(_task_for_failed_order, causes=(TaskOpened,)), Reaction(_advise_payment)),
    MoneyMatched: (),
    MatchedByHand: (
        Reaction(_bank_file_done, causes=(TaskDone,)),
        Reaction(_task_for_matched_case, causes=(TaskOpened,)),
    ),
    HandMatchUndone: (
        Reaction(_task_for_unmatched, causes=(TaskOpened,)),
        Reaction(_task_for_matched_case, causes=(TaskOpened,)),
    ),
    NoticeTaken: (
        Reaction(_task_for_assigned, causes=(TaskOpened,)),
        Reaction(_done_by_closing, causes=(TaskDone,)),
        Reaction(_contradiction_over, causes=(TaskDone,)),
    ),
    ContradictionFound: (
        Reaction(_task_for_contradiction, causes=(TaskOpened,)),
        Reaction(_ask_both_sides),
    ),
    ResidentsEntered: (),
    PersonImported: (),
    ImportVerified: (),
    RegisterImported: (),
    ImportConfirmed: (Reaction(_carry_import),),
    ImportCarried: (),
    ImportUndone: (),
    TariffEntered: (),
    CostDecided: (),
    CostApproved: (Reaction(_note_waiting_changes),),
    ChangeProposed: (Reaction(_task_for_proposed_change, causes=(TaskOpened,)),),
    ProposalTakenBack: (Reaction(_proposed_change_done, causes=(TaskDone,)),),
    ChangeDecided: (Reaction(_proposed_change_done, causes=(TaskDone,)),),
    ApprovalChanged: (Reaction(_task_for_changed_approval, causes=(TaskOpened,)),),
    ContradictionSettled: (Reaction(_contradiction_over, causes=(TaskDone,)),),
    StatementSubmitted: (Reaction(_tell_submission),),
    StatementReceived: (),
    SubmissionTaken: (),
    SubmissionRefused: (),
    LinesAnswered: (Reaction(_tell_decisions),),
    AnswersNoted: (),
    DaysLeftOut: (),
    ReclaimProposed: (),
    ReclaimDropped: (),
    ReclaimTold: (),
    ReclaimReceived: (Reaction(_task_for_reclaim, causes=(TaskOpened,)),),
    ReclaimAnswered: (),
    ReclaimSettled: (),
    ReclaimNoted: (Reaction(_reclaim_noted, causes=(TaskOpened, TaskDone)),),
    AnsweredElsewhere: (),
    ArrivalSettled: (),
    ArrivalTried: (Reaction(_task_for_unreadable, causes=(TaskOpened,)),),
    ApplicationWithdrawn: (
        Reaction(_done_by_signature, causes=(TaskDone,)),
        Reaction(_task_for_withdrawal, causes=(TaskOpened,)),
        Reaction(_tell_of_withdrawal, causes=(NoticesQueued,)),
        Reaction(_tell_the_other_of_withdrawal, causes=(NoticesQueued,)),
    ),
    InboxTaken: (Reaction(_check_taken, causes=(WarningsReconciled,)),),
    InboxPutBack: (),
    HandedOver: (Reaction(_tell_receiver, causes=(NoticesQueued,)),),
    ApplicantAwaited: (),
    ApplicantReminded: (Reaction(_remind_applicants, causes=(NoticesQueued,)),),
    InboxClosed: (),
    PeriodAssessed: (Reaction(_check_assessed, causes=(WarningsReconciled,)),),
    SheetsDiffer: (Reaction(_task_for_differing, causes=(TaskOpened,)),),
    CorrectionProposed: (Reaction(_task_for_correction, causes=(TaskOpened,)),),
    LocalNormEntered: (),
    PopulationTaken: (),
    PrecalculationStarted: (Reaction(_precalculate),),
    PrecalculationHalted: (),
    PrecalculationContinued: (Reaction(_precalculate),),
    PrecalculationEnded: (),
    LocalNormConfirmed: (),
    DecisionProposed: (),
    DecisionReturned: (),
    ProposalWithdrawn: (),
    DecisionTaken: (
        Reaction(_keep_results),
        Reaction(_plan, causes=(PaymentsPlanned,)),
        Reaction(_clear_inbox, causes=(InboxClosed, DeadlineEnded)),
        Reaction(_appeal_deadline, causes=(DeadlineSet,)),
        Reaction(_task_for_other_help, causes=(TaskOpened,)),
        Reaction(_task_for_carried, causes=(TaskOpened, TaskDone)),
        Reaction(_tell_applicants, causes=(NoticesQueued,)),
        Reaction(_render_letter),
    ),
    HearingOpened: (
        Reaction(_tell_of_hearing, causes=(NoticesQueued,)),
        Reaction(_task_for_hearing, causes=(TaskOpened,)),
    ),
    HearingAnswered: (
        Reaction(_task_for_words_of_need, causes=(TaskOpened,)),
        Reaction(_tell_of_said, causes=(NoticesQueued,)),
    ),
    AppealLodged: (
        Reaction(_task_for_appeal, causes=(TaskOpened,)),
        Reaction(_task_for_words_of_need, causes=(TaskOpened,)),
        Reaction(_tell_of_appeal, causes=(NoticesQueued,)),
    ),
    AppealChecked: (
        Reaction(_appeal_done, causes=(TaskDone,)),
        Reaction(_task_for_late_appeal, causes=(TaskOpened,)),
    ),
    AppealDismissed: (
        Reaction(_appeal_done, causes=(TaskDone,)),
        Reaction(_tell_appellant, causes=(NoticesQueued,)),
        Reaction(_task_for_dismissal, causes=(TaskOpened,)),
        Reaction(_render_personal_letter),
    ),
    AppealForwarded: (
        Reaction(_appeal_done, causes=(TaskDone,)),
        Reaction(_tell_appellant, causes=(NoticesQueued,)),
        Reaction(_pack_appeal),
    ),
    AppealPacked: (Reaction(_task_for_package, causes=(TaskOpened,)),),
    JudgmentNoted: (),
    LetterRendered: (),
    LetterRefused: (Reaction(_task_for_letter, causes=(TaskOpened,)),),
    DocumentRecorded: (Reaction(_scan),),
    DocumentScanned: (
        Reaction(_task_for_infected, causes=(TaskOpened,)),
        Reaction(_tell_of_infected, causes=(NoticesQueued,)),
    ),
    DeadlineSet: (),
    DeadlineEnded: (Reaction(_task_for_missed, causes=(TaskOpened,)),),
    NoticesQueued: (),
    NoticesPrinted: (),
    NoticeEnded: (Reaction(_task_for_parked, causes=(TaskOpened,)),),
    TaskOpened: (),
    TaskDone: (),
    PaymentsPlanned: (
        Reaction(_task_for_blocked, causes=(TaskOpened,)),
        Reaction(_task_for_uncovered, causes=(TaskOpened,)),
        Reaction(_task_for_overpaid, causes=(TaskOpened,)),
        Reaction(_task_for_claimed, causes=(TaskOpened,)),
        Reaction(_write_without, causes=(TaskDone,)),
        Reaction(_done_by_unblocked, causes=(TaskDone,)),
    ),
    PaymentUnblocked: (Reaction(_done_by_unblocked, causes=(TaskDone,)),),
    PaymentHeld: (Reaction(_write_without, causes=(TaskDone,)),),
    PaymentResumed: (),
    PaymentRedirected: (Reaction(_done_by_unblocked, causes=(TaskDone,)),),
    PaymentBlocked: (Reaction(_task_for_unsaid, causes=(TaskOpened,)),),
    PayeeRecorded: (),
    PayeeConfirmed: (),
    PayeeEnded: (Reaction(_write_without, causes=(TaskDone,)),),
    DirectPaymentOrdered: (),
    DirectPaymentEnded: (),
    BankFileReceived: (
        Reaction(_match_bank_lines, causes=(BankLinesMatched, OrderAnswered, MoneyMatched, Posted)),
        Reaction(_task_for_quarantine, causes=(TaskOpened,)),
    ),
    BankLineSettled: (Reaction(_bank_file_done, causes=(TaskDone,)),),
    PaymentConfirmed: (),
    PaymentRejected: (
        Reaction(_task_for_rejected, causes=(TaskOpened,)),
        Reaction(_task_for_claimed, causes=(TaskOpened,)),
    ),
    PaymentReturned: (
        Reaction(_task_for_returned, causes=(TaskOpened,)),
        Reaction(_task_for_claimed, causes=(TaskOpened,)),
    ),
    ChartRowSet: (),
    PostingDayFixed: (),
    AdvanceGranted: (
        Reaction(_task_for_blocked_advance, causes=(TaskOpened,)),
        Reaction(_tell_of_advance, causes=(NoticesQueued,)),
    ),
    AdvanceConfirmed: (
        Reaction(_done_by_confirmation, causes=(TaskDone,)),
        Reaction(_tell_of_advance, causes=(NoticesQueued,)),
    ),
    AdvanceRefused: (
        Reaction(_done_by_confirmation, causes=(TaskDone,)),
        Reaction(_task_for_refused_advance, causes=(TaskOpened,)),
    ),
    CaseBooked: (),
    IncomeBooked: (),
    BookingReversed: (Reaction(_task_for_unclaimed, causes=(TaskOpened,)),),
    OtherHelpProposed: (Reaction(_done_by_other_help, causes=(TaskDone,)),),
    OtherHelpLeft: (Reaction(_done_by_other_help, causes=(TaskDone,)),),
    OtherHelpReturned: (),
    OtherHelpWithdrawn: (),
    OtherHelpDecided: (
        Reaction(_task_for_blocked_help, causes=(TaskOpened,)),
        Reaction(_tell_of_recovery, causes=(NoticesQueued,)),
        Reaction(_render_personal_letter),
    ),
    OrderProposed: (),
    OrderReturned: (),
    OrderWithdrawn: (),
    OrderDecided: (
        Reaction(_watch_condition, causes=(DeadlineSet,)),
        Reaction(_condition_done, causes=(TaskDone,)),
        Reaction(_tell_of_recovery, causes=(NoticesQueued,)),
        Reaction(_render_personal_letter),
    ),
    OrderEnded: (
        Reaction(_unwatch_condition, causes=(DeadlineEnded,)),
        Reaction(_condition_done, causes=(TaskDone,)),
        Reaction(_tell_of_recovery, causes=(NoticesQueued,)),
    ),
    OrderAppealNoted: (),
    OrderAppealChanged: (),
    OrderAppealEnded: (),
    RecoveryProposed: (),
    RecoveryReturned: (),
    RecoveryWithdrawn: (),
    RecoveryDecided: (
        Reaction(_recovery_done, causes=(TaskDone,)),
        Reaction(_close_hearings, causes=(HearingsClosed,)),
        Reaction(_tell_of_recovery, causes=(NoticesQueued,)),
        Reaction(_render_personal_letter),
    ),
    InstalmentsAgreed: (),
    RepaymentBooked: (),
    CededBooked: (),
    RecoveryWaived: (
        Reaction(_tell_of_recovery, causes=(NoticesQueued,)),
        Reaction(_render_personal_letter),
    ),
    HearingsClosed: (),
    PersonalLetterRendered: (),
    RunReserved: (),
    RunCancelled: (
        Reaction(_file_done, causes=(TaskDone,)),
        Reaction(_follow_accounts, causes=(AccountFollowed,)),
    ),
    RunReleased: (Reaction(_write_file),),
    RunFileWritten: (Reaction(_file_done, causes=(TaskDone,)), Reaction(_hand_over_file)),
    RunFileRefused: (Reaction(_task_for_file, causes=(TaskOpened,)),),
    StatisticsRecorded: (),
    StatisticsFileMade: (),
    StatisticsFileDelivered: (),
    BaselineEntered: (),
    AccountClassed: (),
    EndingRecorded: (),
    FederalDeliveryMade: (
        Reaction(_done_by_next_delivery, causes=(TaskDone,)),
        Reaction(_tasks_for_delivery, causes=(TaskOpened,)),
    ),
    FederalDeliverySent: (Reaction(_done_by_sending_delivery, causes=(TaskDone,)),),
    FederalDeliveryOut: (),
    FederalReceiptNoted: (Reaction(_task_for_receipt, causes=(TaskOpened,)),),
    ReviewBegun: (),
    SampleTargeted: (),
    LooksReviewed: (),
    ReviewClosed: (),
}
