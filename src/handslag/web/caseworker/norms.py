"""What the municipality sets itself: guidelines per kind of cost, settings, norms of its own; with source and history.

One administrator enters a value, another confirms it; it holds from its day on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from handslag.domain.entitlement.models import LocalNorm
from handslag.domain.entitlement.operations import confirm_local_norm, enter_local_norm
from handslag.domain.entitlement.queries import would_change
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month
from handslag.rules.norms import AMOUNTS, STATUSES
from handslag.rules.se.codes import COSTS
from handslag.rules.se.limits import household_key
from handslag.rules.se.numbers import HOUSEHOLDS, PARTS, history
from handslag.web.caseworker import norm_files
from handslag.web.caseworker.norm_files import KINDS, FileError, as_in_a_norm_file
from handslag.web.caseworker.pages import attempt, base, language, page, require, today
from handslag.web.caseworker.wording import NORM_STATUSES, refusal
from handslag.web.entry.pages import desk_page
from handslag.web.ui import formats
from handslag.web.ui.forms import AmountField, read_day

SETTING = "setting."
PERCENT = "setting.income_change"


@dataclass(frozen=True)
class Shown:
    """One value: what it is of, what it says, from when, by whose decision, and whether it holds."""

    row: LocalNorm
    title: str
    says: list[tuple[str, str]]
    entered_by: str
    confirmed_by: str
    state: str
    mine: bool
    status: str
    checked_on: str


def _home(request: HttpRequest) -> str:
    return f"{base(request)}/norms/"


@desk_page("norms of the municipality")
def show(request: HttpRequest, tenant: str) -> HttpResponse:
    """All values, newest first within each norm, and the forms for new ones."""
    require(request, Role.ADMINISTRATOR)
    return _show(request, {}, {})


@desk_page("norms of the municipality")
@require_POST
def enter(request: HttpRequest, tenant: str) -> HttpResponse:
    """Enter a value. POST `what` (limit, setting, norm), `since`, `source`, `status`, `checked_on`, and the fields of
    that kind."""
    require(request, Role.ADMINISTRATOR)
    data, errors = request.POST, dict[str, str]()
    entries = {"limit": _limit, "setting": _setting, "norm": _norm}.get(data.get("what", ""), _nothing)(data, errors)
    since = _day(data.get("since", ""), errors)
    if not data.get("source", "").strip():
        errors["source"] = _("Write whose decision it is, of which day.")
    said = _said(data, errors)
    if since is not None and not errors:
        try:
            for entry in entries:
                told = entry | said if "value" in entry or "rows" in entry else entry
                attempt(request, enter_local_norm, entry=told, since=since, source=data["source"])
            return HttpResponseRedirect(_home(request))
        except NotPossible as refused:
            errors[""] = refusal(refused)
    return _show(request, data, errors)


@desk_page("norms of the municipality")
@require_POST
def bring(request: HttpRequest, tenant: str) -> HttpResponse:
    """Enter all values of a file, or none. POST `file` (or its `text`), and for a table `since`, `source`, `status` and
    `checked_on`."""
    require(request, Role.ADMINISTRATOR)
    data, errors, problems = request.POST.copy(), dict[str, str](), list[str]()
    given = request.FILES.get("file")
    name = given.name if given else data.get("named", "").strip() or _("The text")
    since = _day(request.POST["since"], errors) if request.POST.get("since") else None
    said = _said(data, errors)
    try:
        if given is not None:
            data["text"] = norm_files.decoded(given.read(norm_files.MOST + 1))
        entries = norm_files.read(data.get("text", ""), str(name), since, data.get("source", ""), said)
        if errors:
            raise FileError([])
        with transaction.atomic():
            for one in entries:
                try:
                    attempt(request, enter_local_norm, entry=one.entry, since=one.since, source=one.source)
                except NotPossible as refused:
                    told = [f"{one.place}: {problem}" for problem in refused.facts.get("problems", [])]
                    problems += told or [f"{one.place}: {refusal(refused)}"]
            if problems:
                raise FileError(problems)
    except FileError as wrong:
        data["what"], data["named"] = "file", str(name)
        return _show(request, data, errors, wrong.problems)
    return HttpResponseRedirect(_home(request))


@desk_page("norms of the municipality")
def look(request: HttpRequest, tenant: str, norm: UUID) -> HttpResponse:
    """What one value would change: the worked cases of the law, and the open cases of the office, in numbers."""
    me = require(request, Role.ADMINISTRATOR)
    row = LocalNorm.objects.filter(id=norm).first()
    if row is None:
        raise Hidden("local norm", norm)
    staff = dict(StaffMember.objects.values_list("id", "name"))
    [shown] = _shown([row], staff, me.id, today(request), language())
    found = would_change(row, today(request)) if "value" in row.entry or "rows" in row.entry else None
    return page(
        request,
        "norm.html",
        one=shown,
        found=found,
        changed=[(name, formats.money(a), formats.money(b)) for name, a, b in found.changed] if found else [],
        more=formats.money(sum(found.more)) if found else "",
        less=formats.money(-sum(found.less)) if found else "",
        month=max(Month.of(today(request)), Month.of(row.since)),
        same=found.open_cases - found.left - found.not_computed - len(found.more + found.less) if found else 0,
    )


@desk_page("norms of the municipality")
@require_POST
def confirm(request: HttpRequest, tenant: str, norm: UUID) -> HttpResponse:
    """A second administrator confirms a value."""
    require(request, Role.ADMINISTRATOR)
    try:
        attempt(request, confirm_local_norm, norm=norm)
    except (NotPossible, Conflict) as refused:
        told = refusal(refused) if isinstance(refused, NotPossible) else _("Somebody has confirmed it already.")
        return _show(request, {}, {"": told})
    return HttpResponseRedirect(_home(request))


def _day(text: str, errors: dict[str, str]) -> date | None:
    try:
        return read_day(text)
    except ValueError:
        errors["since"] = _("Choose the first day.")
        return None


def _said(data: Mapping[str, str], errors: dict[str, str]) -> dict[str, str]:
    """What is said of the values, as in a norm file: `status`; `checked_on`, where it wasn't today."""
    said = {"status": data.get("status") or STATUSES[0]}
    if said["status"] not in STATUSES:
        errors["status"] = _("Choose an answer.")
    if data.get("checked_on", "").strip():
        try:
            said["checked_on"] = read_day(data["checked_on"]).isoformat()
        except ValueError as wrong:
            errors["checked_on"] = str(wrong)
    return said


def _amount(data: Mapping[str, str], name: str, errors: dict[str, str]) -> int | str | None:
    """An amount as a norm file has it: whole kronor, or text with öre; None where nothing is typed."""
    try:
        minor = AmountField(required=False).clean(data.get(name, ""))
    except forms.ValidationError as wrong:
        errors[name] = wrong.messages[0]
        return None
    return None if minor is None else as_in_a_norm_file(minor)


def _nothing(data: Mapping[str, str], errors: dict[str, str]) -> list[dict[str, Any]]:
    errors[""] = _("Choose what it is.")
    return []


def _limit(data: Mapping[str, str], errors: dict[str, str]) -> list[dict[str, Any]]:
    """The guideline for one kind of cost: one amount, a table by household, or its end."""
    code = data.get("code", "")
    if code not in COSTS:
        errors["code"] = _("Choose what it is.")
        return []
    name = f"limit.{code}"
    if data.get("ends"):
        return [{"name": name}]
    entry = {"name": name, "unit": "SEK/month", "label": dict(COSTS[code].name)}
    one = _amount(data, "all", errors)
    table = {kind: _amount(data, _field(kind), errors) for kind in KINDS}
    typed = [kind for kind in KINDS if data.get(_field(kind), "").strip()]
    if data.get("all", "").strip() and not typed:
        return [entry | {"value": one}]
    if len(typed) == len(KINDS) and not data.get("all", "").strip():
        bands = [household_key(*kind) for kind in KINDS]
        return [entry | {"by": "household", "bands": bands, "last": HOUSEHOLDS[1], "rows": [table[k] for k in KINDS]}]
    errors["all"] = _("Write one amount for every household, or one in every field of the table.")
    return []


def _field(kind: tuple[int, int]) -> str:
    return f"for-{kind[0]}-{kind[1]}"


def _setting(data: Mapping[str, str], errors: dict[str, str]) -> list[dict[str, Any]]:
    """One of the choices of a setting, or the percentage of a change that gives a warning."""
    name, _sign, choice = data.get("choice", "").partition("=")
    norm = history().get(name)
    if name == PERCENT and norm is not None:
        percent = data.get("percent", "").strip()
        if not re.fullmatch(r"[0-9]{1,3}", percent, re.ASCII):
            errors["percent"] = _("Write a whole number of per cent.")
            return []
        return [{"name": name, "unit": norm.unit, "label": dict(norm.label), "value": int(percent)}]
    if norm is None or not name.startswith(SETTING) or choice not in norm.choices:
        errors["choice"] = _("Choose an answer.")
        return []
    choices = {key: dict(text) for key, text in norm.choices.items()}
    return [{"name": name, "unit": "choice", "label": dict(norm.label), "choices": choices, "value": choice}]


def _norm(data: Mapping[str, str], errors: dict[str, str]) -> list[dict[str, Any]]:
    """A norm of the municipality in place of the riksnorm: its amounts, and its own way to count a day."""
    label = data.get("name", "").strip()
    code = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:30]
    if not code or len(label) > 40:
        errors["name"] = _("Give it a name of at most 40 characters.")
        return []
    found: list[dict[str, Any]] = []
    for part in ("single", "couple"):
        value = _amount(data, part, errors)
        if value is not None:
            entry = {"name": f"norm.{code}.{part}", "unit": "SEK/month", "label": {"sv": label}, "value": value}
            found.append(entry)
    if not found:
        errors.setdefault("single", _("Write at least one amount."))
    days = history()["setting.day_method"]
    if data.get("day_method") in days.choices:
        choices = {key: dict(text) for key, text in days.choices.items()}
        found.append(
            {"name": f"norm.{code}.day_method", "unit": "choice", "label": {"sv": label}, "choices": choices,
             "value": data["day_method"]}
        )  # fmt: skip
    return found


def _show(
    request: HttpRequest, data: Mapping[str, str], errors: dict[str, str], of_file: Sequence[str] = ()
) -> HttpResponse:
    lang = language()
    rows = list(LocalNorm.objects.order_by("name", "-since", "-entered_at"))
    staff = dict(StaffMember.objects.values_list("id", "name"))
    me = require(request, Role.ADMINISTRATOR)
    settings = [
        (f"{norm.name}={choice}", f"{norm.label[lang]}: {norm.choices[choice][lang]}")
        for norm in history().values()
        if norm.name.startswith(SETTING) and norm.name not in ("setting.formula", "setting.child_means")
        for choice in norm.choices
    ]
    percent = history()[PERCENT].label[lang]
    return page(
        request,
        "norms.html",
        status=200,
        errors=[
            *((f"id_{data.get('what', '')}-{name}" if name else "", text) for name, text in errors.items()),
            *(("id_file-text", text) for text in of_file),
        ],
        wrong=errors,
        typed=data,
        what=data.get("what", ""),
        statuses=[(status, str(NORM_STATUSES[status])) for status in STATUSES],
        rows=_shown(rows, staff, me.id, today(request), lang),
        costs=[(code, kind.name[lang]) for code, kind in COSTS.items()],
        columns=";".join(norm_files.COLUMNS),
        kinds=[(_field(kind), _household(*kind), data.get(_field(kind), "")) for kind in KINDS],
        settings=[*settings, (f"{PERCENT}=", percent)],
        day_methods=[(key, text[lang]) for key, text in history()["setting.day_method"].choices.items()],
    )


def _shown(rows: list[LocalNorm], staff: Mapping[UUID, str], me: UUID, day: date, lang: str) -> list[Shown]:
    holding: dict[str, LocalNorm] = {}
    for row in sorted((r for r in rows if r.confirmed_at and r.since <= day), key=lambda r: (r.since, r.confirmed_at)):
        holding[row.name] = row
    found = []
    for row in rows:
        if row.confirmed_at is None:
            state = _("waits for a second person")
        elif holding.get(row.name) is row:
            state = _("in force")
        elif row.since > day:
            state = _("from its day on")
        else:
            state = _("replaced")
        found.append(
            Shown(
                row,
                title_of(row.name, row.entry, lang),
                _says(row.entry, lang),
                staff[row.entered_by_id],
                staff[row.confirmed_by_id] if row.confirmed_by_id else "",
                state,
                row.entered_by_id == me,
                str(NORM_STATUSES[row.entry.get("status", STATUSES[0])]) if "unit" in row.entry else "",
                row.entry.get("checked_on", row.entered_at.date().isoformat()),
            )
        )
    return found


def title_of(name: str, entry: Mapping[str, Any], lang: str) -> str:
    """What a value of the municipality's is of, in words."""
    kind, _dot, rest = name.partition(".")
    if kind == "limit":
        return COSTS[rest].name[lang]
    if kind == "setting":
        return history()[name].label[lang]
    code, _dot, part = rest.partition(".")
    return f"{entry.get('label', {}).get('sv', code)}: {history()[PARTS[part]].label[lang]}"


def _says(entry: Mapping[str, Any], lang: str) -> list[tuple[str, str]]:
    """What a value says, as (for whom, how much)."""
    if "rows" in entry:
        told = zip(entry["bands"], entry["rows"], strict=True)
        return [(_household(key // 20, key % 20), formats.money(_minor(value))) for key, value in told]
    if "value" not in entry:
        return [("", _("ends"))]
    value = entry["value"]
    if entry["unit"] == "choice":
        return [("", entry["choices"][value].get(lang, value))]
    if entry["unit"] in AMOUNTS:
        return [("", formats.money(_minor(value)))]
    return [("", f"{value} %" if entry["unit"] == "percent" else str(value))]


def _minor(value: int | str) -> int:
    return int(value.replace(".", "")) if isinstance(value, str) else value * 100


def _household(adults: int, children: int) -> str:
    who = _("One adult") if adults < 2 else _("Two adults")
    if children == 0:
        return who
    if children > 4:
        return f"{who}, {ngettext('%(n)s child', '%(n)s children', children) % {'n': children}}"
    with_children = (_("1 child"), _("2 children"), _("3 children"), _("4 children or more"))[children - 1]
    return f"{who}, {with_children}"
