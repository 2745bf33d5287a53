"""What a bank's file can't say keeps nobody else's money from leaving: names and messages of every script, a released
run whose file is refused, a day that is past; and whatever is taken out of it, nothing leaves twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from handslag.connectors.bank.pain001_se import writer
from handslag.connectors.bank.pain001_se.write import NAMESPACE
from handslag.connectors.bank.port import Account, PaymentFile, PaymentFileRefused
from handslag.connectors.bank.port import Payment as FilePayment
from handslag.domain.audit.models import Event
from handslag.domain.documents.models import Document
from handslag.domain.payments.models import Payment, Run, RunFile
from handslag.domain.payments.operations.advances import grant_advance
from handslag.domain.payments.operations.payees import NewPayee, end_payee, order_direct_payment, record_payee
from handslag.domain.payments.operations.planning import (
    hold_payment,
    redirect_payment,
    resume_payment,
    unblock_payment,
)
from handslag.domain.payments.operations.runs import cancel_run, reserve_run
from handslag.domain.payments.policies import said_to_bank
from handslag.domain.people.models import Person
from handslag.domain.people.names import bank_text, stored_name
from handslag.domain.people.operations.accounts import confirm_account_change
from handslag.domain.people.operations.persons import change_person
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.policies import Conflict
from handslag.jobs import payments as jobs
from handslag.jobs.acts import store_of
from handslag.kernel import clock
from handslag.kernel.ids import uuid7
from tests.office import TEST, Folder, Office, landlord, refused
from verifier.database import connected, reading
from verifier.invariants import check_account
from verifier.report import Report

ADLAM, TIBETAN, KHMER, EMOJI = "𞤀𞤁𞤂𞤃", "བོད་ཡིག", "ខ្មែរ", "🙂🏽"
#: Of any script: what PostgreSQL can keep (no surrogates, no NUL).
ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)


@settings(max_examples=150, deadline=None)
@given(name=ANY, message=ANY)
@example(name=ADLAM, message="-")
@example(name="?" * 70 + "Anna", message="a")
@example(name="Anna " + KHMER, message="lgh " + TIBETAN)
def test_the_writer_refuses_exactly_what_cannot_be_said_and_takes_the_rest(name: str, message: str) -> None:
    text = bank_text()
    found = [
        field
        for field, said in (("creditor_name", text.plain(name, 70)), ("message", text.plain(message, 140)))
        if said is None
    ]
    account = Account("bban", "1234566", "9020")
    rows = [FilePayment("A1", 100, "SEK", name, account, message=message), FilePayment("B2", 1, "SEK", "Eva", account)]
    file = PaymentFile(
        "M1", clock.now(), clock.now().date(), "Provby", "212000-1355", Account("bankgiro", "991-2346"), rows
    )
    if not found:
        assert writer().write(file).count == 2
        return
    with pytest.raises(PaymentFileRefused) as refusal:
        writer().write(file)
    assert [(p.end_to_end_id, p.field) for p in refusal.value.problems] == [("A1", field) for field in found]


def _paid(office: Office, given: str, family: str = "") -> tuple[Folder, Payment]:
    """Somebody of this name with an advance, which is planned or blocked."""
    folder = office.case((given, family, "19900303"))
    told = {"case": folder.case.id, "month": office.month, "amount": 10_000, "reasons": "Ingen mat hemma."}
    return folder, grant_advance(**office.act("bo"), **told)


def _written(office: Office, run: Run) -> list[str] | None:
    """The job writes the file of a run: whom it pays, by reference; None if it was refused."""
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
    jobs.write_run_file(tenant=tenant, run=str(run.id))
    with acting(office.slug, TEST, "look"):
        file = RunFile.objects.select_related("document").filter(run=run).first()
        key = jobs.file_key()
    if file is None:
        return None
    content = b"".join(store_of(tenant, key).read(UUID(file.document.store_key)))
    return [one.text or "" for one in etree.fromstring(content).iter(f"{{{NAMESPACE}}}EndToEndId")]


def _seen(office: Office, payment: Payment) -> Payment:
    with acting(office.slug, TEST, "look"):
        return Payment.objects.select_related("run", "direct").get(id=payment.id)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(names=st.lists(ANY.filter(lambda name: stored_name(name) != ""), min_size=2, max_size=2), message=ANY)
@example(names=[ADLAM, TIBETAN], message="-")
@example(names=[KHMER, EMOJI], message=EMOJI)
@example(names=["Anna " + KHMER, TIBETAN + "Dorje"], message="lgh " + ADLAM)
def test_one_bad_name_or_message_never_stops_the_other_payments(
    office: Office, database: Any, names: list[str], message: str
) -> None:
    payments = [_paid(office, name)[1] for name in [*names, "Eva", "Adam"]]
    with psycopg.connect(database.admin, autocommit=True) as admin:  # as it was planned before this was looked at
        admin.execute(b"UPDATE payments_payment SET message = %s WHERE id = %s", [message, payments[-1].id])
    with acting(office.slug, TEST, "look"):
        good = [said_to_bank(stored_name(name), 70) for name in names] + [True, said_to_bank(message)]
    assert [p.blocked_reason for p in payments[:2]] == ["" if well else "bank name" for well in good[:2]]
    run = office.run()
    found = [_seen(office, payment) for payment in payments]
    assert _written(office, run) == [p.reference for p, well in zip(found, good, strict=True) if well]
    told = [(p.state, p.blocked_reason) for p in found]
    why = ["bank name", "bank name", "", "bank message"]
    assert told == [("reserved", "") if well else ("blocked", why[n]) for n, well in enumerate(good)]
    with acting(office.slug, TEST, "look"):
        asked = Task.objects.filter(kind="payment blocked", subject_id=found[-1].case_id).count()
    assert asked == (0 if good[-1] else 1)


def test_a_message_or_payee_that_cannot_be_said_is_refused_where_it_is_typed(office: Office) -> None:
    folder, payee = office.case(), landlord(office)
    told = {
        "case": folder.case.id, "payee": payee.id, "cost_code": "RENT", "amount": 500_000, "reference": "",
        "ground": "önskemål", "since": office.month, "until": None,
    }  # fmt: skip
    for message in ("-", ADLAM, EMOJI, "...", "?", "Lgh 12 " + KHMER):
        refused("message", order_direct_payment, **office.act("hanna"), **told, message=message)
    for name in (TIBETAN, "١٢", "𞤀", "Hyror " + TIBETAN):
        new = NewPayee(name=name, kind="other", organisation_number="", way="bankgiro", clearing="", number="991-2346")
        with acting(office.slug, TEST, "look"):
            said = said_to_bank(name)
        if not said:
            refused("payee name", record_payee, **office.act("rut"), new=new)


@pytest.mark.parametrize("name", [(ADLAM, "🙂"), ("Anna", KHMER)])
def test_a_name_that_is_written_in_latin_letters_lets_the_money_go(office: Office, name: tuple[str, str]) -> None:
    folder, payment = _paid(office, *name)
    assert (payment.state, payment.blocked_reason) == ("blocked", "bank name")
    refused("bank name", unblock_payment, **office.act("hanna"), payment=payment.id, version=1)
    refused("nothing due", reserve_run, **office.act("ulla"), execution_on=office.pay_day())
    with acting(office.slug, TEST, "look"):
        person = Person.objects.get(id=folder.case.applicant_id)
    told = {"email": "", "telephone": "", "language": "sv"}
    changed = change_person(
        **office.act("rut"), person=person.id, version=person.version, given_name="𞤂", family_name="-", **told
    )
    assert _seen(office, payment).state == "blocked"  # nothing can be said of this one either
    account = folder.asks_for_account()  # her account is another all the same
    confirm_account_change(**office.act("rut"), change=account.id, version=account.version)
    blocked = _seen(office, payment)
    assert (blocked.state, blocked.blocked_reason, blocked.account_number) == ("blocked", "bank name", "7654338")
    change_person(
        **office.act("rut"), person=person.id, version=changed.version, given_name="Aadama", family_name="Diallo",
        **told,
    )  # fmt: skip
    again = _seen(office, payment)
    assert (again.state, again.payee_name) == ("planned", "Aadama Diallo")
    assert _written(office, office.run()) == [payment.reference]


def test_what_cannot_go_to_a_company_goes_to_the_person_or_by_another_order(office: Office, database: Any) -> None:
    folder, payee = office.case(), landlord(office)
    told = {"case": folder.case.id, "cost_code": "RENT", "ground": "önskemål", "since": office.month, "until": None}
    for amount in (300_000, 200_000):
        order_direct_payment(
            **office.act("hanna"),
            **told,
            payee=payee.id,
            amount=amount,
            reference="12345674",
            message="",
            besides=True,
        )
    folder.applied()
    folder.decided()
    end_payee(**office.act("rut"), payee=payee.id, version=payee.version)
    first, second, rest = _of(folder)
    for one in (first, second):
        assert one.blocked_reason == "payee ended"
        refused("payee", unblock_payment, **office.act("hanna"), payment=one.id, version=one.version)
    other = landlord(office, name="Nya Hyresbostäder AB")
    order = order_direct_payment(
        **office.act("hanna"), **told, payee=other.id, amount=300_000, reference="", message="Lgh 1203"
    )
    go = {"version": 2, "reason": "Hyresvärden har bytt konto."}
    refused(
        "why redirected", redirect_payment, **office.act("hanna"), payment=first.id, order=None, version=2, reason=" "
    )
    redirect_payment(**office.act("hanna"), payment=first.id, order=order.id, **go)
    redirect_payment(**office.act("hanna"), payment=second.id, order=None, **go)
    assert [(p.payee_name, p.payee_id is None, p.giro_reference, p.message, p.state) for p in _of(folder)] == [
        ("Nya Hyresbostäder AB", True, None, "Lgh 1203", "planned"),
        ("Petra Nilsson", False, None, None, "planned"),
        ("Petra Nilsson", False, None, None, "planned"),
    ]
    assert set(_written(office, office.run()) or []) == {first.reference, second.reference, rest.reference}
    _holds(database, office)


def _of(folder: Folder) -> list[Payment]:
    with acting(folder.office.slug, TEST, "look"):
        return list(Payment.objects.filter(case=folder.case).order_by("id"))


def _holds(database: Any, office: Office) -> None:
    """The account of every case holds, as the verifier sees it."""
    with acting(office.slug, TEST, "look") as door:
        tenant, report = door.the_tenant.id, Report()
    with connected(database.of_role("auditor")) as connection, reading(connection, tenant):
        check_account(connection, report)
    assert report.findings == [], report.to_text()


def _unsaid(database: Any, payment: Payment) -> None:
    """Its name is one that the bank's file can't say, as if it had been reserved before anybody looked."""
    with psycopg.connect(database.admin, autocommit=True) as admin:
        admin.execute(b"UPDATE payments_payment SET payee_name = %s WHERE id = %s", [ADLAM, payment.id])


def test_a_refused_file_of_a_released_run_loses_one_payment_or_the_run_is_cancelled(
    office: Office, database: Any
) -> None:
    (_, bad), (_, good) = _paid(office, "Eva"), _paid(office, "Adam")
    run = office.run()
    _unsaid(database, bad)
    assert _written(office, run) is None
    with acting(office.slug, TEST, "look"):
        waits = Task.objects.filter(kind="run file refused", subject_id=run.id, state="open")
        assert waits.count() == 1
    refused("why cancelled", cancel_run, **office.act("ulla"), run=run.id, version=run.version)
    set_policy(**office.by(TEST), name="payments_held", value="restored")  # what is here may have left before that
    refused("payments held", cancel_run, **office.act("ulla"), run=run.id, version=run.version, reason="namnet")
    bad = _seen(office, bad)
    refused("payments held", hold_payment, **office.act("ulla"), payment=bad.id, version=bad.version, reason="namnet")
    set_policy(**office.by(TEST), name="payments_held", value="")
    held = hold_payment(**office.act("ulla"), payment=bad.id, version=bad.version, reason="namnet")
    with pytest.raises(Conflict):
        cancel_run(**office.act("ulla"), run=run.id, version=run.version, reason="namnet")  # not what she saw
    assert _written(office, run) == [good.reference]
    with acting(office.slug, TEST, "look"):
        assert waits.count() == 0
        found = Run.objects.get(id=run.id)
    assert (found.state, found.payments, found.total) == ("sent", 1, good.amount)
    # what has left can't be taken back
    good = _seen(office, good)
    refused("paid", hold_payment, **office.act("ulla"), payment=good.id, version=good.version, reason="för sent")
    with pytest.raises(Conflict):
        cancel_run(**office.act("ulla"), run=run.id, version=found.version, reason="för sent")
    # and what was stopped is paid by the next run
    resume_payment(**office.act("ulla"), payment=bad.id, version=held.version)
    last = office.run()
    _unsaid(database, bad)
    assert _written(office, last) is None
    cancel_run(**office.act("erik"), run=last.id, version=last.version, reason="filen kan inte skrivas")
    assert _written(office, last) is None
    assert (_seen(office, bad).state, _seen(office, bad).run) == ("planned", None)
    with acting(office.slug, TEST, "look"):
        assert waits.model.objects.filter(kind="run file refused", state="open").count() == 0
        assert Run.objects.get(id=last.id).released_by_id == office.members["erik"]
    assert _seen(office, bad).payee_name == "Eva"  # what she is called by now
    _unsaid(database, bad)
    empty = reserve_run(**office.act("ulla"), execution_on=office.pay_day())  # by now that is looked at when reserved
    assert (empty.state, empty.payments, _seen(office, bad).blocked_reason) == ("cancelled", 0, "bank name")
    _holds(database, office)


def test_a_day_that_is_past_leaves_no_file_and_has_a_way_out(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    _, payment = _paid(office, "Eva")
    run = office.run()
    with monkeypatch.context() as later:
        later.setattr(clock, "now", lambda: office.now + timedelta(days=90))
        assert _written(office, run) is None
    with acting(office.slug, TEST, "look"):
        assert Event.objects.filter(subject_id=run.id, kind="run file refused").count() == 1
    cancel_run(**office.act("ulla"), run=run.id, version=run.version, reason="dagen är förbi")
    assert _written(office, office.run()) == [payment.reference]


def test_what_comes_out_of_a_run_goes_to_the_account_and_name_of_today(office: Office) -> None:
    (moved, first), (_, second), (renamed, third) = (_paid(office, name) for name in ("Eva", "Adam", "Mia"))
    run = reserve_run(**office.act("ulla"), execution_on=office.pay_day())
    account = moved.asks_for_account()
    confirm_account_change(**office.act("rut"), change=account.id, version=account.version)
    with acting(office.slug, TEST, "look"):
        person = Person.objects.get(id=renamed.case.applicant_id)
    told = {"email": "", "telephone": "", "language": "sv", "given_name": "Mia", "family_name": "Moe"}
    change_person(**office.act("rut"), person=person.id, version=person.version, **told)
    assert [_seen(office, one).account_number for one in (first, second)] == ["1234566", "1234566"]
    cancel_run(**office.act("ulla"), run=run.id, version=run.version)
    seen = [_seen(office, one) for one in (first, second, third)]
    assert [(one.state, one.account_number) for one in seen] == [
        ("planned", "7654338"), ("planned", "1234566"), ("planned", "1234566"),
    ]  # fmt: skip
    assert (seen[2].payee_name, seen[1].version) == ("Mia Moe", 3)  # who has moved nowhere isn't touched
    assert set(_written(office, office.run()) or ()) == {one.reference for one in seen}


@pytest.mark.parametrize("step", ["cancel", "hold"])
def test_whatever_happens_while_the_file_is_written_nothing_is_in_two_files(
    office: Office, database: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    (_, first), (_, second) = _paid(office, "Eva"), _paid(office, "Adam")
    run, write = office.run(), jobs.record_run_file

    def meanwhile(**told: Any) -> Any:
        monkeypatch.setattr(jobs, "record_run_file", write)
        if step == "cancel":
            cancel_run(**office.act("ulla"), run=run.id, version=run.version, reason="fel dag")
        else:
            hold_payment(**office.act("ulla"), payment=first.id, version=2, reason="fel konto")
        return write(**told)

    monkeypatch.setattr(jobs, "record_run_file", meanwhile)
    assert _written(office, run) is None
    again = _written(office, run)
    if step == "hold":
        assert again == [second.reference]
        resume_payment(**office.act("ulla"), payment=first.id, version=_seen(office, first).version)
        assert _written(office, office.run()) == [first.reference]
    else:
        assert again is None
        assert _written(office, office.run()) == [first.reference, second.reference]
    with acting(office.slug, TEST, "look"):
        assert Document.objects.filter(kind="payment file").count() == (2 if step == "hold" else 1)
        assert Task.objects.filter(kind="run file refused", state="open").count() == 0
    _holds(database, office)


def test_an_address_that_no_slip_can_be_sent_to_and_a_bank_that_takes_none_block_one_payment(office: Office) -> None:
    set_policy(**office.by(TEST), name="payment_slips", value=True)
    folders = [office.case(("Utan", "Konto", "19930303"), account=None, **more) for more in ({}, {"postcode": ""})]
    told = {"month": office.month, "amount": 100, "reasons": "Ingen mat hemma."}
    for slips, why in ((False, ["no slips", "no slips"]), (True, ["", "no address"])):
        set_policy(**office.by(TEST), name="bank_profile", value={"slips": slips})
        paid = [grant_advance(**office.act("bo"), case=folder.case.id, **told, key=uuid7()) for folder in folders]
        assert [p.blocked_reason for p in paid] == why
    run = office.run()
    assert _written(office, run) == [paid[0].reference]
