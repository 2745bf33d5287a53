"""What an institution begins with: what waits, its own people with what was approved for them, its money by payer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from handslag.domain.accounts.models import Account
from handslag.domain.accounts.queries import figures_of, paid_to
from handslag.domain.accounts.states import Side
from handslag.domain.audit.operations import looked_at
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.permissions import messages_of
from handslag.domain.exchange.queries import first_messages, name_of, own_address
from handslag.domain.exchange.states import GONE, OVER, Business, Direction
from handslag.domain.funding.queries import PROVIDER, TURNS, approvals, terms_on, turns_in
from handslag.domain.people.models import Person
from handslag.domain.people.queries import full_name
from handslag.domain.tasks.models import Task
from handslag.domain.tasks.states import TaskState
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.states import Role
from handslag.messages.conversation import named_in, read
from handslag.rules.ch.codes import COSTS
from handslag.web.desk.pages import CASE_ROLES, page, require, the_door, today
from handslag.web.entry.pages import desk_page
from handslag.web.ui.formats import language_of_figures

ROLES = (*CASE_ROLES, Role.PAYER)
#: Who asks for a cost.
TELLS = (Role.CASEWORKER, Role.REGISTRAR)
#: So many people a page.
A_PAGE = 50
#: An approval that ends within so many days is shown as ending.
SOON = timedelta(days=30)
#: How a request stands before it is answered, in words, and the colour of its tag.
_STATES: dict[str, tuple[str | Promise, str]] = {
    Business.NONE: (_("not answered yet"), "info"),
    Business.IN_CHECK: (_("they are looking at it"), "info"),
    Business.QUESTION: (_("they asked back: answer them"), "warning"),
}
#: The columns of the money, and by which entries each is made.
_FIGURES: tuple[tuple[str, str | Promise, str], ...] = (
    ("claimed", pgettext_lazy("account", "Claimed"), "move=claimed"),
    ("in_check", _("In check"), "lies=in+check"),
    ("cut", _("Cut"), "move=cut"),
    ("accepted", _("Accepted"), "move=accepted"),
    ("paid", _("Paid"), "move=paid"),
    ("open", pgettext_lazy("account", "Open"), "lies=open"),
)


@desk_page("partner")
@require_safe
def overview(request: HttpRequest, tenant: str) -> HttpResponse:
    """What waits first; then people and money."""
    if not own_address().startswith(PROVIDER) or the_door(request).the_tenant.country != "CH":
        raise Hidden("partner")
    member, on = require(request, *ROLES), today(request)
    looked_at("partner")
    sees_people = bool(member.roles & set(CASE_ROLES))
    people = Person.objects.filter(protection_level__lte=member.clearance).order_by("sort_key", "id")
    shown = Paginator(people if sees_people else people.none(), A_PAGE).get_page(request.GET.get("page"))
    by = _approved(member, on, [row.id for row in shown])
    unit = {"unit_id": member.unit_id, "state": TaskState.OPEN}
    return page(
        request,
        "partner/overview.html",
        asked=_asked(member, on) if sees_people else [],
        tasks=Task.objects.filter(**unit).count(),
        questions=_questions(member) if sees_people else 0,
        bills=_unanswered(member) if sees_people else 0,
        people=[(row, full_name(row), by.get(row.id, [])) for row in shown],
        shown=shown,
        sees_people=sees_people,
        may_ask=bool(member.roles & set(TELLS)),
        money=[_money(row) for row in Account.objects.filter(side=Side.CLAIMANT).order_by("partner")],
        heads=[head for _name, head, _entries in _FIGURES],
    )


def _asked(member: Member, on: date) -> list[dict[str, Any]]:
    """The requests that aren't answered, by the day on which an answer is needed."""
    rows = messages_of(member).filter(kind="cost_approval", direction=Direction.OUT).exclude(business__in=OVER)
    found = []
    for row in first_messages(rows).exclude(transport__in=GONE):
        state, colour = _STATES[row.business]
        found.append(
            {
                "row": row,
                "name": named_in(read(row)),
                "partner": name_of(row.partner),
                "state": state,
                "colour": colour,
                "late": bool(row.due_on and row.due_on < on),
            }
        )
    return sorted(found, key=lambda one: (one["row"].due_on or date.max, one["row"].created_at))


def _questions(member: Member) -> int:
    """How many questions of others nobody has answered."""
    rows = messages_of(member).filter(kind__in=("question", "document_request"), direction=Direction.IN)
    waits: Iterable[Message] = first_messages(rows).exclude(business__in=OVER)
    return len(list(waits))


def _unanswered(member: Member) -> int:
    """How many of our bills no payer has answered."""
    rows = messages_of(member).filter(kind="provider_bill", direction=Direction.OUT).exclude(business__in=OVER)
    waits: Iterable[Message] = first_messages(rows).exclude(transport__in=GONE)
    return len(list(waits))


def _approved(member: Member, on: date, people: list[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """What is approved for each of these people on a day or later."""
    found: dict[UUID, list[dict[str, Any]]] = {}
    rows = approvals(member).filter(person_id__in=people, payer=False).annotate(turns=TURNS)
    for row in rows.order_by("since", "id"):
        terms = terms_on(row, turns_in(row.turns))
        if terms.until <= on or not terms.amount:
            continue
        kind = COSTS.get(row.account_code)
        found.setdefault(row.person_id, []).append(
            {
                "row": row,
                "kind": kind.name[language_of_figures()] if kind else row.account_code,
                "amount": terms.amount,
                "last_on": terms.until - timedelta(days=1),
                "soon": terms.until - on <= SOON,
            }
        )
    return found


def _money(row: Account) -> dict[str, Any]:
    """What a payer owes us, by currency, each figure with the way to what it is made of."""
    link = f"accounts/{row.id}/entries/?"
    return {
        "account": row,
        "name": name_of(row.partner),
        "figures": [
            (currency, [(head, getattr(figures, name), f"{link}{made}") for name, head, made in _FIGURES])
            for currency, figures in sorted(figures_of(row.id).items())
        ],
        "to": paid_to(row.id),
    }
