"""My pages: what can be applied for, what is under way, what was decided, what is paid; and a decision line by line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from handslag.connectors.store.port import for_tenant
from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.permissions import case_for_citizen
from handslag.domain.casefile.queries import Told, cases_of, periods_of, told_of
from handslag.domain.decisions.models import Decision, Letter, Order, PersonalLetter
from handslag.domain.decisions.operations import refused_on_ground
from handslag.domain.decisions.operations.help import month_in
from handslag.domain.decisions.queries import (
    TAKEN,
    appeals_in,
    hearings_for,
    orders_in,
    replaced_by,
    taken_decisions,
    unseen_by_relative,
)
from handslag.domain.decisions.states import Ground, Outcome
from handslag.domain.elsewhere.queries import foreign_cases, hand_overs_of
from handslag.domain.entitlement.queries import stored_calculation
from handslag.domain.intake.forms import form_of
from handslag.domain.intake.models import Application
from handslag.domain.intake.policies import Offer, form_for, offers, served_by_person
from handslag.domain.intake.queries import (
    WHOLE,
    infected_of,
    not_sent,
    receipts_of,
    requests_of,
    running_drafts,
    signed_by,
    taken_back,
)
from handslag.domain.intake.states import DraftState
from handslag.domain.lookups.queries import told_months
from handslag.domain.payments.models import OtherHelp, Payment, Recovery
from handslag.domain.payments.queries import (
    decisions_behind,
    help_replaced,
    is_advance,
    other_help_behind,
    other_help_of,
    paid_in_advance,
    payments_of,
    planned_by,
    recoveries_of,
    standing_of,
)
from handslag.domain.payments.states import PaymentState
from handslag.domain.people.models import Person
from handslag.domain.people.permissions import representation_behind
from handslag.domain.people.queries import EARLIER, adults_beside, full_name, household_seen_by_relative
from handslag.domain.people.states import Scope
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.keys import file_key
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import setting
from handslag.kernel import clock
from handslag.kernel.days import working_day_after
from handslag.kernel.months import Month
from handslag.rules.packs import law_of
from handslag.rules.se.codes import COSTS
from handslag.rules.sheet import Line, wording_of
from handslag.rules.sheet import Sheet as Calculation
from handslag.rules.shown import law_url
from handslag.web.citizen import elsewhere
from handslag.web.citizen.acting import for_whom
from handslag.web.citizen.document import code_name
from handslag.web.citizen.person import me, name_of
from handslag.web.citizen.steps import Step, form_behind, reading
from handslag.web.entry import kept
from handslag.web.entry.pages import citizen_page, opened, outside_page
from handslag.web.ui.formats import day, money, month

#: So long My pages tell of an application that wasn't sent.
SHOWN_FOR = timedelta(days=60)
COMING = (PaymentState.PLANNED, PaymentState.RESERVED)
#: Of no interest to the person: what took their place stands beside them.
GONE = (PaymentState.STOPPED, PaymentState.REJECTED)
#: Neither on its way nor paid: what came back stands in the list alone, and what is still owed of it is planned anew.
OVER = (*GONE, PaymentState.RETURNED)


def is_paid(payment: Payment) -> bool:
    """Whether the money has left: the bank says so, or its day has come after the file went to the bank."""
    if payment.state == PaymentState.SENT:
        return payment.pay_on <= acting_door().the_tenant.today(clock.now())
    return payment.state == PaymentState.CONFIRMED


@require_safe
@citizen_page("my pages")
def my(request: HttpRequest, tenant: str) -> HttpResponse:
    """What concerns me now, most urgent first."""
    person = me(request)
    cases = cases_of(person.id)
    keys = [case.id for case in cases]
    for key in keys:
        looked_at("my pages", key)
    now: datetime = request.now  # type: ignore[attr-defined]
    today = request.door.the_tenant.today(now)  # type: ignore[attr-defined]
    drafts = running_drafts(keys)
    lapsed, superseded = not_sent(keys, now - SHOWN_FOR)
    running = {(d.case_id, d.period.since, d.form) for d in drafts}
    periods = {case.id: periods_of(case.id) for case in cases}
    found = offers(person.id, cases, adults_beside(person.id, today), today, periods)
    by_person = bool(cases) and served_by_person(cases[0])
    by = acting_door().the_actor
    only_sees = by.through is not None and representation_behind(by, now).scope == Scope.SEE
    on_line = (
        []
        if only_sees
        else [o for o in found if o.on_line and (o.case is None or (o.case.id, o.month.since, o.form) not in running)]
    )
    decisions = {case.id: taken_decisions(case.id) for case in cases}
    payments = payments_of(keys)
    helps = other_help_behind(payments)
    of_months = [payment for payment in payments if payment.id not in helps]
    told = [payment for payment in payments if payment.id not in helps or helps[payment.id].person_id == person.id]
    replaced = {d.replaces_id for found in decisions.values() for d in found}
    there = [case.id for case in cases if case.worked_in is not None]
    foreign, over = (foreign_cases(there), hand_overs_of(there)) if there else ({}, {})
    gone = dict(taken_back().filter(application__case_id__in=keys).values_list("application_id", "withdrawn_at"))
    planned = planned_by(of_months)
    tracks = [
        {
            "correction": receipt.application.corrects_id is not None,
            "title": "" if receipt.application.kind in WHOLE else title_of(receipt.application),
            "month": period.since,
            "number": receipt.number,
            "steps": elsewhere.steps(
                tenant,
                receipt.application_id,
                receipt.application.received_at,
                foreign.get(receipt.application.case_id),
                over[receipt.application_id],
                decided_by(timezone.localtime(receipt.application.received_at).date()),
            )
            if receipt.application_id in over
            else _track(tenant, receipt.application, period.id, taken, decisions, of_months, gone, planned),
        }
        for receipt, period, taken in receipts_of(keys)
    ]
    mine, gone_helps = for_whom(request), set(help_replaced())
    facts = {
        "greeting": _greeting(now) % {"name": person.given_name or person.family_name},
        # a month's own application before what comes on top of another
        "offers": [_offer(offer) for offer in sorted(on_line, key=lambda one: one.kind not in WHOLE)],
        "by_hand": "" if only_sees else next((offer.kind for offer in found if not offer.on_line), ""),
        "drafts": [_draft(d, cases, person) for d in drafts],
        "not_sent": [_draft(d, cases, person) for d in lapsed],
        "superseded": [_draft(d, cases, person) for d in superseded],
        "tracks": tracks,
        "decisions": [
            {
                "url": reverse("decision", args=[tenant, d.id]),
                "sentence": _sentence(d),
                "at": d.decided_at,
                "replaced": d.id in replaced,
            }
            for case in cases
            for d in decisions[case.id]
        ]
        + [shown for row in foreign.values() for shown in elsewhere.decisions(tenant, row)],
        "hearings": hearings_for(person.id, keys),
        "appeals": [one for one in appeals_in(keys) if one.person_id == person.id],
        "recoveries": [(one, standing_of(one).open) for one in recoveries_of(keys, person.id)],
        "orders": orders_in(keys, person.id),
        "other_help": [(one, one.id in gone_helps) for one in other_help_of(keys, person.id)],
        "payments": [{**shown, "url": _behind(tenant, shown)} for shown in _payments(told, person, helps)]
        + [shown for row in foreign.values() for shown in elsewhere.payments(tenant, row, person)],
        "asked": elsewhere.asked(cases, foreign),
        "cases": cases,
        "paid_here": by.through is None and any(case.worked_in is None for case in cases),
        "told": told_months(person.id, keys)[:3],
        "handed": [_handed(one) for one in told_of(keys, person.id)],
        "requests": [one for case in cases for one, _ in requests_of(case.id, person.id)],
        "infected": infected_of(keys, person.id),
        "closed": "closed" in request.GET,
        "not_on_line": "by-hand" in request.GET,
        "taken_back": "taken-back" in request.GET,
        "dropped": "dropped" in request.GET,
        "too_late": "too-late" in request.GET,
        "by_person": by_person and not drafts,
        "reopens": _reopens(cases, today, bool(found or drafts or by_person)),
        "for_whom": [(one.id, full_name(one.person)) for one in mine if one.ground != EARLIER],
        "earlier": [(one.id, earlier_numbers(one.person_id)) for one in mine if one.ground == EARLIER],
        "waits_for": [
            full_name(one.person)
            for one in mine
            if one.ground != EARLIER
            and kept.waiting(request, Actor("citizen", one.person_id, through=person.id), surely=True)
        ],
        "waits_here": kept.waiting(request, by),
        "acted": "acted" in request.GET,
        "only_sees": only_sees,
    }
    return render(request, "citizen/my.html", facts)


def earlier_numbers(record: UUID) -> str:
    """The numbers of the cases that somebody has by an earlier record."""
    return ", ".join(case.number for case in cases_of(record))


def _handed(one: Told) -> dict[str, Any]:
    """What another municipality was told because she moves there, as her page shows it."""
    row = one.transfer
    kinds = {
        "member": gettext("who of your household moves along"),
        "contact": gettext("how you are reached"),
        "address": gettext("your address"),
    }
    what = [
        kinds[kind]
        if kind in kinds
        else gettext("the decision for %(month)s") % {"month": month(Month.parse(of).since)}
        for kind, of in row.items
    ]
    states = {
        "taken over": gettext("They have taken it over."),
        "in part": gettext("They have taken over a part of it."),
        "not taken over": gettext("They haven’t taken it over. Your caseworker knows."),
        "recalled": gettext("We have recalled it."),
    }
    return {
        "to": row.to,
        "at": one.left_at,
        "consent": row.consented_on,
        "ground": row.ground,
        "what": list(dict.fromkeys(what)),
        "state": states.get(one.state, gettext("They haven’t answered yet.")),
    }


def title_of(application: Application) -> str:
    """What an application is called, in the words of its form."""
    return form_of(application.form, application.form_version).words(reading()).title


def _greeting(now: datetime) -> str:
    hour = timezone.localtime(now).hour
    if 5 <= hour < 10:
        return gettext("Good morning %(name)s")
    return gettext("Good evening %(name)s") if hour >= 18 or hour < 5 else gettext("Hello %(name)s")


def _reopens(cases: list[Case], today: date, something: bool) -> date | None:
    """The day from which the next month can be applied for, where nothing can be now."""
    if something or not any(case.state == "open" for case in cases):
        return None
    first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    opens = first - timedelta(days=int(setting("renewal_opens_days_before")))
    if opens <= today:
        first = (first + timedelta(days=32)).replace(day=1)
        opens = first - timedelta(days=int(setting("renewal_opens_days_before")))
    return opens


def _offer(offer: Offer) -> dict[str, Any]:
    """An offer as a button: what it says names the form where it isn't the month's own application."""
    title = "" if offer.kind in WHOLE else form_for(offer).words(reading()).title
    month = offer.month
    case = offer.case.id if offer.case else ""
    return {"case": case, "month": month, "since": month.since, "form": offer.form, "title": title}


def _draft(draft: Any, cases: list[Case], person: Person) -> dict[str, Any]:
    case = next(case for case in cases if case.id == draft.case_id)
    adults = [adult for adult in (case.applicant, case.co_applicant) if adult is not None]
    form = form_behind(draft)
    asked = [(screen.code, part) for screen in form.screens for part in screen.parts]
    signed = {s.person_id for s in signed_by(draft)} if draft.state == DraftState.SIGNING else set()
    return {
        "id": draft.id,
        "step": next((step for step, part in asked if part not in draft.answers), "check"),
        "title": "" if form.kind in WHOLE else form.words(reading()).title,
        "correction": draft.corrects_id is not None,
        "month": draft.period.since,
        "saved_at": draft.saved_at,
        "signing": draft.state == DraftState.SIGNING,
        "taken_back": draft.state == DraftState.WITHDRAWN,
        "case": case,
        "i_have_signed": person.id in signed,
        "others_signed": [name_of(a, person.id) for a in adults if a.id in signed and a.id != person.id],
        "awaited": [name_of(a, person.id) for a in adults if a.id not in signed and a.id != person.id],
    }


def _track(
    tenant: str,
    application: Any,
    period: UUID,
    taken: bool,
    decisions: dict[UUID, list[Decision]],
    payments: list[Payment],
    gone: dict[UUID, datetime],
    planned: dict[UUID, UUID],
) -> list[Step]:
    received = application.received_at
    receipt = reverse("receipt", args=[tenant, application.id])
    sent = gettext("Corrected") if application.corrects_id else gettext("Sent and received")
    answers = _answering(application, [d for d in decisions[application.case_id] if d.period_id == period])
    decision = answers[-1] if answers else None
    still_open = decision is None and application.id not in gone
    leads_to = gettext("Your receipt, correct or take back") if still_open else gettext("Your receipt")
    found = [Step(sent, day(received), "done", leads_to, receipt)]
    if application.id in gone:
        return [*found, Step(gettext("Taken back"), day(gone[application.id]), "done")]
    if decision is None:
        promised = decided_by(timezone.localtime(received).date())
        looking = gettext("We are looking at it") if taken else gettext("Waits to be looked at")
        found.append(Step(looking, state="now"))
        by_when = gettext("by %(day)s") % {"day": day(promised)}
        return [*found, Step(gettext("Decision"), by_when), Step(gettext("Payment"))]
    assert decision.decided_at is not None
    where = reverse("decision", args=[tenant, decision.id])
    found.append(Step(gettext("Looked at"), state="done"))
    how = gettext("See the decision and how we calculated")
    found.append(Step(_outcome(decision), day(decision.decided_at), "done", how, where))
    # what another application for the month was answered with stands with that one
    others = {d.id for d in decisions[application.case_id]} - {d.id for d in answers}
    paid = [p for p in payments if p.period_id == period and p.state not in OVER and planned.get(p.id) not in others]
    found += [_pay_step(p) for p in reversed(paid)]
    return found


def _answering(application: Application, decisions: list[Decision]) -> list[Decision]:
    """Of the decisions on a month, newest first, those that answer an application, oldest first: the first one after it
    was received, and what has changed that since. One on more that was applied for answers that alone."""
    after = [d for d in reversed(decisions) if d.decided_at and d.decided_at >= application.received_at]
    return after[:1] + [d for d in after[1:] if d.ground != Ground.APPLIED]


def _outcome(decision: Decision) -> str:
    return {
        Outcome.BIFALL: gettext("Decided: granted"),
        Outcome.DELAVSLAG: gettext("Decided: partly granted"),
        Outcome.AVSLAG: gettext("Decided: not granted"),
        Outcome.AVVISNING: gettext("Decided: not examined"),
    }[Outcome(decision.outcome)]


def _pay_step(payment: Payment) -> Step:
    amount, on = money(payment.amount, payment.currency), day(payment.pay_on)
    if is_paid(payment):
        return Step(gettext("%(amount)s paid") % {"amount": amount}, on, "done")
    if payment.state in COMING or payment.state == PaymentState.SENT:
        return Step(gettext("%(amount)s is paid") % {"amount": amount}, on, "now")
    return Step(gettext("The payment has stopped"), "", "now", gettext("Contact us, so that we can pay you."))


def decided_by(received: date) -> date:
    """The day by which a decision is promised: so many working days after the day it was received."""
    return working_day_after(received, int(setting("decision_days")), acting_door().the_tenant.country)


def _payments(payments: list[Payment], person: Person, helps: dict[UUID, OtherHelp]) -> list[dict[str, Any]]:
    """The payments as the page shows them: what it is, how and to whom, and the decision that it rests on. `helps`: her
    own help under 12 kap. 2 § that some of them pay."""
    shown = [payment for payment in payments if payment.state not in GONE]
    behind = decisions_behind(shown)
    found = []
    for payment in shown:
        help_ = helps.get(payment.id)
        what = {"what": gettext("Other help")} if help_ else {}
        more = {"decision": behind.get(payment.id), "help": help_.id if help_ else None}
        found.append(_payment(payment, person) | what | more)
    return found


def _behind(tenant: str, shown: dict[str, Any]) -> str:
    """The page of the decision that a payment rests on; "" where there is none."""
    if shown["decision"]:
        return reverse("decision", args=[tenant, shown["decision"]])
    return reverse("other-help", args=[tenant, shown["help"]]) if shown["help"] else ""


def _what(payment: Payment) -> str:
    if payment.direct is not None:
        return code_name(law_of(acting_door().the_tenant.country).PACK, "costs", payment.direct.cost_code)
    return gettext("Advance") if is_advance(payment) else gettext("Financial support")


def _way(payment: Payment) -> str:
    return {
        "slip": gettext("payment slip by post"),
        "bankgiro": gettext("bankgiro"),
        "plusgiro": gettext("plusgiro"),
    }.get(payment.account_kind, gettext("bank account"))


def _payment(payment: Payment, person: Person) -> dict[str, Any]:
    states = {
        **dict.fromkeys(
            (PaymentState.SENT, PaymentState.CONFIRMED),
            (gettext("paid"), "success") if is_paid(payment) else (gettext("sent to the bank"), "info"),
        ),
        **dict.fromkeys(COMING, (gettext("planned"), "info")),
        **dict.fromkeys((PaymentState.BLOCKED, PaymentState.HELD), (gettext("stopped: contact us"), "warning")),
        PaymentState.RETURNED: (gettext("came back: contact us"), "warning"),
    }
    said, colour = states[PaymentState(payment.state)]
    mine = payment.payee_id == person.id
    return {
        "on": payment.pay_on,
        "month": payment.period.since,
        "amount": payment.amount,
        "currency": payment.currency,
        "said": said,
        "colour": colour,
        # The account of the other adult is nobody else's business.
        "account_end": payment.account_number[-4:] if mine else "",
        "mine": mine,
        "what": _what(payment),
        "way": _way(payment) if mine or payment.direct else "",
        "to": payment.payee_name if payment.direct else "",
    }


def _sentence(decision: Decision) -> str:
    words = {"amount": money(decision.amount, decision.currency), "month": month(decision.period.since)}
    if decision.outcome == Outcome.AVSLAG:
        return gettext("You get no financial support for %(month)s") % words
    if decision.outcome == Outcome.AVVISNING:
        return gettext("Your application for %(month)s isn’t examined") % words
    return gettext("You get %(amount)s for %(month)s") % words


def decision_of(key: UUID, by: Actor) -> Decision:
    """A decision that was taken about a case of this citizen; Hidden otherwise."""
    found = (
        Decision.objects.select_related(
            "case__applicant", "case__co_applicant", "period", "sheet", "replaces", "decided_by"
        )
        .filter(id=key, state__in=TAKEN)
        .first()
    )
    if found is None:
        raise Hidden("decision", key)
    case_for_citizen(found.case_id, by)
    return found


@require_safe
@citizen_page("decision")
def decision(request: HttpRequest, tenant: str, decision: UUID) -> HttpResponse:
    """A decision: one sentence, then the sheet line by line, the law at each, how to appeal, the letter."""
    person = me(request)
    found = decision_of(decision, request.door.the_actor)  # type: ignore[attr-defined]
    looked_at("decision", found.case_id)
    letter = Letter.objects.filter(decision=found).first()
    content, hers = (letter.content, _hers(found, letter, person)) if letter else ({}, None)
    calculation = stored_calculation(found.sheet)
    payments = [p for p in payments_of([found.case_id]) if p.period_id == found.period_id and p.state not in OVER]
    facts = {
        "decision": found,
        "month": found.period.since,
        "sentence": _sentence(found),
        "partly": found.outcome == Outcome.DELAVSLAG,
        "payments": [p for p in _payments(payments, person, {}) if p["decision"] == found.id],
        "replaced_by": replaced_by(found.id),
        "paid_before": paid_in_advance(found.id),
        "groups": shown_groups(calculation, names_in(found, person)),
        **(_nothing(calculation) if found.refused_on else shown_results(calculation)),
        "content": content,
        "letter_ready": bool(hers and hers.document_id),
        "reasons": _unnamed(found, _own_reasons(found, content, person), person),
        **_refused(found, content),
        "letter_withheld": hers is None and letter is not None,
        "lodged_here": lodged_here(found),
        "decider": found.decided_by.name if found.decided_by else "",
        "appeals": [
            one for one in appeals_in([found.case_id]) if one.person_id == person.id and one.decision_id == found.id
        ],
    }
    return render(request, "citizen/decision.html", facts)


def _hers(decision: Decision, letter: Letter, viewer: Person) -> Letter | PersonalLetter | None:
    """The letter that an adult of the case may have: where each of two has her own reasons, the one to her; none where
    it tells details of somebody who is protected from her, or names her in the reasons, or where such reasons stand in
    one letter (before there were two)."""
    own = _own_reasons(decision, letter.content, viewer)
    if unseen_by_relative(decision, letter.content, viewer.id) or _unnamed(decision, own, viewer) != own:
        return None
    if not letter.content.get("reasons_co"):
        return letter
    apart = PersonalLetter.objects.select_related("document").filter(case=decision.case_id, person=viewer)
    return apart.filter(content__number=decision.number, content__has_key="sheet").first()


def _own_reasons(decision: Decision, content: dict[str, Any], viewer: Person) -> str:
    """The reasons for an adult of the case: her own, where there are some for each of two."""
    own = content.get("reasons_co")
    return str(own["text"] if own and viewer.id == decision.case.co_applicant_id else content.get("reasons", ""))


def _unnamed(decision: Decision, said: str, viewer: Person) -> str:
    """A text for an adult of the case that doesn't name the other one if she is protected now."""
    for adult in (decision.case.applicant, decision.case.co_applicant):
        if adult is not None and adult != viewer and adult.protection_level:
            for name in filter(None, (full_name(adult), adult.given_name)):
                said = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", lambda _: gettext("The other adult"), said)
    return said


def _refused(decision: Decision, content: dict[str, Any]) -> dict[str, str]:
    """On which ground it was refused or dismissed, as the letter says it, or translated to the language of the page, as
    in the letter's help; with that language."""
    other, page = refused_on_ground(decision.refused_on), reading()
    if other is None or page == decision.language or page not in other.letter:
        return {"refused": content.get("outcome", ""), "refused_in": decision.language}
    return {"refused": other.letter[page].format(month=month_in(decision.period.since, page)), "refused_in": page}


def lodged_here(decision: Decision) -> bool:
    """Whether an appeal is sent to us (Sweden); elsewhere the remedy says to whom she writes, signed by hand."""
    return bool(decision.sheet.pack == "se")


def names_in(decision: Decision, person: Person) -> dict[str, str]:
    """What the people of a decision are called on a relative's page, by key; who is protected isn't among them."""
    seen = household_seen_by_relative(
        person.id, decision.case.household_id, decision.period.since, decision.period.until
    )
    return {str(m.person.id): m.person.name for m in seen if not m.person.masked}


def shown_groups(calculation: Calculation, names: dict[str, str]) -> list[dict[str, Any]]:
    """A calculation as its page shows it: groups of rows with their sums, in Sweden income with a minus, and the
    language of its words where the page is in another. Of people who aren't in `names` only the amounts are told."""
    say, page = wording_of(calculation.pack), reading()
    language = page if page in say.languages else say.languages[0]
    marked = "" if page == language else language

    def hidden(line: Line) -> bool:
        return bool(line.person) and line.person not in names

    def shown(lines: Iterable[Line], sign: int = 1) -> list[dict[str, Any]]:
        return [
            {
                "text": gettext("For one person") if hidden(line) else say.label(line, language),
                "person": gettext("One of the household") if hidden(line) else names.get(line.person or "", ""),
                "amount": sign * line.amount,
                "why": "" if hidden(line) else calculation.explain(line, language),
                "lang": "" if hidden(line) else marked,
                "law": "" if hidden(line) else line.section,  # a section may tell what somebody needs, and why
                "law_url": law_url(say, line.section),
            }
            for line in lines
        ]

    if calculation.pack != "se":
        return [
            {
                "title": say.say(f"group.{group.name}", language),
                "rows": shown(lines),
                "total": (say.say(f"sum.{group.name}", language), calculation.totals[group.total]),
                "lang": marked,
            }
            for group in say.groups
            if (lines := [line for line in calculation.lines if group.belongs(line)])
        ]

    def rows(*kinds: str, special: bool | None = None, sign: int = 1) -> list[dict[str, Any]]:
        found = (line for line in calculation.lines if line.code.partition(".")[0] in kinds)
        return shown((line for line in found if special is None or _special(line) == special), sign)

    total = calculation.totals
    found = [
        {
            "title": gettext("What the national norm gives"),
            "rows": rows("PERSON", "COMMON"),
            "total": (gettext("The national norm"), total["NormSum"]),
        },
        {
            "title": gettext("Your costs"),
            "rows": rows("COST", special=False),
            "total": (gettext("Costs that we count"), total["ExpenseSum"]),
        },
        {
            "title": gettext("Other costs"),
            "rows": rows("COST", special=True),
            "total": (gettext("Other costs that we count"), total["SpecialExpenseSum"]),
        },
        {
            "title": gettext("Your income"),
            "rows": rows("INCOME", sign=-1),
            "total": (gettext("Income that we count"), -total["IncomeSum"]),
        },
    ]
    return [group for group in found if group["rows"]]


def shown_results(calculation: Calculation) -> dict[str, Any]:
    """What is granted (`granted`, `surplus`), and where the law has it what leads there (`results`: need, less income,
    less a reduction) and what is left of it (`paid`: less an instalment)."""
    found: dict[str, Any] = {"granted": calculation.granted, "surplus": calculation.surplus}
    if calculation.pack == "se":
        return found
    say, page = wording_of(calculation.pack), reading()
    language = page if page in say.languages else say.languages[0]
    rows = say.results(calculation)
    at = [name for name, _ in rows].index("granted")
    return found | {
        part: [(say.say(name, language), amount) for name, amount in some if name != "surplus"]
        for part, some in (("results", rows[:at]), ("paid", rows[at + 1 :]))
    }


def _nothing(calculation: Calculation) -> dict[str, Any]:
    """The same where nothing is granted, whatever the calculation comes to."""
    alone = calculation.granted or -calculation.surplus
    return {"granted": 0, "surplus": 0, "results": [(gettext("By the calculation alone"), alone)]}


def _special(line: Line) -> bool:
    return COSTS[line.code.partition(".")[2]].special


@require_safe
@outside_page("decision letter")
def letter(request: HttpRequest, tenant: str, decision: UUID) -> HttpResponse:
    """The letter as PDF, as it was set once."""
    by = request.entrance[1]  # type: ignore[attr-defined]
    with opened(request) as door:
        found = decision_of(decision, by)
        whole = Letter.objects.select_related("document").filter(decision=found).first()
        if whole is None:
            raise Http404
        row = _hers(found, whole, Person.objects.get(id=by.id))
        if row is None:
            raise Hidden("decision letter", found.case_id)
        if row.document is None:
            raise Http404
        looked_at("decision letter", found.case_id)
        key, document, place = file_key(), row.document, str(door.the_tenant.id)
    store = for_tenant(Path(settings.DATA) / "files" / place, key)
    content = b"".join(store.read(UUID(document.store_key)))
    return download(content, f"{found.number}.pdf", "application/pdf")


R = TypeVar("R", Recovery, OtherHelp, Order)


def decided_for_herself(rows: QuerySet[R], key: UUID, by: Actor, what: str) -> R:
    """The one of the decided `rows` with that key, about the citizen herself; Hidden (a `what`) otherwise, for the
    other adult of her case too."""
    found = rows.filter(id=key).first()
    if found is None or by.kind != "citizen" or found.person_id != by.id:
        raise Hidden(what, key)
    case_for_citizen(found.case_id, by)
    return found


def personal_letter(letter: PersonalLetter | None, tenant: int) -> Callable[[], HttpResponse]:
    """What reads a letter to one person as PDF, to be called outside the door; 404 where there is none (yet)."""
    if letter is None or letter.document is None:
        raise Http404
    name, place, key = f"{letter.content['number']}.pdf", UUID(letter.document.store_key), file_key()
    store = for_tenant(Path(settings.DATA) / "files" / str(tenant), key)
    return lambda: download(b"".join(store.read(place)), name, "application/pdf")


def download(content: bytes, name: str, content_type: str) -> HttpResponse:
    """A file to keep."""
    response = HttpResponse(content, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
