"""Bad input in every form, over HTTP."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote_from_bytes, quote_plus

import lxml.html
import psycopg
import requests

from soak.corpus import VALUES, encoded
from soak.stage import Person, citizen, staff, stage
from tests.bed import Database

WHAT = (
    "One value of the corpus (by round) is typed into every form of every page of citizens and staff: into all text "
    "fields, into really everything, and into each text field alone while the rest is right. No answer is a fault of "
    "ours, what was typed is still there and never markup, and no person, case, application, run is made of it."
)
ROUNDS = len(VALUES)
#: Rows that no bad value may make, by table.
GUARDED = (
    "people_person", "people_identifier", "people_household", "people_account", "casefile_case", "intake_application",
    "payments_run", "payments_payment",
)  # fmt: skip
_TYPED = "self::textarea or self::input[not(@type) or @type='text' or @type='email' or @type='number' or @type='tel']"


@dataclass
class Desk:
    """An office with something on every page: its people at their browsers, and the pages, each with its reader."""

    office: Any
    people: dict[str, Person] = field(default_factory=dict)
    pages: list[tuple[str, str]] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)


def furnish(here: Any, database: Database) -> Desk:
    """Citizen "petra" with an open renewal; staff; cases applied for, assessed, proposed, decided; a run reserved."""
    from handslag.domain.decisions.operations import propose
    from handslag.domain.payments.models import Payment
    from handslag.domain.payments.operations import reserve_run
    from handslag.domain.tenancy.door import acting
    from tests.office import TEST, open_office

    office = open_office(database.connect, "badinput")
    slug, month = office.slug, str(office.month)
    petra, paid = office.case(), office.case(("Ulf", "Betald", "19700101"))
    blocked = office.case(("Bo", "Utan", "19710101"), account=None)
    worked, proposed = office.case(("Vera", "Verk", "19720101")), office.case(("Pia", "Prov", "19730101"))
    draft = petra.draft()
    for folder in (paid, blocked, worked, proposed):
        folder.applied()
    paid.decided()
    with acting(slug, TEST, "look"):
        due = Payment.objects.get(case=paid.case).pay_on
    run = reserve_run(**office.act("ulla"), execution_on=due)
    blocked.decided()
    worked.assessed()
    decision = propose(**office.act("hanna"), sheet=proposed.assessed().id, reasons="", language="sv")
    person, _ = office.person("Ny", "Person", "19740101", account=None)
    database.close_connections()
    work = f"/{slug}/cases/{worked.case.id}/periods/{month}/"
    return Desk(
        office,
        {
            **{who: staff(here, office, who) for who in ("rut", "hanna", "bo", "ulla", "erik")},
            "petra": citizen(here, office, petra),
        },
        [
            ("petra", f"/{slug}/my/"),
            *(("petra", f"/{slug}/drafts/{draft.id}/{step}/") for step in ("household", "income", "costs")),
            ("rut", f"/{slug}/people/new/"),
            ("rut", f"/{slug}/people/{person}/"),
            ("rut", f"/{slug}/households/new/"),
            ("rut", f"/{slug}/cases/new/?household={worked.case.household_id}"),
            ("rut", f"/{slug}/cases/{worked.case.id}/paper/"),
            ("hanna", f"/{slug}/inbox/"),
            ("hanna", work),
            ("hanna", f"{work}proposal/"),
            ("hanna", f"/{slug}/cases/{paid.case.id}/account/"),
            ("bo", f"/{slug}/decisions/{decision.id}/"),
            ("ulla", f"/{slug}/payments/"),
            ("erik", f"/{slug}/runs/{run.id}/"),
        ],
        {"petra": petra.numbers[0]},
    )


@dataclass
class Sweep:
    """Tries on all forms, and what was wrong."""

    desk: Desk
    tried: int = 0
    wrong: list[str] = field(default_factory=list)

    def all_forms(self, values: Callable[[int], Sequence[str]], alone: Callable[[int], Sequence[str]]) -> None:
        """Type into the n-th form the values (by name) of `values(n)`, everywhere at once; into the n-th text field
        those of `alone(n)`, and nothing else."""
        forms = texts = 0
        for who, path in self.desk.pages:
            page = self.desk.people[who].send("GET", path)
            if page.status_code != 200:
                self.wrong.append(f"{who} {path}: {page.status_code}")
                continue
            for form in posted_forms(page):
                buttons = [(b.get("name"), b.get("value") or "") for b in form.xpath(".//button[@name]")]
                for name in values(forms):
                    self._try(who, path, form, name, None, everything=True)
                    for button in buttons or [None]:
                        self._try(who, path, form, name, button)
                for only in typed_names(form):
                    for name in alone(texts):
                        self._try(who, path, form, name, buttons[-1] if buttons else None, only=only)
                    texts += 1
                forms += 1

    def _try(
        self,
        who: str,
        path: str,
        form: Any,
        name: str,
        button: tuple[str, str] | None,
        *,
        everything: bool = False,
        only: str = "",
    ) -> None:
        value, where = VALUES[name], form.get("action") or path
        sent, typed = filled(form, value, everything, only)
        if not typed and not everything:
            return
        parts = [*sent, *([button] if button else [])]
        body = b"&".join(quote_plus(n).encode() + b"=" + quote_from_bytes(encoded(v)).encode() for n, v in parts)
        answer = self.desk.people[who].send_raw("POST", where, body)
        self.tried += 1
        what = "everywhere" if everything else only or "all texts"
        place = f"{who} {re.sub(r'[0-9a-f-]{36}', '…', where)} {button and '='.join(button)} {name} in {what}"
        if answer.status_code >= 500:
            self.wrong.append(f"{place}: {answer.status_code}")
        if "<script>alert" in answer.text or ' onfocus="alert' in answer.text:
            self.wrong.append(f"{place}: comes back as markup")
        removed = button is not None and button[1].startswith("remove")
        if answer.status_code in (200, 409, 422) and not everything and not removed:
            self.wrong += [f"{place}: {told}" for told in lost(answer, value, typed)]


def posted_forms(page: requests.Response) -> list[Any]:
    """The forms of a page that are posted to us, but for those of its frame."""
    tree = lxml.html.document_fromstring(page.content)
    found = tree.xpath("//form[translate(@method, 'POST', 'post') = 'post']")
    return [f for f in found if not re.search(r"/(language|log-out|logout)/$", f.get("action") or "")]


def typed_names(form: Any) -> list[str]:
    """The names of the fields that one types into."""
    return [c.get("name") for c in form.xpath(".//input | .//textarea") if c.get("name") and c.xpath(_TYPED)]


def filled(form: Any, value: str, everything: bool, only: str) -> tuple[list[tuple[str, str]], list[str]]:
    """What the form sends with `value` in it, and the names of the fields that it was typed into."""
    sent, typed = [], []
    names = [only] if only else typed_names(form)
    for control in form.xpath(".//input | .//textarea | .//select | .//button"):
        name = control.get("name")
        if not name or name == "csrfmiddlewaretoken":
            continue
        if everything or (name in names and control.tag in ("input", "textarea")):
            sent.append((name, value))
            typed.append(name)
        elif control.tag in ("select", "textarea"):
            sent.append((name, str(control.value or "")))
        elif control.tag == "input" and (control.get("type") not in ("checkbox", "radio") or control.checked):
            sent.append((name, control.get("value", "")))
    return sent, typed


def lost(answer: requests.Response, value: str, typed: Sequence[str]) -> list[str]:
    """The fields of the page that comes back which don't show any more what was typed into them."""
    clean = value.isprintable() and value == value.strip() and len(value) <= 60
    if not clean or any(c.isdigit() and not c.isascii() for c in value):
        return []  # cut, cleaned, or written with our digits
    tree = lxml.html.document_fromstring(answer.content)
    found = []
    for name in dict.fromkeys(typed):
        shown = [str(c.value or "") for c in tree.xpath("//input | //textarea") if c.get("name") == name]
        if shown and not any(value in s for s in shown):
            found.append(f"{name} shows {shown[0][:40]!r}")
    return found


def rows(database: Database) -> dict[str, int]:
    """How many rows each guarded table has."""
    with psycopg.connect(database.admin) as admin:
        return {t: _number(admin.execute(f"SELECT count(*) FROM {t}".encode()).fetchone()) for t in GUARDED}


def _number(row: Any) -> int:
    return int(row[0])


@contextmanager
def setting() -> Iterator[tuple[Desk, Database]]:
    """The desk on a stage of its own."""
    with stage() as here:
        yield furnish(here, here.database), here.database


def round(setting: tuple[Desk, Database], number: int, random: Random, counts: Counter[str]) -> list[str]:
    """One value, everywhere."""
    desk, database = setting
    name = list(VALUES)[number]
    before, sweep = rows(database), Sweep(desk)
    sweep.all_forms(lambda n: [name], lambda n: [name])
    counts["forms sent"] += sweep.tried
    after = rows(database)
    return sweep.wrong + [f"{name}: {t} {before[t]} to {after[t]}" for t in GUARDED if after[t] != before[t]]
