"""Money is claimed back by two people, from one adult, never beyond what is booked as paid too much."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from handslag.connectors.letter import port
from handslag.domain.decisions.models import Hearing, Letter, PersonalLetter
from handslag.domain.decisions.operations import answer_hearing, decide, open_hearing, propose
from handslag.domain.decisions.operations.appeals import check_appeal, forward_appeal, lodge_appeal, note_judgment
from handslag.domain.decisions.queries import hearings_for, in_force
from handslag.domain.payments.models import Booking, Payment, Recovery
from handslag.domain.payments.operations import bank, planning, recoveries
from handslag.domain.payments.operations.account import reverse_booking
from handslag.domain.payments.operations.advances import grant_advance
from handslag.domain.payments.operations.payees import order_direct_payment
from handslag.domain.payments.operations.planning import hold_payment, resume_payment, unblock_payment
from handslag.domain.payments.operations.recoveries import (
    agree_instalments,
    book_ceded,
    book_repayment,
    decide_recovery,
    propose_recovery,
    return_recovery,
    waive_recovery,
    withdraw_recovery,
)
from handslag.domain.payments.queries import claimable_in, claimed_too_much, plan_of, postings_of, standing_of
from handslag.domain.payments.states import LineKind
from handslag.domain.tasks.models import Notice
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import Conflict, SentAlready
from handslag.jobs.letters import letter_from, personal_letter_from
from handslag.kernel.ids import uuid7
from handslag.rules.se.recovery import section_on
from tests.domain.test_corrections import _as_web, _bookings, _holds, _payments, _tasks, _told, _verified
from tests.office import TEST, Folder, Office, landlord, refused

REASONS = "Lönen i mars stod inte i ansökan, och vi räknade utan den."


def paid_too_much(office: Office) -> Folder:
    """6 550 kr have left for a month that is decided with 6 000 now."""
    folder = office.case()
    folder.applied()
    folder.decided()
    office.sent()
    folder.changed(600_000, "37.3")
    return folder


def told_of(folder: Folder, **more: Any) -> dict[str, Any]:
    """What proposes to claim the 550 kr."""
    basis = section_on("misinformed", folder.office.today).section
    return {
        **folder.office.act("hanna"), "case": folder.case.id, "person": folder.citizens[0].id, "ground": "misinformed",
        "legal_basis": basis, "amounts": {folder.period().id: 550_00}, "reasons": REASONS, "language": "sv",
        "unheard": "Hon har själv bett oss att räkna om.", **more,
    }  # fmt: skip


def _claimed(folder: Folder) -> Recovery:
    """Proposed by Hanna, decided by Bo."""
    row = propose_recovery(**told_of(folder))
    return decide_recovery(**folder.office.act("bo"), recovery=row.id, version=row.version)


def test_a_claim_has_its_ground_its_reasons_its_hearing_and_two_people(office: Office, connect: Any) -> None:
    folder = paid_too_much(office)
    person, period = folder.citizens[0], folder.period().id
    told = told_of(folder)
    with pytest.raises(Hidden):
        propose_recovery(**{**told, "person": office.case(("Eva", "Ek", "19700101")).citizens[0].id})
    with pytest.raises(Hidden):  # a job proposes nothing
        propose_recovery(**{**told, **office.by(system("nightly"))})
    refused("recovery ground", propose_recovery, **{**told, "ground": "because"})
    refused("section", propose_recovery, **{**told, "legal_basis": " 9 "})
    refused("amount", propose_recovery, **{**told, "amounts": {}})
    refused("amount", propose_recovery, **{**told, "amounts": {period: 0}})
    refused("beyond paid", propose_recovery, **{**told, "amounts": {period: 550_01}})
    refused("reasons", propose_recovery, **{**told, "reasons": "Fel"})
    refused("reasons", propose_recovery, **{**told, "reasons": "aa bb"})
    refused("not heard", propose_recovery, **{**told, "unheard": ""})
    later = office.today + timedelta(days=14)
    about = "Vi överväger att begära tillbaka 550 kr."
    (hers,) = open_hearing(**office.act("hanna"), period=period, about=about, answer_by=later)
    refused("not heard", propose_recovery, **{**told, "unheard": ""})  # she still has time
    row = propose_recovery(**told)
    assert (row.unheard, row.state) == (told["unheard"], "proposed")
    refused("proposed", propose_recovery, **told)
    here = {"recovery": row.id, "version": row.version}
    refused("delegation", decide_recovery, **office.act("hanna"), **here)
    with pytest.raises(Conflict):
        decide_recovery(**office.act("bo"), **{**here, "version": 9})
    refused("reasons", return_recovery, **office.act("bo"), **here, reason="nej")
    assert return_recovery(**office.act("bo"), **here, reason="Fråga henne först.").state == "returned"
    mine = propose_recovery(**{**told, **office.act("bo")})
    here = {"recovery": mine.id, "version": mine.version}
    refused("second pair of eyes", decide_recovery, **office.act("bo"), **here)
    alone = (
        "UPDATE payments_recovery SET state = 'decided', decided_by_id = proposed_by_id, decided_at = now(),"
        " letter_id = id"
    )
    with connect("web", autocommit=True) as web, pytest.raises(psycopg.errors.CheckViolation, match="recovery_by_two"):
        _as_web(web, mine.tenant_id, f"{alone} WHERE id = %s", mine.id)
    with pytest.raises(NotAllowed):
        withdraw_recovery(**office.act("hanna"), **here)
    withdraw_recovery(**office.act("bo"), **here)
    # so far nothing is claimed, and she is still asked
    with acting(office.slug, TEST, "look"):
        assert claimable_in(folder.case.id) == {period: 550_00}
        assert not Booking.objects.filter(case=folder.case, kind="claim").exists()
        assert [one.id for one in hearings_for(person.id, [folder.case.id])] == [hers.id]
    decided = _claimed(folder)
    assert decided.state == "decided" and decided.court_until is not None
    with acting(office.slug, TEST, "look"):
        assert claimable_in(folder.case.id) == {}
        assert hearings_for(person.id, [folder.case.id]) == [] and Hearing.objects.get(id=hers.id).closed_at
        letter = PersonalLetter.objects.get(id=decided.letter_id)
        assert (letter.person_id, letter.content["amount"]) == (person.id, 550_00)
        assert letter.content["lines"][0]["amount"] == 550_00 and letter.content["parts"][1] == ["reasons", REASONS]
        assert letter.content["delegation"] and decided.number in letter.content["parts"][2][1]
        assert Notice.objects.filter(kind="decision", person_id=person.id).count() == 0  # no e-mail: told by letter
    assert _tasks(folder, "claimed beyond paid") == 0
    refused("beyond paid", propose_recovery, **told_of(folder))  # not claimed twice


def test_a_claim_waits_while_a_decision_on_its_month_is_appealed(office: Office) -> None:
    folder = paid_too_much(office)
    with acting(office.slug, TEST, "look"):
        last = in_force(folder.period().id)
    assert last is not None
    row = propose_recovery(**told_of(folder))
    appeal: dict[str, Any] = {"appeal": uuid7(), "decision": last.id, "text": "Lönen var inte min.", "files": []}
    lodged = lodge_appeal(**office.by(folder.citizens[0]), **appeal)
    refused("appeal runs", decide_recovery, **office.act("bo"), recovery=row.id, version=row.version)
    with acting(office.slug, TEST, "look"):
        assert not Booking.objects.filter(case=folder.case, kind="claim").exists()
    # once the court has decided, the claim goes on as it stands
    seen = {"version": lodged.version, "finding": "in time", "told_on": None, "why": ""}
    checked = check_appeal(**office.act("hanna"), appeal=lodged.id, **seen)
    gone = forward_appeal(**office.act("hanna"), appeal=checked.id, version=checked.version)
    refused("appeal runs", decide_recovery, **office.act("bo"), recovery=row.id, version=row.version)
    judged = {"judgment": "Överklagandet avslås.", "judged_on": office.today}
    note_judgment(**office.act("hanna"), appeal=gone.id, version=gone.version, **judged)
    assert decide_recovery(**office.act("bo"), recovery=row.id, version=row.version).state == "decided"


def test_a_claim_waits_for_whom_it_was_asked_about_since_it_was_proposed(office: Office) -> None:
    folder = paid_too_much(office)
    row = propose_recovery(**told_of(folder))
    office.now += timedelta(minutes=1)
    (hers,) = open_hearing(
        **office.act("hanna"), period=folder.period().id, about="Vi överväger att begära tillbaka 550 kr.",
        answer_by=office.today + timedelta(days=14),
    )  # fmt: skip
    here = {"recovery": row.id, "version": row.version}
    refused("not heard", decide_recovery, **office.act("bo"), **here)
    answer_hearing(**office.by(folder.citizens[0]), hearing=hers.id, answer="Jag har inte pengarna kvar.")
    assert decide_recovery(**office.act("bo"), **here).state == "decided"


def test_what_is_claimed_is_paid_in_parts_given_up_and_booked_to_the_ore(office: Office, database: Any) -> None:
    folder = paid_too_much(office)
    row = _claimed(folder)
    assert _bookings(folder)[-1] == ("aterkrav", 550_00)
    hanna = {**office.act("hanna"), "recovery": row.id}
    plan = {"monthly": 100_00, "first_on": office.today, "agreed": "Per telefon med Petra i dag."}
    refused("amount", agree_instalments, **hanna, **{**plan, "monthly": 0})
    refused("more than claimed", agree_instalments, **hanna, **{**plan, "monthly": 600_00})
    refused("agreed", agree_instalments, **hanna, **{**plan, "agreed": "ja"})
    refused("past day", agree_instalments, **hanna, **{**plan, "first_on": office.today - timedelta(days=1)})
    agree_instalments(**hanna, **plan)
    refused("amount", book_repayment, **hanna, amount=0, source="avi 1")
    refused("source", book_repayment, **hanna, amount=100_00, source=" ")
    refused("more than claimed", book_repayment, **hanna, amount=550_01, source="avi 1")
    (wrong,) = book_repayment(**hanna, amount=150_00, source="avi 1")
    reverse_booking(**office.act("hanna"), booking=wrong.id, reason="fel person")
    once = {"amount": 100_00, "source": "avi 2", "key": uuid7()}
    book_repayment(**hanna, **once)
    refused("sent already", book_repayment, **hanna, **once)  # the same form once more
    bo = {**office.act("bo"), "recovery": row.id}
    refused("delegation", waive_recovery, **hanna, amount=50_00, reasons=REASONS)
    refused("reasons", waive_recovery, **bo, amount=50_00, reasons="nej")
    refused("more than claimed", waive_recovery, **bo, amount=450_01, reasons=REASONS)
    once = {"amount": 50_00, "reasons": "Hon har inget kvar efter hyran.", "key": uuid7()}
    waive_recovery(**bo, **once)
    refused("sent already", waive_recovery, **bo, **once)
    with acting(office.slug, TEST, "look"):
        standing = standing_of(row)
        assert (standing.claimed, standing.waived, standing.paid, standing.open) == (550_00, 50_00, 100_00, 400_00)
        found = plan_of(row)
        assert found is not None and found.monthly == 100_00
        claim = Booking.objects.filter(case=folder.case, kind="claim").order_by("booked_at", "id").last()
        assert claim is not None and claim.amount == 500_00
        # money that goes to her is not touched
        assert [p.amount for p in Payment.objects.filter(case=folder.case)] == [655_000]
        posted = postings_of(office.today, office.now + timedelta(days=1)).entries
        between = [(e.debit[0], e.credit[0], e.amount) for e in posted if "fordran" in (e.debit[0], e.credit[0])]
        assert sorted(between) == [
            ("aterkrav", "fordran", 550_00), ("bank", "fordran", 100_00), ("bank", "fordran", 150_00),
            ("fordran", "aterkrav", 500_00), ("fordran", "aterkrav", 550_00), ("fordran", "bank", 150_00),
        ]  # fmt: skip
    refused("claim", reverse_booking, **office.act("hanna"), booking=claim.id, reason="nej")
    with _verified(database, office) as report:
        assert report.findings == [], report.to_text()
    waive_recovery(**bo, amount=400_00, reasons="Hon har inget kvar efter hyran.")
    with acting(office.slug, TEST, "look"):
        assert standing_of(row).open == 0 and claimable_in(folder.case.id) == {}  # given up is given up
    refused("more than claimed", book_repayment, **hanna, amount=1, source="avi 3")
    with _verified(database, office) as report:
        assert report.findings == [], report.to_text()


def test_where_a_later_decision_takes_the_ground_away_a_person_is_asked(office: Office, database: Any) -> None:
    folder = paid_too_much(office)
    row = _claimed(folder)
    folder.changed(640_000, "37")
    with acting(office.slug, TEST, "look"):
        assert claimed_too_much(folder.case.id) == {folder.period().id: 400_00}
        assert standing_of(row).open == 550_00  # nothing happens by itself
    assert _tasks(folder, "claimed beyond paid") == 1
    waive_recovery(**office.act("bo"), recovery=row.id, amount=400_00, reasons="Beslutet är ändrat till hennes fördel.")
    with acting(office.slug, TEST, "look"):
        assert claimed_too_much(folder.case.id) == {}
    with _verified(database, office) as report:
        assert report.findings == [], report.to_text()


def paid_too_much_by_two(office: Office) -> tuple[Folder, int]:
    """A couple's month for which more has left than is decided now, and how much more."""
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))
    folder.applied()
    first = folder.decided()
    office.sent()
    income = {"code": "ACTIVITY_SUPPORT", "gross": 660_000, "source": "evidence"}
    sheet = folder.assessed(incomes=[income])
    told = {"sheet": sheet.id, "reasons": REASONS, "language": "sv", "ground": "37.3", "unheard": "De har bett om det."}
    proposal = propose(**office.act("hanna"), **told)
    decide(**office.act("bo"), decision=proposal.id, version=proposal.version)
    return folder, first.amount - sheet.granted


def test_of_a_couple_only_the_one_it_is_claimed_from_gets_the_letter(office: Office) -> None:
    folder, over = paid_too_much_by_two(office)
    told = told_of(folder, person=folder.citizens[1].id, amounts={folder.period().id: over})
    row = propose_recovery(**told)
    decided = decide_recovery(**office.act("bo"), recovery=row.id, version=row.version)
    with acting(office.slug, TEST, "look"):
        letter = PersonalLetter.objects.get(id=decided.letter_id)
    assert letter.person_id == folder.citizens[1].id
    assert port.for_tenant().letter(personal_letter_from(letter.content)).pages == 1
    assert letter.content["recipient"][0] == "Yusuf Åberg" and "Amina" not in str(letter.content)


def test_only_what_the_decision_said_beforehand_is_claimed_and_a_ceded_benefit_is_booked(
    office: Office, database: Any
) -> None:
    plain = office.case(("Eva", "Ek", "19700101"))
    plain.applied()
    plain.decided()
    folder = office.case()
    folder.applied()
    told = {"sheet": folder.assessed().id, "language": "sv", "reasons": "Förskott på sjukpenning som du väntar på."}
    refused("repayable", propose, **office.act("hanna"), **told, repayable="always")
    refused("reasons", propose, **office.act("hanna"), **{**told, "reasons": ""}, repayable="benefit")
    proposal = propose(**office.act("hanna"), **told, repayable="benefit")
    first = decide(**office.act("bo"), decision=proposal.id, version=proposal.version)
    with acting(office.slug, TEST, "look"):
        content = Letter.objects.get(decision=first).content
    assert content["repayable"].startswith("Biståndet är ett förskott")
    assert "Du kan behöva betala tillbaka" in [part.heading for part in letter_from(content).paragraphs]
    period = folder.period().id
    claim = told_of(folder, ground="benefit", amounts={period: 100_00})
    refused("beyond paid", propose_recovery, **claim)  # nothing has left yet
    ceded = {**office.act("hanna"), "case": folder.case.id, "period": period, "source": "LEFI, kod SOC"}
    ceded |= {"authority": "Försäkringskassan", "amount": 155_000}
    refused("beyond granted", book_ceded, **ceded)
    office.sent()
    elsewhere = {**ceded, "case": plain.case.id, "period": plain.period().id}
    refused("not an advance", book_ceded, **elsewhere)
    refused("not an advance", book_ceded, **{**ceded, "case": plain.case.id})
    refused("amount", book_ceded, **{**ceded, "amount": 0})
    refused("counterparty", book_ceded, **{**ceded, "authority": " "})
    refused("beyond granted", book_ceded, **{**ceded, "amount": 655_001})
    key = uuid7()
    booked = book_ceded(**ceded, key=key)
    with pytest.raises(SentAlready):
        book_ceded(**ceded, key=key)
    assert (booked.kind, booked.account_code, booked.counterparty) == ("income", "avstadd", "Försäkringskassan")
    # a condition isn't put on what was granted without, and not another one
    sheet = plain.amounting(700_000)
    later = {"sheet": sheet.id, "language": "sv", "reasons": REASONS, "ground": "37"}
    refused("repayable", propose, **office.act("hanna"), **later, repayable="benefit")
    refused("beyond paid", propose_recovery, **told_of(plain, ground="benefit", amounts={plain.period().id: 1_00}))
    # what came in from the authority isn't claimed from her
    refused("beyond paid", propose_recovery, **{**claim, "amounts": {period: 500_001}})
    refused("beyond paid", propose_recovery, **{**claim, "ground": "condition"})
    row = propose_recovery(**{**claim, "amounts": {period: 500_000}})
    decide_recovery(**office.act("bo"), recovery=row.id, version=row.version)
    refused("beyond granted", book_ceded, **{**ceded, "amount": 1})
    with _verified(database, office) as report:
        assert report.findings == [], report.to_text()


def advanced_on_benefit(office: Office) -> Folder:
    """6 550 kr have left as an advance on a benefit, and the decision says so."""
    folder = office.case()
    folder.applied()
    _decided_on_benefit(folder, folder.assessed(), reasons="Förskott på sjukpenning som du väntar på.")
    office.sent()
    return folder


def _decided_on_benefit(folder: Folder, sheet: Any, **more: Any) -> None:
    told = {"sheet": sheet.id, "language": "sv", "reasons": REASONS, "repayable": "benefit", **more}
    proposal = propose(**folder.office.act("hanna"), **told)
    decide(**folder.office.act("bo"), decision=proposal.id, version=proposal.version)


def _less_on_benefit(folder: Folder, granted: int) -> None:
    told = {"ground": "37.3", "unheard": "Felet är uppenbart och rör en enda siffra."}
    _decided_on_benefit(folder, folder.amounting(granted), **told)


def _left_to_claim(folder: Folder, ground: str = "misinformed") -> int:
    with acting(folder.office.slug, TEST, "look"):
        return claimable_in(folder.case.id, ground).get(folder.period().id, 0)


def _broken(folder: Folder, database: Any) -> str:
    with _verified(database, folder.office) as report:
        return report.to_text() if report.findings else ""


def test_what_an_authority_has_paid_in_her_place_is_not_claimed_from_her(
    office: Office, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = advanced_on_benefit(office)
    period = folder.period().id
    ceded = {"case": folder.case.id, "period": period, "authority": "Försäkringskassan", "source": "LEFI, kod SOC"}
    book_ceded(**office.act("hanna"), **ceded, amount=400_000)
    _less_on_benefit(folder, 100_000)
    # 6 550 kr paid, 1 000 kr granted, 4 000 kr came in: 1 550 kr
    assert (_left_to_claim(folder), _left_to_claim(folder, "benefit")) == (155_000, 0)
    refused("beyond paid", propose_recovery, **told_of(folder, amounts={period: 155_001}))
    row = propose_recovery(**told_of(folder, amounts={period: 155_000}))
    decide_recovery(**office.act("bo"), recovery=row.id, version=row.version)
    assert (_left_to_claim(folder), _tasks(folder, "claimed beyond paid"), _broken(folder, database)) == (0, 0, "")
    # as it was before: `verify` finds what was claimed of what had come in
    monkeypatch.setattr(recoveries, "claimable_in", lambda case, ground: {period: 400_000})
    row = propose_recovery(**told_of(folder, amounts={period: 400_000}))
    decide_recovery(**office.act("bo"), recovery=row.id, version=row.version)
    assert "955000 are claimed or came in, 655000 were paid" in _broken(folder, database)


def test_the_same_money_is_not_claimed_on_two_grounds(
    office: Office, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = advanced_on_benefit(office)
    period = folder.period().id
    row = propose_recovery(**told_of(folder, ground="benefit", amounts={period: 655_000}))
    decide_recovery(**office.act("bo"), recovery=row.id, version=row.version)
    book_repayment(**office.act("hanna"), recovery=row.id, amount=655_000, source="avi 1")
    _less_on_benefit(folder, 300_000)
    with acting(office.slug, TEST, "look"):
        assert claimed_too_much(folder.case.id) == {}  # 3 000 kr as an advance, 3 550 kr beyond it
    assert (_left_to_claim(folder), _left_to_claim(folder, "benefit")) == (0, 0)
    refused("beyond paid", propose_recovery, **told_of(folder, amounts={period: 1}))
    assert _broken(folder, database) == ""
    monkeypatch.setattr(recoveries, "claimable_in", lambda case, ground: {period: 355_000})
    row = propose_recovery(**told_of(folder, amounts={period: 355_000}))
    decide_recovery(**office.act("bo"), recovery=row.id, version=row.version)
    assert "1010000 are claimed or came in, 655000 were paid" in _broken(folder, database)


def test_each_ground_has_what_the_other_leaves(office: Office, database: Any) -> None:
    folder = advanced_on_benefit(office)
    period = folder.period().id
    _less_on_benefit(folder, 600_000)
    assert (_left_to_claim(folder), _left_to_claim(folder, "benefit")) == (55_000, 600_000)
    row = propose_recovery(**told_of(folder, ground="benefit", amounts={period: 200_000}))
    decide_recovery(**office.act("bo"), recovery=row.id, version=row.version)
    assert (_left_to_claim(folder), _left_to_claim(folder, "benefit")) == (55_000, 400_000)
    _claimed(folder)
    ceded = {"case": folder.case.id, "period": period, "authority": "Försäkringskassan", "source": "LEFI, kod SOC"}
    book_ceded(**office.act("hanna"), **ceded, amount=400_000)
    with acting(office.slug, TEST, "look"):
        assert claimed_too_much(folder.case.id) == {}
    assert (_left_to_claim(folder), _left_to_claim(folder, "benefit"), _broken(folder, database)) == (0, 0, "")


def test_what_she_has_paid_back_goes_to_her_where_it_is_granted_after_all(office: Office, database: Any) -> None:
    folder = office.case()
    folder.applied()
    folder.decided()
    office.sent()
    folder.changed(100_000, "37.3")
    period = folder.period().id
    row = propose_recovery(**told_of(folder, amounts={period: 555_000}))
    decide_recovery(**office.act("bo"), recovery=row.id, version=row.version)
    hanna = {**office.act("hanna"), "recovery": row.id}
    book_repayment(**hanna, amount=200_000, source="avi 1")
    folder.changed(655_000, "37")
    # 6 550 kr granted; 6 550 kr have left, 2 000 kr are back: 2 000 kr are planned
    assert [(p.amount, p.state) for p in _payments(folder)] == [(655_000, "sent"), (200_000, "planned")]
    _holds(folder, 655_000)
    with acting(office.slug, TEST, "look"):
        assert claimed_too_much(folder.case.id) == {period: 355_000}
    assert (_tasks(folder, "claimed beyond paid"), _tasks(folder, "paid beyond decision")) == (1, 1)
    refused("more than claimed", book_repayment, **hanna, amount=1, source="avi 2")  # it would be hers
    waive_recovery(**office.act("bo"), recovery=row.id, amount=355_000, reasons="Beslutet är ändrat.")
    assert _broken(folder, database) == ""
    # less again before it has left: it is stopped, and what she has paid back isn't claimed anew
    folder.changed(100_000, "37.3")
    assert [(p.amount, p.state) for p in _payments(folder)] == [(655_000, "sent"), (200_000, "stopped")]
    _holds(folder, 100_000)
    assert (_left_to_claim(folder), _broken(folder, database)) == (0, "")
    folder.changed(455_000, "37")  # 2 000 kr of it are back
    assert [p.state for p in _payments(folder)] == ["sent", "stopped"]
    folder.changed(500_000, "37")
    assert [(p.amount, p.state) for p in _payments(folder)][2:] == [(45_000, "planned")]
    office.sent()
    folder.changed(655_000, "37")
    assert sum(p.amount for p in _payments(folder) if p.state != "stopped") == 655_000 + 200_000
    _holds(folder, 655_000)
    assert _broken(folder, database) == ""


def test_what_was_paid_back_on_a_condition_goes_to_her_where_that_is_dropped(
    office: Office, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = advanced_on_benefit(office)
    period = folder.period().id
    row = propose_recovery(**told_of(folder, ground="benefit", amounts={period: 155_000}))
    decide_recovery(**office.act("bo"), recovery=row.id, version=row.version)
    book_repayment(**office.act("hanna"), recovery=row.id, amount=155_000, source="avi 1")
    ceded = {"case": folder.case.id, "period": period, "authority": "Försäkringskassan", "source": "LEFI, kod SOC"}
    book_ceded(**office.act("hanna"), **ceded, amount=400_000)
    _decided_on_benefit(folder, folder.amounting(700_000), ground="37")
    # still an advance: 7 000 kr granted, 6 550 kr have left
    assert [(p.amount, p.state) for p in _payments(folder)] == [(655_000, "sent"), (45_000, "planned")]
    assert _broken(folder, database) == ""
    with monkeypatch.context() as before:
        before.setattr(planning, "came_back", lambda decision: 0)
        folder.changed(700_000 - 100, "37.3")
        assert "555000 were paid back, 0 stand as paid beyond the decision" in _broken(folder, database)
    folder.changed(700_000, "37")
    # 7 000 kr are hers; 6 550 kr have left, 1 550 kr and 4 000 kr have come in
    assert sum(p.amount for p in _payments(folder) if p.state == "planned") == 45_000 + 155_000 + 400_000
    _holds(folder, 700_000)
    with acting(office.slug, TEST, "look"):
        assert claimed_too_much(folder.case.id) == {}
    assert _broken(folder, database) == ""


def _repaid(folder: Folder, amount: int, ground: str = "misinformed", claimed: int = 0) -> Recovery:
    """So much is claimed, and so much of it paid back (minor units)."""
    row = propose_recovery(**told_of(folder, ground=ground, amounts={folder.period().id: claimed or amount}))
    row = decide_recovery(**folder.office.act("bo"), recovery=row.id, version=row.version)
    book_repayment(**folder.office.act("hanna"), recovery=row.id, amount=amount, source="avi 1")
    return row


def _sent_beyond(office: Office, *folders: Folder) -> None:
    """What was decided has left for all of them in one run, and 1 000 kr are right."""
    for each in folders:
        each.applied()
        each.decided()
    office.sent()
    for each in folders:
        each.changed(100_000, "37.3")


def _waiting(folder: Folder) -> list[tuple[int, str]]:
    return [(p.amount, p.state) for p in _payments(folder) if p.state in ("planned", "blocked")]


@pytest.mark.parametrize("kind", [LineKind.RETURNED, LineKind.REJECTED])
def test_what_she_has_paid_back_of_a_payment_that_reached_nobody_is_hers(
    office: Office, database: Any, kind: LineKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    couple, over = paid_too_much_by_two(office)
    folder, missed = office.case(), office.case(("Mia", "Moe", "19800101"))
    _sent_beyond(office, folder, missed)
    row = _repaid(folder, 455_000, claimed=555_000)
    _repaid(missed, 555_000)
    for each in (folder, couple):
        _told(office, _payments(each)[0], kind)
    # 1 000 kr are granted, 4 550 kr she has paid back of what she never got; 1 000 kr are claimed without a ground
    assert _waiting(folder) == [(555_000, "blocked")]
    assert _waiting(couple) == [(_payments(couple)[0].amount - over, "blocked")]
    with acting(office.slug, TEST, "look"):
        assert claimed_too_much(folder.case.id) == {folder.period().id: 100_000}
    assert _tasks(folder, "claimed beyond paid") == 1
    waive_recovery(**office.act("bo"), recovery=row.id, amount=100_000, reasons="Pengarna kom tillbaka till oss.")
    assert (_left_to_claim(folder), _broken(folder, database)) == (0, "")
    # more, nothing and more again, while it waits: what is granted, and what she has paid back
    for granted in (655_000, 0, 300_000):
        folder.changed(granted, "37.3" if not granted else "37")
        assert _waiting(folder) == [(granted + 455_000, "blocked")]
        _holds(folder, granted)
        assert (_left_to_claim(folder), _broken(folder, database)) == (0, "")
    again = _payments(folder)[-1]
    unblock_payment(**office.act("ulla"), payment=again.id, version=again.version)
    office.sent()
    assert (_left_to_claim(folder), _broken(folder, database)) == (0, "")
    folder.changed(200_000, "37.3")
    assert (_left_to_claim(folder), _waiting(folder)) == (0, [])  # given up is given up
    # it comes back once more
    _told(office, _payments(folder)[-1], kind)
    assert _waiting(folder) == [(200_000 + 455_000, "blocked")]
    _holds(folder, 200_000)
    assert _broken(folder, database) == ""
    # as it was before: `verify` finds what she has lost, and what is planned without it
    with monkeypatch.context() as before:
        before.setattr(bank, "came_back", lambda decision: 0)
        _told(office, _payments(missed)[0], kind)
        assert "555000 were paid back, 0 stand as paid beyond the decision" in _broken(folder, database)
        before.setattr(planning, "came_back", lambda decision: 700_000)
        missed.changed(200_000, "37")
        assert "700000 stand as beyond, 555000 were paid back, 700000 of it" in _broken(folder, database)


def test_what_did_not_come_in_after_all_does_not_go_out_and_what_goes_to_her_is_not_booked_away(
    office: Office, database: Any
) -> None:
    folder, advanced, missed = office.case(), advanced_on_benefit(office), office.case(("Mia", "Moe", "19800101"))
    _sent_beyond(office, folder, missed)
    for each in (folder, missed):
        _repaid(each, 200_000, claimed=555_000)
    ceded = {"case": advanced.case.id, "period": advanced.period().id, "source": "LEFI, kod SOC"}
    book_ceded(**office.act("hanna"), **ceded, authority="Försäkringskassan", amount=400_000)
    for each, given in ((folder, 200_000), (advanced, 400_000)):
        each.changed(700_000, "37")
        assert _waiting(each) == [(45_000 + given, "planned")]
        with acting(office.slug, TEST, "look"):
            (came,) = Booking.objects.filter(case=each.case, kind="income")
        wrong = {**office.act("hanna"), "booking": came.id, "reason": "fel person"}
        refused("given back", reverse_booking, **wrong)
        again = _payments(each)[-1]
        hold_payment(**office.act("hanna"), payment=again.id, version=again.version, reason="Det var inte hennes.")
        reverse_booking(**wrong)
        assert (_waiting(each), _broken(each, database)) == ([], "")
    # what she got meanwhile of the benefit is beyond the decision: a person is asked; the claim of the other stands
    assert (_left_to_claim(advanced), _tasks(advanced, "paid beyond decision")) == (400_000, 1)
    assert (_left_to_claim(folder), _tasks(folder, "paid beyond decision")) == (0, 1)
    for each in (folder, advanced):
        each.changed(699_900, "37.3")
        again = _payments(each)[-1]
        assert (again.amount, again.state) == (44_900, "held")  # what somebody has stopped stays so
        resume_payment(**office.act("hanna"), payment=again.id, version=again.version)
        _holds(each, 699_900)
        assert _broken(each, database) == ""
    # what is planned to her of what she has paid back of money that reached nobody
    _told(office, _payments(missed)[0], LineKind.RETURNED)
    assert _waiting(missed) == [(300_000, "blocked")]
    with acting(office.slug, TEST, "look"):
        countered = Booking.objects.filter(case=missed.case, reverses__isnull=False).values("reverses_id")
        beyond = Booking.objects.filter(case=missed.case, account_code="felutbetalt", reverses=None)
        (hers,) = beyond.exclude(id__in=countered)
    refused("decision", reverse_booking, **office.act("hanna"), booking=hers.id, reason="fel")
    assert (_waiting(missed), _broken(missed, database)) == ([(300_000, "blocked")], "")


def test_it_is_hers_also_where_her_landlord_or_an_advance_had_it_or_a_condition_fell_away(
    office: Office, database: Any
) -> None:
    rented, advanced, dropped = (office.case((name, "Ek", "19700101")) for name in ("Ada", "Bea", "Cia"))
    order_direct_payment(
        **office.act("hanna"), case=rented.case.id, payee=landlord(office).id, cost_code="RENT", amount=500_000,
        reference="12345674", message="", ground="önskemål", since=office.month, until=None,
    )  # fmt: skip
    told = {"month": office.month, "amount": 200_000, "reasons": "Ingen mat i huset i dag."}
    grant_advance(**office.act("bo"), case=advanced.case.id, **told)
    for each in (rented, advanced, dropped):
        each.applied()
    rented.decided()
    _decided_on_benefit(dropped, dropped.assessed())
    office.sent()
    rented.changed(100_000, "37.3")
    _repaid(rented, 555_000)
    rent, rest = _payments(rented)
    _told(office, rent, LineKind.RETURNED)
    # 1 550 kr have reached her, 5 550 kr she has paid back, 1 000 kr are hers
    assert (rest.amount, [(p.payee_name, p.amount, p.state) for p in _payments(rented)[2:]]) == (
        155_000, [("Hyresbostäder AB", 100_000, "blocked"), ("Ada Ek", 400_000, "planned")],
    )  # fmt: skip
    _holds(rented, 100_000)
    proposal = propose(
        **office.act("hanna"), sheet=advanced.amounting(50_000).id, reasons=REASONS, language="sv", unheard=REASONS
    )
    decide(**office.act("bo"), decision=proposal.id, version=proposal.version)
    _repaid(advanced, 150_000)
    advanced.changed(655_000, "37")
    assert _waiting(advanced) == [(605_000, "planned")]
    _told(office, _payments(advanced)[0], LineKind.RETURNED)
    assert _waiting(advanced) == [(605_000, "planned"), (200_000, "blocked")]
    _holds(advanced, 655_000)
    _repaid(dropped, 655_000, "benefit")
    _told(office, _payments(dropped)[0], LineKind.RETURNED)
    assert _waiting(dropped) == [(655_000, "blocked")]  # it is granted, on the condition that she met
    dropped.changed(300_000, "37.3")
    assert _waiting(dropped) == [(955_000, "blocked")]
    _holds(dropped, 300_000)
    assert _broken(rented, database) == ""
