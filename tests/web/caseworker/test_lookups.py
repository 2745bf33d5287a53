"""The case page's section on other authorities: what came, who has not answered, and how to go on all the same."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from handslag.domain.lookups.models import LookUp
from handslag.domain.lookups.operations import NewAnswer, NewLine, record_answers
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.tenancy.door import acting
from tests.office import C1, TEST

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def answered(office: Any, *answers: NewAnswer) -> None:
    """Record what came of the look-up that waits."""
    with acting(office.slug, TEST, "look"):
        asked = LookUp.objects.get().id
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
        page = log_in(office, "hanna", width=width)
        page.goto(address)
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
