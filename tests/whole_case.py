"""A case from its first application on, in any order of what can happen to it: authorities fail, months pass, people
move in and out, applications are corrected and taken back, decisions replaced, money rejected, returned, claimed back.

Whoever acts may be refused; what is refused changes nothing, and after each step nothing is lost (`holds`).
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from handslag.domain.casefile.models import CaseWarning, Message, Period
from handslag.domain.casefile.operations import acknowledge_warning, go_on_without, move_in, move_out, send_message
from handslag.domain.decisions.models import Appeal, Decision, Hearing
from handslag.domain.decisions.operations import answer_hearing, decide, open_hearing, propose
from handslag.domain.decisions.operations.appeals import check_appeal, dismiss_appeal, forward_appeal, lodge_appeal
from handslag.domain.entitlement.models import Sheet
from handslag.domain.intake.models import Application, Draft, InboxItem, Receipt
from handslag.domain.intake.operations import withdraw_application, withdraw_draft
from handslag.domain.lookups.models import FetchedLine, LookUp, LookUpAnswer
from handslag.domain.lookups.operations import NewAnswer, NewLine, ask_authorities, record_answers
from handslag.domain.payments.models import Payee, Payment, Recovery
from handslag.domain.payments.operations.advances import grant_advance
from handslag.domain.payments.operations.other_help import decide_other_help, propose_other_help
from handslag.domain.payments.operations.payees import end_payee, order_direct_payment
from handslag.domain.payments.operations.recoveries import (
    book_ceded,
    book_repayment,
    decide_recovery,
    propose_recovery,
    waive_recovery,
)
from handslag.domain.payments.queries import claimable_in, standing_of
from handslag.domain.payments.states import LineKind
from handslag.domain.people.models import Membership
from handslag.domain.tenancy.door import Actor, acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.kernel.ids import uuid7
from handslag.kernel.months import Month
from handslag.rules.se.recovery import section_on
from tests.domain.test_corrections import _holds, _moved, _told
from tests.office import C1, TEST, Folder, landlord, open_office
from verifier import verify

#: The first day of every sequence: norms are in force until the end of its year.
FIRST = datetime(2026, 2, 3, 9, tzinfo=UTC)
ASKED = ["AF", "FK"]
REASONS = "Inkomsterna räcker enligt beräkningen."
ANSWERS: dict[str, dict[str, Any]] = {
    "as before": C1,
    "no income": {**C1, "incomes": []},
    "enough income": {**C1, "incomes": [{"code": "ACTIVITY_SUPPORT", "amount": "30 000", "note": ""}]},
    "hungry": {**C1, "message": "Jag är hungrig och har ingen mat hemma."},
}
SAID = st.sampled_from([LineKind.PAID, LineKind.PAID, LineKind.PAID, LineKind.REJECTED, LineKind.RETURNED])
#: On what condition it is granted, if on one.
CONDITION = st.sampled_from(["", "", "benefit"])
#: How far a case has come when anything may happen to it.
COME = ("opened", "begun", "applied", "corrected", "decided", "paid", "paid too much", "claimed back")
#: What every run of a few hundred sequences comes by; one that doesn't has proven nothing.
COMES_BY = {
    "applied", "on paper", "half signed", "authority answered", "decided", "decided anew", "advance", "direct payment",
    "paid", "claimed back", "written",
}  # fmt: skip


def later(act: Callable[..., None]) -> Callable[..., None]:
    """A step that is noted while its sequence is drawn. Of what Hypothesis begins to draw, more than a quarter comes to
    nothing and would be played in vain."""

    @wraps(act)
    def noted(self: WholeCase, *drawn: Any, **told: Any) -> None:
        if self.playing:
            act(self, *drawn, **told)
        else:
            self.steps.append(lambda: act(self, *drawn, **told))

    return noted


class WholeCase(RuleBasedStateMachine):
    """See the module. What it plays on is given by `machine`; each `verified`th sequence ends with the verifier."""

    database: Any
    connect: Any
    reached: Counter[str]
    verified: int

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Callable[[], None]] = []
        self.playing = False

    def teardown(self) -> None:
        """Once a sequence is drawn it is played."""
        if sys.exc_info()[0] is not None:
            return
        self.playing = True
        self.shift = os.environ.get("HANDSLAG_CLOCK_SHIFT")
        os.environ["HANDSLAG_CLOCK_SHIFT"] = str(int((FIRST - datetime.now(UTC)).total_seconds()))
        told = {"authorities_asked": ASKED, "lefi_actor": "9000"}
        self.office = open_office(self.connect, "whole", when_asked_for=True, **told)
        self.receipts: list[dict[str, str]] = []
        self.done = self.held = 0
        self.reached["sequences"] += 1
        try:
            for step in self.steps:
                step()
                self.holds()
            if self.reached["sequences"] % self.verified == 0:
                self._verified()
        finally:
            if self.shift is None:
                del os.environ["HANDSLAG_CLOCK_SHIFT"]
            else:
                os.environ["HANDSLAG_CLOCK_SHIFT"] = self.shift

    def _verified(self) -> None:
        """At the end the verifier finds nothing; deadlines of jobs, which nobody ran here, aside."""
        shown = {self.office.slug: self.receipts}
        report = verify(self.database.of_role("auditor"), tenants=[self.office.slug], at=FIRST, receipts=shown)
        assert report.errors == [], report.to_text()
        self.reached["verified"] += 1

    def look(self, model: Any, **by: Any) -> list[Any]:
        """Rows of the case, in the order in which they came."""
        with acting(self.office.slug, TEST, "look"):
            return list(model.objects.filter(**by).order_by("id"))

    def tries(self, what: str, act: Callable[[], Any]) -> Any:
        """What came of it; None where it was refused. Anything but a refusal is a fault."""
        try:
            done = act()
        except (NotPossible, Conflict, NotAllowed, Hidden) as refusal:
            self.reached[f"{what}: refused {refusal}"] += 1
            return None
        self.reached[what] += 1
        self.done += 1
        return done

    def month(self, back: int) -> Month:
        return self.office.month - back

    # ---- people ----

    @initialize(two=st.booleans(), child=st.booleans(), come=st.sampled_from(COME), condition=CONDITION, say=SAID)
    @later
    def opened(self, two: bool, child: bool, come: str, condition: str, say: LineKind) -> None:
        """A case is opened, and comes as far as its application, decision, payment, too much of it."""
        adults = (("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))[: 1 + two]
        self.folder: Folder = self.office.case(*adults, children=(("Sara", "Åberg", "20210210"),) if child else ())
        far = COME.index(come)
        if come == "begun":
            self.begins_and_leaves_it(sign=True, leave=False)
        if far >= COME.index("applied"):
            self.applies("as before")
        if come == "corrected":
            self.corrects("no income")
        if far >= COME.index("decided"):
            self.authorities_are_asked(0, set(), 0)
            self.decides(0, alone=False, condition=condition)
        if far >= COME.index("paid"):
            self.money_goes(say)
        if far >= COME.index("paid too much"):
            self.decides_anew(3_000_000, "37.3", "")
        if come == "claimed back":
            self.too_much_is_claimed_back(1, "misinformed", repaid=True)

    @rule(which=st.sampled_from(sorted(ANSWERS)))
    @later
    def applies(self, which: str) -> None:
        self._starts_over()
        self._shown(self.tries("applied", lambda: self.folder.applied(ANSWERS[which])))

    @rule(back=st.integers(0, 2))
    @later
    def applies_on_paper(self, back: int) -> None:
        self._shown(self.tries("on paper", lambda: self.folder.on_paper(self.month(back))))

    def _shown(self, receipt: Receipt | None) -> None:
        if receipt is not None:
            self.receipts.append({"number": receipt.number, "digest": receipt.digest})

    @rule(sign=st.booleans(), leave=st.booleans())
    @later
    def begins_and_leaves_it(self, sign: bool, leave: bool) -> None:
        """Of two adults one signs, and the other doesn't, or takes it back; or nobody does."""
        self._starts_over()
        draft = self.tries("begun", lambda: self.folder.draft(C1))
        if draft is not None and sign and len(self.folder.citizens) == 2:
            self.tries("half signed", lambda: self.folder.signed(draft, 0, state=str(uuid7())))
            if leave:
                by = self.office.by(self.folder.citizens[1])
                self.tries("draft withdrawn", lambda: withdraw_draft(**by, draft=draft.id))

    def _starts_over(self) -> None:
        """The applicant begins a month once; what she left is there (a page shows it), and she may throw it away."""
        for draft in self.look(Draft, case=self.folder.case, state__in=["open", "signing"]):
            by = self.office.by(Actor("citizen", draft.author_id))
            self.tries("draft withdrawn", lambda by=by, draft=draft: withdraw_draft(**by, draft=draft.id))

    @rule(which=st.sampled_from(sorted(ANSWERS)))
    @later
    def corrects(self, which: str) -> None:
        for one in self.look(Application, case=self.folder.case)[-1:]:
            answers = {"incomes": ANSWERS[which]["incomes"]}
            told = {"application": one.id, **answers}
            self._shown(self.tries("corrected", lambda told=told: self.folder.corrected(**told)))

    @rule(adults=st.integers(1, 2))
    @later
    def takes_back(self, adults: int) -> None:
        for one in self.look(Application, case=self.folder.case)[-1:]:
            for by in self.folder.citizens[:adults]:
                told = self.office.by(by) | {"application": one.id}
                self.tries("withdrawn", lambda told=told: withdraw_application(**told))

    @rule(text=st.sampled_from(["Jag är hungrig.", "När kommer pengarna?"]))
    @later
    def writes(self, text: str) -> None:
        told = {"case": self.folder.case.id, "message": uuid7(), "text": text}
        if sent := self.tries("written", lambda: send_message(**self.office.by(self.folder.citizens[0]), **told)):
            assert [one.text for one in self.look(Message, case=self.folder.case, id=sent.id)] == [text]

    @rule(days=st.sampled_from([1, 15, 31]))
    @later
    def time_passes(self, days: int) -> None:
        before = self.office.month
        if before >= Month(2026, 11):
            return
        self.office.now += timedelta(days=days)
        self.reached["another month"] += self.office.month != before

    @rule(comes=st.booleans(), role=st.sampled_from(["child", "adult"]))
    @later
    def somebody_moves(self, comes: bool, role: str) -> None:
        home = {"household": self.folder.case.household_id}
        if comes:
            who, _ = self.office.person("Nils", "Ny", "20050501", account=None)
            told = {**home, "person": who, "role": role, "since": self.office.today}
            self.tries("moved in", lambda: move_in(**self.office.act("rut"), **told))
        else:
            for one in self.look(Membership, **home, until=None, role=role)[-1:]:
                told = {**home, "person": one.person_id, "until": self.office.today}
                self.tries("moved out", lambda told=told: move_out(**self.office.act("rut"), **told))

    # ---- authorities ----

    @rule(back=st.integers(0, 1), failing=st.sets(st.sampled_from(ASKED)), amount=st.sampled_from([0, 560_000]))
    @later
    def authorities_are_asked(self, back: int, failing: set[str], amount: int) -> None:
        for period in self.look(Period, case=self.folder.case, since=self.month(back).since):
            told = self.office.act("hanna") | {"period": period.id}
            self.tries("authorities asked", lambda told=told: ask_authorities(**told))
        with acting(self.office.slug, TEST, "look"):
            answered = LookUpAnswer.objects.values("look_up_id")
            waiting = list(LookUp.objects.filter(case=self.folder.case).exclude(id__in=answered).order_by("id"))
        for asked in waiting:
            line = NewLine("SB", "Sjukpenning", asked.since, amount)
            answers = [
                NewAnswer(a, True, "SOAP", "500") if a in failing else NewAnswer(a, lines=(line,) if amount else ())
                for a in asked.authorities
            ]
            told = self.office.by(TEST) | {"look_up": asked.id, "answers": answers}
            self.tries(
                "authority failed" if failing else "authority answered", lambda told=told: record_answers(**told)
            )

    # ---- the office ----

    def _assessed(self, month: Month, **changes: Any) -> Sheet | None:
        """The month's sheet, once what stands in its way was looked at by a person."""
        if not self.look(Period, case=self.folder.case, since=month.since):
            return None
        period = self.folder.period(month).id
        sheet: Sheet | None = self.tries("assessed", lambda: self.folder.assessed(month, **changes))
        for one in self.look(CaseWarning, case=self.folder.case, period=period, kind="MISSING_SSBTEK", state="open"):
            told = {"period": period, "warnings": [one.id], "reason": "Ringde kassan: inget betalt"}
            if (
                self.tries("gone on without", lambda told=told: go_on_without(**self.office.act("hanna"), **told))
                is None
            ):
                acknowledge_warning(**self.office.act("hanna"), warning=one.id)
        return sheet

    @rule(back=st.integers(0, 1), alone=st.booleans(), condition=CONDITION)
    @later
    def decides(self, back: int, alone: bool, condition: str) -> None:
        sheet = self._assessed(self.month(back))
        if sheet is not None:
            self._decide("decided", sheet, "hanna" if alone else "bo", reasons=REASONS, repayable=condition)

    @rule(
        income=st.sampled_from([0, 300_000, 561_500, 3_000_000]),
        ground=st.sampled_from(["36", "37", "37.3", "38"]),
        condition=CONDITION,
    )
    @later
    def decides_anew(self, income: int, ground: str, condition: str) -> None:
        """The last month that is decided."""
        line = {"code": "ACTIVITY_SUPPORT", "gross": income, "source": "caseworker"}
        told = {"reasons": "Inkomsten var inlagd två gånger.", "ground": ground, "unheard": "Felet är uppenbart."}
        told["repayable"] = condition
        for one in self.look(Decision, case=self.folder.case, state__in=["decided", "served"])[-1:]:
            with acting(self.office.slug, TEST, "look"):
                month = Month.of(Period.objects.get(id=one.period_id).since)
            sheet = self._assessed(month, incomes=[line] if income else [])
            if sheet is not None:
                self._decide("decided anew", sheet, "bo", **told)

    def _decide(self, what: str, sheet: Sheet, decider: str, **told: Any) -> None:
        told = self.office.act("hanna") | {"sheet": sheet.id, "language": "sv", **told}
        proposal = self.tries(f"{what}: proposed", lambda: propose(**told))
        for one in [proposal] if proposal is not None else self.look(Decision, case=self.folder.case, state="proposed"):
            taken = {"decision": one.id, "version": one.version}
            self.tries(what, lambda taken=taken: decide(**self.office.act(decider), **taken))

    @rule(back=st.integers(0, 1), answers=st.booleans())
    @later
    def is_heard(self, back: int, answers: bool) -> None:
        for period in self.look(Period, case=self.folder.case, since=self.month(back).since):
            asked = {"about": "Lönen räknas med.", "answer_by": self.office.today + timedelta(days=14)}
            told = self.office.act("hanna") | {"period": period.id, **asked}
            self.tries("hearing opened", lambda told=told: open_hearing(**told))
        for one in self.look(Hearing, case=self.folder.case, answered_at=None) if answers else []:
            by = next(citizen for citizen in self.folder.citizens if citizen.id == one.person_id)
            told = self.office.by(by) | {"hearing": one.id, "answer": "Det stämmer."}
            self.tries("heard", lambda told=told: answer_hearing(**told))

    @rule(finding=st.sampled_from(["in time", "late", "accepted"]), told_back=st.sampled_from([0, 0, 30]))
    @later
    def appeals(self, finding: str, told_back: int) -> None:
        by = self.office.by(self.folder.citizens[0])
        for one in self.look(Decision, case=self.folder.case, state__in=["decided", "served"])[-1:]:
            told = {"appeal": uuid7(), "decision": one.id, "text": "Hyran är fel.", "files": []}
            self.tries("appealed", lambda told=told: lodge_appeal(**by, **told))
        for row in self.look(Appeal, case=self.folder.case, state="received"):
            day = self.office.today - timedelta(days=told_back)
            seen = {"appeal": row.id, "version": row.version, "finding": finding, "told_on": day, "why": "Delgavning."}
            self.tries("appeal checked", lambda seen=seen: check_appeal(**self.office.act("hanna"), **seen))
        for row in self.look(Appeal, case=self.folder.case, state__in=["timely", "late"]):
            here = {"appeal": row.id, "version": row.version}
            if row.state == "timely":
                self.tries("forwarded", lambda here=here: forward_appeal(**self.office.act("hanna"), **here))
            else:
                told = self.office.act("bo") | here | {"reasons": "Överklagandet kom in för sent."}
                self.tries("dismissed", lambda told=told: dismiss_appeal(**told))

    # ---- money ----

    @rule(back=st.integers(0, 1), amount=st.sampled_from([150_000, 5_000_01]))
    @later
    def gets_an_advance(self, back: int, amount: int) -> None:
        told = {"case": self.folder.case.id, "month": self.month(back), "amount": amount, "reasons": "Ingen mat hemma."}
        self.tries("advance", lambda: grant_advance(**self.office.act("bo"), **told))

    @rule(amount=st.sampled_from([300_000, 9_000_000]))
    @later
    def rent_goes_to_the_landlord(self, amount: int) -> None:
        told = {
            "case": self.folder.case.id, "payee": landlord(self.office).id, "cost_code": "RENT", "amount": amount,
            "reference": "12345674", "message": "", "ground": "önskemål", "since": self.office.month, "until": None,
        }  # fmt: skip
        self.tries("direct payment", lambda: order_direct_payment(**self.office.act("hanna"), **told))

    @rule(amount=st.sampled_from([0, 90_000]))
    @later
    def other_help(self, amount: int) -> None:
        told = {
            "case": self.folder.case.id, "month": self.office.month, "person": self.folder.citizens[0].id,
            "language": "sv", "purpose": "Läger i juli", "applied": 90_000, "amount": amount, "reasons": REASONS,
        }  # fmt: skip
        row = self.tries("other help: proposed", lambda: propose_other_help(**self.office.act("hanna"), **told))
        if row is not None:
            here = {"help_": row.id, "version": row.version}
            self.tries("other help", lambda: decide_other_help(**self.office.act("bo"), **here))

    @rule(steps=st.lists(
        st.sampled_from([
            "reserve", "cancel", "release", "sent", "hold", "resume", "redirect", "rejected", "returned", "unblock",
        ]),
        min_size=1, max_size=4,
    ))  # fmt: skip
    @later
    def money_moves(self, steps: list[str]) -> None:
        for step in steps:
            self.tries("money moved", lambda step=step: _moved(self.folder, step))

    @rule(say=SAID)
    @later
    def money_goes(self, say: LineKind) -> None:
        """All that can leaves, and the bank says what became of it."""
        for step in ("unblock", "reserve", "release", "sent"):
            self.tries("money moved", lambda step=step: _moved(self.folder, step))
        for one in self.look(Payment, case=self.folder.case, state="sent"):
            self.tries(say.value, lambda one=one: _told(self.office, one, say))

    @rule()
    @later
    def a_payee_ends(self) -> None:
        for one in self.look(Payee, state="confirmed")[:1]:
            told = self.office.act("rut") | {"payee": one.id, "version": one.version}
            self.tries("payee ended", lambda told=told: end_payee(**told))

    @rule(part=st.integers(1, 3))
    @later
    def a_benefit_comes_in(self, part: int) -> None:
        with acting(self.office.slug, TEST, "look"):
            claimable = claimable_in(self.folder.case.id, "benefit")
        for period, amount in claimable.items():
            told = {
                "case": self.folder.case.id, "period": period, "authority": "Försäkringskassan", "source": "LEFI",
                "amount": -(-amount // part),
            }  # fmt: skip
            self.tries("benefit came in", lambda told=told: book_ceded(**self.office.act("hanna"), **told))

    @rule(
        part=st.integers(1, 3), ground=st.sampled_from(["misinformed", "misinformed", "benefit"]), repaid=st.booleans()
    )
    @later
    def too_much_is_claimed_back(self, part: int, ground: str, repaid: bool) -> None:
        with acting(self.office.slug, TEST, "look"):
            claimable = claimable_in(self.folder.case.id, ground)
        told = {
            "case": self.folder.case.id, "person": self.folder.citizens[0].id, "ground": ground,
            "legal_basis": section_on("misinformed", self.office.today).section, "language": "sv", "reasons": REASONS,
            "amounts": {period: amount // part for period, amount in claimable.items()} or {uuid7(): 100},
            "unheard": "Hon har själv bett oss att räkna om.",
        }  # fmt: skip
        row = self.tries("claim: proposed", lambda: propose_recovery(**self.office.act("hanna"), **told))
        if row is not None:
            here = {"recovery": row.id, "version": row.version}
            self.tries("claimed back", lambda: decide_recovery(**self.office.act("bo"), **here))
        for one in self.look(Recovery, case=self.folder.case, state="decided"):
            with acting(self.office.slug, TEST, "look"):
                here = {"recovery": one.id, "amount": -(-standing_of(one).open // part) or 10_000}
            if repaid:
                told = self.office.act("hanna") | here | {"source": "inbetalning 18"}
                self.tries("repaid", lambda told=told: book_repayment(**told))
            else:
                told = self.office.act("bo") | here | {"reasons": "Hon har inget kvar efter hyran."}
                self.tries("waived", lambda told=told: waive_recovery(**told))

    # ---- what holds ----

    def holds(self) -> None:
        """Nothing is lost or paid twice (the verifier has the rest at the end)."""
        if self.held == self.done:
            return
        self.held = self.done
        case = self.folder.case
        standing: dict[UUID, int] = {}
        for decision in self.look(Decision, case=case, state__in=["decided", "served"]):
            standing[decision.period_id] = decision.amount  # the last one taken on the month
            assert decision.proposed_by_id and decision.decided_by_id, "nobody but people decides"
            if decision.outcome != "bifall" or decision.ground in ("36", "37.3"):
                assert decision.proposed_by_id != decision.decided_by_id, "never to her disadvantage by one alone"
        _holds(self.folder, sum(standing.values()))
        with acting(self.office.slug, TEST, "look"):
            accepted = list(Application.objects.filter(case=case).order_by("id"))
            receipts = Counter(Receipt.objects.filter(application__case=case).values_list("application_id", flat=True))
            assert receipts == Counter(one.id for one in accepted), "one receipt for each application"
            assert len(self.receipts) == len(accepted), "what was shown is what there is"
            items = set(InboxItem.objects.filter(application__case=case).values_list("application_id", flat=True))
            assert items == {one.id for one in accepted}, "every application is in the inbox, or was"
            homes = Membership.objects.filter(household_id=case.household_id).values_list("person_id", "since", "until")
            for person, since, until in homes:
                alike = [h for h in homes if h[0] == person and (h[1], h[2]) != (since, until)]
                assert all(h[1] >= (until or FIRST.date().max) or (h[2] or FIRST.date().max) <= since for h in alike)
            assert FetchedLine.objects.filter(period__case=case, amount__lt=0).count() == 0


def play(
    database: Any, connect: Any, reached: Counter[str], *, drawn: int, sequences: int, steps: int, verified: int
) -> None:
    """Play that many sequences, each of at most so many steps, as drawn by a seed; the first that breaks raises, cut
    down to the steps that do it. What was reached, and how often, is counted."""
    told = settings(
        max_examples=sequences, stateful_step_count=steps, deadline=None, database=None, print_blob=False,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    with connect("owner", autocommit=True) as owner:  # one for all offices: to open one takes longer than its use
        here = machine(database, lambda *_told, **_more: nullcontext(owner), reached, verified)
        run_state_machine_as_test(seed(drawn)(here), settings=told)


def machine(database: Any, connect: Any, reached: Counter[str], verified: int) -> type[WholeCase]:
    """The machine on a database; what was reached, and how often, is counted."""
    told = {"database": database, "connect": staticmethod(connect), "reached": reached, "verified": verified}
    return type("WholeCaseHere", (WholeCase,), told)
