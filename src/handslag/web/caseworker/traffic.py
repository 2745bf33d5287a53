"""Messages to other organisations and from them: what waits, what failed and why, what was answered; what didn't arrive
is sent again, or given to a colleague."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handslag.domain.audit.operations import looked_at
from handslag.domain.exchange.models import Message, Outcome, Partner
from handslag.domain.exchange.operations.inbox import give_arrival, try_again
from handslag.domain.exchange.operations.outbox import give_message, send_again
from handslag.domain.exchange.permissions import (
    READS_BROKEN,
    may_be_given,
    message_for_staff,
    messages_of,
    who_hold,
)
from handslag.domain.exchange.queries import first_of, last_at_sedex, lost, may_send_again, name_of, partners, unlooked
from handslag.domain.exchange.states import AWAITED, SPOKEN_OF, Action, Business, OutcomeState, Transport
from handslag.domain.people.models import Person
from handslag.domain.people.queries import full_name
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.ids import uuid7
from handslag.messages import conversation
from handslag.web.caseworker.asked import standing_of
from handslag.web.caseworker.pages import CASE_ROLES, attempt, base, page, require, today, version_seen, who
from handslag.web.caseworker.wording import REFUSALS, WHAT, at_sedex, not_delivered, refusal
from handslag.web.entry.pages import desk_page
from handslag.web.ui.forms import DayField

#: How long what was answered stays on the page, and how many rows a part of it shows.
SHOWN, MOST = timedelta(days=30), 200
#: What wasn't looked at, or was sealed and hasn't left, for so long isn't only waiting for the next minute.
LEFT = timedelta(hours=1)
#: The usual time for an answer.
USUAL = timedelta(days=14)
#: Something more has to be said about it, by them or by us.
_OPEN = (*AWAITED, Business.QUESTION)


@dataclass
class Row:
    """A message as the page shows it."""

    message: Message
    partner: str
    about: str
    what: str
    state: str
    colour: str
    reason: str = ""
    url: str = ""


@dataclass
class Part:
    """A part of the page: its rows, and how many more there are."""

    code: str
    title: str
    none: str
    rows: list[Row] = field(default_factory=list)
    more: int = 0


class AgainForm(forms.Form):
    """Say once more what didn't arrive."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    answer_by = DayField(
        label=gettext_lazy("Answer needed by"), help_text=gettext_lazy("The rest stays as it was written.")
    )


class GiveForm(forms.Form):
    """Let a colleague look at it."""

    to = forms.ChoiceField(label=gettext_lazy("Which colleague?"))

    def __init__(self, colleagues: QuerySet[StaffMember], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", ""), *((str(one.id), one.name) for one in colleagues)]
        self.fields["to"].choices = choices  # type: ignore[attr-defined]


# -- the list ------------------------------------------------------------------------------------------------------


@desk_page("message traffic")
def traffic(request: HttpRequest, tenant: str) -> HttpResponse:
    """What needs somebody, what is on its way, what waits for an answer, what was answered."""
    member = require(request, *CASE_ROLES, Role.ADMINISTRATOR)
    looked_at("message traffic")
    now = who(request)["now"]
    broken: list[tuple[Outcome, str]] = []
    left = 0
    if member.roles & set(READS_BROKEN):
        rows = Outcome.objects.filter(state=OutcomeState.QUARANTINED).order_by("-at", "id")
        broken = [(row, name_of(row.sender)) for row in rows[:MOST]]
        left = unlooked(now - LEFT).count()
    return page(request, "traffic.html", parts=_parts(request, member, now), broken=broken, left=left)


def _parts(request: HttpRequest, member: Member, now: datetime) -> list[Part]:
    seen = messages_of(member)
    gone = lost(seen)
    on_the_way = seen.filter(transport__in=[Transport.SEALED, Transport.HANDED_OVER]).exclude(
        id__in=gone.filter(transport=Transport.HANDED_OVER).values("id")
    )
    on_the_way = on_the_way.exclude(business__in=SPOKEN_OF)
    asked = seen.filter(Q(transport=Transport.DELIVERED) | Q(business__in=SPOKEN_OF), action=Action.REQUEST)
    waits = asked.filter(business__in=_OPEN)
    ended = asked.filter(created_at__gt=now - SHOWN).exclude(business__in=_OPEN)
    found = [
        (Part("lost", _("Didn’t arrive"), _("Everything arrived.")), gone.order_by("created_at", "id")),
        (Part("way", _("On its way"), _("Nothing is on its way.")), on_the_way.order_by("created_at", "id")),
        (Part("waits", _("Waits for an answer"), _("No answer is waited for.")), waits.order_by("due_on", "id")),
        (
            Part("ended", _("Answered in the last 30 days"), _("Nothing was answered.")),
            ended.order_by("-created_at", "-id"),
        ),
    ]
    names = {address: row.name for address, row in partners().items()}
    away = {row.address: row.failing_since for row in Partner.objects.exclude(failing_since=None)}
    for part, rows in found:
        taken = list(rows[: MOST + 1])
        people = Person.objects.in_bulk([row.person_id for row in taken if row.person_id])
        codes = last_at_sedex(taken) if part.code == "way" else {}
        part.rows = [_row(request, row, names, people, away, codes, part.code) for row in taken[:MOST]]
        for one in part.rows:
            if one.message.transport == Transport.SEALED and one.message.created_at < now - LEFT:
                one.reason = _("It couldn’t leave yet. It is tried again by itself.")
        part.more = max(rows.count() - MOST, 0) if len(taken) > MOST else 0
    return [part for part, _rows in found]


def _row(
    request: HttpRequest,
    row: Message,
    names: dict[str, str],
    people: dict[UUID, Person],
    away: dict[str, Any],
    codes: dict[UUID, int],
    part: str,
) -> Row:
    known = people.get(row.person_id) if row.person_id else None
    about = full_name(known) if known else conversation.named_in(conversation.read(row))
    state, colour = standing_of(row)
    reason = why(row) if part == "lost" else ""
    if part == "way" and row.partner in away:
        reason = _("The other side doesn’t answer. It is tried again by itself.")
    if part == "way" and row.message_id in codes:
        reason = at_sedex(codes[row.message_id])
    place = f"traffic/{row.id}" if part == "lost" else str(row.id)
    return Row(
        row,
        names.get(row.partner, row.partner),
        about,
        str(WHAT.get(row.action, row.kind)),
        state if part != "lost" or row.transport != Transport.HANDED_OVER else _("not delivered"),
        colour if part != "lost" else "danger",
        reason,
        f"{base(request)}/questions/{place}/",
    )


def why(row: Message) -> str:
    """Why a message of ours didn't arrive, in words."""
    if row.transport == Transport.HANDED_OVER:
        return _("The other side refused it at the door: its system may be set up wrongly.")
    return not_delivered(row.code) or _("The other side refused it and gave no reason that is known here.")


# -- one that didn't arrive -------------------------------------------------------------------------------------------


@desk_page("message traffic")
def message(request: HttpRequest, tenant: str, message: UUID) -> HttpResponse:
    """One that didn't arrive. POST `act`: `again` with `answer_by` where it names a day, or `give` with `to`."""
    row, member = message_for_staff(message, **who(request))
    looked_at("message traffic", row.about_id or row.id)
    act, now = request.POST.get("act", ""), who(request)["now"]
    said = conversation.read(row)
    initial = {"key": uuid7(), "answer_by": today(request) + USUAL}
    again = AgainForm(request.POST if act == "again" else None, initial=initial, auto_id="id_a_%s")
    if not conversation.names_a_day(said):
        del again.fields["answer_by"]
    give = GiveForm(may_be_given(row, now), request.POST if act == "give" else None, auto_id="id_g_%s")
    trouble = ""
    if request.method == "POST":
        try:
            if act == "give" and give.is_valid():
                attempt(request, give_message, message=row.id, to=UUID(give.cleaned_data["to"]))
                return HttpResponseRedirect(f"{base(request)}/questions/traffic/{row.id}/?given=1")
            if act == "again":
                require(request, Role.CASEWORKER)
            if act == "again" and again.is_valid():
                told = again.cleaned_data
                new = conversation.again(key=told["key"], lost=row, answer_by=told.get("answer_by"), now=now)
                sent = attempt(request, send_again, message=row.id, version=version_seen(request), new=new)
                first = first_of(sent) or sent
                return HttpResponseRedirect(f"{base(request)}/questions/{first.id}/")
        except Conflict:
            trouble = str(REFUSALS["out of turn"])
            row.refresh_from_db()
        except NotPossible as refused:
            if refused.code == "answer by" and "answer_by" in again.fields:
                again.add_error("answer_by", refusal(refused))
            else:
                trouble = refusal(refused)
    errors = next((form for form in (again, give) if form.errors), None)
    partner, first = name_of(row.partner), first_of(row) or row
    state, colour = standing_of(row)
    return page(
        request,
        "traffic_one.html",
        status=422 if errors else 409 if trouble else 200,
        row=row,
        first=first,
        partner=partner,
        state=state,
        colour=colour,
        what=WHAT.get(row.action, row.kind),
        reason=why(row) if lost(Message.objects.filter(id=row.id)).exists() else "",
        text=conversation.words_in(said),
        replaced=Message.objects.filter(instead_of=row).first(),
        may_again=Role.CASEWORKER in member.roles and may_send_again(row),
        again=again,
        give=give,
        given=request.GET.get("given") == "1",
        errors=errors,
        trouble=trouble,
    )


@desk_page("message traffic")
def arrival(request: HttpRequest, tenant: str, arrival: UUID) -> HttpResponse:
    """Something that couldn't be read. POST `act`: `again`, tried three times more, or `give` with `to`."""
    require(request, *READS_BROKEN)
    row = Outcome.objects.filter(id=arrival).first()
    if row is None:
        raise Hidden("arrival", arrival)
    looked_at("message traffic")
    act, colleagues = request.POST.get("act", ""), who_hold(READS_BROKEN, who(request)["now"])
    give = GiveForm(colleagues, request.POST if act == "give" else None, auto_id="id_g_%s")
    trouble = ""
    if request.method == "POST":
        try:
            if act == "again":
                attempt(request, try_again, arrival=row.id, version=version_seen(request))
                return HttpResponseRedirect(f"{base(request)}/questions/traffic/")
            if act == "give" and give.is_valid():
                attempt(request, give_arrival, arrival=row.id, to=UUID(give.cleaned_data["to"]))
                return HttpResponseRedirect(f"{base(request)}/questions/arrivals/{row.id}/?given=1")
        except Conflict:
            trouble = str(REFUSALS["conflict"])
        except NotPossible as refused:
            trouble = refusal(refused)
    return page(
        request,
        "traffic_arrival.html",
        status=422 if give.errors else 409 if trouble else 200,
        row=row,
        partner=name_of(row.sender),
        broken=row.state == OutcomeState.QUARANTINED,
        give=give,
        given=request.GET.get("given") == "1",
        errors=give if give.errors else None,
        trouble=trouble,
    )
