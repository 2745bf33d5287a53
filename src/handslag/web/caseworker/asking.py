"""Ask the applicant: what is missing, to be shown how, by which day; and when enough is known."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from handslag.domain.audit.operations import looked_at
from handslag.domain.intake.models import EvidenceRequest
from handslag.domain.intake.operations import ask_applicant, close_request
from handslag.domain.people.queries import full_name
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month
from handslag.web.caseworker.case import case_and_period, case_name
from handslag.web.caseworker.pages import attempt, base, form_key, page, require, today, typed, version_seen
from handslag.web.caseworker.wording import refusal
from handslag.web.entry.pages import desk_page
from handslag.web.ui.forms import read_day

#: Days that stand ready for an answer.
USUAL = 7


@desk_page("case")
def ask(request: HttpRequest, tenant: str, case: UUID, month: str) -> HttpResponse:
    """POST `person` (one adult, or nobody for both), `text`, `wanted` (a line each), `until`."""
    found, period, _member = case_and_period(request, case, month)
    require(request, Role.CASEWORKER)
    looked_at("case", found.id)
    data = typed(request)
    adults = [(str(p.id), full_name(p)) for p in (found.applicant, found.co_applicant) if p is not None]
    usual = (today(request) + timedelta(days=USUAL)).isoformat()
    fields = {name: data.get(name, "") if data is not None else "" for name in ("person", "text", "wanted", "until")}
    errors: list[tuple[str, str]] = []
    if request.method == "POST":
        try:
            until = read_day(fields["until"])
            chosen = UUID(fields["person"]) if fields["person"] else None
            attempt(
                request,
                ask_applicant,
                case=found.id,
                period=period.id,
                person=chosen,
                text=fields["text"],
                wanted=fields["wanted"].splitlines(),
                until=until,
                key=form_key(request),
            )
        except NotPossible as refused:
            errors.append(("id_until" if refused.code == "day to answer" else "id_text", refusal(refused)))
        except ValueError:
            errors.append(("id_until", gettext("Choose the day by which an answer is needed.")))
        else:
            return HttpResponseRedirect(f"{base(request)}/cases/{found.id}/periods/{month}/")
    return page(
        request,
        "ask_applicant.html",
        status=422 if errors else 200,
        case=found,
        name=case_name(found),
        month=Month.of(period.since),
        adults=adults,
        fields={**fields, "until": fields["until"] or usual},
        errors=errors,
        wrong=errors[0][0] if errors else "",
    )


@desk_page("case")
@require_POST
def enough(request: HttpRequest, tenant: str, asked: UUID) -> HttpResponse:
    """Close a request: POST `version`."""
    row = EvidenceRequest.objects.select_related("period").filter(id=asked).first()
    if row is None:
        raise Hidden("request", asked)
    found, _period, _member = case_and_period(request, row.case_id, str(Month.of(row.period.since)))
    seen = version_seen(request)
    try:
        attempt(request, close_request, asked=asked, version=seen)
    except Conflict:
        pass  # an answer came meanwhile: the page shows it
    return HttpResponseRedirect(f"{base(request)}/cases/{found.id}/periods/{Month.of(row.period.since)}/")
