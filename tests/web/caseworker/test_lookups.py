"""The case page's section on other authorities: what came, who has not answered, and how to go on all the same."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import requests
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import expect

from handslag.domain.casefile.models import Case, CaseWarning
from handslag.domain.casefile.operations import move_in, move_out
from handslag.domain.decisions.operations import propose, return_proposal
from handslag.domain.entitlement.models import Sheet
from handslag.domain.lookups.models import FetchedLine, LookUp, LookUpAnswer
from handslag.domain.lookups.operations import (
    NewAnswer,
    NewLine,
    answer_dispute,
    ask_authorities,
    dispute_line,
    record_answers,
)
from handslag.domain.people.models import Membership
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs.authorities import ask_again
from tests.domain.test_lookups import fetched, missing
from tests.office import C1, TEST
from tests.web.caseworker.test_case_page import fields
from tests.web.caseworker.test_inbox import locked

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def answered(office: Any, *answers: NewAnswer) -> None:
    """Record what came of the newest look-up."""
    with acting(office.slug, TEST, "look"):
        asked = LookUp.objects.order_by("-asked_at", "-id")[0].id
    record_answers(tenant=office.slug, by=TEST, now=office.now, look_up=asked, answers=answers)


def test_who_has_not_answered_is_named_and_a_person_goes_on_with_a_reason(
    office: Any, server: Any, log_in: Any, axe: Any, picture: Any
) -> None:
    set_policy(tenant=office.slug, by=TEST, now=office.now, name="authorities_asked", value=["FK", "SO"])
    folder = office.case(("Petra", "Nilsson", "19900615"))
    folder.applied(C1)
    day = (office.month - 1).since
    lines = NewLine("ABB", "Barnbidrag", day, 125_000), NewLine("BOB", "Bostadsbidrag", day, -40_000)
    answered(office, NewAnswer("FK", lines=lines), NewAnswer("SO", True, "SO", "timeout"))
    folder.assessed()
    address = server.url("desk", f"/{office.slug}/cases/{folder.case.id}/periods/{office.month}/")
    for width in (1280, 360):
        page = log_in(office, "hanna", width=width, at=address)
        section = page.locator("#look-ups")
        (trouble,) = section.locator(".h-warning").all_inner_texts()
        assert trouble == "Unemployment funds · Petra Nilsson: look-up failed, no answer in time"
        said = section.inner_text()
        assert "Barnbidrag" in said
        assert "Not proposed as income: Housing allowance for" in said and "400.00)." in said
        picture(page, f"desk-look-ups-{width}")
        assert axe(page) == []
        assert page.evaluate(WIDER) == 0
    page.goto(f"{address}?from=authorities")
    incomes = page.locator("#income").inner_text()
    assert "1,250.00" in incomes and "400" not in incomes

    page.get_by_role("button", name="Calculate and save").first.click()
    expect(page.get_by_role("heading", name="Calculation 2")).to_be_visible()
    assert "1,250.00" in page.locator("#income").inner_text()  # saved as proposed: nobody was quicker
    folder.assessed()
    page.goto(f"{address}proposal/")
    expect(page.get_by_text("An authority hasn’t answered")).to_be_visible()
    picture(page, "desk-proposal-without-answer-360")
    assert axe(page) == []
    page.get_by_role("button", name="Propose").click()
    expect(page.get_by_role("alert").first).to_contain_text("An authority hasn’t answered.")
    page.get_by_role("link", name="Check in another way").click()
    page.get_by_label("Why").first.fill("typed, not saved")
    page.get_by_role("button", name="Go on without it").click()
    expect(page.get_by_role("alert").first).to_contain_text("Write how you have checked it otherwise")
    page.get_by_label("How you have checked it otherwise").fill("Rang kassan, inget betalt")
    page.get_by_role("button", name="Go on without it").click()
    expect(page.locator("#look-ups")).to_contain_text("Hanna Handläggare went on without it: Rang kassan")
    expect(page.get_by_label("Why").first).to_have_value("typed, not saved")
    picture(page, "desk-look-ups-went-on-360")
    page.goto(f"{address}proposal/")
    page.get_by_role("button", name="Propose").click()
    page.wait_for_url("**/decisions/**")


def test_an_authority_is_down_for_a_week_and_answers_on_the_eighth_day(
    office: Any, ssbtek_address: str, desk: Any, log_in: Any, server: Any, axe: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each night asks again who is missing, and nobody else; each day the page says so and the proposal waits."""
    monkeypatch.setattr(settings, "SSBTEK", f"{ssbtek_address}/ssbtek")
    requests.post(f"{ssbtek_address}/script", json={"SO": "late"}, timeout=5)
    set_policy(tenant=office.slug, by=TEST, now=office.now, name="authorities_asked", value=["FK", "SO"])
    set_policy(tenant=office.slug, by=TEST, now=office.now, name="lefi_actor", value="9000")
    folder = office.case(("Petra", "Nilsson", "19900615"))
    folder.applied(C1)
    hanna, path = desk(office, "hanna"), f"/cases/{folder.case.id}/periods/{office.month}/"
    failed = re.compile(r"Unemployment funds · \S*Petra Nilsson\S*: look-up failed")

    def night(day: int) -> tuple[list[list[str]], dict[str, str], str]:
        """The look-ups asked so far, by whom; the warnings; what the page says of it, in the morning after."""
        monkeypatch.setenv("HANDSLAG_CLOCK_SHIFT", str(day * 86400))
        if day:
            assert ask_again(office.slug) == 1
        fetched(office)
        with acting(office.slug, TEST, "look"):
            asked = list(LookUp.objects.order_by("asked_at", "id").values_list("authorities", flat=True))
            answers = LookUpAnswer.objects.filter(authority="SO").order_by("answered_at")
            days = [at.date() for at in answers.values_list("answered_at", flat=True)]
        assert days == [days[0] + timedelta(days=one) for one in range(day + 1)]  # each night's answer is kept
        return asked, missing(folder), hanna.open(path).text

    sheet = None
    for day in range(8):
        asked, warned, page = night(day)
        assert asked == [["FK", "SO"], *[["SO"]] * day], day
        assert warned == {"SO": "open"} and len(failed.findall(page)) == 1, day
        if sheet is None:
            sheet = folder.assessed()
        with pytest.raises(NotPossible, match="authority missing"):
            propose(**office.act("hanna"), sheet=sheet.id, reasons="", language="sv")
    with acting(office.slug, TEST, "look"):
        assert set(FetchedLine.objects.values_list("authority", flat=True)) == {"FK"}
        assert CaseWarning.objects.filter(kind="MISSING_SSBTEK").count() == 1  # one, not one a day
    shown = log_in(office, "hanna", width=360, at=server.url("desk", f"/{office.slug}{path}"))
    expect(shown.locator("#look-ups .h-warning")).to_have_count(1)
    assert axe(shown) == []
    requests.post(f"{ssbtek_address}/script", json={}, timeout=5)
    asked, warned, page = night(8)
    assert asked == [["FK", "SO"], *[["SO"]] * 8] and warned == {"SO": "closed"} and "look-up failed" not in page
    assert ask_again(office.slug) == 0
    with acting(office.slug, TEST, "look"):
        said = LookUpAnswer.objects.filter(authority="SO").order_by("answered_at").values_list("state", flat=True)
        assert list(said) == ["failed"] * 8 + ["answered"]
    assert propose(**office.act("hanna"), sheet=sheet.id, reasons="", language="sv").state == "proposed"


def test_what_an_authority_marks_as_protected_is_for_those_who_are_cleared(
    office: Any, server: Any, log_in: Any
) -> None:
    set_policy(tenant=office.slug, by=TEST, now=office.now, name="authorities_asked", value=["FK"])
    folder = office.case(("Petra", "Nilsson", "19900615"))
    folder.applied(C1)
    months = (office.month - 1).since, (office.month - 2).since
    lines = [NewLine("SJP", "Sjukpenning", day, kr * 100) for day, kr in zip(months, (7777, 3333), strict=True)]
    lines.append(NewLine("XYZ", "Kanariefågel", months[0], 55_55_00))
    answered(office, NewAnswer("FK", secrecy=True, facts=[["Sjuk", "kanariefakta"]], lines=tuple(lines)))
    folder.assessed()
    path = f"/{office.slug}/cases/{folder.case.id}/periods/{office.month}/"
    office.admit("vera", "Vera Värn", "caseworker", clearance=3)
    for who, cleared in (("hanna", False), ("vera", True)):
        page = log_in(office, who)
        for query in ("", "?from=authorities"):
            page.goto(server.url("desk", path + query))
            text = page.content()
            assert "marks" in text
            for canary in ("7,777", "3,333", "5,555", "Kanariefågel", "kanariefakta", "Sjukpenning"):
                if canary == "3,333" and query:  # only the section shows the month before
                    continue
                assert (canary in text) == cleared, (who, query, canary)


def test_the_newest_word_is_proposed_as_income(office: Any, desk: Any) -> None:
    set_policy(tenant=office.slug, by=TEST, now=office.now, name="authorities_asked", value=["FK"])
    folder = office.case(("Petra", "Nilsson", "19900615"))
    folder.applied({**C1, "incomes": []})
    day, path = (office.month - 1).since, f"/cases/{folder.case.id}/periods/{office.month}/"
    for amount in (560_000, 540_000):
        answered(office, NewAnswer("FK", lines=(NewLine("AS", "Aktivitetsstöd", day, amount),)))
        office.now += timedelta(minutes=1)
        ask_authorities(**office.act("hanna"), period=folder.period().id)

    def proposed() -> tuple[list[str], str]:
        """What the fields of the incomes hold; the page."""
        html = desk(office, "hanna").open(f"{path}?from=authorities").text
        return re.findall(r'name="income-\d+-mine"[^>]* value="([^"]+)"', html), html

    typed, html = proposed()
    assert typed == ["5,400.00"] and "a newer answer doesn’t say it any more" in html

    # what a caseworker has agreed to isn't proposed as the authority says it
    with acting(office.slug, TEST, "look"):
        line = FetchedLine.objects.get(amount=540_000).id

    def answer(verdict: str, reason: str, amount: int | None = None) -> list[str]:
        office.now += timedelta(minutes=1)
        told = {"line": line, "reason": reason, "text": f"Nej, {verdict}", "amount": amount}
        said = dispute_line(**office.by(folder.citizens[0]), **told)
        assert proposed()[0] == ["5,400.00"]  # hers is a word; who decides about it is a person
        answer_dispute(**office.act("hanna"), dispute=said.id, verdict=verdict, why="Enligt kontoutdraget")
        return proposed()[0]

    assert fields(html)["income-0-source"] == "fetched"
    assert answer("said", "amount", 500_000) == ["5,000.00"]
    assert fields(proposed()[1])["income-0-source"] == "caseworker"  # the letter doesn't say that FK said so
    assert answer("fetched", "amount", 490_000) == ["5,400.00"]
    assert answer("said", "missing") == [] == answer("other", "amount", 500_000)

    # what she gave herself isn't counted beside it, and what was taken over follows the newest word
    folder = office.case(("Gun", "Granath", "19850101"))
    folder.applied(C1)
    path = f"/cases/{folder.case.id}/periods/{office.month}/"
    for amount in (540_000, 550_000, 550_000):
        answered(office, NewAnswer("FK", lines=(NewLine("AS", "Aktivitetsstöd", day, amount),)))
        form = fields(desk(office, "hanna").open(f"{path}?from=authorities").text)
        mine = [form[key] for key in form if re.fullmatch(r"income-\d+-mine", key)]
        assert mine == [f"{amount // 100:,}.00"]
        assert desk(office, "hanna").open(f"{path}?from=authorities", **form, act="assess").status_code == 302
        with acting(office.slug, TEST, "look"):
            [income] = Sheet.objects.filter(case=folder.case).latest("number").snapshot.facts["incomes"]
        assert (income["gross"], income["source"]) == (amount, "fetched")
        office.now += timedelta(minutes=1)
        ask_authorities(**office.act("hanna"), period=folder.period().id)


def test_what_came_after_the_proposal_is_shown_and_holds_the_decision(
    office: Any, desk: Any, log_in: Any, server: Any, axe: Any, picture: Any
) -> None:
    set_policy(tenant=office.slug, by=TEST, now=office.now, name="authorities_asked", value=["FK"])
    folder = office.case(("Petra", "Nilsson", "19900615"), children=(("Sara", "Nilsson", "20180210"),))
    folder.applied(C1)
    day, path = (office.month - 1).since, f"/cases/{folder.case.id}/periods/{office.month}/"
    answered(office, NewAnswer("FK"))
    facts = folder.assessed().snapshot.facts
    members = [one | {"job_stimulus": one["role"] == "adult"} for one in facts["members"]]
    of_sara = [
        {"code": "MAINTENANCE_SUPPORT", "gross": 100_000, "source": "caseworker", "person": one["key"]}
        for one in members
        if one["role"] == "child"
    ]
    sheet = folder.assessed(members=members, incomes=[*facts["incomes"], *of_sara])
    told = {"reasons": "Underhållsstödet räknas in.", "unheard": "Redan sagt i samtal."}
    row = propose(**office.act("hanna"), sheet=sheet.id, language="sv", **told)
    office.now += timedelta(minutes=1)
    for act in (
        lambda: ask_authorities(**office.act("hanna"), period=folder.period().id),
        lambda: answered(office, NewAnswer("FK", lines=(NewLine("SJP", "Sjukpenning", day, 900_000),))),
    ):
        with CaptureQueriesContext(connection) as caught:
            act()
        assert locked(caught)[:2] == ["casefile_case", "casefile_period"]  # as whoever decides: neither waits for long
    child, _number = office.person("Nora", "Nilsson", f"{office.today.year - 3}0101", account=None)
    with acting(office.slug, TEST, "look"):
        household = Case.objects.get(id=folder.case.id).household_id
    home = {**office.act("rut"), "household": household}
    move_in(**home, person=child, role="child", since=office.month.since)
    move_out(**home, person=UUID(of_sara[0]["person"]), until=office.month.since)

    page = log_in(office, "bo", width=360, at=server.url("desk", f"/{office.slug}/decisions/{row.id}/"))
    new = page.locator("#came")
    expect(new).to_contain_text("Sjukpenning")
    expect(new).to_contain_text("9,000.00")
    expect(new).to_contain_text("Somebody has moved in or out")
    picture(page, "desk-decision-something-new-360")
    assert axe(page) == [] and page.evaluate(WIDER) == 0
    page.get_by_role("button", name="Decide").first.click()
    expect(page.get_by_role("alert").first).to_contain_text("An authority has said something new")

    otherwise = page.locator("#otherwise")
    expect(otherwise).to_contain_text(
        re.compile("Sickness benefit, Petra Nilsson: .*9,000.00.* fetched, .*0.00.* in the calculation")
    )
    return_proposal(**office.act("bo"), decision=row.id, version=row.version, reason="Se det nya")
    hanna = desk(office, "hanna")
    assert "Sjukpenning" in hanna.open(f"{path}proposal/").text
    assert "Take the household as it is now" in hanna.open(path).text
    text = hanna.open(f"{path}?from=household").text
    assert "Nora" in text and "Take the household as it is now" not in text
    assert re.search(r'name="member-\d-stimulus"[^>]* checked', text)  # as it was assessed
    sara = next(one["key"] for one in members if one["role"] == "child")
    assert sara in hanna.open(path).text and sara not in text
    assert hanna.open(f"{path}?from=household", **fields(text), act="assess").status_code == 302
    with acting(office.slug, TEST, "look"):
        facts = Sheet.objects.filter(case=folder.case).latest("number").snapshot.facts
    assert str(child) in [one["key"] for one in facts["members"]]
    assert [one["code"] for one in facts["incomes"]] == ["ACTIVITY_SUPPORT"]
    # whom an authority marks is named by it alone, to who isn't cleared
    ask_authorities(**office.act("hanna"), period=folder.period().id)
    answered(office, NewAnswer("FK", secrecy=True, lines=(NewLine("SJP", "Sjukpenning", day, 777_700),)))
    text = hanna.open(f"{path}proposal/").text
    assert "Something new since" in text and "Sjukpenning" not in text and "7,777" not in text


def test_a_month_in_which_somebody_moved_out_who_has_a_line_in_the_application_is_calculated(
    office: Any, desk: Any
) -> None:
    folder = office.case(("Petra", "Nilsson", "19900615"), children=(("Sara", "Nilsson", "20180210"),))
    with acting(office.slug, TEST, "look"):
        lives = Membership.objects.get(household_id=folder.case.household_id, role="child")
    of_sara = {"code": "MAINTENANCE_SUPPORT", "amount": "1 000", "note": "", "person": str(lives.person_id)}
    folder.applied({**C1, "incomes": [*C1["incomes"], of_sara]})
    gone = {"household": lives.household_id, "person": lives.person_id, "until": office.month.since}
    move_out(**office.act("rut"), **gone)
    hanna, path = desk(office, "hanna"), f"/cases/{folder.case.id}/periods/{office.month}/"
    there = hanna.open(path).text
    assert "Maintenance" in there and "Take the household as it is now" in there
    text = hanna.open(f"{path}?from=household").text
    assert "Take the household as it is now" not in text
    assert hanna.open(f"{path}?from=household", **fields(text), act="assess").status_code == 302
    with acting(office.slug, TEST, "look"):
        assert Sheet.objects.get(case=folder.case).granted == 655_000
