"""The worked quarter, A to F, for tests: what a municipality and its canton do, each wherever it is. From applications,
decisions and bookings to both sides' accounts; the clock stands at the quarter's last day, then at that of settling."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4
from xml.etree import ElementTree

import msgspec
import pytest
from django.http import QueryDict

from handslag.connectors.exchange.gate import own_file
from handslag.domain.accounts.operations import confirm_paid_to, order_payment, record_paid_to, release_payment
from handslag.domain.accounts.queries import Figures, account_of, figures_of
from handslag.domain.accounts.states import Side as Account
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.operations import open_case
from handslag.domain.decisions.operations import decide, propose
from handslag.domain.entitlement.operations import assess
from handslag.domain.entitlement.queries.swiss import budget_facts
from handslag.domain.exchange.models import Envelope, Message, Outcome
from handslag.domain.exchange.operations.partners import make_exchange_keys, register_partner
from handslag.domain.exchange.operations.sedex import connect_sedex, reach_by_sedex
from handslag.domain.exchange.wrap import key_file
from handslag.domain.intake.forms import current
from handslag.domain.intake.operations import enter_on_paper
from handslag.domain.payments.operations.account import book
from handslag.domain.payments.states import BookingKind
from handslag.domain.people.operations.persons import form_household
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.settlement.models import Statement
from handslag.domain.settlement.operations import NewAnswer, accept_clean, answer_lines, preview, review, submit
from handslag.domain.settlement.policies import regimes
from handslag.domain.settlement.states import Outcome as Decided
from handslag.domain.tenancy.door import acting
from handslag.jobs import acts, exchange, partners
from handslag.jobs.payments import fetch_bank_files, folders, hand_over_file, write_order_file
from handslag.jobs.sedex import meet_client
from handslag.kernel import clock
from handslag.kernel.months import Month
from handslag.messages.assignment.message import Arrival, Assigned
from handslag.messages.case_notification.message import Accepted
from handslag.messages.question.message import Person as Named
from handslag.web.caseworker.paper import read_answers
from tests.accounts import BANK, compared
from tests.bed import Database
from tests.canton import Canton, somebody
from tests.crossing import business
from tests.elsewhere import Peer
from tests.exchange import Side
from tests.office import TEST, Office, open_office
from tests.sedex import ANSWERER, ASKER, TYPE, Post

BEGIN, Q2, Q3 = date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1)
#: The last day of the quarter, and the one on which it is settled.
LAST, SETTLING = date(2026, 9, 30), date(2026, 10, 12)
#: What the quarter before was settled with: F for all of its days.
BEFORE = 91 * 36_00
WORKS = {
    "section_44_months": 3, "canton": "ZH", "demonstration": True,
    "application_forms": dict.fromkeys(("new", "renewal", "supplementary"), "ch.support"),
}  # fmt: skip


def _one(name: str, **more: Any) -> Assigned:
    """Somebody with the same number each time."""
    number = f"210{ord(name)}711.0"
    named = Named(identifier_type="zemis", identifier=number, given_name="Lemlem", family_name="Haile")
    return somebody(**{"person": named, **more})


def _refugee(name: str, given: str) -> Assigned:
    person = msgspec.structs.replace(_one(name).person, given_name=given, birth_on=date(1990, 5, 17))
    return _one(name, status="B-R", person=person)


#: Who is assigned, and since when each lives there.
PEOPLE = {
    "A": (_one("A", status_since=date(2026, 8, 1), entry_on=date(2026, 8, 1)), date(2026, 8, 12)),
    "B": (_one("B", status="F-A", entry_on=date(2019, 9, 15), status_since=date(2021, 2, 1)), Q3),
    "C": (_one("C", status="S"), Q3),
    "D": (_refugee("D", "Dario"), BEGIN),
    "E": (_refugee("E", "Elias"), Q3),
    "F": (_one("F"), Q2),
}
NUMBERS = {name: person.person.identifier for name, (person, _) in PEOPLE.items()}


@dataclass
class Town:
    """The municipality: the first of the places of `canton`. What it is told and what it gives can be JSON."""

    canton: Canton

    @property
    def here(self) -> Side:
        return self.canton.places[0]

    def arrived(self, asked: str, on: str) -> None:
        """Somebody who was assigned has arrived."""
        came = Arrival(number=1, arrived_on=date.fromisoformat(on), accommodation="apartment")
        self.canton.answered(0, SimpleNamespace(message_id=UUID(asked)), came)  # type: ignore[arg-type]

    def tells(self) -> list[str]:
        """C earns her living in September; the cases of D and E. Gives the messages of the cases."""
        since = date(2026, 9, 1)
        self.canton.told(self.here, self.canton.side, "earnings", NUMBERS["C"], on=since)
        dario = self._notified("D", BEGIN, date(2021, 8, 1))
        return [dario, self._notified("E", Q3, date(2016, 9, 1))]

    def _notified(self, name: str, since: date, residence: date) -> str:
        told = self.canton.notified(self.here, NUMBERS[name], supported_since=since, residence_since=residence)
        return str(told.message_id)

    def supports(self) -> list[list[int]]:
        """A bill of C's; D with a wage and a pension that is paid for earlier months; E with his family until his ten
        years. Gives what is granted to D and E by month."""
        office, act = self.here.office, self.canton.pair.act(self.here)
        carol, dario, elias = (self.canton.person(NUMBERS[name], self.here).id for name in "CDE")
        emma, eva = (
            office.person(given, "Haile", birth, account=None)[0]
            for given, birth in (("Emma", "19860302"), ("Eva", "20180403"))
        )
        month = Month(2026, 8)
        book(
            **act, case=self._case([carol], month.since).id, kind=BookingKind.EXPENSE, month=month, on=month.since,
            account_code="KVG_COPAY", counterparty="Krankenkasse Muster", amount=184_30, source="Rechnung 4711",
        )  # fmt: skip
        nobody = {"permit": "CH", "izu": 0, "reimbursed_until": None}
        reimbursed = {"permit": "B-R", "izu": 0, "reimbursed_until": "2031-08-01"}
        own = self._case([dario], BEGIN)
        granted = self._granted(
            own, [dario], {dario: reimbursed}, rent="1050",
            **{"costs-0-code": "BASIC_OTHER", "costs-0-amount": "120.00"},
            **{"incomes-0-code": "WAGE", "incomes-0-amount": "800", "incomes-0-person": str(dario)},
        )  # fmt: skip
        family = {elias: {**reimbursed, "reimbursed_until": "2026-09-01"}, emma: {**nobody, "permit": "C"}, eva: nobody}
        theirs = self._granted(
            self._case([elias, emma, eva], Q3), [elias, emma], family, rent="1500",
            **{"incomes-0-code": "WAGE", "incomes-0-amount": "1200", "incomes-0-person": str(emma)},
        )  # fmt: skip
        for number in range(1, 7):
            book(
                **act, case=own.id, kind=BookingKind.INCOME, month=Month(2026, number), on=date(2026, 8, 20),
                account_code="PENSION", counterparty="SVA Musterwil", amount=600_00, source="Verfügung IV",
                person=dario,
            )  # fmt: skip
        return [granted, theirs]

    def _case(self, people: list[UUID], since: date) -> Case:
        """The case of the first, with the second beside her and a child where there are three."""
        office, act = self.here.office, self.canton.pair.act(self.here, "rut")
        members = [(key, "child" if n == 2 else "adult") for n, key in enumerate(people)]
        home = form_household(**act, members=members, since=since)
        return open_case(
            **act, applicant=people[0], co_applicant=people[1] if len(people) > 1 else None, household=home.id,
            unit=office.units["Försörjningsstöd"], caseworker=office.members["hanna"], opened_on=since,
        )  # fmt: skip

    def _granted(self, case: Case, signed: list[UUID], permits: dict[UUID, Any], **answers: str) -> list[int]:
        """Applied for on paper for each month of the quarter, assessed, proposed by Hanna and decided by Bo."""
        here, act = self.here, self.canton.pair.act
        granted = []
        for month in (Month(2026, number) for number in (7, 8, 9)):
            form = current("ch.support")
            with acting(here.office.slug, here.office.staff["hanna"], "read"):
                told = QueryDict(urlencode({"living": "own", "household-same": "yes", **answers}))
                said = read_answers(form, told)
            enter_on_paper(
                **act(here, "rut"), case=case.id, month=month, key=uuid4(), channel="counter", language="de",
                answers=said, signed_on=signed, evidence="Ordner 3", form="ch.support",
            )  # fmt: skip
            with acting(here.office.slug, here.office.staff["hanna"], "assess"):
                period = Period.objects.get(case=case, since=month.since)
                facts = budget_facts(case, period)
            for member in facts["members"]:
                member |= permits[UUID(member["key"])]
            sheet = assess(**act(here), period=period.id, facts=facts, version=0)
            proposal = propose(**act(here), sheet=sheet.id, reasons="", language="de")
            granted.append(decide(**act(here, "bo"), decision=proposal.id, version=proposal.version).amount)
        return granted

    def submits(self, fund: str, since: str, *against: str) -> int:
        """Ulla submits what is proposed, of these people in spite of its finding; gives what it claims."""
        day, to = date.fromisoformat(since), self.canton.side.address
        with acting(self.here.office.slug, TEST, "look"):
            regime = regimes()[fund]
            seen = preview(regime, to, day)
        why = {
            seen.lines[n].content: "Der Entscheid ist angefochten." for n in seen.findings
            if seen.lines[n].identifier in against
        }  # fmt: skip
        return submit(
            **self.canton.pair.act(self.here, "ulla"), regime=regime, partner=to, since=day, against=why
        ).total  # fmt: skip

    def figures(self) -> dict[str, int]:
        """Its account of the canton."""
        return asdict(_figures(self.here, self.canton.side.address, Account.CLAIMANT))

    def from_bank(self) -> str:
        """The folder that its bank puts files into."""
        place = folders(self.here.office.slug)[1]
        place.mkdir(parents=True, exist_ok=True)
        return str(place.resolve())

    def fetches(self) -> None:
        """What its bank tells is taken in."""
        _fetched(self.canton, self.here)

    def follows(self) -> list[int]:
        """The jobs that follow from what arrived; gives how far everything is, which ends when nothing moves."""
        self.canton.follows([self.here])
        return _so_far(self.canton, self.here)

    def said(self) -> list[list[str]]:
        """Every message to and from the canton, by its name: content and digest of its copy."""
        return _copies(self.here, self.canton.side.address)


def town_of(database: Database, office: Office, canton: str) -> Town:
    """An office that is the municipality, where the canton is an address elsewhere."""
    for name, value in WORKS.items():
        set_policy(**office.by(TEST), name=name, value=value)
    there: Any = SimpleNamespace(address=canton, key=0, office=office)
    return Town(Canton(database, there, [Side(office)]))


def _figures(side: Side, partner: str, account: Account) -> Figures:
    with acting(side.office.slug, TEST, "look"):
        row = account_of(partner, account)
        assert row is not None
        return figures_of(row.id)["CHF"]


def _so_far(canton: Canton, side: Side) -> list[int]:
    return [len(canton.done), *(len(side.rows(each)) for each in (Message, Envelope, Outcome))]


def _copies(side: Side, partner: str) -> list[list[str]]:
    rows = side.rows(Message, partner=partner)
    return sorted([str(row.message_id), row.content, row.digest] for row in rows)


def _fetched(canton: Canton, side: Side) -> None:
    with pytest.MonkeyPatch.context() as patch, canton.pair._role("worker"):
        patch.setattr(acts, "tenants", lambda: [side.key])
        fetch_bank_files(timestamp=0)


# -- the canton ------------------------------------------------------------------------------------------------------


def prepared(canton: Canton, town: Any, until: Callable[[], None]) -> None:
    """A to F live there; F's quarter before is settled before it is known that F left; what C, D and E need is granted
    and booked. Then it is later, as `until` makes it."""
    here = canton.places[0]
    asked = {name: canton.assigned(0, person, arrival_on=day) for name, (person, day) in PEOPLE.items()}
    canton.settle()
    for name, told in asked.items():
        town.arrived(str(told.message_id), str(PEOPLE[name][1]))
    canton.settle()
    assert town.submits("asylum", str(Q2)) == BEFORE
    cases = town.tells()
    canton.settle()
    for case, last in zip(cases, (date(2031, 7, 31), date(2026, 8, 31)), strict=True):
        canton.accepted(SimpleNamespace(message_id=UUID(case)), Accepted(number=1, last_on=last))  # type: ignore[arg-type]
    decided(canton, "asylum", Q2, "Die Anweisung kam erst im September.")
    left = canton.assigned(1, PEOPLE["F"][0], arrival_on=date(2026, 5, 10), moves_from=here.address)
    canton.settle()
    canton.answered(1, left, Arrival(number=1, arrived_on=date(2026, 5, 10), accommodation="apartment"))
    canton.settle()
    assert town.supports() == [[1_698_00] * 3, [2_674_00] * 3]
    until()


def submitted(canton: Canton, town: Any) -> None:
    """B against the municipality's own finding, all else as proposed."""
    assert town.submits("asylum", str(Q3), NUMBERS["B"]) == 5_692_30
    assert town.submits("section 44", str(Q3)) == 3_276_67
    canton.settle()


def decided(canton: Canton, fund: str, since: date, although_late: str = "") -> None:
    """Bo accepts what is clean, and cuts the rest as proposed."""
    act = canton.pair.act(canton.side, "bo")
    with acting(canton.side.office.slug, TEST, "look"):
        statement, regime = Statement.objects.get(fund=fund, since=since), regimes()[fund]
    accept_clean(**act, regime=regime, statement=statement.id, although_late=although_late)
    with acting(canton.side.office.slug, TEST, "look"):
        found = review(regime, statement)
    if found:
        answers = [
            NewAnswer(
                line=line, outcome=Decided.CUT, reason=one.reason, accepted=one.accepted, amount=one.amount,
                why="Sieben Jahre sind um.",
            )
            for line, one in found.items()
        ]  # fmt: skip
        answer_lines(**act, statement=statement.id, answers=answers)


def accounts(canton: Canton, town: Any) -> tuple[Figures, Figures]:
    """The account of the municipality at the canton, and that of the canton there."""
    return _figures(canton.side, canton.places[0].address, Account.PAYER), Figures(**town.figures())


def equal(canton: Canton) -> bool:
    """Whether the message that compares both accounts says that they are the same."""
    return compared(canton, canton.side, canton.places[0], Account.PAYER).business == "accepted"


def paid(canton: Canton, amount: int) -> UUID:
    """Two payers of the canton pay the municipality what is open; its file goes to the bank. The order's key."""
    ulla, erik = (canton.pair.act(canton.side, who) for who in ("ulla", "erik"))
    account = {"kind": "iban", "number": "CH5604835012345678009"}
    set_policy(**canton.side.office.by(TEST), name="debtor_account", value=account)
    to = record_paid_to(**ulla, partner=canton.places[0].address, side=Account.PAYER, new=BANK)
    confirm_paid_to(**erik, details=to.id, version=1)
    order = order_payment(**ulla, account=to.account_id, currency="CHF", amount=amount)
    release_payment(**erik, order=order.id, version=1)
    write_order_file(tenant=canton.side.key, order=str(order.id))
    hand_over_file(tenant=canton.side.key, run=str(order.id))
    return order.id


def at_bank(canton: Canton, town: Any) -> None:
    """The bank takes the canton's file, and tells everything twice: the canton, and whose account it is; both take in
    what they are told."""
    to, answers = folders(canton.side.office.slug)
    answers.mkdir(parents=True, exist_ok=True)
    told = {"deliver": {BANK.iban.replace(" ", ""): town.from_bank()}, "twice": True}
    (answers / "script.json").write_text(json.dumps(told))
    command = [sys.executable, "-m", "simulators.bank", str(to), str(answers), "--once"]
    subprocess.run(command, check=True, cwd=Path(__file__).resolve().parents[1], capture_output=True, timeout=60)
    _fetched(canton, canton.side)
    town.fetches()


def closed(canton: Canton, town: Any) -> None:
    """Both accounts say the same to the cent, by themselves and by the message that compares them; the canton pays by
    two people: its file says what both quarters come to; its bank pays and tells it, that of the municipality what came
    in; both accounts are equal again, and nothing is open."""
    most = Figures(claimed=BEFORE + 8_968_97, cut=576_00, accepted=BEFORE + 8_392_97, open=BEFORE + 8_392_97)
    assert accounts(canton, town) == (most, most)
    assert equal(canton)
    order = paid(canton, BEFORE + 8_392_97)
    (file,) = folders(canton.side.office.slug)[0].glob("*.xml")
    tree = ElementTree.parse(file)
    sums = [tree.findtext(f".//{{*}}{name}") for name in ("CtrlSum", "InstdAmt", "EndToEndId")]
    assert sums == ["11668.97", "11668.97", order.hex]
    assert f"/asylum/{Q2}" in str(tree.findtext(".//{*}Ustrd"))
    least = replace(most, open=0, paid=BEFORE + 8_392_97)
    assert accounts(canton, town) == (least, most)
    canton.settle()  # the municipality is told
    at_bank(canton, town)
    assert accounts(canton, town) == (least, least)
    assert equal(canton)


def turn_to(monkeypatch: pytest.MonkeyPatch, day: date) -> str:
    """Set the clock to a morning; gives by how much it is moved."""
    moment = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    shift = str(int((moment - datetime.now(UTC)).total_seconds()))
    monkeypatch.setenv("HANDSLAG_CLOCK_SHIFT", shift)
    return shift


# -- two installations -----------------------------------------------------------------------------------------------


class Far:
    """The municipality in another installation, as the canton knows it; what it does is asked of its process."""

    def __init__(self, peer: Peer, address: str, key: int) -> None:
        self.peer, self.address, self.key = peer, address, key

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *told: self.peer.town(name, *told)


class Apart(Canton):
    """A canton whose first municipality is in another installation."""

    peer: Peer
    post: Post | None = None
    seen: Any = None

    def _carried(self) -> bool:
        """Eleven seconds later the jobs of both run, and what is between them is carried."""
        moved = super()._carried()
        with self.pair._role("worker"):
            partners.meet_all(self.side.key)
            meet_client(self.side.key)
            exchange.take_arrivals(self.side.key)
        self._brought()
        self.peer.step(11)
        self._brought()
        before, self.seen = self.seen, [_so_far(self, self.side), self.peer.town("follows")]
        return moved or self.seen != before

    def _brought(self) -> None:
        if self.post is not None:
            self.post.idle()


def apart(database: Database, peer: Peer, post: Post | None) -> Apart:
    """A canton here and a municipality there, fresh and registered with each other by their key files: the canton calls
    the other, or both are at sedex."""
    canton = open_office(database.connect, "kanton", "CH", "canton_office")
    other = open_office(database.connect, "beispielen", "CH")
    database.close_connections()
    set_policy(**canton.by(TEST), name="section_44_months", value=3)
    peer.opened("musterwil", "CH", "municipality")
    address, text, _slug = peer.keys(False)
    side, act = Side(canton), canton.by(TEST)
    make_exchange_keys(**act, signing=False)
    file, vouched_by = key_file(text)
    row = register_partner(**act, file=file, vouched_by=vouched_by, url="" if post else file.url)
    with acting(canton.slug, TEST, "keys"):
        own = own_file(clock.now())
    if post is None:
        peer.partner(own)
    else:
        connect_sedex(**act, participant=ASKER, folder=str(post.folder / "asker"))
        reach_by_sedex(**act, partner=row.id, participant=ANSWERER, message_type=TYPE)
        peer.partner(own, ASKER, ANSWERER, str(post.folder / "answerer"))
    peer.town("settles", side.address)
    far: Any = Far(peer, address, side.key)
    made = Apart(database, side, [far, Side(other)])
    made.peer, made.post = peer, post
    return made


# -- what was said ---------------------------------------------------------------------------------------------------


#: A key or digest, which is another each time.
DRAWN = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}")


def said(canton: Canton, town: Any) -> list[bytes]:
    """Every message between the two, which are the same at both ends: what it says, with numbers in the place of drawn
    keys and of what is taken over them."""
    here = _copies(canton.side, canton.places[0].address)
    assert here == town.said()
    return sorted(_undrawn(content.replace(canton.places[1].address, "beside")) for _, content, _ in here)


def _undrawn(content: str) -> bytes:
    drawn: dict[bytes, bytes] = {}
    return DRAWN.sub(lambda one: drawn.setdefault(one[0], b"%d" % len(drawn)), business(content))
