"""The renewal: changes, income, costs, check. Every answer is kept as typed, right or wrong, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_http_methods, require_POST

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.models import Period
from handslag.domain.casefile.permissions import case_for_citizen
from handslag.domain.intake import operations as intake
from handslag.domain.intake import policies
from handslag.domain.intake.models import Draft
from handslag.domain.intake.permissions import draft_for_citizen
from handslag.domain.intake.policies import Problem
from handslag.domain.intake.queries import application_before, draft_of
from handslag.domain.intake.states import DraftState
from handslag.domain.people.models import Person
from handslag.domain.people.queries import account_on, household_seen_by_relative
from handslag.domain.tenancy.door import Actor
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.kernel.money import parse_amount
from handslag.kernel.months import Month
from handslag.web.citizen import forms
from handslag.web.citizen.document import code_name, sections
from handslag.web.citizen.person import me, member_facts
from handslag.web.citizen.signing import moved_on
from handslag.web.citizen.steps import after, labels, steps
from handslag.web.entry.pages import citizen_page
from handslag.web.ui.formats import money

#: Which of the draft's answers each screen asks for.
PARTS = {"household": ("household",), "income": ("incomes",), "costs": ("costs", "message")}


@require_POST
@citizen_page("renewal", instead=("my", "tenant"))
def apply(request: HttpRequest, tenant: str) -> HttpResponse:
    """Open the renewal of a month (`case`, `month`), or go on with the one that is open."""
    by = _by(request)
    try:
        case = case_for_citizen(UUID(request.POST.get("case", "")), by)
        month = Month.parse(request.POST.get("month", ""))
    except ValueError:
        raise Http404 from None
    period = Period.objects.filter(case=case, since=month.since).first()
    draft = draft_of(period.id) if period else None
    if draft is None:
        try:
            draft = intake.open_draft(
                tenant=tenant,
                by=by,
                now=request.now,  # type: ignore[attr-defined]
                case=case.id,
                month=month,
                language=(get_language() or "sv")[:2],
            )
        except NotPossible:
            return HttpResponseRedirect(f"{reverse('my', args=[tenant])}?closed")
    return HttpResponseRedirect(reverse("step", args=[tenant, draft.id, "household"]))


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
    def people(self) -> list[tuple[str, str]]:
        """Whom a line may concern, the viewer first."""
        found = [(m["person"], m["name"]) for m in self.members]
        return sorted(found, key=lambda one: one[0] != str(self.viewer.id))

    def read(self, posted: QueryDict) -> dict[str, Any]:
        """The answers of this screen as typed."""
        language = self.draft.language
        if self.step == "household":
            same = posted.get("household-same", "")
            changes = forms.text(posted.get("household-changes", ""))
            return {"household": {"same": same if same in ("yes", "no") else "", "changes": changes}}
        kind = PARTS[self.step][0]
        rows = forms.read_rows(posted, kind, self.people, language)
        if posted.get("action") == "last":
            rows += [self._typed(kind, row) for row in self.missing(kind, rows)]
        part: dict[str, Any] = {kind: rows}
        return {**part, "message": forms.text(posted.get("message", ""))} if self.step == "costs" else part

    def missing(self, kind: str, rows: list[dict[str, str]]) -> list[dict[str, Any]]:
        """Last month's lines whose kind isn't among this month's yet."""
        there = {row["code"] for row in rows}
        return [row for row in self.before[kind] if row["code"] not in there]

    def _typed(self, kind: str, row: dict[str, Any]) -> dict[str, str]:
        typed = {"code": row["code"], "amount": _as_typed(row["amount"], self.draft.language), "note": row["note"]}
        return {**typed, "person": row["person"] or ""} if kind == "incomes" else typed

    def problems(self) -> list[Problem]:
        """What keeps this screen's answers from being signed."""
        mine = PARTS[self.step]
        found = policies.answers_problems(self.answers, self.draft.language)
        return [p for p in found if p.field.split("-")[0] in mine]

    def facts(self, problems: list[Problem], blank: int) -> dict[str, Any]:
        """What the template shows."""
        given: dict[str, Any] = {}
        if self.step == "household":
            household = self.answers.get("household") or {}
            data = {f"household-{name}": household.get(name, "") for name in ("same", "changes")}
            form = forms.HouseholdForm(data=data)
            forms.told(form, problems)
            given = {"household": form, "members": self.members}
        else:
            kind = PARTS[self.step][0]
            rows = self.answers.get(kind) or []
            given = {
                "kind": kind,
                "rows": forms.row_forms(kind, rows, self.people, self.before[kind], problems, blank or not rows),
                "before": [
                    {"label": code_name(kind, row["code"]), "amount": money(row["amount"]), "note": row["note"]}
                    for row in self.before[kind]
                ],
                "missing": self.missing(kind, rows),
            }
        if self.step == "costs":
            message = forms.MessageForm(data={"message": self.answers.get("message", "")})
            forms.told(message, problems)
            given["message"] = message
        return {
            **given,
            "draft": self.draft,
            "month": self.draft.period.since,
            "month_before": (Month.of(self.draft.period.since) - 1).since,
            "steps": steps(self.tenant, self.draft, self.step),
            "here": reverse("step", args=[self.tenant, self.draft.id, self.step]),
            "save_url": reverse("save", args=[self.tenant, self.draft.id, self.step]),
            "version": self.draft.version,
            "form": {"errors": links(problems, self.answers)},
        }


def _as_typed(amount: int, language: str) -> str:
    whole, rest = divmod(amount, 100)
    text = f"{whole}{'.' if language == 'en' else ','}{rest:02}" if rest else str(whole)
    assert parse_amount(text, language) == amount
    return text


def links(problems: list[Problem], answers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(id of the control, what to do) for each problem; where there are several lines it says which."""
    found = []
    for problem in problems:
        kind, _, rest = problem.field.partition("-")
        target = kind if not rest and kind != "message" else f"id_{problem.field}"
        target += "_0" if problem.field.endswith("-same") else ""
        text = forms.words(problem.code, problem.field)
        rows = answers.get(kind)
        if rest and isinstance(rows, list) and len(rows) > 1:
            number = int(rest.split("-")[0])
            name = code_name(kind, rows[number]["code"]) or gettext("Line %(number)s") % {"number": number + 1}
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


@require_http_methods(["GET", "HEAD", "POST"])
@citizen_page("renewal")
def step(request: HttpRequest, tenant: str, draft: UUID, step: str) -> HttpResponse:
    """A screen of the renewal. POST keeps what was typed, then goes where `action` says: on, another line
    (add), a line less (remove-2), last month's lines (last)."""
    viewer, by = me(request), _by(request)
    found = draft_for_citizen(draft, by)
    if found.state != DraftState.OPEN:
        return HttpResponseRedirect(moved_on(tenant, found) or reverse("sign", args=[tenant, draft]))
    looked_at("draft", found.case_id)
    screen = _screen(tenant, step, found, viewer)
    posted: QueryDict | None = request.POST if request.method == "POST" else request.kept  # type: ignore[attr-defined]
    if step == "check":
        return _check(request, screen)
    template = "citizen/household.html" if step == "household" else "citizen/rows.html"
    if posted is None:
        problems = screen.problems() if "problems" in request.GET else []
        return render(request, template, screen.facts(problems, int("add" in request.GET)))

    part = screen.read(posted)
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
        return HttpResponseRedirect(reverse("sign", args=[tenant, draft]))
    if request.method != "POST":
        return render(request, template, {**screen.facts([], 0), "restored": True})
    here, action = reverse("step", args=[tenant, draft, step]), posted.get("action", "")
    if action == "add":
        last = len(screen.answers[PARTS[step][0]])
        return HttpResponseRedirect(f"{here}?add#{PARTS[step][0]}-{last}")
    if action == "last" or action.startswith("remove-"):
        return HttpResponseRedirect(f"{here}#{PARTS[step][0]}")
    problems = screen.problems()
    if problems:
        return render(request, template, screen.facts(problems, 0), status=422)
    return HttpResponseRedirect(reverse("step", args=[tenant, draft, after(step)]))


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
@citizen_page("renewal", instead=("step", "tenant", "draft", "step"))
def save(request: HttpRequest, tenant: str, draft: UUID, step: str) -> HttpResponse:
    """Keep what is typed so far: {"version": n}, or 409 when somebody else changed this screen."""
    viewer, by = me(request), _by(request)
    found = draft_for_citizen(draft, by)
    if step not in PARTS:
        raise Http404
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
            if refusal.code != "incomplete":
                return HttpResponseRedirect(reverse("my", args=[tenant]))
    problems = policies.answers_problems(draft.answers, draft.language)
    shown, _, text = intake.document_to_sign(draft)
    account = account_on(draft.case.applicant_id, request.door.the_tenant.today(request.now))  # type: ignore[attr-defined]
    mine = draft.case.applicant_id == screen.viewer.id
    facts = {
        "draft": draft,
        "month": draft.period.since,
        "steps": steps(tenant, draft, "check"),
        "sections": sections(shown, screen.viewer.id),
        "answered": "yes" if (draft.answers.get("household") or {}).get("same") else "no",
        "signing_text": text,
        "account_end": account.number[-4:] if account and mine else "",
        "problems": _elsewhere(tenant, draft, problems),
        "version": draft.version,
        "changed": changed,
        "reopened": "reopened" in request.GET,
        "couple": draft.case.co_applicant_id is not None,
    }
    status = 409 if changed else 422 if problems and request.method == "POST" else 200
    return render(request, "citizen/check.html", facts, status=status)


def _elsewhere(tenant: str, draft: Draft, problems: list[Problem]) -> list[dict[str, str]]:
    """The problems as one list, each leading to its field on its screen."""
    where = {part: step for step, parts in PARTS.items() for part in parts}
    found = []
    for problem, (target, words) in zip(problems, links(problems, draft.answers), strict=True):
        step = where[problem.field.split("-")[0]]
        address = f"{reverse('step', args=[tenant, draft.id, step])}?problems#{target}"
        found.append({"url": address, "text": f"{labels()[step]}: {words}"})
    return found
