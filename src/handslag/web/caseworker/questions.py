"""Questions to other organisations and from them: asked from a case, answered point by point, each with its receipt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django import forms
from django.forms.boundfield import BoundField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.queries import period_in
from handslag.domain.documents.models import Document
from handslag.domain.exchange.models import Message, Outcome
from handslag.domain.exchange.operations.inbox import take_up
from handslag.domain.exchange.operations.outbox import NewMessage, seal_message, take_back
from handslag.domain.exchange.permissions import READS_BROKEN, message_for_staff, messages_of
from handslag.domain.exchange.policies import NEVER_LEAVES, TAKE_BACK, most_protected
from handslag.domain.exchange.queries import (
    conversation,
    first_messages,
    first_of,
    lost,
    may_say,
    name_of,
    partners,
    proof_of,
    sealed_of,
    steps_at_sedex,
    steps_of,
    under_way,
)
from handslag.domain.exchange.states import (
    OVER,
    SPOKEN_OF,
    Business,
    Direction,
    OutcomeState,
    Transport,
)
from handslag.domain.people.models import Person
from handslag.domain.people.queries import full_name
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.ids import uuid7
from handslag.kernel.months import Month
from handslag.messages import conversation as said_of
from handslag.messages.approval_change.message import ApprovalChange
from handslag.messages.as_xml import form_of
from handslag.messages.assignment.message import Assignment
from handslag.messages.case_change.message import CaseChange
from handslag.messages.case_notification.message import CaseNotification
from handslag.messages.case_transfer.build import answering as answering_transfer
from handslag.messages.case_transfer.message import CaseTransfer
from handslag.messages.conversation import Opening
from handslag.messages.cost_approval.message import CostApproval
from handslag.messages.document_request.build import answering as giving
from handslag.messages.document_request.message import DocumentRequest
from handslag.messages.ech.frame import written
from handslag.messages.mutation.message import Mutation
from handslag.messages.payment_advice.message import PaymentAdvice
from handslag.messages.provider_bill.message import ProviderBill
from handslag.messages.question import build
from handslag.messages.question.message import REASONS as REASON_CODES
from handslag.messages.question.message import Answer, Line
from handslag.messages.reclaim.message import Reclaim
from handslag.messages.reconciliation.message import Reconciliation
from handslag.messages.settlement.build import answering as answering_turn
from handslag.messages.settlement.message import NOT_KNOWN, Settlement, Turn
from handslag.messages.settlement.message import Answer as OfTurn
from handslag.web.caseworker import facts as form_of_facts
from handslag.web.caseworker.asked import standing_of
from handslag.web.caseworker.case import seen_in, standing
from handslag.web.caseworker.opening import AssessedField, OpeningForm, opening_form, opening_page
from handslag.web.caseworker.pages import (
    CASE_ROLES,
    attempt,
    base,
    language,
    page,
    require,
    the_door,
    today,
    version_seen,
    who,
)
from handslag.web.caseworker.requested import GiveForm
from handslag.web.caseworker.transferred import TransferAnswerForm, answered, ground_in_words, item_in_words
from handslag.web.caseworker.wording import (
    FAULTS,
    REASONS,
    REFUSALS,
    SAID,
    SCAN_STATES,
    at_sedex,
    not_delivered,
    refusal,
)
from handslag.web.entry.pages import desk_page
from handslag.web.ui.formats import money
from handslag.web.ui.forms import DayField, read_month

#: How long a settled question stays in the list.
SHOWN = timedelta(days=90)
#: Kinds of message that have pages of their own.
ELSEWHERE = ("assignment", "mutation", "case_notification", "case_change", "cost_approval", "approval_change",
             "provider_bill", "payment_advice", "reclaim", "reconciliation")  # fmt: skip
#: The same, as they are read.
_OF_OTHERS = (Assignment, Mutation, CaseNotification, CaseChange, CostApproval, ApprovalChange, ProviderBill,
              PaymentAdvice, Reclaim, Reconciliation)  # fmt: skip


class AskForm(OpeningForm):
    """A question about one adult of a case, or about lines of it."""

    lines = forms.MultipleChoiceField(
        label=gettext_lazy("About which lines?"),
        help_text=gettext_lazy("Their amounts are sent along. None: the question is about the person as such."),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    text = forms.CharField(
        label=gettext_lazy("Your question"),
        help_text=gettext_lazy("Only what the other side needs to answer it. Write no address."),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    ground = forms.CharField(
        label=gettext_lazy("On what ground may this be told and asked?"),
        help_text=gettext_lazy("A section of law, or the person’s consent and its day. The other side sees it."),
        max_length=400,
    )
    field_order = ["key", "recipient", "person", "lines", "text", "ground", "answer_by"]


class AnswerForm(forms.Form):
    """The answer to every point of a question: words, or the reason why not."""

    use_required_attribute = False
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self, points: list[tuple[int, str]], *args: Any, codes: Sequence[str] = REASON_CODES, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.points = points
        reasons = [("", _("Answered above")), *((code, REASONS[code]) for code in codes)]
        for number, name in points:
            about = f": {name}" if name else ""
            self.fields[f"text-{number}"] = forms.CharField(
                label=_("Answer") + about, max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
            )
            self.fields[f"reason-{number}"] = forms.ChoiceField(
                label=_("If there is none, why") + about, choices=reasons, required=False
            )

    def clean(self) -> dict[str, Any]:
        """Each point has one of the two."""
        found = super().clean() or self.cleaned_data
        for number, _name in self.points:
            text, reason = found.get(f"text-{number}", "").strip(), found.get(f"reason-{number}", "")
            if text and reason:
                self.add_error(f"reason-{number}", _("There is an answer: choose no reason, or empty the answer."))
            elif not text and not reason and not self.errors.get(f"text-{number}"):
                self.add_error(f"text-{number}", _("Write the answer, or choose why there is none."))
        return found

    def points_shown(self) -> list[BoundField]:
        """The fields, none of them marked as optional: each point needs one of its two."""
        for field in self.fields.values():
            field.required = True
        return list(self)

    @property
    def answers(self) -> list[Answer]:
        """What was answered, when the form is valid."""
        told = self.cleaned_data
        return [
            Answer(number=number, text=told[f"text-{number}"].strip(), reason=told[f"reason-{number}"])
            for number, _name in self.points
        ]


class BackForm(forms.Form):
    """A question back."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    text = forms.CharField(
        label=gettext_lazy("What you need to know first"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )
    until = DayField(label=gettext_lazy("Needed by"))


class AddForm(forms.Form):
    """What answers a question back."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    text = forms.CharField(
        label=gettext_lazy("Your answer to what they asked back"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class RecallForm(forms.Form):
    """Why no answer is wanted any more."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    text = forms.CharField(
        label=gettext_lazy("Why you no longer need an answer"),
        help_text=gettext_lazy("What they answered already stays."),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class RemindForm(forms.Form):
    """What the other side reads when it is reminded."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    text = forms.CharField(
        label=gettext_lazy("Your reminder"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )


# -- asking --------------------------------------------------------------------------------------------------------


@desk_page("question")
def ask(request: HttpRequest, tenant: str, case: UUID) -> HttpResponse:
    """Ask another organisation about an adult of a case; `month` in the address offers the lines of that month."""
    found, member = case_for_staff(
        case,
        **who(request),
    )
    require(request, Role.CASEWORKER)
    looked_at("case", found.id)
    month, lines = _lines(request, found, member)
    places = partners()
    form, level = opening_form(AskForm, request, found, places)
    form.fields["lines"].choices = [(key, f"{line.name}, {money(line.amount)}") for key, line in lines.items()]  # type: ignore[attr-defined]
    if not lines:
        del form.fields["lines"]

    def send(new: Opening) -> UUID:
        told = form.cleaned_data
        picked = [build.Picked(lines[key], key) for key in told.get("lines", [])]
        asking = build.asking(new, month=str(month) if month else None, ground=told["ground"], lines=picked)
        key: UUID = attempt(request, seal_message, new=asking).id
        return key

    return opening_page(request, "ask.html", found, form, level, places, send, month=month)


def _lines(request: HttpRequest, case: Case, member: Member) -> tuple[Month | None, dict[str, Line]]:
    """The lines of the month in the address that can be asked about, by their key here."""
    try:
        month = read_month(request.GET.get("month", ""))
    except ValueError:
        return None, {}
    period = period_in(case.id, month)
    if period is None or case.legal_order != "se":
        return None, {}
    at = standing(case, period, today(request))
    form = form_of_facts.form_for(at.facts, at.version, seen_in(case, period, member), language(), at.application, None)
    currency = the_door(request).the_tenant.currency
    return month, {
        row.key: Line(code=row.code, name=row.label[:120], amount=row.effective or 0, currency=currency)
        for row in (*form.costs, *form.incomes)
    }


# -- the list ------------------------------------------------------------------------------------------------------


@desk_page("questions")
def questions(request: HttpRequest, tenant: str) -> HttpResponse:
    """What other organisations ask, those first that are due; what was asked of them; how much didn't arrive."""
    member = require(request, *CASE_ROLES, Role.ADMINISTRATOR)
    looked_at("questions")
    now = who(request)["now"]
    shown_here = messages_of(member).exclude(kind__in=ELSEWHERE)  # they have pages of their own
    shown_here = shown_here.exclude(kind="settlement", due_on=None)  # what is taken in by itself
    rows = list(first_messages(shown_here).filter(created_at__gt=now - SHOWN).exclude(transport="taken back"))
    names = {address: row.name for address, row in partners().items()}
    people = Person.objects.in_bulk([row.person_id for row in rows if row.person_id])
    shown = [_row(row, names, people, today(request)) for row in rows]
    broken = lost(messages_of(member)).count()
    if member.roles & set(READS_BROKEN):
        broken += Outcome.objects.filter(state=OutcomeState.QUARANTINED).count()
    return page(
        request,
        "questions.html",
        received=sorted((r for r in shown if r["row"].direction == Direction.IN), key=_due_first),
        asked=sorted((r for r in shown if r["row"].direction == Direction.OUT), key=_newest_first),
        broken=broken,
    )


def _due_first(shown: dict[str, Any]) -> Any:
    row = shown["row"]
    return (not shown["open"], row.due_on or date.max, row.created_at, row.id)


def _newest_first(shown: dict[str, Any]) -> Any:
    return (-shown["row"].created_at.timestamp(), shown["row"].id)


def _row(row: Message, names: dict[str, str], people: dict[UUID, Person], on: date) -> dict[str, Any]:
    state, colour = standing_of(row)
    is_open = row.business not in OVER and row.transport not in (Transport.REJECTED, Transport.EXPIRED)
    known = people.get(row.person_id) if row.person_id else None
    said = said_of.read(row)
    named = said.asked.statement if isinstance(said.asked, Turn) else said_of.named_in(said)
    return {
        "row": row,
        "partner": names.get(row.partner, row.partner),
        "person": full_name(known) if known and row.direction == Direction.OUT else named,
        "state": state,
        "colour": colour,
        "open": is_open,
        "late": bool(is_open and row.due_on and row.due_on < on),
    }


# -- one question --------------------------------------------------------------------------------------------------


@desk_page("question")
def question(request: HttpRequest, tenant: str, message: UUID) -> HttpResponse:
    """A question with what was said about it. POST `act`: `take back`, `take up`, `answer`, `ask back`, `add`,
    `recall`, `remind`."""
    row, member = _seen(request, message)
    first = _first(row)
    if first.kind in ELSEWHERE:
        return HttpResponseRedirect(f"{base(request)}/{first.kind}s/{first.id}/")
    if first.id != row.id:
        return HttpResponseRedirect(f"{base(request)}/questions/{first.id}/")
    looked_at("question", row.about_id or row.id)
    act = request.POST.get("act", "")
    forms_of: dict[str, Any] = {
        "answer": _answer_form(request, first, request.POST if act == "answer" else None),
        "ask back": BackForm(request.POST if act == "ask back" else None, initial={"key": uuid7()}, auto_id="id_b_%s"),
        "add": AddForm(request.POST if act == "add" else None, initial={"key": uuid7()}, auto_id="id_c_%s"),
        "recall": RecallForm(request.POST if act == "recall" else None, initial={"key": uuid7()}, auto_id="id_d_%s"),
        "remind": RemindForm(
            request.POST if act == "remind" else None,
            initial={"key": uuid7(), "text": _("We still need your answer to this question.")},
            auto_id="id_e_%s",
        ),
    }
    level = most_protected(first.person_id, today(request)) if first.person_id else 0
    if level >= NEVER_LEAVES:
        recall = forms_of["recall"].fields["text"]
        recall.required, recall.help_text = False, _("Leave it empty: no words about her may leave any more.")
    elif level:
        for name, form in forms_of.items():
            if (name, first.kind) != ("answer", "document_request"):  # has its own, where there is something to give
                form.fields["assessed"] = AssessedField()
    trouble = ""
    if request.method == "POST":
        require(request, Role.CASEWORKER)
        try:
            if _done(request, first, act, forms_of):
                return HttpResponseRedirect(f"{base(request)}/questions/{first.id}/")
        except Conflict:
            trouble = str(REFUSALS["out of turn"])
            first.refresh_from_db()
        except NotPossible as refused:
            if refused.code == "sent already":
                return HttpResponseRedirect(f"{base(request)}/questions/{first.id}/")
            if refused.code == "answer by":
                forms_of["ask back"].add_error("until", refusal(refused))
            elif refused.code == "assess first" and "assessed" in forms_of[act].fields:
                forms_of[act].add_error("assessed", refusal(refused))
            else:
                trouble = refusal(refused)
    errors = any(form.errors for form in forms_of.values())
    return _question(request, first, member, forms_of, trouble, 422 if errors else 409 if trouble else 200)


def _seen(request: HttpRequest, key: UUID) -> tuple[Message, Member]:
    """A message of her unit, or one that was sent from a case that she may see. Hidden otherwise."""
    try:
        return message_for_staff(key, **who(request))
    except Hidden:
        row = Message.objects.filter(id=key, direction=Direction.OUT).exclude(about=None).first()
        if row is None or row.about_id is None or not Case.objects.filter(id=row.about_id).exists():
            raise
        _case, member = case_for_staff(row.about_id, **who(request))
        if row.level > member.clearance:
            raise
        return row, member


def _first(row: Message) -> Message:
    """The message that began the conversation."""
    found = first_of(row)
    if found is None:
        raise Hidden("message", row.id)
    return found


def _answer_form(request: HttpRequest, first: Message, data: Any) -> Any:
    """What it is answered by: each kind has its own."""
    told: dict[str, Any] = {"initial": {"key": uuid7()}, "auto_id": "id_a_%s"}
    if first.kind == "document_request":
        return GiveForm(request, first, _points(first), data, **told)
    if first.kind == "settlement":
        return AnswerForm(_points(first), data, codes=[NOT_KNOWN], **told)
    return (TransferAnswerForm if first.kind == "case_transfer" else AnswerForm)(_points(first), data, **told)


def _points(first: Message) -> list[tuple[int, str]]:
    told = said_of.read(first)
    if told.asked is None or isinstance(told, _OF_OTHERS):
        return []
    if isinstance(told, Settlement):
        line = _("Line {number}: {text}")
        return [(one.number, line.format(number=one.of_line, text=one.text)) for one in told.asked.questions]
    if isinstance(told, CaseTransfer):
        return [(item.number, item_in_words(item)) for item in told.asked.items]
    if isinstance(told, DocumentRequest):
        return [(one.number, one.name) for one in told.asked.documents] if told.asked else []
    assert told.asked is not None
    return [
        (point.number, f"{point.line.name}, {money(point.line.amount)}" if point.line else "")
        for point in told.asked.points
    ]


def _done(request: HttpRequest, first: Message, act: str, forms_of: dict[str, Any]) -> bool:
    """Carry out what was asked for; False where the form wants another look."""
    now = who(request)["now"]
    new: NewMessage | None = None
    form = forms_of.get(act)
    if act == "take back":
        last = under_way(first)
        attempt(request, take_back, message=last.id if last else first.id, version=version_seen(request))
    elif act == "take up":
        attempt(request, take_up, message=first.id, version=version_seen(request))
    elif form is not None and form.is_valid():
        if not may_say(first, act) or not _by_a_person(first):
            raise Conflict("message", theirs=first.business)
        key = form.cleaned_data["key"]
        if act == "answer" and first.kind == "case_transfer":
            new = answering_transfer(key=key, asked=first, answers=form.answers)
        elif act == "answer" and first.kind == "document_request":
            new = giving(key=key, asked=first, answers=form.answers, assessed=form.assessed, now=now)
        elif act == "answer" and first.kind == "settlement":
            said = [OfTurn(number=one.number, reason=one.reason, text=one.text) for one in form.answers]
            new = answering_turn(key=key, asked=first, answers=said)
        elif act == "answer":
            new = build.answering(key=key, asked=first, answers=form.answers)
        elif act == "ask back":
            told = form.cleaned_data
            new = said_of.asking_back(key=key, asked=first, text=told["text"], until=told["until"], now=now)
        else:
            building = {"add": said_of.adding, "recall": said_of.recalling, "remind": said_of.reminding}[act]
            new = building(key=key, asked=first, text=form.cleaned_data["text"])
        if first.kind != "document_request" or act != "answer":
            new = said_of.assessed(new, form.cleaned_data.get("assessed") or first.assessed, now)
        attempt(request, seal_message, new=new)
    else:
        return False
    return True


def _question(
    request: HttpRequest, first: Message, member: Member, forms_of: dict[str, Any], trouble: str, status: int
) -> HttpResponse:
    leaving = under_way(first)
    case = Case.objects.filter(id=first.about_id).first() if first.about_id else None
    try:
        linked = case_for_staff(case.id, **who(request))[0] if case else None
    except Hidden:
        linked = None
    state, colour = standing_of(first)
    gone = first.transport in ("rejected", "expired", "taken back")
    worker = Role.CASEWORKER in member.roles and _by_a_person(first)
    partner = name_of(first.partner)
    own = the_door(request).the_tenant.name
    told = said_of.read(first)
    assert not isinstance(told, _OF_OTHERS)
    handed = told.asked if isinstance(told, CaseTransfer) else None
    return page(
        request,
        "question.html",
        status=status,
        row=first,
        partner=partner,
        state=state,
        colour=colour,
        asked=told.asked,
        handed=handed,
        wanted=isinstance(told, DocumentRequest),
        turn=told.asked if isinstance(told.asked, Turn) else None,
        ground=ground_in_words(told.asked.ground) if told.asked and not isinstance(told.asked, Turn) else "",
        points=_points(first),
        may_register=Role.REGISTRAR in member.roles and to_register(first),
        said=[_said(row, partner if row.direction == Direction.IN else own, first) for row in conversation(first)[1:]],
        case=linked,
        troubled=not_delivered(first.code) if gone and first.business not in SPOKEN_OF else "",
        under_way=leaving if worker else None,
        seconds=int(TAKE_BACK.total_seconds()),
        may_answer=worker and may_say(first, "answer"),
        may_back=worker and may_say(first, "ask back"),
        may_add=worker and may_say(first, "add"),
        may_recall=worker and may_say(first, "recall"),
        may_remind=worker and may_say(first, "remind"),
        may_take_up=worker and first.direction == Direction.IN and first.business == Business.NONE,
        answer=forms_of["answer"],
        back=forms_of["ask back"],
        add=forms_of["add"],
        recall=forms_of["recall"],
        remind=forms_of["remind"],
        errors=next((form for form in forms_of.values() if form.errors), None),
        steps=[
            (step, name_of(step.by) if step.by == first.partner else own, str(step.state)) for step in steps_of(first)
        ],
        sedex=[(step.at, at_sedex(step.code), step.attempt) for step in steps_at_sedex(first)],
        trouble=trouble,
    )


def _by_a_person(first: Message) -> bool:
    """Whether a person talks about it: what is submitted and decided is taken in by itself."""
    return first.kind != "settlement" or first.due_on is not None


def to_register(first: Message) -> bool:
    """Whether what another municipality told was accepted here and no case was made of it yet."""
    taken = first.direction == Direction.IN and first.business in (Business.ACCEPTED, Business.CHANGED)
    return first.kind == "case_transfer" and taken and first.about_id is None and not first.test


def _said(row: Message, by: str, first: Message) -> dict[str, Any]:
    """A message about the question, as the page shows it."""
    told = said_of.read(row)
    assert not isinstance(told, _OF_OTHERS)
    names, kept = dict(_points(first)), _kept(row)
    return {
        "row": row,
        "by": by,
        "text": told.text,
        "what": SAID.get(row.action, ""),
        "closed": told.header.closed,
        "until": told.reply.until if told.reply else None,
        "answers": [
            (
                names.get(one.number, ""),
                answered(one),
                str(REASONS.get(one.reason) or FAULTS[one.reason]) if one.reason else "",
                kept.get(one.number),
            )
            for one in told.answers
        ],
        "state": standing_of(row)[0] if row.direction == Direction.OUT and row.transport != "delivered" else "",
    }


def _kept(row: Message) -> dict[int, tuple[Document, str]]:
    """The documents that came with an answer to us, by number, and why one can't be opened."""
    if row.direction != Direction.IN:
        return {}
    keys = {key: number for number, key in said_of.kept_as(row).items()}
    found = Document.objects.filter(id__in=keys)
    return {keys[one.id]: (one, str(SCAN_STATES[one.scan_state])) for one in found}


@desk_page("question")
@require_safe
def proof(request: HttpRequest, tenant: str, message: UUID) -> HttpResponse:
    """A message as it was signed, with every signed step, for whoever checks it off-line."""
    row, _member = _seen(request, message)
    looked_at("question", row.about_id or row.id)
    answer = HttpResponse(msgspec.json.encode(proof_of(row)), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{row.message_id}.json"'
    return answer


@desk_page("question")
@require_safe
def as_xml(request: HttpRequest, tenant: str, message: UUID) -> HttpResponse:
    """A message as XML in the frame of eCH with its seal, for a receiver that takes no JSON."""
    row, _member = _seen(request, message)
    looked_at("question", row.about_id or row.id)
    xml = written(form_of(row.kind), row.content.encode(), sealed_of(row))
    answer = HttpResponse(xml, content_type="application/xml")
    answer["Content-Disposition"] = f'attachment; filename="{row.message_id}.xml"'
    return answer
