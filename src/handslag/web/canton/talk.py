"""What is said about an assignment or a change: taken back, taken up, answered, asked back about, added to, recalled,
reminded of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.inbox import take_up
from handslag.domain.exchange.operations.outbox import NewMessage, seal_message, take_back
from handslag.domain.exchange.permissions import messages_of
from handslag.domain.exchange.policies import TAKE_BACK
from handslag.domain.exchange.queries import conversation, first_messages, may_say, name_of, partners, under_way
from handslag.domain.exchange.states import OVER, Business, Direction, Transport
from handslag.domain.tenancy.permissions import Member
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.kernel.ids import uuid7
from handslag.messages import conversation as said_of
from handslag.messages.approval_change.message import NewTerms
from handslag.messages.assignment.message import Assigned
from handslag.messages.case_notification.message import Supported
from handslag.messages.cost_approval.message import Cost
from handslag.messages.mutation.message import Concerned
from handslag.messages.provider_bill.message import Bill
from handslag.web.canton.forms import BackForm, WordsForm
from handslag.web.canton.wording import OVERTAKEN, SAID, refusal
from handslag.web.desk.pages import attempt, the_door, today, version_seen, who

#: For so long a conversation is listed.
SHOWN = timedelta(days=90)
_WORDS = {
    "add": gettext_lazy("Your answer to what they asked back"),
    "recall": gettext_lazy("Why it is recalled"),
    "remind": gettext_lazy("Your reminder"),
}


def name_in(one: Assigned | Concerned | Supported | Cost | NewTerms | Bill) -> str:
    """Somebody whom a message is about, as it names her."""
    return f"{one.person.given_name} {one.person.family_name}".strip()


def listed(
    request: HttpRequest,
    member: Member,
    kind: str,
    standing: Callable[[Message], tuple[str, str]],
    told: Callable[[Message], dict[str, Any]],
) -> list[dict[str, Any]]:
    """What began the conversations of a kind, those that wait for an answer first, by their day: where each stands by
    `standing`, and what it has beside by `told`."""
    rows = first_messages(messages_of(member).filter(kind=kind, created_at__gt=who(request)["now"] - SHOWN))
    names, on = {key: row.name for key, row in partners().items()}, today(request)

    def shown(row: Message) -> dict[str, Any]:
        state, colour = standing(row)
        waits = row.business not in OVER and row.transport not in (Transport.REJECTED, Transport.EXPIRED)
        return {
            "row": row, "partner": names.get(row.partner, row.partner), "out": row.direction == Direction.OUT,
            "state": state, "colour": colour, "open": waits,
            "late": bool(waits and row.due_on and row.due_on < on), **told(row),
        }  # fmt: skip

    found = [shown(row) for row in rows.exclude(transport=Transport.TAKEN_BACK)]
    found.sort(key=lambda one: (not one["open"], one["row"].due_on or date.max, one["row"].created_at, one["row"].id))
    return found


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


def _said_about(
    request: HttpRequest,
    first: Message,
    act: str,
    forms_of: dict[str, Any],
    answering: Callable[..., NewMessage],
    decided: Callable[..., Any] | None,
) -> bool:
    """Carry out what was asked for; False where the form wants another look. `answering` builds the answer,
    which `decided` seals, where not everybody may."""
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
        said = answering(key=told["key"], asked=first, answers=form.answers)
    elif act == "ask back":
        said = said_of.asking_back(
            key=told["key"], asked=first, text=told["text"], until=told["until"], now=who(request)["now"]
        )
    else:
        building = {"add": said_of.adding, "recall": said_of.recalling, "remind": said_of.reminding}[act]
        said = building(key=told["key"], asked=first, text=told["text"])
    if act == "answer" and decided is not None:
        attempt(request, decided, asked=first.id, new=said)
    else:
        attempt(request, seal_message, new=said)
    return True


def carried_out(
    request: HttpRequest,
    first: Message,
    forms_of: dict[str, Any],
    answering: Callable[..., NewMessage],
    home: str,
    decided: Callable[..., Any] | None = None,
) -> HttpResponse | str:
    """What was posted, carried out: the way back to `home`; else what stood in the way, empty where a form says it."""
    try:
        if _said_about(request, first, request.POST.get("act", ""), forms_of, answering, decided):
            return HttpResponseRedirect(home)
    except Conflict:
        first.refresh_from_db()
        return str(OVERTAKEN)
    except NotPossible as refused:
        if refused.code == "sent already":
            return HttpResponseRedirect(home)
        if refused.code != "answer by":
            return str(refusal(refused))
        forms_of["ask back"].add_error("until", refusal(refused))
    return ""


def begun(request: HttpRequest, home: str, seal: Callable[..., Message] = seal_message, **told: Any) -> HttpResponse:
    """Seal the message that begins a conversation, and go to its page below `home`; the form sent once more leads to
    what it made then. NotPossible as `seal`."""
    try:
        key = attempt(request, seal, **told).id
    except NotPossible as refused:
        if refused.code != "sent already":
            raise
        key = refused.facts["message"]
    return HttpResponseRedirect(f"{home}{key}/")


def as_it_stands(
    request: HttpRequest,
    first: Message,
    forms_of: dict[str, Any],
    trouble: str,
    *,
    acts: bool,
    standing: Callable[[Message], tuple[Any, str]],
    answers: Callable[[Any], list[tuple[Any, ...]]],
) -> dict[str, Any]:
    """What the page of a conversation says of it, whatever it is about. `acts`: she may say something; `standing`: how
    a message stands and its colour; `answers`: those of a message, as its page shows them."""
    leaving, out = under_way(first), first.direction == Direction.OUT
    partner, own = name_of(first.partner), the_door(request).the_tenant.name
    errors = next((form for form in forms_of.values() if form.errors), None)
    state, colour = standing(first)

    def said(row: Message) -> dict[str, Any]:
        told = said_of.read(row)
        return {
            "row": row,
            "by": partner if row.direction == Direction.IN else own,
            "text": told.text,
            "what": SAID.get(row.action, ""),
            "until": told.reply.until if told.reply else None,
            "answers": answers(told),
            "closed": told.header.closed,
            "state": standing(row)[0] if row.direction == Direction.OUT and row.transport != "delivered" else "",
        }

    return {
        "status": 422 if errors else 409 if trouble else 200,
        "row": first,
        "out": out,
        "partner": partner,
        "state": state,
        "colour": colour,
        "said": [said(row) for row in conversation(first) if row.id != first.id],
        "leaving": leaving if acts else None,
        "seconds": int(TAKE_BACK.total_seconds()),
        "may_take_up": acts and not out and first.business == Business.NONE,
        "may": {act.replace(" ", "_"): acts and may_say(first, act) for act in forms_of},
        "forms": {act.replace(" ", "_"): form for act, form in forms_of.items()},
        "errors": errors,
        "trouble": trouble,
    }
