"""The fifth screen: each adult signs, by an own step-up, the digest of exactly what was shown."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe

from handslag.connectors.eid.port import Cancelled, EidError, TooWeak, Unreachable
from handslag.domain.audit.operations import looked_at
from handslag.domain.documents.queries import help_with
from handslag.domain.intake import operations as intake
from handslag.domain.intake.models import Application, Draft, Signature
from handslag.domain.intake.permissions import draft_for_citizen
from handslag.domain.intake.policies import words_of_need
from handslag.domain.intake.queries import signed_by, signing_used, signs_through
from handslag.domain.intake.states import DraftState
from handslag.domain.people.queries import number_of_log_in
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.policies import NotPossible, setting
from handslag.web.citizen import eid
from handslag.web.citizen.document import sections, told
from handslag.web.citizen.person import me, name_of, representatives
from handslag.web.citizen.steps import form_behind, reading, steps
from handslag.web.entry.pages import citizen_page, opened, outside_page

log = structlog.get_logger("citizen")
SIGN = ("sign", "tenant", "draft")


@require_safe
@citizen_page("renewal", whose=SIGN)
def sign(request: HttpRequest, tenant: str, draft: UUID) -> HttpResponse:
    """What will be signed, exactly, and who has signed; the button leads to the e-ID."""
    person = me(request)
    found = draft_for_citizen(draft, request.door.the_actor)  # type: ignore[attr-defined]
    elsewhere = moved_on(tenant, found)
    if elsewhere or any(s.person_id == person.id for s in signed_by(found)):
        eid.forget_signing(request, draft)
    if elsewhere:
        reopened = found.state == DraftState.OPEN and request.GET.get("trouble") == "content"
        return HttpResponseRedirect(elsewhere + ("?reopened" if reopened else ""))
    looked_at("draft", found.case_id)
    signed = {s.person_id: s for s in signed_by(found)}
    adults = [p for p in (found.case.applicant, found.case.co_applicant) if p is not None]
    sent = Application.objects.filter(id=found.corrects_id).first() if found.corrects_id else None
    assert found.shown is not None and found.signing_text is not None
    eid.leads_there(request, eid.chosen())
    facts = {
        "draft": found,
        "month": found.period.since,
        "steps": steps(tenant, found, "sign"),
        "sections": sections(found.shown, viewer=person.id),
        "differences": told(found.shown, sent.document, person.id) if sent else [],
        "signing_text": found.signing_text,
        "signing_help": help_with(found.case.legal_order, found.signing_text.key, reading(), found.period.since)
        if found.signing_text
        else None,
        "signers": [
            {"name": name_of(adult, person.id), "me": adult.id == person.id, "signed": signed.get(adult.id)}
            for adult in adults
        ],
        "others": [name_of(adult, person.id) for adult in adults if adult.id != person.id],
        "i_have_signed": person.id in signed,
        "somebody_signed": bool(signed),
        "until": _until(signed.values()),
        "urgent": person.id in signed and bool(words_of_need(form_behind(found), found.shown["answers"])),
        "trouble": request.GET.get("trouble", ""),
        "representatives": representatives(found.shown, person.id),
        "may_sign": signs_through(found, person.id) == acting_door().the_actor.through,
    }
    return render(request, "citizen/sign.html", facts)


def _until(signed: Iterable[Signature]) -> date | None:
    """The last day on which the other adult can sign, once one has."""
    first = min((one.signed_at for one in signed), default=None)
    return acting_door().the_tenant.today(first) + timedelta(days=int(setting("signature_days"))) if first else None


def moved_on(tenant: str, draft: Draft) -> str | None:
    """Where to go when the draft isn't waiting for signatures."""
    if draft.state == DraftState.ACCEPTED:
        return reverse("receipt", args=[tenant, draft.id])
    if draft.state == DraftState.OPEN:
        return reverse("step", args=[tenant, draft.id, "check"])
    return None if draft.state == DraftState.SIGNING else reverse("my", args=[tenant])


def by_hand(request: HttpRequest, tenant: str, by: Actor, draft: UUID) -> HttpResponse:
    """What can't be signed on-line because of who lives in the household: somebody at the office looks at it, and My
    pages say so."""
    with suppress(NotPossible):
        intake.ask_about_household(tenant=tenant, by=by, now=request.now, draft=draft)  # type: ignore[attr-defined]
    return HttpResponseRedirect(f"{reverse('my', args=[tenant])}?by-hand")


@require_POST
@outside_page("sign", instead=SIGN, whose=SIGN)
def begin(request: HttpRequest, tenant: str, draft: UUID) -> HttpResponse:
    """To the e-ID, bound to the digest of what is fixed."""
    by: Actor = request.entrance[1]  # type: ignore[attr-defined]
    here = reverse("sign", args=[tenant, draft])
    with opened(request):
        found = draft_for_citizen(draft, by)
        if elsewhere := moved_on(tenant, found):
            return HttpResponseRedirect(elsewhere)
        if any(s.person_id == by.id for s in signed_by(found)):
            return HttpResponseRedirect(here)
        choice, digest = eid.chosen(), found.shown_digest
        assert by.id is not None
        if signs_through(found, by.id) != by.through:
            return HttpResponseRedirect(here)
        number = number_of_log_in(by, request.session["citizen"].get("login"))
    try:
        language = get_language() or "sv"
        where, begun = eid.begin(
            tenant, choice, "sign", language=language, digest=digest, number=number, draft=str(draft)
        )
    except EidError as trouble:
        log.warning("signing not begun", code=trouble.code, reason=trouble.reason)
        return HttpResponseRedirect(f"{here}?trouble=away")
    try:
        with opened(request):
            now = request.now  # type: ignore[attr-defined]
            intake.begin_signing(tenant=tenant, by=by, now=now, draft=draft, state=begun["flow"]["state"])
    except NotPossible as refusal:
        if refusal.code != "another adult":
            return HttpResponseRedirect(here)
        with opened(request):
            return by_hand(request, tenant, by, draft)
    eid.remember(request, begun)
    return HttpResponseRedirect(where)


def finish(request: HttpRequest, by: Actor, begun: dict[str, Any]) -> HttpResponse:
    """The browser is back from the e-ID. Where a signature is taken the session is read here and not written: the
    proof that the step-up is used once is a row that the signing consumes; the page that follows forgets the flow."""
    where = _finish(request, by, begun)
    if "?" in where:
        eid.forget(request, begun)
    return HttpResponseRedirect(where)


def _finish(request: HttpRequest, by: Actor, begun: dict[str, Any]) -> str:
    """Where it goes on: with a query where nothing was signed."""
    tenant, draft, state = begun["tenant"], UUID(begun["draft"]), begun["flow"]["state"]
    here = reverse("sign", args=[tenant, draft])
    try:
        identity = eid.finish(begun, request)
    except Cancelled:
        return f"{here}?trouble=cancelled"
    except TooWeak:
        return f"{here}?trouble=weak"
    except Unreachable as trouble:
        log.warning("signing failed", code=trouble.code, reason=trouble.reason)
        return f"{here}?trouble=away"
    except EidError as trouble:
        # Come back twice with the same answer: the code is spent, and the first one is, or will be, accepted.
        if _signed_meanwhile(request, state):
            return here
        log.warning("signing failed", code=trouble.code, reason=trouble.reason)
        return f"{here}?trouble=late"
    signed = intake.SignedBy(
        issuer=identity.issuer,
        subject=identity.subject,
        identifier=identity.identifier,
        acr=identity.acr,
        digest=begun["flow"]["digest"],
        evidence=identity.evidence,
    )
    try:
        with opened(request):
            now = request.now  # type: ignore[attr-defined]
            done = intake.sign(tenant=tenant, by=by, now=now, state=state, signed=signed)
    except NotPossible as refusal:
        if refusal.code == "decided":
            return f"{reverse('my', args=[tenant])}?too-late"
        told = {"other person": "?trouble=person", "other content": "?trouble=content"}.get(refusal.code, "")
        return f"{here}{told}"
    return reverse("receipt", args=[tenant, draft]) if done.receipt else here


def _signed_meanwhile(request: HttpRequest, state: str) -> bool:
    for _ in range(10):
        with opened(request):
            if signing_used(state) is not None:
                return True
        time.sleep(0.1)
    return False


@require_POST
@citizen_page("renewal", instead=SIGN, whose=SIGN)
def withdraw(request: HttpRequest, tenant: str, draft: UUID) -> HttpResponse:
    """Take the application back before it is sent; leads to My pages, or to the receipt where it was sent just now."""
    by = request.door.the_actor  # type: ignore[attr-defined]
    try:
        found = intake.withdraw_draft(tenant=tenant, by=by, now=request.now, draft=draft)  # type: ignore[attr-defined]
    except NotPossible:
        return HttpResponseRedirect(moved_on(tenant, draft_for_citizen(draft, by)) or reverse("my", args=[tenant]))
    said = "dropped" if found.corrects_id else "taken-back"
    return HttpResponseRedirect(f"{reverse('my', args=[tenant])}?{said}")


@require_POST
@citizen_page("renewal", instead=SIGN, whose=SIGN)
def change(request: HttpRequest, tenant: str, draft: UUID) -> HttpResponse:
    """Back from signing to changing; signatures given so far no longer count."""
    by = request.door.the_actor  # type: ignore[attr-defined]
    try:
        intake.change_again(tenant=tenant, by=by, now=request.now, draft=draft)  # type: ignore[attr-defined]
    except NotPossible:
        return HttpResponseRedirect(reverse("sign", args=[tenant, draft]))
    return HttpResponseRedirect(reverse("step", args=[tenant, draft, "check"]))
