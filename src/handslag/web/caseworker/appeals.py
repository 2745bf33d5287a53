"""Appeals: entered from paper, checked for the day they came in, dismissed by two, sent on to the court."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.decisions.models import Appeal, AppealPackage, Decision
from handslag.domain.decisions.operations.appeals import (
    MOST_FILES,
    check_appeal,
    dismiss_appeal,
    enter_appeal,
    forward_appeal,
    note_judgment,
)
from handslag.domain.decisions.permissions import appeal_for_staff
from handslag.domain.decisions.queries import TAKEN, appeal_files, appeals_in, delivery_of, last_day, replaced_by
from handslag.domain.decisions.states import HERE, AppealState, Timeliness
from handslag.domain.people.queries import full_name
from handslag.domain.tenancy.keys import file_key
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Conflict, NotPossible, mandate
from handslag.domain.tenancy.states import Decides, Role
from handslag.kernel.ids import key_of
from handslag.kernel.months import Month
from handslag.web.caseworker.case import case_name
from handslag.web.caseworker.letters import why_not
from handslag.web.caseworker.pages import attempt, base, page, require, the_door, today, typed, version_seen, who
from handslag.web.caseworker.wording import APPEAL_STATES, FINDINGS, REFUSALS, SCAN_STATES, refusal
from handslag.web.entry.pages import desk_page, opened, outside_desk_page
from handslag.web.entry.uploads import Refused, Taken, keep, named_key, too_large
from handslag.web.ui.forms import read_day

Errors = list[tuple[str, str]]


def shown_appeals(case: UUID, decision: UUID | None = None) -> list[tuple[Appeal, Any]]:
    """The appeals of a case (or against one decision) with the words for their states."""
    found = [one for one in appeals_in([case]) if decision in (None, one.decision_id)]
    return [(one, APPEAL_STATES[one.state]) for one in found]


@outside_desk_page("appeal")
def enter(request: HttpRequest, tenant: str, decision: UUID) -> HttpResponse:
    """An appeal that came on paper: POST `appeal` (a key), `person`, `received_on`, `text`, `files`."""
    data = typed(request)
    fields = {name: data.get(name, "") if data is not None else "" for name in ("person", "received_on", "text")}
    key = named_key(data.get("appeal", "") if data is not None else "")
    errors: Errors = []
    with opened(request):
        found, _case = _decision(request, decision)
    if request.method == "POST":
        taken, refused = _received(request)
        errors = [("id_files", _why_not(one)) for one in refused]
        person = key_of(fields["person"])
        try:
            received_on: date | None = read_day(fields["received_on"])
        except ValueError:
            received_on = None
        if person is None:
            errors.append(("id_person", gettext("Choose who appeals.")))
        if received_on is None:
            errors.append(("id_received_on", str(REFUSALS["appeal day"])))
        if not errors and person is not None and received_on is not None:
            files = [(one.title, one.file) for one in taken]
            told = {"person": person, "received_on": received_on, "text": fields["text"], "files": files}
            try:
                with opened(request):
                    row = attempt(request, enter_appeal, appeal=key, decision=decision, **told)
                return HttpResponseRedirect(f"/{tenant}/appeals/{row.id}/")
            except NotPossible as refused_by:
                if refused_by.code == "sent already":
                    return HttpResponseRedirect(f"/{tenant}/appeals/{refused_by.facts['appeal']}/")
                where = {"appeal day": "id_received_on", "too many files": "id_files"}.get(refused_by.code, "id_text")
                errors.append((where, refusal(refused_by)))
    with opened(request):
        found, case = _decision(request, decision)
        looked_at("case", case.id)
        return page(
            request,
            "appeal_enter.html",
            status=422 if errors else 200,
            decision=found,
            case=case,
            name=case_name(case),
            month=Month.of(found.period.since),
            adults=[(str(p.id), full_name(p)) for p in (case.applicant, case.co_applicant) if p is not None],
            fields=fields,
            key=key,
            errors=errors,
            wrong={where for where, _ in errors},
        )


def _decision(request: HttpRequest, key: UUID) -> tuple[Decision, Case]:
    found = Decision.objects.select_related("period").filter(id=key, state__in=TAKEN).first()
    if found is None:
        raise Hidden("decision", key)
    case, _member = case_for_staff(found.case_id, **who(request))
    require(request, Role.REGISTRAR, Role.CASEWORKER)
    return found, case


def _received(request: HttpRequest) -> tuple[list[Taken], list[Refused]]:
    """What was uploaded, stored outside any door: what could be taken, and what not."""
    with opened(request) as door:
        tenant, key = door.the_tenant.id, file_key()
    sent = request.FILES.getlist("files")
    found = keep(tenant, key, sent[:MOST_FILES])
    refused = [one for one in found if isinstance(one, Refused)]
    more = [Refused(file.name or "", "too many files") for file in sent[MOST_FILES:]]
    return [one for one in found if isinstance(one, Taken)], [*too_large(request), *refused, *more]


def _why_not(refused: Refused) -> str:
    told = {"too large": gettext("%(name)s is too large."), "encrypted": gettext("%(name)s is locked with a password.")}
    other = gettext("%(name)s can’t be taken: send a picture or a PDF.")
    return told.get(refused.code, other) % {"name": refused.title}


@desk_page("appeal")
def appeal(request: HttpRequest, tenant: str, appeal: UUID) -> HttpResponse:
    """An appeal and what is to be done with it. POST `version` and `act`: `check` (`finding`, `told_on`, `why`),
    `dismiss` (`reasons`), `forward`, `judgment` (`judged_on`, `judgment`)."""
    found, member = appeal_for_staff(appeal, **who(request))
    looked_at("appeal", found.case_id)
    data = typed(request)
    fields = {
        name: data.get(name, "") if data is not None else ""
        for name in ("finding", "told_on", "why", "reasons", "judged_on", "judgment")
    }
    errors: Errors = []
    if request.method == "POST":
        try:
            errors = _done(request, found, fields)
        except NotPossible as refused:
            words = {"dismiss": "id_reasons", "judgment": "id_judgment"}.get(request.POST.get("act", ""), "id_why")
            errors = [(_WHERE.get(refused.code, words), refusal(refused))]
        except Conflict:
            errors = [("", str(REFUSALS["conflict"]))]
        if not errors:
            return HttpResponseRedirect(f"{base(request)}/appeals/{found.id}/")
        found, member = appeal_for_staff(appeal, **who(request))
    return _shown(request, found, member, fields, errors)


_WHERE = {
    "finding": "id_finding",
    "appeal told": "id_told_on",
    "appeal in time": "id_told_on",
    "appeal late": "id_finding",
    "appeal day": "id_judged_on",
    "second pair of eyes": "id_reasons",
    "files waiting": "",
}


def _done(request: HttpRequest, found: Appeal, fields: dict[str, str]) -> Errors:
    """Do what was posted; gives what is wrong with a day."""
    seen = version_seen(request)
    act, here = request.POST.get("act", ""), {"appeal": found.id, "version": seen}
    days: dict[str, date | None] = {}
    for name in ("told_on", "judged_on"):
        try:
            days[name] = read_day(fields[name]) if fields[name] else None
        except ValueError:
            return [(f"id_{name}", str(REFUSALS["appeal day"]))]
    if act == "check":
        attempt(request, check_appeal, **here, finding=fields["finding"], told_on=days["told_on"], why=fields["why"])
    elif act == "dismiss":
        if trouble := why_not(fields["reasons"]):
            return [("id_reasons", trouble)]
        attempt(request, dismiss_appeal, **here, reasons=fields["reasons"])
    elif act == "forward":
        attempt(request, forward_appeal, **here)
    elif act == "judgment":
        judged_on = days["judged_on"]
        if judged_on is None:
            return [("id_judged_on", str(REFUSALS["appeal day"]))]
        attempt(request, note_judgment, **here, judged_on=judged_on, judgment=fields["judgment"])
    return []


def _shown(request: HttpRequest, found: Appeal, member: Any, fields: dict[str, str], errors: Errors) -> HttpResponse:
    decision, organisation = found.decision, the_door(request).the_tenant
    assert decision.decided_at is not None
    decided_on = organisation.today(decision.decided_at)
    package = AppealPackage.objects.filter(appeal=found).first()
    may_work = bool(member.roles & {Role.CASEWORKER, Role.DECIDER})
    here = found.state in HERE
    typed_anew = bool(errors)
    return page(
        request,
        "appeal.html",
        status=422 if errors else 200,
        appeal=found,
        case=found.case,
        name=case_name(found.case),
        who=full_name(found.person),
        month=Month.of(decision.period.since),
        state=APPEAL_STATES[found.state],
        files=[(one, SCAN_STATES[one.scan_state]) for one in appeal_files(found.id)],
        delivery=delivery_of(decision, found.person_id),
        decided_on=decided_on,
        surely=found.received_on <= last_day(decided_on),
        until=last_day(found.told_on) if found.told_on else None,
        findings=[(code, FINDINGS[code]) for code in Timeliness],
        finding=FINDINGS[found.timeliness] if found.timeliness else "",
        fields=fields
        if typed_anew
        else {
            **fields,
            "finding": found.timeliness or "",
            "told_on": found.told_on.isoformat() if found.told_on else "",
            "why": found.why,
            "judged_on": today(request).isoformat(),
        },
        may_check=may_work and here,
        may_dismiss=found.state == AppealState.LATE
        and mandate(member, Decides.DISMISSAL, 0, request.now) is not None  # type: ignore[attr-defined]
        and found.checked_by_id != member.id,
        waits_for_other=found.state == AppealState.LATE,
        may_forward=may_work and found.state == AppealState.TIMELY,
        may_judge=may_work and found.state == AppealState.FORWARDED,
        package=package,
        document=found.letter.document if found.letter else None,
        manifest=found.manifest or {},
        replaced_by=replaced_by(decision.id),
        errors=errors,
        wrong={where for where, _ in errors},
    )
