"""The text of a QR-bill: read as it is, refused where it can't be paid as it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handslag.domain.people.qr_bill import BadQrBill, QrBill, read_qr_bill
from handslag.domain.people.references import creditor_reference, numbers_in, reference_fault
from handslag.kernel.ids import reference

#: Line by line: head, account, creditor, ultimate creditor, amount, debtor, reference, end, billing information.
BILL = [
    "SPC", "0200", "1", "CH4431999123000889012", "S", "Liegenschaften Muster AG", "Dorfstrasse", "7b", "8999",
    "Musterwil", "CH", *[""] * 7, "1500.00", "CHF", *[""] * 7, "QRR", "210000000003139471430009017",
    "Miete Dezember", "EPD", "//S1/10/10201409",
]  # fmt: skip


def text(changes: dict[int, str] | None = None, end: str = "\r\n") -> str:
    return end.join((changes or {}).get(n, line) for n, line in enumerate(BILL))


def test_a_bill_says_whom_how_much_and_by_which_reference() -> None:
    told = QrBill(
        iban="CH4431999123000889012", name="Liegenschaften Muster AG",
        address=("Dorfstrasse", "7b", "8999", "Musterwil"), country="CH", amount=1_500_00, currency="CHF",
        reference="210000000003139471430009017", message="Miete Dezember",
    )  # fmt: skip
    assert read_qr_bill(text()) == read_qr_bill(text(end="\n") + "\n") == told
    plain = {3: "CH93 0076 2011 6238 5295 7", 18: "", 29: ""}
    scor = read_qr_bill(text(plain | {27: "SCOR", 28: "RF18539007547034"}))
    assert (scor.iban, scor.amount, scor.reference) == ("CH9300762011623852957", None, "RF18539007547034")
    assert read_qr_bill(text(plain | {27: "NON", 28: ""})).reference == ""


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({0: "SPD"}, "format"), ({1: "0100"}, "format"), ({2: "2"}, "format"), ({5: ""}, "format"),
        ({10: "Schweiz"}, "format"), ({30: ""}, "format"), ({29: "x" * 900}, "format"),
        ({3: "CH4431999123000889013"}, "iban"), ({3: "DE89370400440532013000"}, "iban"), ({19: "USD"}, "currency"),
        ({18: "1500"}, "amount"), ({18: "0.00"}, "amount"), ({18: "-1.00"}, "amount"), ({18: "1'500.00"}, "amount"),
        ({27: "NON"}, "reference"), ({27: "SCOR"}, "reference"), ({28: "210000000003139471430009018"}, "reference"),
        ({27: "NON", 28: ""}, "reference"), ({3: "CH9300762011623852957"}, "reference"),
    ],
)  # fmt: skip
def test_what_can_not_be_paid_as_it_stands_is_refused(changes: dict[int, str], code: str) -> None:
    with pytest.raises(BadQrBill) as refused:
        read_qr_bill(text(changes))
    assert refused.value.code == code


@given(st.lists(st.tuples(st.integers(0, 31), st.text(max_size=30)), max_size=3), st.integers(0, 40))
def test_whatever_is_scanned_is_read_or_refused(changes: list[tuple[int, str]], cut: int) -> None:
    lines = text(dict(changes)).split("\r\n")[:cut]
    try:
        read_qr_bill("\n".join(lines))
    except BadQrBill:
        pass


def test_a_number_of_ours_is_found_again_by_its_reference() -> None:
    number = reference(2026, 4121)
    scor = creditor_reference(number)
    assert (scor[4:], reference_fault("CH9300762011623852957", scor)) == (number.replace("-", ""), "")
    spaced = f"{scor[:4]} {scor[4:8]} {scor[8:12]} {scor[12:]}"
    assert numbers_in(f"Rueckzahlung {spaced} danke, {scor.lower()}") == [number] * 2
    other = creditor_reference(f"{number[:-3]}9{number[-2:]}")
    wrong = [f"RF00{scor[4:]}", other, "RF18539007547034", scor[2:], f"X{scor}", ""]
    assert [numbers_in(text) for text in wrong] == [[]] * len(wrong)
