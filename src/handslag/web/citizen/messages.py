"""A person writes to the office, at any time and about anything, and reads what it answered."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.operations import send_message
from handslag.domain.casefile.permissions import case_for_citizen
from handslag.domain.casefile.queries import conversation
from handslag.domain.people.queries import representations_of
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel.ids import uuid7
from handslag.web.citizen.person import me, who_represents
from handslag.web.entry.pages import citizen_page


class MessageForm(forms.Form):
    """A message; its key is drawn when the page is shown, so that sending twice sends once."""

    message = forms.UUIDField(widget=forms.HiddenInput)
    text = forms.CharField(required=False, strip=False, widget=forms.Textarea(attrs={"rows": 5}))

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        self.fields["text"].label = gettext("Your message")


@require_http_methods(["GET", "HEAD", "POST"])
@citizen_page("messages", whose=("messages", "tenant", "case"))
def messages(request: HttpRequest, tenant: str, case: UUID) -> HttpResponse:
    """The conversation about a case; POST `text` under the key `message` sends."""
    person = me(request)
    found = case_for_citizen(case, request.door.the_actor)  # type: ignore[attr-defined]
    looked_at("messages", found.id)
    posted = request.POST if request.method == "POST" else request.kept  # type: ignore[attr-defined]
    form = MessageForm(posted, initial={"message": uuid7()})
    sent = False
    if request.method == "POST" and form.is_valid():
        try:
            send_message(
                tenant=tenant,
                by=request.door.the_actor,  # type: ignore[attr-defined]
                now=request.now,  # type: ignore[attr-defined]
                case=found.id,
                message=form.cleaned_data["message"],
                text=form.cleaned_data["text"],
            )
            sent = True
        except NotPossible as refusal:
            sent = refusal.code == "sent already"
            if not sent:
                form.add_error("text", _refusals()[refusal.code])
    if sent:
        return HttpResponseRedirect(f"{reverse('messages', args=[tenant, found.id])}?sent#newest")
    said = conversation(found.id, person.id)
    agents: dict[UUID | None, str] = {
        one.representative_id: who_represents(one.representative) for one in representations_of(person.id)
    }
    facts = {
        "case": found,
        "said": [(one, agents.get(one.representative_id, "")) for one in said],
        "form": form,
        "sent": "sent" in request.GET and bool(said),
        "urgent": "sent" in request.GET and any(m.urgent for m in said[-1:]),
    }
    return render(request, "citizen/messages.html", facts, status=422 if form.errors else 200)


def _refusals() -> dict[str, str]:
    return {
        "empty message": gettext("Write your message."),
        "long message": gettext("The message is too long. Send it in several parts."),
        "other message": gettext("You have sent another message from this page. Reload the page, then send this one."),
    }
