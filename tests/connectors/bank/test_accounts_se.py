from itertools import pairwise

import pytest

from handslag.connectors.bank.pain001_se.write import check_account
from handslag.connectors.bank.port import Account
from handslag.domain.people.accounts import clearing_ranges, luhn_ok, mod11_ok


def codes(account: Account) -> list[tuple[str, bool]]:
    return [(p.code, p.certain) for p in check_account(account)]


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (Account("bankgiro", "5050-1055"), []),
        (Account("bankgiro", "5050-1056"), [("check_digit", True)]),
        (Account("bankgiro", "505010"), [("format", True)]),
        (Account("plusgiro", "12 34 56 74"), []),
        (Account("plusgiro", "1234567-3"), [("check_digit", True)]),
        (Account("iban", "SE35 5000 0000 0549 1000 0003"), []),
        (Account("iban", "SE36 5000 0000 0549 1000 0003"), [("check_digit", True)]),
        (Account("iban", "DE89370400440532013000"), []),
        (Account("iban", "Ü" * 24), [("check_digit", True)]),
        (Account("bban", "811 123 4-56", clearing="3300"), [("account_length", True)]),
        (Account("bban", "850731-2398", clearing="3300"), []),
        (Account("bban", "850731-2399", clearing="3300"), [("check_digit", True)]),
        (Account("bban", "851331-2390", clearing="3300"), [("personkonto_date", False)]),
        (Account("bban", "1234567", clearing="9999"), [("clearing_unknown", False)]),
        (Account("bban", "1", clearing="8327-8"), [("check_digit", True)]),
        (Account("bban", "123", clearing="12345"), [("format", True)]),
        (Account("bban", "٣٤٥", clearing="1200"), [("format", True)]),
        (Account("bban", "", clearing="1200"), [("format", True)]),
    ],
)
def test_findings(account: Account, expected: list[tuple[str, bool]]) -> None:
    assert codes(account) == expected


def test_each_range_takes_exactly_one_check_digit() -> None:
    for span in clearing_ranges():
        stem = "850731239"[: span.longest - 1]
        good = [d for d in "0123456789" if not codes(Account("bban", stem + d, clearing=str(span.first)))]
        assert len(good) <= 1, span
        if span.check in ("mod10", "personkonto"):
            assert good == [d for d in "0123456789" if luhn_ok(stem + d)]
        else:
            clearing = str(span.first)
            prefix = {"mod11-9": "", "mod11-10": clearing[1:], "mod11-11": clearing}[span.check]
            assert good == [d for d in "0123456789" if mod11_ok(prefix + stem + d)]


def test_ranges_rise_and_never_overlap() -> None:
    ranges = clearing_ranges()
    assert all(r.first <= r.last for r in ranges)
    assert all(a.last < b.first for a, b in pairwise(ranges))
    assert len(ranges) == 56


def test_accounts_inside_well_known_example_ibans() -> None:
    assert codes(Account("bban", "8257466", clearing="5839")) == []  # SE45 5000 0000 0583 9825 7466
    assert codes(Account("bban", "0000003", clearing="5491")) == []  # SE35 5000 0000 0549 1000 0003
    assert codes(Account("bban", "0000004", clearing="5491")) == [("check_digit", True)]


def test_mod11_by_hand() -> None:
    # weights from the right 1..9: 9 + 16 + 21 + 24 + 25 + 24 + 21 + 16 + 9 = 165 = 15 * 11
    assert mod11_ok("123456789")
    assert not mod11_ok("123456788")
