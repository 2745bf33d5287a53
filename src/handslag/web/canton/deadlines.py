"""What ends soon for people of the register, and what ended a month ago at most."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from handslag.domain.audit.operations import looked_at
from handslag.domain.people.models import Person
from handslag.domain.people.queries import full_name
from handslag.domain.register.queries import ending, standing_on
from handslag.rules.ch.deadlines import Deadline
from handslag.web.canton.pages import names_of, page, require_register
from handslag.web.desk.pages import CASE_ROLES, number_in, require, today
from handslag.web.entry.pages import desk_page
from handslag.web.ui.formats import language_of_figures

#: How far the list looks ahead and back, when a deadline is near, and how many stand on a page.
AHEAD, BACK, NEAR, A_PAGE = timedelta(days=183), timedelta(days=31), 60, 100


@desk_page("deadlines")
@require_safe
def deadlines(request: HttpRequest, tenant: str) -> HttpResponse:
    """The deadlines of everybody for whom a municipality is responsible today, the first to end first."""
    require_register(request)
    member = require(request, *CASE_ROLES)
    looked_at("deadlines")
    on, names = today(request), names_of(request)
    found = ending(member, on, on - BACK, on + AHEAD)
    shown = Paginator(found, A_PAGE).get_page(number_in(request.GET.get("page", "1")) or 1)
    people = Person.objects.in_bulk([one.person for one in shown])
    standing = standing_on(people, on)

    def row(person: Any, deadline: Deadline) -> dict[str, Any]:
        where, _status = standing[person]
        place = names.get(where.municipality, where.municipality) if where else ""
        return {"id": person, "name": full_name(people[person]), "place": place, **row_of(deadline, on)}

    rows = [row(one.person, one.deadline) for one in shown]
    return page(request, "deadlines.html", rows=rows, shown=shown, on=on, until=on + AHEAD - timedelta(days=1))


def row_of(one: Deadline, on: date) -> dict[str, Any]:
    """A deadline as pages show it: its words, its law or source, how far away it is, and what isn't sure."""
    language, value, left = language_of_figures(), one.span.on(one.last_on), (one.last_on - on).days
    if left < 0:
        state, colour = _("over"), "neutral"
    else:
        state = ngettext("in %(count)d day", "in %(count)d days", left) % {"count": left} if left else _("today")
        colour = "warning" if left <= NEAR else "info"
    return {
        "what": one.span.label[language],
        "last_on": one.last_on,
        "law": one.span.law or value.source,
        "state": state,
        "colour": colour,
        "unsure": one.span.uncertain[language] if value.status != "official" else "",
    }
