"""What if: other amounts than those decided give another calculation, marked as none of a decision; nothing is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from handslag.domain.audit.models import Event
from handslag.domain.decisions.operations import decide, propose
from handslag.domain.entitlement.models import Sheet, Snapshot
from handslag.domain.tenancy.door import acting
from tests.office import TEST


def kept(office: Any) -> list[int]:
    with acting(office.slug, TEST, "look"):
        return [model.objects.count() for model in (Sheet, Snapshot, Event)]


def test_she_sees_what_another_rent_and_one_more_income_would_give(
    citizen: Callable[..., Any], office: Any, axe: Callable[[Page], list[str]], picture: Callable[[Page, str], None]
) -> None:
    folder = office.case()
    folder.applied()
    decided = folder.decided()
    petra = citizen(folder, width=320)
    petra.log_in()
    before = kept(office)
    page = petra.page
    petra.goto(f"decisions/{decided.id}/")
    page.get_by_role("link", name="Vad händer om min inkomst").click()
    expect(page.locator("main")).not_to_contain_text("mer än beslutat")
    page.get_by_label("Hyra").fill("inget")
    page.get_by_role("button", name="Räkna").click()
    expect(page.get_by_role("alert")).to_contain_text("Skriv beloppet med siffror")
    expect(page.get_by_label("Hyra")).to_have_value("inget")
    assert axe(page) == []
    page.get_by_label("Hyra").fill("6 700")
    page.get_by_role("button", name="Räkna").click()
    expect(page.get_by_role("status")).to_contain_text("500,00 kr mer än beslutat.")
    expect(page.get_by_role("status")).to_contain_text("inget beslut")
    page.get_by_label("Vilken sorts inkomst?").select_option("CHILD_BENEFIT")
    page.get_by_role("button", name="Räkna").click()
    expect(page.get_by_role("alert")).to_contain_text("Skriv beloppet")
    page.get_by_label("Belopp efter skatt").fill("1 250")
    page.get_by_role("button", name="Räkna").click()
    expect(page.get_by_role("status")).to_contain_text("750,00 kr mindre än beslutat.")
    expect(page.locator("#result")).to_contain_text("5 800,00")  # 6 550 + 500 - 1 250
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    picture(page, "citizen-what-if-320")
    assert kept(office) == before


def test_only_the_adults_of_the_case_reckon_with_its_amounts(office: Any, visit: Callable[..., Any]) -> None:
    folder = office.case(("Kanarie", "Fågel", "19900615"))
    folder.applied()
    decided = folder.decided()
    here = f"/{office.slug}/decisions/{decided.id}/what-if/"
    stranger = visit(office, office.case(("Eva", "Ek", "19700101")).citizens[0])
    for answer in (stranger.get(here), stranger.post(here, {"costs-0": "1"})):
        assert answer.status_code == 404
        assert "Kanarie" not in answer.content.decode()
    own = visit(office, folder.citizens[0]).post(here, {"costs-0": "6200"})  # the others are missing
    assert own.status_code == 422


def test_where_the_calculation_does_not_decide_the_page_says_what_does_and_offers_no_what_if(
    office: Any, visit: Any, connect: Any
) -> None:
    with connect("owner", autocommit=True) as owner:
        owner.execute("UPDATE tenancy_organisation SET languages = '{sv,en,ar}' WHERE slug = %s", [office.slug])
    folder = office.case()
    folder.applied()
    told = {"language": "sv", "reasons": "Ett konto finns.", "unheard": "Hon svarar inte.", "refused_on": "incomplete"}
    made = propose(**office.act("hanna"), sheet=folder.assessed().id, **told)
    decide(**office.act("bo"), decision=made.id, version=made.version)
    petra = visit(office, folder.citizens[0])
    text = petra.get(f"/{office.slug}/decisions/{made.id}/").content.decode()
    assert "prövas inte" in text and "Vi prövar inte din ansökan" in text
    assert "what-if" not in text and "Du får inget" not in text and "riksnorm" not in text
    assert petra.get(f"/{office.slug}/decisions/{made.id}/what-if/").status_code == 404
    arabic = petra.get(f"/{office.slug}/decisions/{made.id}/", headers={"accept-language": "ar"}).content.decode()
    assert '<p lang="ar"><bdi>لا ننظر في طلبك للمساعدة المالية لشهر ' in arabic and "Vi prövar inte" not in arabic
    assert petra.get(f"/{office.slug}/my/").status_code == 200
