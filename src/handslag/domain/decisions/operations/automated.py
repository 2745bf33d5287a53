"""The full grant of an unchanged renewal, as applied for, without a person: by the organisation's delegation (28 §
förvaltningslagen). Off unless two administrators have said so; whatever deviates in any way waits for a person,
untouched.

Nothing else is ever decided so: no refusal, no reduction, no change of a decision, no claim.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from uuid import UUID

import msgspec

from handslag.domain.audit.models import Subject
from handslag.domain.audit.operations import Done, operation
from handslag.domain.casefile.models import Case, CaseWarning, Message, Period
from handslag.domain.casefile.queries import cases_beside, highest_protection, period_before
from handslag.domain.casefile.states import CaseState, WarningState
from handslag.domain.decisions.models import Appeal, Decision, Hearing, LeftToPerson
from handslag.domain.decisions.operations import legal_basis_on, outcome_of, refuse_example_norms, taken
from handslag.domain.decisions.queries import in_force, in_force_on
from handslag.domain.decisions.states import DecisionState, Outcome
from handslag.domain.entitlement import checks
from handslag.domain.entitlement.models import Assessment
from handslag.domain.entitlement.operations import assess_as_applied
from handslag.domain.entitlement.queries import applied_facts, newest_sheet
from handslag.domain.intake.models import Application, ApplicationPeriod, InboxItem
from handslag.domain.intake.queries import (
    application_before,
    applications_for,
    attachments_of,
    differences,
    requests_of,
    running_drafts,
    signatures_of,
)
from handslag.domain.intake.states import InboxState, RequestState
from handslag.domain.lookups import checks as answers
from handslag.domain.lookups.queries import (
    authorities_asked,
    control_month,
    disputes_in,
    lines_of,
    marked_in,
    standings,
    sums,
)
from handslag.domain.people.models import AccountChange
from handslag.domain.people.queries import is_gone
from handslag.domain.people.states import ChangeState
from handslag.domain.tasks.models import Task
from handslag.domain.tasks.states import TaskState
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.models import Delegation
from handslag.domain.tenancy.operations import next_reference
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible, automated
from handslag.domain.tenancy.states import Decides
from handslag.kernel import canonical
from handslag.rules.se.facts import Facts


def may_be_unchanged(now: datetime) -> dict[UUID, str]:
    """The periods of renewals that wait in the inbox, nobody having taken them, within the days in which a decision is
    promised; longest waiting first; each with the digest of what it stands upon, where it wasn't left to a person upon
    the same. None where nothing is decided without a person."""
    if automated(0, now) is None:
        return {}
    today = acting_door().the_tenant.today(now)
    waiting = InboxItem.objects.filter(state=InboxState.WAITING, due_on__gte=today, application__kind="renewal")
    rows = ApplicationPeriod.objects.filter(application_id__in=waiting.values("application_id"))
    ordered = rows.select_related("period__case").order_by("application__received_at", "id")
    periods = list({row.period_id: row.period for row in ordered}.values())
    left = set(LeftToPerson.objects.filter(period__in=periods).values_list("period_id", "state"))
    return {key: state for key, state in _standing(periods, today).items() if (key, state) not in left}


def _standing(periods: list[Period], today: date) -> dict[UUID, str]:
    """By period the digest of what it stands upon: the chains of its case, adults and household, the delegations, and
    the day, by which the rest is tried once more."""
    cases = {one.case_id: one.case for one in periods}
    about = {key: [key, case.applicant_id, case.co_applicant_id, case.household_id] for key, case in cases.items()}
    wanted = {key for keys in about.values() for key in keys if key}
    heads = dict(Subject.objects.filter(id__in=wanted).values_list("id", "head"))
    known = Delegation.objects.filter(kind=Decides.AUTOMATED).order_by("id").values_list("id", "version")
    register = [f"{key} {version}" for key, version in known]
    return {
        one.id: canonical.digest([str(today), register, [heads.get(key, "") for key in about[one.case_id] if key]])
        for one in periods
    }


@operation(silent=True)
def leave_to_person(*, tenant: str | int, by: Actor, now: datetime, period: UUID, state: str) -> Done[LeftToPerson]:
    """A period wasn't granted upon `state`, as `may_be_unchanged` gave it: it isn't tried again upon the same. Only a
    job calls it."""
    if by.kind != "system" or not Period.objects.filter(id=period).exists():
        raise Hidden("period", period)
    row, _ = LeftToPerson.objects.update_or_create(period_id=period, defaults={"state": state})
    return Done(row)


@operation()
def grant_unchanged(*, tenant: str | int, by: Actor, now: datetime, period: UUID) -> Done[Decision]:
    """Decide a period without a person, where all of it is as it was: the renewal says so line by line, and what it
    comes to is what was applied for, in full. NotPossible("for a person", why=...) with the first thing that deviates:
    then nothing is written, and a person takes it. Only a job calls it."""
    found = Period.objects.filter(id=period).first()
    if found is None or by.kind != "system":
        raise Hidden("period", period)
    case = (
        Case.objects.select_for_update(of=("self",)).select_related("applicant", "co_applicant").get(id=found.case_id)
    )
    if automated(0, now) is None:
        raise NotPossible("for a person", why="not delegated")
    list(InboxItem.objects.select_for_update(of=("self",)).filter(case=case))  # nobody takes it meanwhile
    today = acting_door().the_tenant.today(now)
    if why := deviation(case, found, now):
        raise NotPossible("for a person", why=why)
    sheet = assess_as_applied(tenant=tenant, by=by, now=now, period=found.id)
    by_what = automated(sheet.granted, now)
    if by_what is None or sheet.granted == 0 or outcome_of(sheet) != Outcome.BIFALL:
        raise NotPossible("for a person", why="not a full grant")
    if _in_a_row(found) >= by_what.months:
        raise NotPossible("for a person", why="a person's turn")
    refuse_example_norms(sheet)
    before = in_force(period_before(found).id)  # type: ignore[union-attr]
    assert before is not None
    row = Decision.objects.create(
        case=case,
        period=found,
        number=next_reference("decision", now),
        sheet=sheet,
        outcome=Outcome.BIFALL,
        amount=sheet.granted,
        currency=sheet.currency,
        language=before.language,
        reasons="",
        legal_basis=legal_basis_on(today),
        delegation=by_what.words,
        automated=True,
        state=DecisionState.DECIDED,
        proposed_at=now,
        decided_at=now,
    )
    return taken(row, case, by_what, now)


def _in_a_row(period: Period) -> int:
    """How many months right before this one were decided without a person."""
    months = 0
    while (earlier := period_before(period)) and earlier.until == period.since:
        decided = in_force(earlier.id)
        if decided is None or not decided.automated:
            break
        months, period = months + 1, earlier
    return months


def deviation(case: Case, period: Period, now: datetime) -> str:
    """The first thing in which a period isn't the one before over again, or that waits for a person; "" where nothing
    is. Read inside an operation."""
    adults = case.adults
    today = acting_door().the_tenant.today(now)
    earlier = period_before(period)
    before = in_force(earlier.id) if earlier and earlier.until == period.since else None
    if before is None or before.outcome != Outcome.BIFALL or before.repayable or before.replaces_id:
        return "the month before"
    why = _of_the_case(case, adults, today) or _of_the_application(case, period) or _of_what_waits(case, period, before)
    return why or _of_the_facts(case, period, before, today)


def _of_the_case(case: Case, adults: list[UUID], today: date) -> str:
    if case.state != CaseState.OPEN or case.worked_in is not None or case.legal_order != "se":
        return "the case"
    if highest_protection(case, today) or any(map(is_gone, adults)):
        return "protection"
    return ""


def _of_the_application(case: Case, period: Period) -> str:
    every = applications_for(period.id)
    last = application_before(case.id, period)
    if len(every) != 1 or last is None:
        return "the application"
    [one] = every
    if (one.kind, one.channel, one.corrects_id) != ("renewal", "online", None):
        return "the application"
    if (one.form, one.form_version) != (last.form, last.form_version) or differences(one.document, last.document):
        return "the application"
    if _says_more(one) or attachments_of(one.id):
        return "what it says"
    if any(signature.representative_id for signature in signatures_of(one.id)):
        return "who signed"
    return "" if InboxItem.objects.filter(application=one, state=InboxState.WAITING).exists() else "taken"


def _says_more(application: Application) -> bool:
    """Whether it holds a word of hers that no rule reads: a message, a change of the household, a note at a line."""
    said = application.document["answers"]
    household = said.get("household") or {}
    noted = any(row.get("note") for kind in ("costs", "incomes") for row in said.get(kind, []))
    return bool(said.get("message") or noted or household.get("same") is not True or household.get("changes"))


def _of_what_waits(case: Case, period: Period, before: Decision) -> str:
    adults = case.adults
    if disputes_in(period.id):
        return "a dispute"
    if CaseWarning.objects.filter(period=period).exclude(state=WarningState.CLOSED).exists():
        return "a warning"
    if Task.objects.filter(subject_id=case.id, state=TaskState.OPEN).exists():
        return "a task"
    since = before.decided_at
    if Message.objects.filter(case=case, member=None, sent_at__gt=since).exists() or running_drafts([case.id]):
        return "something she wrote"
    if Hearing.objects.filter(case=case, asked_at__gt=since).exists() or Appeal.objects.filter(case=case).exists():
        return "a question"
    if any(request.state != RequestState.CLOSED for request, _ in requests_of(case.id)):
        return "a question"
    if AccountChange.objects.filter(person_id__in=adults, state=ChangeState.ASKED).exists():
        return "an account"
    decided = Decision.objects.filter(period=period).exists() or Assessment.objects.filter(period=period).exists()
    return "a person has begun" if decided or newest_sheet(period.id) else ""


def _of_the_facts(case: Case, period: Period, before: Decision, today: date) -> str:
    adults = set(case.adults)
    asked = {(one.person, one.authority) for one in standings(period.id)}
    if {(adult, authority) for adult in adults for authority in authorities_asked()} - asked or marked_in(period.id):
        return "an authority"
    if checks.causes_in(period.id, today) != set() or answers.causes_in(period.id) or answers.changes_in(period.id):
        return "a warning"
    facts = applied_facts(case, period, applications_for(period.id)[0], today)
    then = Facts.from_json(before.sheet.snapshot.facts)
    if msgspec.structs.replace(facts, since=then.since, until=then.until) != then:
        return "the facts"
    fetched, given = Counter[str](), Counter[str]()
    for (_person, _authority, _benefit, code), amount in sums(lines_of(period.id), control_month(period)).items():
        fetched[code] += amount
    for income in facts.incomes:
        given[income.code] += income.gross
    if any(given[code] != amount for code, amount in fetched.items()):
        return "a fetched income"
    if in_force_on([one.id for one in cases_beside(case)], period.since):
        return "another file"
    return ""
