"""An application that came on paper, by telephone or at the counter, entered through the citizen's own fields.

Fields: `key` (made by the page; the same key with the same content gives the same receipt), `channel`, `language`,
`month` (2026-03), `household-same` (yes, no), `household-changes`, rows `incomes-N-code|amount|person|note` and
`costs-N-code|amount|person|note`, `message`, `signed` (person keys), `evidence`; `act`: more or submit.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.translation import gettext as _

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.intake.operations import SubmittedAlready, enter_on_paper
from handslag.domain.people.queries import full_name, household_on, seen_by_staff
from handslag.domain.tenancy.policies import NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month
from handslag.rules.se.codes import COSTS, INCOMES
from handslag.web.caseworker.case import case_name
from handslag.web.caseworker.pages import attempt, base, language, page, require, today, typed, who
from handslag.web.caseworker.wording import CHANNELS, problems, refusal
from handslag.web.entry.pages import desk_page

#: What nearly everybody has stands ready; more rows on demand.
USUAL = ("RENT", "ELECTRICITY", "HOME_INSURANCE", "UNEMPLOYMENT_FUND", "", "")
INCOME_ROWS = 4
MOST = 40


@desk_page("paper application")
def enter(request: HttpRequest, tenant: str, case: UUID) -> HttpResponse:
    """Enter an application; leads to it with its receipt."""
    found, member = case_for_staff(case, **who(request))
    require(request, Role.REGISTRAR, Role.CASEWORKER)
    looked_at("case", found.id)
    data = typed(request)
    errors: list[tuple[str, str]] = []
    earlier: Any = None
    if request.method == "POST" and request.POST.get("act") != "more":
        answers = read_answers(request.POST)
        told, errors = _told(request.POST, found)
        if not errors:
            try:
                receipt = attempt(request, enter_on_paper, case=found.id, answers=answers, **told)
            except SubmittedAlready as already:
                if already.same:
                    return _to_application(request, found, already.receipt.application_id)
                earlier = already.receipt
                errors = [("", refusal(already))]
            except NotPossible as refused:
                errors = problems(refused) or [("", refusal(refused))]
            else:
                return _to_application(request, found, receipt.application_id)
    return _form(request, found, member, data, errors, earlier)


def _to_application(request: HttpRequest, case: Case, application: UUID) -> HttpResponse:
    return HttpResponseRedirect(f"{base(request)}/cases/{case.id}/applications/{application}/")


def read_answers(data: QueryDict) -> dict[str, Any]:
    """The answers as the citizen's form would have them, amounts as typed."""

    def rows(name: str) -> list[dict[str, str]]:
        found = []
        for n in range(MOST):
            row = {part: data.get(f"{name}-{n}-{part}", "").strip() for part in ("code", "amount", "person", "note")}
            # A ready-made code without an amount was not applied for.
            found.append(row if row["amount"] or row["note"] else {**row, "code": ""})
        while found and not any(found[-1].values()):
            found.pop()
        return found

    return {
        "household": {"same": data.get("household-same", ""), "changes": data.get("household-changes", "").strip()},
        "incomes": rows("incomes"),
        "costs": rows("costs"),
        "message": data.get("message", "").strip(),
    }


def _told(data: QueryDict, case: Case) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    errors = []
    adults = [key for key in (case.applicant_id, case.co_applicant_id) if key]
    try:
        key = UUID(data.get("key", ""))
    except ValueError:
        key = uuid4()
    try:
        month = Month.parse(data.get("month", ""))
    except ValueError:
        month = Month(2000, 1)
        errors.append(("id_month", _("Choose the month.")))
    channel = data.get("channel", "")
    if channel not in ("paper", "phone", "counter"):
        errors.append(("id_channel", _("Choose how the application came in.")))
    evidence = data.get("evidence", "").strip()[:200]
    if not evidence:
        errors.append(("id_evidence", _("Write where the paper or the note of the conversation is kept.")))
    return {
        "key": key,
        "month": month,
        "channel": channel,
        "language": "en" if data.get("language") == "en" else "sv",
        "signed_on": [adult for adult in adults if str(adult) in data.getlist("signed")],
        "evidence": evidence,
    }, errors


def _form(
    request: HttpRequest, case: Case, member: Any, data: QueryDict | None, errors: list[tuple[str, str]], earlier: Any
) -> HttpResponse:
    now = Month.of(today(request))
    lang = language()
    got: QueryDict = data if data is not None else QueryDict()
    answers = read_answers(got)
    wrong = {target.removeprefix("id_"): text for target, text in errors}
    more = 4 if got.get("act") == "more" else 0
    month = got.get("month", str(now))
    try:
        of_month = Month.parse(month)
    except ValueError:
        of_month = now
    people = household_on(case.household_id, of_month.since, of_month.until)
    seen = seen_by_staff(member, [m.person for m in people])
    return page(
        request,
        "paper.html",
        case=case,
        name=case_name(case),
        errors=errors,
        wrong=wrong,
        earlier=earlier,
        key=got.get("key") or str(uuid4()),
        months=[now - 2, now - 1, now, now + 1],
        month=month,
        channels=[(c, CHANNELS[c]) for c in ("paper", "phone", "counter")],
        channel=got.get("channel", "paper"),
        lang=got.get("language", "sv"),
        answers=answers,
        incomes=_rows("incomes", answers["incomes"], ("",) * (INCOME_ROWS + more), got, wrong),
        costs=_rows("costs", answers["costs"], USUAL + ("",) * more, got, wrong),
        income_codes=[(code, kind.name[lang]) for code, kind in INCOMES.items()],
        cost_codes=[(code, kind.name[lang]) for code, kind in COSTS.items() if not kind.by_caseworker],
        household=[(str(key), one.name or _("Protected person")) for key, one in seen.items()],
        adults=[
            (str(p.id), full_name(p), str(p.id) in got.getlist("signed"))
            for p in (case.applicant, case.co_applicant)
            if p is not None
        ],
        evidence=got.get("evidence", ""),
    )


def _rows(
    name: str, given: list[dict[str, str]], ready: tuple[str, ...], got: QueryDict, wrong: dict[str, str]
) -> list[dict[str, Any]]:
    rows = []
    for n in range(min(MOST, max(len(ready), len(given) + (2 if given else 0)))):
        row = given[n] if n < len(given) else {"code": "", "amount": "", "person": "", "note": ""}
        code = got.get(f"{name}-{n}-code", "") if got else (ready[n] if n < len(ready) else "")
        place = f"{name}-{n}"
        rows.append(
            {
                **row,
                "code": code,
                "place": place,
                "errors": [
                    wrong[f"{place}-{part}"] for part in ("code", "amount", "person") if f"{place}-{part}" in wrong
                ],
            }
        )
    return rows
