"""The months of a Swiss budget that holds for several: each is released by a person after the declaration, as it was
decided. Nothing is ever refused or reduced so: what differs in any way is decided anew."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from handslag.domain.audit.operations import Done, operation
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.queries import period_before
from handslag.domain.casefile.states import CaseState
from handslag.domain.decisions.models import Decision
from handslag.domain.decisions.operations import facts_of, legal_basis_of, refuse_example_norms, taken
from handslag.domain.decisions.queries import in_force, reductions_in
from handslag.domain.decisions.states import DecisionState, Outcome
from handslag.domain.entitlement.operations import assess
from handslag.domain.entitlement.queries import newest_application, newest_sheet
from handslag.domain.entitlement.queries.swiss import moved_within
from handslag.domain.intake.queries import differences
from handslag.domain.people.queries import household_on
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.operations import next_reference
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Mandate, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month
from handslag.rules.ch.codes import COSTS
from handslag.rules.facts import FactsError

#: Costs that a year has a limit for: what is left of it differs from month to month.
YEARLY = ("deductible", "copay")


def budget_of(period: Period) -> Decision | None:
    """The budget that holds for a period: of the month before or one that it was released under, in force still."""
    before = period_before(period)
    last = in_force(before.id) if before is not None and before.until == period.since else None
    if last is None:
        return None
    budget = last.under or last
    if budget.holds_until is None or budget.holds_until < period.until or in_force(budget.period_id) != budget:
        return None
    return budget


def why_not_released(case: Case, period: Period, budget: Decision) -> str:
    """The first thing for which a month can't be released by a budget as it was decided; "" where nothing is."""
    if case.state != CaseState.OPEN or in_force(period.id) is not None:
        return "decided meanwhile"
    if newest_sheet(period.id) is not None:
        return "calculated already"
    told, earlier = newest_application(period.id), newest_application(budget.period_id)
    if told is None or earlier is None:
        return "no declaration"
    household = told.document["answers"].get("household") or {}
    if (told.form, told.form_version) != (earlier.form, earlier.form_version) or household.get("same") is not True:
        return "declared otherwise"
    own = [one for one in differences(told.document, earlier.document) if one.part not in ("attachments", "message")]
    if own:
        return "declared otherwise"
    facts = facts_of(budget.sheet)
    here = {str(one.person_id) for one in household_on(case.household_id, period.since, period.until)}
    if moved_within(case, period) or here != {member.key for member in facts.members}:
        return "household moved"
    if reductions_in(case.id, Month.of(period.since)):
        return "reduced since"
    if facts.restitution is not None:
        return "kept back since"
    return "yearly limit" if any(COSTS[cost.code].rule in YEARLY for cost in facts.costs) else ""


@operation()
def release_month(*, tenant: str | int, by: Actor, now: datetime, period: UUID) -> Done[Decision]:
    """A caseworker releases a month by the budget that holds for it, after the declaration: the same facts, the same
    amount, by the delegation under which the budget was decided; its payment follows. NotPossible: ("no budget"), what
    `why_not_released` names, ("not as in the budget") where the norms or somebody's age give another amount now."""
    found = Period.objects.filter(id=period).first()
    if found is None:
        raise Hidden("period", period)
    case, member = case_for_staff(found.case_id, by, now, Role.CASEWORKER, lock=True)
    budget = budget_of(found)
    if budget is None:
        raise NotPossible("no budget")
    if why := why_not_released(case, found, budget):
        raise NotPossible(why)
    try:
        facts = facts_of(budget.sheet).carried(Month.of(found.since), True).to_json()
    except FactsError as error:
        raise NotPossible("facts", problems=error.problems) from error
    sheet = assess(tenant=tenant, by=by, now=now, period=found.id, facts=facts, version=0)
    if sheet.granted != budget.amount:
        raise NotPossible("not as in the budget")
    refuse_example_norms(sheet)
    row = Decision.objects.create(
        case=case,
        period=found,
        number=next_reference("decision", now),
        sheet=sheet,
        outcome=Outcome.BIFALL,
        amount=sheet.granted,
        currency=sheet.currency,
        language=budget.language,
        reasons="",
        legal_basis=legal_basis_of(sheet, acting_door().the_tenant.today(now)),
        delegation=budget.delegation,
        under=budget,
        state=DecisionState.DECIDED,
        proposed_by_id=member.id,
        proposed_at=now,
        decided_by_id=member.id,
        decided_at=now,
    )
    return taken(row, case, Mandate(budget.delegation, None), now, member)
