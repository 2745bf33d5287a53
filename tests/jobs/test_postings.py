"""The ledger's files: debit equals credit, each line traced to bookings, a fixed day the same for ever."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from handslag.connectors.postings import as_csv, as_sie
from handslag.domain.payments.models import Booking, Payment
from handslag.domain.payments.operations.account import book_income
from handslag.domain.payments.operations.advances import grant_advance
from handslag.domain.payments.operations.postings import fix_posting_day, set_chart_row
from handslag.domain.payments.queries import CHART_CODES, postings_of
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs.payments import take_bank_file, write_run_file
from tests.office import TEST, Folder, Office

LEDGER = {"forsorjningsstod": "4510", "forskott": "1660", "retur": "2899", "skuld": "2890", "bank": "1938"}


def _chart(office: Office, *but: str, **more: Any) -> None:
    for code in CHART_CODES:
        if code not in but:
            told = {"unit": "5710", "activity": "575", "since": office.today - timedelta(days=40), **more}
            set_chart_row(
                **office.act("ulla"), code=code, account=LEDGER.get(code, "3990"), source="Kontoplan 2026", **told
            )


def _busy_day(office: Office) -> Folder:
    """An advance, its set-off, income, a decision that is replaced, a run's file, a payment that came back."""
    folder, wrong = office.case(), office.case(("Åsa", "Ändring", "19910111"))
    grant_advance(
        **office.act("bo"), case=folder.case.id, month=office.month, amount=100_00, reasons="Ingen mat hemma i dag."
    )
    for each in (folder, wrong):
        each.applied()
        each.decided()
    with acting(office.slug, TEST, "look") as door:
        tenant = door.the_tenant.id
    wrong.changed(0, "36")
    book_income(
        **office.act("hanna"), case=folder.case.id, period=folder.period().id, account_code="TAX_REFUND",
        counterparty="Petra Nilsson", amount=120_00, source="inbetalning 17",
    )  # fmt: skip
    write_run_file(tenant=tenant, run=str(office.run().id))
    with acting(office.slug, TEST, "look"):
        back = Payment.objects.get(case=folder.case, amount=645_000)
    notice = (
        "<Document><BkToCstmrDbtCdtNtfctn><Ntfctn><Ntry><Amt Ccy='SEK'>6450</Amt><CdtDbtInd>CRDT</CdtDbtInd><NtryDtls>"
        f"<TxDtls><Refs><EndToEndId>{back.reference}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry></Ntfctn>"
        "</BkToCstmrDbtCdtNtfctn></Document>"
    )
    take_bank_file(tenant, TEST, notice.encode())
    return folder


def test_a_day_is_balanced_traced_and_fixed_once(office: Office) -> None:
    folder = _busy_day(office)
    day, tomorrow = office.today, {**office.act("ulla"), "now": office.now + timedelta(days=1)}
    with acting(office.slug, TEST, "look") as door:
        day = door.the_tenant.today(office.now)
    _chart(office, "retur")
    with pytest.raises(NotPossible) as early:
        fix_posting_day(**office.act("ulla"), day=day)
    with pytest.raises(NotPossible) as unmapped:
        fix_posting_day(**tomorrow, day=day)
    assert (early.value.code, unmapped.value.facts) == ("day not over", {"codes": ["retur"]})
    _chart(office, *(set(CHART_CODES) - {"retur"}))
    fixed = fix_posting_day(**tomorrow, day=day)
    with acting(office.slug, TEST, "look"):
        postings = postings_of(day, fixed.fixed_at)
        bookings = {b.id: b.amount for b in Booking.objects.all()}
    rows = list(csv.DictReader(io.StringIO(as_csv(postings.entries).decode()), delimiter=";"))
    per_account: dict[str, int] = {}
    for row in rows:
        assert (row["ansvar"], row["verksamhet"]) == ("5710", "575")
        amount = int((row["debet"] or "0").replace(",", "")) - int((row["kredit"] or "0").replace(",", ""))
        per_account[row["konto"]] = per_account.get(row["konto"], 0) + amount
        assert row["bokningar"]
        assert set(row["bokningar"].split()) <= {str(key) for key in bookings}
    assert sum(per_account.values()) == 0
    assert per_account == {
        "4510": 655_000,  # Petra's; Åsa's is countered
        "1660": 0,  # the advance is set off
        "2899": 0,  # what came back is owed again
        "2890": -645_000,  # ... and stands open
        "3990": -12_000,
        "1938": 12_000 - 10_000,  # income in; the advance out; the rest went out and came back
    }
    assert {entry.key for entry in postings.entries if entry.source == "booking"} == set(bookings)
    assert "Petra" not in as_csv(postings.entries).decode()
    assert folder.case.number not in as_csv(postings.entries).decode()
    sie = as_sie(postings.entries, organisation="Åmåls kommun", number="212000-0142", made_on=day).decode("cp437")
    assert sie.count("#VER ") == len(postings.entries) == fixed.entries
    assert '#FNAMN "Åmåls kommun"' in sie
    with pytest.raises(NotPossible) as again:
        fix_posting_day(**tomorrow, day=day)
    assert again.value.code == "fixed"
    later = {**tomorrow, "now": office.now + timedelta(days=2)}
    set_chart_row(**later, code="skuld", account="9999", unit="", activity="", since=day, source="Kontoplan 2027")
    with acting(office.slug, TEST, "look"):
        assert postings_of(day, fixed.fixed_at).digest == fixed.digest  # a fixed day keeps its accounts
