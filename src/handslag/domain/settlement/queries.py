"""What the register and the case accounts would have claimed, what is claimed and settled, and reads on statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Subquery, Sum

from handslag.domain.accounts.states import Side
from handslag.domain.payments.models import Booking
from handslag.domain.payments.states import BookingKind
from handslag.domain.people.models import Identifier, Person
from handslag.domain.register.models import Responsibility, Standing
from handslag.domain.settlement.extracts import Extracts, booking_of, extracts_of, key_of
from handslag.domain.settlement.models import (
    DAYS,
    Answer,
    Claim,
    Counted,
    LeftOut,
    Line,
    Reception,
    Reclaim,
    ReclaimLine,
    Reply,
    Statement,
    Submission,
)
from handslag.domain.settlement.states import IN_FORCE, LineKind, Outcome
from handslag.kernel import canonical
from handslag.rules.ch.payers import OWN
from handslag.rules.settlement import Item, Regime, Runs, differences, runs, shared

#: What a person is named by in a settlement.
NUMBER = "zemis"
WHOLE = "whole"
Stretch = tuple[date, date]


@dataclass(frozen=True, kw_only=True)
class NewLine:
    """What is claimed in one line (see `models.Line`). `corrects`: the settled line's reference."""

    person: UUID
    identifier: str
    kind: LineKind
    status: str
    since: date
    until: date
    days: int
    rate: int
    amount: int
    cost: str
    share: str = WHOLE
    account_code: str = ""
    text: str = ""
    corrects: str = ""
    items: tuple[Item, ...] = ()

    def told(self) -> dict[str, Any]:
        """The line as it crosses: the person by her number."""
        return {
            "identifier": self.identifier, "kind": self.kind.value, "status": self.status,
            "since": self.since.isoformat(), "until": self.until.isoformat(), "days": self.days, "rate": self.rate,
            "amount": self.amount, "cost": self.cost, "share": self.share, "account_code": self.account_code,
            "text": self.text, "corrects": self.corrects,
            **({"items": [told_item(one) for one in self.items]} if self.items else {}),
        }  # fmt: skip

    @property
    def content(self) -> str:
        """SHA-256 of what it claims."""
        return canonical.digest(self.told())

    def only(self, accepted: Sequence[Stretch]) -> NewLine:
        """The same with less days, which follow each other."""
        days = sum((until - since).days for since, until in accepted)
        return replace(self, since=accepted[0][0], until=accepted[-1][1], days=days, amount=days * self.rate)

    def of(self, items: Sequence[Item]) -> NewLine:
        """The same as an extract of these bookings."""
        since, until = min(one.since for one in items), max(one.until for one in items)
        return replace(
            self, items=tuple(items), since=since, until=until, amount=shared(items), cost=cost_of(items)
        )


def told_item(item: Item) -> dict[str, Any]:
    """A booking in a line as it crosses and is kept."""
    return {**item._asdict(), "since": item.since.isoformat(), "until": item.until.isoformat()}


def items_of(told: Iterable[Mapping[str, Any]] | None) -> tuple[Item, ...]:
    """The bookings of a line, from how they cross and are kept."""
    return tuple(
        Item(**{**one, "since": date.fromisoformat(one["since"]), "until": date.fromisoformat(one["until"])})
        for one in told or ()
    )


def cost_of(items: Iterable[Item]) -> str:
    """What names an extract of these bookings."""
    return f"bookings {canonical.digest(sorted(one.cost for one in items))}"


@dataclass(frozen=True, kw_only=True)
class GivenIncome:
    """An income of a person that is set off (`amount` in minor units, above 0), and what it is."""

    person: UUID
    since: date
    until: date
    amount: int
    text: str


@dataclass(frozen=True)
class Register:
    """What a register says of people: (person, municipality, since, until), (person, status, entry, since, until), and
    the days of own earnings for which no lump sum is due: (person, since, until). `paid`: (person, municipality, who
    reimburses it, since, until)."""

    where: list[tuple[UUID, str, date, date]]
    status: list[tuple[UUID, str, date, date, date]]
    own: list[tuple[UUID, date, date]] = field(default_factory=list)
    paid: list[tuple[UUID, str, str, date, date]] = field(default_factory=list)


def register_until(until: date, people: Collection[UUID] | None = None, municipality: str = "") -> Register:
    """The register's days before `until`, of these people, or of those of a municipality who aren't protected:
    nothing about those leaves by message."""
    return register_of(until, *register_rows(until, people, municipality))


def register_rows(
    until: date, people: Collection[UUID] | None = None, municipality: str = ""
) -> tuple[list[Responsibility], list[Standing]]:
    """The rows that `register_until` is made of."""
    if people is None:
        here = _here(until, municipality)
    else:
        here = Responsibility.objects.filter(since__lt=until, person_id__in=people)
    where = list(here.order_by("since"))
    known = Standing.objects.filter(since__lt=until, person_id__in={one.person_id for one in where})
    return where, list(known.order_by("since"))


def _here(until: date, municipality: str) -> QuerySet[Responsibility]:
    here = Responsibility.objects.filter(since__lt=until, municipality=municipality)
    return here.exclude(person_id__in=_protected())


def _protected() -> QuerySet[Person]:
    """The keys of those of whom nothing leaves by message; joined to them, every row of a register is looked up."""
    return Person.objects.filter(protection_level__gt=0).values("id")  # type: ignore[return-value]


def register_of(until: date, here: Iterable[Responsibility], known: Iterable[Standing]) -> Register:
    """What these rows say of the days before `until`."""
    where, own, paid = [], [], []
    for one in here:
        days = (one.since, min(one.until or until, until))
        where.append((one.person_id, one.municipality, *days))
        if one.payer == OWN:
            own.append((one.person_id, *days))
        if one.payer:
            paid.append((one.person_id, one.municipality, one.payer, *days))
    status = [(row.person_id, row.status, row.entry_on, row.since, min(row.until or until, until)) for row in known]
    return Register(where, status, own, paid)


def wanted(regime: Regime, register: Register, since: date) -> list[tuple[UUID, str, date, date]]:
    """The days from `since` on of people of the regime's statuses, without those of own earnings."""
    by_person: dict[UUID, list[Stretch]] = {}
    for person, _, first, until in register.where:
        by_person.setdefault(person, []).append((first, until))
    for person, first, until in register.own:
        by_person[person] = without(by_person[person], [(first, until)])
    found = []
    for person, status, _, first, until in register.status:
        if status in regime.statuses:
            found += [
                (person, status, *both) for both in within([(max(first, since), until)], by_person.get(person, []))
            ]
    return found


def within(these: Iterable[Stretch], those: Iterable[Stretch]) -> list[Stretch]:
    """The days that lie in both, in order, joined where they follow each other."""
    found: list[Stretch] = []
    others = list(those)
    for since, until in sorted((max(a, c), min(b, d)) for a, b in these for c, d in others if max(a, c) < min(b, d)):
        if found and found[-1][1] == since:
            since = found.pop()[0]
        found.append((since, until))
    return found


def length(these: Iterable[Stretch]) -> int:
    """How many days these are."""
    return sum((until - since).days for since, until in these)


def without(these: Iterable[Stretch], those: Iterable[Stretch]) -> list[Stretch]:
    """The days of these that lie in none of those."""
    found = sorted(these)
    for since, until in those:
        left = []
        for a, b in found:
            left += [(c, d) for c, d in ((a, min(b, since)), (max(a, until), b)) if c < d]
        found = left
    return found


def numbers_by_person(people: Iterable[UUID]) -> dict[UUID, str]:
    """By which number each is settled."""
    rows = Identifier.objects.filter(person_id__in=list(people), type=NUMBER).order_by("id")
    return dict(rows.values_list("person_id", "value"))


def proposed(
    regime: Regime, *, own: str, partner: str, window: Stretch, incomes: Sequence[GivenIncome] = ()
) -> list[NewLine]:
    """What there is to claim from `partner` with the window: the register's days that aren't settled, settled days
    that the register no longer has (below 0), costs booked since, and given incomes. In the order of people and days.
    """
    since, until = window
    first = Statement.objects.filter(side=Side.CLAIMANT, partner=partner, fund=regime.code).aggregate(at=Min("since"))
    floor = min(first["at"] or since, since)
    if regime.incomes:
        return _extracts(regime, own, partner, floor, until)
    here = wanted(regime, register_until(until, municipality=own), floor)
    counts = Counted.objects.filter(side=Side.CLAIMANT, partner=partner, fund=regime.code, until__lte=until)
    settled = list(counts.exclude(person_id__in=_protected()).prefetch_related("line__statement"))
    people = sorted({one[0] for one in here} | {one.person_id for one in settled} | {one.person for one in incomes})
    numbers = numbers_by_person(people)
    people = [person for person in people if person in numbers]
    found = _days(regime, here, settled, people, partner, floor, until)
    standings: dict[UUID, list[tuple[str, date, date]]] = {}
    for who, name, first_day, last in here:
        standings.setdefault(who, []).append((name, first_day, last))
    found += _costs(regime, standings, set(people), partner, floor, until)
    for one in incomes:
        found.append(
            NewLine(
                person=one.person,
                identifier="",
                kind=LineKind.INCOME,
                status=_status(standings, one.person, one.since, one.until),
                since=one.since,
                until=one.until,
                days=0,
                rate=0,
                amount=-one.amount,
                text=one.text,
                cost=f"income {numbers.get(one.person, '')} {one.since} {one.until} {one.text}"[:160],
            )
        )
    order = {LineKind.DAYS: 0, LineKind.COST: 1, LineKind.INCOME: 2}
    return sorted(
        (replace(one, identifier=numbers[one.person]) for one in found if one.person in numbers),
        key=lambda one: (one.identifier, order[one.kind], one.since, one.amount, one.cost),
    )


def _days(
    regime: Regime, here: list[tuple[UUID, str, date, date]], settled: list[Counted], people: list[UUID], partner: str,
    floor: date, until: date,
) -> list[NewLine]:  # fmt: skip
    """The lines of days: what differs from what is settled."""
    if regime.rate is None:
        return []
    place = {person: n * len(regime.statuses) for n, person in enumerate(people)}
    status = {name: n for n, name in enumerate(regime.statuses)}

    def columns(rows: Iterable[tuple[UUID, str | None, date, date]]) -> Runs:
        return runs(
            [
                (place[person] + status[each], first.toordinal(), last.toordinal(), 1)
                for person, name, first, last in rows
                if person in place
                for each in (regime.statuses if name is None else (name,))
            ]
        )

    claims = Claim.objects.filter(side=Side.CLAIMANT, partner=partner, cost=DAYS, line__statement__fund=regime.code)
    known = [(one.person_id, one.since, one.until, one.line) for one in
             claims.filter(line__in=Answer.objects.values("line_id")).prefetch_related("line__statement")]  # fmt: skip
    elsewhere = claims.exclude(line__in=Answer.objects.values("line_id")).exclude(line__statement__until=until)
    counting: dict[UUID, list[Stretch]] = {}
    for one in settled:
        counting.setdefault(one.person_id, []).append((one.since, one.until))
    blocked: list[tuple[UUID, str | None, date, date]] = [
        (one.person_id, None, one.since, one.until) for one in LeftOut.objects.filter(fund=regime.code)
    ]
    blocked += [(one.person_id, None, one.since, one.until) for one in elsewhere]  # another statement waits with them
    for answer in Answer.objects.exclude(outcome=Outcome.ACCEPTED).filter(
        line__kind=LineKind.DAYS, line__days__gt=0, line__statement__partner=partner,
        line__statement__side=Side.CLAIMANT, line__statement__fund=regime.code,
    ).select_related("line"):  # fmt: skip
        left = without([(answer.line.since, answer.line.until)], stretches_of(answer.accepted))
        left = without(left, counting.get(answer.line.person_id, []))
        blocked += [(answer.line.person_id, None, *one) for one in left]
    for back in reclaimed(Side.CLAIMANT, partner, regime.code):  # what was claimed back isn't claimed again by itself
        left = without(stretches_of(back.days), counting.get(back.line.person_id, []))
        blocked += [(back.line.person_id, None, *one) for one in left]
    cuts = runs([(0, day.toordinal(), 0, 0) for day in regime.cuts(floor, until)]).since
    found = differences(
        columns(here),
        columns((one.person_id, one.status, one.since, one.until) for one in settled),
        columns(blocked),
        columns((person, None, first, last) for person, first, last, _ in known),
        cuts,
    )
    lines = []
    counts: dict[tuple[UUID, str], list[Counted]] = {}
    for one in settled:
        counts.setdefault((one.person_id, one.status), []).append(one)
    said: dict[UUID, list[tuple[date, date, Line]]] = {}
    for person, a, b, row in known:
        said.setdefault(person, []).append((a, b, row))
    for key, first, last, sign in zip(*(column.tolist() for column in found), strict=True):
        whom, name = people[key // len(regime.statuses)], regime.statuses[key % len(regime.statuses)]
        begins, ends = date.fromordinal(first), date.fromordinal(last)
        if sign < 0:
            line = next(one.line for one in counts[whom, name] if one.since <= begins < one.until)
        else:
            line = next((row for a, b, row in said.get(whom, ()) if a <= begins < b), None)
        rate = line.rate if sign < 0 and line else regime.rate_on(begins)
        cites = reference_of(line) if line else ""
        lines.append(
            NewLine(
                person=whom,
                identifier="",
                kind=LineKind.DAYS,
                status=name,
                since=begins,
                until=ends,
                days=sign * (last - first),
                rate=rate,
                amount=sign * (last - first) * rate,
                corrects=cites,
                cost=f"days {begins} {'less' if sign < 0 else 'more'} {cites} by {until}" if line else DAYS,
            )
        )
    return lines


def _status(here: Mapping[UUID, list[tuple[str, date, date]]], person: UUID, since: date, until: date) -> str:
    found = (status for status, a, b in here.get(person, ()) if a < until and since < b)
    return next(found, "")


def _costs(
    regime: Regime, here: Mapping[UUID, list[tuple[str, date, date]]], people: set[UUID], partner: str, floor: date,
    until: date,
) -> list[NewLine]:  # fmt: skip
    """Costs of these people that were booked on the regime's accounts for months from `floor` on, aren't settled, and
    of which another fund has no part; a counter-booking takes its amount back, where that was claimed."""
    claims = Claim.objects.filter(side=Side.CLAIMANT, partner=partner).exclude(cost=DAYS)
    elsewhere = Q(line__in=Answer.objects.values("line_id")) | ~Q(line__statement__until=until)
    others = set(claims.exclude(fund=regime.code).values_list("cost", flat=True))
    taken = others.union(claims.filter(elsewhere, fund=regime.code).values_list("cost", flat=True))
    rows = Booking.objects.filter(
        Q(person_id__in=people) | Q(person=None, case__applicant_id__in=people),
        kind=BookingKind.EXPENSE, account_code__in=regime.accounts, period__since__gte=floor,
        period__until__lte=until,
    ).select_related("case", "period")  # fmt: skip
    found = []
    for row in rows.order_by("booked_at", "id"):
        person, cost = row.person_id or row.case.applicant_id, f"booking {row.id}"
        if cost in taken or f"booking {row.reverses_id}" in others:
            continue
        since, ends = row.period.since, row.period.until
        found.append(
            NewLine(
                person=person,
                identifier="",
                kind=LineKind.COST,
                status=_status(here, person, since, ends),
                since=since,
                until=ends,
                days=0,
                rate=0,
                amount=row.amount,
                cost=cost,
                text=row.counterparty,
                account_code=row.account_code,
            )
        )
    return found


def extracts_of_account(
    regime: Regime, own: str, partner: str, floor: date, until: date
) -> tuple[dict[UUID, str], Extracts]:
    """A line for each person whom the payer reimburses, account and window (see `extracts_of`), in columns, and her
    number. Of a month in which her claim begins only the days from there on; whether it ended is for the checks."""
    rows = _here(until, own).filter(payer=regime.payer)
    begins = dict(rows.order_by("-since").values_list("person_id", "since"))
    numbers = numbers_by_person(begins)
    shares = {person: share_of(number) for person, number in numbers.items()}
    return numbers, extracts_of(regime, partner, rows.values("person_id"), begins, shares, floor, until)


def _extracts(regime: Regime, own: str, partner: str, floor: date, until: date) -> list[NewLine]:
    """The same as lines."""
    numbers, found = extracts_of_account(regime, own, partner, floor, until)
    keys = {place: key_of(found.bookings[place]) for place in set(found.items.cost.tolist())}
    texts = dict(
        Booking.objects.filter(id__in=keys.values(), decision_line=None).values_list("id", "counterparty")
    )
    settled = {key_of(key) for key in found.corrects.tolist() if key}
    cited = {row.id: reference_of(row) for row in Line.objects.filter(id__in=settled).prefetch_related("statement")}
    items: list[list[Item]] = [[] for _ in found.code]
    for line, _, place, first, last, *more in zip(*(column.tolist() for column in found.items), strict=True):
        days = date.fromordinal(first), date.fromordinal(last)
        items[line].append(Item(f"booking {keys[place]}", *days, *more))
    lines = [
        NewLine(
            person=(person := found.people[found.person[n]]), identifier=numbers[person],
            kind=LineKind.INCOME if found.income[n] else LineKind.COST, status="",
            since=min(one.since for one in items[n]), until=max(one.until for one in items[n]), days=0, rate=0,
            amount=amount, cost=cost_of(items[n]), share=share_of(numbers[person]), account_code=found.code[n],
            text=", ".join(sorted({texts.get(booking_of(one.cost), "") for one in items[n]} - {""}))[:250],
            corrects=cited[key_of(found.corrects[n])] if found.corrects[n] else "", items=tuple(items[n]),
        )
        for n, amount in enumerate(found.amount.tolist()) if amount
    ]  # fmt: skip
    return sorted(lines, key=lambda one: (one.identifier, one.kind, one.since, one.account_code, one.cost))


def share_of(number: str) -> str:
    """What a person's part of a booking is called, by her number."""
    return number[-24:]


def claimed(row: Line, numbers: Mapping[UUID, str]) -> NewLine:
    """What a stored line claims."""
    return NewLine(
        person=row.person_id, identifier=numbers[row.person_id], kind=LineKind(row.kind), status=row.status,
        since=row.since, until=row.until, days=row.days, rate=row.rate, amount=row.amount, cost=row.cost,
        share=row.share, account_code=row.account_code, text=row.text,
        corrects=reference_of(row.corrects) if row.corrects else "", items=items_of(row.items),
    )  # fmt: skip


def stretches_of(accepted: Iterable[Sequence[str]]) -> list[Stretch]:
    """Accepted days as an answer keeps them."""
    return [(date.fromisoformat(since), date.fromisoformat(until)) for since, until in accepted]


# -- reads -----------------------------------------------------------------------------------------------------------


def reference_for(claimant: str, fund: str, since: date) -> str:
    """What both sides call the statement of a municipality for a fund and the window from `since` on."""
    return f"{claimant}/{fund}/{since}"


def reference_of(line: Line) -> str:
    """What both sides call a line."""
    return f"{line.statement.reference}/{line.number}"


def settled_lines(side: Side, partner: str, references: Collection[str]) -> dict[str, Line]:
    """Of the lines of these names those that are settled with a partner."""
    if not references:
        return {}
    statements = {one.rpartition("/")[0] for one in references}
    rows = Line.objects.filter(
        id__in=Answer.objects.values("line_id"), statement__side=side, statement__partner=partner,
        statement__reference__in=statements,
    ).prefetch_related("statement")  # fmt: skip
    return {reference: row for row in rows if (reference := reference_of(row)) in references}


def reclaim_content(row: Reclaim, lines: Iterable[ReclaimLine]) -> dict[str, Any]:
    """What is claimed back as it crosses: each line by its reference, in their order."""
    return {
        "reclaim": row.reference, "reason": row.reason, "total": row.total, "currency": row.currency,
        "lines": [
            {"line": reference, "amount": one.amount, "days": one.days}
            for reference, one in sorted((reference_of(one.line), one) for one in lines)
        ],
    }  # fmt: skip


def reclaimed(side: str, partner: str, fund: str) -> QuerySet[ReclaimLine]:
    """What is claimed back of a fund, where it is in force."""
    rows = ReclaimLine.objects.filter(
        reclaim__side=side, reclaim__partner=partner, reclaim__fund=fund, reclaim__state__in=IN_FORCE
    )
    return rows.select_related("line")


def left_of(lines: Collection[UUID]) -> dict[UUID, int]:
    """What is left of what was accepted of lines, in minor units, less what later lines gave back of it."""
    accepted = Answer.objects.filter(line_id__in=lines, amount__gt=0)
    left = dict(accepted.values_list("line_id", "amount"))
    given = Answer.objects.filter(line__corrects_id__in=left, amount__lt=0).order_by().values("line__corrects_id")
    for row in given.annotate(total=Sum("amount")).values_list("line__corrects_id", "total"):
        left[row[0]] += int(row[1])  # type: ignore[index]
    return left


def submissions_of(statements: Collection[UUID]) -> list[Any]:
    """Submissions by their numbers, each with `refused`: None while the payer hasn't answered for it, "" where it was
    taken in, else by which code not. A payer has only what it took in."""
    code = Reception.objects.filter(submission=OuterRef("id")).values("code")
    rows = Submission.objects.filter(statement_id__in=statements).order_by("number")
    return list(rows.annotate(refused=Subquery(code)))


def standing_rows(statement: UUID) -> QuerySet[Line]:
    """The lines of a statement that no later submission withdrew and the payer has, or may still have."""
    refused = Reception.objects.exclude(code="").filter(submission__statement_id=statement).values("submission_id")
    sent = Submission.objects.filter(statement_id=statement).exclude(id__in=refused)
    gone = {number for numbers in sent.values_list("withdrawn", flat=True) for number in numbers}
    return Line.objects.filter(submission__in=sent).exclude(number__in=gone)


def standing(statement: UUID) -> list[Line]:
    """The same in order, each with what it corrects."""
    return list(standing_rows(statement).prefetch_related("statement", "corrects__statement").order_by("number"))


def answers_on(statement: UUID) -> dict[UUID, Answer]:
    """What was answered, by line."""
    return {row.line_id: row for row in Answer.objects.filter(line__statement_id=statement)}


@dataclass(frozen=True)
class Sums:
    """Of a statement, in minor units: claimed = open + cut + accepted."""

    lines: int
    claimed: int
    open: int
    cut: int
    accepted: int


def decided_so_far(reply: Reply) -> tuple[int, int, bool]:
    """When a reply had been given: what was accepted and cut of its statement, and whether nothing was open."""
    rows = Answer.objects.filter(reply__statement_id=reply.statement_id, reply__number__lte=reply.number)
    sums = rows.aggregate(accepted=Sum("amount"), claimed=Sum("line__amount"))
    accepted = int(sums["accepted"] or 0)
    open_ = standing_rows(reply.statement_id).exclude(id__in=rows.values("line_id"))
    return accepted, int(sums["claimed"] or 0) - accepted, not open_.exists()


def on_its_way(statement: UUID) -> Submission | None:
    """The submission of ours that the payer hasn't answered for, if there is one."""
    rows = Submission.objects.filter(statement_id=statement, statement__side=Side.CLAIMANT)
    answered = Reception.objects.filter(submission__statement_id=statement).values("submission_id")
    return rows.exclude(id__in=answered).order_by("number").first()


def message_of(key: UUID, piece: int) -> UUID:
    """The id of the message that carries a piece of a submission or reply (`key`)."""
    return uuid5(key, f"piece {piece}")


def sums_of(statement: UUID) -> Sums:
    """What is claimed with a statement, and what became of it."""
    lines, answers = standing(statement), answers_on(statement)
    claimed = sum(line.amount for line in lines)
    answered = sum(line.amount for line in lines if line.id in answers)
    accepted = sum(answer.amount for answer in answers.values())
    return Sums(len(lines), claimed, claimed - answered, answered - accepted, accepted)


@dataclass(frozen=True)
class Summary:
    """A statement with its sums (minor units), when it was first sent, how many times, how many lines are open, and
    what became of its last submission at the payer (see `submissions_of`)."""

    statement: Statement
    sums: Sums
    open_lines: int
    first_sent: date
    times: int
    refused: str | None


def summaries(rows: Iterable[Statement]) -> list[Summary]:
    """How statements stand, in the same order, in two queries."""
    statements = list(rows)
    keys = [one.id for one in statements]
    sent: dict[UUID, list[Any]] = {}
    for row in submissions_of(keys):
        sent.setdefault(row.statement_id, []).append(row)
    answered = Answer.objects.filter(line__statement_id__in=keys).order_by().values("line__statement_id")
    done = {
        row["line__statement_id"]: row
        for row in answered.annotate(lines=Count("id"), of=Sum("line__amount"), amount_=Sum("amount"))
    }
    nothing = {"lines": 0, "of": 0, "amount_": 0}
    found = []
    for one in statements:
        got = done.get(one.id, nothing)
        lines, total = next(((row.lines, row.total) for row in reversed(sent[one.id]) if not row.refused), (0, 0))
        accepted, of = int(got["amount_"]), int(got["of"])
        sums = Sums(lines, total, total - of, of - accepted, accepted)
        last = sent[one.id][-1]
        found.append(Summary(one, sums, lines - got["lines"], sent[one.id][0].sent_on, last.number, last.refused))
    return found


def unclaimed(regime: Regime, own: str, today: date, months: int = 24) -> list[Stretch]:
    """The windows that are over, newest first, in which the municipality was responsible for somebody, and that aren't
    claimed yet: of the last `months`."""
    rows = Responsibility.objects.filter(municipality=own).exclude(person_id__in=_protected())
    if regime.incomes:
        rows = rows.filter(payer=regime.payer)
    first = rows.aggregate(at=Min("since"))["at"]
    sent = set(Statement.objects.filter(side=Side.CLAIMANT, fund=regime.code).values_list("since", flat=True))
    window, found = regime.window(today), []
    for _ in range(months // regime.months):
        window = regime.window(window[0] - timedelta(days=1))
        if first is None or window[1] <= first:
            break
        if window[0] not in sent:
            found.append(window)
    return found


def expected(regime: Regime, window: Stretch) -> set[str]:
    """The municipalities that the register has people of the regime with, in a window."""
    since, until = window
    here = Responsibility.objects.filter(Q(until=None) | Q(until__gt=since), since__lt=until)
    here = here.exclude(person_id__in=_protected())
    if regime.incomes:
        return set(here.filter(payer=regime.payer).order_by().values_list("municipality", flat=True).distinct())
    paid = Standing.objects.filter(
        Q(until=None) | Q(until__gt=since), person_id=OuterRef("person_id"), since__lt=until, status__in=regime.statuses
    )
    return set(here.filter(Exists(paid)).order_by().values_list("municipality", flat=True).distinct())


def accepted_by_window(partner: str, side: Side, fund: str) -> dict[Stretch, int]:
    """What was accepted so far, by the days of each statement."""
    rows = Answer.objects.filter(line__statement__partner=partner, line__statement__side=side,
                                 line__statement__fund=fund)  # fmt: skip
    by = ("line__statement__since", "line__statement__until")
    return {
        (row[by[0]], row[by[1]]): int(row["total"]) for row in rows.order_by().values(*by).annotate(total=Sum("amount"))
    }
