"""What the organisation sets itself in its law: guidelines per kind of cost, settings, norms of its own, tables by the
number of people; with source and history.

One administrator enters a value, another confirms it; it holds from its day on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from handslag.domain.entitlement.models import LocalNorm
from handslag.domain.entitlement.operations import confirm_local_norm, enter_local_norm
from handslag.domain.entitlement.queries import differing, local_norm_entries, the_law, would_change
from handslag.domain.tenancy.models import StaffMember
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Conflict, NotPossible, examples_bind, setting
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month
from handslag.rules import faults
from handslag.rules.local import PERSONS, SETTING
from handslag.rules.norms import AMOUNTS, STATUSES, Norm, NormMissing
from handslag.rules.packs import Pack
from handslag.rules.se.codes import CASE_COSTS, COSTS
from handslag.rules.se.limits import CHILDREN, household_key
from handslag.rules.se.numbers import HOUSEHOLDS, PARTS, history
from handslag.web.caseworker import norm_files
from handslag.web.caseworker.norm_files import KINDS, FileError, as_in_a_norm_file
from handslag.web.caseworker.pages import attempt, base, form_key, form_keys, language, page, require, the_door, today
from handslag.web.caseworker.wording import NORM_STATUSES, refusal
from handslag.web.entry.pages import desk_page
from handslag.web.ui import formats
from handslag.web.ui.forms import AmountField, read_day

PERCENT = "setting.income_change"
LAWS = "-"
"""In place of a choice: the organisation has none of its own any more."""
ROWS = 6
#: So many of the things that are wrong with a file are listed.
SHOWN_PROBLEMS = 100
"""Of an empty form by the number of people."""


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
    bars: bool
    """Whether it is an example outside a demonstration: not to be confirmed; no decision rests on one that is."""


@dataclass(frozen=True)
class Choice:
    """What no source settles: why it is open, which reading holds today and by whose decision (`own`: the
    organisation's), all `readings` as (value of the form, what it says), and `ends`: the value that ends its own.
    `new_from`: since when it is asked, where the organisation had chosen elsewhere before and hasn't here."""

    title: str
    why: str
    holds: str
    source: str
    own: bool
    readings: list[tuple[str, str]]
    ends: str
    new_from: date | None


def _words() -> str:
    """The language of what a law says on the page; that of a law with norms that stand by themselves has four."""
    own = formats.language_of_figures()
    return own if the_law().LOCAL and own in ("sv", "de", "fr", "en") else language()


def _problems(refused: NotPossible) -> list[str]:
    """What the rules say is wrong with a value, in the language of the page, whichever the law's own is."""
    lang, told = formats.language_of_figures(), refused.facts.get("problems", [])
    return [faults.said(one.removeprefix("municipality: "), lang) for one in told]


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
    """Enter a value. POST `what` (limit, norm, table, setting), `since`, `source`, `status`, `checked_on`, and the
    fields of that kind."""
    require(request, Role.ADMINISTRATOR)
    data, errors = request.POST, dict[str, str]()
    places = {"table": _table} if the_law().LOCAL else {"limit": _limit, "norm": _norm}
    readers = places | {"setting": _setting}
    entries = readers.get(data.get("what", ""), _nothing)(data, errors)
    since = _day(data.get("since", ""), errors)
    if not data.get("source", "").strip():
        errors["source"] = _("Write whose decision it is, of which day.")
    said = _said(data, errors, today(request))
    if since is not None and not errors:
        try:
            for entry, key in zip(entries, form_keys(request), strict=False):
                told = entry | said if "value" in entry or "rows" in entry else entry
                attempt(request, enter_local_norm, key=key, entry=told, since=since, source=data["source"])
            return HttpResponseRedirect(_home(request))
        except NotPossible as refused:
            errors[""] = " ".join([refusal(refused), *_problems(refused)])
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
    said = _said(data, errors, today(request))
    try:
        if given is not None:
            data["text"] = norm_files.decoded(given.read(norm_files.MOST + 1))
        told = data.get("text", ""), str(name), since, data.get("source", ""), said
        entries = norm_files.read(*told, the_law(), formats.language_of_figures())
        if errors:
            raise FileError([])
        with transaction.atomic():
            for one, key in zip(entries, form_keys(request), strict=False):
                try:
                    attempt(request, enter_local_norm, key=key, entry=one.entry, since=one.since, source=one.source)
                except NotPossible as refused:
                    problems += [f"{one.place}: {told}" for told in _problems(refused) or [refusal(refused)]]
            if problems:
                raise FileError(problems)
    except FileError as wrong:
        data["what"], data["named"] = "file", str(name)
        return _show(request, data, errors, wrong.problems)
    return HttpResponseRedirect(_home(request))


@desk_page("norms of the municipality")
@require_GET
def carry(request: HttpRequest, tenant: str) -> HttpResponse:
    """All confirmed values with their history as a norm file; `kind=csv`: the amounts in force today as a table."""
    require(request, Role.ADMINISTRATOR)
    day, slug = today(request), the_door(request).the_tenant.slug
    if request.GET.get("kind") == "csv":
        rows = LocalNorm.objects.filter(confirmed_at__isnull=False, since__lte=day).order_by("name")
        holding = sorted(_holding(rows, day).items())
        held = {name: row.entry for name, row in holding if _has_value(row) and not name.startswith(SETTING)}
        name, kind, text = f"{slug}-{day}.csv", "text/csv", norm_files.as_csv(held, the_law())
    else:
        name, kind = f"{slug}-{day}.yaml", "application/yaml"
        text = f"# {the_door(request).the_tenant.name} {day}\n{norm_files.as_yaml(local_norm_entries())}"
    return HttpResponse(
        text.encode(),
        content_type=f"{kind}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@desk_page("norms of the municipality")
def look(request: HttpRequest, tenant: str, norm: UUID) -> HttpResponse:
    """What one value would change: the worked cases of the law, and the open cases of the office, in numbers."""
    me = require(request, Role.ADMINISTRATOR)
    return _look(request, norm, me.id)


@desk_page("norms of the municipality")
@require_POST
def withdraw(request: HttpRequest, tenant: str, norm: UUID) -> HttpResponse:
    """Propose that a confirmed example ends on its first day; a second administrator confirms it. POST `source`."""
    me = require(request, Role.ADMINISTRATOR)
    row = _one(norm)
    try:
        end, source = {key: row.entry[key] for key in ("name", "label")}, request.POST.get("source", "")
        attempt(request, enter_local_norm, key=form_key(request), entry=end, since=row.since, source=source)
    except NotPossible as refused:
        lacking = _("Write whose decision it is, of which day.")
        return _look(request, norm, me.id, lacking if refused.code == "source" else refusal(refused))
    return HttpResponseRedirect(_home(request))


def _one(norm: UUID) -> LocalNorm:
    row = LocalNorm.objects.filter(id=norm).first()
    if row is None:
        raise Hidden("local norm", norm)
    return row


def _look(request: HttpRequest, norm: UUID, me: UUID, trouble: str = "") -> HttpResponse:
    row = _one(norm)
    staff = dict(StaffMember.objects.values_list("id", "name"))
    rows = list(LocalNorm.objects.filter(name=row.name))
    [shown] = [one for one in _shown(rows, staff, me, today(request), _words()) if one.row == row]
    found = would_change(row, today(request)) if _has_value(row) else None
    currency = the_law().CURRENCY
    return page(
        request,
        "norm.html",
        one=shown,
        trouble=trouble,
        errors=[("id_source", trouble)],
        source=request.POST.get("source", ""),
        found=found,
        changed=[
            (name, [formats.money(n, currency) for n in (a.granted, b.granted, a.surplus, b.surplus)], differing(a, b))
            for name, a, b in found.changed
        ]
        if found
        else [],
        more=formats.money(sum(found.more), currency) if found else "",
        less=formats.money(-sum(found.less), currency) if found else "",
        month=max(Month.of(today(request)), Month.of(row.since)),
        same=found.open_cases - sum((found.left, found.not_computed, len(found.more), len(found.less), found.otherwise))
        if found
        else 0,
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


def _said(data: Mapping[str, str], errors: dict[str, str], now: date) -> dict[str, str]:
    """What is said of the values, as in a norm file: `status`; `checked_on`, where it wasn't today."""
    said = {"status": data.get("status") or STATUSES[0]}
    if said["status"] not in STATUSES:
        errors["status"] = _("Choose an answer.")
    if data.get("checked_on", "").strip():
        try:
            checked = read_day(data["checked_on"])
            said["checked_on"] = checked.isoformat()
            if checked > now:
                errors["checked_on"] = _("This day hasn’t come yet: choose the day on which it was checked.")
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


def _table(data: Mapping[str, str], errors: dict[str, str]) -> list[dict[str, Any]]:
    """A norm that stands by itself: one amount, a table by the number of people, or its end."""
    law, name = the_law(), data.get("name", "")
    kind = law.LOCAL.get(name)
    if kind is None:
        errors["name"] = _("Choose what it is.")
        return []
    if data.get("ends"):
        return [{"name": name}]
    amounts: dict[int, int | str] = {}
    for persons in range(norm_files.MOST_PERSONS + 1):
        field = _persons_field(persons)
        try:
            minor = norm_files.amount(data.get(field, "").strip(), law)
        except forms.ValidationError as wrong:
            errors[field] = wrong.messages[0]
            continue
        if minor is not None:
            amounts[persons] = as_in_a_norm_file(minor)
    if not errors and kind.by_persons and list(amounts) != list(range(1, len(amounts) + 1)):
        gap = next(persons for persons in range(1, len(amounts) + 2) if persons not in amounts)
        field = _persons_field(0 if 0 in amounts else gap)
        errors[field] = _("Write an amount for one person, for two, and so on, and none before.")
    if not errors and kind.by_persons and not amounts:
        errors[_persons_field(1)] = _("Write at least one amount.")
    if not errors and not kind.by_persons and list(amounts) != [0]:
        errors[_persons_field(0)] = _("This is one amount: write it here, and none for a number of people.")
    return [] if errors else [kind.entry(name, list(amounts.values()))]


def _persons_field(persons: int) -> str:
    """The field of the amount for so many people; 0: of one that is for all."""
    return f"for-{persons}" if persons else "all"


def _nothing(data: Mapping[str, str], errors: dict[str, str]) -> list[dict[str, Any]]:
    errors[""] = _("Choose what it is.")
    return []


def _limit(data: Mapping[str, str], errors: dict[str, str]) -> list[dict[str, Any]]:
    """The guideline for one kind of cost: one amount, a table by household, or its end."""
    code = data.get("code", "")
    if code not in CASE_COSTS:
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
    norm = _choices(date.max).get(name)
    if name == PERCENT and not the_law().LOCAL:
        norm = history()[name]
        percent = data.get("percent", "").strip()
        if not re.fullmatch(r"[0-9]{1,3}", percent, re.ASCII):
            errors["percent"] = _("Write a whole number of per cent.")
            return []
        return [{"name": name, "unit": norm.unit, "label": dict(norm.label), "value": int(percent)}]
    if norm is None or choice not in (*norm.choices, LAWS):
        errors["choice"] = _("Choose an answer.")
        return []
    if choice == LAWS:
        return [{"name": name}]
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
    law, lang, day = the_law(), _words(), today(request)
    rows = list(LocalNorm.objects.order_by("name", "-since", "-entered_at"))
    staff = dict(StaffMember.objects.values_list("id", "name"))
    me = require(request, Role.ADMINISTRATOR)
    if not data:
        data = next((_typed(row) for row in rows if str(row.id) == request.GET.get("of")), {})
    return page(
        request,
        "norms.html",
        status=200,
        errors=[
            *((f"id_{data.get('what', '')}-{name}" if name else "", text) for name, text in errors.items()),
            *(("id_file-text", text) for text in _first(of_file)),
        ],
        wrong=errors,
        typed=data,
        what=data.get("what", ""),
        statuses=[(status, str(NORM_STATUSES[status])) for status in STATUSES],
        rows=_shown(rows, staff, me.id, day, lang),
        columns=";".join(norm_files.columns(law)),
        language_of_law=law.LANGUAGE,
        open_choices=(open_choices := _open(rows, day, lang)),
        new_choices=[one for one in open_choices if one.new_from],
        percent=None if law.LOCAL else (f"{PERCENT}=", history()[PERCENT].label[lang]),
        **(_tables(law, data, errors, lang) if law.LOCAL else _places(data, lang)),
    )


def _first(problems: Sequence[str]) -> list[str]:
    """The first of what is wrong with a file, and how much more there is."""
    more = len(problems) - SHOWN_PROBLEMS
    told = ngettext("and %(count)s more", "and %(count)s more", more) % {"count": more}
    return [*problems[:SHOWN_PROBLEMS], *([told] if more > 0 else ())]


def _choices(day: date) -> dict[str, Norm]:
    """What no source settles on a day, as far as known then, in the organisation's law and canton."""
    found = the_law().open_choices(str(setting("canton")))
    return {name: norm for name, norm in found.items() if norm.known(day)}


def _open(rows: list[LocalNorm], day: date, lang: str) -> list[Choice]:
    """Each of them with its readings and what holds on that day."""
    held, found = _holding(rows, day), []
    chosen = {row.name: row.confirmed_at.date() for row in rows if row.confirmed_at and row.name.startswith(SETTING)}
    first = min(chosen.values(), default=date.max)
    for name, norm in _choices(day).items():
        try:
            value = norm.on(day, day)
        except NormMissing:
            continue
        own = held.get(name)
        own = own if own is not None and _has_value(own) else None
        taken = str(own.entry["value"] if own else value.value)
        found.append(
            Choice(
                norm.label[lang],
                norm.uncertain[lang],
                norm.choices[taken][lang] if taken in norm.choices else taken,
                own.source if own else value.source,
                own is not None,
                [(f"{name}={choice}", text[lang]) for choice, text in norm.choices.items()],
                f"{name}={LAWS}" if name in held else "",
                norm.counts_from if name not in chosen and first < norm.counts_from else None,
            )
        )
    return found


def _tables(law: Pack, data: Mapping[str, str], errors: Mapping[str, str], lang: str) -> dict[str, Any]:
    """What the form of a law has whose norms stand by themselves."""
    filled = [persons for persons in range(1, norm_files.MOST_PERSONS + 1) if data.get(_persons_field(persons))]
    rows = min(max([ROWS, *(persons + 1 for persons in filled)]), norm_files.MOST_PERSONS)
    fields = [(persons, _persons_field(persons)) for persons in range(1, rows + 1)]
    return {
        "tables": [(name, title_of(name, {}, lang)) for name in law.LOCAL],
        "single": not all(kind.by_persons for kind in law.LOCAL.values()),
        "persons": [(field, _people(n, n), data.get(field, ""), field in errors) for n, field in fields],
        "open_ended": any(kind.last for kind in law.LOCAL.values()),
    }


def _places(data: Mapping[str, str], lang: str) -> dict[str, Any]:
    """What the forms of the Swedish law have, where a municipality takes a place that the law names."""
    return {
        "costs": [(code, kind.name[lang]) for code, kind in CASE_COSTS.items()],
        "kinds": [(_field(kind), _household(*kind), data.get(_field(kind), "")) for kind in KINDS],
        "day_methods": [(key, text[lang]) for key, text in history()["setting.day_method"].choices.items()],
    }


def _typed(row: LocalNorm) -> dict[str, str]:
    """The form of a value, filled with it: for the next one of the same. Day and source are to be written anew."""
    entry, (kind, _dot, rest) = row.entry, row.name.partition(".")
    if row.name in the_law().LOCAL:
        amounts = norm_files.by_persons(entry) if _has_value(row) else {}
        return {"what": "table", "name": row.name} | {_persons_field(n): _figure(v) for n, v in amounts.items()}
    if kind == "limit":
        told = {"what": kind, "code": rest}
        if "rows" in entry:
            rows = zip(entry["bands"], entry["rows"], strict=True)
            return told | {_field((key // CHILDREN, key % CHILDREN)): _figure(value) for key, value in rows}
        return told | ({"all": _figure(entry["value"])} if _has_value(row) else {})
    if kind == "setting":
        one = {"percent": str(entry.get("value", ""))} if row.name == PERCENT else {}
        return {"what": kind, "choice": f"{row.name}={'' if one else entry.get('value', '')}"} | one
    part = rest.partition(".")[2]
    value = entry.get("value", "")
    told = {"what": kind, "name": entry.get("label", {}).get("sv", rest.partition(".")[0])}
    return told | ({part: value if part == "day_method" else _figure(value)} if value else {})


def _figure(value: int | str) -> str:
    return formats.figure(_minor(value)).replace(formats.NO_BREAK, " ")


def _has_value(row: LocalNorm) -> bool:
    return "value" in row.entry or "rows" in row.entry


def _holding(rows: Iterable[LocalNorm], day: date) -> dict[str, LocalNorm]:
    """By name the confirmed value that holds on a day; one that says that it ends, too."""
    holding: dict[str, LocalNorm] = {}
    for row in sorted((r for r in rows if r.confirmed_at and r.since <= day), key=lambda r: (r.since, r.confirmed_at)):
        holding[row.name] = row
    return holding


def _shown(rows: list[LocalNorm], staff: Mapping[UUID, str], me: UUID, day: date, lang: str) -> list[Shown]:
    holding, found = _holding(rows, day), []
    for row in rows:
        stands = row.confirmed_at is None or _holding(rows, row.since)[row.name] is row
        bars = row.is_example and stands and not examples_bind()
        if row.confirmed_at is None and bars:
            state = _("an example: can’t be confirmed")
        elif row.confirmed_at is None:
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
                row.entry.get("checked_on", timezone.localtime(row.entered_at).date().isoformat()),
                bars,
            )
        )
    return found


def title_of(name: str, entry: Mapping[str, Any], lang: str) -> str:
    """What a value of the organisation's is of, in words: a term of another language's law is told in both."""
    law = the_law()
    if own := law.LOCAL.get(name):
        said, in_law = own.label[lang], own.label[law.LANGUAGE]
        return said if said == in_law else f"{said} ({in_law})"
    kind, _dot, rest = name.partition(".")
    if kind == "limit":
        return COSTS[rest].name[lang]
    if kind == "setting":
        norm = history()[name] if name == PERCENT else law.open_choices()[name]
        return norm.label[lang]
    code, _dot, part = rest.partition(".")
    return f"{entry.get('label', {}).get('sv', code)}: {history()[PARTS[part]].label[lang]}"


def _says(entry: Mapping[str, Any], lang: str) -> list[tuple[str, str]]:
    """What a value says, as (for whom, how much)."""
    currency = entry.get("unit", "").partition("/")[0]
    if "rows" in entry:
        ends = [*(band - 1 for band in entry["bands"][1:]), entry["last"]]
        told = zip(entry["bands"], ends, entry["rows"], strict=True)
        return [
            (
                _people(key, end) if entry["by"] == PERSONS else _household(key // CHILDREN, key % CHILDREN),
                formats.money(_minor(value), currency),
            )
            for key, end, value in told
        ]
    if "value" not in entry:
        return [("", _("ends"))]
    value = entry["value"]
    if entry["unit"] == "choice":
        return [("", entry["choices"][value].get(lang, value))]
    if entry["unit"] in AMOUNTS:
        return [("", formats.money(_minor(value), currency))]
    return [("", f"{value} %" if entry["unit"] == "percent" else str(value))]


def _people(first: int, last: int) -> str:
    """So many people: "1 person", "3 to 20 people"."""
    if first < last:
        return _("%(first)s to %(last)s people") % {"first": first, "last": last}
    return ngettext("%(n)s person", "%(n)s people", first) % {"n": first}


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
