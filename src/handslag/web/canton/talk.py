"""What is said about an assignment or a change: taken back, taken up, answered, asked back about, added to, recalled,
reminded of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.inbox import take_up
from handslag.domain.exchange.operations.outbox import NewMessage, seal_message, take_back
from handslag.domain.exchange.queries import may_say, under_way
from handslag.domain.tenancy.policies import Conflict
from handslag.kernel.ids import uuid7
from handslag.messages import conversation as said_of
from handslag.web.canton.forms import BackForm, WordsForm
from handslag.web.desk.pages import attempt, version_seen, who

_WORDS = {
    "add": gettext_lazy("Your answer to what they asked back"),
    "recall": gettext_lazy("Why it is recalled"),
    "remind": gettext_lazy("Your reminder"),
}


def words_forms(request: HttpRequest) -> dict[str, forms.Form]:
    """The forms to say something in words; the one that was sent (`act`) holds what was typed."""

    def data(which: str) -> Any:
        return request.POST if request.POST.get("act", "") == which else None

    found: dict[str, forms.Form] = {"ask back": BackForm(data("ask back"), initial={"key": uuid7()}, auto_id="id_b_%s")}
    for place, (which, label) in enumerate(_WORDS.items()):
        form = WordsForm(data(which), initial={"key": uuid7()}, auto_id=f"id_{'cde'[place]}_%s")
        form.fields["text"].label = label
        found[which] = form
    return found


def said_about(
    request: HttpRequest,
    first: Message,
    act: str,
    forms_of: dict[str, Any],
    answering: Callable[[Message, Any], NewMessage],
) -> bool:
    """Carry out what was asked for; False where the form wants another look. `answering` builds the answer."""
    form, last = forms_of.get(act), under_way(first)
    if act == "take back":
        attempt(request, take_back, message=last.id if last else first.id, version=version_seen(request))
        return True
    if act == "take up":
        attempt(request, take_up, message=first.id, version=version_seen(request))
        return True
    if form is None or not form.is_valid():
        return False
    if not may_say(first, act):
        raise Conflict("message", theirs=first.business)
    told = form.cleaned_data
    said: NewMessage
    if act == "answer":
        said = answering(first, form)
    elif act == "ask back":
        said = said_of.asking_back(
            key=told["key"], asked=first, text=told["text"], until=told["until"], now=who(request)["now"]
        )
    else:
        building = {"add": said_of.adding, "recall": said_of.recalling, "remind": said_of.reminding}[act]
        said = building(key=told["key"], asked=first, text=told["text"])
    attempt(request, seal_message, new=said)
    return True
