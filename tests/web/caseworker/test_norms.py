"""Norms of the municipality: two administrators set them, a caseworker meets them, history stays."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from msgspec import structs
from playwright.sync_api import Page, expect

from handslag.domain.audit.models import Event, Payload
from handslag.domain.decisions.operations import propose
from handslag.domain.entitlement.models import LocalNorm
from handslag.domain.entitlement.operations import confirm_local_norm
from handslag.domain.entitlement.queries import chunk_of_sheets, differences, local_norms
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.tenancy.door import acting
from handslag.rules.case_files import worked_cases
from handslag.rules.norms import load
from tests.office import TEST, refused

from .test_case_page import fields, sheets, where

GRID = {f"for-{adults}-{children}": str(6000 + 500 * children) for adults in (1, 2) for children in range(5)}


@pytest.fixture
def axel(office: Any) -> str:
    """A second administrator of the office."""
    from handslag.demo.fill import staff_user
    from handslag.domain.people.operations.staff import admit_staff
    from handslag.domain.tenancy.door import Actor, at_large
    from tests.office import TEST

    with at_large("test", writing=True):
        user = staff_user("axel", office.slug)[0]
    office.staff["axel"] = Actor("staff", user)
    admit_staff(
        **office.by(TEST), user_id=user, name="Axel Administratör", unit=office.units["Ekonomi"],
        roles=["administrator"], clearance=0,
    )  # fmt: skip
    return "axel"


def test_a_guideline_is_set_by_two_and_stops_the_proposal_only(office: Any, desk: Any, axel: str) -> None:
    folder = office.case(("Petra", "Nilsson", "19900615"), children=(("Sara", "Nilsson", "20180210"),))
    folder.applied()
    alva, second, hanna = desk(office, "alva"), desk(office, axel), desk(office, "hanna")
    assert alva.open("/").headers["Location"] == f"/{office.slug}/norms/"
    sent = {"what": "limit", "code": "RENT", "since": str(office.month.since), "source": "socialnämnden § 88"}
    for wrong, said in (
        ({"code": "SALARY"}, "Choose what it is."),
        ({"all": "5000"} | GRID, "Write one amount for every household, or one in every field"),
        (GRID | {"for-2-4": ""}, "Write one amount for every household, or one in every field"),
        ({"all": "5000,x"}, "Write the amount with digits"),
        ({"all": "5000", "source": " "}, "Write whose decision it is"),
        ({"all": "5000", "since": "soon"}, "Choose the first day."),
        ({"ends": "1"}, "No calculation could use this."),
        ({"what": "x"}, "Choose what it is."),
    ):
        told = alva.open("/norms/enter/", **(sent | wrong))
        assert told.status_code == 200 and said in told.text, wrong
        assert "Nothing of its own yet" in told.text
        typed = [value for name, value in wrong.items() if name in ("all", "since") or name.startswith("for-")]
        assert all(value in told.text for value in typed)  # nothing typed is lost
    assert alva.open("/norms/enter/", **sent, **GRID).status_code == 302
    page = alva.open("/norms/").text
    assert "One adult, 1 child: SEK" in page and "waits for a second person" in page and "/confirm/" not in page
    page = second.open("/norms/").text
    confirm = re.search(r'action="/[^/]+(/norms/[^"]+/confirm/)"', page)
    assert confirm
    assert (
        "pair of eyes" in alva.open(confirm[1], x="1").text
        or "prepared this yourself" in alva.open(confirm[1], x="1").text
    )
    assert second.open(confirm[1], x="1").status_code == 302
    assert "confirmed it already" in second.open(confirm[1], x="1").text
    assert "in force" in alva.open("/norms/").text

    path = where(office, folder)
    page = hanna.open(path).text
    # 6 200 is below the 6 500 of a parent with a child: nothing is limited
    assert "Above the municipality" not in page
    assert alva.open("/norms/enter/", **(sent | {"all": "5 900,50", "source": "nämnden § 89"})).status_code == 302
    again = re.search(r'action="/[^/]+(/norms/[^"]+/confirm/)"', second.open("/norms/").text)
    assert again
    assert second.open(again[1], x="1").status_code == 302
    page = hanna.open(path).text
    assert "Above the municipality’s guideline (nämnden § 89)" in page
    assert hanna.open(path, **fields(page), act="assess").status_code == 302
    [(granted, facts)] = sheets(office, folder)
    rent = next(cost for cost in facts["costs"] if cost["code"] == "RENT")
    assert (rent["applied"], rent["limit"], rent["effective"]) == (6_200_00, 5_900_50, None)
    form = fields(hanna.open(path).text)
    place = next(name for name, value in form.items() if value == "RENT::0").removesuffix("-key")
    assert form[f"{place}-mine"] == ""
    own = form | {f"{place}-mine": "6 200"}
    assert "Say why in a few words" in hanna.open(path, **own, act="assess").text
    own[f"{place}-why"] = "ingen billigare bostad finns"
    assert hanna.open(path, **own, act="assess").status_code == 302
    assert sheets(office, folder)[1][0] == granted + 299_50
    # history: both stand there, and the guideline can be ended
    assert alva.open("/norms/enter/", **(sent | {"ends": "1"})).status_code in (200, 302)
    page = alva.open("/norms/").text
    assert "socialnämnden § 88" in page and "nämnden § 89" in page and "replaced" in page


def test_a_setting_and_a_norm_of_ones_own(office: Any, desk: Any, axel: str, database: Any) -> None:
    folder = office.case()
    folder.applied()
    alva, second, hanna = desk(office, "alva"), desk(office, axel), desk(office, "hanna")
    base = {"since": str(office.month.since), "source": "socialnämnden § 7"}
    for wrong in (
        {"what": "setting", "choice": "setting.day_method=week"},
        {"what": "setting", "choice": "setting.income_change=", "percent": "12,5"},
        {"what": "norm", "name": "", "single": "2000"},
        {"what": "norm", "name": "Specnorm"},
    ):
        assert alva.open("/norms/enter/", **base, **wrong).status_code == 200
    for right in (
        {"what": "setting", "choice": "setting.day_method=actual_days"},
        {"what": "setting", "choice": "setting.income_change=", "percent": "20"},
        {"what": "norm", "name": "Specnorm", "single": "2000", "couple": "3 900,50", "day_method": "month_30"},
    ):
        assert alva.open("/norms/enter/", **base, **right).status_code == 302
    waiting = re.findall(r'action="/[^/]+(/norms/[^"]+/confirm/)"', second.open("/norms/").text)
    assert len(waiting) == 5
    for address in waiting:
        assert second.open(address, x="1").status_code == 302
    page = second.open("/norms/").text
    assert page.count("in force") == 5 and "20 %" in page and "Specnorm: Single adult" in page
    with acting(office.slug, TEST, "look"):
        keys = dict(LocalNorm.objects.values_list("name", "id"))
    # what is asked only since the organisation chose is said, until it has chosen there too
    with psycopg.connect(database.admin, autocommit=True) as admin:
        earlier = "UPDATE entitlement_localnorm SET confirmed_at = '2026-11-20' WHERE id = %s"
        admin.execute(earlier.encode(), [keys["setting.day_method"]])
    told = html.unescape(alva.open("/norms/").text)
    asked = re.search(r"New questions where the law is open.*?</ul>", told, re.DOTALL)
    assert asked and "asked from 2026-11-28" in asked[0] and "Days of a part" not in asked[0]
    came = len(re.findall("<li>", asked[0]))
    limit = {"what": "setting", "choice": "setting.limit_change=first_day"}
    assert alva.open("/norms/enter/", **base, **limit).status_code == 302
    [address] = re.findall(r'action="/[^/]+(/norms/[^"]+/confirm/)"', second.open("/norms/").text)
    assert second.open(address, x="1").status_code == 302
    told = re.search(r"New questions where the law is open.*?</ul>", alva.open("/norms/").text, re.DOTALL)
    assert (len(re.findall("<li>", told[0])) if told else 0) == came - 1
    # each form begins from a value that there is, when asked for the next one of the same
    for norm, said in (
        ("setting.day_method", 'value="setting.day_method=actual_days" selected'),
        ("setting.income_change", 'id="id_setting-percent" name="percent" value="20"'),
        ("norm.specnorm.couple", 'id="id_norm-couple" name="couple" value="3,900.50"'),
        ("norm.specnorm.day_method", 'value="month_30" selected'),
    ):
        assert said in second.open(f"/norms/?of={keys[norm]}").text, norm
    path = where(office, folder)
    form = fields(hanna.open(path).text)
    assert form["norm"] == ""
    assert "Choose one of the norms" in hanna.open(path, **(form | {"norm": "x", "act": "assess"})).text
    assert hanna.open(path, **(form | {"norm": "specnorm", "act": "assess"})).status_code == 302
    [(granted, facts)] = sheets(office, folder)
    assert (facts["norm"], granted) == ("specnorm", (2000 + 1280 + 6930 - 5600) * 100)
    page = hanna.open(path).text
    assert "Here Specnorm holds, not the national norm" in page


def test_a_surplus_is_carried_on_where_the_caseworker_chooses_so(office: Any) -> None:
    from handslag.domain.entitlement.queries import applied_facts, newest_application
    from handslag.domain.people.queries import Seen
    from handslag.domain.tenancy.door import acting, system
    from handslag.web.caseworker.facts import form_for, read

    folder = office.case()
    folder.applied()
    period = folder.period()
    with acting(office.slug, system("test"), "look"):
        application = newest_application(period.id)
        facts = applied_facts(folder.case, period, application, office.today)
        petra = folder.case.applicant
        names = {petra.id: Seen(petra.id, "Petra", "", petra.birth_on, False)}

        def form(facts: Any) -> Any:
            return form_for(facts, 0, names, "en", application, facts, 2_280_00)

        left = read(form(facts), {}).facts
        assert left.incomes == facts.incomes
        carried = read(form(facts), {"carry": "1"}).facts
        assert carried.incomes[:-1] == facts.incomes
        last = carried.incomes[-1]
        assert (last.code, last.gross, last.source) == ("SURPLUS_FROM_PREVIOUS_MONTH", 2_280_00, "caseworker")
        assert last.period == str(office.month - 1)
        # once carried it is a line like any other, and not offered again
        again = form(carried)
        assert (again.surplus, again.incomes[-1].mine) == (0, "2\N{NO-BREAK SPACE}280,00")
        assert read(form(carried), {"carry": "1"}).facts == carried
        # lines that differ from last month come first
        rent, *others = facts.costs
        before = structs.replace(facts, costs=[rent, structs.replace(others[0], applied=1), *others[1:]])
        shown = form_for(facts, 0, names, "en", application, before)
        assert [row.code for row in shown.costs][:2] == [others[0].code, rent.code]
        assert shown.costs[0].change == others[0].applied - 1


def test_the_pages_look_right(office: Any, log_in: Any, fine_at_both: Any, desk: Any, axel: str) -> None:
    folder = office.case()
    folder.applied()
    sent = {"what": "limit", "code": "RENT", "since": str(office.month.since), "source": "socialnämnden § 88"}
    desk(office, "alva").open("/norms/enter/", **sent, **GRID | {"for-1-0": "5000"})
    page: Page = log_in(office, "axel")
    fine_at_both(page, "norms")
    norms = page.url
    page.locator("main th a", has_text="Rent").click()
    expect(page.get_by_role("rowheader", name="c6-surplus", exact=True)).to_be_visible()
    fine_at_both(page, "norm")
    page.goto(norms)
    page.locator("form[action$='/confirm/'] button").click()
    page.locator("summary", has_text="New guideline").click()
    page.locator("form[action$='/enter/'] button:visible").click()
    assert "Choose what it is" in page.inner_text("main")
    fine_at_both(page, "norms-wrong")
    case = log_in(office, "hanna")
    case.goto(case.url.split("/inbox")[0] + where(office, folder))
    assert "Above the municipality" in case.inner_text("main")
    fine_at_both(case, "case-limit")


def test_a_file_is_taken_whole_or_told_line_by_line_and_shows_what_it_would_change(
    office: Any, desk: Any, axel: str
) -> None:
    folder = office.case()
    folder.applied()
    folder.assessed()
    above = office.case(("Rut", "Överskott", "19810101"))
    above.applied()
    above.amounting(0)  # nothing is granted with less rent either, but the surplus is another one
    office.case(("Ragnar", "Utanräkning", "19800101")).applied()  # never calculated: there is nothing to compare
    alva, second = desk(office, "alva"), desk(office, axel)
    day = {"since": str(office.month.since), "source": "nämnden § 90", "named": "hyror.csv"}
    table = "cost;adults;children;amount\n" + "".join(
        f"RENT;{adults};{children};{5000 + 500 * children},50\n" for adults in (1, 2) for children in range(5)
    )
    wrong = table.replace("RENT;2;3;6500,50\n", "") + "SALARY;;;100\nELECTRICITY;;;4x0\nELECTRICITY;3;0;400\n\n"
    told = alva.open("/norms/import/", **day, text=wrong).text
    for line, said in ((11, "SALARY is no kind of cost"), (12, "Write the amount"), (13, "adults is 1 or 2")):
        assert re.search(rf"hyror\.csv, line {line}: {said}", told), told
    assert "RENT;1;0;5000,50" in told and "SALARY;;;100" in told and "Nothing of its own yet" in told
    for text, said in (
        (table.replace("RENT;2;3;6500,50\n", ""), "hyror.csv, line 2: RENT lacks the households (adults, children) 2,"),
        (table + "RENT;;;100\n", "RENT has an amount for every household and others"),
        (table + "RENT;1;0;100\n", "hyror.csv, line 12: this household stands here twice"),
        ("cost,adults,children,amount\nELECTRICITY,,,1,400\n", "line 2: there are more values than columns"),
        (f'cost;adults;children;amount\nRENT;;;"{"5" * 140_000}"\n', "hyror.csv, line 2: a value is too long"),
        ("RENT;5000", "hyror.csv, line 1: the first line names the columns: cost;adults;children;amount"),
        ("- name: limit.RENT\n  unit: [", "this is no YAML"),
        ("# rents\n- name: limit.RENT\n  unit: SEK/year\n", "hyror.csv, line 3: limit.RENT: unit is one of"),
        (
            "- name: limit.RENT\n  unit: SEK/month\n  label: {it: Affitto}",
            "line 3: limit.RENT: label: a text in sv, the language",
        ),
        ("-5", "a norm file is a list of norms"),
        ("", "hyror.csv: there is no value in it"),
        ("cost;adults;children;amount\n" + "SALARY;;;100\n" * 110, "and 10 more"),
    ):
        assert said in html.unescape(alva.open("/norms/import/", **day, text=text).text), text
    assert "Choose the first day." in alva.open("/norms/import/", **(day | {"since": ""}), text=table).text
    assert alva.open("/norms/import/", **day, text=table).status_code == 302
    norm_file = (
        "- name: limit.ELECTRICITY\n  unit: SEK/month\n  label: {sv: El, en: Electricity}\n  values:\n"
        f"  - {{since: {office.month.since}, value: 400, source: nämnden § 91, checked_on: {office.today},"
        " status: official}\n"
    )
    assert alva.open("/norms/import/", text=norm_file).status_code == 302
    page = second.open("/norms/").text
    assert page.count("waits for a second person") == 2 and "nämnden § 91" in page
    looked = {}
    for address in re.findall(r'href="/[^/]+(/norms/[0-9a-f-]{36}/)"', page):
        text = " ".join(re.sub(r"<[^>]+>", " ", second.open(address).text).split()).replace("\N{NO-BREAK SPACE}", " ")
        looked["RENT" if "§ 90" in text else "ELECTRICITY"] = text
    # 6 200 of rent is taken down to 5 000,50; 450 of electricity to 400; one of the three cases was never calculated
    assert "1 case would get less, together SEK 1,199.50 a month" in looked["RENT"]
    assert "1 case would get less, together SEK 50.00 a month" in looked["ELECTRICITY"]
    assert "0 cases would get more" in looked["RENT"] and "0 cases would get the same" in looked["RENT"]
    for said in looked.values():
        assert "1 case would get the same, with another surplus or other lines" in said
    assert "They come out otherwise" in looked["RENT"] and "Petra" not in looked["RENT"]
    # nothing is granted before or after, but 2 799,50 less of rent is that much more of a surplus
    assert "c6-surplus SEK 0.00 SEK 0.00 SEK 2,280.00 SEK 5,079.50 COST.RENT" in looked["RENT"]
    for address in re.findall(r'"/[^/]+(/norms/[^"]+/confirm/)"', page):
        assert second.open(address, x="1").status_code == 302
    with acting(office.slug, TEST, "look"):
        events = Event.objects.filter(kind="local norm confirmed").values_list("id", flat=True)
        tried = [payload.body for payload in Payload.objects.filter(id__in=events)]
    # those with a rent table of their own keep it, and don't count
    every = [{table.name for table in case.tables} for _, case in worked_cases("se")]
    counted = [len(every) - sum("limit.RENT" in own for own in every), len(every)]
    assert sorted(one["worked_cases"] for one in tried) == counted and counted[0] < counted[1]
    assert any("c1-single" in one["changed"] for one in tried)  # its rent is 6 200
    carried = second.open("/norms/file/?kind=csv").text
    assert carried.startswith("cost;adults;children;amount\nELECTRICITY;;;400\nRENT;1;0;5000,50\nRENT;1;1;5500,50\n")
    for text in (carried, second.open("/norms/file/").text):
        assert second.open("/norms/import/", **day, text=text).status_code == 302
    with acting(office.slug, TEST, "look"):
        rents = LocalNorm.objects.filter(name="limit.RENT").order_by("entered_at")
        assert [row.entry["rows"] for row in rents] == [rents[0].entry["rows"]] * 3
        newest = rents[2].id
    assert 'name="for-2-3" value="6,500.50"' in second.open(f"/norms/?of={newest}").text


def _confirmed(second: Any) -> None:
    for address in re.findall(r'action="/[^/]+(/norms/[^"]+/confirm/)"', second.open("/norms/").text):
        assert second.open(address, x="1").status_code == 302


@pytest.mark.parametrize("way", ["page", "table", "norm file"])
def test_what_is_said_of_a_value_goes_with_it_and_an_example_is_only_for_a_demonstration(
    office: Any, desk: Any, axel: str, way: str
) -> None:
    """By the page, by CSV and by a norm file: the status, the day of the check and the source are as they were told,
    in what the calculations use, on the page and on the sheet; outside a demonstration an example isn't confirmed."""
    folder = office.case()
    folder.applied()
    alva, second = desk(office, "alva"), desk(office, axel)
    day, source = str(office.month.since), "nämnden § 92, utkast"
    said = {"since": day, "source": source, "status": "example", "checked_on": "2025-12-01"}
    text = (
        "- name: limit.RENT\n  unit: SEK/month\n  label: {sv: Hyra, en: Rent}\n  values:\n"
        f"  - {{since: {day}, value: 5000, source: '{source}', checked_on: 2025-12-01, status: example,"
        " known_from: 2025-11-30}\n"
    )
    sent = {
        "page": ("/norms/enter/", {"what": "limit", "code": "RENT", "all": "5000"} | said),
        "table": ("/norms/import/", {"text": "cost;adults;children;amount\nRENT;;;5000"} | said),
        "norm file": ("/norms/import/", {"text": text}),
    }
    address, fields_sent = sent[way]
    if way != "norm file":
        for wrong, told in (
            ({"status": "certain"}, "Choose an answer."),
            ({"checked_on": "soon"}, "Write the date as"),
            ({"checked_on": str(office.today + timedelta(days=1))}, "This day hasn’t come yet"),
        ):
            assert told in alva.open(address, **(fields_sent | wrong)).text
    else:
        tomorrow = text.replace("2025-12-01", str(office.today + timedelta(days=1)))
        assert "hasn&#x27;t come yet" in alva.open(address, text=tomorrow).text
        later = text.replace("2025-11-30", "2100-01-01")
        assert "RENT counts in calculations from 2100-01-01 on, not yet" in alva.open(address, text=later).text
    assert alva.open(address, **fields_sent).status_code == 302
    page = alva.open("/norms/").text
    assert "An example: no decision can rest on it" in page and "checked 2025-12-01" in page
    [row] = _norms(office)
    told = second.open(f"/norms/{row.id}/confirm/", x="1").text  # there is no button for it
    assert "Enter it anew with whose decision it is as its source" in told and "an example: can’t be confirmed" in told
    assert not re.search(r'action="[^"]+/confirm/', told + second.open(f"/norms/{row.id}/").text)
    refused("example norm", confirm_local_norm, **office.act(axel), norm=row.id)
    set_policy(**office.by(TEST), name="demonstration", value=True)
    _confirmed(second)
    with acting(office.slug, TEST, "look"):
        [norm] = local_norms("se")
    given = load(text, "hyra.yaml")[0].values[0]
    known = given.known_from if way == "norm file" else None
    assert norm.values == (replace(given, known_from=known),)
    sheet = folder.assessed()
    limited = next(n for line in sheet.body["lines"] for n in line["numbers"] if n["name"] == "limit.RENT")
    assert (limited["status"], limited["source"], sheet.body["has_example"]) == ("example", source, True)
    proposal = propose(
        **office.act("hanna"), sheet=sheet.id, reasons="Hyran räknas upp till riktlinjen.", language="sv"
    )
    assert proposal.sheet_id == sheet.id
    later = text.replace("example", "derived").replace("known_from", "until").replace("2025-11-30", "2099-01-01")
    later = later.replace("value: 5000", "value: 5100").replace(", until: 2099-01-01", "")
    assert alva.open("/norms/import/", text=later).status_code == 302
    _confirmed(second)
    with acting(office.slug, TEST, "look"):
        assert [value.status for value in local_norms("se")[0].values] == ["derived"]


@pytest.mark.parametrize("way", ["replaced", "withdrawn"])
def test_an_example_that_was_confirmed_earlier_is_got_rid_of_by_two(
    office: Any, desk: Any, axel: str, monkeypatch: pytest.MonkeyPatch, log_in: Any, fine_at_both: Any, way: str
) -> None:
    """Outside a demonstration: decisions on its months are refused until it is replaced from the same day, or
    withdrawn; then they are taken, on a new calculation. The former one still comes out as it was."""
    folder = office.case()
    folder.applied()
    alva, second = desk(office, "alva"), desk(office, axel)
    said = {"since": str(office.month.since), "source": "utkast", "status": "example"}
    assert alva.open("/norms/enter/", what="limit", code="RENT", all="5000", **said).status_code == 302
    [row] = _norms(office)
    with monkeypatch.context() as earlier:
        earlier.setattr(LocalNorm, "is_example", False)
        confirm_local_norm(**office.act(axel), norm=row.id)
    asked: dict[str, Any] = {"reasons": "Hyran räknas upp till riktlinjen.", "language": "sv"}
    sheet = folder.assessed()
    refused("example norms", propose, **office.act("hanna"), sheet=sheet.id, **asked)
    assert "Decisions on the months that it holds for are refused" in alva.open(f"/norms/{row.id}/").text
    if way == "withdrawn":
        page: Page = log_in(office, "alva")
        page.goto(page.url.split("/norms")[0] + f"/norms/{row.id}/")
        fine_at_both(page, "norm-example")
        page.get_by_role("button", name="Withdraw it").click()
        assert "Write whose decision it is" in page.inner_text("[role=alert] a[href='#id_source']")
        fine_at_both(page, "norm-example-wrong")
        assert alva.open(f"/norms/{row.id}/withdraw/", source="Beslut saknas").status_code == 302
    else:
        anew = said | {"source": "nämnden § 92", "status": "official"}
        assert alva.open("/norms/enter/", what="limit", code="RENT", all="5100", **anew).status_code == 302
    refused("example norms", propose, **office.act("hanna"), sheet=folder.assessed().id, **asked)  # one isn't enough
    assert not re.search(r'action="[^"]+/confirm/', alva.open("/norms/").text)
    _confirmed(second)
    told = alva.open(f"/norms/{row.id}/").text
    assert "replaced" in told and "Withdraw it" not in told
    with acting(office.slug, TEST, "look"):
        assert [value.value for norm in local_norms("se") for value in norm.values] == (
            [] if way == "withdrawn" else [5100]
        )
        assert [told for old in chunk_of_sheets(None) for told in differences(old)] == []
    anew = folder.assessed()
    assert propose(**office.act("hanna"), sheet=anew.id, **asked).sheet_id == anew.id


def _norms(office: Any) -> list[LocalNorm]:
    with acting(office.slug, TEST, "look"):
        return list(LocalNorm.objects.all())
