"""The same as last month or changed: what a yes fills in, what it never does, how little an unchanged month asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from handslag.domain.intake.models import Application, Draft
from handslag.domain.tenancy.door import acting
from tests.office import C1, TEST

MEDICINE = {"code": "MEDICINE", "amount": "240", "note": ""}
#: What a person does: presses something, or writes in a field.
COUNT = """
for (const name of ["click", "change"]) document.addEventListener(name, (event) => {
  const box = event.target.matches("input:not([type=radio], [type=checkbox]), textarea, select");
  if (event.isTrusted && box === (name === "change")) interaction(name + " " + event.target.outerHTML.slice(0, 80));
}, true);
"""


def answers(office: Any, draft: Any) -> dict[str, Any]:
    with acting(office.slug, TEST, "look"):
        found: dict[str, Any] = Draft.objects.get(id=draft).answers
        return found


def test_a_yes_fills_in_what_recurs_and_never_an_income_or_over_what_stands(new_office: Any, visit: Any) -> None:
    office = new_office(renewal_opens_days_before=31)
    folder = office.case()
    folder.applied({**C1, "costs": [*C1["costs"], MEDICINE]})
    client, drafts = visit(office, folder.citizens[0]), f"/{office.slug}/drafts/"
    where = client.post(drafts, {"case": folder.case.id, "month": office.month + 1}).headers["Location"]
    draft = where.split("/")[3]
    page = client.get(where).content.decode()
    for stands in ("Provgatan 1, 990 01 Provstad", "som slutar på 4566", "Medicin", "Aktivitetsstöd", "6\xa0200,00"):
        assert stands in page, stands

    saved = client.post(f"{where}save/", {"version": 1, "household-same": "yes"})
    assert saved.status_code == 200 and "costs" not in answers(office, draft)  # what is only typed fills in nothing
    on = client.post(where, {"version": saved.json()["version"], "household-same": "yes"})
    assert on.headers["Location"] == f"{drafts}{draft}/income/"
    filled = answers(office, draft)
    assert "incomes" not in filled
    assert [(row["code"], row["amount"]) for row in filled["costs"]] == [
        ("RENT", "6200"), ("ELECTRICITY", "450"), ("HOME_INSURANCE", "120"), ("UNEMPLOYMENT_FUND", "160"),
    ]  # fmt: skip
    income = client.get(on.headers["Location"]).content.decode()
    assert "Hade du samma inkomster igen?" in income and 'value="5600"' not in income
    costs = client.get(f"{drafts}{draft}/costs/").content.decode()
    assert "Det här stod också i din ansökan" in costs and "240,00" in costs

    client.post(f"{drafts}{draft}/costs/", {"version": 99, "action": "remove-0"})
    client.post(where, {"version": 99, "household-same": "yes"})
    assert answers(office, draft)["costs"] == []
    same = client.post(f"{drafts}{draft}/income/", {"version": 99, "action": "same"})
    assert same.headers["Location"] == f"{drafts}{draft}/costs/"
    assert [(row["code"], row["amount"]) for row in answers(office, draft)["incomes"]] == [("ACTIVITY_SUPPORT", "5600")]


def test_an_unchanged_renewal_takes_at_most_25_interactions(
    new_office: Any, citizen: Any, axe: Callable[[Page], list[str]], picture: Any
) -> None:
    office = new_office(renewal_opens_days_before=31)
    folder = office.case()
    first = folder.applied()
    petra = citizen(folder, width=360)
    page: Page = petra.page
    done: list[str] = []
    page.expose_function("interaction", lambda what: done.append(what))
    page.add_init_script(COUNT)
    petra.log_in(by_hand=True)
    page.get_by_role("button", name="Ansök för", exact=False).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Har något ändrats sedan")
    assert axe(page) == []
    picture(page, "citizen-same-360")
    page.get_by_label("Ja, inget har ändrats").check()
    page.get_by_role("button", name="Fortsätt").click()
    expect(page.get_by_role("heading", name="Hade du samma inkomster igen?")).to_be_visible()
    assert axe(page) == []
    picture(page, "citizen-same-income-360")
    page.get_by_role("button", name="Ja, precis samma").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Kostnader i")
    page.get_by_role("button", name="Fortsätt").click()
    page.get_by_role("button", name="Gå vidare och skriv under").click()
    picture(page, "citizen-sign-360")
    page.get_by_role("button", name="Skriv under med e-legitimation").click()
    petra.identify()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Vi har din ansökan")
    assert 10 < len(done) <= 25, done
    with acting(office.slug, TEST, "look"):
        sent = Application.objects.exclude(id=first.application_id).get()
        before = Application.objects.get(id=first.application_id)
    for part in ("incomes", "costs"):
        assert sent.document["answers"][part] == before.document["answers"][part]
