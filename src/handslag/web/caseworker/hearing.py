"""What the adults of a case think before a decision that could leave them with less: asked, answered, noted."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy

from handslag.domain.audit.operations import looked_at
from handslag.domain.decisions.models import Hearing
from handslag.domain.decisions.operations import LONGEST_HEARING, note_hearing, open_hearing
from handslag.domain.decisions.queries import hearings_of, is_decided_since
from handslag.domain.people.queries import full_name
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible, setting
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month
from handslag.web.caseworker.case import case_and_period, case_name
from handslag.web.caseworker.pages import attempt, base, page, require, text_in, today, typed
from handslag.web.caseworker.wording import refusal
from handslag.web.entry.pages import desk_page

ABOUT = gettext_lazy("Write what you consider to decide, and what that rests on; it takes 10,000 characters.")


class AskForm(forms.Form):
    """What is considered, and until when they can answer."""

    about = forms.CharField(
        label=gettext_lazy("What you consider to decide, and what that rests on"),
        max_length=LONGEST_HEARING,
        error_messages=dict.fromkeys(("required", "max_length"), ABOUT),
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    answer_by = forms.DateField(
        label=gettext_lazy("Answer by"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


@desk_page("hearing")
def hearing(request: HttpRequest, tenant: str, case: UUID, month: str) -> HttpResponse:
    """Who was asked about a month, and what she said. POST `act=ask` asks all adults: `about`, `answer_by`;
    `act=note` writes down an answer: `hearing`, `answer`; `act=begin` comes from a proposal: its `reasons` are what
    they can be asked about."""
    found, period, member = case_and_period(request, case, month)
    looked_at("hearing", found.id)
    posted, act = typed(request), request.POST.get("act", "")
    asks = posted is not None and posted.get("act") == "ask"
    begun = text_in(posted, "reasons", LONGEST_HEARING) if posted is not None and posted.get("act") == "begin" else ""
    form = AskForm(posted if asks else None, initial={"answer_by": _latest(request), "about": begun})
    trouble, answer, at = "", "", ""
    if request.method == "POST":
        require(request, Role.CASEWORKER)
        try:
            if act == "ask" and form.is_valid():
                attempt(request, open_hearing, period=period.id, **form.cleaned_data)
            elif act == "note":
                at, answer = request.POST.get("hearing", ""), request.POST.get("answer", "")
                attempt(request, note_hearing, hearing=_key(at, period.id), answer=answer)
        except NotPossible as refused:
            if refused.code in ("hearing about", "hearing day"):
                form.add_error("about" if refused.code == "hearing about" else "answer_by", refusal(refused))
            else:
                trouble = refusal(refused)
        if act != "begin" and not form.errors and not trouble:
            return HttpResponseRedirect(f"{base(request)}/cases/{found.id}/periods/{month}/hearing/")
    rows = [shown_hearing(one, answer if at == str(one.id) else "") for one in hearings_of(period.id)]
    return page(
        request,
        "hearing.html",
        case=found,
        name=case_name(found),
        month=Month.of(period.since),
        rows=rows,
        may_ask=not any(row["open"] and row["row"].answer_by >= today(request) for row in rows),
        form=form,
        trouble=trouble,
        may_work=Role.CASEWORKER in member.roles,
    )


def _latest(request: HttpRequest) -> date:
    day: date = today(request)
    return day + timedelta(days=int(setting("hearing_days")))


def _key(typed_key: str, period: UUID) -> UUID:
    """The hearing that is answered: one of this month."""
    try:
        key = UUID(typed_key)
    except ValueError:
        raise Hidden("hearing") from None
    if not Hearing.objects.filter(id=key, period_id=period).exists():
        raise Hidden("hearing", key)
    return key


def shown_hearing(one: Hearing, typed_answer: str = "") -> dict[str, Any]:
    """A hearing as a page shows it."""
    return {
        "row": one,
        "who": full_name(one.person),
        "open": one.answered_at is None and not is_decided_since(one),
        "typed": typed_answer,
    }
