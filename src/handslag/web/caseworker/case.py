"""The case page: who, what has happened, what was applied for, what is counted and why, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from handslag.domain.audit.operations import looked_at
from handslag.domain.audit.queries import timeline
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.operations import acknowledge_warning, go_on_without
from handslag.domain.casefile.permissions import case_for_staff, may_change_household
from handslag.domain.casefile.queries import (
    cases_beside,
    cases_open_to,
    note_draft,
    notes_of,
    period_before,
    period_in,
    periods_of,
    warnings_on,
)
from handslag.domain.casefile.states import NoteKind
from handslag.domain.decisions.operations import applied_since, came_since
from handslag.domain.decisions.queries import appeals_in, in_force, in_force_on, letters_unseen, newest_decision
from handslag.domain.entitlement.models import Assessment, Forecast
from handslag.domain.entitlement.models import Sheet as StoredSheet
from handslag.domain.entitlement.operations import assess
from handslag.domain.entitlement.operations.evidence import link_document, unlink_document
from handslag.domain.entitlement.queries import (
    applied_facts,
    calculated,
    came_after,
    is_household_of,
    members_of,
    newest_application,
    newest_sheet,
    sheet_that_counts,
    stored_calculation,
    with_members,
    with_more,
)
from handslag.domain.entitlement.queries.evidence import documents_beside
from handslag.domain.entitlement.queries.precalculations import coming
from handslag.domain.intake.forms import LISTS, Said, described, form_of, in_words, kinds_of
from handslag.domain.intake.models import Application, Signature
from handslag.domain.intake.operations import record_signature
from handslag.domain.intake.queries import (
    Difference,
    application_of,
    applications_for,
    applications_in_force,
    attachments_of,
    came,
    differences,
    inbox_items_of,
    lacking_of,
    month_of_application,
    on_top_since,
    period_of_application,
    receipt_of,
    requests_of,
    sent_or_made,
    signatures_of,
)
from handslag.domain.lookups.operations import answer_dispute, ask_authorities
from handslag.domain.people.models import Person
from handslag.domain.people.queries import Seen, full_name, household_on, is_gone, representations_of, seen_by_staff
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month
from handslag.rules.norms import NormMissing
from handslag.rules.se.codes import CASE_COSTS, INCOMES
from handslag.rules.se.facts import Facts, FactsError
from handslag.rules.sheet import Sheet
from handslag.web.caseworker import facts as form_of_facts
from handslag.web.caseworker.asked import asked_of, beside
from handslag.web.caseworker.elsewhere import case_elsewhere
from handslag.web.caseworker.lookups import shown_came, shown_look_ups, with_fetched
from handslag.web.caseworker.pages import (
    CASE_ROLES,
    attempt,
    base,
    language,
    page,
    require,
    today,
    typed,
    who,
)
from handslag.web.caseworker.presence import others_at
from handslag.web.caseworker.register import ROLE_NAMES
from handslag.web.caseworker.sheet import masked_of, shown_sheet
from handslag.web.caseworker.warnings import shown_warnings
from handslag.web.caseworker.wording import (
    APPEAL_STATES,
    BASES,
    BECAME,
    CHANNELS,
    EVENTS,
    INBOX_STATES,
    NOT_CALCULATED,
    NOTE_KINDS,
    OUTCOMES,
    REFUSALS,
    REQUEST_STATES,
    SCAN_STATES,
    STATES,
    refusal,
)
from handslag.web.entry.pages import desk_page
from handslag.web.ui.formats import change, money

#: The page of a month under a law that isn't the Swedish one: each module that has one puts it here.
BY_LAW: dict[str, Callable[[HttpRequest, Case, Period, Member, str], HttpResponse]] = {}
#: Documents of other months that can be put beside a line of this one, newest first.
MOST_OTHERS = 30
#: What follows by itself from what people do: shown on demand.
QUIET = {
    "inbox closed",
    "deadline set",
    "notices queued",
    "notice ended",
    "document recorded",
    "task opened",
    "warnings reconciled",
    "document scanned",
    "deadline ended",
    "files attached",
    "file removed",
}


def case_and_period(request: HttpRequest, key: UUID, month: str) -> tuple[Case, Period, Member]:
    """The case and its period for a month, for this member of staff; Hidden otherwise."""
    case, member = case_for_staff(key, **who(request))
    try:
        period = period_in(case.id, Month.parse(month))
    except ValueError:
        period = None
    if period is None:
        raise Hidden("period", case.id)
    return case, period, member


def files_beside(case: Case, since: date | None, member: Member, now: datetime) -> dict[str, Any]:
    """The other files of its adults in which the month that begins on `since` is decided, with the decision in force
    there, so that it isn't granted twice; and all that they have by other records of theirs. One that isn't open to
    this member is told without more. `led_on`: the case itself is of a record that leads to another."""
    found = cases_beside(case)
    there = in_force_on((one.id for one in found), since) if found and since else {}
    own = set(case.adults)
    beside = [one for one in found if one.id in there or not own & {one.applicant_id, one.co_applicant_id}]
    if not beside:
        return {}
    visible = set(cases_open_to(member, now).filter(id__in=[one.id for one in beside]).values_list("id", flat=True))
    adults = [person.id for person in (case.applicant, case.co_applicant) if person is not None]
    return {
        "files_beside": [(one if one.id in visible else None, there.get(one.id)) for one in beside],
        "led_on": any(map(is_gone, adults)),
    }


def case_name(case: Case) -> str:
    """The adults of a case, as its heading names them."""
    return " & ".join(full_name(person) for person in (case.applicant, case.co_applicant) if person is not None)


@desk_page("case")
def open_case(request: HttpRequest, tenant: str, case: UUID) -> HttpResponse:
    """A case: its newest month that was applied for or decided, or the empty page where there is none."""
    found, member = case_for_staff(case, **who(request))
    if found.worked_in is not None:
        return case_elsewhere(request, found, member)
    periods = sorted(periods_of(found.id), reverse=True)
    if periods:
        return HttpResponseRedirect(f"{base(request)}/cases/{found.id}/periods/{Month.of(periods[0])}/")
    return newest_month(request, case)


def newest_month(request: HttpRequest, case: UUID, trouble: str = "") -> HttpResponse:
    """The page of a case's newest month, or of none, with what went wrong."""
    found, member = case_for_staff(case, **who(request))
    looked_at("case", found.id)
    periods = sorted(periods_of(found.id).values(), key=lambda p: p.since, reverse=True)
    if not periods:
        return page(request, "case_without_period.html", trouble=trouble, **frame_of(request, found, member, None))
    if found.legal_order in BY_LAW:
        return BY_LAW[found.legal_order](request, found, periods[0], member, trouble)
    at = standing(found, periods[0], today(request))
    seen = seen_in(found, periods[0], member)
    form = form_of_facts.form_for(at.facts, at.version, seen, language(), at.application, at.before)
    troubles = [trouble] if trouble else []
    return _work(request, found, periods[0], member, at, form, None, troubles, False, [])


def frame_of(request: HttpRequest, case: Case, member: Member, period: Period | None) -> dict[str, Any]:
    """What stands beside the lines: people, months, what happened, documents, who else looks at it."""
    month = Month.of(period.since if period else today(request))
    memberships = household_on(case.household_id, month.since, month.until)
    seen = seen_by_staff(member, [m.person for m in memberships])
    unseen = letters_unseen(case, member)
    staff = dict(StaffMember.objects.values_list("user_id", "name"))
    adults = {p.id: full_name(p) for p in (case.applicant, case.co_applicant) if p is not None}
    agents = _agents(adults, member)
    beside = files_beside(case, period.since if period else None, member, request.now)  # type: ignore[attr-defined]
    works = not beside.get("led_on")
    events = [
        {
            "at": told.at,
            "text": EVENTS.get(told.kind, told.kind),
            "quiet": told.kind in QUIET,
            "by": agents.get((told.actor_id, told.actor_name))
            or staff.get(told.actor_id)
            or adults.get(told.actor_id, "")
            if told.actor_id
            else "",
            "reason": str(told.body.get("reason", "")),
        }
        for told in timeline([case.id], most=100)
    ]
    return {
        "case": case,
        "name": case_name(case),
        "month": month,
        **beside,
        "household": [
            {
                "seen": seen[m.person_id],
                "role": _("applicant") if m.person_id == case.applicant_id else ROLE_NAMES[m.role],
            }
            for m in memberships
        ],
        "months": [Month.of(since) for since in sorted(periods_of(case.id), reverse=True)],
        "events": events,
        "appeals": [(one, APPEAL_STATES[one.state]) for one in appeals_in([case.id])],
        "documents": [
            (one, _("tells of somebody protected") if one.id in unseen else SCAN_STATES[one.scan_state])
            for one in sent_or_made(case.id)
        ],
        "asked": [
            (one, [(file, SCAN_STATES[file.document.scan_state]) for file in files], REQUEST_STATES[one.state])
            for one, files in requests_of(case.id)
        ],
        "others": sorted(staff[key] for key in others_at(request, case.id) if key in staff),
        "notes": notes_of(case.id),
        "questions": asked_of(case.id, member),
        "note_draft": note_draft(case.id, member),
        "note_kinds": [(kind, NOTE_KINDS[kind]) for kind in NoteKind],
        "ever": _ever(case, member),
        "beforehand": _beforehand(case, month),
        "may_note": works and bool(member.roles & set(CASE_ROLES)),
        "may_work": works and Role.CASEWORKER in member.roles,
        "may_move": may_change_household(case.household_id, **who(request)),
        "may_enter": works and bool(member.roles & {Role.CASEWORKER, Role.REGISTRAR}),
        "caseworker": StaffMember.objects.filter(id=case.caseworker_id).first() if case.caseworker_id else None,
    }


def _beforehand(case: Case, month: Month) -> dict[str, Any] | None:
    """What a run over all open cases says of the next month of this one, in words."""
    row = coming(case.id, month.since)
    if row is None:
        return None
    told: dict[str, Any] = {"row": row, "problem": NOT_CALCULATED[row.problem] if row.problem else ""}
    if row.after is not None:
        told["after"] = money(row.after, row.currency)
        told["difference"] = change(row.difference, row.currency) if row.before is not None else ""
        told["basis"] = BASES[row.basis]
        told["changes"] = changes_in(row, language())
    return told


def changes_in(row: Forecast, lang: str) -> list[tuple[str, str, str]]:
    """(line, before, after) of what differs in a forecast, in words."""
    found = []
    for one in row.changes:
        label = one["label"].get(lang) or next(iter(one["label"].values()))
        found.append((label, money(one["before"], row.currency), money(one["after"], row.currency)))
    return found


def _ever(case: Case, member: Member) -> list[dict[str, Any]]:
    """Everybody who was ever of the household, with her days (the last day of those who left)."""
    rows = household_on(case.household_id, date.min, date.max)
    seen = seen_by_staff(member, [row.person for row in rows])
    return [
        {
            "name": seen[row.person_id].name or _("Protected person"),
            "since": row.since,
            "until": row.until - timedelta(days=1) if row.until else None,
        }
        for row in sorted(rows, key=lambda row: row.since)
    ]


@dataclass(frozen=True)
class Standing:
    """How the facts of a period stand: the newest application, the working copy, last month's. `more`: what was applied
    for on top since the working copy was saved; its lines stand in the facts. `newer`: something else came since.
    `saved`: the newest sheet; `there`: how many applications had come."""

    assessment: Assessment | None
    facts: Facts
    application: Any
    newer: bool
    before: Facts | None
    sheet_before: Sheet | None
    more: list[Application]
    saved: StoredSheet | None
    there: int

    @property
    def version(self) -> int:
        return self.assessment.version if self.assessment else 0


def standing(case: Case, period: Period, today: date, *, afresh: bool = False) -> Standing:
    """The facts of a period as they stand; `afresh`: those of the newest application instead of the working copy."""
    there, assessment = came(period.id), Assessment.objects.filter(period=period).first()
    application, saved = newest_application(period.id), newest_sheet(period.id)
    newer = bool(assessment and saved and came_after(saved, application, there))
    more: list[Application] = []
    if assessment and not afresh:
        facts = Facts.from_json(assessment.facts)
        if newer and (on_top := on_top_since(period.id, assessment.saved_at)):
            more, newer = on_top, False
            facts = with_more(facts, period.id, more, today)
    else:
        facts = applied_facts(case, period, application, today)
    earlier = period_before(period)
    last = sheet_that_counts(earlier.id) if earlier else None
    return Standing(
        assessment,
        facts,
        application,
        newer,
        Facts.from_json(last.snapshot.facts) if last else None,
        stored_calculation(last) if last else None,
        more,
        saved,
        there,
    )


def sheet_before(period: Period) -> Sheet | None:
    """The calculation that counts of the month before."""
    earlier = period_before(period)
    last = sheet_that_counts(earlier.id) if earlier else None
    return stored_calculation(last) if last else None


@desk_page("case")
def work(request: HttpRequest, tenant: str, case: UUID, month: str) -> HttpResponse:
    """The month of a case. POST `act=preview` calculates without saving, `act=assess` saves the next sheet.

    A decided month shows what was decided; with `?change`, or once a later sheet is saved, it can be worked on for a
    decision that replaces that one.
    """
    found, period, member = case_and_period(request, case, month)
    if found.worked_in is not None:
        return case_elsewhere(request, found, member)
    if request.method == "POST":
        require(request, Role.CASEWORKER)
    looked_at("case", found.id)
    if found.legal_order in BY_LAW:
        return BY_LAW[found.legal_order](request, found, period, member, "")
    seen = seen_in(found, period, member)
    at = standing(found, period, today(request), afresh=request.GET.get("from") == "application")
    if request.GET.get("from") == "authorities":  # proposed, unsaved until the caseworker saves
        at = replace(at, facts=msgspec.structs.replace(at.facts, incomes=with_fetched(at.facts, period, member)))
    if request.GET.get("from") == "household":  # the same, with the household as the register has it now
        at = replace(at, facts=with_members(at.facts, members_of(found, period)))
    surplus = at.sheet_before.surplus if at.sheet_before else 0
    form = form_of_facts.form_for(at.facts, at.version, seen, language(), at.application, at.before, surplus)
    data = typed(request)
    preview: Sheet | None = None
    trouble: list[str] = []
    differ: list[str] = []
    if data is not None:
        form_of_facts.read(form, data)
        stale = data.get("version") != str(at.version) or bool(form.gone)
        if stale:
            differ = form_of_facts.beside(form, at.facts)
        elif request.method == "POST" and form.facts is not None:
            act = data.get("act", "")
            if act.startswith("seen:"):
                trouble = _seen(request, act.removeprefix("seen:"))
            elif act == "without":
                trouble = _without(request, period)
            elif act.startswith("answer:"):
                trouble = _answer(request, act.removeprefix("answer:"))
            elif act.startswith(("link:", "unlink:")):
                trouble = _linked(request, period, act)
            elif act == "assess":
                read = int(known) if (known := data.get("applications", "")).isdecimal() else -1
                told = {"period": period.id, "facts": form.facts.to_json(), "version": at.version}
                try:
                    attempt(request, assess, **told, applications=read)
                except NotPossible as refused:
                    trouble = [refusal(refused), *refused.facts.get("problems", [])]
                except Conflict:
                    stale = True
                else:
                    return HttpResponseRedirect(f"{base(request)}/cases/{found.id}/periods/{month}/")
            else:
                try:
                    form.facts.check()
                    preview = calculated(form.facts, today(request))
                except (FactsError, NormMissing) as wrong:
                    trouble = getattr(wrong, "problems", [str(wrong)])
        return _work(request, found, period, member, at, form, preview, trouble, stale, differ)
    return _work(request, found, period, member, at, form, preview, trouble, False, differ)


@desk_page("case")
@require_POST
def ask(request: HttpRequest, tenant: str, case: UUID, month: str) -> HttpResponse:
    """Ask the authorities again that haven't answered; when all have, all of them."""
    require(request, Role.CASEWORKER)
    found, period, _member = case_and_period(request, case, month)
    try:
        attempt(request, ask_authorities, period=period.id)
    except NotPossible as refused:
        return newest_month(request, case, refusal(refused))
    return HttpResponseRedirect(f"{base(request)}/cases/{found.id}/periods/{month}/#look-ups")


def _seen(request: HttpRequest, warning: str) -> list[str]:
    """Acknowledge a warning; what is typed in the form stays there, unsaved."""
    try:
        attempt(request, acknowledge_warning, warning=UUID(warning))
    except ValueError:
        raise Hidden("warning") from None
    except Conflict:
        return [str(REFUSALS["conflict"])]
    return []


def _without(request: HttpRequest, period: Period) -> list[str]:
    """Go on without what authorities didn't answer, with a reason; what is typed in the form stays there, unsaved."""
    posted = request.POST
    try:
        chosen = [UUID(one) for one in posted.getlist("without")]
        attempt(request, go_on_without, period=period.id, warnings=chosen, reason=posted.get("without-why", ""))
    except ValueError:
        raise Hidden("warning") from None
    except NotPossible as refused:
        return [refusal(refused)]
    except Conflict:
        return [str(REFUSALS["conflict"])]
    return []


def _answer(request: HttpRequest, dispute: str) -> list[str]:
    """Answer that a fetched line is wrong; what is typed in the form stays there, unsaved."""
    verdict, why = request.POST.get(f"verdict-{dispute}", ""), request.POST.get(f"why-{dispute}", "")
    try:
        attempt(request, answer_dispute, dispute=UUID(dispute), verdict=verdict, why=why)
    except ValueError:
        raise Hidden("dispute") from None
    except NotPossible as refused:
        return [refusal(refused)]
    except Conflict:
        return [str(REFUSALS["conflict"])]
    return []


def _linked(request: HttpRequest, period: Period, act: str) -> list[str]:
    """Say that a document shows a line (`link:` document, with the line chosen in `line-` document), or that it doesn't
    (`unlink:` document `:` line); what is typed in the form stays there, unsaved."""
    verb, _colon, named = act.partition(":")
    key, _colon, line = named.partition(":")
    try:
        document = UUID(key)
        if verb == "unlink":
            attempt(request, unlink_document, period=period.id, document=document, line=line)
        else:
            line = request.POST.get(f"line-{key}", "")
            attempt(request, link_document, period=period.id, document=document, line=line)
    except ValueError:
        raise Hidden("document") from None
    except NotPossible as refused:
        return [refusal(refused)]
    except Conflict:
        return [str(REFUSALS["conflict"])]
    return []


def _documents(form: form_of_facts.FactsForm, period: Period, frame: Mapping[str, Any], typed: Any) -> dict[str, Any]:
    """Put the documents beside the lines that they show; what remains, with the line that was chosen for each, and the
    lines that there are to choose from."""
    lines = {
        f"{kind}:{row.key}": row for kind, rows in (("costs", form.costs), ("incomes", form.incomes)) for row in rows
    }
    states = {one.id: state for one, state in frame["documents"]}
    found = documents_beside(period.id, [one for one, _state in frame["documents"]], lines)
    for line, row in lines.items():
        row.line = line
        row.documents = [(one, states[one.id]) for one in found.lines.get(line, [])]
    chosen = typed if typed is not None else {}

    def left(documents: list[Any]) -> list[tuple[Any, Any, str]]:
        return [(one, states[one.id], chosen.get(f"line-{one.id}", "")) for one in documents]

    return {
        "loose": left(found.loose),
        "of_others": left(found.others[:MOST_OTHERS]),
        "lines": [(line, " ".join(filter(None, (row.label, row.person_name)))) for line, row in lines.items()],
    }


def seen_in(case: Case, period: Period, member: Member) -> dict[UUID, Seen]:
    """The people of the household in a period, each as this member of staff may see them."""
    memberships = household_on(case.household_id, period.since, period.until)
    return seen_by_staff(member, [m.person for m in memberships])


def _work(
    request: HttpRequest,
    case: Case,
    period: Period,
    member: Member,
    at: Standing,
    form: form_of_facts.FactsForm,
    preview: Sheet | None,
    trouble: list[str],
    stale: bool,
    differ: list[str],
) -> HttpResponse:
    stored = at.saved
    calculation = preview or (stored_calculation(stored) if stored else None)
    lang = language()
    decision, standing_decision = newest_decision(period.id), in_force(period.id)
    later = standing_decision is None or stored is None or stored.number > standing_decision.sheet.number
    changing = standing_decision is not None and bool(
        later or at.more or at.newer or typed(request) is not None or "change" in request.GET
    )
    applications = applications_for(period.id)
    counting = {one.id for one in applications_in_force(period.id)}
    items = inbox_items_of(case.id)
    waiting = [item for item in items if item.state == "waiting"]
    warnings, posted = warnings_on(period.id), typed(request)
    frame = frame_of(request, case, member, period)
    beside([*form.costs, *form.incomes], frame["questions"])
    costs = [(code, kind.name[lang]) for code, kind in CASE_COSTS.items()]
    incomes = [(code, kind.name[lang]) for code, kind in INCOMES.items()]
    return page(
        request,
        "case.html",
        **frame,
        beside=_documents(form, period, frame, posted),
        form=form,
        # what the page began with stands in its form until it is saved
        begun=request.GET["from"] if request.GET.get("from") in ("application", "authorities", "household") else "",
        errors=form.errors,
        trouble=trouble,
        stale=stale,
        differ=differ,
        at=at,
        came=shown_came(stored, came_since(stored), member, form.names, lang) if stored else None,
        other_household=not is_household_of(at.facts, members_of(case, period)),
        more=_more(at.more, lang),
        sheet=shown_sheet(calculation, form.names, form.masked, lang, at.sheet_before) if calculation else None,
        preview=preview is not None,
        stored=stored,
        month_before=Month.of(period.since) - 1 if at.before else None,
        decision=decision,
        outcome=OUTCOMES[decision.outcome] if decision else "",
        state=STATES[decision.state] if decision else "",
        waiting=waiting[0] if waiting else None,
        look_ups=shown_look_ups(
            period, form.names, member, warnings, lang, posted.dict() if posted is not None else {}
        ),
        why_without=posted.get("without-why", "") if posted is not None else "",
        warnings=shown_warnings(warnings, form, lang),
        items=[(item, INBOX_STATES[item.state]) for item in items],
        applications=[(a, CHANNELS[a.channel], BECAME[became(a, counting)]) for a in applications],
        corrected=_corrected(at.application, member, lang),
        taken_back=bool(applications) and at.application is None,
        lacking=bool(at.application and lacking_of(at.application)),
        cost_codes=costs,
        income_codes=incomes,
        decided=standing_decision is not None and not changing,
        applied_since=changing and standing_decision is not None and bool(applied_since(standing_decision)),
        changing=standing_decision if changing else None,
        may_propose=stored is not None and later,
    )


def _more(applications: list[Application], lang: str) -> list[tuple[Application, str, str]]:
    """What was applied for on top since the facts were saved: each application with its lines in words, and what she
    writes."""
    return [
        (
            one,
            ", ".join(
                f"{kinds[row['code']].name[lang]} {money(row['amount'])}"
                for kind, kinds in kinds_of(one.case.legal_order).items()
                for row in one.document["answers"].get(kind, [])
            ),
            one.document["answers"].get("message", ""),
        )
        for one in applications
    ]


def became(application: Application, in_force: Collection[UUID]) -> str:
    """What became of an application for a month: it counts, corrected, or taken back."""
    if application.id in in_force:
        return "correction" if application.corrects_id else ""
    corrected = Application.objects.filter(corrects_id=application.id).exists()
    return "corrected" if corrected else "taken back"


@dataclass(frozen=True)
class Corrected:
    """What a correction changed: the label, as it was before, as it is now."""

    label: str
    before: str
    now: str


def _corrected(application: Application | None, member: Member, lang: str) -> list[Corrected]:
    """What the newest application changed of the one that it corrects; nothing where it corrects none."""
    if application is None or application.corrects_id is None:
        return []
    before = Application.objects.get(id=application.corrects_id)
    names = {one["person"]: one["name"] for one in _as_seen(application.document["household"], member)}
    form = form_of(application.form, application.form_version)
    words = form.words(lang)

    def said(one: Difference, value: Any) -> str:
        if one.part == "attachments":
            return ", ".join(value)
        if one.part in LISTS:
            rows = [(money(r["amount"]), names.get(r["person"] or "") or "", r["note"]) for r in value]
            return " + ".join(" ".join(filter(None, parts)) for parts in rows)
        question = form.question(one.code)
        assert question is not None
        read = in_words(question, value, words) or ""
        return money(read) if isinstance(read, int) else read

    def label(one: Difference) -> str:
        if one.part == "attachments":
            return _("Photos and documents")
        return form.kinds(one.part)[one.code].name[lang] if one.part in LISTS else words.questions[one.code].label

    found = differences(application.document, before.document)
    return [Corrected(label(one), said(one, one.before), said(one, one.now)) for one in found]


@desk_page("application")
def application(request: HttpRequest, tenant: str, case: UUID, application: UUID) -> HttpResponse:
    """The application as it was received, with its signatures and its receipt."""
    return _application(request, case, application)


@desk_page("application")
@require_POST
def note_signature(request: HttpRequest, tenant: str, case: UUID, application: UUID, person: UUID) -> HttpResponse:
    """A signature that an application on paper lacked has come: POST `evidence`."""
    evidence = request.POST.get("evidence", "").strip()[:200]
    told = {"case": case, "application": application, "person": person, "evidence": evidence}
    try:
        attempt(request, record_signature, **told)
    except NotPossible as refused:
        if refused.code != "signed already":
            return _application(request, case, application, (str(person), refusal(refused)))
    return HttpResponseRedirect(f"{base(request)}/cases/{case}/applications/{application}/")


def _application(
    request: HttpRequest, case: UUID, application: UUID, wrong: tuple[str, str] = ("", "")
) -> HttpResponse:
    found, member = case_for_staff(case, **who(request))
    received = application_of(found.id, application)
    if received is None:
        raise Hidden("application", application)
    looked_at("application", received.id)
    signatures, lacking = signatures_of(received.id), Person.objects.filter(id__in=lacking_of(received)).order_by("id")
    agents = Person.objects.in_bulk([s.representative_id for s in signatures if s.representative_id])
    signers = seen_by_staff(member, [*(s.person for s in signatures), *lacking, *agents.values()])
    lang = language()
    answers, form = received.document["answers"], form_of(received.form, received.form_version)
    household = _as_seen(received.document["household"], member)
    names = {one["person"]: one["name"] or _("Protected person") for one in household}
    return page(
        request,
        "application.html",
        case=found,
        name=case_name(found),
        application=received,
        month=month_of_application(received.id),
        channel=CHANNELS[received.channel],
        title=form.words(lang).title,
        files=[(one, SCAN_STATES[one.document.scan_state]) for one in attachments_of(received.id)],
        corrected=_corrected(received, member, lang),
        corrects=received.corrects_id,
        became=BECAME[became(received, {one.id for one in applications_in_force(period_of_application(received.id))})],
        said=[_said(one) for _screen, said in described(form, answers, lang) for one in said],
        wanted=[form.words(lang).evidence[code] for code in received.document.get("evidence_wanted", [])],
        household=household,
        costs=[_row(form.kinds("costs"), row, names, lang) for row in answers.get("costs", [])],
        incomes=[_row(form.kinds("incomes"), row, names, lang) for row in answers.get("incomes", [])],
        receipt=receipt_of(received.id),
        signatures=[(_signer(s, signers), s) for s in signatures],
        lacking=[(str(p.id), signers[p.id].name or _("Protected person")) for p in lacking],
        may_note=bool(member.roles & {Role.REGISTRAR, Role.CASEWORKER}),
        wrong=wrong,
    )


def _signer(one: Signature, seen: dict[UUID, Seen]) -> str:
    """Who signed; where a representative did, she, and for whom."""
    person = seen[one.person_id].name or _("Protected person")
    if one.representative_id is None:
        return person
    agent = seen[one.representative_id].name or _("Protected person")
    return _("%(name)s, for %(person)s") % {"name": agent, "person": person}


def _as_seen(household: list[dict[str, Any]], member: Member) -> list[dict[str, Any]]:
    """The household of a signed document; whoever has come under protection since is masked as well."""
    people = list(Person.objects.filter(id__in=[UUID(one["person"]) for one in household]))
    hidden = masked_of(seen_by_staff(member, people))
    return [{**one, "name": "", "birth_on": None} if one["person"] in hidden else one for one in household]


def _agents(adults: dict[UUID, str], member: Member) -> dict[tuple[UUID | None, str], str]:
    """How who acts for an adult of a case is told, by her id and what the chain says beside it."""
    rows = representations_of(*adults)
    seen = seen_by_staff(member, [one.representative for one in rows])
    return {
        (one.representative_id, f"for {one.person_id}"): _("%(name)s, for %(person)s")
        % {"name": seen[one.representative_id].name or _("Protected person"), "person": adults[one.person_id]}
        for one in rows
    }


def _said(one: Said) -> Said:
    return one._replace(value=money(one.value)) if isinstance(one.value, int) else one


def _row(codes: Any, row: dict[str, Any], names: dict[str, str], lang: str) -> dict[str, Any]:
    return {**row, "name": codes[row["code"]].name[lang], "person": names.get(row["person"] or "", "")}
