"""Swiss conditions (Auflagen), reductions (Kürzungen) and instalments (Raten): proposed by a person, taken by another,
each with its letter. An instalment is proposed where its claim is (payments).

No job makes or proposes one, and nothing follows by itself from a day that has passed: a reduction needs a condition
that wasn't met, what the adults think about it, reasons and a second person.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.policies import require_worked_here
from handslag.domain.decisions.models import Order
from handslag.domain.decisions.operations import are_reasons, cantonal_remedy, letter_languages
from handslag.domain.decisions.operations.letters import new_personal_letter
from handslag.domain.decisions.queries import (
    hearings_of,
    in_force,
    instalments_in,
    is_suspended,
    month_name,
    not_heard,
    reduced_in,
    reductions_in,
)
from handslag.domain.decisions.states import OrderKind, OrderState
from handslag.domain.documents.operations import keep_text
from handslag.domain.documents.queries import DatedText, text_for
from handslag.domain.entitlement.queries import local_norms
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
from handslag.rules.ch.numbers import OF_UNIT, SHARED, UNLIMITED, Norms, norms_for, with_tables
from handslag.rules.norms import NormError, NormMissing

LONGEST_CONDITION = 4_000
LONGEST_BASIS = 160
#: The rule by whose name the day of a condition is watched; its proof is the number of the order.
CONDITION_DAY = "day of a condition"


class OrderProposed(Event):
    kind = "order proposed"


class OrderReturned(Event):
    kind = "order returned"


class OrderWithdrawn(Event):
    kind = "order withdrawn"


class OrderDecided(Event):
    kind = "order decided"


class OrderEnded(Event):
    kind = "order ended"


@operation()
def propose_condition(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    case: UUID,
    person: UUID,
    about: str,
    due_on: date,
    reasons: str,
    legal_basis: str,
    language: str,
    key: UUID | None = None,
) -> Done[Order]:
    """Propose to lay down what one adult of a Swiss case has to do (`about`) until a day. `key`: of the form;
    SentAlready the second time. NotPossible: ("condition about"), ("day to answer") unless that is a later day,
    ("reasons"), ("section"), ("language"), ("order waits") while another one does, ("no remedy")."""
    found, member = case_for_staff(case, by, now, Role.CASEWORKER, lock=True)
    row_id = new_id(Order, key)
    if person not in found.adults:
        raise Hidden("person", person)
    said = about.replace("\r\n", "\n").strip()
    if not are_reasons(said) or len(said) > LONGEST_CONDITION:
        raise NotPossible("condition about")
    if due_on <= acting_door().the_tenant.today(now):
        raise NotPossible("day to answer")
    told = {"about": said, "due_on": due_on, "reasons": reasons, "legal_basis": legal_basis, "language": language}
    return proposed(found, member, now, id=row_id, kind=OrderKind.CONDITION, person_id=person, **told)


@operation()
def propose_reduction(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    condition: UUID,
    period: UUID,
    percent: int,
    months: int,
    reasons: str,
    legal_basis: str,
    language: str,
    key: UUID | None = None,
) -> Done[Order]:
    """Propose to reduce the basic need by so many per cent, from a period of the case on and for so many months,
    because a condition wasn't met. The adults are heard on that period first, always, after the day of the condition:
    NotPossible("not heard yet"), also while they have time.

    NotPossible as for `propose_condition`, and: ("condition open") until its day has passed, ("condition ended") where
    it was met or lifted, ("reduced from") for a period that doesn't begin after that day or is decided, ("percent") and
    ("reduction months") beyond the limits of the rules, ("reduced already") where another holds in one of the months.
    """
    before = Order.objects.filter(id=condition, kind=OrderKind.CONDITION, state=OrderState.DECIDED).first()
    if before is None:
        raise Hidden("order", condition)
    found, member = case_for_staff(before.case_id, by, now, Role.CASEWORKER, lock=True)
    row_id = new_id(Order, key)
    first = Period.objects.filter(id=period, case=found).first()
    if first is None:
        raise Hidden("period", period)
    told: dict[str, Any] = {"condition": before, "period": first, "percent": percent, "months": months}
    _refuse_reduction(Order(case=found, person_id=before.person_id, **told), now)
    told |= {"reasons": reasons, "legal_basis": legal_basis, "language": language}
    return proposed(found, member, now, id=row_id, kind=OrderKind.REDUCTION, person_id=before.person_id, **told)


def limits(first: date, today: date) -> Norms:
    """The norms of the tenant's canton on a day, as far as known today, as the sheets of today are calculated, with
    what the tenant itself chose: they limit a reduction; NotPossible("norms") where there are none."""
    try:
        return with_tables(norms_for(first, str(setting("canton")), today), local_norms("ch"))
    except (NormError, NormMissing):
        raise NotPossible("norms") from None


def _refuse_reduction(row: Order, now: datetime) -> None:
    """Refuse a reduction that can't be taken as things are."""
    assert row.condition is not None and row.period is not None and row.percent is not None and row.months is not None
    door, due_on = acting_door().the_tenant, row.condition.due_on
    today = door.today(now)
    cantonal_remedy(str(setting("canton")), letter_languages("ch")[0], today)
    if row.condition.ended_on is not None:
        raise NotPossible("condition ended")
    if is_suspended(row.condition.id):
        raise NotPossible("appeal suspends")
    if due_on is None or due_on >= today:
        raise NotPossible("condition open")
    first = Month.of(row.period.since)
    if first.since <= due_on or in_force(row.period.id) is not None:
        raise NotPossible("reduced from")
    norms = limits(first.since, today)
    taken = reduced_in(row.case_id, first, row.months, together=True) if norms.sanction_base == OF_UNIT else 0
    if norms.restitution_limit == SHARED:
        taken += sum(one.percent or 0 for one in instalments_in(row.case_id, first, row.months, suspended=True))
    most = max(0, int(norms.sanction_max) - taken)
    if not 1 <= row.percent <= most:
        raise NotPossible("percent", most=most)
    if not 1 <= row.months <= norms.sanction_months:
        raise NotPossible("reduction months", most=int(norms.sanction_months))
    if any(one.person_id == row.person_id for one in reductions_in(row.case_id, first, row.months, suspended=True)):
        raise NotPossible("reduced already")
    asked = hearings_of(row.period.id)
    if not_heard(row.case, row.period.id, None, today) or door.today(asked[0].asked_at) <= due_on:
        raise NotPossible("not heard yet")


def refuse_instalment(row: Order, now: datetime) -> None:
    """Refuse an instalment that can't be decided as things are: ("reduced from") for a period that is decided, ("not
    heard first") while the adults haven't been, ("percent") beyond what the norms allow for a reduction, together with
    the reductions of the year from then on where the setting says that both share one limit, and up to all of the basic
    need where it says that an instalment has none."""
    assert row.period is not None and row.percent is not None
    if in_force(row.period.id) is not None:
        raise NotPossible("reduced from")
    first, today = Month.of(row.period.since), acting_door().the_tenant.today(now)
    norms = limits(first.since, today)
    reduced = 0
    if norms.restitution_limit == SHARED:
        reduced = reduced_in(row.case_id, first, 12, together=norms.sanction_base == OF_UNIT)
    most = 100 if norms.restitution_limit == UNLIMITED else max(0, int(norms.sanction_max) - reduced)
    if not 1 <= row.percent <= most:
        raise NotPossible("percent", most=most)
    if not_heard(row.case, row.period.id, None, today):
        raise NotPossible("not heard first")


def proposed(case: Case, member: Member, now: datetime, **told: Any) -> Done[Order]:
    """Write down what is proposed; refused as `propose_condition` says for all of them."""
    if case.legal_order != "ch":
        raise Hidden("case", case.id)
    require_worked_here(case)
    if told["language"] not in letter_languages(case.legal_order):
        raise NotPossible("language")
    cantonal_remedy(str(setting("canton")), told["language"], acting_door().the_tenant.today(now))
    told["reasons"], told["legal_basis"] = told["reasons"].replace("\r\n", "\n").strip(), told["legal_basis"].strip()
    if not are_reasons(told["reasons"]):
        raise NotPossible("reasons")
    if not told["legal_basis"] or len(told["legal_basis"]) > LONGEST_BASIS:
        raise NotPossible("section")
    if Order.objects.filter(case=case, state=OrderState.PROPOSED).exists():
        raise NotPossible("order waits")
    row = Order.objects.create(
        **told,
        case=case,
        number=next_reference("decision", now),
        delegation=named_by_setting(),
        state=OrderState.PROPOSED,
        proposed_by_id=member.id,
        proposed_at=now,
    )
    return Done(row, OrderProposed(subject=case.id, payload=_told_of(row)))


def _told_of(row: Order) -> dict[str, Any]:
    payload: dict[str, Any] = {"order": str(row.id), "kind": row.kind, "person": str(row.person_id)}
    payload["reasons_digest"] = canonical.digest(row.reasons)
    if row.due_on is not None:
        return payload | {"due_on": row.due_on.isoformat(), "about_digest": canonical.digest(row.about)}
    if row.kind == OrderKind.INSTALMENT:
        return payload | {"claim": row.about, "period": str(row.period_id), "percent": row.percent}
    return payload | {
        "condition": str(row.condition_id), "period": str(row.period_id), "percent": row.percent, "months": row.months,
    }  # fmt: skip


def _locked(
    order: UUID, version: int, state: OrderState, by: Actor, now: datetime, *roles: Role
) -> tuple[Order, Member]:
    """An order, locked behind its case; Conflict unless it is as she saw it, in that state."""
    found = Order.objects.filter(id=order).values_list("case_id", flat=True).first()
    if found is None:
        raise Hidden("order", order)
    _case, member = case_for_staff(found, by, now, *roles, lock=True)
    rows = Order.objects.select_for_update(of=("self",)).select_related("case", "person", "period", "condition")
    row = rows.get(id=order)
    if row.version != version or row.state != state or row.ended_on is not None:
        raise Conflict("order", theirs=row.state)
    return row, member


@operation()
def return_order(*, tenant: str | int, by: Actor, now: datetime, order: UUID, version: int, reason: str) -> Done[Order]:
    """The second pair of eyes sends the proposal back, with a reason ("reasons")."""
    row, member = _locked(order, version, OrderState.PROPOSED, by, now, Role.DECIDER, Role.CASEWORKER)
    if mandate(member, Decides.PARTIAL, 0, now) is None or member.id == row.proposed_by_id:
        raise NotForThem("second pair of eyes", order)
    if not are_reasons(reason):
        raise NotPossible("reasons")
    row.state, row.returned_reason, row.version = OrderState.RETURNED, reason.strip(), row.version + 1
    row.save(update_fields=["state", "returned_reason", "version"])
    payload = {"order": str(row.id), "reason": row.returned_reason}
    return Done(row, OrderReturned(subject=row.case_id, payload=payload))


@operation()
def withdraw_order(*, tenant: str | int, by: Actor, now: datetime, order: UUID, version: int) -> Done[Order]:
    """Who proposed it takes the proposal back, while nobody has decided."""
    row, member = _locked(order, version, OrderState.PROPOSED, by, now, Role.CASEWORKER)
    if member.id != row.proposed_by_id:
        raise NotAllowed("order", order)
    row.state, row.version = OrderState.WITHDRAWN, row.version + 1
    row.save(update_fields=["state", "version"])
    return Done(row, OrderWithdrawn(subject=row.case_id, payload={"order": str(row.id)}))


@operation()
def decide_order(*, tenant: str | int, by: Actor, now: datetime, order: UUID, version: int) -> Done[Order]:
    """Take a proposed condition or reduction: by the delegation to grant in part ("delegation"), always by another
    person than who proposed it ("second pair of eyes"). NotPossible as it was proposed; ("day to answer") where the day
    of a condition has passed meanwhile. The letter with the canton's instruction on remedies is fixed here."""
    row, member = _locked(order, version, OrderState.PROPOSED, by, now, Role.DECIDER, Role.CASEWORKER)
    by_what = require_mandate(member, Decides.PARTIAL, 0, now, order)
    if member.id == row.proposed_by_id:
        raise NotForThem("second pair of eyes", order)
    today = acting_door().the_tenant.today(now)
    if row.kind == OrderKind.INSTALMENT:
        refuse_instalment(row, now)
    elif row.period is not None:
        _refuse_reduction(row, now)
    elif row.due_on is None or row.due_on <= today:
        raise NotPossible("day to answer")
    row.delegation = by_what.words
    content = order_letter(row, now, decider=member.name)
    for text in _texts(row, today):
        keep_text(text)
    row.letter = new_personal_letter(row.case, row.person, content)
    row.state, row.decided_by_id, row.decided_at = OrderState.DECIDED, member.id, now
    row.version += 1
    row.save(update_fields=["state", "decided_by", "decided_at", "delegation", "letter", "version"])
    payload = _told_of(row) | {
        "letter": str(row.letter.id),
        "letter_digest": row.letter.content_digest,
        "proposed_by": str(row.proposed_by_id),
        "decided_by": str(member.id),
        "delegation": str(by_what.delegation) if by_what.delegation else None,
    }
    return Done(row, OrderDecided(subject=row.case_id, payload=payload))


@operation()
def end_order(
    *, tenant: str | int, by: Actor, now: datetime, order: UUID, version: int, why: str, month: Month | None = None
) -> Done[Order]:
    """Say that a condition is met or lifted, from today; or lift a reduction or an instalment from a `month` on
    ("reduced from" for one in which it doesn't hold). Why: in words ("reasons"). What was decided on earlier months
    stands."""
    row, member = _locked(order, version, OrderState.DECIDED, by, now, Role.CASEWORKER)
    if not are_reasons(why):
        raise NotPossible("reasons")
    ended_on = acting_door().the_tenant.today(now)
    if row.kind != OrderKind.CONDITION:
        holding = reductions_in if row.kind == OrderKind.REDUCTION else instalments_in
        if month is None or row not in holding(row.case_id, month, suspended=True):
            raise NotPossible("reduced from")
        ended_on = month.since
    row.ended_on, row.ended_why, row.ended_by_id = ended_on, why.strip(), member.id
    row.version += 1
    row.save(update_fields=["ended_on", "ended_why", "ended_by", "version"])
    payload = {"order": str(row.id), "person": str(row.person_id), "ended_on": ended_on.isoformat()}
    payload |= {"reason": row.ended_why[:1_000]}
    return Done(row, OrderEnded(subject=row.case_id, payload=payload))


def _texts(row: Order, today: date) -> list[DatedText]:
    """The dated texts of the letter: what follows from it, and how it is appealed in the canton."""
    remedy = cantonal_remedy(str(setting("canton")), row.language, today)
    return [text_for("ch", f"order.{row.kind}", row.language, today), remedy]


_WORDS: dict[str, dict[str, str]] = {
    "de": {
        "condition": "Verfügung: Auflage",
        "condition outcome": "Wir machen Ihnen diese Auflage. Sie haben Zeit bis und mit {due}.",
        "reduction": "Verfügung: Kürzung der wirtschaftlichen Hilfe",
        "reduction outcome": "Ihr Grundbedarf wird ab {since} um {percent} Prozent gekürzt, befristet auf {months}.",
        "instalment": "Verfügung: Rückerstattung in Raten",
        "instalment outcome": "Von Ihrer Unterstützung behalten wir ab {since} jeden Monat {percent} Prozent des "
        "Grundbedarfs zurück, bis alles bezahlt ist.",
        "for claim": "Damit zahlen Sie in Raten zurück, was mit der Verfügung {about} zurückgefordert ist.",
        "because": "Die Auflage in der Verfügung {number} (bis {due}) ist nicht erfüllt: {about}",
        "one": "1 Monat",
        "many": "{n} Monate",
    },
    "fr": {
        "condition": "Décision: charge",
        "condition outcome": "Nous vous imposons cette charge. Vous avez jusqu’au {due} compris.",
        "reduction": "Décision: réduction de l’aide matérielle",
        "reduction outcome": "Votre forfait pour l’entretien est réduit de {percent} pour cent dès {since}, "
        "pendant {months}.",
        "instalment": "Décision: remboursement par acomptes",
        "instalment outcome": "Dès {since}, nous retenons chaque mois {percent} pour cent du forfait pour l’entretien "
        "sur votre aide, jusqu’à ce que tout soit payé.",
        "for claim": "Vous remboursez ainsi par acomptes ce qui est réclamé par la décision {about}.",
        "because": "La charge de la décision {number} (jusqu’au {due}) n’est pas remplie: {about}",
        "one": "1 mois",
        "many": "{n} mois",
    },
}


def order_letter(row: Order, now: datetime, *, decider: str) -> dict[str, Any]:
    """What the letter says, or would say if `decider` took the decision now."""
    today, words = acting_door().the_tenant.today(now), _WORDS[row.language]
    follows, remedy = (text.body for text in _texts(row, today))
    condition = row.condition or row
    told = {"number": condition.number, "about": condition.about}
    if condition.due_on is not None:
        told["due"] = f"{condition.due_on:%d.%m.%Y}"
    if row.period is not None:
        months = words["one" if row.months == 1 else "many"].format(n=row.months)
        told |= {"since": month_name(row.period.since, row.language), "percent": str(row.percent), "months": months}
    what = words["because"].format(**told) if row.condition else row.about
    if row.kind == OrderKind.INSTALMENT:
        what = words["for claim"].format(**told)
    return {
        "heading": words[row.kind],
        "outcome": words[f"{row.kind} outcome"].format(**told),
        "lines": [],
        "parts": [["", what], ["", " ".join(follows.split())], ["reasons", row.reasons]],
        "remedy": remedy,
        "number": row.number,
        "language": row.language,
        "date": today.isoformat(),
        "amount": 0,
        "currency": acting_door().the_tenant.currency,
        "legal_basis": row.legal_basis,
        "decider": decider,
        "delegation": row.delegation,
    }
