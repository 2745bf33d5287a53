"""What another case system says of a case, as the person sees it: in the same words and places as of ours."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.permissions import case_for_citizen
from handslag.domain.elsewhere.models import ForeignCase, HandOver
from handslag.domain.elsewhere.queries import foreign_cases
from handslag.domain.elsewhere.states import HandOverState, LookUp
from handslag.domain.people.models import Person
from handslag.domain.people.queries import numbers_of
from handslag.domain.tenancy.permissions import Hidden
from handslag.web.citizen.person import me
from handslag.web.citizen.steps import Step
from handslag.web.entry.pages import citizen_page
from handslag.web.ui.formats import day, money, month


def asked(cases: list[Case], foreign: dict[UUID, ForeignCase]) -> list[dict[str, Any]]:
    """For each case that is worked elsewhere: where, when it was asked, whether that failed, of when the answer is."""
    return [
        {
            "name": case.worked_in,
            "number": row.reference,
            "asked_at": row.asked_at,
            "failed": row.outcome in (LookUp.FAILED, LookUp.UNKNOWN),
            "answered_at": row.answer.answered_at if row.answer else None,
        }
        for case in cases
        if (row := foreign.get(case.id)) is not None and row.asked_at is not None
    ]


def _said(row: ForeignCase, part: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = row.answer.said[part] if row.answer else []
    return found


def steps(
    tenant: str, application: UUID, received: Any, row: ForeignCase | None, over: HandOver | None, expected: date
) -> list[Step]:
    """The way of an application that was handed over."""
    receipt = reverse("receipt", args=[tenant, application])
    found = [Step(gettext("Sent and received"), day(received), "done", gettext("Your receipt"), receipt)]
    told = [one for one in (_said(row, "statuses") if row else []) if one["application"] == str(application)]
    newest = max(told, key=lambda one: one["since"], default=None)
    state = newest["state"] if newest else "received"
    decision = next(
        (one for one in (_said(row, "decisions") if row else []) if one["application"] == str(application)), None
    )
    if state == "withdrawn":
        return [*found, Step(gettext("Taken back"), state="done")]
    if decision is None:
        if over is not None and over.state == HandOverState.WAITING and over.attempts:
            waits = gettext("On its way to who decides")
        elif state == "under review":
            waits = gettext("We are looking at it")
        elif state == "supplement requested":
            waits = gettext("We need something more from you: write to us")
        else:
            waits = gettext("Waits to be looked at")
        promised = date.fromisoformat(newest["expected_by"]) if newest and newest["expected_by"] else expected
        by_when = gettext("by %(day)s") % {"day": day(promised)}
        return [*found, Step(waits, state="now"), Step(gettext("Decision"), by_when), Step(gettext("Payment"))]
    assert row is not None
    where = reverse("decided-elsewhere", args=[tenant, row.id, key_of(decision["reference"])])
    how = gettext("See the decision and how we calculated")
    found.append(Step(gettext("Looked at"), state="done"))
    found.append(Step(_outcomes()[decision["outcome"]], day(decision["decided_on"]), "done", how, where))
    for payment in sorted(_said(row, "payments"), key=lambda one: one["on"]):
        if payment["decision"] == decision["reference"] and payment["state"] != "stopped":
            amount, on = money(payment["amount"], payment["currency"]), day(payment["on"])
            if payment["state"] == "returned":
                more = gettext("Contact us, so that we can pay you.")
                found.append(Step(gettext("The payment has stopped"), "", "now", more))
            elif payment["state"] == "paid":
                found.append(Step(gettext("%(amount)s paid") % {"amount": amount}, on, "done"))
            else:
                found.append(Step(gettext("%(amount)s is paid") % {"amount": amount}, on, "now"))
    return found


def key_of(reference: str) -> str:
    """How an address names a decision of another system."""
    return hashlib.sha256(reference.encode()).hexdigest()[:16]


def _outcomes() -> dict[str, str]:
    return {
        "granted": gettext("Decided: granted"),
        "partly granted": gettext("Decided: partly granted"),
        "refused": gettext("Decided: not granted"),
        "dismissed": gettext("Decided: not taken up"),
    }


def sentence(decision: dict[str, Any]) -> str:
    """A decision in one sentence."""
    words = {"amount": money(decision["amount"], decision["currency"]), "month": month(decision["month"])}
    if decision["outcome"] in ("refused", "dismissed"):
        return gettext("You get no financial support for %(month)s") % words
    return gettext("You get %(amount)s for %(month)s") % words


def decisions(tenant: str, row: ForeignCase) -> list[dict[str, Any]]:
    """The decisions, as the list on My pages shows them; newest first."""
    return [
        {
            "url": reverse("decided-elsewhere", args=[tenant, row.id, key_of(one["reference"])]),
            "sentence": sentence(one),
            "at": date.fromisoformat(one["decided_on"]),
        }
        for one in sorted(_said(row, "decisions"), key=lambda one: one["decided_on"], reverse=True)
    ]


def payments(tenant: str, row: ForeignCase, person: Person) -> list[dict[str, Any]]:
    """The payments, as My pages shows them; the end of an account only to whose it is."""
    said = {
        "planned": (gettext("planned"), "info"),
        "sent": (gettext("sent to the bank"), "info"),
        "paid": (gettext("paid"), "success"),
        "returned": (gettext("came back: contact us"), "warning"),
    }
    ways = {
        "slip": gettext("payment slip by post"),
        "bankgiro": gettext("bankgiro"),
        "plusgiro": gettext("plusgiro"),
        "account": gettext("bank account"),
    }
    numbers = {number.value for number in numbers_of([person.id]).get(person.id, [])}
    found = []
    for one in sorted(_said(row, "payments"), key=lambda one: one["on"], reverse=True):
        if one["state"] == "stopped":
            continue
        mine = one["identifier"] in numbers
        words, colour = said[one["state"]]
        found.append(
            {
                "on": date.fromisoformat(one["on"]),
                "month": date.fromisoformat(one["month"] + "-01"),
                "amount": one["amount"],
                "currency": one["currency"],
                "said": words,
                "colour": colour,
                "account_end": one["account_end"] if mine and one["way"] == "account" else "",
                "mine": mine,
                "what": one["kind"],
                "way": ways[one["way"]] if mine or not one["identifier"] else "",
                "to": "" if one["identifier"] else one["payee"],
                "url": reverse("decided-elsewhere", args=[tenant, row.id, key_of(one["decision"])])
                if one["decision"]
                else "",
            }
        )
    return found


@require_safe
@citizen_page("decision")
def decided(request: HttpRequest, tenant: str, case: UUID, decision: str) -> HttpResponse:
    """A decision that was taken in another case system: one sentence, its lines, the law, how to appeal."""
    person = me(request)
    found = case_for_citizen(case, request.door.the_actor)  # type: ignore[attr-defined]
    row = foreign_cases([found.id]).get(found.id)
    one = next((d for d in (_said(row, "decisions") if row else []) if key_of(d["reference"]) == decision), None)
    if row is None or one is None:
        raise Hidden("decision", found.id)
    looked_at("decision", found.id)
    where = reverse("decided-elsewhere", args=[tenant, row.id, decision])
    facts = {
        "decision": one,
        "sentence": sentence(one),
        "name": found.worked_in,
        "asked_at": row.asked_at,
        "answered_at": row.answer.answered_at if row.answer else None,
        "failed": row.outcome in (LookUp.FAILED, LookUp.UNKNOWN),
        "payments": [payment for payment in payments(tenant, row, person) if payment["url"] == where],
    }
    return render(request, "citizen/decided_elsewhere.html", facts)
