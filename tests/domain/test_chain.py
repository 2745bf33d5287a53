"""From application to payment by the operations: what must hold at each step, and what must be refused."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from handslag.domain.audit.models import Event
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.operations import send_message
from handslag.domain.decisions.models import Decision, DecisionLine
from handslag.domain.decisions.operations import decide, letter_preview, propose, return_proposal
from handslag.domain.decisions.operations.appeals import lodge_appeal
from handslag.domain.entitlement.models import NormSet
from handslag.domain.entitlement.operations import assess
from handslag.domain.entitlement.queries import applied_facts, newest_application
from handslag.domain.intake.models import Application, Draft, Receipt, Signature
from handslag.domain.intake.operations import (
    SignedBy,
    SubmittedAlready,
    begin_signing,
    change_again,
    enter_on_paper,
    fix_for_signing,
    save_answers,
    sign,
)
from handslag.domain.payments.models import Booking, Payment, RunFile, Settlement
from handslag.domain.payments.operations import (
    book_income,
    release_run,
    reserve_run,
    reverse_booking,
)
from handslag.domain.people.operations.accounts import confirm_account_change
from handslag.domain.people.operations.persons import record_account
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.kernel import canonical
from handslag.kernel.ids import uuid7
from handslag.kernel.months import Month
from tests.office import C1, TEST, Office, refused, run_jobs


def test_a_single_person_from_application_to_payment_file(office: Office, database: Any) -> None:
    folder = office.case()
    receipt = folder.applied()
    sheet = folder.assessed()
    assert sheet.granted == 655_000  # case C1
    proposal = propose(**office.act("hanna"), sheet=sheet.id, reasons="", language="sv")
    refused("delegation", decide, **office.act("hanna"), decision=proposal.id, version=1)
    decision = decide(**office.act("bo"), decision=proposal.id, version=1)
    run = office.run()
    run_jobs(database)
    with acting(office.slug, TEST, "look"):
        application = Application.objects.get(id=receipt.application_id)
        assert receipt.body["content_digest"] == application.digest == canonical.digest(application.document)
        (line,) = DecisionLine.objects.filter(decision=decision)
        (booking,) = Booking.objects.filter(case=folder.case)
        (payment,) = Payment.objects.filter(case=folder.case)
        (settlement,) = Settlement.objects.filter(payment=payment)
        assert line.amount == booking.amount == payment.amount == settlement.amount == 655_000
        assert (booking.decision_line_id, payment.run_id, payment.state) == (line.id, run.id, "sent")
        file = RunFile.objects.get(run=run)
        assert (file.total, file.payments) == (655_000, 1)
        kinds = list(Event.objects.filter(subject_id=folder.case.id).order_by("seq").values_list("kind", flat=True))
    assert kinds == [
        "case opened", "draft opened", "application submitted", "notices queued", "period assessed",
        "decision proposed", "decision taken", "payments planned", "inbox closed", "deadline set", "notices queued",
        "document recorded", "letter rendered",
    ]  # fmt: skip


def test_a_couple_signs_the_same_digest_and_only_then_it_is_accepted(office: Office) -> None:
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))
    draft = folder.draft()
    assert folder.signed(draft, 0) is None
    with acting(office.slug, TEST, "look"):
        assert not Application.objects.filter(id=draft.id).exists()
    change_again(**office.by(folder.citizens[1]), draft=draft.id)  # the other changes something: signature void
    with acting(office.slug, TEST, "look"):
        version = Draft.objects.get(id=draft.id).version
    changed = save_answers(
        **office.by(folder.citizens[1]), draft=draft.id, version=version, part={"message": "Ny adress"}
    )
    assert folder.signed(changed, 1, state="second") is None
    with acting(office.slug, TEST, "look"):
        fixed = Draft.objects.get(id=draft.id)
    receipt = folder.signed(fixed, 0, state="first again")
    assert receipt is not None
    with acting(office.slug, TEST, "look"):
        counted = Signature.objects.filter(draft=draft, digest=receipt.body["content_digest"])
        assert {s.person_id for s in counted} == {a.id for a in folder.citizens}
        assert Signature.objects.filter(draft=draft).count() == 3


def test_whoever_goes_back_takes_her_signature_back_also_if_nothing_is_changed(office: Office) -> None:
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))
    draft = folder.draft()
    assert folder.signed(draft, 0, state="hers") is None
    change_again(**office.by(folder.citizens[0]), draft=draft.id)
    with acting(office.slug, TEST, "look"):
        opened = Draft.objects.get(id=draft.id)
    assert folder.signed(opened, 1, state="his") is None  # the same words, and not accepted by him alone
    with acting(office.slug, TEST, "look"):
        assert not Application.objects.filter(id=draft.id).exists()
        fixed = Draft.objects.get(id=draft.id)
    assert folder.signed(fixed, 0, state="hers again") is not None


def test_an_adult_who_signs_in_two_tabs_has_signed_once(office: Office) -> None:
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))
    draft = folder.draft()
    assert folder.signed(draft, 0, state="one tab") is None
    with acting(office.slug, TEST, "look"):
        fixed = Draft.objects.get(id=draft.id)
    with pytest.raises(NotPossible, match="signed already"):
        folder.signed(fixed, 0, state="another tab")
    assert folder.signed(fixed, 1, state="his") is not None


def test_a_form_on_paper_cannot_take_the_key_of_another_application(office: Office) -> None:
    folder, other = office.case(), office.case(("Kanarie", "Fågel", "19700101"))
    for month in (office.month - 3, office.month + 2, Month(1, 1)):
        with pytest.raises(NotPossible, match="month"):
            enter_on_paper(
                **office.act("rut"), key=uuid7(), case=folder.case.id, month=month, channel="paper", language="sv",
                answers=C1, signed_on=[folder.citizens[0].id], evidence="pärm 3",
            )  # fmt: skip
    told = {
        **office.act("rut"), "key": uuid7(), "month": office.month, "channel": "paper", "language": "sv",
        "answers": C1, "evidence": "pärm 3",
    }  # fmt: skip
    enter_on_paper(**told, case=other.case.id, signed_on=[other.citizens[0].id])
    with pytest.raises(NotPossible, match="key taken"):
        enter_on_paper(**told, case=folder.case.id, signed_on=[folder.citizens[0].id])


def test_a_key_that_is_the_id_of_a_foreign_row_is_a_key_like_any_other(office: Office, new_office: Any) -> None:
    theirs = new_office("canary").case(("Kanarie", "Fågel", "19700101"))
    folder, ours = office.case(), office.case(("Amina", "Åberg", "19850302"))
    draft = theirs.office.case(("Dag", "Draft", "19800101")).draft()
    folder.applied()
    decision = folder.decided()
    receipt = theirs.applied()
    foreign = {"application": receipt.application_id, "receipt": receipt.id, "draft": draft.id}
    their_decision = theirs.decided()
    keys, made = [*foreign.values(), their_decision.id, uuid7()], []
    for key in keys:
        paper = enter_on_paper(
            **office.act("rut"), key=key, case=ours.case.id, month=office.month, channel="paper", language="sv",
            answers=C1, signed_on=[ours.citizens[0].id], evidence="pärm 3",
        )  # fmt: skip
        said = {"case": folder.case.id, "message": key, "text": "Hej"}
        message = send_message(**office.by(folder.citizens[0]), **said)
        refused("sent already", send_message, **office.by(folder.citizens[0]), **said)
        appeal = lodge_appeal(
            **office.by(folder.citizens[0]), appeal=key, decision=decision.id, text="Fel hyra.", files=[]
        )
        made += [paper.application_id, message.id, appeal.id]
    assert not {*made} & {*keys}
    said = {"case": theirs.case.id, "message": made[1], "text": "Hej"}  # and back: the id of one made by a key
    assert send_message(**theirs.office.by(theirs.citizens[0]), **said).id not in (made[1], keys[0])


def test_the_accepting_operation_is_few_statements_and_one_commit(office: Office) -> None:
    folder = office.case()
    other = office.case(("Varm", "Nyckel", "19800101"))
    other.applied()  # the tenant's key is opened once per process
    draft = folder.draft()
    by = office.by(folder.citizens[0])
    draft = fix_for_signing(**by, draft=draft.id, version=draft.version)
    begin_signing(**by, draft=draft.id, state="counted")
    vouched = SignedBy("https://eid.example", "s", folder.numbers[0], "loa3", draft.shown_digest, {})
    connection.force_debug_cursor = True
    connection.queries_log.clear()
    sign(**by, state="counted", signed=vouched)
    statements = [q["sql"] for q in connection.queries_log]
    connection.force_debug_cursor = False
    counted = [s for s in statements if s.split()[0] not in ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")]
    assert statements.count("COMMIT") == 1
    # and one for the session in the request; the fifth asks whom of the staff to tell
    assert len(counted) == 5, "\n".join(counted)


def test_paper_is_the_same_application_and_a_double_click_gives_the_same_receipt(office: Office) -> None:
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))
    key, adults = uuid7(), [a.id for a in folder.citizens]
    form = {
        **office.act("rut"), "key": key, "case": folder.case.id, "month": office.month, "channel": "paper",
        "language": "sv", "signed_on": adults, "evidence": "pärm 3",
    }  # fmt: skip
    refused("signature missing", enter_on_paper, **{**form, "signed_on": adults[:1]}, answers=C1)
    alone = {"case": office.case(("Petra", "Ek", "19700101")).case.id, "signed_on": []}
    refused("signature of one missing", enter_on_paper, **{**form, **alone}, answers=C1)
    receipt = enter_on_paper(**form, answers=C1)
    with pytest.raises(SubmittedAlready) as again:
        enter_on_paper(**form, answers=C1)
    assert again.value.same
    assert again.value.receipt.id == receipt.id
    with pytest.raises(SubmittedAlready) as other:
        enter_on_paper(**form, answers={**C1, "message": "something else"})
    assert not other.value.same
    with acting(office.slug, TEST, "look"):
        assert Receipt.objects.filter(application__case_id=folder.case.id).count() == 1


def test_four_eyes_are_enforced_by_the_operation(new_office: Any) -> None:
    office = new_office(four_eyes_above=5_000_00)
    folder = office.case()
    folder.applied()
    sheet = folder.assessed()
    proposal = propose(**office.act("bo"), sheet=sheet.id, reasons="", language="sv")  # 6 550 kr: above the limit
    refused("second pair of eyes", decide, **office.act("bo"), decision=proposal.id, version=1)
    small = office.case(("Liten", "Summa", "19910101"))
    small.applied({**C1, "costs": [{"code": "RENT", "amount": "1 000", "note": ""}]})
    below = propose(**office.act("bo"), sheet=small.assessed().id, reasons="", language="sv")
    assert decide(**office.act("bo"), decision=below.id, version=1).state == "decided"
    none = office.case(("Ingen", "Rätt", "19920101"))
    none.applied({**C1, "incomes": [{"code": "PENSION", "amount": "30 000", "note": ""}]})
    sheet = none.assessed()
    refused("reasons", propose, **office.act("bo"), sheet=sheet.id, reasons="", language="sv")
    refusal = propose(**office.act("bo"), sheet=sheet.id, reasons="Inkomsterna räcker.", language="sv")
    refused("second pair of eyes", decide, **office.act("bo"), decision=refusal.id, version=1)


def test_less_than_applied_for_needs_reasons_whatever_made_it_less(office: Office) -> None:
    folder = office.case()
    folder.applied()
    with acting(office.slug, TEST, "look"):
        given = applied_facts(folder.case, folder.period(), newest_application(folder.period().id), office.today)
        incomes = given.to_json()["incomes"]
    added = {**incomes[0], "code": "DEPOSIT", "gross": 300_00, "source": "caseworker", "note": "kontoutdrag"}
    sheet = folder.assessed(incomes=[*incomes, added])  # an income that was not stated: 300 kr less
    assert sheet.granted == 625_000
    for empty in ("", "..........", "123 456 789", "nej"):
        refused("reasons", propose, **office.act("hanna"), sheet=sheet.id, reasons=empty, language="sv")
    reasons = "Insättningen den 3 november räknas som inkomst."
    unheard = "Hon skickade själv kontoutdraget."
    proposal = propose(**office.act("hanna"), sheet=sheet.id, reasons=reasons, language="sv", unheard=unheard)
    assert proposal.outcome == "delavslag"
    more = office.case(("Mer", "Stöd", "19900616"))
    more.applied()
    whole = more.assessed(incomes=[])  # an income struck out: more than applied for
    assert propose(**office.act("hanna"), sheet=whole.id, reasons="", language="sv").outcome == "bifall"


def test_a_number_names_one_thing_only(office: Office) -> None:
    numbers: list[str] = []
    for n in range(3):
        folder = office.case(("Person", f"Nummer{n}", f"199{n}0303"))
        receipt, decision = folder.applied(), folder.decided()
        numbers += [folder.case.number, receipt.number, decision.number]
    numbers.append(office.run().number)
    assert len(set(numbers)) == len(numbers)


def test_the_letter_to_a_protected_person_bears_no_address(office: Office) -> None:
    folder = office.case(("Gunnar", "Zander", "19750101"), protection_level=2, address_lines=["Hemliga gatan 7"])
    key = uuid7()
    enter_on_paper(
        **office.act("bo"), key=key, case=folder.case.id, month=office.month, channel="counter", language="sv",
        answers=C1, signed_on=[folder.citizens[0].id], evidence="pärm 1",
    )  # fmt: skip
    with acting(office.slug, TEST, "look"):
        period = Period.objects.get(case=folder.case)
        facts = applied_facts(folder.case, period, newest_application(period.id), office.today).to_json()
    sheet = assess(**office.act("bo"), period=period.id, facts=facts, version=0)
    proposal = propose(**office.act("bo"), sheet=sheet.id, reasons="", language="sv")
    with acting(office.slug, TEST, "look"):
        found = Decision.objects.select_related("sheet__snapshot", "period").get(id=proposal.id)
        case = Case.objects.select_related("applicant", "co_applicant").get(id=folder.case.id)
        content = letter_preview(found, case, office.now, decider="")
    assert content["recipient"] == ["Gunnar Zander"]
    assert "Hemliga" not in str(content)


def test_a_returned_proposal_is_proposed_again_and_a_stale_sheet_is_not_decided(office: Office) -> None:
    folder = office.case()
    folder.applied()
    first = propose(**office.act("hanna"), sheet=folder.assessed().id, reasons="", language="sv")
    returned = return_proposal(**office.act("bo"), decision=first.id, version=1, reason="Hyran saknar underlag")
    assert returned.state == "returned"
    second = propose(**office.act("hanna"), sheet=folder.assessed().id, reasons="", language="sv")
    folder.assessed()  # a newer sheet after the proposal
    refused("not the newest sheet", decide, **office.act("bo"), decision=second.id, version=1)
    with pytest.raises(Conflict):
        decide(**office.act("bo"), decision=second.id, version=7)


def test_example_norms_are_not_decided_on_outside_a_demonstration(office: Office, connect: Any) -> None:
    folder = office.case()
    folder.applied()
    sheet = folder.assessed()
    with acting(office.slug, TEST, "look"):
        norms = NormSet.objects.get(id=sheet.norm_set_id)
        assert norms.has_example is False
    body, digest = {**norms.body, "test.example": ["SEK", 1, "example"]}, "e" * 64
    with connect("owner", autocommit=True) as owner, owner.transaction():
        owner.execute("SELECT set_config('app.tenant', %s, true)", [str(norms.tenant_id)])
        owner.execute("ALTER TABLE entitlement_sheet DISABLE TRIGGER USER")
        key = uuid7()
        owner.execute(
            "INSERT INTO entitlement_normset (id, tenant_id, digest, body, has_example) VALUES (%s, %s, %s, %s, true)",
            [key, norms.tenant_id, digest, canonical.dumps(body).decode()],
        )
        owner.execute("UPDATE entitlement_sheet SET norm_set_id = %s WHERE id = %s", [key, sheet.id])
        owner.execute("ALTER TABLE entitlement_sheet ENABLE TRIGGER USER")
    refused("example norms", propose, **office.act("hanna"), sheet=sheet.id, reasons="", language="sv")


def test_without_an_account_the_payment_waits_visibly_and_nothing_is_lost(office: Office) -> None:
    folder = office.case(("Utan", "Konto", "19930303"), account=None)
    folder.applied()
    folder.decided()
    with acting(office.slug, TEST, "look"):
        (payment,) = Payment.objects.filter(case=folder.case)
        assert (payment.state, payment.blocked_reason, payment.amount) == ("blocked", "no account", 655_000)
        assert Task.objects.filter(subject_id=folder.case.id, kind="payment blocked", state="open").count() == 1
    refused("nothing due", reserve_run, **office.act("ulla"), execution_on=payment.pay_on)
    # by a first account, or one that she asks for and a second person checks, it goes without anybody's doing
    other = office.case(("Utan", "Bank", "19940404"), account=None)
    other.applied()
    other.decided()
    record_account(
        **office.act("rut"), person=folder.case.applicant_id, kind="bban", clearing="9020", number="1234566"
    )
    change = other.asks_for_account()
    confirm_account_change(**office.act("rut"), change=change.id, version=change.version)
    with acting(office.slug, TEST, "look"):
        paid = Payment.objects.filter(case__in=[folder.case.id, other.case.id]).order_by("account_number")
        assert list(paid.values_list("state", "blocked_reason", "account_number", "amount")) == [
            ("planned", "", "1234566", 655_000), ("planned", "", "7654338", 655_000),
        ]  # fmt: skip
        asked = Task.objects.filter(subject_id__in=[folder.case.id, other.case.id], kind="payment blocked")
        assert list(asked.values_list("state", flat=True)) == ["done", "done"]  # by what happened


def test_a_run_needs_two_payers_and_two_runs_never_share_a_payment(office: Office) -> None:
    for n in range(4):
        folder = office.case(("Person", f"Nummer{n}", f"199{n}0303"))
        folder.applied()
        folder.decided()
    runs: list[Any] = []

    def reserve(who: str) -> None:
        try:
            runs.append(reserve_run(**office.act(who), execution_on=office.pay_day()))
        except NotPossible as refusal:
            runs.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=reserve, args=(who,)) for who in ("ulla", "erik")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [run for run in runs if not isinstance(run, str)]
    assert sum(run.payments for run in made) == 4
    assert sum(run.total for run in made) == 4 * 655_000
    reserver = "ulla" if made[0].reserved_by_id == office.members["ulla"] else "erik"
    refused("second pair of eyes", release_run, **office.act(reserver), run=made[0].id, version=1)
    with pytest.raises(NotAllowed):
        release_run(**office.act("bo"), run=made[0].id, version=1)


def test_the_case_account_is_corrected_by_counter_bookings_only(office: Office) -> None:
    folder = office.case()
    other = office.case(("Annan", "Person", "19880808"))
    folder.applied()
    other.applied()
    folder.decided()
    period = folder.period()
    income = book_income(
        **office.act("hanna"), case=folder.case.id, period=period.id, account_code="repayment",
        counterparty="\u202eFörsäkringskassan", amount=120_000, source="avräkning 2026-11",
    )  # fmt: skip
    assert (income.counterparty, income.source) == ("Försäkringskassan", "avräkning 2026-11")
    told = {"case": folder.case.id, "account_code": "repayment", "amount": 1, "source": "x"}
    with pytest.raises(Hidden):  # another case's month
        book_income(**office.act("hanna"), **told, period=other.period().id, counterparty="FK")
    refused("counterparty", book_income, **office.act("hanna"), **told, period=period.id, counterparty="\u202e ")
    stranger, hers = other.citizens[0].id, folder.citizens[0].id
    own = {"period": period.id, "counterparty": "FK"}
    refused("whose income", book_income, **office.act("hanna"), **told, **own, person=stranger)
    for taken in ("avstadd", "forskott", "aterkrav"):  # each booked by its own operation, within its own limit
        refused("account code", book_income, **office.act("hanna"), **{**told, "account_code": taken}, **own)
    assert book_income(**office.act("hanna"), **told, **own, person=hers).person_id == hers
    for code, reason in (("source", " "), ("long reason", "x" * 121)):
        refused(code, reverse_booking, **office.act("hanna"), booking=income.id, reason=reason)
    counter = reverse_booking(**office.act("hanna"), booking=income.id, reason="fel person")
    assert (counter.amount, counter.reverses_id) == (-120_000, income.id)
    refused("reversed", reverse_booking, **office.act("hanna"), booking=income.id, reason="igen")
    with acting(office.slug, TEST, "look"):
        expense = Booking.objects.get(case=folder.case, kind="expense")
    office.run()
    refused("decision", reverse_booking, **office.act("hanna"), booking=expense.id, reason="för sent")


def test_a_citizen_reaches_only_their_own_case_and_an_office_only_its_own(new_office: Any) -> None:
    one, two = new_office("one"), new_office("two")
    mine, other, foreign = one.case(), one.case(("Annan", "Person", "19880808")), two.case()
    draft = mine.draft()
    for actor in (other.citizens[0], foreign.citizens[0]):
        with pytest.raises(Hidden):
            save_answers(**one.by(actor), draft=draft.id, version=2, part={"message": "not mine"})
    with pytest.raises(Hidden):
        save_answers(**two.by(foreign.citizens[0]), draft=draft.id, version=2, part={"message": "not mine"})
    mine.signed(draft)
    sheet = mine.assessed()
    with pytest.raises(Hidden):
        propose(**two.act("hanna"), sheet=sheet.id, reasons="", language="sv")
