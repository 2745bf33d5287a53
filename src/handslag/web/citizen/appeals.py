"""An appeal: written or sent as files on the page of the decision; then what becomes of it, until the court has it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from handslag.domain.audit.operations import looked_at
from handslag.domain.decisions.models import Letter
from handslag.domain.decisions.operations.appeals import lodge_appeal
from handslag.domain.decisions.permissions import appeal_for_citizen
from handslag.domain.decisions.queries import appeal_files
from handslag.domain.decisions.states import AppealState
from handslag.domain.tenancy.door import Actor
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.web.citizen.evidence import received, shown_document, why_refused
from handslag.web.citizen.overview import decision_of, lodged_here, personal_letter
from handslag.web.citizen.person import me
from handslag.web.entry import kept
from handslag.web.entry.pages import citizen_page, opened, outside_page
from handslag.web.entry.uploads import Refused, named_key


@require_http_methods(["GET", "HEAD", "POST"])
@outside_page("appeal", whose=("lodge-appeal", "tenant", "decision"))
def lodge(request: HttpRequest, tenant: str, decision: UUID) -> HttpResponse:
    """How to appeal a decision; POST `appeal` (a key), `text`, `photo`, `files` sends it, and leads to it."""
    by: Actor = request.entrance[1]  # type: ignore[attr-defined]
    assert by.id is not None
    again = kept.take(request, by) if request.method == "GET" else None
    posted = request.POST if request.method == "POST" else again
    text = posted.get("text", "") if posted is not None else ""
    key = named_key(posted.get("appeal", "") if posted is not None else "")
    refused: list[Refused] = []
    trouble = ""
    with opened(request):
        me(request)
        if not lodged_here(decision_of(decision, by)):
            raise Hidden("appeal", decision)
    if request.method == "POST":
        taken, refused = received(request)
        if not refused:  # else she chooses again: an appeal goes whole
            try:
                with opened(request):
                    row = lodge_appeal(
                        tenant=tenant,
                        by=by,
                        now=request.now,  # type: ignore[attr-defined]
                        appeal=key,
                        decision=decision,
                        text=text,
                        files=[(one.title, one.file) for one in taken],
                    )
                return HttpResponseRedirect(reverse("appeal", args=[tenant, row.id]))
            except NotPossible as refusal:
                if refusal.code == "sent already":
                    return HttpResponseRedirect(reverse("appeal", args=[tenant, refusal.facts["appeal"]]))
                trouble = {
                    "no appeal": gettext("Write what you want changed, or choose a photo or a file."),
                    "long appeal": gettext("The text is too long for this page. Send it as a file instead."),
                }.get(refusal.code, gettext("That is more files than we can take here. Send some of them by post."))
    with opened(request):
        found = decision_of(decision, by)
        looked_at("decision", found.case_id)
        facts = {
            "decision": found,
            "month": found.period.since,
            "how": Letter.objects.values_list("content", flat=True).get(decision=found)["appeal"],
            "refused": [why_refused(one) for one in refused],
            "trouble": trouble,
            "logged_out": again is not None,
            "text": text,
            "key": key,
        }
        return render(request, "citizen/appeal_form.html", facts, status=422 if refused or trouble else 200)


@require_safe
@citizen_page("appeal")
def appeal(request: HttpRequest, tenant: str, appeal: UUID) -> HttpResponse:
    """Her appeal: that it has come, what she sent, and what becomes of it."""
    me(request)
    found = appeal_for_citizen(appeal, request.door.the_actor)  # type: ignore[attr-defined]
    looked_at("appeal", found.case_id)
    facts: dict[str, Any] = {
        "appeal": found,
        "month": found.decision.period.since,
        "files": [shown_document(one) for one in appeal_files(found.id)],
        "dismissed": found.state == AppealState.DISMISSED,
        "at_court": found.state == AppealState.FORWARDED,
        "judged": found.state == AppealState.JUDGED,
    }
    return render(request, "citizen/appeal.html", facts)


@require_safe
@outside_page("appeal letter")
def letter(request: HttpRequest, tenant: str, appeal: UUID) -> HttpResponse:
    """The letter by which her appeal was dismissed, as PDF, as it was set once."""
    with opened(request) as door:
        found = appeal_for_citizen(appeal, request.entrance[1])  # type: ignore[attr-defined]
        looked_at("appeal", found.case_id)
        read = personal_letter(found.letter, door.the_tenant.id)
    return read()
