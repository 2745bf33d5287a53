"""Decisions proposed, returned, taken. What a letter says is fixed with the decision; its PDF is a job's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.permissions import case_for_citizen, case_for_staff
from handslag.domain.casefile.policies import is_urgent, require_worked_here
from handslag.domain.casefile.queries import open_warnings, period_before
from handslag.domain.casefile.states import WarningKind
from handslag.domain.decisions.models import Decision, DecisionLine, Hearing, Letter
from handslag.domain.decisions.operations.help import help_for
from handslag.domain.decisions.operations.letters import LetterRefused, letters_apart
from handslag.domain.decisions.queries import (
    TAKEN,
    UNNAMED_ADULT,
    UNNAMED_CHILD,
    appeals_on,
    in_force,
    is_asked_since,
    is_decided_since,
    letterhead,
    month_name,
    not_heard,
    sanctions_in,
)
from handslag.domain.decisions.states import (
    HERE,
    TO_DISADVANTAGE,
    AppealState,
    DecisionState,
    Ground,
    Outcome,
    Repayable,
)
from handslag.domain.documents.operations import StoredFile, keep_text, record_document
from handslag.domain.documents.queries import DatedText, Phrase, TextMissing, phrases_for, text_for
from handslag.domain.documents.states import Provenance, RetentionClass
from handslag.domain.entitlement.models import Sheet
from handslag.domain.entitlement.queries import (
    applied_facts,
    calculated,
    came_after,
    is_household_of,
    members_of,
    newest_application,
    stored_calculation,
    with_more,
)
from handslag.domain.entitlement.queries.swiss import budget_as_applied
from handslag.domain.intake.forms import kinds_of
from handslag.domain.intake.models import Application, Withdrawal
from handslag.domain.intake.queries import applications_for, on_top_since, rows_applied_for
from handslag.domain.lookups.models import FetchedLine
from handslag.domain.lookups.queries import fetched_since, is_answered_otherwise, waits_for_answer
from handslag.domain.people.models import Person
from handslag.domain.people.queries import full_name
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.operations import next_reference
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import (
    Conflict,
    Mandate,
    NotForThem,
    NotPossible,
    examples_bind,
    mandate,
    named_by_setting,
    require_mandate,
    setting,
)
from handslag.domain.tenancy.states import Decides, Role
from handslag.kernel import canonical
from handslag.kernel.money import format_money
from handslag.kernel.months import Month
from handslag.rules.norms import NormMissing
from handslag.rules.packs import pack
from handslag.rules.se.facts import Facts, FactsError
from handslag.rules.se.refusals import REFUSALS, Refusal, refusals_on
from handslag.rules.se.remedies import RIGHT, remedy_on
from handslag.rules.se.text import why_less
from handslag.rules.sheet import Sheet as Calculation
from handslag.rules.sheet import wording_of
from handslag.rules.shown import law_url

#: What the whole of a Swedish decision is about; part purposes come with the statistics (sweden.md 6).
PURPOSE = "forsorjningsstod"
SWISS_PURPOSE = "sozialhilfe"
#: Of a Swiss order, by canton. The numbers of the cantonal law haven't been checked against its text.
SWISS_BASIS = "Sozialhilfegesetz des Kantons {canton}; SKOS-Richtlinien"
LEGAL_BASIS = "12 kap. 1 och 7 §§ socialtjänstlagen (2025:400)"
LEGAL_BASIS_BEFORE = "4 kap. 1 och 3 §§ socialtjänstlagen (2001:453)"
#: By which section a decision is changed, by ground.
CHANGED_BY: dict[str, str] = {
    Ground.SLIP: "36 § förvaltningslagen (2017:900)",
    Ground.WRONG: "37 § förvaltningslagen (2017:900)",
    Ground.RESERVED: "37 § andra st. 1 förvaltningslagen (2017:900)",
    Ground.MISLED: "37 § andra st. 3 förvaltningslagen (2017:900)",
    Ground.MUST: "38 § förvaltningslagen (2017:900)",
}


class DecisionProposed(Event):
    kind = "decision proposed"


class ProposalWithdrawn(Event):
    kind = "proposal withdrawn"


class DecisionReturned(Event):
    kind = "decision returned"


class DecisionTaken(Event):
    kind = "decision taken"


class HearingOpened(Event):
    kind = "hearing opened"


class HearingAnswered(Event):
    kind = "hearing answered"


#: Months for which one budget may hold, with its own.
MOST_MONTHS = 12


class LetterRendered(Event):
    kind = "letter rendered"


def outcome_of(sheet: Sheet, before: Decision | None = None, ground: str = "", refused_on: str = "") -> Outcome:
    """What the sheet amounts to: as applied for, less than that, nothing (a person proposes and decides it). On a
    ground of its own (`refused_on`) what that says.

    Less is a cost that isn't accepted in full, and any sum below what the application as it was made would give:
    an income that the office added or raised, a smaller share of the household; and a sanction.

    On more for a month that is decided (`before`, on the `ground` APPLIED) it is what comes on top that counts: whether
    the sheet gives as much as what was decided with all of that in it.
    """
    if other := refused_on_ground(refused_on):
        return Outcome(other.outcome)
    if sheet.granted == 0:
        return Outcome.AVSLAG
    if before is not None and ground == Ground.APPLIED:
        return Outcome.BIFALL if gives_what_came_on_top(sheet, before) else Outcome.DELAVSLAG
    if any(c.accepted < c.applied for c in facts_of(sheet).costs) or is_reduced(sheet):
        return Outcome.DELAVSLAG
    return Outcome.DELAVSLAG if sheet.granted < granted_as_applied(sheet) else Outcome.BIFALL


def granted_as_applied(sheet: Sheet) -> int:
    """What the newest application for the sheet's period would give as it was made (minor units); 0 where it
    can't be calculated as it stands. What the form doesn't ask of each member (lunches) is taken as assessed."""
    if sheet.pack == "ch":
        return budget_as_applied(sheet)
    try:
        facts = applied_facts(sheet.case, sheet.period, newest_application(sheet.period_id), sheet.known_on)
        facts = msgspec.structs.replace(facts, members=Facts.from_json(sheet.snapshot.facts).members)
        facts.check()
        return calculated(facts, sheet.known_on).granted
    except (FactsError, NormMissing):
        return 0


def applied_since(before: Decision) -> list[Application]:
    """What was applied for on top of a decided month since its decision was calculated; nothing where something else
    has come since."""
    if before.sheet.pack != "se":  # elsewhere what is applied for anew stands for the whole month
        return []
    return on_top_since(before.period_id, before.sheet.computed_at) or []


def gives_what_came_on_top(sheet: Sheet, before: Decision) -> bool:
    """Whether a sheet gives as much as a decided month would with all that was applied for on top since, each line in
    full, and nothing else changed; not where that can't be calculated."""
    decided = Facts.from_json(before.sheet.snapshot.facts)
    facts = with_more(decided, sheet.period_id, applied_since(before), sheet.known_on, in_full=True)
    try:
        return sheet.granted >= calculated(facts, sheet.known_on).granted
    except (FactsError, NormMissing):
        return False


def income_not_given(sheet: Sheet, before: Decision | None = None) -> list[str]:
    """Codes of the incomes of which a sheet counts more than the newest application for its period gives: what the
    office added or raised, whoever said so; where the month is decided, since then. Each once, in the order of the
    sheet."""
    application = newest_application(sheet.period_id)
    given: Counter[str] = Counter()
    for row in rows_applied_for(application)["incomes"] if application else []:
        given[row["code"]] += row["amount"]
    if before is not None:
        known: Counter[str] = Counter()
        for income in facts_of(before.sheet).incomes:
            known[income.code] += income.gross
        given |= known
    counted: Counter[str] = Counter()
    for income in facts_of(sheet).incomes:
        counted[income.code] += income.gross
    return [code for code, gross in counted.items() if gross > given[code]]


def refused_on_ground(code: str | None) -> Refusal | None:
    """The ground of a refusal or dismissal that isn't the calculation's, by its code; None for none."""
    return next((one for one in REFUSALS if one.code == code), None)


def possible_refusals(sheet: Sheet) -> dict[str, Refusal]:
    """On which grounds other than its own a sheet may be refused, by code; none outside Sweden."""
    return refusals_on(sheet.period.since) if sheet.pack == "se" else {}


def is_to_be_heard(sheet: Sheet, before: Decision | None, ground: str = "", refused_on: str = "") -> bool:
    """Whether the adults are to be heard before a decision by a sheet, on what it rests on (25 § förvaltningslagen):
    it leaves less than was decided `before`; or, the first one and one on more for the month, it grants less than was
    applied for and counts income that they haven't given themselves. The household is theirs: they see it with each
    application. On a sanction always, with the month in which its order is first in, and on a refusal or dismissal that
    isn't the calculation's (`refused_on`)."""
    if refused_on:
        return True
    if before is not None and (ground != Ground.APPLIED or sheet.granted < before.amount):
        return sheet.granted < before.amount
    if before is None and orders_of(sheet) - _orders_before(sheet):
        return True
    return bool(income_not_given(sheet, before)) and outcome_of(sheet, before, ground) != Outcome.BIFALL


def is_reduced(sheet: Sheet) -> bool:
    """Whether a sanction takes something from what a sheet grants."""
    return stored_calculation(sheet).totals.get("SanctionSum", 0) > 0


def orders_of(sheet: Sheet) -> set[str]:
    """The orders by which a sheet reduces what is granted (Switzerland); none elsewhere."""
    return {one.order for one in facts_of(sheet).sanctions} if is_reduced(sheet) else set()


def _orders_before(sheet: Sheet) -> set[str]:
    """Those of the month before, as it was decided: the adults were heard on them then."""
    earlier = period_before(sheet.period)
    decided = in_force(earlier.id) if earlier is not None else None
    return orders_of(decided.sheet) if decided is not None else set()


def are_reasons(text: str) -> bool:
    """Whether a text can be the reasons of a decision (32 § förvaltningslagen): at least two words, each of more than
    one letter again and again."""
    return sum(len(set(word.casefold())) > 1 for word in re.findall(r"[^\W\d_]{2,}", text)) >= 2


def facts_of(sheet: Sheet) -> Any:
    """The facts of a sheet, of its own law."""
    return pack(sheet.pack).Facts.from_json(sheet.snapshot.facts)


def legal_basis_of(sheet: Sheet, today: date, ground: str = "", refused_on: str = "") -> str:
    """What a decision by a sheet rests on, taken on a day, with the `ground` on which it replaces another, and that on
    which it is refused whatever the sheet comes to."""
    if other := refused_on_ground(refused_on):
        return f"{other.section}; {CHANGED_BY[ground]}" if ground in CHANGED_BY else other.section
    if sheet.pack == "ch":
        return SWISS_BASIS.format(canton=stored_calculation(sheet).region)
    return legal_basis_on(today, ground)


def letter_languages(legal_order: str) -> tuple[str, ...]:
    """The languages of letters under a law, its own first."""
    return ("de", "fr") if legal_order == "ch" else ("sv", "en")


def legal_basis_on(today: date, ground: str = "") -> str:
    """The sections that a Swedish decision taken on a day rests on, with the `ground` on which it replaces another."""
    basis = LEGAL_BASIS if today >= date(2025, 7, 1) else LEGAL_BASIS_BEFORE
    return f"{basis}; {CHANGED_BY[ground]}" if ground in CHANGED_BY else basis


@operation()
def propose(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    sheet: UUID,
    reasons: str,
    language: str,
    ground: str = "",
    unheard: str = "",
    reasons_co: str = "",
    phrases: Sequence[str] = (),
    repayable: str = "",
    holds_until: date | None = None,
    refused_on: str = "",
) -> Done[Decision]:
    """Propose the decision that a sheet amounts to. A refusal or partial refusal needs written reasons
    (32 § förvaltningslagen). NotPossible: ("not the newest sheet"), ("reasons"), ("example norms"), ("proposed"),
    ("newer application"), ("taken back") and ("taken back since") where the sheet is of what isn't applied for any
    more, ("fetched since"), ("dispute since") and ("household since") where an authority has said something else, a
    dispute was answered or somebody moved since it was calculated, ("authority missing") while nobody has acknowledged
    that an authority hasn't answered, ("dispute unanswered") while what an applicant says is wrong in a fetched line
    hasn't been answered, ("reductions since") where a Swiss budget reduces by anything but the reductions that were
    decided and hold in its month.

    Where the period is decided, it is proposed to replace that decision: from a later sheet ("same calculation"), on
    a `ground` ("ground of change"), with reasons. The ground APPLIED is there only where more was applied for since;
    what was decided isn't changed by it, and a grant of all that came on top needs no reasons. Less than was decided
    only on a ground of `TO_DISADVANTAGE` ("to disadvantage"): a decision in somebody's favour stands otherwise (37 §
    förvaltningslagen). What was paid already is not claimed back by this: that is a question of its own, to a person.

    `repayable`: on which condition the support may be claimed back later, with reasons. The first decision on a month
    says so, or none (JO 4000-2000): NotPossible("repayable") for one that a later decision adds, and for a refusal.

    `holds_until`: the months after it, until before that day, are released by this budget while nothing changes; in
    Switzerland, of a full grant, at most `MOST_MONTHS` with its own (NotPossible("budget months")).

    `refused_on`: a ground of refusals.yaml on which nothing is granted whatever the sheet comes to, or the application
    is dismissed: NotPossible("refusal ground") for one that isn't there for its month. The adults are heard first.
    While a month is refused so, more that is applied for isn't granted as if only that were new ("ground of change").

    `reasons_co`: what is so for the co-applicant only (NotPossible("co-applicant") without one). `phrases`: codes of
    the phrases that the reasons were made of (NotPossible("phrase") for one that isn't in force); their texts are kept.

    Where the adults are to be heard first (`is_to_be_heard`): only when each of them was (`open_hearing`), or `unheard`
    says in words why that isn't needed ("not heard"). Where the decision is appealed: `refuse_appealed`.
    """
    found = Sheet.objects.select_related("norm_set", "snapshot", "period").filter(id=sheet).first()
    if found is None:
        raise Hidden("sheet", sheet)
    case, member = case_for_staff(found.case_id, by, now, Role.CASEWORKER, lock=True)
    if Sheet.objects.filter(period=found.period, number__gt=found.number).exists():
        raise NotPossible("not the newest sheet")
    if language not in letter_languages(case.legal_order):
        raise NotPossible("language")
    today = acting_door().the_tenant.today(now)
    remedy_of(Decision(sheet=found, language=language), case, today)
    refuse_example_norms(found)
    _refuse_outdated(found)
    if open_warnings(found.period_id, WarningKind.MISSING_SSBTEK):
        raise NotPossible("authority missing")
    if waits_for_answer(found.period_id):
        raise NotPossible("dispute unanswered")
    if Decision.objects.filter(period=found.period, state=DecisionState.PROPOSED).exists():
        raise NotPossible("proposed")
    before = in_force(found.period_id)
    other = possible_refusals(found).get(refused_on)
    if refused_on and other is None:
        raise NotPossible("refusal ground")
    outcome = outcome_of(found, before, ground, refused_on)
    amount = 0 if other else found.granted
    if before is not None:
        if found.number <= before.sheet.number:
            raise NotPossible("same calculation")
        if ground not in Ground or (ground == Ground.APPLIED and not applied_since(before)):
            raise NotPossible("ground of change")
        if ground == Ground.APPLIED and before.refused_on and not other:
            raise NotPossible("ground of change")
        refuse_appealed(found.period_id, ground)
        if amount < before.amount and ground not in TO_DISADVANTAGE:
            raise NotPossible("to disadvantage")
    elif ground:
        raise NotPossible("ground of change")
    changes = before is not None and ground != Ground.APPLIED
    if (changes or outcome != Outcome.BIFALL) and not are_reasons(reasons):
        raise NotPossible("reasons")
    added = before is not None and repayable != before.repayable
    if repayable and case.legal_order != "se":
        raise NotPossible("repayable")
    if repayable and (repayable not in Repayable or not amount or added):
        raise NotPossible("repayable")
    if repayable and not are_reasons(reasons):
        raise NotPossible("reasons")
    if holds_until is not None and (
        case.legal_order != "ch"
        or outcome != Outcome.BIFALL
        or holds_until not in [(Month.of(found.period.since) + n).since for n in range(2, MOST_MONTHS + 1)]
    ):
        raise NotPossible("budget months")
    if reasons_co.strip() and case.co_applicant is None:
        raise NotPossible("co-applicant")
    silent = is_to_be_heard(found, before, ground, refused_on) and bool(not_heard(case, found.period_id, before, today))
    if silent and not are_reasons(unheard):
        raise NotPossible("not heard")
    decision = Decision.objects.create(
        case=case,
        period=found.period,
        number=next_reference("decision", now),
        sheet=found,
        outcome=outcome,
        amount=amount,
        currency=found.currency,
        language=language,
        refused_on=other.code if other else None,
        reasons=reasons.strip(),
        reasons_co=reasons_co.strip() or None,
        repayable=repayable or None,
        holds_until=holds_until,
        phrases=_kept_phrases(case, phrases, language, today),
        legal_basis=legal_basis_of(found, today, ground, refused_on),
        delegation=named_by_setting(),
        replaces=before,
        ground=ground or None,
        unheard=unheard.strip() if silent else None,
        state=DecisionState.PROPOSED,
        proposed_by_id=member.id,
        proposed_at=now,
    )
    return Done(
        decision,
        DecisionProposed(
            subject=case.id,
            payload={
                "decision": str(decision.id),
                "sheet": str(found.id),
                "outcome": outcome,
                "amount": decision.amount,
                "replaces": str(before.id) if before else None,
                "ground": ground or None,
                **({"refused_on": other.code} if other else {}),
            },
        ),
    )


def _kept_phrases(case: Case, codes: Sequence[str], language: str, today: date) -> list[dict[str, str]] | None:
    """The phrases used, with the digests of their texts, which are kept; None where none was."""
    known = phrases_for(case.legal_order, language, today)
    if any(code not in known for code in codes):
        raise NotPossible("phrase")
    kept = [(code, keep_text(known[code].text)) for code in dict.fromkeys(codes)]
    return [{"phrase": code, "digest": text.digest} for code, text in kept] or None


def filled(phrase: Phrase, sheet: Sheet, name: str, typed: Mapping[str, Any], language: str) -> str:
    """A phrase with its fields: those that the calculation knows, and what was typed for the others (words, öre, or a
    day). NotPossible("phrase field", field=...) for one that is missing."""
    totals = stored_calculation(sheet).totals
    need = totals["NormSum"] + totals["ExpenseSum"] + totals["SpecialExpenseSum"]
    told: dict[str, str] = {
        "name": name,
        "month": month_name(sheet.period.since, language),
        "income": format_money(totals["IncomeSum"], sheet.currency, language),
        "need": format_money(need, sheet.currency, language),
        "granted": format_money(sheet.granted, sheet.currency, language),
    }
    for field, kind in phrase.fields.items():
        value = typed.get(field)
        if value in (None, ""):
            raise NotPossible("phrase field", field=field)
        told[field] = format_money(value, sheet.currency, language) if kind == "amount" else str(value)
    return phrase.text.body.format(**told)


def refuse_appealed(period: UUID, ground: str) -> None:
    """A decision that is appealed is changed by us only as 38 § says, and not any more once it is with the court (39 §
    förvaltningslagen): NotPossible("appealed"), ("with the court"). Also a slip waits for the court, where 38 § doesn't
    hold: whether 36 § is bound by 39 § is uncertain, and this is the narrower reading. What was applied for on top
    waits for no court: it is decided, and never leaves less than the decision that is appealed."""
    if ground == Ground.APPLIED:
        return
    states = {appeal.state for appeal in appeals_on(period)}
    if AppealState.FORWARDED in states:
        raise NotPossible("with the court")
    if states & set(HERE) and ground != Ground.MUST:
        raise NotPossible("appealed")


LONGEST_HEARING = 10_000


@operation()
def open_hearing(
    *, tenant: str | int, by: Actor, now: datetime, period: UUID, about: str, answer_by: date
) -> Done[list[Hearing]]:
    """Tell each adult of the case what is considered to be decided on a period and what that rests on, and let her say
    what she thinks until `answer_by` (25 § förvaltningslagen): a hearing each, with the dated text on it.

    NotPossible: ("hearing about") without words, ("hearing day") unless that is a later day, ("hearing open") while
    somebody is asked already and still has time.
    """
    found = Period.objects.filter(id=period).first()
    if found is None:
        raise Hidden("period", period)
    case, member = case_for_staff(found.case_id, by, now, Role.CASEWORKER, lock=True)
    require_worked_here(case)
    said, today = about.replace("\r\n", "\n").strip(), acting_door().the_tenant.today(now)
    if not are_reasons(said) or len(said) > LONGEST_HEARING:
        raise NotPossible("hearing about")
    if answer_by <= today:
        raise NotPossible("hearing day")
    waiting = Hearing.objects.filter(period=found, answered_at=None, answer_by__gte=today)
    if any(not is_decided_since(one) for one in waiting):
        raise NotPossible("hearing open")
    rows = []
    for adult in (case.applicant, case.co_applicant):
        if adult is not None:
            known = letter_languages(case.legal_order)
            language = adult.language if adult.language in known else known[0]
            terms = keep_text(text_for(case.legal_order, "hearing", language, today))
            told = {"about": said, "terms": terms, "answer_by": answer_by, "asked_by_id": member.id, "asked_at": now}
            rows.append(Hearing.objects.create(case=case, period=found, person=adult, **told))
    payload = {
        "hearings": [str(row.id) for row in rows],
        "period": str(found.id),
        "answer_by": answer_by.isoformat(),
        "about_digest": canonical.digest(said),
    }
    return Done(rows, HearingOpened(subject=case.id, payload=payload))


@operation()
def answer_hearing(*, tenant: str | int, by: Actor, now: datetime, hearing: UUID, answer: str) -> Done[Hearing]:
    """She says what she thinks; also after the day, while nothing is decided. Refusals as for `note_hearing`."""
    found = Hearing.objects.filter(id=hearing).first()
    if found is None or found.person_id != by.id:
        raise Hidden("hearing", hearing)
    case_for_citizen(found.case_id, by)
    return _answered(hearing, answer, None, now)


@operation()
def note_hearing(*, tenant: str | int, by: Actor, now: datetime, hearing: UUID, answer: str) -> Done[Hearing]:
    """A caseworker writes down what somebody said by word of mouth or by letter (24 and 27 §§ förvaltningslagen).
    NotPossible: ("empty message"), ("long message"), ("hearing answered"), ("hearing over") once it is decided."""
    found = Hearing.objects.filter(id=hearing).first()
    if found is None:
        raise Hidden("hearing", hearing)
    _case, member = case_for_staff(found.case_id, by, now, Role.CASEWORKER)
    return _answered(hearing, answer, member.id, now)


def _answered(hearing: UUID, answer: str, noted_by: UUID | None, now: datetime) -> Done[Hearing]:
    row = Hearing.objects.select_for_update(of=("self",)).select_related("case").get(id=hearing)
    said = answer.replace("\r\n", "\n").strip()
    if not said or len(said) > LONGEST_HEARING:
        raise NotPossible("long message" if said else "empty message")
    if row.answered_at is not None:
        raise NotPossible("hearing answered")
    if is_decided_since(row):
        raise NotPossible("hearing over")
    row.answer, row.answered_at, row.noted_by_id = said, now, noted_by
    row.save(update_fields=["answer", "answered_at", "noted_by"])
    payload = {
        "hearing": str(row.id),
        "person": str(row.person_id),
        "caseworker": str(row.case.caseworker_id) if row.case.caseworker_id and noted_by is None else None,
        "answer_digest": canonical.digest(said),
        "urgent": noted_by is None and is_urgent(said),
    }
    return Done(row, HearingAnswered(subject=row.case_id, payload=payload))


def needs_two(decision: Decision) -> bool:
    """Whether another person than who proposed it must take the decision: above the tenant's limit, for every refusal
    or partial refusal, and on each ground by which somebody could be left with less."""
    above = decision.amount > int(setting("four_eyes_above"))
    return above or decision.outcome != Outcome.BIFALL or decision.ground in TO_DISADVANTAGE


def decides(decision: Decision) -> Decides:
    """What kind of decision it is to the register of delegations."""
    if decision.ground and decision.ground != Ground.APPLIED:
        return Decides.CHANGE
    kinds = {Outcome.BIFALL: Decides.GRANT, Outcome.DELAVSLAG: Decides.PARTIAL}
    return kinds.get(Outcome(decision.outcome), Decides.REFUSAL)


def limited(decision: Decision) -> int:
    """The amount that the limit of a delegation is held against (minor units): what is granted; of a change also how
    far it is from any decision taken on the month before, so that no chain of small changes gets round it."""
    if decides(decision) != Decides.CHANGE:
        return decision.amount
    before = Decision.objects.filter(period_id=decision.period_id, state__in=TAKEN).exclude(id=decision.id)
    return max([decision.amount, *(abs(decision.amount - was) for was in before.values_list("amount", flat=True))])


def refuse_example_norms(sheet: Sheet) -> None:
    if sheet.norm_set.has_example and not examples_bind():
        raise NotPossible("example norms")


@dataclass(frozen=True)
class Came:
    """What a sheet doesn't know: payments that an authority says since it was calculated, and those that it said then
    and doesn't any more; whether it was `answered` that a disputed line counts otherwise; whether somebody `moved`, so
    that the register has another household."""

    lines: list[FetchedLine]
    gone: list[FetchedLine]
    answered: bool
    moved: bool

    def __bool__(self) -> bool:
        return bool(self.lines or self.gone or self.answered or self.moved)


def came_since(sheet: Sheet) -> Came:
    """That of a sheet. What was fetched is looked at when the sheet is calculated and saved again; the household of a
    Swedish sheet is that of the register."""
    moved = sheet.pack == "se" and not is_household_of(facts_of(sheet), members_of(sheet.case, sheet.period))
    answered = is_answered_otherwise(sheet.period_id, sheet.computed_at)
    return Came(*fetched_since(sheet.period_id, sheet.computed_at), answered, moved)


def _refuse_outdated(sheet: Sheet) -> None:
    """A month is decided on what is known and applied for now: not on a sheet from before the newest application or
    correction, from before one of several was taken back or something of `Came`, and not at all where everything was
    taken back. Locks the period: nothing is recorded for it meanwhile."""
    Period.objects.select_for_update().get(id=sheet.period_id)
    newest, every = newest_application(sheet.period_id), applications_for(sheet.period_id)
    if came_after(sheet, newest, len(every)):
        raise NotPossible("newer application")
    if newest is None and every:
        raise NotPossible("taken back")
    if Withdrawal.objects.filter(application__in=every, whole=True, withdrawn_at__gt=sheet.computed_at).exists():
        raise NotPossible("taken back since")
    came = came_since(sheet)
    if came.lines or came.gone:
        raise NotPossible("fetched since")
    if came.answered:
        raise NotPossible("dispute since")
    if came.moved:
        raise NotPossible("household since")
    if sheet.pack == "ch":
        facts = facts_of(sheet)
        people = {member.key for member in facts.members}
        if facts.sanctions != sanctions_in(sheet.case_id, sheet.period, people):
            raise NotPossible("reductions since")


def _locked(decision: UUID, by: Actor, now: datetime) -> tuple[Decision, Case, Any]:
    found = Decision.objects.filter(id=decision).values_list("case_id", flat=True).first()
    if found is None:
        raise Hidden("decision", decision)
    case, member = case_for_staff(found, by, now, Role.DECIDER, Role.CASEWORKER, lock=True)
    row = (
        Decision.objects.select_for_update(of=("self",))
        .select_related("sheet__norm_set", "sheet__snapshot", "period", "replaces")
        .get(id=decision)
    )
    return row, case, member


@operation()
def return_proposal(
    *, tenant: str | int, by: Actor, now: datetime, decision: UUID, version: int, reason: str
) -> Done[Decision]:
    """The second pair of eyes sends the proposal back, with a reason."""
    row, case, member = _locked(decision, by, now)
    if mandate(member, decides(row), limited(row), now) is None or member.id == row.proposed_by_id:
        raise NotForThem("second pair of eyes", decision)
    if row.version != version or row.state != DecisionState.PROPOSED:
        raise Conflict("decision", theirs=row.state)
    if not are_reasons(reason):
        raise NotPossible("reasons")
    row.state, row.returned_reason, row.version = DecisionState.RETURNED, reason.strip(), row.version + 1
    row.save(update_fields=["state", "returned_reason", "version"])
    return Done(row, DecisionReturned(subject=case.id, payload={"decision": str(row.id), "reason": reason.strip()}))


@operation()
def withdraw_proposal(*, tenant: str | int, by: Actor, now: datetime, decision: UUID, version: int) -> Done[Decision]:
    """Who proposed it takes the proposal back, while nobody has decided: it can be calculated and proposed anew."""
    row, case, member = _locked(decision, by, now)
    if member.id != row.proposed_by_id:
        raise NotAllowed("decision", decision)
    if row.version != version or row.state != DecisionState.PROPOSED:
        raise Conflict("decision", theirs=row.state)
    row.state, row.version = DecisionState.WITHDRAWN, row.version + 1
    row.save(update_fields=["state", "version"])
    return Done(row, ProposalWithdrawn(subject=case.id, payload={"decision": str(row.id)}))


@operation()
def decide(*, tenant: str | int, by: Actor, now: datetime, decision: UUID, version: int) -> Done[Decision]:
    """Take a proposed decision. Needs a delegation for its kind and what `limited` says ("delegation"), which it keeps
    in words, and another person than who proposed it where `needs_two` says so: NotPossible("second pair of eyes").
    NotPossible("dispute unanswered") where an applicant has said meanwhile that a fetched line is wrong, ("not heard")
    where the adults are to be heard and one of them was asked since it was proposed and still has time, and as for
    `propose` where something newer came; `refuse_appealed` where the one it replaces is appealed.

    Its lines, the letter's content and the texts it uses are fixed here.
    """
    row, case, member = _locked(decision, by, now)
    if row.version != version or row.state != DecisionState.PROPOSED:
        raise Conflict("decision", theirs=row.state)
    by_what = require_mandate(member, decides(row), limited(row), now, decision)
    if needs_two(row) and member.id == row.proposed_by_id:
        raise NotForThem("second pair of eyes", decision)
    if Sheet.objects.filter(period=row.period, number__gt=row.sheet.number).exists():
        raise NotPossible("not the newest sheet")
    if waits_for_answer(row.period_id):
        raise NotPossible("dispute unanswered")
    today = acting_door().the_tenant.today(now)
    negative = is_to_be_heard(row.sheet, row.replaces, row.ground or "", row.refused_on or "")
    if negative and is_asked_since([row.period_id], row.proposed_at, today):
        raise NotPossible("not heard")
    refuse_example_norms(row.sheet)
    _refuse_outdated(row.sheet)
    if row.ground:
        refuse_appealed(row.period_id, row.ground)
    row.state, row.decided_by_id, row.decided_at = DecisionState.DECIDED, member.id, now
    row.version, row.delegation = row.version + 1, by_what.words
    row.save(update_fields=["state", "decided_by", "decided_at", "delegation", "version"])
    return taken(row, case, by_what, now, member)


def taken(row: Decision, case: Case, by_what: Mandate, now: datetime, member: Any = None) -> Done[Decision]:
    """What belongs to a decision from the moment that it is taken, by `member` or (none) automatically: its lines, its
    letter with the texts it uses, its event."""
    line_before = DecisionLine.objects.filter(decision_id=row.replaces_id).first() if row.replaces_id else None
    if row.amount or line_before is not None:
        DecisionLine.objects.create(
            decision=row,
            period=row.period,
            purpose=PURPOSE if row.sheet.pack == "se" else SWISS_PURPOSE,
            amount=row.amount,
            section=row.legal_basis,
            sheet_line="granted",
            replaces=line_before,
        )
    today = acting_door().the_tenant.today(now)
    Period.objects.filter(id=row.period_id).update(last_decision_on=today, result=row.outcome)
    appeal = remedy_of(row, case, today)
    grounds = text_for(case.legal_order, _grounds_of(row), row.language, today)
    keep_text(grounds)
    for text in _texts_on_change(row, case, today):
        keep_text(text)
    if row.automated:
        keep_text(_automated(row, case, today))
    if row.repayable:
        keep_text(_repayable(row, case, today))
    if row.holds_until or row.under:
        keep_text(_budget(row, case, today))
    content = letter_content(row, case, grounds, appeal, now, decider=member.name if member else "")
    Letter.objects.create(
        decision=row,
        content=content,
        content_digest=canonical.digest(content),
        template=f"decision.{row.sheet.pack}/1",
        appeal_text=keep_text(appeal),
    )
    apart = letters_apart(case, content)
    return Done(
        row,
        DecisionTaken(
            subject=case.id,
            payload={
                "decision": str(row.id),
                "outcome": row.outcome,
                "amount": row.amount,
                "currency": row.currency,
                "sheet": str(row.sheet_id),
                "replaces": str(row.replaces_id) if row.replaces_id else None,
                "ground": row.ground,
                "letter_digest": canonical.digest(content),
                "proposed_by": str(row.proposed_by_id) if row.proposed_by_id else None,
                "decided_by": str(member.id) if member else None,
                **({"automated": True} if row.automated else {}),
                **({"refused_on": row.refused_on} if row.refused_on else {}),
                **({"letters": [str(one.id) for one in apart]} if apart else {}),
                **({"holds_until": row.holds_until.isoformat()} if row.holds_until else {}),
                **({"under": str(row.under_id)} if row.under_id else {}),
                "delegation": str(by_what.delegation) if by_what.delegation else None,
            },
        ),
    )


#: How letters in a language write amounts, where that isn't the language's own way: those in de and fr are Swiss.
MARKS = {"de": "de-CH", "fr": "de-CH"}
_GROUNDS: dict[str, str] = {Outcome.BIFALL: "granted", Outcome.DELAVSLAG: "partly", Outcome.AVSLAG: "refused"}


def _grounds_of(decision: Decision) -> str:
    """The key of the dated text on what a decision of its outcome rests on."""
    if decision.refused_on:
        return f"decision.{'dismissed' if decision.outcome == Outcome.AVVISNING else 'refused_otherwise'}"
    return f"decision.{_GROUNDS[decision.outcome]}"


def _texts_on_change(decision: Decision, case: Case, today: date) -> list[DatedText]:
    """What the letter of a decision that replaces another says of that: by what right, what becomes of the money."""
    if decision.replaces is None:
        return []
    less = (decision.amount > decision.replaces.amount) - (decision.amount < decision.replaces.amount)
    keys = [f"change.{('same', 'more', 'less')[less]}"]
    if case.legal_order == "se":
        keys.insert(0, f"change.{decision.ground}")
    return [text_for(case.legal_order, key, decision.language, today) for key in keys]


_REMEDIES = {"matter": "appeal", "lawfulness": "other_help.lawfulness"}


def remedy_key(help_: str, today: date) -> str:
    """The text on how a decision taken today by a section of the legal order is appealed, as `rules/se/remedies.yaml`
    says: on the matter itself, or as to its lawfulness."""
    return _REMEDIES[remedy_on(help_, today).appeal]


def remedy_text(help_: str, case: Case, language: str, today: date) -> DatedText:
    """That text in a language."""
    return text_for(case.legal_order, remedy_key(help_, today), language, today)


def remedy_of(decision: Decision, case: Case, today: date) -> DatedText:
    """How a decision is appealed: by its law, and where each canton has its own, by the canton of its sheet.
    NotPossible("no remedy") for a canton whose instruction isn't known."""
    if decision.sheet.pack == "se":
        return remedy_text(RIGHT, case, decision.language, today)
    return cantonal_remedy(stored_calculation(decision.sheet).region, decision.language, today)


def cantonal_remedy(canton: str, language: str, today: date) -> DatedText:
    """How an order of a canton is appealed; NotPossible("no remedy") where that isn't known."""
    try:
        return text_for("ch", f"appeal.{canton}", language, today)
    except TextMissing:
        raise NotPossible("no remedy", canton=canton) from None


def letter_preview(decision: Decision, case: Case, now: datetime, *, decider: str) -> dict[str, Any]:
    """What the letter would say if `decider` took the decision now. `decision` may be unsaved."""
    today = acting_door().the_tenant.today(now)
    grounds = text_for(case.legal_order, _grounds_of(decision), decision.language, today)
    appeal = remedy_of(decision, case, today)
    return letter_content(decision, case, grounds, appeal, now, decider=decider)


def letter_content(
    decision: Decision, case: Case, grounds: DatedText, appeal: DatedText, now: datetime, *, decider: str
) -> dict[str, Any]:
    """Everything that the letter says, as data: the preview and the PDF are made of nothing else."""
    today = acting_door().the_tenant.today(now)
    language = decision.language
    month = month_name(decision.period.since, language)
    amount = format_money(decision.amount, decision.currency, MARKS.get(language, language))
    calculation = stored_calculation(decision.sheet)
    adults = [p for p in (case.applicant, case.co_applicant) if p is not None]
    # the two adults read the same letter: who is protected is not named to the other
    names = {
        str(p.id): UNNAMED_ADULT[language].format(n=n) if p.protection_level and len(adults) > 1 else full_name(p)
        for n, p in enumerate(adults, 1)
    }
    other = refused_on_ground(decision.refused_on)
    heading, sentence = _SENTENCES[language][Outcome.AVSLAG if other else decision.outcome]
    sentence = other.letter[language] if other else sentence
    facts, say = facts_of(decision.sheet), wording_of(calculation.pack)
    children = Person.objects.in_bulk([UUID(m.key) for m in facts.members if m.key not in names])
    for number, child in enumerate(sorted(children.values(), key=lambda p: (str(p.birth_on), str(p.id))), 1):
        names[str(child.id)] = UNNAMED_CHILD[language].format(n=number) if child.protection_level else full_name(child)
    # what a change says names amounts and days
    keys = [*([] if decision.replaces else [grounds.key]), *(["automated"] if decision.automated else []), appeal.key]
    helps = help_for(decision, adults, calculation, keys, today) if calculation.pack == "se" else []
    parts = {} if calculation.pack == "se" else {"parts": _parts(calculation, language)}
    return {
        **({"help": helps} if helps else {}),
        **parts,
        "language": language,
        "number": decision.number,
        "case": case.number,
        "date": today.isoformat(),
        **letterhead(" & ".join(names[str(p.id)] for p in adults), adults, today),
        "heading": heading.format(month=month),
        "outcome": sentence.format(month=month, amount=amount),
        "change": _change(decision, case, today),
        "repayable": _repayable(decision, case, today).body if decision.repayable else "",
        "grounds": grounds.body,
        **({"budget": _budget_words(decision, case, today)} if decision.holds_until or decision.under else {}),
        "reasons": decision.reasons,
        "reasons_co": {"who": names[str(adults[1].id)], "text": decision.reasons_co} if decision.reasons_co else None,
        "reasons_of": names[str(adults[0].id)],
        "legal_basis": decision.legal_basis,
        "lines": [{"text": f"{_PURPOSE[language]} {month}", "amount": decision.amount}] if decision.amount else [],
        "currency": decision.currency,
        "sheet": [
            {
                "code": line.code,
                "text": say.label(line, language),
                "explanation": calculation.explain(line, language),
                "who": names.get(line.person or "", ""),
                "amount": line.amount,
                "section": line.section,
                "law_url": law_url(say, line.section),
            }
            for line in calculation.lines
        ],
        "totals": calculation.totals,
        "granted": 0 if other else calculation.granted,
        "surplus": 0 if other else calculation.surplus,
        **({"by_calculation": calculation.granted} if other and decision.outcome == Outcome.AVSLAG else {}),
        **({"dismissed": True} if decision.outcome == Outcome.AVVISNING else {}),
        "sheet_number": decision.sheet.number,
        "sheet_digest": decision.sheet.digest,
        "refused": [
            {
                "text": kinds_of(calculation.pack)["costs"][c.code].name[language],
                "applied": c.applied,
                "accepted": c.accepted,
                "why": why_less(c, language) if calculation.pack == "se" else c.note,
            }
            for c in facts.costs
            if c.accepted < c.applied and not other
        ],
        "uncertain": list(
            dict.fromkeys(
                say.uncertainty(name, choice, language, calculation.region)
                for name, choice in sorted(calculation.uncertain.items())
            )
        ),
        "decider": decider or _AUTOMATED[language],
        "delegation": decision.delegation,
        "automated": bool(decision.automated),
        **({"how_taken": _automated(decision, case, today).body} if decision.automated else {}),
        "appeal": appeal.body,
    }


#: Who has taken a decision that nobody took.
_AUTOMATED = {"sv": "Automatiserat beslut", "en": "Automated decision"}


def _automated(decision: Decision, case: Case, today: date) -> DatedText:
    """What the letter says of it that no person took the decision, and how she gets one to look at it."""
    return text_for(case.legal_order, "automated", decision.language, today)


def _repayable(decision: Decision, case: Case, today: date) -> DatedText:
    """What the letter says where the support may be claimed back later."""
    return text_for(case.legal_order, f"repayable.{decision.repayable}", decision.language, today)


def _budget(decision: Decision, case: Case, today: date) -> DatedText:
    """What the letter says of the months for which a budget holds, or of the budget by which the month is released."""
    key = "budget.released" if decision.under else "budget.holds"
    return text_for(case.legal_order, key, decision.language, today)


def _budget_words(decision: Decision, case: Case, today: date) -> str:
    of = decision.under or decision
    assert of.holds_until is not None
    last = month_name(of.holds_until - timedelta(days=1), decision.language)
    return _budget(decision, case, today).body.format(number=of.number, last=last)


def _change(decision: Decision, case: Case, today: date) -> list[str]:
    """The paragraphs on what a decision replaces, and why; none for the first decision on its period."""
    before = decision.replaces
    if before is None or before.decided_at is None:
        return []
    language, currency = decision.language, decision.currency
    marks, day = MARKS.get(language, language), acting_door().the_tenant.today(before.decided_at)
    told = {
        "number": before.number,
        "day": f"{day:%d.%m.%Y}" if decision.sheet.pack == "ch" else day.isoformat(),
        "before": format_money(before.amount, currency, marks),
        "now": format_money(decision.amount, currency, marks),
        "difference": format_money(abs(decision.amount - before.amount), currency, marks),
        "asked": _asked(before, currency, language) if decision.ground == Ground.APPLIED else "",
    }
    return [text.body.format(**told) for text in _texts_on_change(decision, case, today)]


def _asked(before: Decision, currency: str, language: str) -> str:
    """What was applied for on top of a decision, each cost with its amount, in words."""
    rows = [row for one in applied_since(before) for row in one.document["answers"].get("costs", [])]
    return ", ".join(
        f"{kinds_of('se')['costs'][r['code']].name[language]} {format_money(r['amount'], currency, language)}"
        for r in rows
    )


def _parts(calculation: Calculation, language: str) -> list[dict[str, Any]]:
    """The calculation as its law divides it: each part with its heading, the places of its lines, and its sum."""
    say = wording_of(calculation.pack)
    found = []
    for group in say.groups:
        places = [place for place, line in enumerate(calculation.lines) if group.belongs(line)]
        if places:
            found.append(
                {
                    "heading": say.say(f"group.{group.name}", language),
                    "lines": places,
                    "sum": [say.say(f"sum.{group.name}", language), calculation.totals[group.total]],
                }
            )
    return [*found, {"results": [[say.say(name, language), amount] for name, amount in say.results(calculation)]}]


_PURPOSE = {"sv": "Försörjningsstöd", "en": "Financial assistance", "de": "Sozialhilfe", "fr": "Aide sociale"}
_SENTENCES: dict[str, dict[str, tuple[str, str]]] = {
    "sv": {
        Outcome.BIFALL: (
            "Beslut om ekonomiskt bistånd för {month}",
            "Du får {amount} i ekonomiskt bistånd för {month}.",
        ),
        Outcome.DELAVSLAG: (
            "Beslut om ekonomiskt bistånd för {month}",
            "Du får {amount} i ekonomiskt bistånd för {month}. En del av ansökan har vi inte beviljat.",
        ),
        Outcome.AVSLAG: (
            "Beslut om ekonomiskt bistånd för {month}",
            "Du får inget ekonomiskt bistånd för {month}, eftersom inkomsterna räcker enligt beräkningen.",
        ),
    },
    "en": {
        Outcome.BIFALL: (
            "Decision on financial assistance for {month}",
            "You receive {amount} in financial assistance for {month}.",
        ),
        Outcome.DELAVSLAG: (
            "Decision on financial assistance for {month}",
            "You receive {amount} in financial assistance for {month}. Part of the application was not granted.",
        ),
        Outcome.AVSLAG: (
            "Decision on financial assistance for {month}",
            "You receive no financial assistance for {month}, because the income is enough by the calculation.",
        ),
    },
    "de": {
        Outcome.BIFALL: (
            "Verfügung über wirtschaftliche Hilfe für {month}",
            "Sie erhalten für {month} wirtschaftliche Hilfe von {amount}.",
        ),
        Outcome.DELAVSLAG: (
            "Verfügung über wirtschaftliche Hilfe für {month}",
            "Sie erhalten für {month} wirtschaftliche Hilfe von {amount}. Ein Teil des Gesuchs ist abgelehnt.",
        ),
        Outcome.AVSLAG: (
            "Verfügung über wirtschaftliche Hilfe für {month}",
            "Sie erhalten für {month} keine wirtschaftliche Hilfe, weil nach dem Budget die Mittel reichen.",
        ),
    },
    "fr": {
        Outcome.BIFALL: (
            "Décision sur l’aide matérielle pour {month}",
            "Vous recevez une aide matérielle de {amount} pour {month}.",
        ),
        Outcome.DELAVSLAG: (
            "Décision sur l’aide matérielle pour {month}",
            "Vous recevez une aide matérielle de {amount} pour {month}. Une partie de la demande est refusée.",
        ),
        Outcome.AVSLAG: (
            "Décision sur l’aide matérielle pour {month}",
            "Vous ne recevez pas d’aide matérielle pour {month}, car les moyens suffisent selon le budget.",
        ),
    },
}


@operation()
def record_letter(*, tenant: str | int, by: Actor, now: datetime, letter: UUID, file: StoredFile) -> Done[Letter]:
    """The PDF of a letter is made: its bytes are kept. NotPossible("made already") for a second one, whose file
    the store's sweep takes away."""
    found = Letter.objects.select_for_update(of=("self",)).select_related("decision").filter(id=letter).first()
    if found is None or by.kind != "system":
        raise Hidden("letter", letter)
    if found.document_id is not None:
        raise NotPossible("made already")
    found.document = record_document(
        tenant=tenant,
        by=by,
        now=now,
        subject=found.decision.case_id,
        kind="decision letter",
        title=found.decision.number,
        provenance=Provenance.SYSTEM,
        retention=RetentionClass.PERSONAL_FILE,
        file=file,
    )
    found.rendered_at = now
    found.save(update_fields=["document", "rendered_at"])
    payload = {"decision": str(found.decision_id), "document": str(file.key), "digest": file.digest}
    return Done(found, LetterRendered(subject=found.decision.case_id, payload=payload))


@operation()
def refuse_letter(*, tenant: str | int, by: Actor, now: datetime, letter: UUID, trouble: str) -> Done[None]:
    """The letter can't be set as PDF (characters that no font shows): a person sends it another way."""
    found = Letter.objects.select_related("decision").filter(id=letter).first()
    if found is None or by.kind != "system":
        raise Hidden("letter", letter)
    payload = {"decision": str(found.decision_id), "trouble": trouble[:200]}
    return Done(None, LetterRefused(subject=found.decision.case_id, payload=payload))
