"""The case page and the inbox: facts with their reasons, two people at once, what a list costs."""

from __future__ import annotations

import html
import re
import warnings
from typing import Any
from uuid import uuid4

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.web.citizen.test_corrections import RENT


def fields(page: str) -> dict[str, str]:
    """What the case page's form would send as it stands."""
    form = page.split('id="facts"')[1].split("</form>")[0]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        told = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "name" in told and told.get("type") != "checkbox" and told["name"] != "csrfmiddlewaretoken":
            found[told["name"]] = html.unescape(told.get("value", ""))
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        found[name] = chosen[1] if chosen else ""
    return found


def where(office: Any, folder: Any) -> str:
    return f"/cases/{folder.case.id}/periods/{office.month}/"


def sheets(office: Any, folder: Any) -> list[tuple[int, dict[str, Any]]]:
    from handslag.domain.entitlement.models import Sheet
    from handslag.domain.tenancy.door import acting, system

    with acting(office.slug, system("test"), "look"):
        rows = Sheet.objects.select_related("snapshot").filter(case=folder.case).order_by("period__since", "number")
        return [(row.granted, row.snapshot.facts) for row in rows]


def test_facts_are_changed_with_reasons_and_a_preview_saves_nothing(office: Any, desk: Any) -> None:
    folder = office.case(("Petra", "Nilsson", "19900615"), children=(("Sara", "Nilsson", "20180210"),))
    folder.applied()
    hanna = desk(office, "hanna")
    path = where(office, folder)
    form = fields(hanna.open(path).text)
    assert [form[f"cost-{n}-key"] for n in range(4)] == [
        "RENT::0", "ELECTRICITY::0", "HOME_INSURANCE::0", "UNEMPLOYMENT_FUND::0"
    ]  # fmt: skip
    select = hanna.open(path).text.partition('name="new-income-0-person"')[2].partition("</select>")[0]
    people = {name.strip(): value for value, name in re.findall(r'<option value="([^"]*)"[^>]*>([^<]*)<', select)}
    changed = form | {
        "cost-1-mine": "225", "cost-1-why": "two months", "member-0-stimulus": "1", "household_size": "3",
        "member-1-lunch": "5", "new-cost-0-code": "GLASSES", "new-cost-0-mine": "1 200", "new-cost-0-why": "receipt",
        "new-income-0-code": "SALARY", "new-income-0-mine": "4000", "new-income-0-source": "evidence",
        "new-income-0-person": people["Petra Nilsson"], "new-income-0-why": "pay slip",
    }  # fmt: skip
    preview = hanna.open(path, **changed, act="preview")
    assert "Not saved and not a decision" in preview.text and sheets(office, folder) == []

    long = hanna.open(path, **(changed | {"new-cost-0-why": "x" * 81}), act="assess")
    assert "Use at most 80 characters" in long.text and "x" * 81 in long.text
    wrong = hanna.open(path, **(changed | {"cost-1-mine": "٤٥٠,x", "cost-1-why": ""}), act="assess")
    assert "٤٥٠,x" in wrong.text and "Write the amount with digits" in wrong.text and sheets(office, folder) == []

    assert hanna.open(path, **changed, act="assess").status_code == 302
    [(granted, facts)] = sheets(office, folder)
    costs = {c["code"]: (c["applied"], c["effective"], c["note"]) for c in facts["costs"]}
    sheet = hanna.open(path).text.partition("<h2>Calculation 1</h2>")[2]
    # each section leads to its text, and says of which day
    assert 'href="https://rkrattsbaser.gov.se/sfst?bet=2025:400"' in sheet and "as in force on " in sheet
    assert costs["ELECTRICITY"] == (450_00, 225_00, "two months")
    assert costs["GLASSES"] == (0, 1_200_00, "receipt")
    assert costs["RENT"] == (6_200_00, None, "")
    assert [(i["code"], i["gross"], i["source"], i["note"]) for i in facts["incomes"]] == [
        ("ACTIVITY_SUPPORT", 5_600_00, "given", ""), ("SALARY", 4_000_00, "evidence", "pay slip")
    ]  # fmt: skip
    assert facts["household_size"] == 3
    assert [(m["job_stimulus"], m["lunch_days"]) for m in facts["members"]] == [(True, 0), (False, 5)]
    # Own rows are taken away again by emptying them; the application's stay, with their applied amounts.
    form = fields(hanna.open(path).text)
    assert (form["cost-4-mine"], form["income-1-why"]) == ("1,200.00", "pay slip")
    assert hanna.open(path, **(form | {"cost-4-mine": "", "income-1-mine": "0"}), act="assess").status_code == 302
    assert [len(facts["costs"]) for _, facts in sheets(office, folder)] == [5, 4]
    assert sheets(office, folder)[1][0] != granted


def test_two_at_once_see_both_texts(office: Any, desk: Any) -> None:
    folder = office.case()
    sent = folder.applied()
    path = where(office, folder)
    hanna, bo = desk(office, "hanna"), desk(office, "bo")
    hers, his = fields(hanna.open(path).text), fields(bo.open(path).text)
    assert "Hanna Handläggare" in bo.open(path).text.split("<main")[1]  # each sees that the other is there
    hers |= {"cost-1-mine": "300", "cost-1-why": "she says"}
    his |= {"cost-1-mine": "200", "cost-1-why": "he says"}
    assert hanna.open(path, **hers, act="assess").status_code == 302
    conflict = bo.open(path, **his, act="assess")
    assert conflict.status_code == 200 and len(sheets(office, folder)) == 1
    assert 'value="200"' in conflict.text and "he says" in conflict.text
    assert "Stands now: 300.00 she says" in conflict.text
    # Sent again from that page he overwrites, knowing it.
    assert bo.open(path, **(fields(conflict.text) | {"act": "assess"})).status_code == 302
    assert sheets(office, folder)[1][1]["costs"][1]["note"] == "he says"

    # What the person herself corrects while a page is open is read before anything is saved.
    hers = fields(hanna.open(path).text) | {"cost-1-mine": "310", "cost-1-why": "again", "act": "assess"}
    folder.corrected(sent.application_id, costs=RENT)
    told = hanna.open(path, **hers)
    assert "A newer application or a correction has come" in told.text and 'value="310"' in told.text
    assert "Start from what it says" in told.text and len(sheets(office, folder)) == 2
    assert hanna.open(path, **(fields(told.text) | {"act": "assess"})).status_code == 302
    assert len(sheets(office, folder)) == 3


def test_warnings_stand_with_their_line_and_looking_at_one_loses_nothing_typed(office: Any, desk: Any) -> None:
    folder = office.case()
    rut, hanna = desk(office, "rut"), desk(office, "hanna")
    sent = {
        "key": str(uuid4()), "month": str(office.month - 1), "channel": "paper", "language": "sv",
        "household-same": "yes", "costs-0-code": "RENT", "costs-0-amount": "6 000",
        "signed": str(folder.case.applicant_id), "evidence": "binder", "act": "submit",
    }  # fmt: skip
    rut.open(f"/cases/{folder.case.id}/paper/", **sent)
    folder.assessed(office.month - 1)
    sent |= {"key": str(uuid4()), "month": str(office.month), "costs-0-amount": "6 250"}
    rut.open(f"/cases/{folder.case.id}/paper/", **sent)
    path = where(office, folder)
    form = fields(hanna.open(path).text) | {"cost-0-mine": "6 100", "cost-0-why": "without the garage"}
    assert hanna.open(path, **form, act="assess").status_code == 302
    page = hanna.open(path).text
    said = re.search(r'class="h-warning">([^<]*)</span><a class="ds-link" href="#([^"]*)"', page)
    assert said and said[2] == "id_cost-0-mine" and f'id="{said[2]}"' in page
    assert html.unescape(said[1]).replace("\xa0", " ") == "Rent has changed: SEK 6,000.00 before, SEK 6,250.00 now"
    act = re.search(r'form="facts" name="act" value="(seen:[^"]*)"', page)
    assert act
    kept = hanna.open(path, **(fields(page) | {"cost-0-why": "typed, not saved", "act": act[1]})).text
    assert "looked at by Hanna Handläggare" in kept and act[1] not in kept and "typed, not saved" in kept
    assert [facts["costs"][0]["note"] for _, facts in sheets(office, folder)] == ["", "without the garage"]
    assert "Somebody else was quicker" in desk(office, "bo").open(path, **(fields(page) | {"act": act[1]})).text
    assert hanna.open(path, **(fields(page) | {"act": "seen:nonsense"})).status_code == 404


def test_a_paper_application_is_taken_once(office: Any, desk: Any) -> None:
    folder = office.case()
    rut = desk(office, "rut")
    path = f"/cases/{folder.case.id}/paper/"
    sent = {
        "key": "no UUID", "month": str(office.month), "channel": "phone", "language": "sv", "household-same": "yes",
        "costs-0-code": "RENT", "costs-0-amount": "7 000", "signed": str(folder.case.applicant_id),
        "evidence": "note of a call", "act": "submit",
    }  # fmt: skip
    first, second = rut.open(path, **sent), rut.open(path, **sent)
    assert first.status_code == second.status_code == 302
    assert first.headers["Location"] == second.headers["Location"]
    other = rut.open(path, **(sent | {"costs-0-amount": "9 000"}))
    assert other.status_code == 200 and "sent before with other content" in other.text
    assert 'value="9 000"' in other.text
    shown = rut.open(first.headers["Location"].removeprefix(f"/{office.slug}")).text
    assert "7,000.00" in shown and "note of a call" in shown and "by telephone" in shown


def test_a_reason_too_long_for_a_correction_stays_typed(office: Any, desk: Any) -> None:
    from handslag.domain.payments.operations import book_income

    folder = office.case()
    folder.applied()
    income = book_income(
        **office.act("hanna"), case=folder.case.id, period=folder.period().id, account_code="repayment",
        counterparty="FK", amount=100_00, source="note",
    )  # fmt: skip
    path = f"/cases/{folder.case.id}/account/{income.id}/reverse/"
    page = desk(office, "hanna").open(path, reason="because " * 20).text
    assert "The reason is too long" in page and f'value="{"because " * 20}"' in page
    assert desk(office, "hanna").open(path, reason="wrong person").status_code == 302
    told = {"period": str(folder.period().id), "account_code": "TAX_REFUND", "counterparty": "Skatteverket"}
    whose = {"person": str(folder.citizens[0].id), "amount": "1 200", "source": "besked"}
    path = f"/cases/{folder.case.id}/account/"
    assert desk(office, "hanna").open(f"{path}income/", **told, **whose, key=str(uuid4())).status_code == 302
    assert "Skatteverket</bdi> · <bdi>Petra Nilsson" in desk(office, "hanna").open(path).text.replace(' dir="auto"', "")


def test_the_inbox_tells_what_changed_and_costs_six_statements(office: Any, desk: Any) -> None:
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import RequestFactory

    before = office.month - 1
    for given in ("Petra", "Amina", "Erik"):
        folder = office.case((given, "Nilsson", "19900615"))
        rut = desk(office, "rut")
        sent = {
            "key": str(uuid4()), "month": str(before), "channel": "paper", "language": "sv", "household-same": "yes",
            "costs-0-code": "RENT", "costs-0-amount": "6 000", "costs-1-code": "INTERNET", "costs-1-amount": "200",
            "signed": str(folder.case.applicant_id), "evidence": "binder", "act": "submit",
        }  # fmt: skip
        assert rut.open(f"/cases/{folder.case.id}/paper/", **sent).status_code == 302
        sent |= {"key": str(uuid4()), "month": str(office.month), "costs-0-amount": "6 250", "message": "hello"}
        sent |= {"costs-1-code": "ELECTRICITY", "costs-1-amount": "450"}
        assert rut.open(f"/cases/{folder.case.id}/paper/", **sent).status_code == 302
    hanna = desk(office, "hanna")
    page = hanna.open("/inbox/?view=unit").text
    assert page.count("new: Electricity") == 3 and page.count("gone: Internet") == 3
    assert len(re.findall(r"Rent \+SEK.250\.00", page)) == 3 and page.count("has a message") == 3
    assert all(number in page for number in folder.numbers)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the middleware for static files wants a folder that only builds make
        handler = WSGIHandler()
    request = RequestFactory(headers={"host": "desk.localhost"}).get(
        f"/{office.slug}/inbox/?view=unit", HTTP_COOKIE=f"session={hanna.key}; csrf={'a' * 32}"
    )
    with CaptureQueriesContext(connection) as caught:
        response = handler.get_response(request)
    assert response.status_code == 200
    statements = [q["sql"] for q in caught if not re.match(r"(BEGIN|COMMIT|SAVEPOINT|RELEASE)", q["sql"])]
    log = next(i for i, sql in enumerate(statements) if "audit_readentry" in sql)
    assert len(statements[: log - 1]) <= 6, statements  # session, user, door, member, counts, rows; then the read log


def protected_child(office: Any) -> Any:
    """A case of an adult with a child who is protected, level 2; the folder, and what tells who the child is."""
    from handslag.domain.casefile.operations import open_case
    from handslag.domain.people.operations.persons import form_household
    from handslag.domain.tenancy.door import Actor
    from tests.office import Folder

    petra, number = office.person("Petra", "Nilsson", "19900615")
    child, hidden = office.person("Kanarie", "Fågelholm", "20180202", account=None, protection_level=2)
    since = (office.month - 4).since
    home = form_household(**office.act("rut"), members=[(petra, "adult"), (child, "child")], since=since)
    case = open_case(
        **office.act("rut"), applicant=petra, co_applicant=None, household=home.id,
        unit=office.units["Försörjningsstöd"], caseworker=office.members["hanna"], opened_on=since,
    )  # fmt: skip
    return Folder(office, case, [Actor("citizen", petra)], [number]), child, ("Kanarie", "2018-02-02", hidden)


def test_who_the_protected_child_is_shows_on_no_page_of_the_case(office: Any, desk: Any) -> None:
    folder, child, canaries = protected_child(office)
    receipt = folder.applied()
    decision = folder.decided()
    home = f"/households/{folder.case.household_id}/"
    ages = ("Child aged", "The norm for a child")
    pages = [where(office, folder), f"/cases/{folder.case.id}/applications/{receipt.application_id}/"]
    pages += [f"/decisions/{decision.id}/", f"/people/{folder.case.applicant_id}/", f"/cases/{folder.case.id}/account/"]
    hanna, bo = desk(office, "hanna"), desk(office, "bo")
    for path in pages:
        text = hanna.open(path).text
        assert [told for told in (*canaries, str(child), home) if told in text.replace(f"{child}:", "")] == [], path
    page, cleared = hanna.open(pages[0]).text, bo.open(pages[0]).text
    assert "Protected person" in page and "Norm of a protected person" in page
    assert [age for age in ages if age in page] == []
    # Whoever is cleared sees all of it: the canaries are where they belong, and the link leads somewhere.
    assert [told for told in (*canaries, home, *ages) if told not in cleared] == []
    assert (hanna.open(home).status_code, bo.open(home).status_code) == (404, 200)
