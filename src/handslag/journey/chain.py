"""The steps from registering people to the payment file, each with its evidence.

The addresses and field names are those of the pages (src/handslag/web/citizen and caseworker, README.md).
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import lxml.etree

from handslag.demo.log_ins import CODE_SECONDS, one_time_code
from handslag.journey.application import Application, Person, Staff
from handslag.journey.browser import Form, Page, Stuck, Value, Visitor, shortened
from handslag.kernel import canonical
from handslag.kernel.money import AmountError, format_money, parse_amount

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
REFERENCE = r"\b\d{4}-\d{6}-[0-9A-Z]\b"
MONTH = r"\d{4}-\d{2}"
#: The names of the counters that a journey goes to, before a host.
COUNTERS = ("apply", "desk")
#: Other names of this machine than the one that browsers resolve with a counter's before it.
HERE = ("127.0.0.1", "localhost", "::1")
#: The language in which the desk's pages are read.
DESK = "en"
#: What stands beside a cost that isn't accepted as applied for, where the file has no note.
WITHOUT = "driven by `handslag journey`; nobody to ask"
WHY = "see the decision's reasons"
SURPLUS = "Surplus"
OUTCOMES = {"Granted": "bifall", "Partly granted": "delavslag", "Refused": "avslag"}


@dataclass(frozen=True)
class LogIn:
    """How a member of staff logs in."""

    login: str
    password: str
    totp_secret: str


@dataclass(frozen=True)
class Office:
    """Who does the office's part."""

    registrar: LogIn
    caseworker: LogIn
    decider: LogIn
    payer: LogIn
    second_payer: LogIn

    @classmethod
    def of(cls, application: Application, default: Callable[[str], LogIn]) -> Office:
        """Those of the file; `default(part)` for whoever or whatever it leaves out."""

        def one(part: str, named: Staff | None) -> LogIn:
            usual = default(part)
            if named is None:
                return usual
            secret = named.totp_secret or usual.totp_secret
            return LogIn(named.login, named.password or usual.password, secret)

        office = application.office
        return cls(
            registrar=one("registrar", office.registrar),
            caseworker=one("caseworker", office.caseworker),
            decider=one("decider", office.decider),
            payer=one("payer", office.payer),
            second_payer=one("second_payer", office.second_payer),
        )


def origin_at(base_url: str, counter: str) -> str:
    """Where a counter is: its name before the host of `base_url`, which may be another counter's own address."""
    parts = urlsplit(base_url)
    port = f":{parts.port}" if parts.port else ""
    host = parts.hostname or ""
    for other in COUNTERS:
        host = host.removeprefix(f"{other}.")
    return f"{parts.scheme}://{counter}.{'localhost' if host in HERE else host}{port}"


@dataclass
class Journey:
    """One application on its way. `say` gets each line; `folder` keeps the files that were downloaded;
    `patience` is how many seconds to wait for what the worker makes; `origins` tells where a counter (apply, desk)
    is, where that isn't its name before the host of `base_url`."""

    application: Application
    office: Office
    tenant: str
    base_url: str
    folder: Path
    say: Callable[[str], None]
    patience: float = 60.0
    origins: Mapping[str, str] = field(default_factory=dict)

    _keys: dict[str, str] = field(default_factory=dict)
    _visitors: dict[str, Visitor] = field(default_factory=dict)
    _case: str = ""
    _case_number: str = ""
    _month: str = ""
    _draft: str = ""
    _digest: str = ""
    _receipt: dict[str, Any] = field(default_factory=dict)
    _granted: int = -1
    _outcome: str = ""
    _decision: str = ""
    _run: str = ""

    def run(self) -> None:
        """Every step in order; Failed at the first that does."""
        for number, (name, step) in enumerate(self._steps(), 1):
            self.say(f"{number:2}. {name}")
            try:
                step()
            except Stuck as stuck:
                raise Failed(name, stuck) from stuck

    def _steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        applicant, *others = self.application.adults
        yield "The registrar registers the people", self.register_people
        yield "The registrar forms the household and opens the case", self.open_case
        if self.application.channel == "online":
            yield f"{applicant.name} logs in and renews", self.renew
            for person in (applicant, *others):
                yield f"{person.name} signs", partial(self.sign, person)
        else:
            yield "The registrar enters the application from paper", self.enter_paper
        yield f"{applicant.name} keeps the receipt; it is checked off-line", self.keep_receipt
        yield "The caseworker takes the application from the inbox", self.take
        yield "The caseworker assesses", self.assess
        yield "The caseworker proposes the decision", self.propose
        yield "The second pair of eyes decides", self.decide
        yield "The letter is made", self.letter
        if self._granted:
            yield "The payer reserves the payment run", self.reserve
            yield "A second payer releases it", self.release
            yield "The payment file is made", self.payment_file
        yield f"{applicant.name} sees decision, sheet and payment", self.look
        if self.application.expected is not None:
            yield "The result is compared with the one that the file expects", self.compare

    def _tell(self, text: str) -> None:
        self.say(f"      {text}")

    # -- who and where ---------------------------------------------------------------------------------------

    def _url(self, counter: str, path: str) -> str:
        return f"{self.origins.get(counter) or origin_at(self.base_url, counter)}/{self.tenant}{path}"

    def _staff(self, part: str) -> Visitor:
        """A member of staff, logged in at the desk with password and one-time code."""
        who: LogIn = getattr(self.office, part)
        if part not in self._visitors:
            visitor = Visitor(who.login, DESK)
            self._log_in_staff(visitor, who)
            self._visitors[part] = visitor
        return self._visitors[part]

    def _log_in_staff(self, visitor: Visitor, who: LogIn) -> None:
        start = self._url("desk", "/")
        page = visitor.get(start)
        page = visitor.submit(page.form(has="password"), {"login": who.login, "password": who.password})
        # A code is taken once, and half a minute before and after its time: journeys just before may have used some.
        for later in (0, 1, -1, None):
            if later is None:
                self._tell("all one-time codes of now are used; waiting for the next")
                time.sleep(CODE_SECONDS - time.time() % CODE_SECONDS + 0.5)
            code = one_time_code(who.totp_secret, later=1 if later is None else later)
            page = visitor.press(page.form(has="code"), {"code": code}, allowed=(200, 400, 403, 429))
            if page.status == 200 and not page.forms(has="code"):
                self._tell(f"{who.login} is logged in")
                return
            if not page.forms(has="code"):
                break
        raise Stuck(page.url, f"{who.login} can't log in: {shortened(page.trouble or page.text)}")

    def _citizen(self, person: Person) -> Visitor:
        """A citizen, logged in by the e-ID."""
        if person.key not in self._visitors:
            visitor = Visitor(person.name, self.application.language)
            page = visitor.get(self._url("apply", f"/log-in/?next=/{self.tenant}/my/"))
            page = visitor.submit(page.form(action=r"/log-in/$"))
            page = self._identify(visitor, page, person, "login")
            if not page.path.endswith("/my/"):
                raise Stuck(page.url, shortened(page.trouble or page.text))
            self._tell(f"{person.name} is logged in by e-ID, certificate {person.certificate}")
            self._visitors[person.key] = visitor
        return self._visitors[person.key]

    def _identify(self, visitor: Visitor, page: Page, person: Person, action: str) -> Page:
        values: dict[str, Value] = {"pnr": person.digits, "name": person.name, "acr": person.certificate}
        return visitor.submit(page.form(has="pnr"), values, button=f"action={action}")

    # -- the office registers --------------------------------------------------------------------------------

    def known(self) -> list[Person]:
        """Those of the household whose number is registered already."""
        registrar = self._staff("registrar")
        found = []
        for person in self.application.household:
            page = registrar.get(self._url("desk", "/people/"))
            page = registrar.submit(page.form(has="q"), {"q": person.digits})
            if page.path.endswith("/people/") and not page.links(rf"/people/{UUID}/$"):
                continue
            found.append(person)
        return found

    def register_people(self) -> None:
        if known := self.known():
            names = ", ".join(f"{person.name} ({person.number})" for person in known)
            raise Stuck(
                self._url("desk", "/people/"),
                f"known already: {names}. A file is driven once; --fresh draws new numbers for its people.",
            )
        registrar = self._staff("registrar")
        address = self.application.adults[0].address
        for person in self.application.household:
            lives = person.address or address
            assert lives is not None
            values: dict[str, Value] = {
                "identifier_type": person.identifier_type,
                "identifier": person.number,
                "given_name": person.given_name,
                "family_name": person.family_name,
                "address": "\n".join(lives.lines),
                "postcode": lives.postcode,
                "city": lives.city,
                "email": person.email,
                "telephone": person.telephone,
                "language": self.application.language,
            }
            if person.account:
                values |= {
                    "account_kind": person.account.kind,
                    "clearing": person.account.clearing,
                    "account_number": person.account.number,
                }
            page = registrar.get(self._url("desk", "/people/new/"))
            page = registrar.submit(page.form(has="identifier"), values)
            self._keys[person.key] = _in_path(page, rf"/people/({UUID})/$")
            self._tell(f"{person.role} {person.name}, {person.identifier_type} {person.number}")

    def open_case(self) -> None:
        registrar = self._staff("registrar")
        page = registrar.get(self._url("desk", "/households/new/"))
        rows: dict[str, Value] = {}
        for n, person in enumerate(self.application.household):
            rows |= {f"number-{n}": person.number, f"role-{n}": person.role}
        form = page.form(has="number-0")
        while f"number-{len(self.application.household) - 1}" not in form.names:
            form = registrar.submit(form, button="act=more").form(has="number-0")
        page = registrar.submit(form, rows)
        form = page.form(has="applicant")
        page = registrar.submit(form, {"applicant": self._keys[self.application.adults[0].key]})
        self._case = _in_path(page, rf"/cases/({UUID})/")
        self._case_number = _found(page, REFERENCE, "case number")
        self._tell(f"case {self._case_number}, household of {len(self.application.household)}")

    # -- the application -------------------------------------------------------------------------------------

    def renew(self) -> None:
        applicant = self.application.adults[0]
        citizen = self._citizen(applicant)
        page = citizen.get(self._url("apply", "/my/"))
        form = self._offer(page)
        self._month = str(form.element.inputs["month"].value)
        page = citizen.submit(form)
        self._draft = _in_path(page, rf"/drafts/({UUID})/household/")
        self._tell(f"applies for {self._month}; shown: {len(self.application.household)} in the household")
        page = citizen.submit(page.form(has="household-same"), self._household())
        page = self._rows(citizen, page, "incomes")
        page = self._rows(citizen, page, "costs")
        if not page.path.endswith("/check/"):
            raise Stuck(page.url, shortened(page.trouble or page.text))
        page = citizen.submit(page.form(action=r"/check/$"))
        _in_path(page, rf"/drafts/({UUID})/sign/")
        self._tell(f"{len(self.application.incomes)} incomes, {len(self.application.costs)} costs; ready to be signed")

    def _offer(self, page: Page) -> Form:
        offers = page.forms(has="month", action=r"/drafts/$")
        wanted = self.application.month
        for form in offers:
            if wanted in (None, form.element.inputs["month"].value):
                return form
        months = ", ".join(str(form.element.inputs["month"].value) for form in offers) or "none"
        raise Stuck(page.url, f"{wanted or 'no month'} can't be applied for; offered: {months}")

    def _household(self) -> dict[str, Value]:
        changes = self.application.household_changes
        answers: dict[str, Value] = {"household-same": "no" if changes.strip() else "yes"}
        return answers | ({"household-changes": changes} if changes.strip() else {})

    def _row(self, place: str, row: Any) -> dict[str, Value]:
        person = self._keys[row.person] if row.person else ""
        return {
            f"{place}-code": row.code,
            f"{place}-amount": _typed(row.amount, self.application.language),
            f"{place}-person": person,
            f"{place}-note": row.note,
        }

    def _rows(self, citizen: Visitor, page: Page, kind: str) -> Page:
        """Fill in a screen of lines, a further line at a time, and go on."""
        given = self.application.incomes if kind == "incomes" else self.application.costs
        for n, row in enumerate(given):
            form = page.form(has=f"{kind}-{n}-amount")
            values = self._row(f"{kind}-{n}", row)
            # Where one person can have it, or nobody is asked whose it is, the page has no such field.
            form.fill(
                {name: value for name, value in values.items() if name in form.names or not name.endswith("-person")}
            )
            if n + 1 < len(given) and f"{kind}-{n + 1}-amount" not in form.names:
                page = citizen.submit(form, button="action=add")
        last: dict[str, Value] = {"message": self.application.message} if kind == "costs" else {}
        form = page.form(action=rf"/{'income' if kind == 'incomes' else kind}/$")
        return citizen.submit(form, last)

    def sign(self, person: Person) -> None:
        citizen = self._citizen(person)
        page = citizen.get(self._url("apply", f"/drafts/{self._draft}/sign/"))
        digest = _found(page, r"\b[0-9a-f]{64}\b", "fingerprint of what is signed")
        if self._digest not in ("", digest):
            raise Stuck(page.url, f"shows {digest}, signed before was {self._digest}")
        self._digest = digest
        page = citizen.submit(page.form(action=r"/sign/begin/$"))
        page = self._identify(citizen, page, person, "sign")
        last = person is self.application.adults[-1]
        if last and not re.search(rf"/applications/{self._draft}/$", page.path):
            raise Stuck(page.url, f"no receipt: {shortened(page.trouble or page.text)}")
        if not last and (not page.path.endswith("/sign/") or "trouble" in urlsplit(page.url).query):
            raise Stuck(page.url, f"not signed: {shortened(page.trouble or page.text)}")
        self._tell(f"signed {digest}")
        self._tell("the application is accepted" if last else "the other adult is awaited")

    def enter_paper(self) -> None:
        registrar = self._staff("registrar")
        page = registrar.get(self._url("desk", f"/cases/{self._case}/paper/"))
        rows: dict[str, Value] = {}
        form = page.form(has="evidence")
        for kind, given in (("incomes", self.application.incomes), ("costs", self.application.costs)):
            for n, row in enumerate(given):
                rows |= self._row(f"{kind}-{n}", row)
            while given and f"{kind}-{len(given) - 1}-code" not in form.names:
                form = registrar.submit(form, button=f"act=more-{kind}").form(has="evidence")
        kept = {
            name: ""
            for name in form.names
            if re.fullmatch(r"(incomes|costs)-\d+-(code|amount|person|note)", name) and name not in rows
        }
        told: dict[str, Value] = {
            "channel": "paper",
            "language": self.application.language,
            **self._household(),
            **kept,
            **rows,
            "message": self.application.message,
            "signed": [self._keys[person.key] for person in self.application.adults],
            "evidence": self.application.paper,
        }
        if self.application.month:
            told["month"] = self.application.month
        form.fill(told)
        self._month = str(form.element.inputs["month"].value)
        page = registrar.submit(form, button="act=submit")
        self._draft = _in_path(page, rf"/applications/({UUID})/$")
        self._tell(f"entered for {self._month}, kept: {self.application.paper}")

    def keep_receipt(self) -> None:
        applicant = self.application.adults[0]
        citizen = self._citizen(applicant)
        place = f"/applications/{self._draft}/"
        citizen.get(self._url("apply", place))
        kept = {}
        for name, path in (("receipt.json", f"{place}receipt.json"), ("application.json", f"{place}application.json")):
            kept[name] = self._keep(name, citizen.get(self._url("apply", path)))
        self._keep("keys.json", Visitor("anybody").get(self._url("apply", "/keys.json")))
        self._receipt = json.loads(kept["receipt.json"])["body"]
        digest = hashlib.sha256(kept["application.json"]).hexdigest()
        if digest != self._receipt["content_digest"] or self._digest not in ("", digest):
            said = f"the receipt says {self._receipt['content_digest']}, signed was {self._digest or 'on paper'}"
            raise Stuck(self._url("apply", place), f"the document's digest is {digest}; {said}")
        checked = subprocess.run(
            [sys.executable, "-m", "verifier.receipt", *(str(self.folder / n) for n in ("receipt.json", "keys.json"))],
            capture_output=True,
            text=True,
            check=False,
        )
        if checked.returncode:
            raise Stuck(
                self._url("apply", place), f"the receipt doesn't hold: {checked.stdout}{checked.stderr}".strip()
            )
        self._tell(f"receipt {self._receipt['number']}, received {self._receipt['received_at']}")
        self._tell(f"content digest {digest}")
        self._tell(f"signatures: {', '.join(_signature(s) for s in self._receipt['signatures'])}")
        self._tell(checked.stdout.splitlines()[0])

    def _keep(self, name: str, page: Page) -> bytes:
        (self.folder / name).write_bytes(page.content)
        return page.content

    # -- the office decides ----------------------------------------------------------------------------------

    def take(self) -> None:
        caseworker = self._staff("caseworker")
        here = self._url("desk", "/inbox/")
        page = caseworker.get(f"{here}?view=unit")
        while True:
            for form in page.forms(action=rf"/inbox/{UUID}/take/$"):
                row = next(form.element.iterancestors("tr"))
                if any(f"/cases/{self._case}/" in href for href in row.xpath(".//a/@href")):
                    page = caseworker.submit(form)
                    _in_path(page, rf"/cases/{self._case}/periods/({self._month})/$")
                    self._tell(f"taken: case {self._case_number}, {self._month}")
                    return
            further = page.tree.xpath("//a[@rel='next']/@href")
            if not further:
                raise Stuck(page.url, f"the inbox has no application of case {self._case_number}")
            page = caseworker.get(here + further[0])

    @property
    def _work(self) -> str:
        return self._url("desk", f"/cases/{self._case}/periods/{self._month}/")

    def assess(self) -> None:
        caseworker = self._staff("caseworker")
        page = caseworker.get(self._work)
        form = page.form(has="household_size")
        form.fill(self._accepted(form))
        sheet = _sheet(caseworker.submit(form, button="act=assess"), DESK)
        self._granted = 0 if sheet.result == SURPLUS else sheet.amount
        self._tell(f"{sheet.title}, {len(sheet.lines)} lines; {sheet.result}: {self._money(sheet.amount)}")
        for text, amount in sheet.lines:
            self._tell(f"  {text:<48} {amount:>14}")

    def _accepted(self, form: Form) -> dict[str, Value]:
        """What the file says is accepted, at the rows of the page: they are known by their keys."""
        places = {
            str(form.element.inputs[name].value): name[: -len("-key")] for name in form.names if name.endswith("-key")
        }
        values: dict[str, Value] = {}
        seen: Counter[str] = Counter()
        for cost in self.application.costs:
            # The on-line form doesn't ask whose a cost is.
            owner = self._keys[cost.person] if cost.person and self.application.channel == "paper" else ""
            key = f"{cost.code}:{owner}"
            number, seen[key] = seen[key], seen[key] + 1
            if cost.accepted is not None and cost.accepted != cost.amount:
                place = places.get(f"{key}:{number}")
                if place is None:
                    raise Stuck(form.page.url, f"no row for the cost {cost.code}; there are {', '.join(places)}")
                values |= {
                    f"{place}-mine": _typed(cost.accepted, DESK),
                    f"{place}-why": cost.note or WHY,
                }
        for person in self.application.household:
            place = next((p for key, p in places.items() if key.startswith(f"{self._keys[person.key]}:")), None)
            if place is None:
                raise Stuck(form.page.url, f"no row for {person.name}")
            if person.role == "child":
                values[f"{place}-lunch"] = str(person.lunch_days)
            else:
                values[f"{place}-stimulus"] = person.job_stimulus
        return values

    def propose(self) -> None:
        caseworker = self._staff("caseworker")
        self._go_on_without(caseworker)
        self._look_at_what_came(caseworker)
        page = caseworker.get(self._work + "proposal/")
        values: dict[str, Value] = {"language": self.application.language, "reasons": self.application.reasons}
        page = caseworker.submit(page.form(has="reasons"), values, button="act=propose")
        self._decision = _in_path(page, rf"/decisions/({UUID})/$")
        self._tell(f"{page.words('//h1')[0]}; proposed by {self.office.caseworker.login}")

    def _go_on_without(self, caseworker: Visitor) -> None:
        """Where authorities are asked and some haven't answered, say so as a caseworker would."""
        form = caseworker.get(self._work).form(has="household_size")
        waiting = form.element.xpath(".//input[@name='without']")
        if waiting:
            caseworker.press(form, {"without-why": WITHOUT}, button="act=without")
            self._tell(f"{len(waiting)} answers of other authorities are missing: gone on without, with a reason")

    def _look_at_what_came(self, caseworker: Visitor) -> None:
        """Where an authority answered after the calculation, save it again as it is."""
        page = caseworker.get(self._work)
        if page.tree.xpath("//*[@id='came']"):
            caseworker.submit(page.form(has="household_size"), button="act=assess")
            self._tell("an authority answered after the calculation: looked at, and saved again")

    def decide(self) -> None:
        decider = self._staff("decider")
        page = decider.get(self._url("desk", "/proposals/"))
        page = decider.get(page.link(rf"/decisions/{self._decision}/$"))
        page = decider.submit(page.form(action=r"/decide/$"))
        said, _, amount = page.words("//h1")[0].partition(":")
        if page.forms(action=r"/decide/$") or said not in OUTCOMES:
            raise Stuck(page.url, shortened(page.trouble or page.text))
        self._outcome = OUTCOMES[said]
        if _amount(amount, DESK) != self._granted:
            raise Stuck(page.url, f"decided is {amount.strip()}, the sheet grants {self._money(self._granted)}")
        number = _found(page, REFERENCE, "decision number")
        self._tell(f"decision {number}: {self._outcome}, {self._money(self._granted)}, by {self.office.decider.login}")

    def letter(self) -> None:
        citizen = self._citizen(self.application.adults[0])
        url = self._url("apply", f"/decisions/{self._decision}/letter.pdf")
        page = self._wait(
            "the letter", lambda: citizen.get(url, allowed=(200, 404)), lambda p: p.status == 200, self._tasks_of_case
        )
        if not page.content.startswith(b"%PDF-"):
            raise Stuck(url, "the letter is no PDF")
        self._keep("letter.pdf", page)
        self._tell(f"{page.filename}, {len(page.content)} bytes, digest {hashlib.sha256(page.content).hexdigest()}")

    def _tasks_of_case(self) -> str:
        """What waits for somebody of the unit about this case, in the words of the page of tasks."""
        page = self._staff("caseworker").get(self._url("desk", "/tasks/"))
        return "; ".join(page.words(f"//tr[td//a[contains(@href, '/cases/{self._case}/')]]/td[3]"))

    def _wait(
        self, what: str, ask: Callable[[], Page], there: Callable[[Page], bool], tasks: Callable[[], str] = str
    ) -> Page:
        """`ask` until it is `there`. Stuck after the patience, with what `tasks` says keeps it, where that says
        anything."""
        until = time.monotonic() + self.patience
        while not there(page := ask()):
            if time.monotonic() > until:
                why = tasks() or "does the worker run?"
                raise Stuck(page.url, f"{what} isn't there after {self.patience:.0f} seconds: {why}")
            time.sleep(0.3)
        return page

    # -- the money -------------------------------------------------------------------------------------------

    def reserve(self) -> None:
        payer = self._staff("payer")
        page = payer.get(self._url("desk", "/payments/"))
        page = payer.submit(page.form(has="execution_on"))
        self._run = _in_path(page, rf"/runs/({UUID})/$")
        self._tell(f"run {_found(page, REFERENCE, 'run number')} reserved by {self.office.payer.login}")

    def release(self) -> None:
        payer = self._staff("second_payer")
        page = payer.get(self._url("desk", f"/runs/{self._run}/"))
        page = payer.submit(page.form(action=r"/release/$"))
        self._tell(f"released by {self.office.second_payer.login}")

    def payment_file(self) -> None:
        payer = self._staff("second_payer")
        url = self._url("desk", f"/runs/{self._run}/")
        page = self._wait("the payment file", lambda: payer.get(url), lambda p: bool(p.links(rf"/documents/{UUID}/?$")))
        digest = _found(page, r"\b[0-9a-f]{64}\b", "digest of the file")
        file = payer.get(page.link(rf"/documents/{UUID}/?$"))
        self._keep("payments.xml", file)
        if hashlib.sha256(file.content).hexdigest() != digest:
            raise Stuck(file.url, f"the file is not the one of digest {digest}")
        count, total, payments = read_payment_file(file)
        account = self.application.adults[0].account
        assert account is not None
        mine = [amount for number, amount in payments if number.endswith(_digits(account.number))]
        if self._granted not in mine:
            raise Stuck(file.url, f"{self._money(self._granted)} to the applicant's account isn't in the file")
        self._tell(f"{file.filename}, digest {digest}")
        self._tell(
            f"{count} payments, total {self._money(total)}; among them {self._money(self._granted)} to this account"
        )

    # -- what the citizen sees -------------------------------------------------------------------------------

    def look(self) -> None:
        citizen = self._citizen(self.application.adults[0])
        page = citizen.get(self._url("apply", "/my/"))
        for row in page.words("//table//tbody/tr"):
            self._tell(f"my pages: {row}")
        page = citizen.get(page.link(rf"/decisions/{self._decision}/$"))
        sheet = _sheet(page, self.application.language)
        if self._granted and sheet.amount != self._granted:
            raise Stuck(page.url, f"shows {self._money(sheet.amount)}, decided is {self._money(self._granted)}")
        self._tell(f"{page.words('//h1')[0]}; {len(sheet.lines)} lines; {sheet.result}: {self._money(sheet.amount)}")

    def compare(self) -> None:
        """Granted and outcome, as the decision has them."""
        expected = self.application.expected
        assert expected is not None
        where = self._url("desk", f"/decisions/{self._decision}/")
        if expected.granted != self._granted:
            raise Stuck(where, f"granted {self._money(self._granted)}, expected {self._money(expected.granted)}")
        if expected.outcome not in (None, self._outcome):
            raise Stuck(where, f"outcome {self._outcome}, expected {expected.outcome}")
        self._tell(f"as expected: {self._outcome}, {self._money(self._granted)}")

    def receipt_shown(self) -> dict[str, str]:
        """The receipt as the applicant was shown it."""
        number: str = self._receipt["number"]
        return {"number": number, "digest": canonical.digest(self._receipt)}

    def _money(self, amount: int) -> str:
        return format_money(amount, "SEK", self.application.language)


class Failed(Exception):
    """A step failed: `step` is its name, `stuck` where and why."""

    def __init__(self, step: str, stuck: Stuck) -> None:
        super().__init__(f"{step}: {stuck}")
        self.step = step
        self.stuck = stuck


def _in_path(page: Page, pattern: str) -> str:
    """What a pattern captures of the page's path; Stuck, with what the page says, if it led elsewhere."""
    found = re.search(pattern, page.path)
    if found is None:
        raise Stuck(page.url, shortened(page.trouble or page.text))
    return found[1]


def _found(page: Page, pattern: str, what: str) -> str:
    found = re.search(pattern, page.text)
    if found is None:
        raise Stuck(page.url, f"no {what} on the page: {shortened(page.text)}")
    return found[found.re.groups]


def _typed(amount: int, language: str) -> str:
    """An amount as a person types it."""
    whole, rest = divmod(amount, 100)
    return f"{whole}{'.' if language == 'en' else ','}{rest:02}" if rest else str(whole)


def _amount(text: str, language: str) -> int:
    """An amount as a page shows it: a sum of lines may be more than the most that a person can type for one."""
    return parse_amount(re.sub(r"SEK|kr|[\u2066-\u2069]", "", text).strip(), language, most=LARGEST_SUM)


#: More than all lines of an application can come to (öre).
LARGEST_SUM = 10**15


@dataclass(frozen=True)
class ShownSheet:
    """A sheet as a page shows it: lines (text, amount in words), and what it comes to, öre."""

    title: str
    lines: list[tuple[str, str]]
    result: str
    amount: int


def _sheet(page: Page, language: str) -> ShownSheet:
    """The sheet on a page; Stuck, with what the page says instead, if there is none."""
    for sheet in page.tree.xpath("//*[contains(concat(' ', @class, ' '), ' h-sheet ')]"):
        rows = sheet.xpath(".//li[contains(@class, 'h-sheet-line')]//*[contains(concat(' ', @class, ' '), ' h-row ')]")
        lines = [_texts(row) for row in rows]
        for row in sheet.xpath(".//*[contains(@class, 'h-result')]//*[contains(@class, 'h-row')]"):
            result, figure = _texts(row)
            try:
                return ShownSheet(_texts(sheet[0])[0], lines, result, _amount(figure, language))
            except AmountError as error:
                raise Stuck(page.url, f"the sheet's result is no amount: {figure}") from error
    raise Stuck(page.url, f"no sheet: {shortened(page.trouble or page.text)}")


def _texts(element: Any) -> tuple[str, str]:
    """The words of an element's first and last child."""
    first, last = (" ".join(element[n].text_content().split()) for n in (0, -1))
    return first, last


def _signature(signature: dict[str, str]) -> str:
    return f"{signature['method']} {signature['acr'].rpartition('/')[2]}".strip()


def _digits(text: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", text)


def read_payment_file(page: Page) -> tuple[int, int, list[tuple[str, int]]]:
    """Count and total as a pain.001 states them, and its payments (account, öre); Stuck when they don't agree."""
    try:
        root: Any = lxml.etree.fromstring(page.content, lxml.etree.XMLParser(resolve_entities=False, no_network=True))
        count, total = int(_told(root, "GrpHdr/NbOfTxs")), _ore(_told(root, "GrpHdr/CtrlSum"))
        payments = [
            (_digits(_told(each, "CdtrAcct/Id")), _ore(_told(each, "Amt/InstdAmt")))
            for each in root.xpath("//*[local-name()='CdtTrfTxInf']")
        ]
    except (lxml.etree.XMLSyntaxError, IndexError, ValueError) as error:
        raise Stuck(page.url, f"not read as a payment file: {error}") from error
    if (count, total) != (len(payments), sum(amount for _, amount in payments)):
        raise Stuck(page.url, f"the file states {count} payments and {total} öre, and holds others")
    return count, total, payments


def _told(element: Any, path: str) -> str:
    """The first text below a path of local names; IndexError if there is none."""
    steps = "/".join(f"*[local-name()='{name}']" for name in path.split("/"))
    return str(element.xpath(f".//{steps}//text()[normalize-space()]")[0]).strip()


def _ore(text: str) -> int:
    whole, _, rest = text.partition(".")
    return int(whole) * 100 + int(rest.ljust(2, "0") or 0)
