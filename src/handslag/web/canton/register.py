"""The canton's register: who is responsible for whom today, and the days of one person with what they follow from."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from handslag.domain.audit.operations import looked_at
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.queries import first_of, name_of, own_address
from handslag.domain.exchange.states import Direction
from handslag.domain.people.models import Identifier, Person
from handslag.domain.people.permissions import require_sight
from handslag.domain.people.queries import full_name
from handslag.domain.register.models import Contradiction, Notice
from handslag.domain.register.operations import settle
from handslag.domain.register.queries import (
    claimed_until,
    days_stored,
    deadlines_in,
    deadlines_shown,
    notices_of,
    registered,
    resumable,
    said_of,
    standing_on,
)
from handslag.domain.register.states import What
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.ids import key_of
from handslag.web.canton.assignments import is_canton
from handslag.web.canton.deadlines import row_of
from handslag.web.canton.forms import SettleForm
from handslag.web.canton.pages import names_of, page, require_register
from handslag.web.canton.timeline import picture
from handslag.web.canton.wording import (
    ACCOMMODATION,
    EARNINGS,
    IMPORTED,
    KINDS,
    LEFT,
    NONE,
    OVERTAKEN,
    PAYERS,
    STATUSES,
    WHAT,
    refusal,
)
from handslag.web.desk.pages import CASE_ROLES, attempt, base, number_in, require, today
from handslag.web.entry.pages import desk_page

#: So many people a page.
A_PAGE = 100
#: How far the picture goes beyond today.
AHEAD = timedelta(days=31)


@desk_page("register")
def register(request: HttpRequest, tenant: str) -> HttpResponse:
    """Everybody of whom a message says something, what is contradicted first, with how it stands today: of the canton,
    or of a municipality those who are or were with it."""
    require_register(request)
    member = require(request, *CASE_ROLES)
    looked_at("register")
    on = today(request)
    rows = registered(member).order_by("-open", "sort_key", "id")
    shown = Paginator(rows, A_PAGE).get_page(number_in(request.GET.get("page", "1")) or 1)
    people = list(shown)
    standing = standing_on([one.id for one in people], on)
    numbers = dict(Identifier.objects.filter(person_id__in=standing, type="zemis").values_list("person_id", "value"))
    names = names_of(request)
    return page(
        request,
        "register.html",
        rows=[_row(one, numbers.get(one.id, ""), *standing[one.id], names) for one in people],
        shown=shown,
        open=rows.filter(open=True).count(),
        on=on,
        canton=is_canton(),
        may_assign=is_canton() and Role.REGISTRAR in member.roles,
    )


def _row(person: Any, number: str, where: Any, status: Any, names: dict[str, str]) -> dict[str, Any]:
    return {
        "person": person,
        "name": full_name(person),
        "number": number,
        "municipality": names.get(where.municipality, where.municipality) if where else "",
        "payer": PAYERS[where.payer] if where and where.payer else "",
        "status": STATUSES[status.status] if status else "",
        "open": person.open,
    }


#: In which row of the picture something is contradicted: own earnings in that of who reimburses.
_ROWS: dict[str, int] = {What.MUNICIPALITY: 0, What.EARNINGS: 1, What.STATUS: 2}


@desk_page("register")
def person(request: HttpRequest, tenant: str, person: UUID) -> HttpResponse:
    """The days of a person, what they follow from, and what is to be settled. POST: settle it, at the canton."""
    require_register(request)
    member = require(request, *CASE_ROLES)
    found = Person.objects.filter(id=person).first()
    if found is None or not Notice.objects.filter(person_id=person).exists():
        raise Hidden("person", person)
    require_sight(member, found)
    looked_at("person", found.id)
    names = names_of(request)
    sent, trouble = None, ""
    if request.method == "POST":
        require(request, Role.REGISTRAR)
        key = key_of(request.POST.get("contradiction", ""))
        row = Contradiction.objects.filter(person_id=person, id=key).first() if key else None
        if row is None:
            trouble = str(OVERTAKEN)
        else:
            sent = _settle_form(row, names, request.POST)
            if sent.is_valid():
                try:
                    chosen = sent.cleaned_data["value"].removeprefix("-")
                    attempt(request, settle, **sent.cleaned_data | {"contradiction": row.id, "value": chosen})
                    return HttpResponseRedirect(f"{base(request)}/register/{person}/")
                except Conflict:
                    trouble = str(OVERTAKEN)
                except NotPossible as refused:
                    sent.add_error(None, refusal(refused))
    where, status, opened = days_stored(person)
    notices = notices_of(person)
    on = today(request)
    ends = claimed_until(notices)
    here = next((row.municipality for row in where if row.since <= on and (row.until is None or on < row.until)), "")
    ends |= resumable(said_of(person), here)
    forms = [
        sent if sent is not None and str(sent.data.get("contradiction")) == str(row.id) else _settle_form(row, names)
        for row in opened
    ]
    identifier = Identifier.objects.filter(person_id=person, type="zemis").first()
    return page(
        request,
        "days.html",
        status=422 if sent is not None and sent.errors else 409 if trouble else 200,
        person=found,
        name=full_name(found),
        number=identifier.value if identifier else "",
        stretches=[
            *((row.since, _last(row.until), WHAT["municipality"], names.get(row.municipality, row.municipality),
               PAYERS[row.payer] if row.payer else "") for row in where),
            *((row.since, _last(row.until), WHAT["status"], STATUSES[row.status], "") for row in status),
        ],
        opened=[
            (WHAT[row.what], row.since, _last(row.until), [_value(row.what, one, names) for one in row.values], form)
            for row, form in zip(opened, forms, strict=True)
        ],
        deadlines=[row_of(one, on) for one in deadlines_shown({*deadlines_in(status), *ends})],
        notices=[_notice(row, names) for row in notices],
        picture=_picture(where, status, opened, names, on),
        may_settle=is_canton() and Role.REGISTRAR in member.roles,
        may_tell=bool(member.roles & {Role.REGISTRAR, Role.CASEWORKER}),
        may_change=not is_canton()
        and bool(member.roles & {Role.REGISTRAR, Role.CASEWORKER})
        and any(row.what == What.CLAIM and row.value == own_address() for row in notices),
        may_notify=not is_canton() and bool(member.roles & {Role.REGISTRAR, Role.CASEWORKER}),
        errors=sent if sent is not None and sent.errors else None,
        trouble=trouble,
    )  # fmt: skip


def _settle_form(row: Contradiction, names: dict[str, str], data: Any = None) -> SettleForm:
    form = SettleForm(data, initial={"contradiction": row.id}, auto_id=f"id_{row.id.hex}_%s")
    form.fields["value"].choices = [(one or "-", _value(row.what, one, names)) for one in row.values]  # type: ignore[attr-defined]
    return form


def _last(until: date | None) -> date | None:
    """The last day of a stretch."""
    return until - timedelta(days=1) if until else None


def _value(what: str, value: str, names: dict[str, str]) -> str:
    """What is claimed, in words."""
    if not value:
        return str(NONE[what])
    if what == What.MUNICIPALITY:
        return names.get(value, value)
    if what == What.EARNINGS:
        return str(EARNINGS[value])
    status, _space, entry = value.partition(" ")
    return f"{STATUSES[status]}, {entry}"


def _by(message: Message) -> str:
    """Who said it: we ourselves, or the other side."""
    return name_of(own_address() if message.direction == Direction.OUT else message.partner)


def _notice(row: Notice, names: dict[str, str]) -> dict[str, Any]:
    """A notice, as the page shows it."""
    if row.what in (What.MUNICIPALITY, What.CLAIM, What.CLOSING) and row.value:
        value = str(LEFT.get(row.value, names.get(row.value, row.value)))
    else:
        words = STATUSES if row.what == What.STATUS else EARNINGS
        value = str(words.get(row.value, NONE[row.what]))
    first = first_of(row.message) if row.message else None
    return {
        "row": row,
        "what": WHAT[row.what],
        "value": value,
        "living": ACCOMMODATION.get(row.accommodation, ""),
        "moves_from": names.get(row.moves_from, row.moves_from),
        "last": _last(row.until),
        "by": row.settled_by.name if row.settled_by else _by(row.message) if row.message else str(IMPORTED),
        "url": f"{first.kind}s/{first.id}/" if first else "",
        "name": KINDS[first.kind] if first else "",
    }


def _picture(where: Any, status: Any, opened: Any, names: dict[str, str], on: date) -> dict[str, Any] | None:
    """The days as bars, from the first on which anybody is responsible (or it is contradicted who) to a month from
    today: municipality, payer, status. None where there is nothing to draw."""
    begins = [row.since for row in (*where, *opened)]
    if not begins:
        return None
    first, last = min(begins), max(on + AHEAD, max(begins) + AHEAD)
    rows = [
        *((0, "place", row.since, row.until, names.get(row.municipality, row.municipality)) for row in where),
        *((1, "payer", row.since, row.until, PAYERS[row.payer]) for row in where if row.payer),
        *((2, "status", row.since, row.until, STATUSES[row.status]) for row in status),
        *((_ROWS[row.what], "open", row.since, row.until, "?") for row in opened),
    ]
    return picture(rows, first, last, on, 3)
