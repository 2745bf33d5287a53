"""Checks of Swedish account numbers: clearing ranges, lengths, check digits, giro numbers.

The ranges are data: `clearing_se.csv`, after "Bankernas kontonummer" (Bankgirot, edition of 2019-08-21). Rows
marked U are younger or older than that edition, or (Swedbank 8xxx) have accounts that no check digit fits: what
fails there is a doubt, not an error. So is a clearing number in no range: banks come faster than tables.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

_DOUBLED = str.maketrans("0123456789", "0246813579")  # the digit sum of twice the digit
_IBAN = re.compile(r"[A-Z]{2}\d\d[A-Z0-9]{11,30}", re.ASCII)
_LETTERS = {ord(letter): str(value) for value, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 10)}


@dataclass(frozen=True, slots=True)
class ClearingRange:
    """Clearing numbers `first`..`last` of a bank; its accounts have `shortest`..`longest` digits.

    `check` names the check digit: mod10 (all account digits), mod11-9 (account), mod11-10 (last three of the
    clearing number + account), mod11-11 (clearing number + account), personkonto (mod10).
    """

    first: int
    last: int
    bank: str
    shortest: int
    longest: int
    check: str
    certain: bool


@cache
def clearing_ranges() -> tuple[ClearingRange, ...]:
    """All known ranges in rising order."""
    text = resources.files(__package__).joinpath("clearing_se.csv").read_text("utf-8")
    ranges = []
    for row in csv.DictReader(text.splitlines()):
        shortest, _, longest = row["digits"].partition("-")
        ranges.append(
            ClearingRange(
                int(row["first"]),
                int(row["last"]),
                row["bank"],
                int(shortest),
                int(longest or shortest),
                row["check"],
                row["mark"] != "U",
            )
        )
    return tuple(ranges)


@cache
def range_of(clearing: str) -> ClearingRange | None:
    """The range that the first four digits of a clearing number lie in, or None."""
    number = int(clearing[:4])
    return next((r for r in clearing_ranges() if r.first <= number <= r.last), None)


def digits(number: str) -> str:
    """`number` without the spaces and hyphens that people write."""
    return number if number.isalnum() else number.replace(" ", "").replace("\u00a0", "").replace("-", "")


def luhn_ok(number: str) -> bool:
    """Modulus 10 (Luhn) over all digits, the last being the check digit."""
    return sum(map(int, number[::-2] + number[-2::-2].translate(_DOUBLED))) % 10 == 0


def mod11_ok(number: str) -> bool:
    """Modulus 11, weights 1..10 and again from the right, the last being the check digit."""
    return sum(int(f) * (i % 10 + 1) for i, f in enumerate(reversed(number))) % 11 == 0


def iban_ok(iban: str) -> bool:
    """ISO 13616: letters and digits, modulus 97 == 1; a Swedish IBAN has 24 characters."""
    if not _IBAN.fullmatch(iban):
        return False
    if iban.startswith("SE") and (len(iban) != 24 or not iban[2:].isdigit()):
        return False
    return int((iban[4:] + iban[:4]).translate(_LETTERS)) % 97 == 1


@dataclass(frozen=True, slots=True)
class AccountProblem:
    """Why an account number can't be right, or is doubtful (`certain` False: stops nothing)."""

    field: str
    code: str
    text: str
    certain: bool = True


def account_problems(kind: str, account_number: str, account_clearing: str = "") -> list[AccountProblem]:
    """What is wrong or doubtful with an account number; [] if nothing is. Never raises on bad input.

    `kind`: bban (clearing and account), bankgiro, plusgiro, iban.
    Codes: format, check_digit, clearing_unknown, account_length, personkonto_date.
    """

    def problem(field: str, code: str, text: str, certain: bool = True) -> list[AccountProblem]:
        return [AccountProblem(field, code, text, certain)]

    number = digits(account_number)
    if kind == "iban":
        return [] if iban_ok(number.upper()) else problem("iban", "check_digit", "the IBAN fails its check")
    if not (number.isascii() and number.isdigit()):
        return problem("account", "format", "the number must be digits")
    if kind == "bankgiro":
        if len(number) not in (7, 8):
            return problem("bankgiro", "format", "a bankgiro number has 7 or 8 digits")
        return [] if luhn_ok(number) else problem("bankgiro", "check_digit", "the check digit is wrong")
    if kind == "plusgiro":
        if not 2 <= len(number) <= 8:
            return problem("plusgiro", "format", "a plusgiro number has 2 to 8 digits")
        return [] if luhn_ok(number) else problem("plusgiro", "check_digit", "the check digit is wrong")

    clearing = digits(account_clearing)
    if not (clearing.isascii() and clearing.isdigit() and len(clearing) in (4, 5)):
        return problem("clearing", "format", "a clearing number has 4 digits (Swedbank 8xxx: 4 or 5)")
    if len(clearing) == 5:
        if clearing[0] != "8":
            return problem("clearing", "format", "only Swedbank's 8xxx has a fifth digit")
        if not luhn_ok(clearing):
            return problem("clearing", "check_digit", "the fifth digit of the clearing number is wrong")
    span = range_of(clearing)
    if span is None:
        return problem("clearing", "clearing_unknown", f"no known bank has clearing number {clearing[:4]}", False)
    if not 1 <= len(number) <= span.longest or len(number) < span.shortest:
        wanted = str(span.longest) if span.shortest == span.longest else f"{span.shortest} to {span.longest}"
        return problem("account", "account_length", f"an account of {span.bank} has {wanted} digits", span.certain)
    if not _check_digit_ok(span.check, clearing[:4], number):
        return problem("account", "check_digit", f"the check digit is wrong for {span.bank}", span.certain)
    if span.check == "personkonto" and clearing == "3300" and not _looks_like_a_birth_date(number):
        return problem("account", "personkonto_date", "a personkonto begins with a date of birth", False)
    return []


def _check_digit_ok(check: str, clearing: str, number: str) -> bool:
    if check in ("mod10", "personkonto"):
        return luhn_ok(number)
    return mod11_ok({"mod11-9": "", "mod11-10": clearing[1:], "mod11-11": clearing}[check] + number)


def _looks_like_a_birth_date(number: str) -> bool:
    day = int(number[4:6])
    return 1 <= int(number[2:4]) <= 12 and (1 <= day <= 31 or 61 <= day <= 91)
