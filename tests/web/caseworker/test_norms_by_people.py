"""Norms that stand by themselves: a Swiss municipality's rents, a German district's, set by two on their page."""

from __future__ import annotations

import html
import re
from datetime import date
from typing import Any

import pytest
import yaml
from playwright.sync_api import Page

from handslag.domain.entitlement.models import LocalNorm
from handslag.domain.entitlement.queries import chunk_of_sheets, differences, local_norms
from handslag.domain.tenancy.door import acting
from handslag.kernel import clock
from handslag.kernel.months import Month
from tests.office import TEST, open_office

MARCH = Month(2026, 3)
DAY = {"since": "2026-03-01", "source": "Beschluss der Sozialbehörde 2026-12"}


def lawyers(connect: Any, name: str, country: str) -> Any:
    """An organisation of that country with two administrators."""
    office = open_office(connect, name, country)
    office.admit("axel", "Axel Administratör", "administrator")
    return office


def words(answer: Any) -> str:
    text = re.sub(r"<(style|script).*?</\1>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
    return " ".join(html.unescape(text).split()).replace("\N{NO-BREAK SPACE}", " ")


def confirmed(desk: Any) -> None:
    """The second administrator confirms what waits."""
    for address in re.findall(r'action="/[^/]+(/norms/[^"]+/confirm/)"', desk.open("/norms/").text):
        assert desk.open(address, x="1").status_code == 302


def test_a_zurich_lawyer_changes_the_table_of_rents_and_it_reaches_no_other_tenant_nor_another_law(
    connect: Any, desk: Any
) -> None:
    zurich, winterthur = lawyers(connect, "zuerich", "CH"), lawyers(connect, "winterthur", "CH")
    sweden = lawyers(connect, "lindhaga", "SE")
    folder = zurich.case(("Anna", "Muster", "19850505"))
    rent = {"amount": 1500_00, "source": "evidence", "notice_until": "2026-01-31"}
    anna = {"key": str(folder.case.applicant_id), "birth_on": "1985-05-05"}
    facts = {"canton": "ZH", "claim": "running", "members": [anna], "rent": rent}
    free = folder.by_law(facts, MARCH)
    assert free.currency == "CHF"
    alva, second = desk(zurich, "alva"), desk(zurich, "axel")
    page = words(alva.open("/norms/"))
    assert "Rent limit (Mietlimite)" in page and "6 people" in page and "7 people" not in page
    assert "for a cost" not in page and "national norm" not in page and "kr" not in page.split()
    sent = {"what": "table", "name": "rent.limit"} | DAY
    rows = {"for-1": "1'200", "for-2": "1’500.50", "for-3": "1,800"}
    for wrong, said in (
        ({"name": "limit.RENT"}, "Choose what it is."),
        ({"what": "limit", "code": "RENT", "all": "5000"}, "Choose what it is."),
        ({}, "Write at least one amount."),
        (rows | {"for-2": ""}, "Write an amount for one person, for two, and so on, and none before."),
        (rows | {"for-2": "1 5OO"}, "Write the amount with digits"),
        (rows | {"source": ""}, "Write whose decision it is"),
        (rows | {"since": "soon"}, "Choose the first day."),
        (rows | {"since": "2024-12-31"}, "No calculation could use this"),
        ({"ends": "1"}, "No calculation could use this"),
    ):
        told = alva.open("/norms/enter/", **(sent | wrong))
        assert (told.status_code, said in words(told), "Nothing of its own yet" in words(told)) == (200, True, True), (
            wrong
        )
        assert all(f'value="{html.escape(value)}"'.replace("&#x27;", "&#39;") in told.text.replace("&#x27;", "&#39;")
                   for name, value in wrong.items() if name.startswith("for-") and value)  # fmt: skip
    assert alva.open("/norms/enter/", **sent, **rows).status_code == 302
    page = words(second.open("/norms/"))
    assert "1 person: CHF 1,200.00 2 people: CHF 1,500.50 3 to 20 people: CHF 1,800.00" in page
    assert "waits for a second person" in page
    [address] = re.findall(r'href="/[^/]+(/norms/[0-9a-f-]{36}/)"', second.open("/norms/").text)
    # the preview: one open case would lose 300; worked cases with a rent and no table of their own come out otherwise
    looked = words(second.open(address))
    assert "1 case would get less, together CHF 300.00 a month" in looked
    assert "Worked cases of the law" in looked and "Muster" not in looked
    again = folder.by_law(facts, MARCH)
    assert again.granted == free.granted  # nobody has confirmed it yet
    assert "prepared this yourself" in words(alva.open(f"{address}confirm/", x="1"))
    confirmed(second)
    limited = folder.by_law(facts, MARCH)
    assert limited.granted == free.granted - 300_00
    assert limited.norm_set.body["rent.limit"] == ["CHF/month", [1200, "1500.50", 1800], "official"]
    [line] = [line for line in limited.body["lines"] if line["code"] == "RENT"]
    assert [n["source"] for n in line["numbers"] if n["name"] == "rent.limit"] == [DAY["source"]]
    # what one has set is nothing to another, of the same law or of another one
    with acting(zurich.slug, TEST, "look"):
        [norm] = local_norms("ch")
        assert (norm.owner, local_norms("se"), local_norms("de")) == ("Zuerich kommun", [], [])
    for other in (winterthur, sweden):
        with acting(other.slug, TEST, "look"):
            assert LocalNorm.objects.count() == 0 and local_norms("ch") == []
        assert desk(other, "alva").open(address).status_code == 404
        assert desk(other, "axel").open(f"{address}confirm/", x="1").status_code == 404
        assert "1200" not in desk(other, "alva").open("/norms/file/").text
    neighbour = winterthur.case(("Beat", "Muster", "19850505"))
    beat = {"key": str(neighbour.case.applicant_id), "birth_on": "1985-05-05"}
    assert neighbour.by_law(facts | {"members": [beat]}, MARCH).granted == free.granted
    told = desk(sweden, "alva").open("/norms/enter/", **sent, **rows)
    assert (told.status_code, "Choose what it is." in words(told)) == (200, True)
    # out as a file, and in again at the neighbour's, line by line
    carried = alva.open("/norms/file/")
    assert carried.headers["Content-Disposition"].startswith(f'attachment; filename="{zurich.slug}-')
    [entry] = yaml.safe_load(carried.text)
    assert (entry["name"], entry["values"][0]["rows"]) == ("rent.limit", [1200, "1500.50", 1800])
    table = alva.open("/norms/file/?kind=csv").text
    assert table == "norm;persons;amount\nrent.limit;1;1200\nrent.limit;2;1500.50\nrent.limit;3;1800\n"
    there, day = desk(winterthur, "alva"), DAY | {"named": "mieten.csv"}
    assert there.open("/norms/import/", **day, text=table).status_code == 302
    assert there.open("/norms/import/", text=carried.text).status_code == 302
    confirmed(desk(winterthur, "axel"))
    with acting(winterthur.slug, TEST, "look"):
        owners = set(LocalNorm.objects.values_list("entry__owner", flat=True))
        assert owners == {"Winterthur kommun", "Zuerich kommun"}
        assert [v.value for n in local_norms("ch") for v in n.values] == [(1200, "1500.50", 1800)]
    for text, said in (
        (table + "heating.limit;1;90\n", "mieten.csv, line 5: heating.limit is nothing that is set here; expected is"),
        (table + "rent.limit;21;90\n", "mieten.csv, line 5: rent.limit is a table: persons is 1 to 20"),
        (table + "rent.limit;3;90\n", "mieten.csv, line 5: this household stands here twice"),
        (table + "rent.limit;4;9o\n", "mieten.csv, line 5: Write the amount with digits"),
        (table + "rent.limit;4;\n", "mieten.csv, line 5: Enter an amount."),
        (table + "rent.limit;4\n", "mieten.csv, line 5: a row has one value for each column"),
        (table + "rent.limit;5;90\n", "mieten.csv, line 2: rent.limit lacks the number of persons 4"),
        (table.replace("norm;persons", "cost;adults"), "line 1: the first line names the columns: norm;persons;amount"),
        (re.sub(" *- 1200\n", "", carried.text), "mieten.csv, line 18: rent.limit, since 2026-03-01: rows are 3 whole"),
        (carried.text.replace("CHF/month", "CHF/day"), "mieten.csv, line 2: rent.limit is a table by persons in CHF/"),
        (carried.text.replace("by: persons", "by: rooms"), "mieten.csv, line 2: rent.limit is a table by persons in"),
    ):
        assert said in words(there.open("/norms/import/", **day, text=text)), text
    # every fault of a norm file in the reader's language: file, line and what is expected stay
    for spoken, text, told in (
        ("de", carried.text.replace("CHF/month", "CHF/Monat"), "mieten.csv, Zeile 3: rent.limit: unit ist eines von"),
        ("de", re.sub(" *- 1200\n", "", carried.text), "since 2026-03-01: rows sind 3 ganze Zahlen, eine für"),
        ("de", carried.text.replace("by: persons", "by: rooms"), "Zeile 2: rent.limit ist eine Tabelle nach Personen"),
        ("fr", "- 5\n", "mieten.csv, ligne 1: chaque norme est un objet avec un nom (name)"),
        ("fr", carried.text + "- name: [", "une valeur est attendue, et il y a ici '<stream end>'"),
        ("fr", re.sub("checked_on: .*", "checked_on: 5", carried.text), "genre attendu: un jour tel que 2026-03-31"),
    ):
        there.headers["Cookie"] = re.sub("language=..", f"language={spoken}", there.headers["Cookie"])
        assert told in words(there.open("/norms/import/", **day, text=text)), text
    # a table that leaves larger households without a row would leave worked cases without an amount: it can't hold
    short = re.sub(" *- 1800\n|  - 3\n", "", carried.text).replace("last: 20", "last: 2")
    assert there.open("/norms/import/", text=short.replace("2026-03-01", "2026-02-01")).status_code == 302
    [waits] = re.findall(r'action="/[^/]+(/norms/[^"]+/confirm/)"', desk(winterthur, "axel").open("/norms/").text)
    told = words(desk(winterthur, "axel").open(waits, x="1"))
    assert "With this value a worked case can’t be calculated" in told
    # the next one begins from this one, and ends on a day: history stays
    form = second.open(f"/norms/?of={address.split('/')[2]}").text
    assert re.search(r'id="id_table-for-2"[^>]*value="1,500.50"', form) and 'value="rent.limit" selected' in form
    assert alva.open("/norms/enter/", **(sent | {"ends": "1", "since": "2026-03-15"})).status_code == 302
    confirmed(second)
    with acting(zurich.slug, TEST, "look"):
        [norm] = local_norms("ch")
        assert [(v.since, v.until) for v in norm.values] == [(date(2026, 3, 1), date(2026, 3, 15))]


def test_a_german_district_changes_what_is_appropriate_and_no_worked_case_may_be_lost(connect: Any, desk: Any) -> None:
    kreis = lawyers(connect, "musterstein", "DE")
    folder = kreis.case(("Erna", "Kanarie", "19540101"))
    erna = {"key": str(folder.case.applicant_id), "role": "adult", "birth_on": "1954-01-01"}
    housing = {"rent": 500_00, "heating": 80_00, "residents": 1, "source": "evidence", "reduce_until": "2026-01-01"}
    facts = {"members": [erna], "housing": housing}
    alva, second = desk(kreis, "alva"), desk(kreis, "axel")
    day = DAY | {"source": "Schlüssiges Konzept 2026, Kreistag § 4", "named": "kdu.csv"}
    table = "norm;persons;amount\nrent.limit;1;420,50\nrent.limit;2;1.510\nrent.further;;75\nheating.limit;1;70\n"
    assert "rent.further is one amount: persons is empty" in words(
        alva.open("/norms/import/", **day, text=table.replace("further;;", "further;3;"))
    )
    assert alva.open("/norms/import/", **day, text=table + "heating.limit;2;90\n").status_code == 302
    page = second.open("/norms/")
    assert "2 people: EUR 1,510.00" in words(page)
    waiting = dict(re.findall(r'/norms/([0-9a-f-]{36})/">([^(<]*) \(', page.text))
    assert sorted(waiting.values()) == [
        "Appropriate heating", "Appropriate rent without heating", "Rent without heating for each further person"
    ]  # fmt: skip
    wrong = {"what": "table", "name": "warm_rent", "for-1": "430"} | DAY
    assert "This is one amount" in words(alva.open("/norms/enter/", **wrong))
    assert alva.open("/norms/enter/", **(wrong | {"for-1": "", "all": "430"})).status_code == 302
    for norm, name in waiting.items():
        if "rent" in name.lower():
            assert second.open(f"/norms/{norm}/confirm/", x="1").status_code == 302
    sheet = folder.by_law(facts, MARCH)
    assert sheet.currency == "EUR"
    [line] = [line for line in sheet.body["lines"] if line["code"].startswith("RENT")]
    assert line["amount"] == 420_50
    assert [n["source"] for n in line["numbers"] if n["name"] == "rent.limit"] == [day["source"]]
    # a lower table from April: the newest month of the open case is told as if it held
    lower = {"what": "table", "name": "rent.limit", "for-1": "400", "for-2": "500"} | day | {"since": "2026-04-01"}
    assert alva.open("/norms/enter/", **lower).status_code == 302
    with acting(kreis.slug, TEST, "look"):
        newer = LocalNorm.objects.get(name="rent.limit", since=date(2026, 4, 1)).id
    looked = words(second.open(f"/norms/{newer}/"))
    assert "1 case would get less, together EUR 20.50 a month" in looked and "Kanarie" not in looked
    assert second.open(f"/norms/{newer}/confirm/", x="1").status_code == 302
    assert folder.by_law(facts, MARCH).granted == sheet.granted  # March is what March was


def test_the_page_of_a_table_looks_right(connect: Any, log_in: Any, fine_at_both: Any, desk: Any) -> None:
    zurich = lawyers(connect, "zuerich", "CH")
    rows = {"what": "table", "name": "rent.limit", "for-1": "1200", "for-2": "1500"}
    assert desk(zurich, "alva").open("/norms/enter/", **rows, **DAY).status_code == 302
    page: Page = log_in(zurich, "axel")
    page.locator("summary", has_text="New value").click()
    page.locator("summary", has_text="Values from a file").click()
    fine_at_both(page, "norms-table")
    page.locator("a", has_text="New value from this one").click()
    assert page.input_value("#id_table-for-2") == "1,500.00"
    page.fill("#id_table-for-4", "2000")
    page.locator("form[action$='/enter/'] button:visible").click()
    assert "Write an amount for one person, for two" in page.inner_text("main")
    assert page.input_value("#id_table-for-4") == "2000"
    fine_at_both(page, "norms-table-wrong")


def in_words(desk: Any, spoken: str) -> str:
    """The page of norms in a language."""
    desk.headers["Cookie"] = re.sub("language=..", f"language={spoken}", desk.headers["Cookie"])
    return words(desk.open("/norms/"))


@pytest.mark.parametrize(
    ("country", "choice", "facts", "more", "questions"),
    [
        (
            "CH",
            "setting.efb_rounding=rappen",
            {"canton": "ZH", "incomes": [{"code": "WAGE", "gross": 800_00, "source": "evidence"}]},
            -33,
            {
                "de": "Rundung des Einkommensfreibetrags Wie der Einkommensfreibetrag gerundet wird, sagt keine",
                "fr": "Arrondi de la franchise sur le revenu Aucune source ne dit comment la franchise sur le revenu",
                "en": "Rounding of the allowance on wages No source says how the allowance on wages is rounded.",
            },
        ),
        (
            "DE",
            "setting.rounding=up",
            {"capacity": "temporary", "since": "2026-03-24"},
            1,
            {
                "de": "Rundung Das Gesetz sagt nicht, wie auf Cent gerundet wird. Hier jede Zeile für sich, ab einem",
                "en": "Rounding The Act doesn't say how amounts are rounded to the cent.",
            },
        ),
    ],
)
def test_two_choose_where_the_law_is_open_and_the_sheet_stays_marked(
    connect: Any, desk: Any, country: str, choice: str, facts: dict[str, Any], more: int, questions: dict[str, str]
) -> None:
    ours, theirs = lawyers(connect, "ours", country), lawyers(connect, "theirs", country)

    def granted(office: Any, month: Month = MARCH) -> Any:
        folder, office.now = folders[office.slug], clock.now()
        member = {"key": str(folder.case.applicant_id), "birth_on": "1990-05-17"}
        told = {**facts}
        if country == "DE":
            member |= {"role": "adult", **told, "since": f"{month.since:%Y-%m}-24"}
            return folder.by_law({"members": [member]}, month)
        incomes = [income | {"person": member["key"]} for income in told["incomes"]]
        return folder.by_law(told | {"members": [member], "incomes": incomes}, month)

    folders = {office.slug: office.case(("Anna", "Muster", "19900517")) for office in (ours, theirs)}
    name, _, reading = choice.partition("=")
    before = granted(ours)
    granted(theirs)
    alva, second = desk(ours, "alva"), desk(ours, "axel")
    for spoken, said in questions.items():
        assert said in in_words(second, spoken), spoken
    assert "not verified" in in_words(second, "en") and "chosen here" not in in_words(second, "en")
    sent = {"what": "setting", "choice": choice} | DAY
    for wrong, said in (
        ({"choice": f"{name}=moon"}, "Choose an answer."),
        ({"choice": "setting.moon=up"}, "Choose an answer."),
        ({"choice": "setting.day_method=month_30"}, "Choose an answer."),
        ({"choice": "setting.income_change=", "percent": "5"}, "Choose an answer."),
        ({"choice": f"{name}=-"}, "there is nothing to end"),
        ({"source": " "}, "Write whose decision it is"),
        ({"since": "2024-12-31"}, "No calculation could use this"),
    ):
        told = alva.open("/norms/enter/", **(sent | wrong))
        assert (told.status_code, said in words(told)) == (200, True), wrong
    assert alva.open("/norms/enter/", **sent).status_code == 302
    [address] = re.findall(r'href="/[^/]+(/norms/[0-9a-f-]{36}/)"', second.open("/norms/").text)
    looked = words(second.open(address))
    assert f"1 case would get {'more' if more > 0 else 'less'}, together" in looked
    assert "They come out otherwise" in looked and "Muster" not in looked
    assert granted(ours).granted == before.granted  # one alone chooses nothing
    assert "prepared this yourself" in words(alva.open(f"{address}confirm/", x="1"))
    confirmed(second)
    sheet = granted(ours)
    assert sheet.granted == before.granted + more
    assert sheet.norm_set.body[name] == ["choice", reading, "derived"]
    assert sheet.body["uncertain"] == before.body["uncertain"] | {name: reading}
    page = in_words(second, "en")
    assert DAY["source"] in page and "chosen here" in page and "in force" in page
    assert f'value="{choice}" selected' in second.open(f"/norms/?of={address.split('/')[2]}").text
    # nothing of it reaches a neighbour, by page or by sheet
    other = desk(theirs, "alva")
    assert granted(theirs).granted == before.granted
    assert other.open(address).status_code == 404 and "chosen here" not in in_words(other, "en")
    assert desk(theirs, "axel").open(f"{address}confirm/", x="1").status_code == 404
    # it goes out as a norm file, never as a table of amounts, and in again
    assert alva.open("/norms/file/?kind=csv").text == "norm;persons;amount\n"
    carried = alva.open("/norms/file/").text
    assert [entry["name"] for entry in yaml.safe_load(carried)] == [name]
    assert other.open("/norms/import/", text=carried).status_code == 302
    assert name in (told := words(other.open("/norms/import/", text=carried.replace(f"value: {reading}", "value: x"))))
    assert "line" in told
    # it ends, and what holds without it holds again; the month before comes out as it was decided
    end = sent | {"choice": f"{name}=-", "since": "2026-04-01", "source": "Beschluss 13"}
    assert alva.open("/norms/enter/", **end).status_code == 302
    confirmed(second)
    april = granted(ours, Month(2026, 4))
    assert april.norm_set.body[name] == before.norm_set.body[name]
    assert granted(ours).granted == sheet.granted
    with acting(ours.slug, TEST, "look"):
        assert [d for one in chunk_of_sheets(None) for d in differences(one)] == []
