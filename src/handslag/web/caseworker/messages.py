"""Conversations with the adults of a case, each apart, and what the office answers."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.operations import answer_message
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.queries import conversation
from handslag.domain.people.queries import full_name
from handslag.domain.tenancy.policies import NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.ids import uuid7
from handslag.web.caseworker.pages import attempt, base, page, require, typed, who
from handslag.web.caseworker.wording import refusal
from handslag.web.entry.pages import desk_page


class AnswerForm(forms.Form):
    """What the office writes to one adult."""

    person = forms.UUIDField(widget=forms.HiddenInput)
    message = forms.UUIDField(widget=forms.HiddenInput)
    text = forms.CharField(
        label=gettext_lazy("Answer"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 4})
    )


@desk_page("messages")
def messages(request: HttpRequest, tenant: str, case: UUID) -> HttpResponse:
    """The conversations of a case; POST `person`, `message` (its key) and `text` answers."""
    found, member = case_for_staff(case, **who(request))
    looked_at("messages", found.id)
    adults = [adult for adult in (found.applicant, found.co_applicant) if adult is not None]
    posted = typed(request)
    form = AnswerForm(posted) if posted is not None else None
    if request.method == "POST":
        require(request, Role.CASEWORKER, Role.DECIDER)
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            attempt(request, answer_message, case=found.id, **form.cleaned_data)
        except NotPossible as trouble:
            if trouble.code != "sent already":
                form.add_error("text", refusal(trouble))
        if not form.errors:
            return HttpResponseRedirect(f"{base(request)}/cases/{found.id}/messages/")
    threads = []
    for adult in adults:
        mine = form if form is not None and form.data.get("person") == str(adult.id) else None
        fresh = AnswerForm(initial={"person": adult.id, "message": uuid7()}, auto_id=f"id_{adult.id}_%s")
        threads.append((full_name(adult), conversation(found.id, adult.id), mine or fresh))
    return page(
        request,
        "messages.html",
        case=found,
        name=full_name(found.applicant),
        threads=threads,
        may_answer=bool(member.roles & {Role.CASEWORKER, Role.DECIDER}),
        form=form,
    )
