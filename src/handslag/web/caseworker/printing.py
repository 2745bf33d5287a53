"""What is to be printed and posted: the notices of each day for people without e-mail and telephone; what came back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from handslag.domain.audit.operations import looked_at
from handslag.domain.tasks.models import PrintBatch
from handslag.domain.tasks.operations import note_returned
from handslag.domain.tasks.queries import protection_printed
from handslag.domain.tenancy.policies import NotPossible
from handslag.domain.tenancy.states import Role
from handslag.web.caseworker.pages import attempt, base, page, require
from handslag.web.caseworker.wording import refusal
from handslag.web.entry.pages import desk_page
from handslag.web.ui import formats


class ReturnedForm(forms.Form):
    """A page that came back by post: of which batch, and its number in that PDF."""

    batch = forms.ChoiceField(label=gettext_lazy("Made"))
    page = forms.IntegerField(label=gettext_lazy("Page"), min_value=1, max_value=2000)

    def __init__(self, data: Any, *, batches: list[tuple[str, str]]) -> None:
        super().__init__(data)
        self.fields["batch"].choices = batches  # type: ignore[attr-defined]


@desk_page("print")
def batches(request: HttpRequest, tenant: str) -> HttpResponse:
    """The newest print batches with their PDF and manifest, and the form for a page that came back."""
    return _batches(request, None)


def _batches(request: HttpRequest, data: Any) -> HttpResponse:
    member = require(request, Role.REGISTRAR)
    looked_at("print batches")
    newest = list(PrintBatch.objects.order_by("-made_at")[:40])
    levels = protection_printed(newest)
    shown = [(each, levels[each.id] > member.clearance) for each in newest]
    theirs = [(str(each.id), formats.moment(each.made_at)) for each, withheld in shown if not withheld]
    form = ReturnedForm(data, batches=theirs)
    if data is not None and form.is_valid():
        told = {"batch": UUID(form.cleaned_data["batch"]), "page": form.cleaned_data["page"]}
        try:
            attempt(request, note_returned, **told)
        except NotPossible as refused:
            form.add_error("page", refusal(refused))
        else:
            return HttpResponseRedirect(f"{base(request)}/print/?returned=1")
    return page(
        request,
        "print.html",
        batches=shown,
        form=form,
        may_note=bool(theirs),
        noted=data is None and "returned" in request.GET,
    )


@desk_page("print")
@require_POST
def returned(request: HttpRequest, tenant: str) -> HttpResponse:
    """A page came back by post: `batch`, `page`."""
    return _batches(request, request.POST)
