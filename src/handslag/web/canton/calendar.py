"""What is settled, answered and paid when: the days ahead of an organisation with all its partners, or with one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from handslag.domain.accounts.models import PaymentOrder
from handslag.domain.accounts.states import OrderState, Side
from handslag.domain.audit.operations import looked_at
from handslag.domain.exchange.permissions import messages_of
from handslag.domain.exchange.queries import first_messages, own_address
from handslag.domain.exchange.states import GONE, PENDING, Business, Direction
from handslag.domain.register.policies import CANTON
from handslag.domain.register.queries import told_with
from handslag.domain.settlement.models import Statement
from handslag.domain.settlement.policies import regimes
from handslag.domain.settlement.queries import Stretch, expected, unclaimed
from handslag.domain.tenancy.permissions import Member
from handslag.domain.tenancy.states import OrganisationKind, Role
from handslag.messages.payment_advice.build import announced
from handslag.rules.settlement import Regime
from handslag.web.canton.assignments import is_canton
from handslag.web.canton.pages import names_of, page, require_register
from handslag.web.canton.wording import MESSAGES, REGIMES
from handslag.web.desk.pages import CASE_ROLES, number_in, require, the_door, today
from handslag.web.entry.pages import desk_page
from handslag.web.ui.formats import short_day

ROLES = (*CASE_ROLES, Role.PAYER)
#: How far the calendar looks ahead, how many messages it reads, when a day is near, and how many days stand on a page.
AHEAD, MOST, NEAR, A_PAGE = timedelta(days=183), 2000, 14, 100
#: A payment that was ordered and hasn't ended yet.
_ON_ITS_WAY = (OrderState.RELEASED, OrderState.SENT, OrderState.ACCEPTED)


@desk_page("calendar")
@require_safe
def calendar(request: HttpRequest, tenant: str) -> HttpResponse:
    """By day what is to be settled, answered and paid: what is over and still owed first. Names no person. GET
    `partner`: with this one only."""
    require_register(request)
    member = require(request, *ROLES)
    looked_at("calendar")
    on, names = today(request), names_of(request)
    partner = request.GET.get("partner", "")
    partner = partner if partner in names else ""
    settles = the_door(request).the_tenant.kind != OrganisationKind.PROVIDER
    found = [*(_to_settle(on, names) if settles else ()), *_to_pay(on), *_to_arrive(), *_to_answer(member, on)]
    rows = sorted(
        (one for one in found if partner in ("", one["partner"])),
        key=lambda one: (one["day"], one["order"], names.get(one["partner"], one["partner"])),
    )
    shown = Paginator(rows, A_PAGE).get_page(number_in(request.GET.get("page", "1")) or 1)
    for row in shown:
        row |= {"name": names.get(row["partner"], row["partner"]), **_how_far(row["day"], on)}
    return page(
        request,
        "calendar.html",
        rows=shown,
        partner=names.get(partner, ""),
        until=on + AHEAD - timedelta(days=1),
        query=f"{urlencode({'partner': partner})}&" if partner else "",
    )


def _how_far(day: date, on: date) -> dict[str, Any]:
    """How far away a day is, in words, and the colour of its tag."""
    left = (day - on).days
    if left < 0:
        return {"state": _("over"), "colour": "danger"}
    words = ngettext("in %(count)d day", "in %(count)d days", left) % {"count": left} if left else _("today")
    return {"state": words, "colour": "warning" if left <= NEAR else "info"}


def _row(day: date, order: int, what: str, partner: str, url: str, **money: Any) -> dict[str, Any]:
    """A row of the calendar; those of a day by `order`. `money`: amount and currency, where it is a payment."""
    return {"day": day, "order": order, "what": what, "partner": partner, "url": url, **money}


# -- settled ---------------------------------------------------------------------------------------------------------


def _to_settle(on: date, names: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The windows that are over, or run, and aren't claimed: by the last day of each."""
    if is_canton():
        for regime in regimes().values():
            runs = regime.window(on)
            yield from _missing(regime, regime.window(runs[0] - timedelta(days=1)))
            yield from _missing(regime, runs)
        return
    own = own_address()
    payer = told_with([key for key in names if key.startswith(CANTON)])
    for regime in regimes().values():
        runs = regime.window(on)
        claimed = Statement.objects.filter(side=Side.CLAIMANT, fund=regime.code, since=runs[0]).exists()
        ahead = [runs] if own in expected(regime, runs) and not claimed else []
        for window in (*unclaimed(regime, own, on), *ahead):
            url = f"statements/new/?{urlencode({'fund': regime.code, 'since': window[0]})}" if window != runs else ""
            yield _row(regime.due_on(window[1]), 0, _claims(regime, window), payer or "", url)


def _missing(regime: Regime, window: Stretch) -> Iterator[dict[str, Any]]:
    """The municipalities that are to claim a window of a canton, and haven't."""
    sent = Statement.objects.filter(side=Side.PAYER, fund=regime.code, since=window[0])
    for place in expected(regime, window) - set(sent.values_list("partner", flat=True)):
        url = f"statements/?since={window[0]}"
        yield _row(regime.due_on(window[1]), 0, _claims(regime, window), place, url)


def _claims(regime: Regime, window: Stretch) -> str:
    return _("Settlement of %(since)s – %(last)s: %(regime)s") % {
        "since": short_day(window[0]),
        "last": short_day(window[1] - timedelta(days=1)),
        "regime": REGIMES[regime.code],
    }


# -- paid ------------------------------------------------------------------------------------------------------------


def _to_pay(on: date) -> Iterator[dict[str, Any]]:
    """What we pay, by the day on which the bank is to pay it."""
    rows = PaymentOrder.objects.filter(state__in=_ON_ITS_WAY, execution_on__gte=on).select_related("account")
    for row in rows.order_by("execution_on", "id"):
        url = f"accounts/{row.account_id}/#orders"
        what = _("We pay %(number)s") % {"number": row.number}
        yield _row(row.execution_on or on, 1, what, row.account.partner, url, amount=row.amount, currency=row.currency)


def _to_arrive() -> Iterator[dict[str, Any]]:
    """What payers have announced and what hasn't arrived, each payment once."""
    for (partner, payment), advice in {(key[0], one.payment): one for key, one in announced().items()}.items():
        what = _("Payment %(number)s arrives") % {"number": payment}
        yield _row(advice.value_on, 1, what, partner, "accounts/", amount=advice.amount, currency=advice.currency)


# -- answered --------------------------------------------------------------------------------------------------------


def _to_answer(member: Member, on: date) -> Iterator[dict[str, Any]]:
    """What is asked and not answered, by the day of the answer: of us, and of partners."""
    rows = first_messages(messages_of(member)).filter(business__in=PENDING, due_on__lt=on + AHEAD, test=False)
    rows = rows.exclude(transport__in=GONE).order_by("due_on", "id")
    for row in rows.only("due_on", "kind", "partner", "direction", "business")[:MOST]:
        assert row.due_on is not None
        ours = (row.direction == Direction.IN) != (row.business == Business.QUESTION)
        words = _("We answer: %(what)s") if ours else _("They answer: %(what)s")
        what = words % {"what": MESSAGES.get(row.kind, row.kind)}
        yield _row(row.due_on, 2 if ours else 3, what, row.partner, f"questions/{row.id}/")
