"""The inbox: what has been applied for and waits; take one or the next, hand over, remind, put views together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_POST

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.queries import colleagues
from handslag.domain.intake.forms import form_of
from handslag.domain.intake.models import Application, InboxItem
from handslag.domain.intake.operations import (
    await_applicant,
    hand_over,
    put_back,
    remind_applicants,
    take_from_inbox,
)
from handslag.domain.intake.queries import (
    EXACT,
    TABS,
    WHOLE,
    Filter,
    changes,
    inbox,
    inbox_counts,
    items_chosen,
    month_of_application,
    next_in_inbox,
)
from handslag.domain.people.operations.staff import MOST_VIEWS, keep_preferences
from handslag.domain.people.queries import full_name
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month
from handslag.rules.se.codes import COSTS, INCOMES
from handslag.web.caseworker.pages import (
    CASE_ROLES,
    attempt,
    base,
    language,
    number_in,
    page,
    require,
    text_in,
    the_member,
    today,
    version_seen,
)
from handslag.web.caseworker.wording import CHANNELS, FILTERS, INBOX_STATES, REFUSALS, refusal
from handslag.web.entry.pages import desk_page
from handslag.web.ui import formats
from handslag.web.ui.forms import read_day
from handslag.web.ui.site import Link

PAGE = 25


@dataclass(frozen=True)
class Waiting:
    """An application as the inbox shows it: a row of the list."""

    item: InboxItem
    month: Month
    signers: list[dict[str, str]]
    channel: str
    state: str
    changed: str
    late: bool


@dataclass(frozen=True)
class View:
    """A view of the inbox: its name, its address, what it shows; `saved` is its place among the saved ones."""

    name: str
    query: str
    filter: Filter
    saved: int | None = None


def _views(member: Member) -> list[View]:
    names = {
        "mine": pgettext("inbox", "Mine"),
        "unit": _("Unit"),
        "due": _("Due today"),
        "asked": _("Waiting for applicant"),
    }
    own = [
        View(str(kept["name"]), f"?saved={place}", Filter.of(kept["filter"]), place)
        for place, kept in enumerate(member.views)
    ]
    return [View(names[key], f"?view={key}", shown) for key, shown in TABS.items()] + own


@desk_page("inbox")
def show(request: HttpRequest, tenant: str) -> HttpResponse:
    """`?view=mine|unit|due|asked`, `?saved=` (place of a saved view) or the parts of a Filter; `?page=`: 25
    applications, oldest first. Counts are exact to 500."""
    return _show(request)


def _show(request: HttpRequest, note: str = "") -> HttpResponse:
    member = require(request, *CASE_ROLES)
    views = _views(member)
    chosen = _chosen(request, views)
    counts = inbox_counts(member, [v.filter for v in [*views, *([chosen] if chosen else [])]], today(request))
    if chosen is None:
        at_hand = next((place for place, count in enumerate(counts) if count), 0)
        chosen = views[at_hand]
    count = counts[views.index(chosen)] if chosen in views else counts[-1]
    number = request.GET.get("page", "1")
    at = int(number) if number.isascii() and number.isdigit() and len(number) < 5 and int(number) else 1
    found = inbox(member, chosen.filter, today(request), (at - 1) * PAGE, PAGE + 1)
    looked_at("inbox")
    return page(
        request,
        "inbox.html",
        views=[Link(v.name, v.query, v == chosen, _count(n)) for v, n in zip(views, counts, strict=False)],
        view=chosen,
        count=_count(count),
        rows=[_row(item, today(request)) for item in found[:PAGE]],
        note=note or _told(request),
        filters=_filters(chosen.filter),
        may_take=Role.CASEWORKER in member.roles,
        may_save=len(member.views) < MOST_VIEWS,
        earlier=f"{chosen.query}&page={at - 1}" if at > 1 else "",
        later=f"{chosen.query}&page={at + 1}" if len(found) > PAGE else "",
    )


def _chosen(request: HttpRequest, views: list[View]) -> View | None:
    """The view that the address names, or None."""
    if given := {name: request.GET[name] for name in Filter.CHOICES if name in request.GET}:
        shown = Filter.of(given)
        return View(_("These"), "?" + urlencode(asdict(shown)), shown)
    named = {v.query: v for v in views}
    for part in ("view", "saved"):
        if found := named.get(f"?{part}={request.GET.get(part, '')}"):
            return found
    return None


def _count(count: int) -> int | str:
    return f"{EXACT}+" if count > EXACT else count


def _filters(shown: Filter) -> list[dict[str, Any]]:
    """The parts of a filter as the page offers them."""
    return [
        {
            "name": name,
            "label": FILTERS[name],
            "choices": [(c, FILTERS[f"{name} {c}"], getattr(shown, name) == c) for c in choices],
        }
        for name, choices in Filter.CHOICES.items()
    ]


def _told(request: HttpRequest) -> str:
    """What the page before did, as its redirection says."""
    reminded, given = number_in(request.GET.get("reminded", "")), number_in(request.GET.get("given", ""))
    if reminded:
        return ngettext("%(n)s applicant reminded.", "%(n)s applicants reminded.", reminded) % {"n": reminded}
    if given:
        return ngettext("%(n)s application handed over.", "%(n)s applications handed over.", given) % {"n": given}
    return ""


def _row(item: Any, day: date) -> Waiting:
    due = item.answer_by if item.state == "asked" else item.due_on
    return Waiting(
        item,
        Month.of(item.period_since),
        item.signers,
        str(CHANNELS[item.application.channel]),
        str(INBOX_STATES[item.state]),
        _changed(item.application, item.document_before),
        late=due is not None and due <= day,
    )


def _changed(application: Application, before: dict[str, Any] | None) -> str:
    """What differs from the application before, in a few words; of one that comes on top, what it is and asks for."""
    parts, document = [_("correction")] if application.corrects_id else [], application.document
    if application.kind not in WHOLE:
        before = {"answers": {}}
        parts.append(form_of(application.form, application.form_version).words(language()).title)
    answers = document["answers"]
    if answers.get("message"):
        parts.append(_("has a message"))
    if not answers.get("household", {"same": True})["same"]:
        parts.append(_("household changed"))
    if before is None:
        parts.append(_("first application here"))
    for change in changes(document, before) if before is not None else ():
        names = COSTS if change.kind == "costs" else INCOMES
        name = names[change.code].name[language()]
        if change.before is None:
            parts.append(pgettext("inbox", "new: %(name)s") % {"name": name})
        elif change.now is None:
            parts.append(pgettext("inbox", "gone: %(name)s") % {"name": name})
        else:
            parts.append(f"{name} {formats.change(change.now - change.before)}")
    return ", ".join(parts) or _("as last month")


@desk_page("inbox")
@require_POST
def take(request: HttpRequest, tenant: str, item: UUID) -> HttpResponse:
    """Take one application: POST `version`. Leads to its case and month."""
    return _moved(request, item, take_from_inbox)


@desk_page("inbox")
@require_POST
def release(request: HttpRequest, tenant: str, item: UUID) -> HttpResponse:
    """Put one application back: POST `version`."""
    return _moved(request, item, put_back)


@desk_page("inbox")
@require_POST
def wait(request: HttpRequest, tenant: str, item: UUID) -> HttpResponse:
    """Wait for the applicant: POST `version`, `until` (a day)."""
    try:
        until = read_day(request.POST.get("until", ""))
    except ValueError:
        until = date.min  # refused like a day that is over
    return _moved(request, item, await_applicant, until=until)


def _moved(request: HttpRequest, item: UUID, operation: Callable[..., InboxItem], **told: Any) -> HttpResponse:
    try:
        return _to_case(request, attempt(request, operation, item=item, version=version_seen(request), **told))
    except Conflict:
        return _show(request, str(REFUSALS["conflict"]))
    except NotPossible as refused:
        return _show(request, refusal(refused))


@desk_page("inbox")
@require_POST
def take_next(request: HttpRequest, tenant: str) -> HttpResponse:
    """Take the oldest application that waits; when a colleague is quicker, the one after it."""
    member = require(request, Role.CASEWORKER)
    for _try in range(3):
        item = next_in_inbox(member)
        if item is None:
            return _show(request, _("Nothing waits. Well done."))
        try:
            return _to_case(request, attempt(request, take_from_inbox, item=item.id, version=item.version))
        except Conflict:
            continue
    return _show(request, str(REFUSALS["conflict"]))


def _to_case(request: HttpRequest, item: InboxItem) -> HttpResponse:
    month = month_of_application(item.application_id)
    return HttpResponseRedirect(f"{base(request)}/cases/{item.case_id}/periods/{month}/")


def _items(given: list[str]) -> dict[UUID, int]:
    """What was ticked: `<key>:<version>`, at most a page of them."""
    found = {}
    for text in given[:PAGE]:
        key, _colon, version = text.partition(":")
        try:
            found[UUID(key)] = number_in(version)
        except ValueError:
            continue
    return found


@desk_page("inbox")
@require_POST
def remind(request: HttpRequest, tenant: str) -> HttpResponse:
    """Remind the applicants of the ticked applications (POST `item` each): those who have to answer something."""
    require(request, Role.CASEWORKER)
    try:
        reminded = attempt(request, remind_applicants, items=list(_items(request.POST.getlist("item")).items()))
    except Conflict:
        return _show(request, str(REFUSALS["conflict"]))
    except NotPossible as refused:
        return _show(request, refusal(refused))
    return HttpResponseRedirect(f"{base(request)}/inbox/?view=asked&reminded={len(reminded)}")


@desk_page("inbox")
def hand(request: HttpRequest, tenant: str) -> HttpResponse:
    """Hand the ticked applications over: `item` each asks to whom; POST `item`, `to`, `note` does it."""
    member = require(request, Role.CASEWORKER)
    chosen = _items((request.POST if request.method == "POST" else request.GET).getlist("item"))
    trouble = ""
    if "to" in request.POST:
        try:
            to = UUID(request.POST.get("to", ""))
        except ValueError:
            trouble = str(REFUSALS["colleague"])
        else:
            note = text_in(request.POST, "note", 400)
            try:
                given = attempt(request, hand_over, items=list(chosen.items()), to=to, note=note)
            except Conflict:
                return _show(request, str(REFUSALS["conflict"]))
            except NotPossible as refused:
                trouble = refusal(refused)
            else:
                return HttpResponseRedirect(f"{base(request)}/inbox/?given={len(given)}")
    found = items_chosen(member, chosen)
    if not found:
        return _show(request, str(REFUSALS["nothing chosen"]))
    looked_at("inbox")
    return page(
        request,
        "hand_over.html",
        items=[
            (
                f"{item.id}:{chosen[item.id]}",
                item,
                " & ".join(full_name(p) for p in (item.case.applicant, item.case.co_applicant) if p is not None),
            )
            for item in found
        ],
        colleagues=colleagues(member, today(request)),
        chosen=request.POST.get("to", ""),
        note=request.POST.get("note", ""),
        trouble=trouble,
    )


@desk_page("inbox")
@require_POST
def save_view(request: HttpRequest, tenant: str) -> HttpResponse:
    """Keep a view: POST `name` and the parts of its Filter; `act=show` only shows it; `drop`: the place of one to
    give up."""
    require(request, *CASE_ROLES)
    wanted = asdict(Filter.of(request.POST.dict()))
    kept = list(the_member(request).views)
    place = request.POST.get("drop", "")
    if place:
        if not (place.isascii() and place.isdigit() and int(place[:3]) < len(kept)):
            raise Hidden("view")
        del kept[int(place[:3])]
        attempt(request, keep_preferences, views=kept)
        return HttpResponseRedirect(f"{base(request)}/inbox/")
    if request.POST.get("act") == "show":
        return HttpResponseRedirect(f"{base(request)}/inbox/?{urlencode(wanted)}")
    name = " ".join(request.POST.get("name", "").split())[:40]
    if not name or len(kept) >= MOST_VIEWS:
        return _show(request, _("Give the view a name."))
    kept.append({"name": name, "filter": wanted})
    attempt(request, keep_preferences, views=kept)
    return HttpResponseRedirect(f"{base(request)}/inbox/?saved={len(kept) - 1}")
