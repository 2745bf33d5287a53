"""An office of its own for a test: a fresh tenant with staff, households and cases, made by the operations."""

from __future__ import annotations

import asyncio
import importlib
import io
import itertools
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.db import connection, connections
from joserfc import jwt
from joserfc.jwk import ECKey

from handslag.cli.main import load
from handslag.connectors.eid.oidc.config import PERSONAL_NUMBER
from handslag.connectors.eid.oidc.evidence import FORMAT, signing_nonce
from handslag.connectors.eid.port import LOA3
from handslag.demo.fill import numbers, staff_user
from handslag.demo.log_ins import DemoStaff
from handslag.domain.casefile.models import Case, Period
from handslag.domain.casefile.operations import open_case
from handslag.domain.decisions.models import Decision
from handslag.domain.decisions.operations import decide, propose
from handslag.domain.documents.operations import StoredFile
from handslag.domain.entitlement.models import Assessment, Sheet
from handslag.domain.entitlement.operations import assess
from handslag.domain.entitlement.queries import applied_facts, newest_application, with_more
from handslag.domain.intake.models import Draft, Receipt
from handslag.domain.intake.operations import (
    SignedBy,
    begin_correction,
    begin_signing,
    enter_on_paper,
    fix_for_signing,
    open_draft,
    save_answers,
    sign,
)
from handslag.domain.intake.queries import on_top_since
from handslag.domain.payments.models import Payee, Run
from handslag.domain.payments.operations.payees import NewPayee, confirm_payee, record_payee
from handslag.domain.payments.operations.runs import record_run_file, release_run, reserve_run
from handslag.domain.people.models import AccountChange
from handslag.domain.people.operations.accounts import ask_account_change, begin_account_change, change_to_sign
from handslag.domain.people.operations.persons import NewPerson, form_household, register_person
from handslag.domain.people.operations.staff import admit_staff, open_organisation, set_policy
from handslag.domain.tenancy.door import Actor, acting, at_large, system, writing
from handslag.domain.tenancy.models import StaffUser
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs.queue import app as jobs
from handslag.jobs.queue import work_off
from handslag.kernel import clock
from handslag.kernel.days import banking_day_from
from handslag.kernel.ids import uuid7
from handslag.kernel.months import Month
from handslag.rules.se.facts import Facts
from handslag.web.entry.sessions import SessionStore
from tests import bed

TEST = system("test")
STAFF = (
    DemoStaff("rut", "Rut Registrator", ("registrar",)),
    DemoStaff("hanna", "Hanna Handläggare", ("caseworker",)),
    DemoStaff("bo", "Bo Beslutsfattare", ("decider", "caseworker"), 3),
    DemoStaff("ulla", "Ulla Utbetalare", ("payer",)),
    DemoStaff("erik", "Erik Ekonom", ("payer",)),
    DemoStaff("alva", "Alva Administratör", ("administrator",)),
)
_numbers = itertools.count(1)

EID = "https://eid.example"
_eid_key = ECKey.generate_key("P-256")


def eid_evidence(digest: str, number: str) -> dict[str, Any]:
    """The evidence of a signature over `digest` by the person with that personnummer, as an e-ID would vouch."""
    salt = secrets.token_urlsafe(16)
    claims = {
        "iss": EID, "sub": "s", "aud": "handslag", "acr": LOA3, "auth_time": 1_790_000_000, "iat": 1_790_000_000,
        "exp": 1_790_000_300, "nonce": signing_nonce(digest, salt), PERSONAL_NUMBER: number,
    }  # fmt: skip
    return {
        "format": FORMAT, "id_token": jwt.encode({"alg": "ES256"}, claims, _eid_key), "salt": salt, "digest": digest,
        "issuer": EID, "client_id": "handslag", "acr": LOA3, "auth_time": 1_790_000_000,
        "jwk": _eid_key.as_dict(private=False),
    }  # fmt: skip


#: The renewal of case C1 of the Swedish norm: 6 550 kr are granted.
C1: dict[str, Any] = {
    "household": {"same": "yes"},
    "incomes": [{"code": "ACTIVITY_SUPPORT", "amount": "5 600", "note": ""}],
    "costs": [
        {"code": "RENT", "amount": "6 200", "note": ""},
        {"code": "ELECTRICITY", "amount": "450", "note": ""},
        {"code": "HOME_INSURANCE", "amount": "120", "note": ""},
        {"code": "UNEMPLOYMENT_FUND", "amount": "160", "note": ""},
    ],
    "message": "",
}


#: What C1 would be granted without any income.
C1_MOST = 1_215_000


class Admitted(dict[str, Any]):
    """What is known of the staff by log-in name. Who isn't there yet is admitted when asked for."""

    def __init__(self, admit: Callable[[str], None]) -> None:
        super().__init__()
        self.admit = admit

    def __missing__(self, login: str) -> Any:
        self.admit(login)
        return self[login]


@dataclass
class Office:
    """A tenant and the people in it. `staff` are actors by log-in name; cases come with their citizens' actors."""

    slug: str
    now: datetime
    zone: str = "Europe/Stockholm"
    staff: dict[str, Actor] = field(init=False)
    members: dict[str, UUID] = field(init=False)
    units: dict[str, UUID] = field(default_factory=dict)
    serial: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.staff, self.members = Admitted(self.admit_one), Admitted(self.admit_one)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"serial": next(self.serial), "staff": dict(self.staff), "members": dict(self.members)}

    def __setstate__(self, kept: dict[str, Any]) -> None:
        vars(self).update(kept | {"serial": itertools.count(kept["serial"])})

    def admit_one(self, login: str) -> None:
        """One of STAFF."""
        one = next(one for one in STAFF if one.login == login)
        self.admit(one.login, one.name, *one.roles, clearance=one.clearance)

    @property
    def today(self) -> date:
        """The day on which the test runs, where the tenant is: just before midnight it isn't that of UTC."""
        return self.now.astimezone(ZoneInfo(self.zone)).date()

    @property
    def month(self) -> Month:
        """The month in which the test runs: it can be applied for."""
        return Month.of(self.today)

    def act(self, who: str) -> dict[str, Any]:
        """`tenant`, `by`, `now` of an operation by a member of staff."""
        return {"tenant": self.slug, "by": self.staff[who], "now": self.now}

    def by(self, actor: Actor) -> dict[str, Any]:
        """The same for any actor."""
        return {"tenant": self.slug, "by": actor, "now": self.now}

    def person(self, given: str, family: str, birth: str, **more: Any) -> tuple[UUID, str]:
        """Register a person; gives key and personnummer. `account` unless told otherwise."""
        number = numbers(birth, next(self.serial))
        new = NewPerson(
            identifier_type="personnummer", identifier=number, given_name=given, family_name=family,
            **{"account": ("bban", "9020", "1234566"), "address_lines": ["Provgatan 1"], "postcode": "990 01",
               "city": "Provstad", **more},
        )  # fmt: skip
        return register_person(**self.act("rut"), new=new).id, number

    def case(
        self, *adults: tuple[str, str, str], children: tuple[tuple[str, str, str], ...] = (), **more: Any
    ) -> Folder:
        """Register a household and open its case: adults and children as (given, family, birth day)."""
        people = [self.person(*adult, **more) for adult in adults or (("Petra", "Nilsson", "19900615"),)]
        young = [self.person(*child, account=None) for child in children]
        since = (self.month - 4).since
        members = [(key, "adult") for key, _ in people] + [(key, "child") for key, _ in young]
        household = form_household(**self.act("rut"), members=members, since=since)
        case = open_case(
            **self.act("rut"), applicant=people[0][0], co_applicant=people[1][0] if len(people) > 1 else None,
            household=household.id, unit=self.units["Försörjningsstöd"], caseworker=self.members["hanna"],
            opened_on=since,
        )  # fmt: skip
        return Folder(self, case, [Actor("citizen", key) for key, _ in people], [number for _, number in people])

    def admit(self, login: str, name: str, *roles: str, clearance: int = 0, unit: str = "Försörjningsstöd") -> None:
        """One more member of staff."""
        with at_large("test", writing=True):
            user = staff_user(login, self.slug)[0]
        self.staff[login] = Actor("staff", user)
        self.members[login] = admit_staff(
            **self.by(TEST), user_id=user, name=name, unit=self.units[unit], roles=list(roles),
            clearance=clearance,
        ).id  # fmt: skip

    def pay_day(self) -> date:
        """A banking day in some 60 days: everything is due by then."""
        return banking_day_from(self.today + timedelta(days=60), "SE")

    def run(self) -> Run:
        """Reserve all that is due in the next 60 days and release it; the job writes its file."""
        run = reserve_run(**self.act("ulla"), execution_on=self.pay_day())
        return release_run(**self.act("erik"), run=run.id, version=run.version)

    def sent(self) -> Run:
        """The same, with its file written: it leaves for the bank."""
        run, file = self.run(), StoredFile(uuid7(), uuid7().hex * 2, 10, "application/xml")
        record_run_file(**self.by(TEST), run=run.id, payments=run.payments, total=run.total, file=file)
        return run


@dataclass
class Folder:
    """A case of an office, with what a test wants to do with it, step by step."""

    office: Office
    case: Case
    citizens: list[Actor]
    numbers: list[str]
    #: What was applied for on top of the month, in minor units.
    more: int = 0

    def draft(self, answers: dict[str, Any] | None = None, month: Month | None = None) -> Draft:
        """Open a renewal and answer it."""
        draft = open_draft(
            **self.office.by(self.citizens[0]), case=self.case.id, month=month or self.office.month, language="sv"
        )
        return save_answers(**self.office.by(self.citizens[0]), draft=draft.id, version=1, part=answers or C1)

    def signed(self, draft: Draft, adult: int = 0, state: str | None = None) -> Receipt | None:
        """One adult signs a draft, as the e-ID would vouch for it; gives the receipt of the last signature."""
        by = self.office.by(self.citizens[adult])
        draft = fix_for_signing(**by, draft=draft.id, version=draft.version)
        state = state or f"{draft.id}/{adult}"
        begin_signing(**by, draft=draft.id, state=state)
        vouched = SignedBy(
            issuer=EID, subject=f"s{adult}", identifier=self.numbers[adult], acr=LOA3,
            digest=draft.shown_digest, evidence=eid_evidence(draft.shown_digest, self.numbers[adult]),
        )  # fmt: skip
        return sign(**by, state=state, signed=vouched).receipt

    def applied(self, answers: dict[str, Any] | None = None, month: Month | None = None) -> Receipt:
        """Apply and sign by all adults."""
        draft = self.draft(answers, month)
        receipts = [self.signed(draft, adult) for adult in range(len(self.citizens))]
        assert receipts[-1] is not None
        return receipts[-1]

    def on_paper(self, month: Month) -> Receipt:
        """Apply on paper, for a month from two months back on."""
        signed = [by.id for by in self.citizens if by.id is not None]
        return enter_on_paper(
            **self.office.act("rut"), key=uuid7(), case=self.case.id, month=month, channel="paper", language="sv",
            answers=C1, signed_on=signed, evidence="pärm 3",
        )  # fmt: skip

    def applied_more(self, amount: int = 300, code: str = "MEDICINE") -> Receipt:
        """More (kronor) is applied for on top of the month, on-line, a moment later, and signed by all adults."""
        self.office.now = max(self.office.now + timedelta(milliseconds=1), clock.now())
        self.more += amount * 100
        told = {"case": self.case.id, "month": self.office.month, "language": "sv", "form": "se.supplementary"}
        draft = open_draft(**self.office.by(self.citizens[0]), **told)
        part = {"costs": [{"code": code, "amount": str(amount), "note": ""}], "message": ""}
        draft = save_answers(**self.office.by(self.citizens[0]), draft=draft.id, version=draft.version, part=part)
        for adult in range(len(self.citizens)):
            receipt = self.signed(draft, adult)
        assert receipt is not None
        return receipt

    def corrected(self, application: UUID, **answers: Any) -> Receipt | None:
        """A correction of an application with these answers, signed by all adults."""
        by = self.office.by(self.citizens[0])
        draft = begin_correction(**by, application=application)
        draft = save_answers(**by, draft=draft.id, version=draft.version, part=answers)
        return [self.signed(draft, adult) for adult in range(len(self.citizens))][-1]

    def asks_for_account(self, clearing: str = "9020", number: str = "7654338") -> AccountChange:
        """The applicant asks for another account, as her e-ID would vouch for it."""
        told = {"kind": "bban", "clearing": clearing, "number": number}
        by, change = self.office.by(self.citizens[0]), uuid7()
        begin_account_change(**by, change=change, state=str(change), **told)
        assert self.citizens[0].id is not None
        digest = change_to_sign(change, self.citizens[0].id, **told)
        return ask_account_change(
            **by, state=str(change), identifier=self.numbers[0], issuer=EID, acr=LOA3, digest=digest,
            evidence=eid_evidence(digest, self.numbers[0]),
        )  # fmt: skip

    def period(self, month: Month | None = None) -> Period:
        """The period of a month."""
        with acting(self.office.slug, TEST, "look"):
            return Period.objects.get(case=self.case, since=(month or self.office.month).since)

    def assessed(self, month: Month | None = None, **changes: Any) -> Sheet:
        """Assess the facts as applied for, with `changes` of their JSON."""
        period = self.period(month)
        with acting(self.office.slug, TEST, "look"):
            facts = (
                applied_facts(self.case, period, newest_application(period.id), self.office.today).to_json() | changes
            )
            seen = Assessment.objects.filter(period=period).values_list("version", flat=True).first()
        return assess(**self.office.act("hanna"), period=period.id, facts=facts, version=seen or 0)

    def by_law(self, facts: dict[str, Any], month: Month) -> Sheet:
        """Assess a month by the facts of the office's law, whichever it is."""
        with acting(self.office.slug, TEST, "prepare") as door, writing(door):
            door.memory["written"] = {}
            period, _ = Period.objects.get_or_create(case=self.case, since=month.since, until=month.until)
            seen = Assessment.objects.filter(period=period).values_list("version", flat=True).first()
        days = {"since": str(month.since), "until": str(month.until)}
        return assess(**self.office.act("hanna"), period=period.id, facts=days | facts, version=seen or 0)

    def amounting(self, granted: int) -> Sheet:
        """Assess the month so that a single adult's C1, with what was applied for on top, is granted so much (minor
        units), by the income for that."""
        most = C1_MOST + self.more
        income = {"code": "ACTIVITY_SUPPORT", "gross": most - granted, "source": "caseworker"}
        sheet = self.assessed(incomes=[income] if granted < most else [])
        assert sheet.granted == granted
        return sheet

    def assessed_with_more(self, **effective: int) -> Sheet:
        """Assess the month as it stands with what was applied for on top since; of some of it less, by code."""
        period = self.period()
        with acting(self.office.slug, TEST, "look"):
            there = Assessment.objects.get(period=period)
            more = on_top_since(period.id, there.saved_at)
            assert more
            facts = with_more(Facts.from_json(there.facts), period.id, more, self.office.today).to_json()
        for cost in facts["costs"]:
            if cost["code"] in effective:
                cost |= {"effective": effective[cost["code"]], "note": "högst så mycket"}
        return assess(**self.office.act("hanna"), period=period.id, facts=facts, version=there.version)

    def decided_more(self, reasons: str = "", **effective: int) -> Decision:
        """The decision on what was applied for on top of a decided month: assessed by Hanna, decided by Bo."""
        sheet = self.assessed_with_more(**effective)
        told = {"reasons": reasons, "language": "sv", "ground": "new"}
        proposal = propose(**self.office.act("hanna"), sheet=sheet.id, **told)
        return decide(**self.office.act("bo"), decision=proposal.id, version=proposal.version)

    def changed(
        self, granted: int, ground: str, reasons: str = "Inkomsten var inlagd två gånger.", repayable: str = ""
    ) -> Decision:
        """A decision that replaces the one in force on the month: assessed and proposed by Hanna, taken by Bo."""
        told = {"sheet": self.amounting(granted).id, "reasons": reasons, "language": "sv", "ground": ground}
        told["unheard"] = "Felet är uppenbart och rör en enda siffra."  # counts only where somebody wasn't heard
        proposal = propose(**self.office.act("hanna"), **told, repayable=repayable)
        return decide(**self.office.act("bo"), decision=proposal.id, version=proposal.version)

    def decided(self, month: Month | None = None, reasons: str = "", repayable: str = "") -> Decision:
        """From the application to the decision: assessed by Hanna, decided by Bo."""
        sheet = self.assessed(month)
        told = {"sheet": sheet.id, "reasons": reasons, "language": "sv", "repayable": repayable}
        proposal = propose(**self.office.act("hanna"), **told)
        return decide(**self.office.act("bo"), decision=proposal.id, version=proposal.version)


def session_of(office: Office, who: str, key: str | None = None) -> str:
    """The key of a session as the log-in leaves it for a member of staff; `key`: of the one in which she logs in."""
    user = office.staff[who].id
    with at_large("test"):
        proof = StaffUser.objects.get(id=user).get_session_auth_hash()
    session = SessionStore(key)
    session.update(
        {
            "_auth_user_id": str(user),
            "_auth_user_backend": "allauth.account.auth_backends.AuthenticationBackend",
            "_auth_user_hash": proof,
            "account_authentication_methods": [{"method": "mfa", "at": time.time(), "type": "totp"}],
            "account_authentication_methods_user": str(user),
        }
    )
    if key:
        session.save()
    else:
        session.create()
    return str(session.session_key)


def refused(code: str, call: Any, **arguments: Any) -> None:
    """An operation refuses with that code."""
    with pytest.raises(NotPossible) as refusal:
        call(**arguments)
    assert refusal.value.code == code


def landlord(office: Office, **more: str) -> Payee:
    """A landlord, recorded by Rut and confirmed by Hanna."""
    told = {"name": "Hyresbostäder AB", "kind": "landlord", "organisation_number": "", "clearing": "", **more}
    new = NewPayee(**{"way": "bankgiro", "number": "991-2346", **told})  # type: ignore[arg-type]
    payee = record_payee(**office.act("rut"), new=new)
    return confirm_payee(**office.act("hanna"), payee=payee.id, version=payee.version)


#: Open connections by role and thread, kept by `as_role`: to open one takes longer than most of what is done on it.
_others: dict[tuple[str, int], Any] = {}


@contextmanager
def as_role(database: Any, role: str) -> Iterator[None]:
    """Let Django in this process be another database role for a while (jobs are the worker's). On this process's own
    database both connections stay open."""
    told, place = connection.settings_dict, (role, threading.get_ident())
    before = {name: told[name] for name in ("NAME", "USER", "PASSWORD")}
    stays = database.name == before["NAME"] == bed.worker_database()
    if not stays:
        connection.close()
    mine = _swapped(_others.pop(place, None) if stays else None)
    told.update(NAME=database.name, USER=f"handslag_{role}", PASSWORD=database.secrets.roles[role])
    try:
        yield
    finally:
        if not stays or connection.in_atomic_block:
            connection.close()
        other = _swapped(mine)
        if other is not None:
            _others[place] = other
        told.update(before)


def _swapped(another: Any) -> Any:
    """Give Django another open connection, or None: it opens one when it needs it. Gives the one that it had."""
    had, connection.connection = connection.connection, another
    if another is not None and (another.closed or not connection.is_usable()):
        connection.close()
    return had


def close_other_roles() -> None:
    """Close what `as_role` keeps open."""
    while _others:
        _others.popitem()[1].close()


def command(database: Any, *words: str, **told: str) -> subprocess.CompletedProcess[str]:
    """`handslag` with these words and this environment, in this process: to start one takes longer than to do it.

    Plays the role that the command asks for. Not for a command that goes on as another role: it starts itself anew.
    """

    @contextmanager
    def acting_as(role: str) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch, as_role(database, role):
            patch.setenv("HANDSLAG_ROLE", role)
            yield

    module, out, err = importlib.import_module(f"handslag.cli.{words[0]}"), io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(module, "acting_as", acting_as)
        for name, value in told.items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            load(words[0])(args=list(words[1:]), prog_name=f"handslag {words[0]}")
    code = ended.value.code
    if isinstance(code, str):  # what Python prints of it
        err.write(f"{code}\n")
        code = 1
    return subprocess.CompletedProcess(words, code or 0, out.getvalue(), err.getvalue())


def process(database: Any, *words: str, **told: str) -> subprocess.CompletedProcess[str]:
    """The same as a process of its own: what has to be shown of a command only once."""
    line = [sys.executable, "-m", "handslag.cli.main", *words]
    return subprocess.run(
        line, env=database.environment() | told, capture_output=True, text=True, timeout=120, check=False
    )


#: What the directory says of an organisation in each country: currency, zone, languages, type of its code.
COUNTRIES = {
    "SE": ("SEK", "Europe/Stockholm", ["sv", "en"], "kommunkod"),
    "CH": ("CHF", "Europe/Zurich", ["de", "fr", "en"], "bfs"),
    "DE": ("EUR", "Europe/Berlin", ["de", "en"], "AGS"),
}


def open_office(
    connect: Any,
    name: str = "office",
    country: str = "SE",
    kind: str = "municipality",
    *,
    when_asked_for: bool = False,
    **policies: Any,
) -> Office:
    """A fresh tenant; `connect` is the fixture (the directory is the owner's to write). Its staff are there, or come
    when asked for first: in a test whose pages don't show them, that is quicker."""
    currency, zone, languages, code_type = COUNTRIES[country]
    slug = f"{name}-{os.getpid()}-{next(_numbers)}"
    with connect("owner", autocommit=True) as owner:
        owner.execute(
            "INSERT INTO tenancy_organisation (slug, name, kind, country, currency, zone, languages, code_type, code,"
            " colour, address_lines, telephone, is_tenant, active) VALUES (%s, %s, %s, %s, %s, %s, %s, %s,"
            " %s, '#1f5c7a', '{Storgatan 1}', '', true, true)",
            [slug, f"{name.title()} kommun", kind, country, currency, zone, languages, code_type, slug],
        )
    office = Office(slug, clock.now(), zone)
    office.units = open_organisation(**office.by(TEST), units=["Försörjningsstöd", "Ekonomi"])
    for one in () if when_asked_for else STAFF:
        office.admit_one(one.login)
    settings: dict[str, Any] = {
        "organisation_number": "212000-0142", "debtor_account": {"kind": "bankgiro", "number": "5050-1055"}, **policies
    }  # fmt: skip
    for setting, value in settings.items():
        set_policy(**office.by(TEST), name=setting, value=value)
    return office


def run_jobs(database: Any) -> None:
    """Do all queued jobs as the role worker, and the jobs that they enqueue: as the worker does, in a thread of this
    process, since to start one takes longer than the jobs. That it is a process is shown where one is killed.

    What comes by the clock isn't begun: it would be done for the organisations of all tests before."""

    async def work() -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))  # its connection can be closed
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(jobs.periodic_registry, "periodic_tasks", {})
            await work_off(concurrency=1, once=True)
        await asyncio.get_running_loop().run_in_executor(None, connections.close_all)

    with as_role(database, "worker"), ThreadPoolExecutor(1) as apart:  # Playwright's loop runs in this thread
        with psycopg.connect(database.admin, autocommit=True) as admin:
            for _ in range(5):  # a worker that runs once doesn't wait for what its last jobs enqueue
                apart.submit(asyncio.run, work()).result()
                if not admin.execute(_WAITING).fetchone():
                    break
        apart.submit(connections.close_all).result()


_WAITING = b"""
SELECT 1 FROM procrastinate_jobs WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()
AND task_name NOT IN (SELECT task_name FROM procrastinate_periodic_defers) LIMIT 1
"""
