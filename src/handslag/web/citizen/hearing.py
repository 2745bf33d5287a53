"""What a person thinks before a decision that isn't what she hoped for: asked here, answered here."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.permissions import case_for_citizen
from handslag.domain.decisions.models import Hearing
from handslag.domain.decisions.operations import answer_hearing
from handslag.domain.decisions.operations.help import apart, text_or_help
from handslag.domain.decisions.queries import is_decided_since
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.web.citizen.person import me
from handslag.web.citizen.steps import reading
from handslag.web.entry.pages import citizen_page


class SayForm(forms.Form):
    """What she thinks."""

    answer = forms.CharField(
        label=gettext_lazy("What you think"),
        error_messages={"required": gettext_lazy("Write what you think.")},
        widget=forms.Textarea(attrs={"rows": 8}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@citizen_page("hearing", whose=("hearing", "tenant", "hearing"))
def hearing(request: HttpRequest, tenant: str, hearing: UUID) -> HttpResponse:
    """What is considered, and what that rests on; POST `answer` says what she thinks."""
    person = me(request)
    found = Hearing.objects.select_related("case", "period", "terms").filter(id=hearing, person=person).first()
    if found is None:
        raise Hidden("hearing", hearing)
    case_for_citizen(found.case_id, request.door.the_actor)  # type: ignore[attr-defined]
    looked_at("hearing", found.case_id)
    unsent = ""
    form = SayForm(request.POST if request.method == "POST" else request.kept)  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        try:
            answer_hearing(
                tenant=tenant,
                by=request.door.the_actor,  # type: ignore[attr-defined]
                now=request.now,  # type: ignore[attr-defined]
                hearing=found.id,
                answer=form.cleaned_data["answer"],
            )
        except NotPossible as refusal:
            found.refresh_from_db()
            if refusal.code in ("hearing answered", "hearing over"):
                said = form.cleaned_data["answer"].replace("\r\n", "\n")
                unsent = said if said != found.answer else ""
            else:
                form.add_error(
                    "answer", gettext("This is too long. Write the most important here, the rest as messages.")
                )
        if not form.errors and not unsent:
            return HttpResponseRedirect(request.path)
    asked_on = request.door.the_tenant.today(found.asked_at)  # type: ignore[attr-defined]
    reads = reading()
    order, terms = found.case.legal_order, found.terms
    helps = text_or_help(order, terms.key, reads, asked_on) if reads != terms.language else ""
    facts = {
        "hearing": found,
        "month": found.period.since,
        "terms": terms.body.format(day=found.answer_by.isoformat()),
        "help": (reads, helps.format(day=apart(found.answer_by.isoformat(), reads))) if helps else None,
        "form": form,
        "unsent": unsent,
        "over": found.answered_at is None and is_decided_since(found),
    }
    return render(request, "citizen/hearing.html", facts, status=422 if form.errors or unsent else 200)
