"""Help on every page: reached from each address of the counter, in each language, in plain words."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from playwright.sync_api import Page, expect

from handslag.domain.intake.operations import ask_applicant
from handslag.web.citizen import help as helps
from handslag.web.citizen.urls import urlpatterns
from tests.web.citizen.test_isolation import everything

PHONE = "0123-45 67 89"
CONTACT = {"hours": "vardagar 9–12", "units": {"Försörjningsstöd": PHONE}}


def addresses(office: Any, keys: dict[str, Any]) -> dict[str, str]:
    """Each address of the counter by its name, with parts that there are."""
    nothing = ("change", "line", "document", "recovery", "help_", "order", "representation")
    parts = {
        **{name: str(key) for name, key in keys.items()}, "tenant": office.slug, "month": str(office.month),
        "step": "income", "area": "money", **dict.fromkeys(nothing, str(keys["draft"])),
    }  # fmt: skip
    found = {}
    for one in urlpatterns:
        assert one.name
        route = re.sub(r"<\w+:(\w+)>", lambda part: str(parts[part[1]]), str(one.pattern))
        found[one.name] = "/" + route
    return found


def test_every_page_leads_to_its_help_and_to_somebody_who_can_be_called(new_office: Any, visit: Any) -> None:
    office = new_office(renewal_opens_days_before=31, contact=CONTACT, decision_days=3)
    folder = office.case()
    keys = everything(folder)
    due = office.today + timedelta(days=9)
    told = {"case": folder.case.id, "period": folder.period().id, "person": None, "text": "Hyresavin?", "wanted": []}
    asked = ask_applicant(**office.act("hanna"), **told, until=due)
    walked = addresses(office, {**keys, "asked": asked.id})
    client, seen, helped = visit(office, folder.citizens[0]), [], set()
    for name, address in walked.items():
        answer = client.get(address)
        if answer.status_code == 302:  # the start page leads on to My pages, a screen of what is being signed to it
            name, answer = answer.resolver_match.url_name, client.get(answer.url)
        if answer.status_code == 405 or not answer.headers["Content-Type"].startswith("text/html"):
            continue
        text = answer.content.decode()
        link = re.search(rf'href="(/{office.slug}/help/[^"]*)"', text)
        if name == "callback":  # before an organisation is chosen: the choice, whose pages have it
            assert 'href="/"' in text
            continue
        assert link, (name, answer.status_code)
        seen.append(name)
        helped.add(link[1])
    assert {"my", "step", "sign", "receipt", "decision", "account", "messages", "looked", "request", "help"} <= {*seen}
    for address in helped:
        told = client.get(address).content.decode()
        assert "Vem kan jag fråga?" in told and PHONE in told and "vardagar 9–12" in told, address
        assert "Hanna Handläggare" in told and "inom 3 arbetsdagar" in told
    stranger = visit(office).get(f"/{office.slug}/help/decision/").content.decode()
    assert "Beslut och överklagande" in stranger and PHONE in stranger and "Hanna" not in stranger
    assert visit(office).get(f"/{office.slug}/help/nothing/").status_code == 404


def test_the_help_is_whole_in_every_language_and_plain() -> None:
    pages = [page for named in helps.areas().areas.values() for page in named]
    assert sorted(pages) == sorted(str(one.name) for one in urlpatterns)
    files = sorted(file.name.split(".")[1] for file in helps.FOLDER.glob("texts.*.yaml"))
    assert {"sv", "en"} <= {*files}

    def shape(language: str) -> list[Any]:
        fields = string.Formatter().parse
        return [
            (name, [sorted(field for _, field, _, _ in fields(one.a) if field) for one in area.asked])
            for name, area in helps.texts(language).items()
        ]

    assert [name for name, _ in shape("sv")] == list(helps.areas().areas)
    assert all(shape(language) == shape("sv") for language in files)
    said = " ".join(f"{one.q} {one.a}" for area in helps.texts("sv").values() for one in area.asked)
    words = re.findall(r"\w+", said)
    sentences = len(re.findall(r"[.?!]", said))
    lix = len(words) / sentences + 100 * sum(len(word) > 6 for word in words) / len(words)
    assert lix < 40, lix


def test_the_help_can_be_read_on_a_phone(
    new_office: Any, citizen: Any, axe: Callable[[Page], list[str]], picture: Any
) -> None:
    petra = citizen(new_office(contact=CONTACT).case(), width=320)
    page: Page = petra.page
    petra.goto("log-in/")
    page.get_by_role("link", name="Hjälp och kontakt").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Logga in")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    picture(page, "citizen-help-320")
