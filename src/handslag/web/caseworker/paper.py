"""An application that came on paper, by telephone or at the counter, entered through the citizen's own fields.

Fields: `key` (made by the page; the same key with the same content gives the same receipt), `channel`, `language`,
`month` (2026-03), the form's own questions (of the renewal: `household-same`, `household-changes`, rows
`incomes-N-code|amount|person|note` and `costs-N-code|amount|person|note`, `message`), `signed` and `lacking` (person
keys: whose signature stands on the paper, and whose is missing on it), `evidence`; `act`: submit, or more-incomes,
more-costs. `?form=` names another form that the office takes applications by,
`?message=` the message that is entered as one.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.translation import gettext as _

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.models import Case, Message
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.casefile.policies import months_taken
from handslag.domain.intake.forms import MOST_ROWS, Form, Question, current
from handslag.domain.intake.operations import SubmittedAlready, enter_on_paper
from handslag.domain.intake.policies import forms_taken, who_signs
from handslag.domain.people.queries import household_on, seen_by_staff
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.ids import uuid7
from handslag.kernel.months import Month
from handslag.web.caseworker.case import case_name
from handslag.web.caseworker.pages import attempt, base, language, page, require, rows_in, today, typed, who
from handslag.web.caseworker.wording import CHANNELS, problems, refusal
from handslag.web.entry.pages import desk_page
from handslag.web.entry.uploads import named_key
from handslag.web.ui.formats import moment
from handslag.web.ui.forms import read_month

#: The languages of applications on paper, as they are called in themselves.
NAMES = {"sv": "Svenska", "de": "Deutsch", "fr": "Français", "en": "English"}
#: Empty rows behind those that the form has ready, and how many come with each "More rows".
COST_ROWS, INCOME_ROWS, MORE_ROWS = 2, 4, 4


@desk_page("paper application")
def enter(request: HttpRequest, tenant: str, case: UUID) -> HttpResponse:
    """Enter an application; leads to it with its receipt."""
    found, member = case_for_staff(case, **who(request))
    require(request, Role.REGISTRAR, Role.CASEWORKER)
    looked_at("case", found.id)
    data = typed(request)
    named = request.GET.get("form") or forms_taken()[0]
    if named not in forms_taken():
        raise Http404
    form = current(named)
    errors: list[tuple[str, str]] = []
    earlier: Any = None
    if request.method == "POST" and not request.POST.get("act", "").startswith("more-"):
        answers = read_answers(form, request.POST)
        told, errors = _told(request.POST, found, form)
        if not errors:
            try:
                receipt = attempt(request, enter_on_paper, case=found.id, form=form.name, answers=answers, **told)
            except SubmittedAlready as already:
                if already.same:
                    return _to_application(request, found, already.receipt.application_id)
                earlier = already.receipt
                errors = [("", refusal(already))]
            except NotPossible as refused:
                places = {
                    "month": "id_month",
                    "signature missing": "id_signed-0",
                    "signature of one missing": "id_signed-0",
                }
                target = places.get(refused.code, "")
                errors = _problems(form, refused) or [(target, refusal(refused))]
            else:
                return _to_application(request, found, receipt.application_id)
    return _form(request, form, found, member, data, errors, earlier)


def _to_application(request: HttpRequest, case: Case, application: UUID) -> HttpResponse:
    return HttpResponseRedirect(f"{base(request)}/cases/{case.id}/applications/{application}/")


def _problems(form: Form, refused: NotPossible) -> list[tuple[str, str]]:
    """What is to be mended, in the words of the form where its own questions are concerned."""
    own = {f"id_{one.field}": form.words(language()).questions[one.code].missing for one in form.questions}
    return [(target, own.get(target) or text) for target, text in problems(refused)]


def read_answers(form: Form, data: QueryDict) -> dict[str, Any]:
    """The answers as the citizen's form would have them, amounts as typed."""

    def rows(name: str) -> list[dict[str, str]]:
        found = []
        for n in range(MOST_ROWS):
            row = {part: data.get(f"{name}-{n}-{part}", "").strip() for part in ("code", "amount", "person", "note")}
            # A ready-made code without an amount was not applied for.
            found.append(row if row["amount"] or row["note"] else {**row, "code": ""})
        while found and not any(found[-1].values()):
            found.pop()
        return found

    answers: dict[str, Any] = {}
    for question in form.questions:
        *above, last = question.code.split(".")
        into = answers
        for part in above:
            into = into.setdefault(part, {})
        into[last] = rows(question.code) if question.kind == "rows" else data.get(question.field, "").strip()
    return answers


def _told(data: QueryDict, case: Case, form: Form) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    errors = []
    try:
        month = read_month(data.get("month", ""))
    except ValueError:
        month = Month(2000, 1)
        errors.append(("id_month", _("Choose the month.")))
    adults = [person.id for person in who_signs(case, month)]
    signed = [adult for adult in adults if str(adult) in data.getlist("signed")]
    channel = data.get("channel", "")
    if channel not in ("paper", "phone", "counter"):
        errors.append(("id_channel", _("Choose how the application came in.")))
    evidence = data.get("evidence", "").strip()[:200]
    if not evidence:
        errors.append(("id_evidence", _("Write where the paper or the note of the conversation is kept.")))
    return {
        "key": named_key(data.get("key", "")),
        "month": month,
        "channel": channel,
        "language": _language(data, form),
        "signed_on": signed,
        "lacking": [key for key in adults if str(key) in data.getlist("lacking") and key not in signed],
        "evidence": evidence,
    }, errors


def _languages(form: Form) -> list[str]:
    """The languages in which an application is taken on paper: its own first."""
    own = [form.language, *(code for code in form.texts if code != form.language)]
    return [code for code in own if code in NAMES]


def _language(data: QueryDict, form: Form) -> str:
    known = _languages(form)
    told = data.get("language", "")
    return told if told in known else known[0]


def _form(
    request: HttpRequest,
    form: Form,
    case: Case,
    member: Any,
    data: QueryDict | None,
    errors: list[tuple[str, str]],
    earlier: Any,
) -> HttpResponse:
    now = Month.of(today(request))
    lang = language()
    got: QueryDict = data if data is not None else _from_message(request, case)
    answers = read_answers(form, got)
    wrong = {target.removeprefix("id_"): text for target, text in errors}
    month = got.get("month", str(now))
    try:
        of_month = read_month(month)
    except ValueError:
        of_month = now
    people = household_on(case.household_id, of_month.since, of_month.until)
    seen = seen_by_staff(member, [m.person for m in people])
    adults = who_signs(case, of_month)
    names = {key: one.name or _("Protected person") for key, one in seen_by_staff(member, adults).items()}
    return page(
        request,
        "paper.html",
        case=case,
        name=case_name(case),
        errors=errors,
        wrong=wrong,
        earlier=earlier,
        key=got.get("key") or str(uuid7()),
        months=months_taken(today(request)),
        month=month,
        channels=[(c, CHANNELS[c]) for c in ("paper", "phone", "counter")],
        channel=got.get("channel", "paper"),
        lang=_language(got, form),
        languages=[(code, NAMES[code]) for code in _languages(form)],
        title=form.words(lang).title,
        others=[(name, current(name).words(lang).title) for name in forms_taken() if name != form.name],
        questions=[_question(form, one, answers, got, wrong) for one in form.questions],
        household=[(str(key), one.name or _("Protected person")) for key, one in seen.items()],
        adults=[
            (str(p.id), names[p.id], str(p.id) in got.getlist("signed"), str(p.id) in got.getlist("lacking"))
            for p in adults
        ],
        unsigned=wrong.get("signed-0", ""),
        may_lack=len(adults) > 1 and ("signed-0" in wrong or "lacking" in got),
        evidence=got.get("evidence", ""),
    )


def _from_message(request: HttpRequest, case: Case) -> QueryDict:
    """What the form begins with for `?message=`, a message of an applicant that isn't clearly a question: her words,
    where they are, and that she signed with her e-ID. Nothing where none is named; Hidden for one of another case."""
    key = request.GET.get("message")
    begun = QueryDict(mutable=True)
    if key is None:
        return begun
    try:
        written = Message.objects.filter(id=UUID(key), case=case, member=None).first()
    except ValueError:
        written = None
    if written is None:
        raise Hidden("message", case.id)
    begun["message"] = written.text
    begun["evidence"] = _("Message on My pages, %(at)s") % {"at": moment(written.sent_at)}
    begun["signed"] = str(written.person_id)
    return begun


def _question(
    form: Form, asked: Question, answers: dict[str, Any], got: QueryDict, wrong: dict[str, str]
) -> dict[str, Any]:
    """A question as the template shows it."""
    lang = language()
    words = form.words(lang).questions[asked.code]
    found = {"kind": asked.kind, "field": asked.field, "label": words.label, "wrong": wrong.get(asked.field, "")}
    if asked.kind != "rows":
        choices = [(code, words.options[code]) for code in asked.choices]
        optional = not asked.required or bool(asked.when)
        answer = asked.answer(answers)
        return {**found, "lines": asked.lines, "choices": choices, "optional": optional, "answer": answer}
    ready = (*asked.usual, *("",) * (COST_ROWS if asked.code == "costs" else INCOME_ROWS))
    there = max(rows_in(got, asked.code, MOST_ROWS, "-code"), len(ready))
    more = min(MORE_ROWS, MOST_ROWS - there) if got.get("act") == f"more-{asked.code}" else 0
    ready += ("",) * (there + more - len(ready))
    codes = [(code, form.kinds(asked.code)[code].name[lang]) for code in form.lines_taken(asked)]
    rows = _rows(asked.code, answers[asked.code], ready, got, wrong)
    return {**found, "codes": codes, "rows": rows, "first_new": there if more else -1}


def _rows(
    name: str, given: list[dict[str, str]], ready: tuple[str, ...], got: QueryDict, wrong: dict[str, str]
) -> list[dict[str, Any]]:
    rows = []
    for n in range(len(ready)):
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
