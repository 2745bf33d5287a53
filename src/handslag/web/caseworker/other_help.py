"""Help that nobody has a right to (12 kap. 2 § socialtjänstlagen): whether it is tried, proposed, decided."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.policies import months_taken
from handslag.domain.decisions.states import Ground
from handslag.domain.payments.models import OtherHelp, Settlement
from handslag.domain.payments.operations.other_help import (
    LONGEST_PURPOSE,
    decide_other_help,
    granted_with,
    leave_other_help,
    needs_two_for,
    other_help_letter,
    outcome_of_help,
    propose_other_help,
    propose_other_help_anew,
    return_other_help,
    withdraw_other_help,
)
from handslag.domain.payments.queries import help_replaced, help_replaced_by, other_help_of
from handslag.domain.payments.states import OtherHelpState
from handslag.domain.people.queries import full_name
from handslag.domain.tasks.models import Task
from handslag.domain.tasks.states import TaskState
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import Conflict, NotPossible, mandate
from handslag.domain.tenancy.states import Decides, Role
from handslag.kernel.months import Month
from handslag.rules.se.remedies import OTHER, remedy_on
from handslag.web.caseworker.case import case_name
from handslag.web.caseworker.letters import shown_in_letters
from handslag.web.caseworker.pages import (
    attempt,
    base,
    form_key,
    page,
    require,
    text_in,
    today,
    typed,
    version_seen,
    who,
)
from handslag.web.caseworker.wording import GROUNDS, OUTCOMES, REFUSALS, STATES, refusal
from handslag.web.entry.pages import desk_page
from handslag.web.ui import formats
from handslag.web.ui.forms import AmountField

LANGUAGES = (("sv", "Svenska"), ("en", "English"))


class HelpForm(forms.Form):
    """Help that is proposed: to whom, for what, how much was applied for and is granted, why."""

    person = forms.ChoiceField(label=gettext_lazy("Who applies"), widget=forms.RadioSelect)
    month = forms.ChoiceField(label=gettext_lazy("For which month"))
    purpose = forms.CharField(
        label=gettext_lazy("What it is for, as the letter says it"),
        max_length=LONGEST_PURPOSE,
        validators=[shown_in_letters],
    )
    applied = AmountField(label=gettext_lazy("Amount applied for"))
    amount = AmountField(label=gettext_lazy("Amount to grant"), help_text=gettext_lazy("0: nothing is granted."))
    reasons = forms.CharField(
        label=gettext_lazy("Reasons, for the person to read"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        validators=[shown_in_letters],
    )
    language = forms.ChoiceField(label=gettext_lazy("Language of the letter"), choices=LANGUAGES)

    def __init__(self, data: Any, case: Case, months: list[Month], initial: Any) -> None:
        super().__init__(data, initial=initial)
        adults = [p for p in (case.applicant, case.co_applicant) if p is not None]
        self.fields["person"].choices = [(str(p.id), full_name(p)) for p in adults]  # type: ignore[attr-defined]
        choices = [("", "–"), *((str(one), formats.month(one.since)) for one in months)]
        self.fields["month"].choices = choices  # type: ignore[attr-defined]


class AnewForm(forms.Form):
    """A decision that replaces one: on which ground, and what it says instead."""

    ground = forms.ChoiceField(label=gettext_lazy("Why it is changed"), widget=forms.RadioSelect)
    purpose = forms.CharField(
        label=gettext_lazy("What it is for, as the letter says it"),
        max_length=LONGEST_PURPOSE,
        validators=[shown_in_letters],
    )
    applied = AmountField(label=gettext_lazy("Amount applied for"))
    amount = AmountField(label=gettext_lazy("Amount to grant"), help_text=gettext_lazy("0: nothing is granted."))
    reasons = forms.CharField(
        label=gettext_lazy("Reasons, for the person to read"),
        help_text=gettext_lazy("Say what was wrong in the earlier decision, in plain words: it goes into the letter."),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        validators=[shown_in_letters],
    )
    language = forms.ChoiceField(label=gettext_lazy("Language of the letter"), choices=LANGUAGES)

    def __init__(self, data: Any, before: OtherHelp) -> None:
        start = {name: getattr(before, name) for name in ("purpose", "language")}
        start |= {name: formats.figure(getattr(before, name)) for name in ("applied", "amount")}
        super().__init__(data, initial=start)
        choices = [(ground.value, GROUNDS[ground]) for ground in Ground if ground != Ground.APPLIED]
        self.fields["ground"].choices = choices  # type: ignore[attr-defined]


class LeaveForm(forms.Form):
    """Why it isn't tried."""

    prefix = "leave"
    reasons = forms.CharField(
        label=gettext_lazy("Why it isn’t tried"), max_length=1_000, widget=forms.Textarea(attrs={"rows": 2})
    )


_FIELDS = {
    "beyond applied": "amount",
    "to disadvantage": "amount",
    "help has left": "amount",
    "ground of change": "ground",
}


def _add(form: forms.Form, refused: NotPossible) -> None:
    """Say what an operation refused at the field that it concerns."""
    field = _FIELDS.get(refused.code, refused.code)
    form.add_error(field if field in form.fields else None, refusal(refused))


@desk_page("other help")
def other_help(request: HttpRequest, tenant: str, case: UUID) -> HttpResponse:
    """What was proposed and decided in a case; POST proposes, or says why it isn't tried (`act=leave`)."""
    found, member = case_for_staff(case, **who(request))
    looked_at("other help", found.id)
    start = {"language": found.applicant.language, "person": "" if found.co_applicant else str(found.applicant_id)}
    posted = typed(request)
    act = posted.get("act", "") if posted is not None else ""
    form = HelpForm(None if act == "leave" else posted, found, months_taken(today(request)), start)
    leave = LeaveForm(posted if act == "leave" else None)
    if request.method == "POST":
        require(request, Role.CASEWORKER)
        asked = leave if request.POST.get("act") == "leave" else form
        if asked.is_valid():
            try:
                return HttpResponseRedirect(_done(request, found, asked))
            except NotPossible as refused:
                _add(asked, refused)
    rows, replaced = other_help_of([found.id]), set(help_replaced())
    for person_id in {row.person_id for row in rows if row.state == OtherHelpState.DECIDED}:
        looked_at("other help", person_id)
    waiting = any(row.state == OtherHelpState.PROPOSED for row in rows)
    section = remedy_on(OTHER, today(request))
    return page(
        request,
        "other_help.html",
        status=422 if request.method == "POST" else 200,
        case=found,
        name=case_name(found),
        rows=[
            {
                "row": row,
                "who": full_name(row.person),
                "month": Month.of(row.period.since),
                "state": STATES[row.state],
                "replaced": row.id in replaced,
            }
            for row in rows
        ],
        form=form,
        leave_form=leave,
        section=section.section,
        certain=section.certain,
        asked=Task.objects.filter(subject_id=found.id, kind="other help", state=TaskState.OPEN).exists(),
        may_work=Role.CASEWORKER in member.roles,
        waiting=waiting,
    )


def _done(request: HttpRequest, case: Case, form: forms.Form) -> str:
    """Do what the form says; gives where that leads to."""
    data = form.cleaned_data
    if isinstance(form, LeaveForm):
        attempt(request, leave_other_help, case=case.id, reasons=data["reasons"])
        return f"{base(request)}/cases/{case.id}/"
    told = {name: data[name] for name in ("purpose", "applied", "amount", "reasons", "language")}
    month, person = Month.parse(data["month"]), UUID(data["person"])
    row = attempt(request, propose_other_help, case=case.id, month=month, person=person, **told, key=form_key(request))
    return f"{base(request)}/other-help/{row.id}/"


def _found(request: HttpRequest, key: UUID) -> tuple[OtherHelp, Case, Member]:
    rows = OtherHelp.objects.select_related(
        "person", "period", "proposed_by", "decided_by", "letter__document", "booking", "replaces"
    )
    found = rows.filter(id=key).first()
    if found is None:
        raise Hidden("other help", key)
    case, member = case_for_staff(found.case_id, **who(request))
    found.case = case
    return found, case, member


def _may_replace(row: OtherHelp, case: Case, member: Member) -> bool:
    """Whether she can propose another decision in the place of this one, and none waits."""
    if row.state != OtherHelpState.DECIDED or Role.CASEWORKER not in member.roles:
        return False
    waits = any(one.state == OtherHelpState.PROPOSED for one in other_help_of([case.id]))
    return not waits and help_replaced_by(row.id) is None


@desk_page("other help")
def one_help(request: HttpRequest, tenant: str, help_: UUID) -> HttpResponse:
    """A proposal with the letter that it becomes, or a decision with its letter and payment. POST `act`: decide, return
    (`reason`), withdraw, each with `version`; replace (the fields of `AnewForm`) proposes another in its place."""
    row, case, member = _found(request, help_)
    looked_at("other help", case.id)
    if row.state == OtherHelpState.DECIDED:
        looked_at("other help", row.person_id)
    trouble, reason = "", text_in(request.POST, "reason", 10_000)
    posted = typed(request)
    replacing = posted is not None and posted.get("act") == "replace"
    anew = AnewForm(posted if replacing else None, row)
    if request.method == "POST" and replacing:
        if anew.is_valid():
            try:
                made = attempt(
                    request, propose_other_help_anew, help_=row.id, **anew.cleaned_data, key=form_key(request)
                )
                return HttpResponseRedirect(f"{base(request)}/other-help/{made.id}/")
            except NotPossible as refused:
                _add(anew, refused)
    elif request.method == "POST":
        here = {"help_": row.id, "version": version_seen(request)}
        act = request.POST.get("act", "")
        try:
            if act == "decide":
                attempt(request, decide_other_help, **here)
            elif act == "return":
                attempt(request, return_other_help, **here, reason=reason)
            elif act == "withdraw":
                attempt(request, withdraw_other_help, **here)
            else:
                raise Hidden("other help", row.id)
            return HttpResponseRedirect(f"{base(request)}/other-help/{row.id}/")
        except NotPossible as refused:
            trouble = refusal(refused)
        except Conflict:
            trouble = str(REFUSALS["conflict"])
        row, case, member = _found(request, help_)
    proposed, own = row.state == OtherHelpState.PROPOSED, row.proposed_by_id == member.id
    now = request.now  # type: ignore[attr-defined]
    by_what = mandate(member, Decides.OTHER_HELP, granted_with(row), now) if proposed else None
    may_return = proposed and not own and mandate(member, Decides.OTHER_HELP, row.amount, now) is not None
    if by_what is not None:
        row.delegation = by_what.words  # as the letter will say it, if she decides
    settled = Settlement.objects.select_related("payment").filter(booking=row.booking) if row.booking_id else None
    return page(
        request,
        "one_help.html",
        status=422 if trouble or anew.errors else 200,
        row=row,
        case=case,
        anew=anew if _may_replace(row, case, member) else None,
        replacing=replacing,
        replaced_by=help_replaced_by(row.id),
        ground=GROUNDS[row.ground] if row.ground else "",
        name=case_name(case),
        who=full_name(row.person),
        month=Month.of(row.period.since),
        outcome=OUTCOMES[outcome_of_help(row)],
        state=STATES[row.state],
        proposed=proposed,
        letter=row.letter.content
        if row.letter
        else other_help_letter(row, now, decider=gettext("whoever takes the decision")),
        document=row.letter.document if row.letter else None,
        payments=[
            (one.payment, STATES["returned payment" if one.payment.state == "returned" else one.payment.state])
            for one in (settled.order_by("id") if settled is not None else ())
        ],
        may_decide=by_what is not None and not (own and needs_two_for(row)),
        may_return=may_return,
        waits=own and proposed and needs_two_for(row),
        own=own and proposed,
        trouble=trouble,
        reason=reason,
    )
