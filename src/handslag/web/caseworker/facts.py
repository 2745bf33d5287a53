"""The facts of a period as a form: what was applied for, what the caseworker counts and why.

Fields (plain HTML): `version`; for each cost `cost-N-key`, `cost-N-mine`, `cost-N-why`; for each income
`income-N-key`, `income-N-mine`, `income-N-source`, `income-N-why`; new rows `new-cost-N-code|mine|why|person`,
`new-income-N-code|mine|source|why|person`; for each member `member-N-key`, `member-N-lunch`, `member-N-stimulus`,
`member-N-earned`; `household_size`; `carry` (last month's surplus counts as income); `norm` (a norm of the
municipality). Rows are found again by their key, never by their place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from django import forms
from django.utils.translation import gettext as _

from handslag.domain.entitlement.queries import Before, own_norms
from handslag.domain.entitlement.queries import before as earlier_months
from handslag.domain.intake.models import Application
from handslag.domain.intake.queries import keys_of_lines, rows_applied_for
from handslag.domain.people.queries import Seen
from handslag.kernel.months import Month
from handslag.rules.se.codes import CASE_COSTS, COSTS, INCOMES
from handslag.rules.se.facts import CARRIED, Cost, Facts, Income, Member
from handslag.web.caseworker.sheet import masked_of, names_of
from handslag.web.ui import formats
from handslag.web.ui.forms import AmountField

LONGEST = 80
NEW_COSTS, NEW_INCOMES = 2, 2
SOURCES = ("given", "evidence", "caseworker", "fetched")


@dataclass
class Row:
    """A line of the table: what was applied for, what the rules propose, the caseworker's own figure as typed ("" where
    the proposal stands), and what counts by that (`effective`; None where the figure can't be read)."""

    place: str
    key: str
    code: str
    label: str
    person: str = ""
    person_name: str = ""
    note: str = ""
    previous: int | None = None
    applied: int | None = None
    proposed: int | None = None
    effective: int | None = None
    limit_source: str = ""
    mine: str = ""
    why: str = ""
    source: str = "given"
    errors: dict[str, str] = field(default_factory=dict)
    stands: str = ""
    #: What other organisations were asked about it: the question, and what was answered.
    asked: list[tuple[Any, str]] = field(default_factory=list)
    #: What shows it: the document, and why it can't be opened, if so; `line`: how a document names it.
    line: str = ""
    documents: list[tuple[Any, Any]] = field(default_factory=list)

    @property
    def own(self) -> bool:
        """Added by the caseworker."""
        return self.applied is None

    @property
    def change(self) -> int | None:
        """Of what counts, against last month; None where there was none."""
        return None if self.previous is None or self.effective is None else self.effective - self.previous


@dataclass
class MemberRow:
    """A person of the household: what the office knows of her month."""

    place: str
    key: str
    name: str
    role: str
    birth_on: date | None
    lunch: str
    stimulus: bool
    earned: str
    before: Before | None = None
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def last_month_of_stimulus(self) -> Any:
        """The last month in which the job stimulus holds by earlier decisions."""
        return (self.before.stimulus.until - 1).since if self.before and self.before.stimulus else None


@dataclass
class FactsForm:
    """The form of one period: rows as shown, and after `read` the facts they say."""

    version: int
    base: Facts
    costs: list[Row]
    incomes: list[Row]
    new_costs: list[Row]
    new_incomes: list[Row]
    members: list[MemberRow]
    household_size: str
    names: Mapping[str, str]
    masked: set[str]
    surplus: int = 0
    carry: bool = False
    norm: str = ""
    norms: list[tuple[str, str]] = field(default_factory=list)
    facts: Facts | None = None
    errors: list[tuple[str, str]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    @property
    def adds_cost(self) -> bool:
        """Something is typed in the rows for new costs."""
        return any(row.code or row.mine or row.why for row in self.new_costs)

    @property
    def adds_income(self) -> bool:
        """Something is typed in the rows for new incomes."""
        return any(row.code or row.mine or row.why for row in self.new_incomes)

    @property
    def people(self) -> list[tuple[str, str]]:
        """(key, name) of everybody who can have an income or a cost."""
        return [(m.key.partition(":")[0], m.name) for m in self.members]


def form_for(
    facts: Facts,
    version: int,
    seen: Mapping[UUID, Seen],
    lang: str,
    application: Application | None,
    before: Facts | None,
    surplus: int = 0,
) -> FactsForm:
    """The form of `facts` as they stand. `seen`: the household as its reader may see it, from where names and days of
    birth are taken; `before`: last month's facts; `surplus`: öre that last month left, which the caseworker may carry
    on. Lines that differ from last month come first."""
    names, births = names_of(seen), {str(key): one.birth_on for key, one in seen.items()}
    costs_before = _sums((c.code, c.accepted) for c in before.costs) if before else {}
    incomes_before = _sums((i.code, i.gross) for i in before.incomes) if before else {}
    facts = _changed_first(facts, costs_before, incomes_before) if before else facts
    given = rows_applied_for(application)["incomes"] if application else []
    applied = dict(
        zip(keys_of_lines((i["code"], i["person"]) for i in given), (i["amount"] for i in given), strict=True)
    )
    costs = [
        Row(
            f"cost-{n}",
            key,
            cost.code,
            COSTS[cost.code].name[lang],
            person=cost.person or "",
            person_name=names.get(cost.person or "", ""),
            previous=costs_before.get(cost.code),
            applied=cost.applied or None,
            proposed=cost.proposed if cost.applied else None,
            effective=cost.accepted,
            limit_source=cost.limit_source if cost.proposed < cost.applied else "",
            mine="" if cost.effective is None else formats.figure(cost.effective),
            why=cost.note if cost.effective is not None else "",
            note=cost.note if cost.effective is None else "",
        )
        for n, (key, cost) in enumerate(
            zip(keys_of_lines((c.code, c.person) for c in facts.costs), facts.costs, strict=True)
        )
    ]
    incomes = [
        Row(
            f"income-{n}",
            key,
            income.code,
            INCOMES[income.code].name[lang],
            person=income.person or "",
            person_name=names.get(income.person or "", ""),
            previous=incomes_before.get(income.code),
            applied=applied.get(key),
            proposed=applied.get(key),
            effective=income.gross,
            mine="" if income.gross == applied.get(key) else formats.figure(income.gross),
            why="" if income.source == "given" else income.note,
            note=income.note if income.source == "given" else "",
            source=income.source,
        )
        for n, (key, income) in enumerate(
            zip(keys_of_lines((i.code, i.person) for i in facts.incomes), facts.incomes, strict=True)
        )
    ]
    earlier = earlier_months({UUID(m.key) for m in facts.members}, facts.since)
    members = [
        MemberRow(
            f"member-{n}",
            f"{m.key}:{m.since or ''}",
            names.get(m.key, ""),
            m.role,
            births.get(m.key),
            str(m.lunch_days or ""),
            m.job_stimulus,
            formats.figure(m.work_income_before) if m.work_income_before is not None else "",
            earlier[UUID(m.key)],
        )
        for n, m in enumerate(facts.members)
    ]
    return FactsForm(
        version,
        facts,
        costs,
        incomes,
        [Row(f"new-cost-{n}", "", "", "") for n in range(NEW_COSTS)],
        [Row(f"new-income-{n}", "", "", "", source="caseworker") for n in range(NEW_INCOMES)],
        members,
        str(facts.household_size or ""),
        names,
        masked_of(seen),
        0 if any(i.code == CARRIED for i in facts.incomes) else surplus,
        norm=facts.norm,
        norms=own_norms(),
    )


def _changed_first(facts: Facts, costs: Mapping[str, int], incomes: Mapping[str, int]) -> Facts:
    """Lines whose sum by kind differs from last month's first; the rest in their order."""
    costs_now = _sums((c.code, c.accepted) for c in facts.costs)
    incomes_now = _sums((i.code, i.gross) for i in facts.incomes)
    return replace_facts(
        facts,
        costs=sorted(facts.costs, key=lambda c: costs_now[c.code] == costs.get(c.code)),
        incomes=sorted(facts.incomes, key=lambda i: incomes_now[i.code] == incomes.get(i.code)),
    )


def _sums(rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for code, amount in rows:
        sums[code] = sums.get(code, 0) + amount
    return sums


def read(form: FactsForm, data: Mapping[str, str]) -> FactsForm:
    """Take what was typed. `form.facts` is set where it can be calculated; else `form.errors` says what to mend.

    `form.gone`: what was typed in rows that aren't there any more, because the page was out of date.
    """
    sent = {data.get(f"{kind}-{n}-key", ""): f"{kind}-{n}" for kind in ("cost", "income", "member") for n in range(99)}
    sent.pop("", None)
    costs = [
        c
        for row, cost in zip(form.costs, form.base.costs, strict=True)
        for c in [_cost(form, row, cost, sent, data)]
        if c
    ]
    incomes = [
        i
        for row, income in zip(form.incomes, form.base.incomes, strict=True)
        for i in [_income(form, row, income, sent, data)]
        if i
    ]
    for row in form.new_costs:
        _take(row, row.place, data)
        if row.code or row.mine:
            amount = _amount(form, row)
            _known(form, row, CASE_COSTS)
            _reasoned(form, row)
            costs.append(Cost(code=row.code, applied=0, effective=amount, person=_person(form, row), note=row.why))
    for row in form.new_incomes:
        _take(row, row.place, data)
        if row.code or row.mine:
            amount = _amount(form, row)
            _known(form, row, INCOMES)
            person = _person(form, row)
            if row.code in INCOMES and INCOMES[row.code].employment and person is None:
                _wrong(form, row, "person", _("Choose whose work income this is."))
            incomes.append(
                Income(
                    code=row.code,
                    gross=amount,
                    source="evidence" if row.source == "evidence" else "caseworker",
                    person=person,
                    note=row.why,
                )
            )
    members = [_member(form, row, m, sent, data) for row, m in zip(form.members, form.base.members, strict=True)]
    known = {row.key for row in [*form.costs, *form.incomes]} | {m.key for m in form.members}
    form.gone = [
        " ".join([key.split(":")[0], data.get(f"{place}-mine", ""), data.get(f"{place}-why", "")]).strip()
        for key, place in sent.items()
        if key not in known
    ]
    form.household_size = data.get("household_size", form.household_size).strip()
    size = None
    if form.household_size:
        if re.fullmatch(r"[1-9][0-9]?", form.household_size):
            size = int(form.household_size)
        else:
            form.errors.append(("id_household_size", _("Write the number of people, 1 to 99.")))
    form.carry = form.surplus > 0 and bool(data.get("carry"))
    if form.carry:
        month = str(Month.of(form.base.since) - 1)
        incomes.append(Income(code=CARRIED, gross=form.surplus, source="caseworker", period=month))
    form.norm = data.get("norm", form.norm)
    if form.norm and form.norm not in dict(form.norms):
        form.errors.append(("id_norm", _("Choose one of the norms.")))
    if not form.errors:
        form.facts = replace_facts(
            form.base, costs=costs, incomes=incomes, members=members, household_size=size, norm=form.norm
        )
    return form


def replace_facts(facts: Facts, **changed: Any) -> Facts:
    """The facts with some fields changed."""
    new: Facts = msgspec.structs.replace(facts, **changed)
    return new


def _take(row: Row, place: str, data: Mapping[str, str]) -> None:
    row.mine = data.get(f"{place}-mine", row.mine).strip()[:40]
    row.why = data.get(f"{place}-why", row.why).strip()
    row.source = data.get(f"{place}-source", row.source)
    if row.place.startswith("new"):
        row.code = data.get(f"{place}-code", row.code)
        row.person = data.get(f"{place}-person", row.person)


def _wrong(form: FactsForm, row: Row, name: str, text: str) -> None:
    row.errors[name] = text
    form.errors.append((f"id_{row.place}-{name}", f"{row.label}: {text}" if row.label else text))


def _amount(form: FactsForm, row: Row) -> int:
    try:
        return AmountField().clean(row.mine) or 0
    except forms.ValidationError as wrong:
        _wrong(form, row, "mine", wrong.messages[0])
        return 0


def _known(form: FactsForm, row: Row, names: Mapping[str, Any]) -> None:
    if row.code not in names:
        _wrong(form, row, "code", _("Choose what it is."))


def _person(form: FactsForm, row: Row) -> str | None:
    if row.person and row.person not in form.names:
        _wrong(form, row, "person", _("Choose somebody of the household."))
    return row.person or None


def _reasoned(form: FactsForm, row: Row) -> None:
    if not row.why:
        _wrong(form, row, "why", _("Say why in a few words."))
    elif len(row.why) > LONGEST:
        _wrong(form, row, "why", _("Use at most 80 characters."))


def _cost(form: FactsForm, row: Row, cost: Cost, sent: Mapping[str, str], data: Mapping[str, str]) -> Cost | None:
    if row.key not in sent:
        return cost
    _take(row, sent[row.key], data)
    if row.own and row.mine in ("", "0"):
        return None
    amount = cost.proposed if not row.mine else _amount(form, row)
    row.effective = None if row.errors else amount
    if not row.own and (not row.mine or amount == cost.proposed == cost.applied):
        return msgspec.structs.replace(cost, effective=None, note=row.why or row.note)
    _reasoned(form, row)
    return msgspec.structs.replace(cost, effective=amount, note=row.why)


def _income(
    form: FactsForm, row: Row, income: Income, sent: Mapping[str, str], data: Mapping[str, str]
) -> Income | None:
    if row.key not in sent:
        return income
    _take(row, sent[row.key], data)
    if row.own and row.mine in ("", "0"):
        return None
    amount = row.applied if not row.mine and row.applied is not None else _amount(form, row)
    row.effective = None if row.errors else amount
    source = row.source if row.source in SOURCES else income.source
    if row.applied is not None and amount != row.applied and source == "given":
        source = row.source = "caseworker"
    if source == "given":
        return msgspec.structs.replace(income, gross=amount, source="given", note=row.why or row.note)
    if row.applied is not None and amount != row.applied:
        _reasoned(form, row)
    elif len(row.why) > LONGEST:
        _wrong(form, row, "why", _("Use at most 80 characters."))
    return msgspec.structs.replace(income, gross=amount, source=source, note=row.why)


def _member(
    form: FactsForm, row: MemberRow, member: Member, sent: Mapping[str, str], data: Mapping[str, str]
) -> Member:
    if row.key not in sent:
        return member
    place = sent[row.key]
    row.lunch = data.get(f"{place}-lunch", "").strip()
    row.stimulus = bool(data.get(f"{place}-stimulus"))
    row.earned = data.get(f"{place}-earned", "").strip()[:40]
    lunch, earned = 0, None
    if row.lunch:
        if len(row.lunch) == 1 and row.lunch in "01234567":
            lunch = int(row.lunch)
        else:
            row.errors["lunch"] = _("Write the number of days, 0 to 7.")
            form.errors.append((f"id_{row.place}-lunch", f"{row.name}: {row.errors['lunch']}"))
    if row.earned and row.role != "adult":
        try:
            earned = AmountField().clean(row.earned)
        except forms.ValidationError as wrong:
            row.errors["earned"] = wrong.messages[0]
            form.errors.append((f"id_{row.place}-earned", f"{row.name}: {wrong.messages[0]}"))
    return msgspec.structs.replace(
        member,
        lunch_days=lunch if row.role != "adult" else member.lunch_days,
        job_stimulus=row.stimulus if row.role == "adult" else member.job_stimulus,
        work_income_before=earned if row.role != "adult" else None,
    )


def beside(form: FactsForm, stands: Facts) -> list[str]:
    """Mark on each row what a colleague has saved meanwhile; gives the lines where the two texts differ."""
    theirs: dict[str, tuple[int, str]] = {}
    for kind, rows in (
        ("cost", zip(keys_of_lines((c.code, c.person) for c in stands.costs), stands.costs, strict=True)),
        ("income", zip(keys_of_lines((i.code, i.person) for i in stands.incomes), stands.incomes, strict=True)),
    ):
        for key, found in rows:
            theirs[f"{kind}/{key}"] = (found.accepted if isinstance(found, Cost) else found.gross, found.note)
    differ = []
    for kind, shown in (("cost", form.costs), ("income", form.incomes)):
        for row in shown:
            if f"{kind}/{row.key}" not in theirs:
                continue
            amount, note = theirs[f"{kind}/{row.key}"]
            if row.errors or amount != row.effective or note not in ("", row.why, row.note):
                row.stands = f"{formats.figure(amount)} {note}".strip()
                differ.append(row.label)
    return differ
