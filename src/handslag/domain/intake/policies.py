"""What an application must say before it can be signed; what may be applied for, and by which form."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.policies import is_urgent
from handslag.domain.intake.forms import LISTS, LONGEST_NOTE, MOST_ROWS, Form, Question, current, pinned
from handslag.domain.people.models import Person
from handslag.domain.people.queries import MemberOfHousehold, household_on
from handslag.domain.people.states import HouseholdRole
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.models import Unit
from handslag.domain.tenancy.policies import setting
from handslag.kernel.money import AmountError, parse_amount
from handslag.kernel.months import Month

#: Days after an application or a decision in which more for the month is a supplementary application (practice).
RECENT = 90


@dataclass(frozen=True)
class Problem:
    """Something to mend before signing: the field's name in the form, and a code that the page words."""

    field: str
    code: str


def answers_problems(form: Form, answers: Mapping[str, Any], language: str) -> list[Problem]:
    """Everything that keeps these answers from being signed, in the order of the form."""
    return _read(form, answers, language)[1]


def read_answers(form: Form, answers: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The answers with amounts as öre, yes and no as true and false; only for answers without problems."""
    return _read(form, answers, language)[0]


def _read(form: Form, answers: Mapping[str, Any], language: str) -> tuple[dict[str, Any], list[Problem]]:
    read: dict[str, Any] = {}
    problems: list[Problem] = []
    for question in form.questions:
        typed = question.answer(answers)
        asked = question.required and form.holds(question.when, answers)
        if question.kind == "rows":
            value = _rows(question, form.kinds(question.code), typed or [], language, problems)
            if asked and not value:
                problems.append(Problem(question.field, "missing"))
        else:
            value = _value(question, str(typed or ""), asked, language, problems)
        *above, last = question.code.split(".")
        into = read
        for name in above:
            into = into.setdefault(name, {})
        into[last] = value
    return read, problems


def words_of_need(form: Form, answers: Mapping[str, Any]) -> list[str]:
    """What somebody wrote freely in an application (as typed, or as read) and has a word of need in it: it only makes a
    person look sooner, nothing else follows from it."""
    texts = [str(question.answer(answers) or "") for question in form.questions if question.kind == "text"]
    texts += [str(row.get("note") or "") for kind in LISTS for row in answers.get(kind) or []]
    return list(filter(is_urgent, texts))


def _value(question: Question, typed: str, asked: bool, language: str, problems: list[Problem]) -> Any:
    """An answer as the document has it: text, true or false, an option, öre, a day; None for what isn't given."""

    def wrong(code: str) -> None:
        problems.append(Problem(question.field, code))

    if question.kind == "text":
        if asked and not typed.strip():
            wrong("missing")
        if len(typed) > question.longest:
            wrong("too long")
        return typed
    if question.kind in ("yesno", "choice"):
        known = typed in question.choices
        if (typed and not known) or (asked and not typed):
            wrong("missing" if not typed else "choose")
        if question.kind == "choice":
            return typed if known else None
        return typed == "yes" if known else None
    if not typed.strip():
        if asked:
            wrong("missing")
        return None
    if question.kind == "amount":
        try:
            return parse_amount(typed, language)
        except AmountError as error:
            wrong(error.reason)
            return None
    western = "".join(str(unicodedata.decimal(sign, sign)) for sign in typed).strip()
    try:
        return date.fromisoformat(western).isoformat()
    except ValueError:
        wrong("day")
        return None


def _rows(
    question: Question,
    codes: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    language: str,
    problems: list[Problem],
) -> list[dict[str, Any]]:
    name = question.code
    taken = question.only or codes
    found = []
    if len(rows) > MOST_ROWS:
        problems.append(Problem(name, "too many"))
    for number, row in enumerate(rows[:MOST_ROWS]):
        field = f"{name}-{number}"
        code, typed = str(row.get("code", "")), str(row.get("amount", "")).strip()
        if not code and not typed and not str(row.get("note", "")).strip():
            continue
        if code not in taken:
            problems.append(Problem(f"{field}-code", "choose"))
        try:
            amount = parse_amount(typed, language)
        except AmountError as error:
            problems.append(Problem(f"{field}-amount", error.reason))
            amount = 0
        found.append(
            {
                "code": code,
                "amount": amount,
                "note": str(row.get("note", "")),
                "person": str(row["person"]) if row.get("person") else None,
            }
        )
        if len(str(row.get("note", ""))) > LONGEST_NOTE:
            problems.append(Problem(f"{field}-note", "too long"))
        kind = codes.get(code)
        if (getattr(kind, "employment", False) or getattr(kind, "wage", False)) and not row.get("person"):
            problems.append(Problem(f"{field}-person", "choose"))
    return found


def shown_document(
    form: Form,
    case: Case,
    month: Month,
    members: list[MemberOfHousehold],
    answers: Mapping[str, Any],
    language: str,
    signing_digest: str,
    fixing: int,
    applicants: Sequence[UUID] = (),
) -> dict[str, Any]:
    """Exactly what is shown before signing and stored when accepted; its digest is what the adults sign:
    `applicants`, those of the case where none are named.

    A masked relative stands in it without name: both adults see the same document. `fixing` tells this showing from
    those before: a signature that was given before somebody went back to change is over another document.
    """
    read = read_answers(form, answers, language)
    return {
        **pinned(form, language),
        "language": language,
        "case": case.number,
        "period": {"since": month.since.isoformat(), "until": month.until.isoformat()},
        "applicants": [str(key) for key in applicants or case.adults],
        "household": [
            {
                "person": str(m.person.id),
                "name": m.person.name,
                "role": m.role,
                "birth_on": m.person.birth_on.isoformat() if m.person.birth_on else None,
            }
            for m in members
        ],
        "answers": read,
        "evidence_wanted": form.evidence_wanted(read),
        "signing_text": signing_digest,
        "fixing": fixing,
    }


def who_signs(case: Case, month: Month) -> list[Person]:
    """Who signs an application for a month that comes on paper: the adults of the case, and whoever else lives in its
    household as an adult on a day of that month, since the month's sheet counts her."""
    adults = [person for person in (case.applicant, case.co_applicant) if person is not None]
    home = household_on(case.household_id, month.since, month.until)
    return adults + [m.person for m in home if m.role == HouseholdRole.ADULT and m.person not in adults]


@dataclass(frozen=True)
class Offer:
    """What somebody can apply for now: `kind` new, renewal, supplementary or service; by which form; in which case
    (None: there is none to do it in).

    `on_line`: whether the pages take it now. What they don't take a person does: a new application where the office
    takes none on-line or others live in the household, a renewal of a case that was closed lately (held until a
    caseworker releases it).
    """

    kind: str
    month: Month
    form: str
    case: Case | None = None
    on_line: bool = True


def together(case: Case, adults: Iterable[UUID]) -> bool:
    """Whether the pages serve this case now: its adults are the adults of the household, and nobody is protected."""
    people = [person for person in (case.applicant, case.co_applicant) if person is not None]
    return {*adults} == {person.id for person in people} and not any(person.protection_level for person in people)


def offers(
    person: UUID,
    cases: Sequence[Case],
    adults: Iterable[UUID],
    today: date,
    periods: Mapping[UUID, Mapping[date, Period]],
) -> list[Offer]:
    """What a person may apply for today: this month, and the next from some days before it, in the order of
    sweden.md 2 (EligibilityService).

    `cases` are the person's, open ones first, newest first; `adults` live in the household now; `periods` by case and
    first day. Protected people are offered nothing, and nothing says why: they are served by a person.
    """
    case = cases[0] if cases else None
    if case is not None and served_by_person(case):
        return []
    this = Month.of(today)
    opened = today >= (this + 1).since - timedelta(days=int(setting("renewal_opens_days_before")))
    months = [this, this + 1] if opened else [this]
    by_kind, first = setting("application_forms"), {*adults} <= {person} and first_unit() is not None
    if case is None or (case.state == "closed" and not _lately(case, today)):
        return [Offer("new", month, by_kind["new"], on_line=first) for month in months]
    if set(adults) != set(case.adults):
        return [Offer("new", month, by_kind["new"], on_line=first and case.state == "closed") for month in months]
    if case.state == "closed":
        return [Offer("renewal", month, by_kind["renewal"], case, on_line=False) for month in months]
    known = periods.get(case.id, {})
    anew = case.by_applicant and not any(period.last_decision_on for period in known.values())
    found = []
    for month in months:
        if month.until <= case.opened_on:
            continue
        period = known.get(month.since)
        kind = "new" if anew else "renewal"
        if period is not None and _applied_lately(period, today):
            kind = "supplementary"
        found.append(Offer(kind, month, by_kind[kind], case))
    return found + [Offer("service", this, name, case) for name in setting("services")]


def served_by_person(case: Case) -> bool:
    """Whether nobody applies on-line in a case, because one of its adults is protected."""
    return any(adult is not None and adult.protection_level > 0 for adult in (case.applicant, case.co_applicant))


def first_unit() -> Unit | None:
    """The unit that gets the applications of people who have no case here; None where the pages take none."""
    name = setting("first_applications")
    return Unit.objects.filter(name=name).first() if name and not setting("case_system") else None


def _lately(case: Case, today: date) -> bool:
    return case.closed_on is not None and (today - case.closed_on).days <= int(setting("recently_closed_days"))


def _applied_lately(period: Period, today: date) -> bool:
    """Whether an application or a decision for the month exists within 90 days."""
    applied, decided = period.last_application_at, period.last_decision_on
    return (applied is not None and (today - acting_door().the_tenant.today(applied)).days <= RECENT) or (
        decided is not None and (today - decided).days <= RECENT
    )


def form_for(offer: Offer) -> Form:
    """The form by which an offer is taken today: its newest published version."""
    return current(offer.form)


def forms_taken() -> list[str]:
    """The forms that the office enters for a case: renewal first, then more for a month, then its services."""
    by_kind = setting("application_forms")
    return [by_kind["renewal"], by_kind["supplementary"], *setting("services")]
