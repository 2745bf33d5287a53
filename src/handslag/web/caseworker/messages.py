"""Conversations with the adults of a case, each apart, and what the office answers."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.models import Message
from handslag.domain.casefile.operations import answer_message
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.queries import conversation
from handslag.domain.people.models import Person
from handslag.domain.people.queries import full_name, seen_by_staff
from handslag.domain.tenancy.permissions import Member
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
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)
    text = forms.CharField(
        label=gettext_lazy("Answer"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 4})
    )


def _said(case: UUID, adult: Person, member: Member) -> list[tuple[str, Message]]:
    """A conversation: who wrote each message, as this member sees her."""
    said = conversation(case, adult.id)
    agents = Person.objects.in_bulk([one.representative_id for one in said if one.representative_id])
    seen = seen_by_staff(member, list(agents.values()))

    def who_wrote(one: Message) -> str:
        if one.member is not None:
            return str(one.member.name)
        if one.representative_id is None:
            return full_name(adult)
        agent = seen[one.representative_id].name or _("Protected person")
        return _("%(name)s, for %(person)s") % {"name": agent, "person": full_name(adult)}

    return [(who_wrote(one), one) for one in said]


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
        said = _said(found.id, adult, member)
        seen = sum(one.member_id is None for _, one in said)
        mine = form if form is not None and form.data.get("person") == str(adult.id) else None
        if mine is not None:
            mine.data = {**dict(mine.data.items()), "seen": seen}  # shown now: it can be sent after reading
        fresh = AnswerForm(initial={"person": adult.id, "message": uuid7(), "seen": seen}, auto_id=f"id_{adult.id}_%s")
        threads.append((full_name(adult), said, mine or fresh))
    return page(
        request,
        "messages.html",
        case=found,
        name=full_name(found.applicant),
        threads=threads,
        may_enter=bool(member.roles & {Role.REGISTRAR, Role.CASEWORKER}),
        may_answer=bool(member.roles & {Role.CASEWORKER, Role.DECIDER}),
        form=form,
    )
