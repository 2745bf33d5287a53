"""The receipt: what was received, what happens next, and how anybody can check it without us."""

from __future__ import annotations

import json
from datetime import date
from typing import Any, cast, get_args
from uuid import UUID

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, override
from django.views.decorators.http import require_POST, require_safe

from handslag.connectors.letter import port
from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.queries import periods_of
from handslag.domain.intake.models import Application
from handslag.domain.intake.operations import begin_correction, withdraw_application
from handslag.domain.intake.permissions import receipt_for_citizen
from handslag.domain.intake.policies import words_of_need
from handslag.domain.intake.queries import draft_of, lacking_of, standing_of
from handslag.domain.payments.policies import pay_day
from handslag.domain.people.models import Person
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.models import Organisation, TenantKeyRow
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible, setting
from handslag.kernel import canonical
from handslag.kernel.months import Month
from handslag.rules.packs import law_of
from handslag.web.citizen import eid
from handslag.web.citizen.document import sections, told
from handslag.web.citizen.overview import decided_by, download
from handslag.web.citizen.person import me, name_of, representatives
from handslag.web.citizen.steps import form_behind, reading
from handslag.web.entry.pages import citizen_page, opened, outside_page
from handslag.web.ui.formats import day, moment, month

log = structlog.get_logger("citizen")


@require_safe
@citizen_page("receipt")
def receipt(request: HttpRequest, tenant: str, application: UUID) -> HttpResponse:
    """The receipt of an application."""
    facts = _facts(request, tenant, application)
    eid.forget_signing(request, application)
    return render(request, "citizen/receipt.html", facts)


@require_safe
@citizen_page("receipt")
def printed(request: HttpRequest, tenant: str, application: UUID) -> HttpResponse:
    """The receipt as a page to print: to take along from a computer on which nothing is to be saved."""
    return render(request, "citizen/receipt_print.html", _facts(request, tenant, application))


def _facts(request: HttpRequest, tenant: str, application: UUID) -> dict[str, Any]:
    person = me(request)
    door = request.door  # type: ignore[attr-defined]
    found = receipt_for_citizen(application, door.the_actor)
    case = found.application.case
    looked_at("receipt", case.id)
    for_month = Month.parse(found.body["month"])
    received = timezone.localtime(found.application.received_at).date()
    decided = periods_of(case.id)[for_month.since].last_decision_on
    return {
        "receipt": found,
        "application": found.application,
        "month": for_month.since,
        "received_at": found.application.received_at,
        "decided_by": decided_by(received),
        "decided": decided is not None and decided >= received,
        "pay_day": pay_day(for_month.since, decided_by(received), door.the_tenant.country, int(setting("payment_day"))),
        "case": case,
        "caseworker": case.caseworker.name if case.caseworker else "",
        "sections": sections(found.application.document, person.id),
        "urgent": decided is None
        and bool(words_of_need(form_behind(found.application), found.application.document["answers"])),
        "already": "already" in request.GET,
        "no_paper": "no-paper" in request.GET,
        **_standing(found.application, person),
        "trouble": request.GET.get("trouble", ""),
        "keys_url": request.build_absolute_uri(f"/{tenant}/keys.json"),
    }


def _standing(application: Application, person: Person) -> dict[str, Any]:
    """What became of it and what she may still do; what it changed, where it corrects another."""
    now_at = standing_of(application.id)
    before = Application.objects.filter(id=application.corrects_id).first() if application.corrects_id else None
    return {
        "open": now_at.open,
        "corrected_by": now_at.corrected_by,
        "taken_back": now_at.is_taken_back,
        "i_took_back": any(one.person_id == person.id for one in now_at.withdrawn),
        "took_back": [name_of(one.person, person.id) for one in now_at.withdrawn if one.person_id != person.id],
        "couple": len(application.document["applicants"]) > 1,
        "lacking": bool(lacking_of(application)),
        "representatives": representatives(application.document, person.id),
        "before": before,
        "differences": told(application.document, before.document, person.id) if before else [],
    }


@require_POST
@citizen_page("renewal", instead=("receipt", "tenant", "application"))
def correct(request: HttpRequest, tenant: str, application: UUID) -> HttpResponse:
    """Begin to correct what was sent, or go on with it; leads to the check page, from where each part is changed."""
    me(request)
    by = request.door.the_actor  # type: ignore[attr-defined]
    found = receipt_for_citizen(application, by)
    here = reverse("receipt", args=[tenant, application])
    try:
        draft = begin_correction(tenant=tenant, by=by, now=request.now, application=application)  # type: ignore[attr-defined]
    except NotPossible as refusal:
        running = None
        if refusal.code == "draft there":
            period = periods_of(found.application.case_id)[Month.parse(found.body["month"]).since]
            running = draft_of(period.id, found.application.form)
        if running is None:
            return HttpResponseRedirect(f"{here}?trouble={'hand' if refusal.code == 'by hand' else 'decided'}")
        draft = running
    return HttpResponseRedirect(reverse("step", args=[tenant, draft.id, "check"]))


@require_POST
@citizen_page("renewal", instead=("receipt", "tenant", "application"))
def withdraw(request: HttpRequest, tenant: str, application: UUID) -> HttpResponse:
    """Take back what was sent; leads to the receipt, which says what that means."""
    me(request)
    by = request.door.the_actor  # type: ignore[attr-defined]
    receipt_for_citizen(application, by)
    here = reverse("receipt", args=[tenant, application])
    try:
        withdraw_application(tenant=tenant, by=by, now=request.now, application=application)  # type: ignore[attr-defined]
    except NotPossible as refusal:
        return HttpResponseRedirect(here if refusal.code == "taken back" else f"{here}?trouble=decided")
    return HttpResponseRedirect(here)


@require_safe
@citizen_page("receipt")
def receipt_json(request: HttpRequest, tenant: str, application: UUID) -> HttpResponse:
    """The receipt with its signature and the key that checks it."""
    found = receipt_for_citizen(application, request.door.the_actor)  # type: ignore[attr-defined]
    looked_at("receipt", found.application.case_id)
    key = TenantKeyRow.objects.get(key_id=found.key_id).public_jwk
    proof = {"body": found.body, "key_id": found.key_id, "signature": found.signature, "key": key}
    text = json.dumps(proof, ensure_ascii=False, indent=1).encode()
    return download(text, f"{found.number}.json", "application/json")


@require_safe
@citizen_page("receipt")
def signed_document(request: HttpRequest, tenant: str, application: UUID) -> HttpResponse:
    """What was signed, in exactly the bytes that its fingerprint is of."""
    found = receipt_for_citizen(application, request.door.the_actor)  # type: ignore[attr-defined]
    document, viewer = found.application.document, request.door.the_actor.id  # type: ignore[attr-defined]
    if sections(document, viewer)["hidden"]:
        raise Hidden("application", application)
    looked_at("application", found.application.case_id)
    return download(canonical.dumps(document), f"{found.number}-application.json", "application/json")


@require_safe
@outside_page("receipt")
def receipt_pdf(request: HttpRequest, tenant: str, application: UUID) -> HttpResponse:
    """The receipt as PDF, with its signed text attached."""
    by = request.entrance[1]  # type: ignore[attr-defined]
    with opened(request) as door:
        found = receipt_for_citizen(application, by)
        looked_at("receipt", found.application.case_id)
        organisation = Organisation.objects.get(id=door.the_tenant.id)
        with override(_paper_language()):
            paper = _paper(found, organisation, by.id)
    try:
        made = port.for_tenant().receipt(paper)
    except port.LetterRefused as refusal:
        log.error("receipt not set", subject=str(application), error=type(refusal).__name__)
        return HttpResponseRedirect(f"{reverse('receipt', args=[tenant, application])}?no-paper")
    return download(made.content, f"{found.number}.pdf", "application/pdf")


def _paper_language() -> port.Language:
    """The page's, where letters are written in it; else that of the organisation's law."""
    own = law_of(acting_door().the_tenant.country).LANGUAGE
    return cast(port.Language, reading() if reading() in get_args(port.Language) else own)


def _paper(found: object, organisation: Organisation, viewer: UUID) -> port.Receipt:
    from handslag.domain.intake.models import Receipt

    assert isinstance(found, Receipt)
    application = found.application
    parts = sections(application.document, viewer)
    for_month = month(date.fromisoformat(f"{found.body['month']}-01"))
    language = _paper_language()

    def facts(screen: dict[str, Any]) -> tuple[port.Fact, ...]:
        members = [port.Fact(m["name"], m["role"]) for m in parts["members"]] if screen["household"] else []
        listed = screen["list"]
        lines = [
            port.Fact(" · ".join(filter(None, (row["label"], row["person"], row["note"]))), row["amount"])
            for row in (listed["rows"] if listed else [])
        ]
        if listed and not lines:
            lines = [port.Fact(listed["none"], "")]
        return (*members, *lines, *(port.Fact(one.label, one.value) for one in screen["facts"]))

    local = timezone.localtime(application.received_at)
    return port.Receipt(
        organisation=port.Organisation(
            name=organisation.name,
            address=tuple(organisation.address_lines),
            contact=tuple(filter(None, [organisation.telephone])),
            colour=organisation.colour,
        ),
        recipient=tuple(m["name"] for m in parts["members"] if m["person"] in application.document["applicants"]),
        reference=found.number,
        written_on=local.date(),
        language=language,
        heading=gettext("Receipt for your application"),
        statement=gettext("We have received your application for financial support for %(month)s.")
        % {"month": for_month},
        facts=(
            port.Fact(gettext("Receipt number"), found.number),
            port.Fact(gettext("Received"), moment(application.received_at)),
            port.Fact(gettext("Case"), application.case.number),
            port.Fact(gettext("Decision by"), day(decided_by(local.date()))),
        ),
        parts=(*(port.ReceiptPart(screen["label"], facts(screen)) for screen in parts["screens"] if facts(screen)),),
        closing=(
            port.Section(
                gettext("How to check this receipt"),
                gettext(
                    "The attached file is the receipt as we signed it. Its signature can be checked with our public "
                    "key, without asking us. The fingerprint is made from exactly what you signed."
                ),
            ),
        ),
        digest=application.digest,
        data=canonical.dumps({"body": found.body, "key_id": found.key_id, "signature": found.signature}).decode(),
        file_name=f"{found.number}.json",
        unshown=gettext(
            "□ stands for a sign that this paper can’t show. The signed document, which you can save where you found "
            "this receipt, has it exactly as you wrote it, and the fingerprint is made from that."
        ),
    )
