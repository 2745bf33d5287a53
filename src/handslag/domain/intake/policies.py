"""What a renewal must say before it can be signed; and which months may be applied for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from handslag.domain.casefile.models import Case, Period
from handslag.domain.people.queries import MemberOfHousehold
from handslag.domain.tenancy.policies import setting
from handslag.kernel.money import AmountError, parse_amount
from handslag.kernel.months import Month
from handslag.rules.se.codes import COSTS, INCOMES

FORM = "se.renewal"
FORM_VERSION = 1
#: Rows that one list of the form takes; characters of a text, and of the note on a row.
MOST_ROWS, LONGEST_TEXT, LONGEST_NOTE = 60, 4_000, 80


@dataclass(frozen=True)
class Problem:
    """Something to mend before signing: the field's name in the form, and a code that the page words."""

    field: str
    code: str


def answers_problems(answers: dict[str, Any], language: str) -> list[Problem]:
    """Everything that keeps these answers from being signed, in the order of the form."""
    return _read(answers, language)[1]


def read_answers(answers: dict[str, Any], language: str) -> dict[str, Any]:
    """The answers with amounts as öre; only for answers without problems."""
    return _read(answers, language)[0]


def _read(answers: dict[str, Any], language: str) -> tuple[dict[str, Any], list[Problem]]:
    problems: list[Problem] = []
    household = answers.get("household") or {}
    same = household.get("same")
    if same not in ("yes", "no"):
        problems.append(Problem("household-same", "choose"))
    if same == "no" and not str(household.get("changes", "")).strip():
        problems.append(Problem("household-changes", "describe"))
    if len(str(household.get("changes", ""))) > LONGEST_TEXT:
        problems.append(Problem("household-changes", "too long"))
    read: dict[str, Any] = {
        "household": {"same": same == "yes", "changes": str(household.get("changes", ""))},
        "message": str(answers.get("message", "")),
    }
    if len(read["message"]) > LONGEST_TEXT:
        problems.append(Problem("message", "too long"))
    for name, codes in (("incomes", INCOMES), ("costs", COSTS)):
        read[name] = []
        rows = answers.get(name) or []
        if len(rows) > MOST_ROWS:
            problems.append(Problem(name, "too many"))
        for number, row in enumerate(rows[:MOST_ROWS]):
            field = f"{name}-{number}"
            code, typed = str(row.get("code", "")), str(row.get("amount", "")).strip()
            if not code and not typed and not str(row.get("note", "")).strip():
                continue
            if code not in codes:
                problems.append(Problem(f"{field}-code", "choose"))
            try:
                amount = parse_amount(typed, language)
            except AmountError as error:
                problems.append(Problem(f"{field}-amount", error.reason))
                amount = 0
            read[name].append(
                {
                    "code": code,
                    "amount": amount,
                    "note": str(row.get("note", "")),
                    "person": str(row["person"]) if row.get("person") else None,
                }
            )
            if len(str(row.get("note", ""))) > LONGEST_NOTE:
                problems.append(Problem(f"{field}-note", "too long"))
            if name == "incomes" and code in INCOMES and INCOMES[code].employment and not row.get("person"):
                problems.append(Problem(f"{field}-person", "choose"))
    return read, problems


def shown_document(
    case: Case,
    month: Month,
    members: list[MemberOfHousehold],
    answers: dict[str, Any],
    language: str,
    signing_digest: str,
    fixing: int,
) -> dict[str, Any]:
    """Exactly what is shown before signing and stored when accepted; its digest is what the adults sign.

    A masked relative stands in it without name: both adults see the same document. `fixing` tells this showing from
    those before: a signature that was given before somebody went back to change is over another document.
    """
    return {
        "form": FORM,
        "form_version": FORM_VERSION,
        "language": language,
        "case": case.number,
        "period": {"since": month.since.isoformat(), "until": month.until.isoformat()},
        "applicants": [str(key) for key in (case.applicant_id, case.co_applicant_id) if key],
        "household": [
            {
                "person": str(m.person.id),
                "name": m.person.name,
                "role": m.role,
                "birth_on": m.person.birth_on.isoformat() if m.person.birth_on else None,
            }
            for m in members
        ],
        "answers": read_answers(answers, language),
        "signing_text": signing_digest,
        "fixing": fixing,
    }


def months_open(case: Case, today: date, periods: dict[date, Period]) -> list[tuple[Month, str]]:
    """The months of a case that may be applied for today: this one, and the next from some days before it.

    Gives each with `renewal` or `supplementary` (an application or decision exists within 90 days, sweden.md 2);
    nothing for a protected person: they are served by a person, and no reason is leaked.
    """
    if (
        case.state != "open"
        or case.applicant.protection_level
        or (case.co_applicant is not None and case.co_applicant.protection_level)
    ):
        return []
    this = Month.of(today)
    offered = [this]
    if today >= (this + 1).since - timedelta(days=int(setting("renewal_opens_days_before"))):
        offered.append(this + 1)
    found = []
    for month in offered:
        if month.until <= case.opened_on:
            continue
        period = periods.get(month.since)
        recent = period is not None and (
            (period.last_application_at is not None and (today - period.last_application_at.date()).days <= 90)
            or (period.last_decision_on is not None and (today - period.last_decision_on).days <= 90)
        )
        found.append((month, "supplementary" if recent else "renewal"))
    return found
