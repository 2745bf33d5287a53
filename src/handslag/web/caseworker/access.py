"""A case that isn't hers, opened with a reason: until midnight, logged, and shown to who works it."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _

from handslag.domain.casefile.operations import take_access
from handslag.domain.tenancy.policies import NotPossible
from handslag.web.caseworker.pages import CASE_ROLES, attempt, base, page, require, typed
from handslag.web.caseworker.wording import ACCESS_REASONS, refusal
from handslag.web.entry.pages import desk_page

#: At which field each refusal stands.
_AT = {"access reason": "reason", "access text": "text", "no such case": "number"}


class AccessForm(forms.Form):
    """Which case, and why."""

    number = forms.CharField(label=_("Number of the case, or of one of its adults"), max_length=40)
    reason = forms.ChoiceField(
        label=_("Why you need to open it"), widget=forms.RadioSelect, choices=tuple(ACCESS_REASONS.items())
    )
    text = forms.CharField(
        label=_("In your own words"), max_length=400, min_length=10, widget=forms.Textarea(attrs={"rows": 3})
    )


@desk_page("open another unit's case")
def take(request: HttpRequest, tenant: str) -> HttpResponse:
    """Open a case with a reason: POST `number`, `reason`, `text`."""
    require(request, *CASE_ROLES)
    form = AccessForm(typed(request))
    if request.method == "POST" and form.is_valid():
        try:
            grant = attempt(request, take_access, **form.cleaned_data)
        except NotPossible as refused:
            if refused.code == "related":
                return HttpResponseRedirect(f"{base(request)}/cases/{refused.facts['case']}/")
            form.add_error(_AT.get(refused.code), refusal(refused))
        else:
            return HttpResponseRedirect(f"{base(request)}/cases/{grant.case_id}/")
    return page(request, "access.html", form=form)
