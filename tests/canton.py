"""A canton and two municipalities that exchange assignments, for tests: each step under the role that takes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from handslag.domain.accounts.models import PaymentOrder
from handslag.domain.accounts.states import FAILED
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import seal_message
from handslag.domain.exchange.states import SETTLED
from handslag.domain.funding.models import Approval
from handslag.domain.funding.operations import decide_cost
from handslag.domain.people.models import Person
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.register.models import Contradiction
from handslag.domain.register.operations import assign
from handslag.domain.register.queries import days_stored
from handslag.domain.settlement.models import Reply, Submission
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.models import Unit
from handslag.jobs import exchange
from handslag.jobs.accounts import advise_payment, compare_account, post_provider_bill
from handslag.jobs.funding import look_at_cost, note_approval_change, note_cost_approval
from handslag.jobs.register import (
    NOTICES,
    ask_both_sides,
    look_at_case_change,
    look_at_mutation,
    note_in_register,
)
from handslag.jobs.settlement import follow_reclaim, note_reception, take_settlement, tell_decisions, tell_submission
from handslag.messages.assignment.build import Assigning, answering, assigning
from handslag.messages.assignment.message import Arrival, Assigned
from handslag.messages.assignment.notices import person_of
from handslag.messages.case_change.build import Changing, changing
from handslag.messages.case_change.build import answering as noting
from handslag.messages.case_change.message import Noted
from handslag.messages.case_notification.build import Claimed, Notifying, notifying
from handslag.messages.case_notification.build import answering as accepting
from handslag.messages.case_notification.message import Accepted
from handslag.messages.cost_approval.build import Asking as AskingCost
from handslag.messages.cost_approval.build import answering as answering_cost
from handslag.messages.cost_approval.build import asking as asking_cost
from handslag.messages.cost_approval.message import Approved
from handslag.messages.mutation.build import Telling, telling
from handslag.messages.mutation.build import answering as agreeing
from handslag.messages.mutation.message import Agreed
from handslag.messages.question.message import Person as Named
from tests.bed import Database
from tests.exchange import Pair, Side
from tests.office import TEST, Office, open_office

#: Since when everybody has her status.
BEGIN = date(2026, 1, 1)
#: Kinds of messages from which jobs follow, beside those of the register.
OTHERS = ("cost_approval", "approval_change", "provider_bill", "settlement", "reconciliation", "payment_advice",
          "reclaim")  # fmt: skip


def open_canton(database: Database, named: str = "") -> tuple[Office, Office, Office]:
    """A canton's office and two municipalities of it; `named` stands behind their names."""
    made = (
        open_office(database.connect, f"kanton{named}", "CH", kind="canton_office"),
        open_office(database.connect, f"musterwil{named}", "CH"),
        open_office(database.connect, f"beispielen{named}", "CH"),
    )
    database.close_connections()
    return made


@dataclass
class Canton:
    """A canton and two municipalities, with the clock of the first pair."""

    database: Database
    side: Side
    places: list[Side]
    pair: Pair = field(init=False)
    done: set[Any] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.pair = Pair(self.database, self.side, self.places[0], None, self.side.office.now)  # type: ignore[arg-type]

    @property
    def today(self) -> date:
        return self.pair.today

    def assigned(self, to: int, *persons: Assigned, who: str = "rut", **more: Any) -> Message:
        """Rut of the canton, or `who`, assigns these to one of the municipalities."""
        told = {
            "arrival_on": self.today, "centre": "Durchgangszentrum Musterau", "moves_from": "", "text": "",
            "answer_by": self.today + timedelta(days=7), "assessed": "", "test": False, **more,
        }  # fmt: skip
        office = self.side.office
        with acting(office.slug, office.staff[who], "assign"):
            new = assigning(
                Assigning(
                    key=uuid4(), recipient=self.places[to].address, unit=office.units["Försörjningsstöd"],
                    persons=list(persons), now=self.pair.now, **told,
                )
            )  # fmt: skip
            people = [person_of(one) for one in persons]
            return assign(**self.pair.act(self.side, who), new=new, people=people)

    def answered(self, to: int, asked: Message, *answers: Arrival) -> Message:
        """What the municipality's Hanna says."""
        place = self.places[to]
        with acting(place.office.slug, place.office.staff["hanna"], "answer"):
            row = Message.objects.get(message_id=asked.message_id)
            new = answering(key=uuid4(), asked=row, answers=list(answers))
            return seal_message(**self.pair.act(place) | {"new": new})

    def told(
        self, side: Side, to: Side, change: str, *numbers: str, on: date, who: str = "hanna", **more: Any
    ) -> Message:
        """Hanna of a side, or `who`, tells the other that something changes for these people."""
        office = side.office
        with acting(office.slug, office.staff[who], "tell"):
            new = telling(
                Telling(
                    key=uuid4(), recipient=to.address, unit=office.units["Försörjningsstöd"], change=change, on=on,
                    persons=[person_by_identifier("zemis", one).id for one in numbers], now=self.pair.now,  # type: ignore[union-attr]
                    **{"answer_by": self.today + timedelta(days=7), **more},
                )
            )  # fmt: skip
            return seal_message(**self.pair.act(side, who), new=new)

    def agreed(self, side: Side, asked: Message, *answers: Agreed, who: str = "hanna") -> Message:
        """What Hanna of a side, or `who`, says of a change that she was told."""
        with acting(side.office.slug, side.office.staff[who], "answer"):
            row = Message.objects.get(message_id=asked.message_id)
            new = agreeing(key=uuid4(), asked=row, answers=list(answers))
            return seal_message(**self.pair.act(side, who), new=new)

    def notified(self, place: Side, *numbers: str, who: str = "hanna", **more: Any) -> Message:
        """Hanna of a municipality notifies the case of these people under section 44."""
        office = place.office
        with acting(office.slug, office.staff[who], "notify"):
            told = {
                "nationality": "ER", "permit": "B-R", "residence_since": BEGIN, "supported_since": self.today,
                **{
                    name: more.pop(name)
                    for name in ("permit", "residence_since", "supported_since", "staying") if name in more
                },
            }  # fmt: skip
            new = notifying(
                Notifying(
                    key=uuid4(), recipient=self.side.address, unit=office.units["Försörjningsstöd"], now=self.pair.now,
                    persons=[Claimed(person=person_by_identifier("zemis", one).id, **told) for one in numbers],  # type: ignore[union-attr]
                    **{
                        "decided_on": self.today, "heads": len(numbers), "need": 106_100, "income": 0,
                        "answer_by": self.today + timedelta(days=14), **more,
                    },
                )
            )  # fmt: skip
            return seal_message(**self.pair.act(place, who), new=new)

    def accepted(self, asked: Message, *answers: Accepted, who: str = "hanna") -> Message:
        """What Hanna of the canton says of each person of a notified case."""
        with acting(self.side.office.slug, self.side.office.staff[who], "answer"):
            row = Message.objects.get(message_id=asked.message_id)
            new = accepting(key=uuid4(), asked=row, answers=list(answers))
            return seal_message(**self.pair.act(self.side, who), new=new)

    def changed(self, place: Side, change: str, *numbers: str, on: date, who: str = "hanna", **more: Any) -> Message:
        """Hanna of a municipality, or `who`, tells the canton that something changes in the case of these people."""
        office = place.office
        with acting(office.slug, office.staff[who], "tell"):
            new = changing(
                Changing(
                    key=uuid4(), unit=office.units["Försörjningsstöd"], change=change, on=on, now=self.pair.now,
                    persons=[person_by_identifier("zemis", one).id for one in numbers],  # type: ignore[union-attr]
                    **{"recipient": self.side.address, "answer_by": self.today + timedelta(days=14), **more},
                )
            )  # fmt: skip
            return seal_message(**self.pair.act(place, who), new=new)

    def noted(self, side: Side, asked: Message, *answers: Noted, who: str = "hanna") -> Message:
        """What Hanna of a side, or `who`, says of a change of a case."""
        with acting(side.office.slug, side.office.staff[who], "answer"):
            row = Message.objects.get(message_id=asked.message_id)
            new = noting(key=uuid4(), asked=row, answers=list(answers))
            return seal_message(**self.pair.act(side, who), new=new)

    def asked_for(self, place: Side, number: str, who: str = "hanna", to: str = "", **more: Any) -> Message:
        """Hanna of a municipality or institution asks the canton, or `to`, to approve a cost of somebody."""
        office = place.office
        with acting(office.slug, office.staff[who], "ask"):
            told = {
                "account_code": "DENTAL", "what": "Zahnsanierung", "cause": "Der Zahnarzt hält sie für nötig.",
                "since": self.today, "last_on": self.today + timedelta(days=29), "unit_price": 420_00, "quantity": 3,
                "answer_by": self.today + timedelta(days=14), **more,
            }  # fmt: skip
            new = asking_cost(
                AskingCost(
                    key=uuid4(), recipient=to or self.side.address, unit=office.units["Försörjningsstöd"],
                    person=person_by_identifier("zemis", number).id, now=self.pair.now, **told,  # type: ignore[union-attr]
                )
            )  # fmt: skip
            return seal_message(**self.pair.act(place, who), new=new)

    def decided(self, asked: Message, answer: Approved, who: str = "bo", side: Side | None = None) -> Message:
        """What Bo of the canton, or of another payer, says to a request for approval of a cost."""
        side = side or self.side
        with acting(side.office.slug, side.office.staff[who], "answer"):
            row = Message.objects.get(message_id=asked.message_id)
            new = answering_cost(key=uuid4(), asked=row, answers=[answer])
        return decide_cost(**self.pair.act(side, who), asked=row.id, new=new)

    def settle(self) -> None:
        """Everything that is on its way arrives, what it says goes into the registers and statements, and what these
        say of it too."""
        while self._carried():
            pass

    def _carried(self) -> bool:
        sides = [one for one in (self.side, *self.places) if isinstance(one, Side)]
        self.pair.later(seconds=11)
        with self.pair._role("worker"):
            for side in sides:
                exchange.hand_over_due(side.key)
        moved = False
        while self.pair.carry():
            moved = True
            with self.pair._role("worker"):
                for side in reversed(sides):
                    exchange.take_arrivals(side.key)
        return self.follows(sides) or moved

    def follows(self, sides: Sequence[Side]) -> bool:
        """The jobs that follow from what arrived and was submitted or decided, each once."""
        jobs = [(key, job) for side in sides for key, job in self._jobs(side) if key not in self.done]
        if jobs:
            with self.pair._role("worker"):
                for key, job in jobs:
                    self.done.add(key)
                    job()
        return bool(jobs)

    def _jobs(self, side: Side) -> list[tuple[Any, Callable[[], None]]]:
        tenant = side.key
        found: list[tuple[Any, Callable[[], None]]] = []
        with acting(side.office.slug, TEST, "look"):
            approvals = Approval.objects.order_by("id").values_list("id", flat=True)  # changes may wait for one
            told = Message.objects.filter(action="5", kind__in=[*NOTICES, *OTHERS]).order_by("id")
            for row in told.only("kind", "direction", "transport", "business", "code", "due_on"):
                key, comes = str(row.id), row.direction == "in"
                if row.kind == "settlement":
                    if comes and row.due_on is None:
                        found.append((("take", key), partial(take_settlement, tenant=tenant, message=key)))
                    elif row.due_on is None and (row.business in SETTLED or row.code == "protected"):
                        found.append((("reception", key), partial(note_reception, tenant=tenant, message=key)))
                elif row.kind in ("reconciliation", "payment_advice"):
                    if comes and row.business == "":
                        found.append((("compare", key), partial(compare_account, tenant=tenant, message=key)))
                elif row.kind == "reclaim":
                    if row.business in SETTLED or (comes and row.business == ""):
                        follows = partial(follow_reclaim, tenant=tenant, message=key)
                        found.append((("reclaim", key, row.business), follows))
                elif row.kind == "cost_approval":
                    if comes and row.business == "":
                        found.append((("look", key), partial(look_at_cost, tenant=tenant, message=key)))
                    if row.business in ("accepted", "accepted with changes"):
                        found.append((("note", key), partial(note_cost_approval, tenant=tenant, message=key)))
                elif row.kind == "provider_bill":
                    if row.business == "accepted":
                        found.append((("post", key), partial(post_provider_bill, tenant=tenant, message=key)))
                elif row.kind == "approval_change":
                    if row.business == ("" if comes else "accepted"):
                        key_of = ("change", key, tuple(approvals)) if comes else ("change", key)
                        found.append((key_of, partial(note_approval_change, tenant=tenant, message=key)))
                elif row.transport in ("", "delivered"):
                    look = {"mutation": look_at_mutation, "case_change": look_at_case_change}.get(row.kind)
                    if comes and look is not None and row.business == "":
                        found.append((("look", key), partial(look, tenant=tenant, message=key)))
                    if row.business in SETTLED:
                        found.append((("note", key), partial(note_in_register, tenant=tenant, message=key)))
            unit = str(Unit.objects.order_by("id").values_list("id", flat=True)[0])
            for one in Contradiction.objects.order_by("id"):
                asking = partial(ask_both_sides, tenant=tenant, contradiction=str(one.id), unit=unit)
                found.append(((one.person_id, one.what, one.since, *one.values), asking))
            for order in PaymentOrder.objects.filter(state__in=["sent", *FAILED]).order_by("id"):
                found.append(((order.id, order.state), partial(advise_payment, tenant=tenant, order=str(order.id))))
            for sent in Submission.objects.filter(statement__side="claimant").order_by("id"):
                found.append((sent.id, partial(tell_submission, tenant=tenant, submission=str(sent.id))))
            for reply in Reply.objects.filter(statement__side="payer").order_by("id"):
                found.append((reply.id, partial(tell_decisions, tenant=tenant, reply=str(reply.id))))
        return found

    def person(self, number: str, side: Side | None = None) -> Person:
        with acting((side or self.side).office.slug, TEST, "look"):
            found = person_by_identifier("zemis", number)
        assert found is not None
        return found

    def days(self, number: str, side: Side | None = None) -> tuple[list[Any], list[Any], list[Any]]:
        """Her days as the register of a side has them."""
        side = side or self.side
        key = self.person(number, side).id
        with acting(side.office.slug, TEST, "look"):
            where, status, opened = days_stored(key)
        return (
            [(row.since, row.until, row.municipality, row.payer) for row in where],
            [(row.since, row.until, row.status) for row in status],
            [(row.what, row.since, row.until, row.values) for row in opened],
        )


def somebody(number: int = 1, **more: Any) -> Assigned:
    """An asylum seeker with a number of her own."""
    named = Named(
        identifier_type="zemis", identifier=f"{uuid4().int % 10**10}.0", given_name="Lemlem", family_name="Haile"
    )
    told = {
        "role": "adult", "status": "N", "status_since": BEGIN, "entry_on": BEGIN, "quota_credit": True, "person": named,
        **more,
    }  # fmt: skip
    return Assigned(number=number, **told)


def arrived(canton: Canton, number: int = 1, days: int = 0) -> Arrival:
    return Arrival(number=number, arrived_on=canton.today + timedelta(days=days), accommodation="apartment")
