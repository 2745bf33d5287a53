"""An application, screen by screen as its form says, then the check. Every answer is kept as typed, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.models import Period
from handslag.domain.casefile.permissions import case_for_citizen
from handslag.domain.casefile.queries import cases_of
from handslag.domain.documents.queries import help_with
from handslag.domain.intake import forms as forms_as_data
from handslag.domain.intake import operations as intake
from handslag.domain.intake import policies
from handslag.domain.intake.forms import LISTS, Form, Question
from handslag.domain.intake.models import Application, Draft, Receipt
from handslag.domain.intake.permissions import draft_for_citizen
from handslag.domain.intake.policies import Problem
from handslag.domain.intake.queries import (
    WHOLE,
    application_before,
    applied_otherwise,
    attachments_of,
    draft_of,
    running_drafts,
    standing_of,
)
from handslag.domain.intake.states import DraftState
from handslag.domain.people.models import Person
from handslag.domain.people.queries import account_on, address_on, household_seen_by_relative
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.policies import Conflict, NotPossible, setting
from handslag.kernel import clock
from handslag.kernel.ids import uuid7
from handslag.kernel.money import parse_amount
from handslag.kernel.months import Month
from handslag.web.citizen import fetched, forms
from handslag.web.citizen.document import code_name, sections, told
from handslag.web.citizen.evidence import shown as shown_files
from handslag.web.citizen.messages import MessageForm
from handslag.web.citizen.person import me, member_facts, representatives
from handslag.web.citizen.signing import by_hand, moved_on
from handslag.web.citizen.steps import beside, form_behind, labels, reading, steps
from handslag.web.entry.pages import citizen_page
from handslag.web.ui.formats import money, month, unit
from handslag.web.ui.forms import read_month


@require_POST
@citizen_page("renewal", instead=("my", "tenant"))
def apply(request: HttpRequest, tenant: str) -> HttpResponse:
    """Open the application for a month (`case`, `month`; `form` where it isn't the renewal), or go on with the one
    that is open; without a case the first one, which opens it."""
    by = _by(request)
    if not request.POST.get("case"):
        return _anew(request, tenant, by)
    try:
        case = case_for_citizen(UUID(request.POST.get("case", "")), by)
        month = read_month(request.POST.get("month", ""))
    except ValueError:
        raise Http404 from None
    form = request.POST.get("form") or setting("application_forms")["renewal"]
    period = Period.objects.filter(case=case, since=month.since).first()
    draft = draft_of(period.id, form) if period else None
    if draft is None:
        try:
            draft = intake.open_draft(
                tenant=tenant,
                by=by,
                now=request.now,  # type: ignore[attr-defined]
                case=case.id,
                month=month,
                language=reading(),
                form=form,
            )
        except NotPossible:
            return HttpResponseRedirect(f"{reverse('my', args=[tenant])}?closed")
    return HttpResponseRedirect(reverse("step", args=[tenant, draft.id, form_behind(draft).screens[0].code]))


def _anew(request: HttpRequest, tenant: str, by: Actor) -> HttpResponse:
    try:
        month = read_month(request.POST.get("month", ""))
        now = request.now  # type: ignore[attr-defined]
        draft = intake.apply_anew(tenant=tenant, by=by, now=now, month=month, language=reading())
    except ValueError:
        raise Http404 from None
    except NotPossible:  # pressed twice: she goes on with what she has begun
        begun = running_drafts([case.id for case in cases_of(me(request).id) if case.by_applicant])
        if not begun:
            return HttpResponseRedirect(f"{reverse('my', args=[tenant])}?closed")
        draft = begun[0]
    return HttpResponseRedirect(reverse("step", args=[tenant, draft.id, form_behind(draft).screens[0].code]))


def _by(request: HttpRequest) -> Actor:
    by: Actor = request.door.the_actor  # type: ignore[attr-defined]
    return by


@dataclass
class Screen:
    """One screen of one draft, for one of its adults."""

    tenant: str
    step: str
    draft: Draft
    viewer: Person
    members: list[dict[str, str]]
    before: dict[str, list[dict[str, Any]]]
    answers: dict[str, Any] = field(default_factory=dict)

    @property
    def form(self) -> Form:
        """The form in the version that the draft was begun with."""
        return form_behind(self.draft)

    @property
    def asked(self) -> forms_as_data.Screen:
        """What this screen asks."""
        found = self.form.screen(self.step)
        if found is None:
            raise Http404
        return found

    @property
    def people(self) -> list[tuple[str, str]]:
        """Whom a line may concern, the viewer first."""
        found = [(m["person"], m["name"]) for m in self.members]
        return sorted(found, key=lambda one: one[0] != str(self.viewer.id))

    def read(self, posted: QueryDict) -> dict[str, Any]:
        """The answers of this screen as typed."""
        part: dict[str, Any] = {}
        for question in self.asked.questions:
            if question.kind == "rows":
                rows = forms.read_rows(posted, question.code, self.people)
                if posted.get("action") in ("last", "same"):
                    rows += [self._typed(question.code, row) for row in self.missing(question, rows)]
                part[question.code] = rows
                continue
            typed = forms.text(posted.get(question.field, ""))
            if question.kind == "amount":
                typed = forms.amount(typed)
            if question.choices and typed not in question.choices:
                typed = ""
            *above, last = question.code.split(".")
            into = part
            for name in above:
                into = into.setdefault(name, {})
            into[last] = typed
        return part

    def missing(self, question: Question, rows: list[dict[str, str]]) -> list[dict[str, Any]]:
        """Last month's lines whose kind isn't among this month's yet; a form that asks for what comes on top takes
        none over."""
        if self.form.kind not in WHOLE:
            return []
        there = {row["code"] for row in rows}
        return [row for row in self.before[question.code] if row["code"] not in there]

    def taken_over(self, part: Mapping[str, Any]) -> dict[str, Any]:
        """The lists of later screens that an answer of this one fills with what recurs of last month; never one in
        which something stood already."""
        filled: dict[str, Any] = {}
        for question in self.asked.questions:
            if question.answer(part) != "yes":
                continue
            for kind in question.takes_over:
                rows = [row for row in self.before[kind] if row["code"] in forms_as_data.RECURRING]
                if rows and kind not in self.draft.answers:
                    filled[kind] = [self._typed(kind, row) for row in rows]
        return filled

    def _typed(self, kind: str, row: dict[str, Any]) -> dict[str, str]:
        typed = {"code": row["code"], "amount": _as_typed(row["amount"], self.draft.language), "note": row["note"]}
        return {**typed, "person": row["person"] or ""} if kind == "incomes" else typed

    def typed(self) -> list[tuple[str, str]]:
        """What stands in this screen's answers, as typed: what it is called, and the text."""
        words, names = self.form.words(reading()).questions, dict(self.people)
        found = []
        for question in self.asked.questions:
            if question.kind == "rows":
                for row in self.answers.get(question.code) or []:
                    said = (row["amount"], names.get(row.get("person", ""), ""), row["note"])
                    label = code_name(self.form.legal_order, question.code, row["code"]) or gettext("No kind chosen")
                    found.append((label, " · ".join(filter(None, said))))
            elif question.answer(self.answers):
                found.append((words[question.code].label, self._said(question)))
        return found

    def problems(self) -> list[Problem]:
        """What keeps this screen's answers from being signed."""
        mine = {question.part for question in self.asked.questions}
        found = policies.answers_problems(self.form, self.answers, self.draft.language)
        return [p for p in found if p.field.split("-")[0] in mine]

    def facts(self, problems: list[Problem], blank: int) -> dict[str, Any]:
        """What the template shows."""
        words = self.form.words(reading()).screens[self.asked.code]
        this = Month.of(self.draft.period.since)
        months = {"month": month(this.since), "month_before": month((this - 1).since)}
        plain = [question for question in self.asked.questions if question.kind != "rows"]
        data = {question.field: question.answer(self.answers) or "" for question in plain}
        fields = forms.AnswersForm(self.form, plain, data=data)
        forms.told(fields, problems, self.form)
        back = beside(self.form, self.step, -1)
        facts: dict[str, Any] = {
            "title": words.title.format(**months),
            "lead": words.lead.format(**months),
            "members": self.members if self.asked.shows == "household" else [],
            "parts": [fields[question.field] if question in plain else "" for question in self.asked.questions],
            "said": [(fields[q.field].label, self._said(q)) for q in plain if q.answer(self.answers)],
            "draft": self.draft,
            "month": this.since,
            "month_before": (this - 1).since,
            "steps": steps(self.tenant, self.draft, self.step),
            "back": reverse("step", args=[self.tenant, self.draft.id, back]) if back else "",
            "here": reverse("step", args=[self.tenant, self.draft.id, self.step]),
            "save_url": reverse("save", args=[self.tenant, self.draft.id, self.step]),
            "version": self.draft.version,
            "form": {"errors": links(self.form, problems, self.answers)},
            "last": self._last() if any(question.takes_over for question in plain) else None,
        }
        listed = self.asked.rows
        if listed is None:
            return facts
        rows = self.answers.get(listed.code) or []
        before = self.before[listed.code]
        missing = self.missing(listed, rows)
        return {
            **facts,
            "kind": listed.code,
            "files": len(attachments_of(self.draft.id)),
            "rows": forms.row_forms(self.form, listed, rows, self.people, before, problems, blank or not rows),
            "missing": [self._line(listed.code, row) for row in missing],
            "all_missing": bool(missing) and not rows,
            **(self._fetched() if listed.code == "incomes" else {}),
        }

    def _last(self) -> dict[str, Any]:
        """What is known of her, and what was applied for last month, as it stands."""
        today = acting_door().the_tenant.today(clock.now())
        mine = self.draft.case.applicant_id == self.viewer.id
        account, address = account_on(self.viewer.id, today) if mine else None, address_on(self.viewer.id, today)
        open_address = address if address is not None and not address.protection_level else None
        return {
            "home": ", ".join([*open_address.lines, f"{open_address.postcode} {open_address.city}"])
            if open_address
            else "",
            "account_end": account.number[-4:] if account else "",
            "lists": [(kind, [self._line(kind, row) for row in rows]) for kind, rows in self.before.items() if rows],
        }

    def _line(self, kind: str, row: Mapping[str, Any]) -> dict[str, str]:
        names = dict(self.people)
        return {
            "label": code_name(self.form.legal_order, kind, row["code"]),
            "amount": money(row["amount"]),
            "note": row["note"],
            "person": names.get(row.get("person") or "", "") if len(names) > 1 else "",
        }

    def _fetched(self) -> dict[str, Any]:
        """What authorities said about the viewer for the month."""
        return fetched.cards(self.tenant, self.draft.case, self.draft.period, self.viewer, self.draft.id)

    def _said(self, question: Question) -> str:
        typed = str(question.answer(self.answers))
        return self.form.words(reading()).questions[question.code].options.get(typed, typed)


def _as_typed(amount: int, language: str) -> str:
    whole, rest = divmod(amount, 100)
    text = f"{whole}{'.' if language == 'en' or unit() == 'CHF' else ','}{rest:02}" if rest else str(whole)
    assert parse_amount(text, language) == amount
    return text


def links(form: Form, problems: list[Problem], answers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(id of the control, what to do) for each problem; where there are several lines it says which."""
    found = []
    for problem in problems:
        kind, _, rest = problem.field.partition("-")
        own = next((one for one in form.questions if one.field == problem.field), None)
        target = kind if kind in LISTS and not rest else f"id_{problem.field}"
        target += "_0" if own is not None and own.choices else ""
        text = forms.words(problem, form)
        rows = answers.get(kind)
        if rest and isinstance(rows, list) and len(rows) > 1:
            number = int(rest.split("-")[0])
            name = code_name(form.legal_order, kind, rows[number]["code"]) or gettext("Line %(number)s") % {
                "number": number + 1
            }
            text = f"{name}: {text}"
        found.append((target, text))
    return found


def _screen(tenant: str, step: str, draft: Draft, viewer: Person) -> Screen:
    period = draft.period
    seen = household_seen_by_relative(draft.author_id, draft.case.household_id, period.since, period.until)
    members = [
        member_facts(
            {
                "person": str(m.person.id),
                "name": m.person.name,
                "role": m.role,
                "birth_on": m.person.birth_on.isoformat() if m.person.birth_on else None,
            },
            viewer.id,
        )
        for m in seen
    ]
    last = application_before(draft.case_id, period)
    given = last.document["answers"] if last else {}
    before = {kind: list(given.get(kind, [])) for kind in ("incomes", "costs")}
    return Screen(tenant, step, draft, viewer, members, before, dict(draft.answers))


#: The page of a screen, and the parts of its address.
STEP = ("step", "tenant", "draft", "step")


@require_http_methods(["GET", "HEAD", "POST"])
@citizen_page("renewal", whose=STEP)
def step(request: HttpRequest, tenant: str, draft: UUID, step: str) -> HttpResponse:
    """A screen of the application. POST keeps what was typed, then goes where `action` says: on, another line
    (add), a line less (remove-2), last month's lines (last), those and on (same), photos and documents (files)."""
    viewer, by = me(request), _by(request)
    posted: QueryDict | None = request.POST if request.method == "POST" else request.kept  # type: ignore[attr-defined]
    found = draft_for_citizen(draft, by)
    if posted is not None and "reopen" in posted and found.state == DraftState.SIGNING:
        with suppress(NotPossible):
            intake.change_again(tenant=tenant, by=by, now=request.now, draft=draft)  # type: ignore[attr-defined]
        found = draft_for_citizen(draft, by)
    if found.state != DraftState.OPEN:
        return _too_late(request, tenant, step, found, viewer, posted)
    looked_at("draft", found.case_id)
    screen = _screen(tenant, step, found, viewer)
    if step == "check":
        return _check(request, screen)
    template = "citizen/screen.html"
    if posted is None:
        problems = screen.problems() if "problems" in request.GET else []
        return render(request, template, screen.facts(problems, int("add" in request.GET)))

    part = screen.read(posted)
    if request.method == "POST":
        part |= screen.taken_over(part)
    screen.answers |= part
    try:
        screen.draft = _save(request, by, screen, posted, part)
    except Conflict as conflict:
        screen.draft = draft_for_citizen(draft, by)
        theirs = Screen(**{**vars(screen), "answers": conflict.theirs})
        return render(
            request, template, {**screen.facts([], 0), "theirs": theirs.facts([], 0), "conflict": True}, status=409
        )
    except NotPossible:
        return _too_late(request, tenant, step, draft_for_citizen(draft, by), viewer, posted)
    if request.method != "POST":
        return render(request, template, {**screen.facts([], 0), "restored": True})
    here, action, listed = reverse("step", args=[tenant, draft, step]), posted.get("action", ""), screen.asked.rows
    if action == "add":
        last = len(screen.answers[listed.code]) if listed else 0
        return HttpResponseRedirect(f"{here}?add#{listed.code if listed else ''}-{last}")
    if action == "last" or action.startswith("remove-"):
        return HttpResponseRedirect(f"{here}#{listed.code if listed else ''}")
    if action == "files":
        return HttpResponseRedirect(f"{reverse('files', args=[tenant, draft])}?from={step}")
    problems = screen.problems()
    if problems:
        return render(request, template, screen.facts(problems, 0), status=422)
    return HttpResponseRedirect(reverse("step", args=[tenant, draft, beside(screen.form, step, 1)]))


def _too_late(
    request: HttpRequest, tenant: str, step: str, draft: Draft, viewer: Person, posted: QueryDict | None
) -> HttpResponse:
    """The answer of a page that is older than the signing or the sending: where it has gone on; but where something
    else was typed than what stands, that is shown, with what can be done with it."""
    where = moved_on(tenant, draft) or reverse("sign", args=[tenant, draft.id])
    accepted = draft.state == DraftState.ACCEPTED
    if posted is None or step == "check":
        return HttpResponseRedirect(where + ("?already" if posted is not None and accepted else ""))
    screen = _screen(tenant, step, draft, viewer)
    part = screen.read(posted)
    if all(draft.answers.get(name) == value for name, value in part.items()):
        return HttpResponseRedirect(where)
    looked_at("draft", draft.case_id)
    screen.answers |= part
    typed = screen.typed()
    facts = {
        "draft": draft,
        "month": draft.period.since,
        "receipt": Receipt.objects.select_related("application").filter(application_id=draft.id).first(),
        "typed": typed,
        "where": where,
        "here": reverse("step", args=[tenant, draft.id, step]),
        "again": [(name, text) for name, texts in posted.lists() if name not in _PRESSED for text in texts],
        "couple": draft.case.co_applicant_id is not None,
    }
    if draft.state == DraftState.EXPIRED:
        facts["superseded"] = applied_otherwise(draft)
    if accepted:
        facts["correctable"] = standing_of(draft.id).open
    if draft.state != DraftState.SIGNING:
        about = gettext("My application for %(month)s") % {"month": month(draft.period.since)}
        said = "\n".join([f"{about}:", *(f"{label}: {text}" for label, text in typed)])
        facts["form"] = MessageForm(initial={"message": uuid7(), "text": said})
    return render(request, "citizen/too_late.html", facts, status=409)


#: Fields of a page that are no answers.
_PRESSED = ("csrfmiddlewaretoken", "action", "reopen")


def _save(request: HttpRequest, by: Actor, screen: Screen, posted: QueryDict, part: dict[str, Any]) -> Draft:
    version = posted.get("version", "")
    return intake.save_answers(
        tenant=screen.tenant,
        by=by,
        now=request.now,  # type: ignore[attr-defined]
        draft=screen.draft.id,
        version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0,
        part=part,
    )


@require_POST
@citizen_page("renewal", instead=STEP, whose=STEP)
def save(request: HttpRequest, tenant: str, draft: UUID, step: str) -> HttpResponse:
    """Keep what is typed so far: {"version": n}, or 409 when somebody else changed this screen."""
    viewer, by = me(request), _by(request)
    found = draft_for_citizen(draft, by)
    screen = _screen(tenant, step, found, viewer)
    try:
        saved = _save(request, by, screen, request.POST, screen.read(request.POST))
    except (Conflict, NotPossible):
        return JsonResponse({"status": "changed elsewhere"}, status=409)
    return JsonResponse({"version": saved.version})


def _check(request: HttpRequest, screen: Screen) -> HttpResponse:
    tenant, draft, by = screen.tenant, screen.draft, _by(request)
    changed = False
    if request.method == "POST":
        version = request.POST.get("version", "")
        try:
            intake.fix_for_signing(
                tenant=tenant,
                by=by,
                now=request.now,  # type: ignore[attr-defined]
                draft=draft.id,
                version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0,
            )
            return HttpResponseRedirect(reverse("sign", args=[tenant, draft.id]))
        except Conflict:
            changed = True
            screen.draft = draft = draft_for_citizen(draft.id, by)
        except NotPossible as refusal:
            if refusal.code == "another adult":
                return by_hand(request, tenant, by, draft.id)
            if refusal.code not in ("incomplete", "nothing changed"):
                return HttpResponseRedirect(reverse("my", args=[tenant]))
    problems = policies.answers_problems(screen.form, draft.answers, draft.language)
    today = request.door.the_tenant.today(request.now)  # type: ignore[attr-defined]
    shown, _, text = intake.document_to_sign(draft, by=by, day=today)
    sent = Application.objects.filter(id=draft.corrects_id).first() if draft.corrects_id else None
    account = account_on(draft.case.applicant_id, today)
    mine = draft.case.applicant_id == screen.viewer.id
    facts = {
        "draft": draft,
        "month": draft.period.since,
        "steps": steps(tenant, draft, "check"),
        "back": reverse("step", args=[tenant, draft.id, beside(screen.form, "check", -1)]),
        "sections": sections(shown, screen.viewer.id),
        "signing_text": text,
        "signing_help": help_with(draft.case.legal_order, text.key, reading(), draft.period.since),
        "account_end": account.number[-4:] if account and mine else "",
        "representatives": representatives(shown, screen.viewer.id),
        "problems": _elsewhere(tenant, draft, problems),
        "files": shown_files(attachments_of(draft.id)),
        "version": draft.version,
        "changed": changed,
        "reopened": "reopened" in request.GET,
        "couple": draft.case.co_applicant_id is not None,
        "differences": told(shown, sent.document, screen.viewer.id) if sent else [],
    }
    status = 409 if changed else 422 if problems and request.method == "POST" else 200
    return render(request, "citizen/check.html", facts, status=status)


def _elsewhere(tenant: str, draft: Draft, problems: list[Problem]) -> list[dict[str, str]]:
    """The problems as one list, each leading to its field on its screen."""
    form = form_behind(draft)
    named = labels(form)
    where = {part: screen.code for screen in form.screens for part in screen.parts}
    found = []
    for problem, (target, words) in zip(problems, links(form, problems, draft.answers), strict=True):
        step = where[problem.field.split("-")[0]]
        address = f"{reverse('step', args=[tenant, draft.id, step])}?problems#{target}"
        found.append({"url": address, "text": f"{named[step]}: {words}"})
    return found
