"""Payments to a simulated bank and back: paid, refused, returned, late, twice, garbage; each has its effect once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from handslag.domain.payments.models import BankFile, BankLine, Booking, Payment, Return
from handslag.domain.payments.operations.advances import grant_advance
from handslag.domain.payments.operations.bank import settle_bank_line
from handslag.domain.payments.operations.planning import unblock_payment
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.jobs import acts
from handslag.jobs import payments as jobs
from tests.office import TEST, Folder, Office, run_jobs

ROOT = Path(__file__).resolve().parents[2]


class Exchange:
    """An office's folders to and from its bank, and the bank as a process of its own."""

    def __init__(self, office: Office, database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        set_policy(**office.by(TEST), name="bank_folders", value=True)
        self.office, self.database = office, database
        with acting(office.slug, TEST, "look") as door:
            self.tenant = door.the_tenant.id
        monkeypatch.setattr(acts, "tenants", lambda: [self.tenant])
        self.to, self.answers = jobs.folders(office.slug)
        self.answers.mkdir(parents=True)

    def bank(self, **script: Any) -> None:
        """The bank takes what is there and answers as told."""
        (self.answers / "script.json").write_text(json.dumps(script))
        command = [sys.executable, "-m", "simulators.bank", str(self.to), str(self.answers), "--once"]
        subprocess.run(command, check=True, cwd=ROOT, capture_output=True, timeout=60)

    def payments(self, *folders: Folder) -> list[tuple[str, str, str]]:
        """State, reason and account of the payments of these cases."""
        with acting(self.office.slug, TEST, "look"):
            found = Payment.objects.filter(case__in=[f.case.id for f in folders]).order_by("id")
            return [(p.state, p.blocked_reason, p.account_kind) for p in found]

    def fetch(self) -> None:
        """What the minute's job does."""
        jobs.fetch_bank_files(timestamp=0)


@pytest.fixture
def exchange(office: Office, database: Any, monkeypatch: pytest.MonkeyPatch) -> Exchange:
    """See Exchange."""
    return Exchange(office, database, monkeypatch)


def _decided(office: Office, *names: str) -> list[Folder]:
    folders = [office.case((name, "Person", "19930303")) for name in names]
    for folder in folders:
        folder.applied()
        folder.decided()
    return folders


def test_paid_refused_and_returned_each_once_whatever_the_bank_sends_again(exchange: Exchange, office: Office) -> None:
    paid, refused, back = _decided(office, "Paula", "Reidar", "Beata")
    office.run()
    run_jobs(exchange.database)
    (file,) = exchange.to.glob("*.xml")
    told = {"reject": {"Reidar Person": "AC01"}, "return": {"Beata Person": "AC04"}, "twice": True}
    exchange.bank(**told, strangers=1, garbage=True)
    exchange.fetch()
    exchange.fetch()
    assert exchange.payments(paid) == [("confirmed", "", "bban")]
    assert exchange.payments(refused) == [("rejected", "", "bban"), ("blocked", "rejected: AC01", "bban")]
    assert exchange.payments(back) == [("returned", "", "bban"), ("blocked", "returned: AC04", "bban")]
    with acting(office.slug, TEST, "look"):
        rows = Booking.objects.filter(case=back.case).order_by("booked_at", "id")
        assert [(b.kind, b.account_code, b.amount) for b in rows] == [
            ("expense", "forsorjningsstod", 655_000), ("income", "retur", 655_000), ("expense", "retur", 655_000),
        ]  # fmt: skip
        assert Booking.objects.filter(case=refused.case).count() == 1  # no money moved
        assert Return.objects.filter(payment__case=back.case).count() == 1
        tasks = set(Task.objects.exclude(kind="application").values_list("kind", "subject_id"))
        quarantined = list(BankLine.objects.filter(outcome="quarantined"))
        assert {line.reason for line in quarantined} == {"unknown reference"}
        unreadable = BankFile.objects.get(kind="unreadable")
        assert {("payment rejected", refused.case.id), ("payment returned", back.case.id)} <= tasks
        assert ("bank file", unreadable.id) in tasks
        again = Payment.objects.get(case=back.case, state="blocked")
    # the bank answers for a file twice: its message id is known, and it says no to the second
    (exchange.to / "again.xml").write_bytes((exchange.to / "taken" / file.name).read_bytes())
    exchange.bank()
    before = exchange.payments(paid, refused, back)
    exchange.fetch()
    assert exchange.payments(paid, refused, back) == before
    # a person has looked at the account: it is paid again, and this time it arrives
    unblock_payment(**office.act("ulla"), payment=again.id, version=again.version)
    office.run()
    run_jobs(exchange.database)
    run_jobs(exchange.database)  # the file is written; then it is handed over
    exchange.bank(statement=True, late=True)
    exchange.fetch()
    assert exchange.payments(back)[1][0] == "sent"
    exchange.bank()
    exchange.fetch()
    assert [state for state, _, _ in exchange.payments(back)] == ["returned", "confirmed"]
    line = quarantined[0]
    with pytest.raises(NotPossible):
        settle_bank_line(**office.act("ulla"), line=line.id, version=1, note=" ")
    settle_bank_line(**office.act("ulla"), line=line.id, version=1, note="bankens avgift")
    with pytest.raises(Conflict):
        settle_bank_line(**office.act("erik"), line=line.id, version=1, note="bankens avgift")


def test_a_refused_file_and_contradictions_lose_nothing(exchange: Exchange, office: Office) -> None:
    (folder,) = _decided(office, "Olle")
    run = office.run()
    run_jobs(exchange.database)
    with acting(office.slug, TEST, "look"):
        (payment,) = Payment.objects.filter(case=folder.case)

    def notice(number: int, amount: str, side: str = "DBIT") -> str:
        return (
            f"<Document><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>{number}</MsgId></GrpHdr><Ntfctn><Ntry><Amt Ccy='SEK'>"
            f"{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><NtryDtls><TxDtls><Refs><EndToEndId>{payment.reference}"
            "</EndToEndId></Refs></TxDtls></NtryDtls></Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
        )

    take = jobs.take_bank_file
    take(office.slug, TEST, notice(1, "6550.01").encode())
    assert exchange.payments(folder)[0][0] == "sent"
    status = (
        f"<Document><CstmrPmtStsRpt><OrgnlGrpInfAndSts><OrgnlMsgId>{run.id.hex}</OrgnlMsgId><GrpSts>RJCT</GrpSts>"
        "<StsRsnInf><Rsn><Cd>FF01</Cd></Rsn></StsRsnInf></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>"
    )
    assert take(office.slug, TEST, status.encode()) is not None
    assert take(office.slug, TEST, status.encode()) is None
    assert exchange.payments(folder) == [("rejected", "", "bban"), ("blocked", "rejected: FF01", "bban")]
    take(office.slug, TEST, notice(2, "6550").encode())
    take(office.slug, TEST, notice(3, "6550", "CRDT").encode())
    with acting(office.slug, TEST, "look"):
        found = BankLine.objects.filter(outcome="quarantined").order_by("id")
        assert [line.reason for line in found] == [
            "other amount", "paid though rejected", "returned though rejected",
        ]  # fmt: skip


def test_killed_anywhere_each_payment_is_handed_over_and_answered_once(
    exchange: Exchange, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder,) = _decided(office, "Kim")
    run = office.run()

    def killed(*args: Any) -> Any:
        raise OSError("killed")

    jobs.write_run_file(tenant=exchange.tenant, run=str(run.id))
    with monkeypatch.context() as power:
        power.setattr(Path, "rename", killed)  # between writing the file and giving it its name
        with pytest.raises(OSError, match="killed"):
            jobs.hand_over_file(tenant=exchange.tenant, run=str(run.id))
    exchange.bank()
    assert exchange.payments(folder)[0][0] == "sent"
    for _ in range(2):
        jobs.write_run_file(tenant=exchange.tenant, run=str(run.id))
        jobs.hand_over_file(tenant=exchange.tenant, run=str(run.id))
        exchange.bank(twice=True)
    assert len(list((exchange.to / "taken").glob("*.xml"))) == 1
    with monkeypatch.context() as power:
        power.setattr(Path, "rename", killed)  # between taking an answer and putting it away
        with pytest.raises(acts.TenantsFailed):
            exchange.fetch()
    exchange.fetch()
    assert [state for state, _, _ in exchange.payments(folder)] == ["confirmed"]
    with acting(office.slug, TEST, "look"):
        told = list(BankLine.objects.filter(payment__case=folder.case).values_list("outcome", flat=True))
    assert told.count("applied") == 1
    assert set(told) <= {"applied", "noted", "repeated"}


def test_a_slip_leaves_in_a_block_of_its_own_and_the_bank_pays_it(exchange: Exchange, office: Office) -> None:
    set_policy(**office.by(TEST), name="payment_slips", value=True)
    set_policy(**office.by(TEST), name="bank_profile", value={"slips": True})
    told = {"month": office.month, "amount": 12_300, "reasons": "Ingen mat hemma."}
    home: dict[str, Any] = {"address_lines": ["c/o <Ek> & Son", "Provgatan 1"], "postcode": "990 01"}
    by_slip = office.case(("Åsa", "Avi", "19930303"), account=None, **home)
    by_account = office.case(("Kurt", "Konto", "19930304"))
    for folder in (by_slip, by_account):
        grant_advance(**office.act("bo"), case=folder.case.id, **told)
    run = office.run()
    jobs.write_run_file(tenant=exchange.tenant, run=str(run.id))
    jobs.hand_over_file(tenant=exchange.tenant, run=str(run.id))
    (file,) = exchange.to.glob("*.xml")
    blocks = ElementTree.parse(file).getroot().findall(".//{*}PmtInf")
    slip = next(block for block in blocks if block.findtext("{*}PmtMtd") == "CHK")
    sent = [slip.findtext(f".//{{*}}{name}") for name in ("PstCd", "TwnNm", "Ctry", "ChqTp")]
    assert (len(blocks), sent) == (2, ["990 01", "Provstad", "SE", "BCHQ"])
    lines = [line.text for line in slip.findall(".//{*}AdrLine")]
    assert lines == ["c/o ?Ek? + Son", "Provgatan 1"]
    exchange.bank(reject={"Kurt Konto": "AC01"})
    exchange.fetch()
    assert [one[0] for one in exchange.payments(by_slip)] == ["confirmed"]
    assert exchange.payments(by_account)[0][0] == "rejected"
