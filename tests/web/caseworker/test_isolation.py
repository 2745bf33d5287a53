"""Every address of the desk, for every role: what is another's looks exactly like what isn't there.

The addresses come from the URL patterns, so that a new one without an answer here fails.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import requests

from tests.office import session_of

#: Who may open (GET) or do (POST) what, at an address with an object of her own unit.
CASE = {"rut", "hanna", "bo"}
WORK = {"hanna", "bo"}
PAYERS = {"ulla"}
MAY: dict[str, set[str]] = {
    "": CASE | PAYERS | {"alva"},
    "inbox/": CASE,
    "inbox/next/": WORK,
    "inbox/<uuid:item>/take/": WORK,
    "inbox/<uuid:item>/put-back/": WORK,
    "inbox/<uuid:item>/wait/": WORK,
    "inbox/hand-over/": WORK,
    "inbox/remind/": WORK,
    "inbox/views/": CASE,
    "hand-overs/": CASE,
    "hand-overs/<uuid:application>/": CASE,
    "me/": CASE | PAYERS | {"alva"},
    "me/keys/": CASE | PAYERS | {"alva"},
    "me/deputies/": CASE | PAYERS | {"alva"},
    "norms/": {"alva"},
    "norms/enter/": {"alva"},
    "norms/import/": {"alva"},
    "norms/file/": {"alva"},
    "norms/<uuid:norm>/": {"alva"},
    "norms/<uuid:norm>/confirm/": {"alva"},
    "norms/<uuid:norm>/withdraw/": {"alva"},
    "delegations/": {"alva"},
    "delegations/<uuid:delegation>/": {"alva"},
    "staff/": {"alva"},
    "case-system/": {"alva"},
    "case-system/try/": {"alva"},
    "case-system/<uuid:switch>/": {"alva"},
    "training/": set(),  # of an organisation for training only
    "precalculations/": CASE | {"alva"},
    "precalculations/start/": {"alva"},
    "precalculations/<uuid:calculation>/": CASE | {"alva"},
    "precalculations/<uuid:calculation>/continue/": {"alva"},
    "times/": {"bo", "alva"},
    "statistics/": {"rut"},
    "statistics/<uuid:file>/": {"rut"},
    "statistics/<uuid:file>/households/": {"rut"},
    "statistics/<uuid:file>/causes/": {"rut"},
    "cases/<uuid:case>/periods/<str:month>/statistics/": CASE,
    "review/": {"vilma"},
    "review/<uuid:review>/": {"vilma"},
    "people/": CASE,
    "people/new/": {"rut"},
    "people/merges/": {"rut"},
    "people/merges/<uuid:merge>/": {"rut"},
    "people/<uuid:person>/merge/": {"rut"},
    "people/<uuid:person>/": CASE,
    "people/<uuid:person>/account/": {"rut"},
    "people/<uuid:person>/account/<uuid:change>/": {"rut"},
    "people/<uuid:person>/change/": {"rut"},
    "access/": CASE,
    "people/<uuid:person>/representatives/": {"rut"},
    "people/<uuid:person>/representatives/<uuid:representation>/end/": {"rut"},
    "households/new/": {"rut"},
    "households/<uuid:household>/": {"rut", "hanna", "bo"},
    "cases/new/": {"rut"},
    "cases/<uuid:case>/": CASE,
    "cases/<uuid:case>/periods/<str:month>/": CASE,
    "cases/<uuid:case>/periods/<str:month>/authorities/": WORK,
    "cases/<uuid:case>/periods/<str:month>/proposal/": WORK,
    "cases/<uuid:case>/periods/<str:month>/ask/": WORK,
    "requests/<uuid:asked>/enough/": WORK,
    "cases/<uuid:case>/applications/<uuid:application>/": CASE,
    "cases/<uuid:case>/applications/<uuid:application>/signatures/<uuid:person>/": {"rut", "hanna", "bo"},
    "cases/<uuid:case>/close/": WORK,
    "cases/<uuid:case>/messages/": CASE,
    "cases/<uuid:case>/periods/<str:month>/hearing/": CASE,
    "cases/<uuid:case>/paper/": CASE,
    "cases/<uuid:case>/notes/": CASE,
    "cases/<uuid:case>/account/": CASE,
    "cases/<uuid:case>/recoveries/": CASE,
    "recoveries/<uuid:recovery>/": CASE,
    "cases/<uuid:case>/orders/": CASE,
    "orders/<uuid:order_>/": CASE,
    "cases/<uuid:case>/other-help/": CASE,
    "other-help/<uuid:help_>/": CASE,
    "cases/<uuid:case>/account/income/": WORK,
    "cases/<uuid:case>/account/book/": WORK,
    "cases/<uuid:case>/account/<uuid:booking>/reverse/": WORK,
    "proposals/": WORK,
    "decisions/<uuid:decision>/": CASE,
    "decisions/<uuid:decision>/decide/": WORK,
    "decisions/<uuid:decision>/return/": WORK,
    "decisions/<uuid:decision>/withdraw/": WORK,
    "decisions/<uuid:decision>/appeal/": CASE,
    "appeals/<uuid:appeal>/": CASE,
    "payments/": PAYERS,
    "cases/<uuid:case>/direct/": CASE,
    "cases/<uuid:case>/direct/<uuid:order>/end/": WORK,
    "cases/<uuid:case>/payments/<uuid:payment>/": WORK,
    "cases/<uuid:case>/advance/": WORK,  # by delegation
    "cases/<uuid:case>/advance/<uuid:advance>/confirm/": WORK,
    "cases/<uuid:case>/advance/<uuid:advance>/refuse/": WORK,
    "bank/": PAYERS,
    "ledger/": PAYERS,
    "ledger/fix/": PAYERS,
    "ledger/<uuid:day>/csv/": PAYERS,
    "ledger/<uuid:day>/sie/": PAYERS,
    "bank/<uuid:line>/settle/": PAYERS,
    "print/": {"rut"},
    "print/returned/": {"rut"},
    "payees/": {"rut"} | WORK | PAYERS,
    "payees/<uuid:payee>/confirm/": {"rut"} | WORK | PAYERS,
    "payees/<uuid:payee>/end/": {"rut"} | WORK | PAYERS,
    "payments/tomorrow/": PAYERS,
    "payments/<uuid:payment>/unblock/": PAYERS,
    "payments/<uuid:payment>/hold/": PAYERS,
    "payments/<uuid:payment>/resume/": PAYERS,
    "payments/<uuid:payment>/alone/": PAYERS,
    "runs/new/": PAYERS,
    "runs/<uuid:run>/cancel/": PAYERS,
    "runs/<uuid:run>/": PAYERS,
    "runs/<uuid:run>/release/": PAYERS,
    "tasks/": CASE | PAYERS | {"alva"},
    "tasks/<uuid:task>/done/": CASE | PAYERS | {"alva"},
    "documents/<uuid:document>/": CASE,
    "cases/<uuid:case>/questions/new/": WORK,
    "cases/<uuid:case>/transfer/": WORK,
    "cases/<uuid:case>/documents/ask/": WORK,
    "questions/": CASE | {"alva"},
    "questions/traffic/": CASE | {"alva"},
    "questions/traffic/<uuid:message>/": CASE,
    "questions/arrivals/<uuid:arrival>/": {"rut", "alva"},
    "questions/<uuid:message>/": CASE,
    "questions/<uuid:message>/take-over/": {"rut"},
    "questions/<uuid:message>/proof.json": CASE,
    "questions/<uuid:message>/message.xml": CASE,
}
ONLY_POST = {
    "print/returned/",
    "people/<uuid:person>/representatives/<uuid:representation>/end/",
    "inbox/next/", "inbox/<uuid:item>/take/", "inbox/<uuid:item>/put-back/", "inbox/<uuid:item>/wait/",
    "cases/<uuid:case>/periods/<str:month>/authorities/",
    "cases/<uuid:case>/applications/<uuid:application>/signatures/<uuid:person>/",
    "cases/<uuid:case>/notes/", "decisions/<uuid:decision>/withdraw/", "requests/<uuid:asked>/enough/",
    "hand-overs/<uuid:application>/",
    "inbox/remind/", "inbox/views/", "me/keys/", "me/deputies/", "people/<uuid:person>/account/",
    "people/<uuid:person>/account/<uuid:change>/",
    "cases/<uuid:case>/account/income/", "cases/<uuid:case>/account/<uuid:booking>/reverse/",
    "cases/<uuid:case>/account/book/",
    "decisions/<uuid:decision>/decide/", "decisions/<uuid:decision>/return/", "payments/<uuid:payment>/unblock/",
    "runs/new/", "runs/<uuid:run>/release/", "runs/<uuid:run>/cancel/", "payments/<uuid:payment>/hold/",
    "payments/<uuid:payment>/resume/", "payments/<uuid:payment>/alone/", "payees/<uuid:payee>/confirm/",
    "bank/<uuid:line>/settle/", "ledger/fix/",
    "payees/<uuid:payee>/end/", "cases/<uuid:case>/direct/<uuid:order>/end/", "cases/<uuid:case>/advance/",
    "cases/<uuid:case>/advance/<uuid:advance>/confirm/", "cases/<uuid:case>/advance/<uuid:advance>/refuse/",
    "cases/<uuid:case>/payments/<uuid:payment>/",
    "tasks/<uuid:task>/done/", "norms/enter/", "norms/import/", "delegations/<uuid:delegation>/",
    "case-system/<uuid:switch>/",
    "norms/<uuid:norm>/confirm/", "norms/<uuid:norm>/withdraw/",
    "precalculations/start/", "precalculations/<uuid:calculation>/continue/",
}  # fmt: skip
#: Of what only Swiss law knows; `test_swiss.py` opens them, and is refused them as another municipality and as a payer.
SWISS = {"cases/<uuid:case>/orders/", "orders/<uuid:order_>/"}
ROLES = ("rut", "hanna", "bo", "ulla", "alva")
CANARIES = ("Kanarie", "Fågelholm", "Burgatan 77")


def routes() -> list[str]:
    """The desk's patterns without the organisation."""
    from handslag.web.caseworker.urls import urlpatterns

    return [str(pattern.pattern).removeprefix("<slug:tenant>/") for pattern in urlpatterns]


def world(folder: Any) -> dict[str, Any]:
    """One object of each kind: everything that a folder led to, with a document."""
    from handslag.domain.casefile.operations import send_message
    from handslag.domain.decisions.operations.appeals import lodge_appeal
    from handslag.domain.documents.operations import StoredFile, record_document
    from handslag.domain.elsewhere.operations import enter_switch
    from handslag.domain.entitlement.operations import enter_local_norm
    from handslag.domain.entitlement.operations.precalculations import start_precalculation
    from handslag.domain.entitlement.states import RunKind
    from handslag.domain.intake.models import InboxItem
    from handslag.domain.intake.operations import ask_applicant
    from handslag.domain.payments.models import Advance, BankLine, Booking, Payment
    from handslag.domain.payments.operations.advances import grant_advance
    from handslag.domain.payments.operations.bank import Told, receive_bank_file
    from handslag.domain.payments.operations.payees import order_direct_payment
    from handslag.domain.payments.operations.postings import fix_posting_day, set_chart_row
    from handslag.domain.payments.queries import CHART_CODES
    from handslag.domain.people.operations.delegations import NewDelegation, enter_delegation
    from handslag.domain.people.operations.merges import propose_merge
    from handslag.domain.people.operations.persons import NewPerson, register_person
    from handslag.domain.people.operations.representations import register_representation
    from handslag.domain.people.operations.staff import set_policy
    from handslag.domain.tasks.operations import open_task
    from handslag.domain.tenancy.door import acting, system
    from tests.exchange import asked
    from tests.office import TEST, landlord

    office = folder.office
    receipt = folder.applied()
    decision = folder.decided()
    wanted = ask_applicant(
        **office.act("hanna"), case=folder.case.id, period=folder.period().id, person=None, text="Kanarie",
        wanted=["Fågelholm"], until=office.today + timedelta(days=9),
    )  # fmt: skip
    change = folder.asks_for_account()
    words = send_message(**office.by(folder.citizens[0]), case=folder.case.id, message=uuid4(), text="Kanarie")
    appeal = lodge_appeal(
        **office.by(folder.citizens[0]), appeal=uuid4(), decision=decision.id, text="Kanarie", files=[]
    )
    scribe = system("letters")
    document = record_document(
        tenant=office.slug, by=scribe, now=office.now, subject=folder.case.id, kind="evidence",
        title="Kanarie", provenance="system", retention="personal_file",
        file=StoredFile(key=uuid4(), digest="0" * 64, size=1, content_type="application/pdf"),
    )  # fmt: skip
    task = open_task(
        **office.by(scribe), subject=folder.case.id, kind="payment blocked",
        unit=office.units["Försörjningsstöd"], assignee=None,
    )  # fmt: skip
    grant_advance(
        **office.act("bo"), case=folder.case.id, month=office.month - 1, amount=600_000, reasons="Kanarie utan mat"
    )
    payee = landlord(office)
    with acting(office.slug, scribe, "look") as door:
        today = door.the_tenant.today(office.now)
    for code in CHART_CODES:
        set_chart_row(
            **office.act("ulla"), code=code, account="10", unit="", activity="", since=today, source="Kanarie"
        )  # fmt: skip
    fixed = fix_posting_day(**{**office.act("ulla"), "now": office.now + timedelta(days=1)}, day=today)
    strange = receive_bank_file(
        **office.by(scribe), kind="camt.054", message_id="Kanarie", problem="",
        lines=[Told(kind="paid", reference="Kanarie", amount=1, currency="SEK")],
        file=StoredFile(key=uuid4(), digest=uuid4().hex * 2, size=1, content_type="application/xml"),
    )  # fmt: skip
    order = order_direct_payment(
        **office.act("bo"), case=folder.case.id, payee=payee.id, cost_code="RENT", amount=100, reference="",
        message="Kanarie", ground="Kanarie", since=office.month, until=None,
    )  # fmt: skip
    question = asked(folder, "Kanarie?")
    entry = {"name": "setting.income_change", "unit": "percent", "label": {"sv": "Kanarie"}, "value": 15}
    norm = enter_local_norm(**office.act("alva"), entry=entry, since=office.month.since, source="Kanarie")
    told = {"kind": RunKind.VALUE, "month": office.month, "norm": norm.id}
    calculation = start_precalculation(**office.act("alva"), **told)
    new = NewDelegation("grant", "decider", None, None, "Kanarie", "Kanarie", today, None)
    delegation = enter_delegation(**office.act("alva"), new=new)
    told = {"name": "Kanarie", "address": "https://lifecase.example", "units": {"Kanarie": "Ekonomi"}, "groups": []}
    set_policy(**office.by(TEST), name="case_system", value=told)
    switch = enter_switch(**office.act("alva"), unit="Kanarie", group="single", on=True, reason="Kanarie")
    set_policy(**office.by(TEST), name="case_system", value={})
    agent, _number = office.person("Ombud", "Ek", "19600606")
    represented = register_representation(
        **office.act("rut"), person=folder.case.applicant_id, representative=agent, ground="god_man", scope="see",
        since=today, last=None, title="Kanarie",
        file=StoredFile(key=uuid4(), digest="0" * 64, size=1, content_type="application/pdf"),
    )  # fmt: skip
    again, _number = office.person("Kanarie", "Alm", "19600607")
    new = NewPerson(identifier_type="temporary", identifier="T-KANARIE", given_name="Kanarie", family_name="Alm")
    twice = register_person(**office.act("rut"), new=new).id
    merge = propose_merge(**office.act("rut"), gone=twice, kept=again, reason="Kanarie")
    month = folder.period()
    with acting(office.slug, scribe, "look"):
        found = {
            "advance": Advance.objects.get(case=folder.case).id,
            "norm": norm.id,
            "merge": merge.id,
            "calculation": calculation.id,
            "delegation": delegation.id,
            "switch": switch.id,
            "representation": represented.id,
            "message": question.id,
            "task": task.id,
            "payee": payee.id,
            "day": fixed.id,
            "line": BankLine.objects.get(file=strange).id,
            "order": order.id,
            "item": InboxItem.objects.get(case=folder.case).id,
            "booking": Booking.objects.get(period=month).id,
            "payment": Payment.objects.get(period=month).id,
        }
    return {
        **found,
        "person": folder.case.applicant_id,
        "case": folder.case.id,
        "household": folder.case.household_id,
        "month": str(office.month),
        "application": receipt.application_id,
        "asked": wanted.id,
        "words": words.id,
        "change": change.id,
        "decision": decision.id,
        "appeal": appeal.id,
        "document": document.id,
    }


def recovery(folder: Any) -> UUID:
    """A claim that is proposed for a month of which a run has paid more than is decided now."""
    from handslag.domain.payments.operations.recoveries import propose_recovery

    folder.applied()
    folder.decided()
    folder.office.sent()
    folder.changed(600_000, "37.3")
    told = {"ground": "misinformed", "legal_basis": "9 kap. 1 § SoL", "language": "sv"}
    return propose_recovery(
        **folder.office.act("hanna"), case=folder.case.id, person=folder.citizens[0].id, **told,
        amounts={folder.period().id: 550_00}, unheard="Hon har själv bett om det.", reasons="Kanarie i Fågelholm.",
    ).id  # fmt: skip


def other_help(folder: Any, purpose: str) -> UUID:
    """Help under 12 kap. 2 § that is proposed."""
    from handslag.domain.payments.operations.other_help import propose_other_help

    told = {"month": folder.office.month, "person": folder.citizens[0].id, "language": "sv", "applied": 50_000}
    told |= {"purpose": purpose, "reasons": f"{purpose}: det behövs.", "amount": 50_000}
    return propose_other_help(**folder.office.act("hanna"), case=folder.case.id, **told).id


def whole(connect: Any, office: Any, name: tuple[str, str], purpose: str, **more: Any) -> tuple[dict[str, Any], Any]:
    """One object of each kind that an address of the desk names; and the folder that most of them are of."""
    from handslag.domain.oversight.operations import begin_review
    from handslag.domain.statistics.operations import make_statistics_file
    from tests.exchange import unreadable

    given, family = name
    claim = recovery(office.case((given, "Ek", "19760505")))
    folder = office.case((given, family, "19900615"), **more)
    found = world(folder)
    after = (office.now.replace(day=1) + timedelta(days=32)).replace(day=1)
    office.admit("vilma", "Vilma Granskare", "reviewer")
    return {
        **found,
        "run": office.run().id,
        "recovery": claim,
        "help_": other_help(office.case((given, "Alm", "19740606")), purpose),
        "arrival": unreadable(connect, office, given.lower()),
        "file": make_statistics_file(**{**office.act("rut"), "now": after}, month=office.month).id,
        "review": begin_review(**office.act("vilma"), month=office.month - 1).id,
    }, folder


@pytest.fixture(scope="module")
def everything(module_connect: Any) -> dict[str, Any]:
    """Our office with a whole case, and beside it: another organisation's, another unit's, a protected person's."""
    from handslag.domain.casefile.operations import open_case
    from handslag.domain.people.operations.persons import form_household
    from handslag.domain.tenancy.door import Actor
    from tests.office import Folder, open_office

    ours, theirs = open_office(module_connect), open_office(module_connect, "canary")
    canary: dict[str, Any] = {"address_lines": ["Burgatan 77"]}
    own, own_case = whole(module_connect, ours, ("Petra", "Nilsson"), "Läger i juli")
    foreign, _folder = whole(module_connect, theirs, ("Kanarie", "Fågelholm"), "Kanarie till Fågelholm", **canary)
    person, number = ours.person("Kanarie", "Fågelholm", "19710101", **canary)
    since = (ours.month - 4).since
    home = form_household(**ours.act("rut"), members=[(person, "adult")], since=since)
    case = open_case(
        **ours.act("rut"), applicant=person, co_applicant=None, household=home.id, unit=ours.units["Ekonomi"],
        caseworker=None, opened_on=since,
    )  # fmt: skip
    with_application = Folder(ours, case, [Actor("citizen", person)], [number])
    receipt = with_application.applied()
    other_unit = {"case": case.id, "person": person, "month": own["month"], "application": receipt.application_id}
    secret = ours.case(("Kanarie", "Fågelholm", "19620202"), protection_level=2, **canary)
    protected = {"case": secret.case.id, "person": secret.case.applicant_id, "month": own["month"]}
    return {
        "office": ours, "own": own, "foreign": foreign, "other unit": other_unit,
        "protected": protected, "number": number, "own number": own_case.numbers[0],
    }  # fmt: skip


def address(route: str, objects: dict[str, Any]) -> str | None:
    """The route with these objects in it; None if one is lacking."""
    names = re.findall(r"<\w+:(\w+)>", route)
    if any(name not in objects for name in names):
        return None
    return "/" + re.sub(r"<\w+:(\w+)>", lambda m: str(objects[m[1]]), route)


def plain(text: str, objects: dict[str, Any]) -> str:
    """A page without what differs from one request to the next: the form's token, the ids asked for."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)
    for value in objects.values():
        text = text.replace(str(value), "?")
    return text


def told(answer: requests.Response) -> dict[str, str]:
    """The headers without the moments in them."""
    return {k: re.sub(r"expires=[^;]+", "", v) for k, v in answer.headers.items() if k != "date"}


FIELDS = {"version": "1", "reason": "because of this", "act": "preview", "execution_on": "2020-01-01"}


def test_the_table_names_every_address() -> None:
    assert set(routes()) == set(MAY)


@pytest.mark.parametrize("who", ROLES)
def test_what_is_not_hers_looks_like_what_is_not_there(everything: dict[str, Any], desk: Any, who: str) -> None:
    office = everything["office"]
    her = desk(office, who)
    compared = 0
    for route in routes():
        missing = {name: value if name == "month" else uuid4() for name, value in everything["foreign"].items()}
        none: dict[str, requests.Response] = {}
        for kind in ("foreign", "other unit", "protected"):
            objects = everything[kind]
            if kind == "protected" and who == "bo":
                continue  # cleared for level 3
            if kind == "other unit" and who == "rut" and "person" in route:
                continue  # registrars see everybody's register
            path = address(route, objects)
            if path is None or path == "/" + route:  # names nothing
                continue
            other = address(route, missing)
            assert other
            for method, fields in (("GET", {}), ("POST", FIELDS)):
                real = her.open(path, **fields)
                if method not in none:
                    none[method] = her.open(other, **fields)
                where = f"{who} {method} {route} ({kind})"
                assert real.status_code == none[method].status_code, where
                assert plain(real.text, objects) == plain(none[method].text, missing), where
                assert real.status_code in (403, 404, 405), where
                assert not any(canary in real.text for canary in CANARIES), where
                assert told(real) == told(none[method]), where
                compared += 1
    assert compared > 50


#: Pages that also take a POST and don't show it again themselves.
TAKE_POST = {
    "ledger/", "inbox/hand-over/", "cases/<uuid:case>/direct/", "questions/<uuid:message>/",
    "questions/traffic/<uuid:message>/", "questions/arrivals/<uuid:arrival>/",
}  # fmt: skip


def test_what_was_sent_when_the_session_was_over_comes_back_unsent(everything: dict[str, Any], desk: Any) -> None:
    office, own = everything["office"], everything["own"]
    typed = "Typed <for> half an hour"
    for route in sorted(ONLY_POST | TAKE_POST):
        her = desk(office, min(MAY[route]))
        her.headers["Cookie"] = f"csrf={'a' * 32}; language=en"
        asked = her.open(address(route, own), reason=typed, version="1", act="ask back")
        assert asked.status_code == 302 and asked.headers["Location"].startswith("/log-in/"), route
        key = session_of(office, min(MAY[route]), asked.cookies["session"])
        her.cookies.clear()
        her.headers["Cookie"] = f"session={key}; csrf={'a' * 32}; language=en"
        for _again in range(2):
            back = her.open(address(route, own))
            assert back.status_code == 200 and "This isn’t saved yet" in back.text, route
            assert "Typed &lt;for&gt; half an hour</textarea>" in back.text, route
            assert f'action="/{office.slug}{address(route, own)}"' in back.text, route


def test_what_was_typed_is_for_nobody_else(everything: dict[str, Any], desk: Any) -> None:
    office, path = everything["office"], address("decisions/<uuid:decision>/return/", everything["own"])
    bo = desk(office, "bo")
    bo.headers["Cookie"] = f"csrf={'a' * 32}; language=en"
    key = bo.open(path, reason="Kanarie").cookies["session"]
    session_of(office, "bo", key)
    bo.cookies.clear()
    bo.headers["Cookie"] = f"session={key}; csrf={'a' * 32}; language=en"
    assert "Kanarie" in bo.open(path).text
    session_of(office, "hanna", key)
    assert "Kanarie" not in bo.open(path).text


@pytest.mark.parametrize("who", ROLES)
def test_a_foreign_object_inside_ones_own_case_is_not_there(everything: dict[str, Any], desk: Any, who: str) -> None:
    office, own, foreign = everything["office"], everything["own"], everything["foreign"]
    her = desk(office, who)
    for route in (
        "cases/<uuid:case>/applications/<uuid:application>/",
        "cases/<uuid:case>/account/<uuid:booking>/reverse/",
    ):
        mixed, missing = {**own, **{k: foreign[k] for k in ("application", "booking")}}, {**own, "application": uuid4()}
        missing["booking"] = uuid4()
        for fields in ({}, FIELDS):
            real, none = her.open(address(route, mixed), **fields), her.open(address(route, missing), **fields)
            assert (real.status_code, plain(real.text, mixed)) == (none.status_code, plain(none.text, missing))
            assert real.status_code in (403, 404, 405)


@pytest.mark.parametrize("who", ROLES)
def test_each_role_reaches_its_own_pages_and_no_others(everything: dict[str, Any], desk: Any, who: str) -> None:
    office, own = everything["office"], everything["own"]
    her = desk(office, who)
    for route, roles in MAY.items():
        path = address(route, own)
        if route in SWISS:  # not there in a Swedish case
            assert path is None or {her.open(path, **one).status_code for one in ({}, FIELDS)} <= {403, 404}, route
            continue
        if who in roles:
            if route not in ONLY_POST and route != "cases/new/":
                assert her.open(path).status_code in (200, 302), f"{who} {route}"
        else:
            fields = FIELDS if route in ONLY_POST else {}
            assert her.open(path, **fields).status_code in (403, 404), f"{who} {route}"


def test_lists_and_searches_hold_no_canary(everything: dict[str, Any], desk: Any) -> None:
    office = everything["office"]
    for who in ("hanna", "rut"):
        her = desk(office, who)
        lists = ("/inbox/?view=unit", "/inbox/?view=waiting", "/proposals/", "/tasks/", "/questions/")
        for path in (*lists, "/people/?q=kanarie"):
            text = her.open(path).text
            if who == "rut" and "people" in path:
                assert text.count("Fågelholm") == 1  # the unprotected one of the other unit; not the protected one
            else:
                assert not any(canary in text for canary in CANARIES), f"{who} {path}"
    assert "Fågelholm" in desk(office, "bo").open(f"/people/{everything['protected']['person']}/").text
    # The protected one's whole number is no hit either, in words that a number nobody has would get.
    from handslag.domain.people.models import Identifier
    from handslag.domain.tenancy.door import acting, system

    with acting(office.slug, system("test"), "look"):
        number = Identifier.objects.get(person_id=everything["protected"]["person"]).value
    rut = desk(office, "rut")
    hit, none = rut.open(f"/people/?q={number}").text, rut.open("/people/?q=199001019802").text
    assert plain(hit, {"q": number}) == plain(none, {"q": "199001019802"})
    assert "No hit" in hit


#: Columns that name a member of staff.
STAFF_COLUMN = re.compile(r"\b(caseworker|member|assignee|user|actor|\w+_by|taken_by|linked|deputy)(_id)?\b")


def compares_staff(sql: str) -> str:
    """The part of a statement by which it counts or sums members of staff apart; "" if it does no such thing."""
    plain = sql.lower().replace('"', "")
    chosen = plain.partition("select ")[2].partition(" from ")[0].split(", ")
    for part in re.findall(r"\b(?:group|partition) by\b(.*?)(?=\border by\b|\bhaving\b|\blimit\b|\)|$)", plain, re.S):
        named = [chosen[int(n) - 1] for n in re.findall(r"\b\d+\b", part) if 0 < int(n) <= len(chosen)]
        if any(STAFF_COLUMN.search(text) or "tenancy_staff" in text for text in (part, *named)):
            return " ".join((part.strip(), *named))
    return ""


def scores(html: str, names: list[str]) -> list[str]:
    """The rows of a page that hold a colleague's name and beside it nothing but figures."""
    found = []
    for row in re.findall(r"<(?:tr|li|option|dt|div|p)\b[^>]*>(?:(?!<(?:tr|li|option|dt|div|p)\b).)*", html, re.S):
        words = " ".join(re.sub(r"<[^>]*>", " ", row).split())
        rest = words
        for name in names:
            rest = rest.replace(name, "")
        if rest != words and re.fullmatch(r"[\s\d.,:%()·]*\d[\s\d.,:%()·]*", rest):
            found.append(words)
    return found


@dataclass
class Seen:
    """A page as somebody sees it: its address, what stands on it, and the statements that made it."""

    who: str
    route: str
    text: str
    statements: list[str]


@pytest.fixture(scope="module")
def walked(everything: dict[str, Any]) -> list[Seen]:
    """All pages of the desk as each role sees them, those that an address asks for by a query too."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.db import connection
    from django.test import RequestFactory
    from django.test.utils import CaptureQueriesContext

    office, own = everything["office"], everything["own"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the middleware for static files wants a folder that only builds make
        handler = WSGIHandler()
    found = []
    for who in ROLES:
        cookie = f"session={session_of(office, who)}; csrf={'a' * 32}; language=en"
        for route in [*routes(), *BY_QUERY.values()]:
            path, plain_route = address(route, own), route.partition("?")[0]
            if plain_route in ONLY_POST or who not in MAY[plain_route] or path is None:
                continue
            request = RequestFactory(headers={"host": "desk.localhost"}).get(
                f"/{office.slug}{'/' if not route else path}", HTTP_COOKIE=cookie
            )
            with CaptureQueriesContext(connection) as caught:
                response = handler.get_response(request)
            assert response.status_code in (200, 302, 404), path
            if response.status_code == 200:
                text = "" if response.streaming else response.content.decode(errors="replace")
                found.append(Seen(who, route, text, [q["sql"] for q in caught]))
    return found


#: What an address may ask for by a query, with an address that does; "": it names no person.
BY_QUERY = {
    "person": "households/new/?person=<uuid:person>",
    "household": "cases/new/?household=<uuid:household>",
    "message": "cases/<uuid:case>/paper/?message=<uuid:words>",
    "q": "people/?q=nilsson",
    "view": "inbox/?view=unit",
    "from": "questions/?from=x",
}
NAMES_NOBODY = {
    "day", "form", "given", "kind", "month", "next", "of", "page", "reminded", "state", "trouble"
}  # fmt: skip


def test_who_is_shown_stands_in_the_read_log(everything: dict[str, Any], walked: list[Seen]) -> None:
    """No page shows the number or the name of somebody in a case without a look in the log, whatever its address."""
    from handslag.web import caseworker

    sources = "".join(path.read_text() for path in Path(caseworker.__file__).parent.glob("*.py"))
    asked = set(re.findall(r'GET(?:\.get\(|\[)"(\w+)"', sources))
    assert asked == {*BY_QUERY, *NAMES_NOBODY}, "an address asks for something else: add it, with a page"
    number = everything["own number"]
    personal = (number, f"{number[:8]}-{number[8:]}", "Petra Nilsson")
    shown = [seen for seen in walked if any(text in seen.text for text in personal)]
    silent = [(seen.who, seen.route) for seen in shown if not any("audit_readentry" in sql for sql in seen.statements)]
    assert silent == []
    assert {"households/new/?person=<uuid:person>", "people/?q=nilsson"} < {seen.route for seen in shown}


def test_nothing_ranks_or_compares_named_staff(everything: dict[str, Any], walked: list[Seen]) -> None:
    """All pages of the desk as each role sees them: no statement and no row of theirs counts by member of staff."""
    from django.db import connection
    from django.db.models import Count
    from django.test.utils import CaptureQueriesContext

    from handslag.domain.intake.models import InboxItem
    from handslag.domain.tenancy.door import acting
    from tests.office import STAFF, TEST

    office = everything["office"]
    names = [member.name for member in STAFF]
    for seen in walked:
        assert [told for sql in seen.statements if (told := compares_staff(sql))] == [], seen.route
        if "cases/<" not in seen.route:
            assert scores(seen.text, names) == [], seen.route
    assert len(walked) > 40 and sum(len(seen.statements) for seen in walked) > 300
    # What such a page would ask and show is found.
    with acting(office.slug, TEST, "look"), CaptureQueriesContext(connection) as caught:
        list(InboxItem.objects.values("case__caseworker").annotate(n=Count("id")))
        list(InboxItem.objects.values("case__caseworker__name").annotate(n=Count("id")))
        list(InboxItem.objects.values("state").annotate(n=Count("id")))
    found = [bool(compares_staff(q["sql"])) for q in caught if "count" in q["sql"].lower()]
    assert found == [True, True, False]
    assert scores("<tr><th>Hanna Handläggare</th><td>7</td><td>92 %</td></tr><li>Bo Beslutsfattare took it</li>", names)


def test_what_was_looked_at_and_refused_stands_in_the_log(everything: dict[str, Any], desk: Any) -> None:
    from handslag.domain.audit.models import ReadEntry
    from handslag.domain.tenancy.door import acting, system

    office, case = everything["office"], everything["own"]["case"]
    hanna = desk(office, "hanna")
    hanna.open(f"/cases/{case}/account/")
    hanna.open(f"/cases/{everything['foreign']['case']}/")
    with acting(office.slug, system("test"), "look"):
        seen = list(
            ReadEntry.objects.filter(actor_id=office.staff["hanna"].id)
            .order_by("-at", "-id")
            .values_list("outcome", "what", "subject")[:2]
        )
    assert seen == [("refused", "case", everything["foreign"]["case"]), ("read", "case account", case)]


def test_a_foreign_organisation_is_not_there(everything: dict[str, Any], desk: Any, office: Any) -> None:
    stranger = desk(everything["office"], "hanna")
    stranger.base = f"/{office.slug}"
    assert stranger.open("/inbox/").status_code == 404
    assert stranger.open(f"/cases/{UUID(int=1)}/").status_code == 404
