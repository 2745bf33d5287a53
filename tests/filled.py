"""A database of two organisations with cases of every kind that the first chain knows: single, couple, on paper,
refused, reversed, paid, still planned, half signed. Tests may copy and damage it."""

from __future__ import annotations

import io
import os
import pickle
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import override_settings

from handslag.connectors.eid.port import LOA3
from handslag.demo.fill import numbers
from handslag.domain.accounts.operations import (
    NewEntry,
    Source,
    confirm_paid_to,
    order_payment,
    post,
    record_order_file,
    record_paid_to,
    release_payment,
)
from handslag.domain.accounts.states import Move, Rests
from handslag.domain.accounts.states import Side as Account
from handslag.domain.audit.blocks import sign_block
from handslag.domain.audit.operations import Look, write_looks
from handslag.domain.casefile.operations import open_case, take_access
from handslag.domain.decisions.models import AppealFile, Decision, Letter, PersonalLetter
from handslag.domain.decisions.operations import answer_hearing, open_hearing
from handslag.domain.decisions.operations.appeals import (
    check_appeal,
    dismiss_appeal,
    enter_appeal,
    forward_appeal,
    lodge_appeal,
)
from handslag.domain.documents.operations import StoredFile, record_scan
from handslag.domain.elsewhere.operations import (
    KnownClient,
    KnownPerson,
    follow_client,
    record_answer,
    record_try,
)
from handslag.domain.entitlement.operations.evidence import link_document
from handslag.domain.intake.operations import (
    answer_request,
    ask_applicant,
    attach_files,
    begin_correction,
    enter_on_paper,
    save_answers,
    withdraw_application,
)
from handslag.domain.intake.queries import sent_or_made
from handslag.domain.oversight.models import ReviewedLook
from handslag.domain.oversight.operations import begin_review, close_review, note_outcome, target_sample
from handslag.domain.payments.models import BankLine, Payment
from handslag.domain.payments.operations.account import book_income
from handslag.domain.payments.operations.advances import grant_advance
from handslag.domain.payments.operations.bank import settle_bank_line
from handslag.domain.payments.operations.other_help import (
    decide_other_help,
    propose_other_help,
    propose_other_help_anew,
)
from handslag.domain.payments.operations.payees import order_direct_payment
from handslag.domain.payments.operations.postings import fix_posting_day, set_chart_row
from handslag.domain.payments.operations.recoveries import (
    agree_instalments,
    book_repayment,
    decide_recovery,
    propose_recovery,
    waive_recovery,
)
from handslag.domain.payments.queries import CHART_CODES
from handslag.domain.people.operations.accounts import refuse_account_change
from handslag.domain.people.operations.citizens import log_in_citizen
from handslag.domain.people.operations.merges import confirm_merge, end_merge, propose_merge
from handslag.domain.people.operations.persons import NewPerson, form_household, register_person
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.people.permissions import CASE_SYSTEM
from handslag.domain.statistics.operations import Told as StatisticsTold
from handslag.domain.statistics.operations import (
    enter_baseline,
    make_statistics_file,
    mark_delivered,
    record_statistics,
)
from handslag.domain.tenancy import keys
from handslag.domain.tenancy.door import Actor, acting, system
from handslag.jobs.acts import store_of
from handslag.jobs.appeals import pack_appeal
from handslag.jobs.letters import render_letter, render_personal_letter
from handslag.jobs.payments import take_bank_file, write_run_file
from handslag.jobs.watch import print_notices
from handslag.kernel import clock
from handslag.kernel.ids import uuid7
from handslag.messages.case_transfer.message import Contact, Item
from handslag.messages.question.message import Answer
from handslag.web.entry import uploads
from tests import bed
from tests.accounts import BANK
from tests.bed import Database
from tests.exchange import RENT, Pair, Side
from tests.office import C1, EID, TEST, Folder, Office, as_role, landlord, open_office
from verifier import Report, verify


@dataclass
class Filled:
    """The first organisation has whole cases, the other one an application; their blocks are signed."""

    copy: Database
    office: Office
    other: Office
    tenant: int
    keys: dict[int, list[bytes]]
    files: Path

    def verify(self, **more: Any) -> Report:
        """Look at everything, files too."""
        return verify(
            self.copy.of_role("auditor"), **{"files": self.files, "file_keys": self.keys, "at": clock.now(), **more}
        )


@contextmanager
def made(name: str, data: Path, *, keep: bool = False) -> Iterator[Filled]:
    """See Filled; a database of that name and a file store in the folder `data`. With `keep` the database stays."""
    copy = bed.copy_of_template(name)
    shutil.copy2(Path(os.environ["HANDSLAG_DATA"]) / "secrets.json", data)
    with elsewhere(copy), override_settings(DATA=data):
        filled = fill(copy, data / "files")
    copy.close_connections()
    yield filled
    if not keep:
        bed.drop(copy)


@contextmanager
def copied(name: str, data: Path) -> Iterator[Filled]:
    """A copy of the one that the first who asks in this session makes, with its file store in the folder `data`."""
    kept = Path(os.environ["HANDSLAG_DATA"]) / "filled"
    with bed.creating("filled"):
        if not (kept / "filled").exists():
            kept.mkdir(exist_ok=True)
            with made("handslag_filled", kept, keep=True) as first:
                (kept / "filled").write_bytes(pickle.dumps(first))
    filled: Filled = pickle.loads((kept / "filled").read_bytes())
    shutil.copytree(kept, data, dirs_exist_ok=True)
    filled.copy, filled.files = bed.copy_of_template(name, filled.copy.name), data / "files"
    yield filled
    bed.drop(filled.copy)


@contextmanager
def elsewhere(copy: Database) -> Iterator[None]:
    """Let Django in this process work on another database for a while."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = copy.name
    keys._opened.clear()
    try:
        yield
    finally:
        connection.close()
        keys._opened.clear()
        connection.settings_dict["NAME"] = before


def fill(copy: Database, files: Path) -> Filled:
    """Whole cases, on a database that Django plays on already, with their files in a folder."""
    office, other = open_office(copy.connect, "filled"), open_office(copy.connect, "other")
    file_keys: dict[int, list[bytes]] = {}
    for place in (office, other):
        with acting(place.slug, TEST, "keys") as door:
            file_keys[door.the_tenant.id] = [keys.file_key()]
    _cases(copy, office)
    _asked(copy, office, other)
    other.case().applied()
    other.case(("Ny", "By", "19810101")).draft()
    for place in (other, office):
        sign_block(tenant=place.slug, by=TEST, now=place.now)
    office.case(("Sven", "Sen", "19700101")).applied()  # moves on after the first block
    sign_block(tenant=office.slug, by=TEST, now=office.now)
    return Filled(copy, office, other, next(iter(file_keys)), file_keys, files)


def _claimed_back(office: Office, folder: Folder) -> None:
    """What was paid too much is claimed by two, paid in part by agreement, and given up in part."""
    row = propose_recovery(
        **office.act("hanna"), case=folder.case.id, person=folder.citizens[0].id, ground="misinformed",
        legal_basis="9 kap. 1 § socialtjänstlagen (2001:453)", amounts={folder.period().id: 550_00}, language="sv",
        reasons="Lönen stod inte i ansökan.", unheard="Hon har själv bett oss att räkna om.",
    )  # fmt: skip
    row = decide_recovery(**office.act("bo"), recovery=row.id, version=row.version)
    told = {"monthly": 100_00, "first_on": office.today, "agreed": "Per telefon med Petra."}
    agree_instalments(**office.act("hanna"), recovery=row.id, **told)
    book_repayment(**office.act("hanna"), recovery=row.id, amount=100_00, source="inbetalning 18")
    waive_recovery(**office.act("bo"), recovery=row.id, amount=50_00, reasons="Hon har inget kvar efter hyran.")


def _helped(office: Office, folder: Folder) -> None:
    """Help under 12 kap. 2 § is granted to her."""
    row = propose_other_help(
        **office.act("hanna"), case=folder.case.id, month=office.month, person=folder.citizens[0].id, language="sv",
        purpose="Läger i juli", applied=900_00, amount=900_00, reasons="Barnet behöver komma ut.",
    )  # fmt: skip
    row = decide_other_help(**office.act("bo"), help_=row.id, version=row.version)
    more = propose_other_help_anew(
        **office.act("hanna"), help_=row.id, ground="37", purpose="Läger i juli", applied=950_00, amount=950_00,
        reasons="Avgiften var högre.", language="sv",
    )  # fmt: skip
    decide_other_help(**office.act("bo"), help_=more.id, version=more.version)


def _merged(office: Office) -> None:
    """She was known by a temporary number and registered again by her personnummer: merged, after a proposal that was
    taken back; she applies and signs by the later number."""
    office.admit("ragnar", "Ragnar Registrator", "registrar")
    rut, later, number = office.act("rut"), *office.person("Ylva", "Dubbel", "19950505")
    new = NewPerson(identifier_type="temporary", identifier="T-2026-77", given_name="Ylva", family_name="Dubbel")
    known = register_person(**rut, new=new).id
    home = form_household(**rut, members=[(known, "adult")], since=(office.month - 4).since)
    case = open_case(
        **rut, applicant=known, co_applicant=None, household=home.id, unit=office.units["Försörjningsstöd"],
        caseworker=office.members["hanna"], opened_on=(office.month - 4).since,
    )  # fmt: skip
    told = {"gone": later, "kept": known, "reason": "Samma person enligt passet"}
    early = propose_merge(**office.act("ragnar"), **told)
    end_merge(**office.act("ragnar"), merge=early.id, version=1, reason="Passet saknades")
    merge = propose_merge(**rut, **told)
    confirm_merge(**office.act("ragnar"), merge=merge.id, version=merge.version)
    her = Actor("citizen", known)
    log_in_citizen(**office.by(her), record=later, issuer=EID, subject="ylva", acr=LOA3)
    Folder(office, case, [her], [number]).applied()


def _posted(office: Office) -> None:
    """Another organisation's claim is posted on its account, and cut."""
    days = {"currency": "CHF", "regime": "asylum", "since": date(2026, 7, 1), "until": date(2026, 10, 1)}
    line = Source(rests_on=Rests.LINE, reference="S/1", content="0" * 64)
    for rests_on, *moved in (
        (Rests.STATEMENT, (Move.CLAIMED, 100_00)), (Rests.ANSWER, (Move.CUT, 30_00), (Move.ACCEPTED, 70_00)),
    ):  # fmt: skip
        post(
            **office.act("hanna"), partner="municipality:bfs:1", side=Account.PAYER,
            source=Source(rests_on=rests_on, reference="S", content="0" * 64),
            entries=[NewEntry(move=move, amount=amount, cites=line, **days) for move, amount in moved],
        )  # fmt: skip


def _paid_to_and_by_partners(office: Office) -> None:
    """A partner is paid, in vain the first time; another one pays what it owes."""
    days = {"currency": "CHF", "regime": "asylum", "since": date(2026, 7, 1), "until": date(2026, 10, 1)}
    for partner, side in (("municipality:bfs:2", Account.PAYER), ("canton:zh:x", Account.CLAIMANT)):
        settled = Source(rests_on=Rests.STATEMENT, reference="T1", content="1" * 64)
        entries = [NewEntry(move=move, amount=80_00, cites=settled, **days) for move in (Move.CLAIMED, Move.ACCEPTED)]
        post(**office.act("hanna"), partner=partner, side=side, source=settled, entries=entries)
    details = record_paid_to(**office.act("ulla"), partner="municipality:bfs:2", side=Account.PAYER, new=BANK)
    confirm_paid_to(**office.act("erik"), details=details.id, version=1)

    def told(*lines: tuple[str, str, str]) -> None:
        rows = "".join(
            f"<Ntry><Amt Ccy='CHF'>80</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><NtryDtls><TxDtls>"
            f"<Refs><EndToEndId>{reference}</EndToEndId></Refs><RmtInf><Ustrd>{about}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
            for side, reference, about in lines
        )
        take_bank_file(
            office.slug, TEST,
            "<Document><BkToCstmrDbtCdtNtfctn><Ntfctn><Acct><Id><IBAN>CH5604835012345678009</IBAN></Id></Acct>"
            f"{rows}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>".encode(),
        )  # fmt: skip

    for back in (True, False):
        order = order_payment(**office.act("ulla"), account=details.account_id, currency="CHF", amount=80_00)
        release_payment(**office.act("erik"), order=order.id, version=1)
        with acting(office.slug, TEST, "file") as door:
            store = store_of(door.the_tenant.id, keys.file_key())
        kept = store.write(uuid7(), io.BytesIO(b"<Document/>"))
        file = StoredFile(kept.file_id, kept.digest, kept.size, "application/xml")
        record_order_file(**office.by(TEST), order=order.id, total=80_00, file=file)
        told(("DBIT", order.id.hex, ""), *([("CRDT", order.id.hex, "")] if back else []))
    told(("CRDT", "p-7", "P-7 T1"))


def _cases(database: Database, office: Office) -> None:
    single = office.case(email="petra@people.example")
    log_in_citizen(**office.by(single.citizens[0]), record=single.citizens[0].id, issuer=EID, subject="petra", acr=LOA3)
    single.applied()
    single.decided()
    couple = office.case(
        ("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"), children=(("Sara", "Åberg", "20210210"),)
    )
    couple.applied()
    couple.decided()
    _pay(office)
    refused = office.case(("Rik", "Riksson", "19800202"))
    refused.applied({**C1, "incomes": [{"code": "ACTIVITY_SUPPORT", "amount": "30 000", "note": ""}]})
    refused.decided(reasons="Inkomsterna räcker enligt beräkningen.")
    on_paper = office.case(("Pia", "Papper", "19600606"))
    enter_on_paper(
        **office.act("rut"), key=uuid7(), case=on_paper.case.id, month=office.month, channel="paper", language="sv",
        answers=C1, signed_on=[on_paper.citizens[0].id], evidence="pärm 3",
    )  # fmt: skip
    on_paper.decided()
    changed = office.case(("Åsa", "Ändring", "19910111"))
    changed.applied()
    changed.decided()
    changed.changed(7_000_00, "37")
    asked = {"about": "Lönen från november räknas med.", "answer_by": office.today + timedelta(days=14)}
    (hers,) = open_hearing(**office.act("hanna"), period=single.period().id, **asked)
    answer_hearing(**office.by(single.citizens[0]), hearing=hers.id, answer="Det stämmer.")
    single.changed(6_000_00, "37.3")  # what was paid stays paid
    _claimed_back(office, single)
    book_income(
        **office.act("hanna"), case=single.case.id, period=single.period().id, account_code="aterbetalning",
        counterparty="Petra Nilsson", amount=120_00, source="inbetalning 17",
    )  # fmt: skip
    _answered(office)
    early = office.case(("Eva", "Förskott", "19920202"))
    order_direct_payment(
        **office.act("hanna"), case=early.case.id, payee=landlord(office).id, cost_code="RENT", amount=6_200_00,
        reference="12345674", message="", ground="önskemål 2026-11-02", since=office.month, until=None,
    )  # fmt: skip
    grant_advance(
        **office.act("bo"), case=early.case.id, month=office.month, amount=100_00, reasons="Ingen mat hemma i dag."
    )
    early.applied()
    early.decided()
    _followed(office)
    _opened_with_a_reason(office, single)
    _reviewed(office, single)
    _told_to_the_statistics(office, single)
    for on in (False, True):  # set twice: the second time nothing new may begin
        set_policy(**office.by(TEST), name="printed_notices", value=on)
    told = office.case(("Tora", "Tryckt", "19440404"))
    told.applied()
    told.decided()
    _helped(office, told)
    _after_sending(office)
    at_court = _appealed(office, refused, on_paper)
    office.case(("Dag", "Draft", "19990909")).draft()
    change = office.case(("Kim", "Kontobyte", "19640404")).asks_for_account()
    refuse_account_change(**office.act("rut"), change=change.id, version=change.version, reason="Vi nådde dig inte.")
    _merged(office)
    _posted(office)
    _paid_to_and_by_partners(office)
    half = office.case(("Ada", "Halv", "19880808"), ("Bo", "Halv", "19880809"))
    half.signed(half.draft(), 0)
    write_looks(
        tenant=office.slug, by=office.staff["hanna"], purpose="case page", looks=[Look("case", single.case.id)],
        now=office.now,
    )  # fmt: skip
    with acting(office.slug, TEST, "look") as door:
        today = door.the_tenant.today(office.now)
    for code in CHART_CODES:
        set_chart_row(
            **office.act("ulla"), code=code, account="1000", unit="", activity="575", since=today, source="Kontoplan"
        )
    fix_posting_day(**{**office.act("ulla"), "now": office.now + timedelta(days=1)}, day=today)
    with acting(office.slug, TEST, "look") as door:
        letters = list(Letter.objects.filter(document=None).values_list("id", flat=True))
        personal = list(PersonalLetter.objects.filter(document=None).values_list("id", flat=True))
        tenant = door.the_tenant.id
    with as_role(database, "worker"):
        for letter in letters:
            render_letter(tenant=tenant, letter=str(letter))
        for letter in personal:
            render_personal_letter(tenant=tenant, letter=str(letter))
        pack_appeal(tenant=tenant, appeal=str(at_court))
        print_notices(timestamp=0)


def _opened_with_a_reason(office: Office, folder: Folder) -> None:
    """Somebody of another unit opened a case by herself, and looked."""
    office.admit("vera", "Vera Vikarie", "caseworker", unit="Ekonomi")
    told = {"number": folder.case.number, "reason": "cover", "text": "Hanna är sjuk i dag."}
    take_access(**office.act("vera"), **told)
    write_looks(
        tenant=office.slug, by=office.staff["vera"], purpose="case",
        looks=[Look("case", folder.case.id, reason=told["text"])], now=office.now,
    )  # fmt: skip


def _told_to_the_statistics(office: Office, folder: Folder) -> None:
    """What the statistics ask of a person, said and corrected; the month's file, made, made anew and delivered."""
    after = (office.now.replace(day=1) + timedelta(days=32)).replace(day=1)
    rut = {**office.act("rut"), "now": after}
    for cause, refugee in (("LANGUAGE", None), ("SICK_NONE", False)):
        told = [StatisticsTold(folder.case.applicant_id, cause, refugee, born_abroad=True)]
        record_statistics(**office.act("hanna"), case=folder.case.id, month=office.month, told=told)
        file = make_statistics_file(**rut, month=office.month)
    enter_baseline(**office.act("alva"), step="worked", minutes=45, source="Enheten, vecka 12")
    mark_delivered(**rut, file=file.id, version=file.version, how="Kvittens 4711")


def _reviewed(office: Office, folder: Folder) -> None:
    """The looks of the month before, reviewed: one that comes by itself, one asked for, both with an outcome."""
    for login in ("vilma", "viggo"):
        office.admit(login, f"{login.title()} Granskare", "reviewer")
    before = datetime.combine((office.month - 1).since, time(23), UTC)
    for who in ("vera", "vilma"):
        look = Look("case", folder.case.id, "read" if who == "vera" else "refused")
        write_looks(tenant=office.slug, by=office.staff[who], purpose="case", looks=[look], now=before)
    review = begin_review(**office.act("vilma"), month=office.month - 1)
    told = {"review": review.id, "reason": "Klagomål från klienten."}
    target_sample(**office.act("viggo"), **told, case=folder.case.number, member=None)
    target_sample(**office.act("viggo"), **told, case="", member=office.members["vera"])
    with acting(office.slug, TEST, "look"):
        looks = dict(ReviewedLook.objects.filter(review=review).values_list("by__name", "id"))
    found = {"outcome": "asked", "words": "Kvällsjour."}
    note_outcome(**office.act("viggo"), review=review.id, looks=[looks["Vera Vikarie"]], outcome="ok", words="")
    note_outcome(**office.act("viggo"), review=review.id, looks=list(looks.values()), **found)
    close_review(**office.act("vilma"), review=review.id, version=1, report="Inget att anmärka.")


def _followed(office: Office) -> None:
    """A case that another case system works: an application delivered at the second try; an answer, then a failure."""
    told = {"name": "Lifecase", "address": "https://lifecase.example", "units": {"Vuxna": "Försörjningsstöd"}}
    set_policy(**office.by(TEST), name="case_system", value={**told, "groups": ["single"]})
    number = numbers("19910303", 401)
    known = KnownPerson(
        identifier_type="personnummer", identifier=number, given_name="Fia", family_name="Fjärran", role="adult"
    )
    client = KnownClient(reference="LC/1", unit="Vuxna", caseworker="Lena", household=(known,))
    by = office.by(CASE_SYSTEM)
    case = follow_client(**by, identifier_type="personnummer", identifier=number, client=client)
    folder = Folder(office, case, [Actor("citizen", case.applicant_id)], [number])
    receipt = folder.applied()
    record_try(**by, application=receipt.application_id, trouble="away")
    record_try(**by, application=receipt.application_id, reference="L-1")
    said = {"statuses": [], "decisions": [{"reference": "B1"}], "payments": []}
    record_answer(**by, case=case.id, outcome="answered", said=said, trouble="")
    record_answer(**by, case=case.id, outcome="failed", said=None, trouble="away")


def _asked(database: Database, office: Office, other: Office) -> None:
    """Questions both ways: answered in part, asked back and added to, on its way; something that can't be read."""
    sides = Side(office), Side(other)
    for asker, answerer in (sides, sides[::-1]):
        pair = Pair(database, asker, answerer, asker.office.case(("Frida", "Fråga", "19950505")), office.now)
        pair.put(answerer, "not.a.jws", asker.address, uuid7(), "0" * 64)
        question, unanswered = pair.asked(RENT), pair.asked()
        pair.handed(Item(number=1, contact=Contact(telephone="070-174 06 01")))
        pair.settle()
        pair.answered(question, text="Vilken?", until=pair.today + timedelta(days=7))
        pair.settle()
        pair.added(question, "Den första.")
        pair.settle()
        pair.answered(question, Answer(number=1, text="Ja."))
        pair.settle()
        pair.answered(unanswered, Answer(number=1, reason="NO_GROUND"))
        pair.settle()
        pair.arrives(answerer)
    pair.put(sides[1], "not.looked.at", sides[0].address, uuid7(), "0" * 64)


def _after_sending(office: Office) -> None:
    """One application taken back, one with a file that was corrected and asked about."""
    back = office.case(("Tore", "Ångrad", "19660606"))
    withdraw_application(**office.by(back.citizens[0]), application=back.applied().application_id)
    right = office.case(("Rita", "Rättad", "19770707"))
    by = office.by(right.citizens[0])
    draft = right.draft()
    attach_files(**by, draft=draft.id, files=_files(office))
    with acting(office.slug, TEST, "look"):
        draft.refresh_from_db()
    sent = right.signed(draft)
    assert sent is not None
    again = begin_correction(**by, application=sent.application_id)
    again = save_answers(**by, draft=again.id, version=again.version, part={"message": "Hyran är rätt"})
    right.signed(again)
    asked = ask_applicant(
        **office.act("hanna"), case=right.case.id, period=right.period().id, person=None, text="Hyresavin?",
        wanted=["Hyresavi"], until=office.today + timedelta(days=9),
    )  # fmt: skip
    answer_request(**by, asked=asked.id, files=_files(office), text="Här")
    with acting(office.slug, TEST, "look"):
        document = sent_or_made(right.case.id)[0].id
    link_document(**office.act("hanna"), period=right.period().id, document=document, line="costs:RENT::0")


def _appealed(office: Office, by_text: Folder, by_paper: Folder) -> UUID:
    """One appeal on its way to the court, one that was found late and dismissed; gives the first one's key."""
    with acting(office.slug, TEST, "look"):
        decisions = {d.case_id: d for d in Decision.objects.filter(case_id__in=[by_text.case.id, by_paper.case.id])}
    hers = lodge_appeal(
        **office.by(by_text.citizens[0]), appeal=uuid7(), decision=decisions[by_text.case.id].id, text="Fel lön.",
        files=_files(office),
    )  # fmt: skip
    with acting(office.slug, TEST, "look") as door:
        today = door.the_tenant.today(office.now)
        (sent,) = AppealFile.objects.filter(appeal=hers).values_list("document_id", flat=True)
    record_scan(**office.by(system("virus scan")), document=sent, clean=True, detail="")
    checked = check_appeal(
        **office.act("hanna"), appeal=hers.id, version=1, finding="in time", told_on=today, why="Öppnat i dag."
    )
    forward_appeal(**office.act("hanna"), appeal=hers.id, version=checked.version)
    later = {"tenant": office.slug, "now": office.now + timedelta(days=40)}
    hanna, bo = ({**later, "by": office.staff[who]} for who in ("hanna", "bo"))
    late = enter_appeal(
        **hanna, appeal=uuid7(), decision=decisions[by_paper.case.id].id, person=by_paper.citizens[0].id,
        received_on=today + timedelta(days=39), text="Jag överklagar.", files=[],
    )  # fmt: skip
    found = check_appeal(**hanna, appeal=late.id, version=1, finding="late", told_on=today, why="Hämtade det själv.")
    dismiss_appeal(**bo, appeal=late.id, version=found.version, reasons="Det kom in för sent.")
    return hers.id


def _files(office: Office) -> list[tuple[str, StoredFile]]:
    with acting(office.slug, TEST, "look") as door:
        tenant, key = door.the_tenant.id, keys.file_key()
    kept = uploads.keep(tenant, key, [SimpleUploadedFile("avi.txt", b"Hyra 6200")])
    return [(one.title, one.file) for one in kept if isinstance(one, uploads.Taken)]


def _pay(office: Office) -> Any:
    run = office.run()
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
    write_run_file(tenant=tenant, run=str(run.id))
    return run


def _answered(office: Office) -> None:
    """Three more payments: one refused, one paid, one paid and returned; and a line that nobody knows."""
    for name in ("Ett", "Två", "Tre"):
        folder = office.case(("Svar", name, "19930303"))
        folder.applied()
        folder.decided()
    run = _pay(office)
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
        told = list(Payment.objects.filter(run=run, case__applicant__given_name="Svar").order_by("id"))
    refused, paid, back = (payment.reference for payment in told)
    rows = "".join(
        f"<Ntry><Amt Ccy='SEK'>{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><NtryDtls><TxDtls>"
        f"<Refs><EndToEndId>{reference}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>"
        for reference, amount, side in (
            (paid, "6550.00", "DBIT"), (back, "6550", "DBIT"), (back, "6550.0", "CRDT"), ("okänd", "1", "DBIT"),
            ("avgift", "2", "DBIT"),
        )
    )  # fmt: skip
    status = (
        "<Document><CstmrPmtStsRpt><OrgnlPmtInfAndSts><TxInfAndSts><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC01</Cd></Rsn>"
        f"</StsRsnInf><OrgnlEndToEndId>{refused}</OrgnlEndToEndId></TxInfAndSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt>"
        "</Document>"
    )
    notice = f"<Document><BkToCstmrDbtCdtNtfctn><Ntfctn>{rows}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    for content in (status, notice):
        take_bank_file(tenant, TEST, content.encode())
    with acting(office.slug, TEST, "look"):
        line = BankLine.objects.get(reference="avgift")
    settle_bank_line(**office.act("ulla"), line=line.id, version=1, note="bankens avgift")
