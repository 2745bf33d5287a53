"""Reads for the social assistance statistics of the Swiss federation: a month from bookings and decisions, what is
found in it, and how its delivery went. Names, addresses, words and whom money went to are in none of it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

from django.db.models import F, Max, OuterRef, Q, Subquery, Sum

from handslag.domain.casefile.models import Case
from handslag.domain.decisions.models import Decision
from handslag.domain.decisions.queries import TAKEN
from handslag.domain.exchange.frame import moment, software
from handslag.domain.exchange.queries import again_after, own_address
from handslag.domain.exchange.sedex import PUT_OUT
from handslag.domain.exchange.states import Action
from handslag.domain.payments.models import Booking
from handslag.domain.payments.operations.planning import SUPPORT
from handslag.domain.payments.states import BookingKind
from handslag.domain.people.models import Membership, Person
from handslag.domain.people.queries import numbers_of
from handslag.domain.people.states import HouseholdRole, IdentifierType
from handslag.domain.statistics.models import AccountClass, Ending, FederalDelivery, FederalStep
from handslag.domain.statistics.states import DeliveryState
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.policies import setting
from handslag.domain.tenancy.states import OrganisationKind
from handslag.kernel import canonical
from handslag.kernel.months import Month
from handslag.rules.ch.codes import ASYLUM
from handslag.rules.ch.deadlines import MONTHS_UNTIL_CLOSED
from handslag.rules.yaml_files import shipped

#: What is told: what is to be paid back (`claim`) is neither spent nor come in.
DIRECTIONS: Final = (BookingKind.EXPENSE, BookingKind.INCOME)
#: An account: direction and code.
Key = tuple[str, str]


@cache
def table() -> Mapping[str, Any]:
    """Variables, categories, accounts and reasons, with how sure each is."""
    found: Mapping[str, Any] = shipped(Path(__file__).parents[1] / "federal.ch.yaml")
    return found


def owes_federal() -> bool:
    """Whether the organisation behind the door owes these statistics: a Swiss municipality does."""
    here = acting_door().the_tenant
    return here.country == "CH" and here.kind == OrganisationKind.MUNICIPALITY


def shipped_classes() -> dict[Key, str]:
    """The category by account, as the table says it."""
    return {(kind, code): one for kind, codes in table()["accounts"].items() for code, one in codes.items()}


def own_classes() -> dict[Key, AccountClass]:
    """What the municipality says instead: the newest row by account."""
    rows = AccountClass.objects.select_related("entered_by").order_by("entered_at", "id")
    return {(row.direction, row.account_code): row for row in rows}


def classes() -> dict[Key, str]:
    """The category by account, as it counts here; "" where none is known."""
    return shipped_classes() | {key: row.category for key, row in own_classes().items()}


def used_accounts(today: date) -> set[Key]:
    """The accounts that anything was booked on for the months of a year."""
    since = (Month.of(today) - 12).since
    rows = Booking.objects.filter(case__legal_order="ch", kind__in=DIRECTIONS, period__since__gte=since)
    return set(rows.order_by().values_list("kind", "account_code").distinct())


@dataclass
class Collected:
    """A month as it would be delivered now, and what is found in it: accounts without a category (with their bookings
    and amount), dossiers that end without a reason, and those with costs after their end; by case number."""

    body: dict[str, Any]
    persons: int = 0
    bookings: int = 0
    protection: int = 0
    unmapped: dict[Key, tuple[int, int]] = field(default_factory=dict)
    unexplained: list[Case] = field(default_factory=list)
    booked_later: list[Case] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The canonical JSON."""
        return canonical.dumps(self.body).decode()

    @property
    def digest(self) -> str:
        """SHA-256 of that."""
        return canonical.digest(self.body)

    @property
    def found(self) -> bool:
        """Whether anything speaks against sending it as it is."""
        return bool(self.unmapped or self.unexplained or self.booked_later)


def collect(month: Month) -> Collected:
    """Put a month together from what is booked and decided now. The same rows give the same text."""
    rows = Booking.objects.filter(
        case__legal_order="ch", kind__in=DIRECTIONS, period__since__gte=month.since, period__since__lt=month.until
    ).values_list(
        "case_id", "id", "kind", "account_code", "period__since", "period__until", "person_id", "amount"
    )  # fmt: skip
    booked: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
    for key, *rest in rows.order_by("booked_at", "id"):
        booked[key].append(tuple(rest))
    last = _last_supported(month)
    ends = {case for case, when in last.items() if when == month - MONTHS_UNTIL_CLOSED}
    cases = Case.objects.in_bulk({*booked, *ends})
    endings = {row.case_id: row for row in Ending.objects.filter(case__in=cases) if last.get(row.case_id) == _of(row)}
    decided = _decided(month)
    homes = _homes(cases.values(), month)
    named = {row[5] for many in booked.values() for row in many if row[5]}
    people = Person.objects.in_bulk({key for keys in homes.values() for key in keys} | named)
    numbers = _ahv_numbers(people) if setting("federal_statistics").get("ahvn13") else {}
    category = classes()
    found = Collected(body={"month": str(month), "table": str(table()["checked_on"]), "dossiers": [], "totals": {}})
    totals = dict.fromkeys(map(str, DIRECTIONS), 0)
    for case in sorted(cases.values(), key=lambda one: one.number):
        elsewhere = {row[5] for row in booked[case.id] if row[5]} - homes[case.id].keys()
        roles = homes[case.id] | dict.fromkeys(elsewhere, "adult")
        places = {key: n for n, (_, _, key) in enumerate(sorted((_ORDER[v], str(k), k) for k, v in roles.items()), 1)}
        decision = decided.get(case.id)
        facts = decision.sheet.snapshot.facts if decision else {}
        permits = {one["key"]: one.get("permit", "CH") for one in facts.get("members", ())}
        reason = endings.get(case.id)
        own = _of_dossier(case, month, decision, facts, permits, len(places), last.get(case.id), reason)
        dossier: dict[str, Any] = {"dossier": case.number, "variables": _values("dossier", own), "persons": []}
        for key, n in places.items():
            values = {
                "role": roles[key],
                "birth_on": _text(people[key].birth_on),
                "permit": permits.get(str(key), ""),
                "ahvn13": numbers.get(key, ""),
            }
            dossier["persons"].append({"number": n, "key": key_of(key), "variables": _values("person", values)})
            found.protection = max(found.protection, people[key].protection_level)
        dossier["bookings"] = []
        for booking, kind, code, since, until, person, amount in booked[case.id]:
            of = category.get((kind, code), "")
            dossier["bookings"].append({
                "reference": str(booking), "account_code": code, **({"category": of} if of else {}),
                "since": str(since), "until": str(until), **({"person": places[person]} if person else {}),
                "direction": kind, "amount": amount,
            })  # fmt: skip
            totals[kind] += amount
            if not of:
                many, sum_ = found.unmapped.get((kind, code), (0, 0))
                found.unmapped[kind, code] = (many + 1, sum_ + amount)
        found.body["dossiers"].append(dossier)
        found.persons += len(places)
        found.bookings += len(dossier["bookings"])
        if case.id in ends and reason is None:
            found.unexplained.append(case)
        spent = sum(row[6] for row in booked[case.id] if row[1] == BookingKind.EXPENSE)
        if reason is not None and _of(reason) < month and spent > 0:
            found.booked_later.append(case)
    found.body["totals"] = totals
    return found


_ORDER: Final = {"applicant": 0, "partner": 1, "adult": 2, "child": 3}


def _of(ending: Ending) -> Month:
    return Month.of(ending.since)


def _last_supported(month: Month) -> dict[UUID, Month]:
    """The last month with support by a decision, by case, of those that had any in this month or the six before."""
    first = month - MONTHS_UNTIL_CLOSED
    rows = (
        Booking.objects.filter(
            case__legal_order="ch", kind=BookingKind.EXPENSE, account_code=SUPPORT, period__since__gte=first.since,
            period__since__lt=month.until,
        )
        .values("case_id", "period__since")
        .annotate(net=Sum("amount"))
        .filter(net__gt=0)
    )  # fmt: skip
    found: dict[UUID, Month] = {}
    for row in rows.order_by("period__since"):
        found[row["case_id"]] = Month.of(row["period__since"])
    return found


def _decided(month: Month) -> dict[UUID, Decision]:
    """The decision in force on the last period of the month, by case."""
    about = Decision.objects.filter(
        state__in=TAKEN, case__legal_order="ch", period__since__gte=month.since, period__since__lt=month.until
    )
    replaced = about.filter(replaces__isnull=False).values("replaces_id")
    rows = about.exclude(id__in=replaced).select_related("sheet__snapshot").order_by("period__since")
    return {row.case_id: row for row in rows}


def _homes(cases: Iterable[Case], month: Month) -> dict[UUID, dict[UUID, str]]:
    """Who belongs to each case in the month, with her role."""
    cases = list(cases)
    lived = Membership.objects.filter(household_id__in={one.household_id for one in cases}, since__lt=month.until)
    living: dict[UUID, list[tuple[UUID, str]]] = defaultdict(list)
    for home, person, role in lived.exclude(until__lte=month.since).values_list("household_id", "person_id", "role"):
        living[home].append((person, "child" if role == HouseholdRole.CHILD else "adult"))
    found = {}
    for one in cases:
        roles = dict(living[one.household_id])
        roles[one.applicant_id] = "applicant"
        if one.co_applicant_id:
            roles[one.co_applicant_id] = "partner"
        found[one.id] = roles
    return found


def _of_dossier(
    case: Case,
    month: Month,
    decision: Decision | None,
    facts: Mapping[str, Any],
    permits: Mapping[str, str],
    unit: int,
    last: Month | None,
    ending: Ending | None,
) -> dict[str, str]:
    """What is known of a dossier, by the values that the table may name."""
    closes = last is not None and last == month - MONTHS_UNTIL_CLOSED
    decided_on = acting_door().the_tenant.today(decision.decided_at) if decision and decision.decided_at else None
    asylum = bool(permits) and set(permits.values()) <= set(ASYLUM)
    return {
        "benefit_type": ("asylum" if asylum else "social_assistance") if permits else "",
        "opened_on": str(case.opened_on),
        "last_payment": _text(last),
        "closed_in": str(month) if closes else "",
        "closing_reason": ending.reason if closes and ending else "",
        "unit_size": str(len(facts.get("members", ())) or unit),
        "household_size": _text(facts.get("household_size")),
        "living": facts.get("living", "own") if decision else "",
        "rent": str(facts["rent"]["amount"]) if facts.get("rent") else "",
        "granted": str(decision.amount) if decision else "",
        "decided_on": _text(decided_on),
    }


def _values(of: str, known: Mapping[str, str]) -> list[dict[str, str]]:
    """The variables of the table that are known, as the message tells them."""
    return [
        {"name": one["name"], "value": known[one["value"]]}
        for one in table()["variables"]
        if one["of"] == of and known.get(one.get("value", ""))
    ]


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _ahv_numbers(people: Iterable[UUID]) -> dict[UUID, str]:
    found = numbers_of(people)
    return {
        person: one.value for person, many in found.items() for one in many if one.type == IdentifierType.AHVN13
    }  # fmt: skip


def key_of(person: UUID) -> str:
    """What a person is called in the delivery: the same in each month, and not what she is called here."""
    return uuid5(person, "federal statistics").hex


def message_of(row: FederalDelivery) -> dict[str, Any]:
    """A delivery as the message that is sent; it was sent."""
    action = Action.CORRECTION if row.corrects_id else Action.NEW
    header = {
        "sender": own_address(),
        "recipient": f"federal:sedex:{row.recipient}",
        "id": str(row.id),
        **({"reference": str(row.corrects_id)} if row.corrects_id else {}),
        "process": f"social-statistics:{Month.of(row.since)}",
        "software": {name: getattr(software(), name) for name in ("manufacturer", "product", "version")},
        "sent_at": moment(row.sent_at or row.made_at),
        "action": action.value,
        "test": row.recipient.startswith("T"),
        "response_expected": False,
        "closed": False,
    }
    body = json.loads(row.content)
    return {"message": "social_statistics", "version": 1, "header": header, "number": row.number, **body}


@dataclass(frozen=True)
class OwedMonth:
    """A month that is over, the newest delivery made of it, and the newest one sent."""

    month: Month
    made: FederalDelivery | None
    sent: FederalDelivery | None


def owed_months(now: datetime, most: int = 15) -> list[OwedMonth]:
    """The months that are over, newest first, from the first for which anything is booked."""
    first = Booking.objects.filter(case__legal_order="ch").order_by("period__since").values_list("period__since")[:1]
    if not first:
        return []
    this = Month.of(acting_door().the_tenant.today(now))
    months = [this - n for n in range(1, most + 1) if (this - n).since >= Month.of(first[0][0]).since]
    rows = FederalDelivery.objects.filter(since__in=[one.since for one in months]).order_by("number").defer("content")
    made: dict[Month, list[FederalDelivery]] = defaultdict(list)
    for row in rows:
        made[Month.of(row.since)].append(row)
    return [
        OwedMonth(
            one,
            made[one][-1] if made[one] else None,
            next((row for row in reversed(made[one]) if row.state != DeliveryState.MADE), None),
        )
        for one in months
    ]


def changed_since_sent() -> list[tuple[FederalDelivery, datetime]]:
    """The newest deliveries of their months that were sent, for whose month something was booked since, and when the
    last of it was."""
    newest = FederalDelivery.objects.filter(since=OuterRef("since")).order_by("-number")
    rows = FederalDelivery.objects.filter(id=Subquery(newest.values("id")[:1])).exclude(state=DeliveryState.MADE)
    found = []
    for row in rows.order_by("-since").defer("content")[:15]:
        month = Month.of(row.since)
        about = Q(period__since__gte=month.since, period__since__lt=month.until, case__legal_order="ch")
        later = Booking.objects.filter(about, kind__in=DIRECTIONS, booked_at__gt=row.made_at)
        if last := later.aggregate(at=Max("booked_at"))["at"]:
            found.append((row, last))
    return found


def due_deliveries(now: datetime) -> list[tuple[FederalDelivery, int]]:
    """What was sent and has to be put into the outbox of the sedex client, with the number of the try, oldest first."""
    steps = FederalStep.objects.filter(delivery_id=OuterRef("id"))
    failed = steps.filter(code__gte=400, code__lt=600).order_by("-attempt", "at")
    refused = steps.filter(code__gte=200, code__lt=400).order_by("-attempt")
    rows = FederalDelivery.objects.filter(state=DeliveryState.SENT).annotate(
        tries=Subquery(steps.filter(code=PUT_OUT).order_by("-attempt").values("attempt")[:1]),
        failed=Subquery(failed.values("attempt")[:1]),
        failed_at=Subquery(failed.values("at")[:1]),
        refused=Subquery(refused.values("attempt")[:1]),
    )
    again = Q(tries=None) | Q(tries=F("failed")) | Q(tries=F("refused"))  # refused, and sent again by a person
    found: list[tuple[FederalDelivery, int]] = []
    for row in rows.filter(again).order_by("sent_at", "id"):
        if row.tries is None or row.tries == row.refused or now >= row.failed_at + again_after(row.tries):
            found.append((row, (row.tries or 0) + 1))
    return found
