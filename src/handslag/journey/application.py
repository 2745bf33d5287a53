"""The file of `handslag journey`: who applies for what, and what the office accepts of it.

The types below are the definition; `application.schema.json` beside this file is written from them
(`./dev docs`) and compared in CI. Amounts are öre, whole numbers.
"""

from __future__ import annotations

import calendar
import random
import re
from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from handslag.domain.people.accounts import account_problems
from handslag.domain.people.identifiers import BadIdentifier, normal_identifier
from handslag.kernel.money import MAXIMUM
from handslag.rules.se.codes import COSTS, INCOMES

#: Costs that people apply for; the others are added by caseworkers.
APPLIED_FOR = {code: cost for code, cost in COSTS.items() if not cost.by_caseworker}
SCHEMA = Path(__file__).with_name("application.schema.json")

Text = Annotated[str, Meta(max_length=120)]
Name = Annotated[str, Meta(min_length=1, max_length=80)]
Key = Annotated[str, Meta(pattern="^[a-z][a-z0-9_-]{0,31}$", description="A name for the person inside this file.")]
Ore = Annotated[int, Meta(ge=0, le=MAXIMUM, description="öre: 6 550 kr is 655000")]
Accepted = Annotated[int, Meta(ge=0, le=MAXIMUM)]
Base32 = Annotated[str, Meta(pattern="^[A-Z2-7=]+$")]
Slug = Annotated[str, Meta(pattern="^[a-z][a-z0-9-]*$")]
MonthText = Annotated[str, Meta(pattern="^[0-9]{4}-(0[1-9]|1[0-2])$")]
SCRIPTS = (
    "as the person writes it; letters are made in Latin, Greek, Cyrillic and Arabic script, in others with fonts of "
    "the installation's own (HANDSLAG_FONTS)"
)


class ApplicationError(ValueError):
    """The file is no application; `problems` are sentences, each beginning with the place it is about."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Address(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a person lives."""

    lines: Annotated[list[Text], Meta(min_length=1, max_length=4)]
    postcode: Annotated[str, Meta(max_length=12)]
    city: Annotated[str, Meta(max_length=80)]


class Account(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The account that support is paid to."""

    kind: Literal["bban", "bankgiro", "plusgiro", "iban"] = "bban"
    clearing: Annotated[str, Meta(pattern="^([0-9]{4,5})?$", description="clearing number, for kind bban only")] = ""
    number: Annotated[str, Meta(pattern="^[0-9A-Z -]{2,42}$")]


class Person(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A member of the household. The first adult is the applicant, a second one applies together with the first."""

    key: Key
    role: Literal["adult", "child"]
    number: Annotated[
        str,
        Meta(
            pattern="^[0-9]{8}-?[0-9]{4}$",
            description="personnummer, or samordningsnummer (day + 60), twelve digits; invented: serials 980-999",
        ),
    ]
    given_name: Annotated[Name, Meta(description=SCRIPTS)]
    family_name: Annotated[str, Meta(max_length=80)] = ""
    address: Annotated[Address | None, Meta(description="for a child: that of the adults, where left out")] = None
    email: Annotated[str, Meta(max_length=120)] = ""
    telephone: Annotated[str, Meta(max_length=40)] = ""
    account: Account | None = None
    certificate: Annotated[
        Literal["loa3", "loa4"], Meta(description="the e-ID used: loa3 soft, loa4 hard certificate")
    ] = "loa3"
    lunch_days: Annotated[
        int, Meta(ge=0, le=7, description="assessed: lunches a week that a child has at preschool or school")
    ] = 0
    job_stimulus: Annotated[bool, Meta(description="assessed: an adult with the job stimulus")] = False

    @property
    def digits(self) -> str:
        """The number without hyphen."""
        return self.number.replace("-", "")

    @property
    def identifier_type(self) -> str:
        """personnummer or samordningsnummer."""
        return "samordningsnummer" if int(self.digits[6:8]) > 60 else "personnummer"

    @property
    def name(self) -> str:
        """Given name and family name."""
        return f"{self.given_name} {self.family_name}".strip()


class Cost(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A cost applied for, and what the caseworker accepts of it."""

    code: str
    amount: Ore
    person: Annotated[
        str | None, Meta(description="whose it is: a key of the household; the on-line form doesn't ask for it")
    ] = None
    note: Annotated[str, Meta(max_length=80)] = ""
    accepted: Annotated[
        Accepted | None, Meta(description="what the caseworker accepts, öre; all of it where left out")
    ] = None


class Income(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An income given by the applicants, öre after tax."""

    code: str
    amount: Ore
    person: Annotated[str | None, Meta(description="whose it is; income from work always names somebody")] = None
    note: Annotated[str, Meta(max_length=80)] = ""


class Staff(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One member of staff's log-in at the desk; what is left out is the demonstration's."""

    login: Annotated[str, Meta(min_length=3, max_length=120, description="e-mail address")]
    password: str | None = None
    totp_secret: Annotated[Base32 | None, Meta(description="base32")] = None


class Office(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who does the office's part; whoever is left out is the demonstration's."""

    registrar: Staff | None = None
    caseworker: Staff | None = None
    decider: Staff | None = None
    payer: Staff | None = None
    second_payer: Staff | None = None


class Expected(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What must come out; compared at the end."""

    granted: Ore
    outcome: Annotated[
        Literal["bifall", "delavslag", "avslag"] | None,
        Meta(description="everything granted, part of it refused, nothing granted"),
    ] = None


class Application(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One application, from registering the people to the payment file."""

    schema: Annotated[str, Meta(description="the address of this schema, for editors; not used")] = msgspec.field(
        name="$schema", default=""
    )
    title: Text = ""
    organisation: Annotated[
        Slug | None, Meta(description="its short name, as in addresses; where left out, the demonstration's")
    ] = None
    channel: Annotated[
        Literal["online", "paper"], Meta(description="paper: signed by all adults, entered by the registrar")
    ] = "online"
    language: Literal["sv", "en"] = "sv"
    month: Annotated[
        MonthText | None,
        Meta(description="the month applied for; else the first that the e-service offers, on paper this one"),
    ] = None
    household: Annotated[list[Person], Meta(min_length=1, max_length=20)]
    household_changes: Annotated[
        str, Meta(max_length=4000, description="what differs from the household as registered; empty: nothing does")
    ] = ""
    costs: Annotated[list[Cost], Meta(max_length=60)] = []
    incomes: Annotated[list[Income], Meta(max_length=60)] = []
    message: Annotated[str, Meta(max_length=4000)] = ""
    paper: Annotated[Text, Meta(description="where the signed paper is kept; for channel paper")] = ""
    reasons: Annotated[
        str, Meta(max_length=4000, description="the decision's reasons; needed where something is refused")
    ] = ""
    office: Office = Office()
    expected: Expected | None = None

    @property
    def adults(self) -> list[Person]:
        """One or two, the applicant first."""
        return [person for person in self.household if person.role == "adult"]

    def check(self) -> None:
        """Raises ApplicationError with everything that the types alone can't say."""
        problems: list[str] = []
        keys = [person.key for person in self.household]
        if not 1 <= len(self.adults) <= 2:
            problems.append("household: a case has one or two adults")
        for n, person in enumerate(self.household):
            where = f"household[{n}] ({person.key})"
            if keys.index(person.key) != n:
                problems.append(f"{where}.key: used twice")
            if [p.digits for p in self.household].index(person.digits) != n:
                problems.append(f"{where}.number: used twice")
            try:
                normal_identifier(person.identifier_type, person.number)
            except BadIdentifier as error:
                problems.append(f"{where}.number: {_NUMBER[error.code]}")
            if person.account is not None:
                account = person.account
                found = account_problems(account.kind, account.number, account.clearing)
                problems += [f"{where}.account: {problem.text}" for problem in found if problem.certain]
            if person.role == "adult" and person.lunch_days:
                problems.append(f"{where}.lunch_days: for children only")
            if person.role == "child" and person.job_stimulus:
                problems.append(f"{where}.job_stimulus: for adults only")
        if self.adults and self.adults[0].address is None:
            problems.append("household: the applicant (the first adult) needs an address")
        if self.adults and self.adults[0].account is None:
            problems.append("household: the applicant (the first adult) needs an account to be paid to")
        for n, cost in enumerate(self.costs):
            problems += _row_problems(f"costs[{n}]", cost, APPLIED_FOR, keys)
        for n, income in enumerate(self.incomes):
            problems += _row_problems(f"incomes[{n}]", income, INCOMES, keys)
            if income.code in INCOMES and INCOMES[income.code].employment and income.person is None:
                problems.append(f"incomes[{n}].person: income from work belongs to somebody")
        refused = any(c.accepted is not None and c.accepted < c.amount for c in self.costs)
        if refused and len(self.reasons.strip()) < 10:
            problems.append("reasons: needed (ten characters at least), as a cost isn't accepted in full")
        if self.channel == "paper" and not self.paper.strip():
            problems.append("paper: say where the signed paper is kept")
        if problems:
            raise ApplicationError(problems)


def _row_problems(where: str, row: Cost | Income, codes: Collection[str], keys: list[str]) -> list[str]:
    problems = []
    if row.code not in codes:
        problems.append(f"{where}.code: {row.code!r} is none of {', '.join(sorted(codes))}")
    if row.person is not None and row.person not in keys:
        problems.append(f"{where}.person: {row.person!r} is nobody's key in household")
    return problems


_NUMBER = {
    "form": "a personnummer has twelve digits: YYYYMMDD-NNNN",
    "twelve digits": "a personnummer has twelve digits: YYYYMMDD-NNNN",
    "check digit": "the last digit doesn't fit the others",
    "date": "there is no such day",
}


def read(path: Path) -> Application:
    """The application in a file; ApplicationError names every place that is wrong, in plain words."""
    try:
        application = msgspec.json.decode(path.read_bytes(), type=Application)
    except OSError as error:
        raise ApplicationError([f"{path}: {error.strerror}"]) from error
    except msgspec.ValidationError as error:
        raise ApplicationError([_plainly(str(error))]) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApplicationError([f"{path} is not JSON: {error}"]) from error
    application.check()
    return application


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the file, from the types above."""
    made = msgspec.json.schema(Application)
    definitions = made["$defs"]
    definitions["Cost"]["properties"]["code"]["enum"] = sorted(APPLIED_FOR)
    definitions["Income"]["properties"]["code"]["enum"] = sorted(INCOMES)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The application file of `handslag journey`",
        **made,
    }


_KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number with decimals",
    "bool": "true or false",
    "object": "an object in { }",
    "array": "a list in [ ]",
    "null": "null",
}


def _plainly(message: str) -> str:
    """msgspec's message as a sentence that begins with the place: "costs[0].amount: ..."."""
    text, _, place = message.partition(" - at `$")
    where = place.rstrip("`").lstrip(".") or "the file"
    for pattern, sentence in _SENTENCES:
        if found := re.fullmatch(pattern, text):
            words = [" or ".join(_KINDS.get(kind, kind) for kind in part.split(" | ")) for part in found.groups()]
            return f"{where}: {sentence.format(*words)}"
    return f"{where}: {text}"


_SENTENCES = (
    (r"Object missing required field `(.*)`", "{} is missing"),
    (r"Object contains unknown field `(.*)`", "{} is no field of it"),
    (r"Invalid enum value '?(.*?)'?", "{} is not one of the values allowed"),
    (r"Expected `(.*)`, got `(.*)`", "is {1}, should be {0}"),
    (r"Expected `str` matching regex .*", "is not written as it should be"),
    (r"Expected `str` of length <= (\d+)", "is longer than {} characters"),
    (r"Expected `str` of length >= (\d+)", "is shorter than {} characters"),
    (r"Expected `array` of length <= (\d+)", "has more than {} entries"),
    (r"Expected `array` of length >= (\d+)", "has fewer than {} entries"),
    (r"Expected `int` >= (\d+)", "is less than {}"),
    (r"Expected `int` <= (\d+)", "is more than {}"),
)


def with_new_numbers(application: Application, today: date, draw: random.Random) -> Application:
    """The same application for people whom the installation doesn't know: new numbers drawn, nothing else changed.

    The sheet stays the same: an adult gets another birth day of the same year, a child one of the same month,
    and the same day where that month may be the one applied for. Serials are 980-999, which nobody has.
    """
    taken: set[str] = set()
    drawn = []
    for person in application.household:
        while (number := _draw(person, today, draw)) in taken:
            pass
        taken.add(number)
        drawn.append(msgspec.structs.replace(person, number=number))
    return msgspec.structs.replace(application, household=drawn)


def _draw(person: Person, today: date, draw: random.Random) -> str:
    value = person.digits
    added = 60 if person.identifier_type == "samordningsnummer" else 0
    born = date(int(value[:4]), int(value[4:6]), int(value[6:8]) - added)
    near = (born.month - today.month + 1) % 12 <= 3  # last month to two months ahead
    month = draw.randint(1, 12) if person.role == "adult" else born.month
    if person.role == "adult" or not near:
        born = date(born.year, month, draw.randint(1, calendar.monthrange(born.year, month)[1]))
    body = f"{born:%y%m}{born.day + added:02}{draw.randint(980, 999)}"
    total = sum(sum(divmod(int(c) * (2 - i % 2), 10)) for i, c in enumerate(body))
    return f"{born.year}{body[2:]}{-total % 10}"
