"""The application in Arabic: right to left, figures as in the letter, signed in Swedish with a help beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from handslag.domain.decisions.operations import open_hearing
from handslag.domain.documents.queries import text_for
from handslag.domain.intake.forms import form_of
from handslag.domain.intake.models import Application
from handslag.domain.tenancy.door import acting
from handslag.rules.se.codes import COSTS, INCOMES
from tests.office import TEST

ARABIC = {"accept-language": "ar"}


@pytest.fixture
def speaking(new_office: Any, connect: Any) -> Callable[..., Any]:
    """An office that offers Arabic."""

    def of(**policies: Any) -> Any:
        office = new_office(**policies)
        with connect("owner", autocommit=True) as owner:
            owner.execute("UPDATE tenancy_organisation SET languages = '{sv,en,ar}' WHERE slug = %s", [office.slug])
        return office

    return of


def test_a_person_applies_in_arabic(
    speaking: Any, citizen: Any, visit: Any, axe: Callable[[Page], list[str]], picture: Any
) -> None:
    office = speaking(renewal_opens_days_before=31)
    folder = office.case(("نور", "الحسن", "19831120"))
    folder.applied()
    noor = citizen(folder, width=360, locale="sv-SE")
    page: Page = noor.page

    def look(title: str, name: str = "") -> None:
        expect(page.get_by_role("heading", level=1)).to_contain_text(title)  # the page that the press led to
        page.wait_for_load_state()
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
        if name:
            picture(page, f"citizen-ar-{name}-360")
            page.set_viewport_size({"width": 1280, "height": 900})
            picture(page, f"citizen-ar-{name}-1280")
            page.set_viewport_size({"width": 360, "height": 900})

    noor.goto()
    page.get_by_role("button", name="العربية").click()
    look("تقديم طلب مساعدة مالية", "start")
    page.get_by_role("button", name="سجّل الدخول بالهوية الإلكترونية").click()
    noor.identify()
    look("نور")
    page.get_by_role("button", name="قدّم طلباً لشهر").click()
    look("هل تغيّر شيء منذ", "same")
    page.get_by_role("button", name="متابعة").click()
    expect(page.get_by_role("alert")).to_contain_text("اختر هل تغيّر شيء أم لا.")
    look("هل تغيّر شيء منذ")
    page.get_by_label("نعم، لم يتغيّر شيء").check()
    page.get_by_role("button", name="متابعة").click()
    look("الدخل في")
    page.get_by_role("button", name="تقريباً").click()
    amount = page.get_by_label("المبلغ بعد الضريبة")
    expect(amount).to_have_value("5600")
    amount.fill("٥٧٠٠٫٥٠")
    look("الدخل في", "income")
    page.get_by_role("button", name="متابعة").click()
    look("التكاليف في")
    page.get_by_role("button", name="متابعة").click()
    expect(page.get_by_role("main")).to_contain_text("5\xa0700,50\xa0kr")
    quotes = page.locator("blockquote")
    expect(quotes.nth(0)).to_have_attribute("lang", "sv")
    expect(quotes.nth(1)).to_contain_text("بشرفي وضميري")
    look("راجع قبل أن توقّع", "check")
    page.get_by_role("button", name="تابع إلى التوقيع").click()
    look("وقّع طلبك")
    page.get_by_role("button", name="وقّع بالهوية الإلكترونية").click()
    noor.identify()
    look("وصلنا طلبك", "receipt")
    page.get_by_role("link", name="المساعدة والتواصل").click()
    look("بعد الإرسال", "help")

    with acting(office.slug, TEST, "look"):
        document = Application.objects.get(language="ar").document
    assert (document["language"], document["answers"]["incomes"][0]["amount"]) == ("ar", 570_050)
    form = form_of("se.renewal", document["form_version"])
    assert document["texts_digest"] == form.digests["texts.ar.yaml"]
    assert document["signing_text"] == text_for("se", "signing.renewal", "sv", office.today).digest


def test_arabic_is_spoken_where_it_is_offered_and_only_to_applicants(
    speaking: Any, new_office: Any, visit: Any
) -> None:
    offering, other = speaking(), new_office()
    assert 'dir="rtl"' in visit(offering).get(f"/{offering.slug}/", headers=ARABIC).content.decode()
    page = visit(other).get(f"/{other.slug}/", headers=ARABIC)
    assert 'lang="sv" dir="ltr"' in page.content.decode() and "العربية" not in page.content.decode()
    assert page.headers["Content-Language"] == "sv"
    desk = Client(SERVER_NAME="desk.localhost", headers=ARABIC).get(settings.LOGIN_URL).content.decode()
    assert 'lang="sv" dir="ltr"' in desk and "العربية" not in desk
    for codes in (COSTS, INCOMES):
        assert all("ar" in code.name for code in codes.values())


def test_lines_that_are_told_in_swedish_say_so(speaking: Any, visit: Any) -> None:
    """For a screen reader, which else reads Swedish as if it were Arabic; nothing is marked on a Swedish page."""
    office = speaking()
    folder = office.case(("نور", "الحسن", "19831120"))
    folder.applied()
    here = f"/{office.slug}/decisions/{folder.decided().id}/"
    noor = visit(office, folder.citizens[0])
    lines = re.findall(r'<li class="h-sheet-line">(.*?)</li>', noor.get(here, headers=ARABIC).content.decode(), re.S)
    assert len(lines) > 2
    for line in lines:
        said = re.findall(r'<bdi lang="sv">(.+?)</bdi>', line)
        assert len(said) == 2, line  # what it is called, and why it is that much
        assert re.sub(r"<bdi.*?</bdi>", "", line).count(said[0]) == 0
    assert '<bdi lang="sv">Hyra</bdi>' in "".join(lines)
    for language in ("sv", "en"):
        assert "<bdi lang=" not in noor.get(here, headers={"accept-language": language}).content.decode()


def test_what_she_is_asked_before_a_decision_is_explained_in_her_language(speaking: Any, visit: Any) -> None:
    """The Swedish text holds and stands first; the same beneath in the language that she reads the page in, as letters
    have it: Arabic, its day from left to right, or English; what is in Swedish already stands once."""
    office = speaking()
    folder = office.case(("نور", "الحسن", "19831120"))
    folder.applied()
    day = office.today + timedelta(days=9)
    told = {"period": folder.period().id, "about": "Lönen räknas med.", "answer_by": day}
    (asked,) = open_hearing(**office.act("hanna"), **told)
    noor, here = visit(office, folder.citizens[0]), f"/{office.slug}/hearings/{asked.id}/"
    page = noor.get(here, headers=ARABIC).content.decode()
    assert page.index("Inget är bestämt") < page.index("لم يُقرَّر شيء بعد")
    assert f"\u2066{day}\u2069" in page
    english = noor.get(here, headers={"accept-language": "en"}).content.decode()
    assert english.index("Inget är bestämt") < english.index("Nothing is decided") and str(day) in english
    swedish = noor.get(here, headers={"accept-language": "sv"}).content.decode()
    assert swedish.count("Inget är bestämt") == 1
    for one in (english, swedish):
        assert "لم يُقرَّر" not in one
    assert "Nothing is decided" not in swedish + page
