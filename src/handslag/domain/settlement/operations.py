"""Submitting a statement, receiving one, answering its lines, noting what was answered."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Max

from handslag.domain.accounts.operations import NewEntry, Source, locked_account, post
from handslag.domain.accounts.states import Move, Rests, Side
from handslag.domain.audit.models import Subject
from handslag.domain.audit.operations import Done, Event, open_subject, operation
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import MessageSealed, NewMessage, seal
from handslag.domain.exchange.queries import own_address
from handslag.domain.people.models import Person
from handslag.domain.people.queries import keys_by_identifiers
from handslag.domain.settlement.checks import (
    Finding,
    Known,
    Reading,
    approved_for,
    back_for,
    check,
    known_of,
    late,
    reading,
)
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
from handslag.domain.settlement.queries import (
    NUMBER,
    GivenIncome,
    NewLine,
    Stretch,
    answers_on,
    claimed,
    cost_of,
    decided_so_far,
    items_of,
    left_of,
    numbers_by_person,
    on_its_way,
    proposed,
    reclaim_content,
    reference_for,
    reference_of,
    register_until,
    settled_lines,
    share_of,
    standing,
    stretches_of,
    within,
    without,
)
from handslag.domain.settlement.states import (
    GOES_ON,
    GONE,
    IN_FORCE,
    UNDER_WAY,
    LineKind,
    Outcome,
    Reason,
    ReclaimState,
)
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.operations import next_reference
from handslag.domain.tenancy.permissions import Hidden, Member, require_role
from handslag.domain.tenancy.policies import Conflict, NotForThem, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel import canonical
from handslag.rules.settlement import Regime, window_of


class StatementSubmitted(Event):
    """A municipality claims from its payer."""

    kind = "statement submitted"


class StatementReceived(Event):
    """A statement, or what changed in it, has come in."""

    kind = "statement received"


class SubmissionTaken(Event):
    """The payer has taken in what was submitted."""

    kind = "submission taken"


class SubmissionRefused(Event):
    """The payer couldn't take in what was submitted: it is as if it hadn't been sent."""

    kind = "submission refused"


class LinesAnswered(Event):
    """The payer has answered lines of a statement."""

    kind = "lines answered"


class AnswersNoted(Event):
    """What the payer answered is noted where it was claimed."""

    kind = "answers noted"


class DaysLeftOut(Event):
    """Days of a person aren't claimed."""

    kind = "days left out"


class ReclaimProposed(Event):
    """A decider of the payer proposes to claim something of settled lines back."""

    kind = "reclaim proposed"


class ReclaimDropped(Event):
    kind = "reclaim dropped"


class ReclaimTold(Event):
    """Another decider tells the claimant what is claimed back."""

    kind = "reclaim told"


class ReclaimReceived(Event):
    """A payer claims something back of what it has paid us."""

    kind = "reclaim received"


class ReclaimAnswered(Event):
    """A payer of the claimant accepts what is claimed back, or objects; it is on its way."""

    kind = "reclaim answered"


class ReclaimSettled(Event):
    """A decider of the payer keeps a reclaim that was objected to, or withdraws one; it is on its way."""

    kind = "reclaim settled"


class ReclaimNoted(Event):
    """What became of a reclaim is noted, at both sides the same; where it is in force it is posted."""

    kind = "reclaim noted"


#: A line with its finding's reason and why it is sent all the same ("" for both where there is none).
Chosen = tuple[NewLine, str, str]


@dataclass(frozen=True)
class Preview:
    """What would be sent: the lines, and what their checks found (by place)."""

    lines: list[NewLine]
    findings: dict[int, Finding]


@dataclass(frozen=True, kw_only=True)
class NewAnswer:
    """What a line gets. `accepted`: the days, where it has a lump sum; `amount` in minor units."""

    line: UUID
    outcome: Outcome
    reason: str = ""
    accepted: tuple[Stretch, ...] = ()
    amount: int = 0
    why: str = ""


@operation()
def leave_out(
    *, tenant: str | int, by: Actor, now: datetime, person: UUID, regime: Regime, since: date, until: date, why: str
) -> Done[LeftOut]:
    """A payer of the municipality says that days of a person aren't claimed, and why. NotPossible("why"), ("days")."""
    member = require_role(by, now, Role.PAYER)
    if not Person.objects.filter(id=person, protection_level__lte=member.clearance).exists():
        raise Hidden("person", person)
    if not why.strip() or since >= until:
        raise NotPossible("days" if since >= until else "why")
    row = LeftOut.objects.create(
        person_id=person, fund=regime.code, since=since, until=until, why=why.strip(), by_id=member.id, at=now
    )
    payload = {"left_out": str(row.id), "fund": row.fund, "since": str(since), "until": str(until)}
    return Done(row, DaysLeftOut(subject=person, payload=payload))


def preview(
    regime: Regime, partner: str, since: date, incomes: Sequence[GivenIncome] = (), sent_on: date = date.max
) -> Preview:
    """What there is to claim with the window that a day lies in, checked against our own register, as it is sent on a
    day."""
    own, window = own_address(), regime.window(since)
    lines = proposed(regime, own=own, partner=partner, window=window, incomes=incomes)
    people = {one.person for one in lines}
    known: Known = known_of(regime, Side.CLAIMANT, own, register_until(window[1], people), people, lines)
    approved, back = approved_for(Side.CLAIMANT, partner, people, None), back_for(Side.CLAIMANT, partner, lines)
    known = replace(known, approved=approved, billed_on=sent_on, back=back)
    findings = check(regime, own, lines, known)
    return Preview(lines, {one.place: one for one in findings})


def to_send(seen: Preview, against: Mapping[str, str]) -> list[Chosen]:
    """What is sent of a preview; `against` and what is refused as of `submit`."""
    chosen: list[Chosen] = []
    rest = dict(against)
    for place, line in enumerate(seen.lines):
        finding = seen.findings.get(place)
        if finding is None:
            chosen.append((line, "", ""))
        elif line.content in rest:
            if not 0 < len(why := rest.pop(line.content).strip()) <= 1000:
                raise NotPossible("why")
            chosen.append((line, finding.reason, why))
        else:
            chosen += [(line.only([days]), "", "") for days in finding.accepted]
            if finding.items and finding.amount:
                chosen.append((line.of(finding.items), "", ""))
    if rest:
        raise Conflict("line")
    return chosen


def changes(statement: UUID, chosen: Sequence[Chosen]) -> tuple[list[Chosen], list[Line]]:
    """Which of the lines aren't there yet, and which open lines of the statement they leave out."""
    answered = answers_on(statement)
    open_ = {line.content: line for line in standing(statement) if line.id not in answered}
    kept = {line.content for line, _, _ in chosen} & set(open_)
    return [one for one in chosen if one[0].content not in kept], [
        row for content, row in open_.items() if content not in kept
    ]


@operation()
def submit(
    *,
    tenant: str | int,
    by: Actor,
    now: datetime,
    regime: Regime,
    partner: str,
    since: date,
    against: Mapping[str, str],
    incomes: Sequence[GivenIncome] = (),
) -> Done[Submission]:
    """A payer of the municipality claims from `partner` what there is to claim with the window that `since` lies in; a
    second time, what changed in it and isn't answered. A line with a finding is sent as proposed, unless `against` has
    a reason to send it all the same (by the line's content).

    NotPossible: ("window") before its end, ("on its way") while the payer hasn't answered for what was sent last,
    ("why") for an empty reason or one of more than 1,000 letters, ("no lines"), ("nothing changed"). Conflict for a
    reason on a line that isn't there, or has no finding.
    """
    member = require_role(by, now, Role.PAYER)
    today, (first, until) = acting_door().the_tenant.today(now), regime.window(since)
    if today < until:
        raise NotPossible("window")
    own = own_address()
    statement = _opened(Side.CLAIMANT, partner, regime, first, until, reference_for(own, regime.code, first), now)
    if on_its_way(statement.id) is not None:
        raise NotPossible("on its way")
    seen = preview(regime, partner, first, incomes, today)
    chosen = to_send(seen, against)
    new, gone = changes(statement.id, chosen)
    withdrawn = sorted(row.number for row in gone)
    if not new and not withdrawn:
        raise NotPossible("nothing changed" if standing(statement.id) else "no lines")
    last = Line.objects.filter(statement=statement).aggregate(last=Max("number"))["last"] or 0
    told = [
        {"number": number, **line.told(), "findings": [reason] if reason else [], "why": why}
        for number, (line, reason, why) in enumerate(new, last + 1)
    ]
    number = Submission.objects.filter(statement=statement).count() + 1
    row = _written(statement, regime, number, withdrawn, told, today, now, member.id)
    payload = {"submission": str(row.id), "number": row.number, "digest": row.content, "total": row.total}
    return Done(row, StatementSubmitted(subject=statement.id, payload=payload))


@operation()
def receive_submission(
    *, tenant: str | int, by: Actor, now: datetime, regime: Regime, partner: str, content: dict[str, Any]
) -> Done[Submission]:
    """Take in what a municipality (`partner`) submits, as `content_of` told it there.

    NotPossible: ("received") for the same once more; ("number") for one that came before, ("sum"), ("window"), ("line")
    where it can't be one, ("unknown person", person=its number), ("corrects") for a settled line that isn't here;
    ("answered") for the withdrawal of a line that is answered. Where a cost or a day is claimed twice the database
    refuses it.
    """
    if by.kind != "system":
        raise Hidden("statement")
    since = date.fromisoformat(content["since"])
    first, until = regime.window(since)
    reference = reference_for(partner, regime.code, first)
    if (content["fund"], content["since"], content["until"]) != (regime.code, str(first), str(until)):
        raise NotPossible("window")
    statement = _opened(Side.PAYER, partner, regime, first, until, reference, now)
    there = Submission.objects.filter(statement=statement, number__gte=content["number"])
    if there.filter(content=canonical.digest(content)).exists():
        raise NotPossible("received")
    if there.exists():
        raise NotPossible("number")
    row = _written(
        statement, regime, content["number"], content["withdrawn"], content["lines"],
        date.fromisoformat(content["sent_on"]), now, None,
    )  # fmt: skip
    if (row.lines, row.total, row.content) != (content["count"], content["total"], canonical.digest(content)):
        raise NotPossible("sum")
    payload = {"submission": str(row.id), "number": row.number, "digest": row.content, "total": row.total}
    return Done(row, StatementReceived(subject=statement.id, payload=payload))


@operation()
def note_taken(*, tenant: str | int, by: Actor, now: datetime, submission: UUID) -> Done[Submission]:
    """The payer has taken in what was submitted: it is claimed on the account, as there. NotPossible("answered")."""
    row = _under_way(by, submission)
    _taken(row, now)
    return Done(row, SubmissionTaken(subject=row.statement_id, payload={"number": row.number, "digest": row.content}))


@operation()
def note_refused(
    *, tenant: str | int, by: Actor, now: datetime, submission: UUID, code: str, text: str = ""
) -> Done[Submission]:
    """The payer couldn't take in what was submitted, by `code`: its lines don't stand, what it withdrew does, and the
    claimant submits again. NotPossible("answered")."""
    row = _under_way(by, submission)
    Reception.objects.create(submission=row, code=code, text=text, at=now)
    Claim.objects.filter(line__submission=row).delete()
    back = Line.objects.filter(statement_id=row.statement_id, number__in=row.withdrawn)
    Claim.objects.bulk_create(_claims(row.statement, back))
    payload = {"submission": str(row.id), "number": row.number, "code": code}
    return Done(row, SubmissionRefused(subject=row.statement_id, payload=payload))


def content_of(submission: Submission) -> dict[str, Any]:
    """A submission as it crosses."""
    statement = submission.statement
    rows = Line.objects.filter(submission=submission).prefetch_related("corrects__statement").order_by("number")
    numbers = numbers_by_person({row.person_id for row in rows})
    return _content(
        statement, submission.number, submission.withdrawn,
        [{"number": row.number, **claimed(row, numbers).told(), "findings": row.findings, "why": row.why}
         for row in rows],
        submission.lines, submission.total, submission.currency, submission.sent_on,
    )  # fmt: skip


def review(regime: Regime, statement: Statement) -> dict[UUID, Finding]:
    """What our own register and what is settled here say of the lines that aren't answered, by line."""
    return _checked(regime, statement).findings


def _checked(regime: Regime, statement: Statement) -> Reading:
    return reading(regime, statement, statement.partner if statement.side == Side.PAYER else own_address())


@operation()
def accept_clean(
    *, tenant: str | int, by: Actor, now: datetime, regime: Regime, statement: UUID, although_late: str = ""
) -> Done[Reply]:
    """A decider of the payer accepts all lines that no check has found anything on, at once; not what gives back what
    a reclaim under way claims back.

    NotPossible("late") for a statement that came late, without a reason to take it; ("no lines").
    """
    row, member = _reviewed(by, now, statement)
    if not although_late.strip() and late(regime, row.until, _first_sent(row)):
        raise NotPossible("late")
    seen = _checked(regime, row)
    waits = _under_reclaim(row, seen.standing)
    answers = [
        NewAnswer(
            line=line.id, outcome=Outcome.ACCEPTED, accepted=_days_of(line), amount=line.amount,
            why=although_late.strip(),
        )
        for line in seen.standing
        if line.id not in seen.answers and line.id not in seen.findings and line.id not in waits
    ]  # fmt: skip
    reply = _answered(row, answers, now, member, seen.standing, seen.answers)
    return Done(reply, _event(LinesAnswered, row, reply, answers))


@operation()
def answer_lines(
    *, tenant: str | int, by: Actor, now: datetime, statement: UUID, answers: Sequence[NewAnswer]
) -> Done[Reply]:
    """A decider of the payer answers lines one by one: accepted, cut to new days or amount, or refused, with a coded
    reason and words.

    NotPossible: ("answered") for a line that was, ("why") without a reason where not all is accepted, ("days") for days
    that the line doesn't claim or that count already, ("amount"), ("no lines"), ("claimed back") to take back what a
    reclaim under way claims back: it would be cut twice.
    """
    row, member = _reviewed(by, now, statement)
    reply = _answered(row, answers, now, member, standing(row.id), answers_on(row.id))
    return Done(reply, _event(LinesAnswered, row, reply, answers))


@operation()
def note_answers(
    *, tenant: str | int, by: Actor, now: datetime, partner: str, content: dict[str, Any],
    totals: tuple[int, int] | None = None,
) -> Done[Reply]:  # fmt: skip
    """Take in what the payer answered, as `reply_of` told it there. `totals`: what is accepted and cut by it and all
    that was answered before, as the payer has it.

    NotPossible as `answer_lines`; ("received") for the same once more, ("early") before what comes before it, or while
    it may answer a line that a submission on its way withdraws, ("number"), ("statement"), ("line"), ("sum") where it
    isn't what it says, ("differs") where the totals don't."""
    if by.kind != "system":
        raise Hidden("statement")
    rows = Statement.objects.filter(side=Side.CLAIMANT, partner=partner, reference=content["statement"])
    row = rows.first()
    if row is None:
        raise NotPossible("statement")
    _lock(row.id)
    known = Reply.objects.filter(statement=row)
    if known.filter(number=content["number"], content=canonical.digest(content)).exists():
        raise NotPossible("received")
    if (ahead := content["number"] - known.count() - 1) != 0:
        raise NotPossible("early" if ahead > 0 else "number")
    lines, waiting = {line.number: line for line in standing(row.id)}, on_its_way(row.id)
    if any(one["number"] not in lines for one in content["answers"]):
        raise NotPossible("early" if waiting else "line")
    if waiting and any(lines[one["number"]].submission_id == waiting.id for one in content["answers"]):
        _taken(waiting, now)  # who answers it has it
    answers = [
        NewAnswer(
            line=lines[one["number"]].id, outcome=Outcome(one["outcome"]), reason=one["reason"],
            accepted=tuple(stretches_of(one["accepted"])), amount=one["amount"], why=one["why"],
        )
        for one in content["answers"]
    ]  # fmt: skip
    reply = _answered(row, answers, now, None, list(lines.values()), answers_on(row.id))
    if reply.content != canonical.digest(content):
        raise NotPossible("sum")
    if totals is not None and decided_so_far(reply)[:2] != totals:
        raise NotPossible("differs")
    return Done(reply, _event(AnswersNoted, row, reply, answers))


def reply_of(reply: Reply) -> dict[str, Any]:
    """A reply as it crosses."""
    rows = Answer.objects.filter(reply=reply).prefetch_related("line")
    told = sorted(((row.line, row) for row in rows), key=lambda both: both[0].number)
    return _told(reply.statement, reply.number, told)


# -- what is claimed back after an audit -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class NewReclaimLine:
    """What is claimed back of a settled line: `amount` in minor units, and of a lump sum for which days."""

    line: UUID
    amount: int
    days: tuple[Stretch, ...] = ()


@operation()
def propose_reclaim(
    *, tenant: str | int, by: Actor, now: datetime, statement: UUID, lines: Sequence[NewReclaimLine], reason: str,
    text: str,
) -> Done[Reclaim]:  # fmt: skip
    """A decider of the payer proposes to claim back what was accepted of settled lines, for another one to tell.

    NotPossible: ("no lines"), ("why") without a coded reason and words, ("days back") for days that don't count any
    more, ("more back") for more than is left of a line, ("claimed back") for a line that is claimed back already.
    """
    row, member = _reviewed(by, now, statement)
    if reason not in Reason.values or not 0 < len(text.strip()) <= 4000:
        raise NotPossible("why")
    currency = Submission.objects.filter(statement=row).values_list("currency", flat=True)[0]
    there = {one.id: one for one in Line.objects.filter(statement=row, id__in=[one.line for one in lines])}
    if len(there) < len(lines):
        raise Hidden("line")
    made = _reclaim(
        side=row.side, partner=row.partner, fund=row.fund, reference=next_reference("reclaim", now), reason=reason,
        text=text.strip(), currency=currency, state=ReclaimState.PROPOSED, proposed_by_id=member, proposed_at=now,
        given=[(there[one.line], one) for one in lines],
    )  # fmt: skip
    payload = {"reference": made.reference, "total": made.total, "lines": len(lines), "reason": reason}
    return Done(made, ReclaimProposed(subject=made.id, payload=payload))


def _reclaim(given: Sequence[tuple[Line, NewReclaimLine]], **told: Any) -> Reclaim:
    """Store a reclaim of these settled lines, in the order of their numbers, none twice and of none more than is
    left."""
    if not given:
        raise NotPossible("no lines")
    given = sorted(given, key=lambda both: reference_of(both[0]))
    keys = [line.id for line, _ in given]
    for statement in sorted({line.statement_id for line, _ in given}):
        _lock(statement)
    if len(set(keys)) < len(keys) or ReclaimLine.objects.filter(line_id__in=keys, stands=True).exists():
        raise NotPossible("claimed back")
    left = left_of(keys)
    for line, one in given:
        if line.id not in left or not 0 < one.amount <= left[line.id]:
            raise NotPossible("more back")
        counting = Counted.objects.filter(line=line).values_list("since", "until")
        of_days = line.kind == LineKind.DAYS
        if bool(one.days) != of_days or (of_days and within(one.days, counting) != list(one.days)):
            raise NotPossible("days back")
        if of_days and one.amount != line.rate * sum((until - since).days for since, until in one.days):
            raise NotPossible("more back")
    row = Reclaim(id=open_subject("reclaim"), total=sum(one.amount for _, one in given), **told)
    rows = [
        ReclaimLine(
            reclaim=row, line=line, amount=one.amount, days=[[str(since), str(until)] for since, until in one.days]
        )
        for line, one in given
    ]  # fmt: skip
    row.content = canonical.digest(reclaim_content(row, rows))
    row.save(force_insert=True)
    ReclaimLine.objects.bulk_create(rows)
    return row


def _reclaimed(key: UUID, by: Actor, now: datetime, side: Side, role: Role) -> tuple[Reclaim, Member]:
    """A reclaim, locked, and the member of staff who acts on it."""
    member = require_role(by, now, role)
    row = Reclaim.objects.select_for_update(of=("self",)).filter(id=key, side=side).first()
    if row is None:
        raise Hidden("reclaim", key)
    return row, member


@operation()
def drop_reclaim(*, tenant: str | int, by: Actor, now: datetime, reclaim: UUID) -> Done[Reclaim]:
    """What was proposed isn't told: any decider of the payer says so. Conflict where it was told."""
    row, member = _reclaimed(reclaim, by, now, Side.PAYER, Role.DECIDER)
    if row.state != ReclaimState.PROPOSED:
        raise Conflict("reclaim", theirs=row.state)
    row.settled_by_id, row.settled_at = member.id, now
    _goes(row, ReclaimState.DROPPED, "settled_by", "settled_at")
    return Done(row, ReclaimDropped(subject=row.id, payload={"reference": row.reference}))


def _goes(row: Reclaim, state: ReclaimState, *fields: str) -> None:
    row.state, row.version = state, row.version + 1
    row.save(update_fields=["state", "version", *fields])
    if state in GONE:
        for one in ReclaimLine.objects.filter(reclaim=row):
            one.stands = False
            one.save(update_fields=["stands"])


@operation()
def tell_reclaim(*, tenant: str | int, by: Actor, now: datetime, reclaim: UUID, new: NewMessage) -> Done[Reclaim]:
    """Another decider than who proposed it tells the claimant what is claimed back, to be answered by the message's
    day.

    NotPossible("second pair of eyes"), and as `seal`. Conflict where it isn't proposed any more.
    """
    row, member = _reclaimed(reclaim, by, now, Side.PAYER, Role.DECIDER)
    if row.state != ReclaimState.PROPOSED:
        raise Conflict("reclaim", theirs=row.state)
    if row.proposed_by_id == member.id:
        raise NotForThem("second pair of eyes", row.id)
    sealed = seal(tenant, by, now, new)
    row.told_by_id, row.told_at, row.answer_by = member.id, now, new.due_on
    _goes(row, ReclaimState.TOLD, "told_by", "told_at", "answer_by")
    payload = {"message": str(sealed.id), "reference": row.reference, "total": row.total, "until": str(new.due_on)}
    return Done(row, ReclaimTold(subject=row.id, payload=payload), _sealed(sealed))


def _sealed(row: Message) -> MessageSealed:
    return MessageSealed(subject=row.id, payload={"message": str(row.id), "digest": row.digest})


@operation()
def receive_reclaim(
    *, tenant: str | int, by: Actor, now: datetime, partner: str, content: dict[str, Any], text: str, answer_by: date
) -> Done[Reclaim]:
    """Take in what a payer claims back (`content` as `reclaim_content`; `text`: why), for a person to answer.

    NotPossible: ("received") for the same once more; ("line") for a line that isn't settled here; as `propose_reclaim`.
    """
    if by.kind != "system":
        raise Hidden("reclaim")
    if Reclaim.objects.filter(side=Side.CLAIMANT, partner=partner, reference=content["reclaim"]).exists():
        raise NotPossible("received")
    lines = settled_lines(Side.CLAIMANT, partner, {one["line"] for one in content["lines"]})
    if len(lines) < len(content["lines"]) or len({one.statement.fund for one in lines.values()}) > 1:
        raise NotPossible("line")
    given = [
        (
            lines[one["line"]],
            NewReclaimLine(line=lines[one["line"]].id, amount=one["amount"], days=tuple(stretches_of(one["days"]))),
        )
        for one in content["lines"]
    ]  # fmt: skip
    row = _reclaim(
        side=Side.CLAIMANT, partner=partner, fund=given[0][0].statement.fund, reference=content["reclaim"],
        reason=content["reason"], text=text, currency=content["currency"], state=ReclaimState.TOLD, told_at=now,
        answer_by=answer_by, given=given,
    )  # fmt: skip
    if row.content != canonical.digest(content):
        raise NotPossible("sum")
    payload = {"reference": row.reference, "total": row.total, "lines": len(given), "reason": row.reason}
    return Done(row, ReclaimReceived(subject=row.id, payload=payload))


@operation()
def answer_reclaim(
    *, tenant: str | int, by: Actor, now: datetime, reclaim: UUID, asked: UUID, new: NewMessage
) -> Done[Message]:
    """A payer of the municipality accepts what is claimed back, or objects in words: the answer to the message `asked`.
    It is noted when it has left. Conflict where it is answered or settled. NotPossible("why") without words, as `seal`.
    """
    row, member = _reclaimed(reclaim, by, now, Side.CLAIMANT, Role.PAYER)
    if row.state != ReclaimState.TOLD:
        raise Conflict("reclaim", theirs=row.state)
    answer = new.body["answers"][0]
    if answer["reason"] and not answer["text"].strip():
        raise NotPossible("why")
    row.answered_by_id, row.version = member.id, row.version + 1
    row.objection = answer["text"].strip() if answer["reason"] else ""
    row.save(update_fields=["answered_by", "objection", "version"])
    sealed = seal(tenant, by, now, new)
    payload = {"message": str(sealed.id), "reference": row.reference, "objects": bool(answer["reason"])}
    return Done(sealed, ReclaimAnswered(subject=row.id, payload=payload), _sealed(sealed))


@operation()
def settle_reclaim(
    *, tenant: str | int, by: Actor, now: datetime, reclaim: UUID, new: NewMessage, state: ReclaimState, why: str
) -> Done[Reclaim]:
    """A decider of the payer keeps a reclaim all the same, or withdraws it, and tells why. It holds once the claimant's
    machine has noted it.

    NotPossible: ("why"), ("time to answer") to keep one whose answer is still to come and whose day isn't over,
    ("second pair of eyes") for who proposed it and would keep it, and as `seal`. Conflict where it is over.
    """
    row, member = _reclaimed(reclaim, by, now, Side.PAYER, Role.DECIDER)
    if not why.strip() or len(why) > 4000:
        raise NotPossible("why")
    if state not in GOES_ON.get(row.state, ()) or state not in (ReclaimState.KEPT, ReclaimState.WITHDRAWN):
        raise Conflict("reclaim", theirs=row.state)
    if state == ReclaimState.KEPT:
        waits = row.answer_by is None or acting_door().the_tenant.today(now) <= row.answer_by
        if row.state == ReclaimState.TOLD and waits:
            raise NotPossible("time to answer")
        if row.proposed_by_id == member.id:
            raise NotForThem("second pair of eyes", row.id)
    sealed = seal(tenant, by, now, new)
    row.settled_by_id, row.settled_at, row.settled_why, row.version = member.id, now, why.strip(), row.version + 1
    row.save(update_fields=["settled_by", "settled_at", "settled_why", "version"])
    payload = {"message": str(sealed.id), "reference": row.reference, "state": str(state)}
    return Done(row, ReclaimSettled(subject=row.id, payload=payload), _sealed(sealed))


@operation()
def note_reclaim(
    *, tenant: str | int, by: Actor, now: datetime, reclaim: UUID, state: ReclaimState, text: str = ""
) -> Done[Reclaim]:
    """Note what became of a reclaim: the system does it, at both sides. Where it is in force what was accepted is
    cut by it on the account, and its days count no more; both of the line's own window. `text`: the objection, or
    why it is kept or withdrawn. NotPossible("answered") where it can't become that any more, as where the claimant's
    acceptance is on its way."""
    row = Reclaim.objects.select_for_update(of=("self",)).filter(id=reclaim).first()
    if by.kind != "system" or row is None:
        raise Hidden("reclaim", reclaim)
    gave = row.side == Side.CLAIMANT and row.state == ReclaimState.TOLD and row.answered_by_id and not row.objection
    if state not in GOES_ON.get(row.state, ()) or (gave and state in (ReclaimState.KEPT, ReclaimState.WITHDRAWN)):
        raise NotPossible("answered")
    if state == ReclaimState.OBJECTED:
        row.objection = text
    elif row.side == Side.CLAIMANT and text:
        row.settled_why, row.settled_at = text, now
    _goes(row, state, "objection", "settled_why", "settled_at")
    if state in IN_FORCE:
        _take_back(row, now)
    payload = {"reference": row.reference, "state": str(state), "total": row.total}
    return Done(row, ReclaimNoted(subject=row.id, payload=payload))


def _take_back(row: Reclaim, now: datetime) -> None:
    """Days that are claimed back count no more, and are neither claimed nor given back again; the account says so."""
    lines = list(ReclaimLine.objects.filter(reclaim=row).select_related("line__statement"))
    for one in lines:
        back = stretches_of(one.days)
        touched = [
            each for each in Counted.objects.filter(side=row.side, line=one.line)
            if within([(each.since, each.until)], back)
        ]  # fmt: skip
        left = [_counts(each, *days) for each in touched for days in without([(each.since, each.until)], back)]
        Counted.objects.filter(id__in=[each.id for each in touched]).delete()
        Counted.objects.bulk_create(left)
    moved = [(one.line, Move.ACCEPTED, -one.amount) for one in lines]
    moved += [(one.line, Move.CUT, one.amount) for one in lines]
    _post(lines[0].line.statement, row.currency, Rests.RECLAIM, row.reference, row.content, moved, now)


# -- how it is written -----------------------------------------------------------------------------------------------


def _opened(
    side: Side, partner: str, regime: Regime, since: date, until: date, reference: str, now: datetime
) -> Statement:
    """The statement, locked until the transaction ends; made where there is none."""
    found = Statement.objects.filter(side=side, reference=reference).first()
    if found is None:
        found = Statement.objects.create(
            id=open_subject("statement"), partner=partner, side=side, fund=regime.code, since=since, until=until,
            reference=reference, opened_at=now,
        )  # fmt: skip
    _lock(found.id)
    return found


def _lock(statement: UUID) -> None:
    """Statements are never changed: their subject's row is what is locked."""
    Subject.objects.select_for_update(of=("self",)).get(id=statement)


def _content(
    statement: Statement, number: int, withdrawn: Sequence[int], told: list[dict[str, Any]], count: int, total: int,
    currency: str, sent_on: date,
) -> dict[str, Any]:  # fmt: skip
    return {
        "statement": statement.reference, "fund": statement.fund, "since": str(statement.since),
        "until": str(statement.until), "number": number, "withdrawn": list(withdrawn), "lines": told, "count": count,
        "total": total, "currency": currency, "sent_on": str(sent_on),
    }  # fmt: skip


def _written(
    statement: Statement, regime: Regime, number: int, withdrawn: Sequence[int], told: list[dict[str, Any]],
    sent_on: date, now: datetime, member: UUID | None,
) -> Submission:  # fmt: skip
    """Store a submission with its lines, and take the keys of what it withdraws back. The payer posts both; the
    claimant does once the payer has it."""
    there, answered = {line.number: line for line in standing(statement.id)}, answers_on(statement.id)
    if any(number not in there or there[number].id in answered for number in withdrawn):
        raise NotPossible("answered")
    last = Line.objects.filter(statement=statement).aggregate(last=Max("number"))["last"] or 0
    first = told[0]["number"] if told else last + 1
    if first <= last or [one["number"] for one in told] != list(range(first, first + len(told))):
        raise NotPossible("line")
    gone = [there[number] for number in withdrawn]
    left = [line for number, line in there.items() if number not in set(withdrawn)]
    count, total = len(left) + len(told), sum(one.amount for one in left) + sum(one["amount"] for one in told)
    content = _content(statement, number, withdrawn, told, count, total, regime.currency, sent_on)
    row = Submission.objects.create(
        statement=statement, number=number, withdrawn=list(withdrawn), lines=count, total=total,
        currency=regime.currency, content=canonical.digest(content), sent_on=sent_on, sent_by_id=member, at=now,
    )  # fmt: skip
    Claim.objects.filter(line__in=gone).delete()
    people = keys_by_identifiers(NUMBER, {one["identifier"] for one in told})
    settled = settled_lines(Side(statement.side), statement.partner, {one["corrects"] for one in told} - {""})
    lines = [
        _line(statement, row, regime, one, people.get(one["identifier"]), settled.get(one["corrects"])) for one in told
    ]
    Line.objects.bulk_create(lines)
    Claim.objects.bulk_create(_claims(statement, lines))
    if statement.side == Side.PAYER:
        _claimed(row, lines, gone, now)
    return row


def _claims(statement: Statement, lines: Iterable[Line]) -> list[Claim]:
    return [
        Claim(
            line=line, side=statement.side, partner=statement.partner, person_id=line.person_id, fund=statement.fund,
            cost=cost, share=line.share, since=line.since, until=line.until,
        )
        for line in lines for cost in ([one["cost"] for one in line.items] if line.items else [line.cost])
    ]  # fmt: skip


def _claimed(row: Submission, lines: Iterable[Line], gone: Iterable[Line], now: datetime) -> None:
    """Post what a submission claims, and what it claims no longer."""
    moved = [(line, Move.CLAIMED, line.amount) for line in lines]
    moved += [(line, Move.CLAIMED, -line.amount) for line in gone]
    reference = f"{row.statement.reference}#{row.number}"
    _post(row.statement, row.currency, Rests.STATEMENT, reference, row.content, moved, now)


def _under_way(by: Actor, submission: UUID) -> Submission:
    """A submission of ours, locked, that the payer hasn't answered for."""
    row = Submission.objects.filter(id=submission, statement__side=Side.CLAIMANT).select_related("statement").first()
    if by.kind != "system" or row is None:
        raise Hidden("submission", submission)
    _lock(row.statement_id)
    if Reception.objects.filter(submission=row).exists():
        raise NotPossible("answered")
    return row


def _taken(row: Submission, now: datetime) -> None:
    Reception.objects.create(submission=row, at=now)
    rows = Line.objects.prefetch_related("statement").order_by("number")
    gone = rows.filter(statement_id=row.statement_id, number__in=row.withdrawn)
    _claimed(row, rows.filter(submission=row), gone, now)


def _line(
    statement: Statement, submission: Submission, regime: Regime, told: dict[str, Any], person: UUID | None,
    corrects: Line | None,
) -> Line:  # fmt: skip
    """A line as it crossed, about a person who is known by its number, and a settled line where it names one that is
    here. NotPossible where it can't be one here."""
    if person is None:
        raise NotPossible("unknown person", person=told["identifier"])
    if told["corrects"] and (corrects is None or corrects.person_id != person):
        raise NotPossible("corrects")
    since, until = date.fromisoformat(told["since"]), date.fromisoformat(told["until"])
    new = NewLine(
        person=person, since=since, until=until, kind=LineKind(told["kind"]), items=items_of(told.get("items")),
        **{name: told[name] for name in ("identifier", "status", "days", "rate", "amount", "cost", "share",
                                         "account_code", "text", "corrects")},
    )  # fmt: skip
    of_days = new.kind == LineKind.DAYS
    if (
        until > statement.until
        or since >= until
        or not new.amount
        or (of_days and (new.amount != new.days * new.rate or new.days not in ((until - since).days,
                                                                               (since - until).days)))
        or (of_days and new.cost == DAYS and (corrects is not None or new.days < 0))
        or (new.days < 0 and (corrects is None or corrects.rate != new.rate))
        or (not of_days and (new.days or new.cost == DAYS))
        or (new.kind == LineKind.COST and new.account_code not in regime.accounts)
        or (_extract_wrong(new, regime) if regime.incomes else bool(new.items))
        or (new.kind == LineKind.INCOME and new.amount > 0 and not regime.incomes)
    ):  # fmt: skip
        raise NotPossible("line")
    return Line(
        statement=statement, submission=submission, number=told["number"], person_id=person, kind=new.kind,
        status=new.status, since=since, until=until, days=new.days, rate=new.rate, amount=new.amount, cost=new.cost,
        share=new.share, account_code=new.account_code, text=new.text, corrects=corrects,
        findings=told["findings"], why=told["why"], content=new.content, items=told.get("items"),
    )  # fmt: skip


def _extract_wrong(new: NewLine, regime: Regime) -> bool:
    """Whether a line can't be an extract of a case account."""
    items = new.items
    return (
        new.kind == LineKind.DAYS
        or (new.kind == LineKind.INCOME and new.account_code not in regime.incomes)
        or not items
        or len({one.cost for one in items}) < len(items)
        or any(not 0 < one.days <= (one.until - one.since).days or one.heads < 1 for one in items)
        or (new.cost, new.share) != (cost_of(items), share_of(new.identifier))
        or (new.since, new.until) != (min(one.since for one in items), max(one.until for one in items))
    )


def _first_sent(statement: Statement) -> date:
    return Submission.objects.filter(statement=statement).order_by("number").values_list("sent_on", flat=True)[0]


def _days_of(line: Line) -> tuple[Stretch, ...]:
    return ((line.since, line.until),) if line.kind == LineKind.DAYS else ()


def _reviewed(by: Actor, now: datetime, statement: UUID) -> tuple[Statement, UUID]:
    member = require_role(by, now, Role.DECIDER)
    row = Statement.objects.filter(id=statement, side=Side.PAYER).first()
    if row is None:
        raise Hidden("statement", statement)
    _lock(row.id)
    locked_account(row.partner, Side.PAYER, now)  # a correction by one statement and a reclaim of another meet
    return row, member.id


def _told(statement: Statement, number: int, answers: Iterable[tuple[Line, Any]]) -> dict[str, Any]:
    return {
        "statement": statement.reference, "number": number,
        "answers": [
            {
                "number": line.number, "outcome": str(one.outcome), "reason": one.reason, "amount": one.amount,
                "accepted": [[str(since), str(until)] for since, until in one.accepted], "why": one.why,
            }
            for line, one in answers
        ],
    }  # fmt: skip


def _answered(
    statement: Statement, new: Sequence[NewAnswer], now: datetime, member: UUID | None, there: Iterable[Line],
    before: Collection[UUID],
) -> Reply:  # fmt: skip
    """Store what lines get, count their days, and post it. `there`: those that stand; `before`: which are answered."""
    if not new:
        raise NotPossible("no lines")
    lines = {line.id: line for line in there}
    if len({one.line for one in new}) < len(new) or any(one.line in before for one in new):
        raise NotPossible("answered")
    if any(one.line not in lines for one in new):
        raise Hidden("line")
    given = sorted(((lines[one.line], one) for one in new), key=lambda both: both[0].number)
    for line, one in given:
        _fits(line, one)
    if _under_reclaim(statement, [line for line, one in given if one.amount]):
        raise NotPossible("claimed back")
    number = Reply.objects.filter(statement=statement).count() + 1
    digest = canonical.digest(_told(statement, number, given))
    reply = Reply.objects.create(statement=statement, number=number, content=digest, answered_by_id=member, at=now)
    Answer.objects.bulk_create(
        Answer(
            reply=reply, line=line, outcome=one.outcome, reason=one.reason, amount=one.amount, why=one.why.strip(),
            days=_sign(line) * sum((until - since).days for since, until in one.accepted),
            accepted=[[str(since), str(until)] for since, until in one.accepted],
        )
        for line, one in given
    )  # fmt: skip
    _count(statement, [both for both in given if both[0].kind == LineKind.DAYS])
    moved = [(line, Move.CUT, line.amount - one.amount) for line, one in given]
    moved += [(line, Move.ACCEPTED, one.amount) for line, one in given]
    last = Submission.objects.filter(statement=statement).order_by("-number")[0]
    _post(statement, last.currency, Rests.ANSWER, f"{statement.reference}!{number}", digest, moved, now)
    return reply


def _under_reclaim(statement: Statement, lines: Iterable[Line]) -> set[UUID]:
    """Which of the payer's lines give back what it claims back itself by a reclaim that isn't over. The claimant takes
    in what the payer answered."""
    back = [line for line in lines if line.amount < 0]
    if statement.side != Side.PAYER or not back:
        return set()
    rows = ReclaimLine.objects.filter(
        reclaim__side=Side.PAYER, reclaim__state__in=UNDER_WAY, line__person_id__in={line.person_id for line in back}
    )
    claimed = list(rows.values_list("line_id", "line__person_id", "days"))
    return {
        line.id for line in back for key, person, days in claimed
        if line.corrects_id == key
        or (line.person_id == person and within([(line.since, line.until)], stretches_of(days)))
    }  # fmt: skip


def _fits(line: Line, one: NewAnswer) -> None:
    """NotPossible where an answer isn't one to this line."""
    full = one.amount == line.amount
    if (one.outcome == Outcome.ACCEPTED) != full or (one.outcome == Outcome.REFUSED) != (one.amount == 0):
        raise NotPossible("amount")
    if (not full and (not one.why.strip() or one.reason not in Reason.values)) or len(one.why) > 1000:
        raise NotPossible("why")
    if (line.amount - one.amount) * _sign_of(line.amount) < 0 or one.amount * line.amount < 0:
        raise NotPossible("amount")
    if line.kind != LineKind.DAYS:
        if one.accepted:
            raise NotPossible("days")
        return
    inside = within([(line.since, line.until)], one.accepted)
    if list(one.accepted) != inside or (one.outcome == Outcome.REFUSED and one.accepted):
        raise NotPossible("days")
    days = _sign(line) * sum((until - since).days for since, until in inside)
    if abs(one.amount) > abs(days * line.rate) or (full and days != line.days):
        raise NotPossible("amount")


def _sign(line: Line) -> int:
    return -1 if line.days < 0 else 1


def _sign_of(amount: int) -> int:
    return -1 if amount < 0 else 1


def _count(statement: Statement, given: list[tuple[Line, NewAnswer]]) -> None:
    """Put the days that count now in place of those that did, person by person: what is given back first."""
    by_person: dict[UUID, list[tuple[Line, NewAnswer]]] = {}
    for line, one in given:
        by_person.setdefault(line.person_id, []).append((line, one))
    there: dict[UUID, list[Counted]] = {}
    for row in Counted.objects.filter(side=statement.side, person_id__in=by_person).order_by("since"):
        there.setdefault(row.person_id, []).append(row)
    gone: list[UUID] = []
    made: list[Counted] = []
    for person, answers in by_person.items():
        counted = there.get(person, [])
        for line, one in answers:
            if line.days < 0:
                ours = [(row.since, row.until) for row in counted if row.partner == statement.partner]
                if without(one.accepted, ours):
                    raise NotPossible("days")
                touched = [row for row in counted if within([(row.since, row.until)], one.accepted)]
                counted = [row for row in counted if row not in touched]
                counted += [
                    _counts(row, *left) for row in touched for left in without([(row.since, row.until)], one.accepted)
                ]
        for line, one in answers:
            if line.days > 0:
                if within(one.accepted, [(row.since, row.until) for row in counted]):
                    raise NotPossible("days")
                counted += [
                    Counted(
                        side=statement.side, person_id=person, partner=statement.partner, fund=statement.fund,
                        status=line.status, line=line, since=since, until=until,
                    )
                    for since, until in one.accepted
                ]  # fmt: skip
        kept = {row.id for row in counted}
        gone += [row.id for row in there.get(person, []) if row.id not in kept]
        made += [row for row in counted if row._state.adding]
    Counted.objects.filter(id__in=gone).delete()
    Counted.objects.bulk_create(made)


def _counts(row: Counted, since: date, until: date) -> Counted:
    return Counted(
        side=row.side, person_id=row.person_id, partner=row.partner, fund=row.fund, status=row.status,
        line_id=row.line_id, since=since, until=until,
    )  # fmt: skip


def _post(
    statement: Statement, currency: str, rests: Rests, reference: str, content: str,
    moved: Iterable[tuple[Line, Move, int]], now: datetime,
) -> None:  # fmt: skip
    """Post on the partner's account what moves, each amount on the window of its days."""
    entries = []
    months = (statement.until.year - statement.since.year) * 12 + statement.until.month - statement.since.month
    for line, move, amount in moved:
        if amount:
            since, until = window_of(line.since, months)
            cites = Source(rests_on=Rests.LINE, reference=reference_of(line), content=line.content)
            entries.append(
                NewEntry(
                    move=move, amount=amount, currency=currency, regime=statement.fund, since=since, until=until,
                    cites=cites,
                )
            )  # fmt: skip
    door = acting_door()
    post(
        tenant=door.the_tenant.id, by=door.the_actor, now=now, partner=statement.partner, side=Side(statement.side),
        source=Source(rests_on=rests, reference=reference, content=content), entries=entries,
    )  # fmt: skip


def _event(kind: type[Event], statement: Statement, reply: Reply, answers: Sequence[NewAnswer]) -> Event:
    payload = {
        "reply": str(reply.id), "number": reply.number, "digest": reply.content, "lines": len(answers),
        "accepted": sum(one.amount for one in answers),
    }  # fmt: skip
    return kind(subject=statement.id, payload=payload)
