"""Decisions: proposed with their letter in sight, read by a second pair of eyes, sent back or taken."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, override
from django.views.decorators.http import require_POST

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.queries import open_warnings
from handslag.domain.casefile.states import WarningKind
from handslag.domain.decisions.models import Decision, Hearing, Letter
from handslag.domain.decisions.operations import (
    MOST_MONTHS,
    applied_since,
    came_since,
    decide,
    decides,
    filled,
    income_not_given,
    is_to_be_heard,
    legal_basis_of,
    letter_languages,
    letter_preview,
    limited,
    needs_two,
    outcome_of,
    possible_refusals,
    propose,
    return_proposal,
    withdraw_proposal,
)
from handslag.domain.decisions.queries import (
    UNNAMED_ADULT,
    Unseen,
    hearings_of,
    in_force,
    newest_decision,
    not_heard,
    orders_waiting,
    proposals_for,
    replaced_by,
    unseen_by_staff,
)
from handslag.domain.decisions.states import TO_DISADVANTAGE, DecisionState, Ground, Outcome, Repayable
from handslag.domain.documents.queries import phrases_for
from handslag.domain.entitlement.models import Sheet
from handslag.domain.entitlement.queries import newest_sheet, stored_calculation
from handslag.domain.intake.forms import kinds_of
from handslag.domain.lookups.queries import waits_for_answer
from handslag.domain.payments.models import Advance
from handslag.domain.payments.queries import (
    advances_of,
    advances_waiting,
    lines_of,
    other_help_waiting,
    payments_for,
    recoveries_waiting,
)
from handslag.domain.people.queries import full_name
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import Conflict, NotPossible, mandate, named_by_setting
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month
from handslag.web.caseworker.appeals import shown_appeals
from handslag.web.caseworker.case import case_and_period, case_name, files_beside, newest_month, seen_in, sheet_before
from handslag.web.caseworker.hearing import shown_hearing
from handslag.web.caseworker.letters import unshown, why_not
from handslag.web.caseworker.lookups import shown_came
from handslag.web.caseworker.pages import (
    attempt,
    base,
    language,
    page,
    require,
    text_in,
    today,
    typed,
    version_seen,
    who,
)
from handslag.web.caseworker.paper import NAMES
from handslag.web.caseworker.sheet import masked_of, names_of, shown_letter_line, shown_sheet
from handslag.web.caseworker.wording import (
    GROUNDS,
    ORDER_KINDS,
    OUTCOMES,
    PHRASE_FIELDS,
    REFUSALS,
    REPAYABLE,
    STATES,
    refusal,
)
from handslag.web.entry.pages import desk_page
from handslag.web.ui.forms import AmountField


@desk_page("proposal")
def propose_decision(request: HttpRequest, tenant: str, case: UUID, month: str) -> HttpResponse:
    """Propose what the newest sheet amounts to: `reasons`, `language`, `act` (preview, propose, phrase or
    put), `sheet`; where the
    month is decided, to replace that decision, with its `ground`."""
    found, period, member = case_and_period(request, case, month)
    require(request, Role.CASEWORKER)
    sheet = newest_sheet(period.id)
    if sheet is None:
        return HttpResponseRedirect(f"{base(request)}/cases/{found.id}/periods/{month}/")
    looked_at("case", found.id)
    data = typed(request)
    last = newest_decision(period.id)
    back = last if last is not None and last.state in (DecisionState.RETURNED, DecisionState.WITHDRAWN) else None
    # what was sent or taken back stands in the form again, to go on from
    reasons = text_in(data, "reasons", 10_000) if data else (back.reasons if back else "")
    chosen = data.get("language", "") if data else (back.language if back else "")
    known = letter_languages(found.legal_order)
    chosen = chosen if chosen in known else known[0]
    before = in_force(period.id)
    refusals = possible_refusals(sheet)
    refused_on = data.get("refused_on", "") if data else ((back.refused_on if back else "") or "")
    refused_on = refused_on if refused_on in refusals else ""
    amount = 0 if refused_on else sheet.granted
    possible = _grounds(before, amount)
    first = Ground.APPLIED.value if Ground.APPLIED in possible else ((back.ground if back else "") or "")
    ground = data.get("ground", "") if data else first
    ground = ground if ground in possible else ""
    on_more = ground == Ground.APPLIED
    to_hear = is_to_be_heard(sheet, before, ground, refused_on)
    untold = income_not_given(sheet, before) if to_hear and not refused_on and (before is None or on_more) else []
    unheard = text_in(data, "unheard", 2_000) if data else ((back.unheard if back else "") or "")
    reasons_co = text_in(data, "reasons_co", 10_000) if data else ((back.reasons_co if back else "") or "")
    reasons_co = reasons_co if found.co_applicant else ""
    earlier = before or back
    repayable = data.get("repayable", "") if data else ((earlier.repayable or "") if earlier else "")
    repayable = repayable if repayable in Repayable else ""
    ahead = {str(n): (Month.of(period.since) + n).since for n in range(1, MOST_MONTHS + 1)}
    held = (back or before) and (back or before).holds_until  # type: ignore[union-attr]
    months = data.get("months", "1") if data else next((n for n, day in ahead.items() if day == held), "1")
    months = months if found.legal_order == "ch" and months in ahead else "1"
    holds_until = ahead[months] if months != "1" else None
    picked = _picked(request, data, found, sheet, chosen)
    if data is None and back is not None and back.phrases:
        picked["used"] = [one["phrase"] for one in back.phrases]
    if picked["put"]:
        if picked["about"] == "co":
            reasons_co = "\n".join(filter(None, (reasons_co.strip(), picked["put"])))
        else:
            reasons = "\n".join(filter(None, (reasons.strip(), picked["put"])))
    missing = any(field["trouble"] for field in picked["phrase_fields"])
    trouble = gettext("The phrase isn’t put in yet: look at its fields.") if missing else ""
    unseen = why_not(reasons + reasons_co)
    if data and data.get("act") == "propose" and unseen:
        trouble = unseen
    elif request.method == "POST" and request.POST.get("act") == "propose":
        try:
            if request.POST.get("sheet") != str(sheet.id):
                raise NotPossible("not the newest sheet")
            made = attempt(
                request, propose, sheet=sheet.id, reasons=reasons, language=chosen, ground=ground, unheard=unheard,
                reasons_co=reasons_co, phrases=picked["used"],
                repayable=repayable, holds_until=holds_until, refused_on=refused_on,
            )  # fmt: skip
        except NotPossible as refused:
            trouble = refusal(refused)
        else:
            return HttpResponseRedirect(f"{base(request)}/decisions/{made.id}/")
    outcome = outcome_of(sheet, before, ground, refused_on)
    draft = Decision(
        case=found,
        period=period,
        sheet=sheet,
        number="",
        outcome=outcome,
        amount=amount,
        refused_on=refused_on or None,
        currency=sheet.currency,
        language=chosen,
        reasons=reasons.strip(),
        reasons_co=reasons_co.strip() or None,
        repayable=(repayable if amount else "") or None,
        legal_basis=legal_basis_of(sheet, today(request), ground, refused_on),
        delegation=named_by_setting(),
        replaces=before if ground else None,
        ground=ground or None,
        holds_until=holds_until,
    )
    try:
        letter = letter_preview(draft, found, request.now, decider=gettext("whoever takes the decision"))  # type: ignore[attr-defined]
    except NotPossible as refused:
        return newest_month(request, found.id, refusal(refused))
    return page(
        request,
        "proposal.html",
        case=found,
        name=case_name(found),
        month=Month.of(period.since),
        **files_beside(found, period.since, member, request.now),  # type: ignore[attr-defined]
        stored=sheet,
        outcome=OUTCOMES[outcome],
        amount=amount,
        refused_on=refused_on,
        refusals=[(code, one.name[_here()], one.ask[_here()], one.certain) for code, one in refusals.items()],
        needs_reasons=outcome != Outcome.BIFALL or (before is not None and not on_more),
        before=before,
        on_more=on_more,
        differs=_differs(before, sheet, found, member),
        waiting_advances=_waiting(found.id, period.id),
        too_late=REFUSALS["decided meanwhile"],
        difference=amount - before.amount if before else 0,
        silent=to_hear and bool(not_heard(found, period.id, before, today(request))),
        untold=[kinds_of(found.legal_order)["incomes"][code].name[language()] for code in untold],
        unheard=unheard,
        hearings=[shown_hearing(one) for one in hearings_of(period.id)] if to_hear else [],
        grounds=[(code, GROUNDS[code]) for code in possible],
        ground=ground,
        reasons=reasons,
        reasons_co=reasons_co,
        repayable=repayable,
        repayables=list(REPAYABLE.items()) if found.legal_order == "se" else [],
        months=months,
        budget_months=[(n, day - timedelta(days=1)) for n, day in ahead.items()]
        if found.legal_order == "ch" and outcome == Outcome.BIFALL
        else [],
        first=full_name(found.applicant),
        sent_back=back.returned_reason if back else "",
        other=full_name(found.co_applicant) if found.co_applicant else "",
        chosen=chosen,
        **picked,
        languages=[(code, NAMES[code]) for code in known],
        trouble=trouble,
        disputed=waits_for_answer(period.id),
        waits=open_warnings(period.id, WarningKind.MISSING_SSBTEK),
        came=_came(sheet, found, member),
        letter=shown_letter(draft, letter, unseen_by_staff(draft, letter, member)),
        **_sheet_of(found, draft, member),
    )


def _here() -> str:
    """The language of the page, of those in which grounds of refusal are named."""
    return "sv" if language() == "sv" else "en"


def _picked(request: HttpRequest, data: Any, case: Case, sheet: Sheet, chosen: str) -> dict[str, Any]:
    """The phrases to choose from, the chosen one with its fields, and what is to be put into the reasons (`put`)."""
    known = phrases_for(case.legal_order, chosen, today(request))
    used = [code for code in data.getlist("used") if code in known] if data else []
    phrase, act = known.get(data.get("phrase", "")) if data else None, data.get("act", "") if data else ""
    about = "co" if data and data.get("about") == "co" and case.co_applicant else ""
    fields, typed_in = [], dict[str, Any]()
    for code, kind in phrase.fields.items() if phrase else ():
        raw, trouble = data.get(f"field-{code}", "").strip()[:200], ""
        if act == "put":
            try:
                typed_in[code] = AmountField().clean(raw) if kind == "amount" else raw
            except forms.ValidationError as wrong:
                trouble = wrong.messages[0]
            if kind != "amount" and not raw:
                trouble = gettext("Fill this in.")
        fields.append({"code": code, "kind": kind, "label": PHRASE_FIELDS[code], "typed": raw, "trouble": trouble})
    put = ""
    if phrase is not None and act == "put" and not any(field["trouble"] for field in fields):
        adult = case.co_applicant if about and case.co_applicant else case.applicant
        name = UNNAMED_ADULT[chosen].format(n=2 if about else 1) if adult.protection_level else full_name(adult)
        put, used = filled(phrase, sheet, name, typed_in, chosen), [*used, phrase.code]
        phrase, fields = None, []
    return {
        "phrases": list(known.values()),
        "phrase": phrase,
        "pattern": re.sub(r"\{\w+\}", "[…]", phrase.text.body) if phrase else "",
        "phrase_fields": fields,
        "about": about,
        "used": used,
        "put": put,
    }


def _concerns(hearing: Hearing, decision: Decision) -> bool:
    """Whether somebody was asked before this decision, and after the one that it replaces."""
    before = decision.replaces.decided_at if decision.replaces else None
    after = decision.decided_at
    return (before is None or hearing.asked_at >= before) and (after is None or hearing.asked_at <= after)


def _grounds(before: Decision | None, amount: int) -> list[str]:
    """On what a decision may be replaced by one of this amount; less than before only on some grounds."""
    if before is None:
        return []
    possible = [ground for ground in Ground if amount >= before.amount or ground in TO_DISADVANTAGE]
    return [ground.value for ground in possible if ground != Ground.APPLIED or applied_since(before)]


def _came(sheet: Sheet, case: Case, member: Member) -> dict[str, Any] | None:
    """What a sheet doesn't know, in words."""
    return shown_came(sheet, came_since(sheet), member, names_of(seen_in(case, sheet.period, member)), language())


def _waiting(case: UUID, period: UUID) -> list[tuple[Advance, bool]]:
    """The advances on a month that wait for a second person; whether the month is decided without one of them: then
    nobody confirms it any more."""
    waiting = advances_waiting(period)
    if not waiting or in_force(period) is None:
        return [(one, False) for one in waiting]
    open_still = {one.id for one, left in advances_of(case) if left}
    return [(one, one.id in open_still) for one in waiting]


def _differs(before: Decision | None, sheet: Sheet, case: Case, member: Member) -> list[tuple[str, str, int, int]]:
    """(line, person, öre before, öre now) of what a sheet counts otherwise than that of the decision before it."""
    if before is None:
        return []
    seen = seen_in(case, sheet.period, member)
    sums: dict[tuple[str, str], list[int]] = {}
    for place, one in enumerate((before.sheet, sheet)):
        shown = shown_sheet(stored_calculation(one), names_of(seen), masked_of(seen), language())
        for line in (line for group in shown.groups for line in group.lines):
            sums.setdefault((line.text, line.person), [0, 0])[place] += line.amount
    return [(*named, was, becomes) for named, (was, becomes) in sums.items() if was != becomes]


def _sheet_of(case: Case, decision: Decision, member: Member) -> dict[str, Any]:
    before = sheet_before(decision.period)
    seen = seen_in(case, decision.period, member)
    shown = shown_sheet(stored_calculation(decision.sheet), names_of(seen), masked_of(seen), language(), before)
    return {"sheet": shown}


@desk_page("proposals")
def proposals(request: HttpRequest, tenant: str) -> HttpResponse:
    """The proposals that wait for a second pair of eyes."""
    member = require(request, Role.CASEWORKER, Role.DECIDER)
    found = proposals_for(member)
    looked_at("proposals")
    rows = [
        {
            "decision": one,
            "name": case_name(one.case),
            "month": Month.of(one.period.since),
            "outcome": OUTCOMES[one.outcome],
            "mine": one.proposed_by_id == member.id,
        }
        for one in found
    ]
    claims = [
        {
            "row": one,
            "name": case_name(one.case),
            "amount": sum(line.amount for line in lines_of(one)),
            "mine": one.proposed_by_id == member.id,
        }
        for one in recoveries_waiting(member)
    ]
    helps = [
        {"row": one, "name": case_name(one.case), "mine": one.proposed_by_id == member.id}
        for one in other_help_waiting(member)
    ]
    ordered = [
        {
            "row": one,
            "name": case_name(one.case),
            "kind": ORDER_KINDS[one.kind],
            "mine": one.proposed_by_id == member.id,
        }
        for one in orders_waiting(member)
    ]
    return page(request, "proposals.html", rows=rows, claims=claims, helps=helps, ordered=ordered)


def _found(request: HttpRequest, key: UUID) -> tuple[Decision, Case, Member]:
    decision = (
        Decision.objects.select_related(
            "case__applicant",
            "case__co_applicant",
            "period",
            "sheet__snapshot",
            "replaces",
            "proposed_by",
            "decided_by",
        )
        .filter(id=key)
        .first()
    )
    if decision is None:
        raise Hidden("decision", key)
    case, member = case_for_staff(decision.case_id, **who(request))
    return decision, case, member


@desk_page("decision")
def decision(request: HttpRequest, tenant: str, decision: UUID) -> HttpResponse:
    """A proposal with the letter that it becomes, or a decision with its letter, payments and PDF."""
    return _decision(request, decision)


def _decision(request: HttpRequest, key: UUID, trouble: str = "", reason: str = "") -> HttpResponse:
    found, case, member = _found(request, key)
    looked_at("decision", found.id)
    proposed = found.state == DecisionState.PROPOSED
    letter = Letter.objects.select_related("document").filter(decision=found).first()
    four_eyes = needs_two(found)
    by_what = mandate(member, decides(found), limited(found), request.now) if proposed else None  # type: ignore[attr-defined]
    if by_what is not None:
        found.delegation = by_what.words  # as the letter will say it, if she decides
    own = found.proposed_by_id == member.id
    preview = letter_preview(found, case, request.now, decider=gettext("whoever takes the decision"))  # type: ignore[attr-defined]
    content = letter.content if letter else preview
    unseen = unseen_by_staff(found, content, member)
    return page(
        request,
        "decision.html",
        decision=found,
        case=case,
        name=case_name(case),
        month=Month.of(found.period.since),
        **files_beside(case, found.period.since, member, request.now),  # type: ignore[attr-defined]
        outcome=OUTCOMES[found.outcome],
        state=STATES[found.state],
        proposed=proposed,
        came=_came(found.sheet, case, member) if proposed else None,
        waiting_advances=_waiting(case.id, found.period_id),
        too_late=REFUSALS["decided meanwhile"],
        may_withdraw=own and proposed,
        own=own and four_eyes and proposed,
        may_decide=proposed and by_what is not None and not (own and four_eyes),
        may_return=proposed and by_what is not None and not own,
        ground=GROUNDS[found.ground] if found.ground else "",
        difference=found.amount - found.replaces.amount if found.replaces else 0,
        replaced_by=replaced_by(found.id),
        hearings=[shown_hearing(one) for one in hearings_of(found.period_id) if _concerns(one, found)],
        appeals=shown_appeals(case.id, found.id),
        may_enter_appeal=letter is not None and bool(member.roles & {Role.REGISTRAR, Role.CASEWORKER}),
        letter=shown_letter(found, content, unseen),
        withheld=bool(unseen),
        document=letter.document if letter else None,
        payments=[
            (p, STATES["returned payment" if p.state == "returned" else p.state]) for p in payments_for(found.period_id)
        ]
        if letter
        else [],
        trouble=trouble,
        reason=reason,
        **_sheet_of(case, found, member),
    )


def shown_letter(decision: Decision, letter: dict[str, Any], unseen: Unseen) -> dict[str, Any]:
    """A letter as somebody sees it for whom that of it is protected: without their names and ages, or the address."""
    calculation = stored_calculation(decision.sheet)
    with override(letter["language"]):
        sheet = [
            shown_letter_line(said, line, unseen.people)
            for said, line in zip(letter["sheet"], calculation.lines, strict=True)
        ]
        hidden = [gettext("Protected address")] if unseen.address else letter["recipient"][1:]
    lost = unshown(json.dumps(letter, ensure_ascii=False))
    return letter | {"sheet": sheet, "recipient": [letter["recipient"][0], *hidden], "unshown": lost}


@desk_page("decision")
@require_POST
def take(request: HttpRequest, tenant: str, decision: UUID) -> HttpResponse:
    """Take the decision: `version`."""
    try:
        attempt(request, decide, decision=decision, version=version_seen(request))
    except NotPossible as refused:
        return _decision(request, decision, refusal(refused))
    except Conflict:
        return _decision(request, decision, str(REFUSALS["conflict"]))
    return HttpResponseRedirect(f"{base(request)}/decisions/{decision}/")


@desk_page("decision")
@require_POST
def withdraw(request: HttpRequest, tenant: str, decision: UUID) -> HttpResponse:
    """Take one's own proposal back: `version`. Leads to the case and its month."""
    try:
        row = attempt(request, withdraw_proposal, decision=decision, version=version_seen(request))
    except Conflict:
        return _decision(request, decision, str(REFUSALS["conflict"]))
    return HttpResponseRedirect(f"{base(request)}/cases/{row.case_id}/periods/{Month.of(row.period.since)}/")


@desk_page("decision")
@require_POST
def send_back(request: HttpRequest, tenant: str, decision: UUID) -> HttpResponse:
    """Send the proposal back: `version`, `reason`."""
    reason = text_in(request.POST, "reason", 10_000)
    try:
        attempt(request, return_proposal, decision=decision, version=version_seen(request), reason=reason)
    except NotPossible as refused:
        return _decision(request, decision, refusal(refused), reason)
    except Conflict:
        return _decision(request, decision, str(REFUSALS["conflict"]), reason)
    return HttpResponseRedirect(f"{base(request)}/proposals/")
