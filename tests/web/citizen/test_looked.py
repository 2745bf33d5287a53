"""Who has looked at my file: from the read log, only my own, staff by unit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from playwright.sync_api import Page

from handslag.domain.audit.operations import Look, write_looks
from handslag.domain.people.models import Person
from handslag.domain.people.operations.persons import set_protection
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.tenancy.door import acting
from handslag.kernel import clock
from tests.office import TEST

AMIRA, YUSUF = ("Amira", "Haddad", "19880808"), ("Yusuf", "Åberg", "19850505")


def look(office: Any, by: Any, what: str, subject: Any, days_ago: int = 0, outcome: str = "read") -> None:
    write_looks(
        tenant=office.slug, by=by, purpose=what, looks=[Look(what, subject, outcome)],
        now=clock.now() - timedelta(days=days_ago),
    )  # fmt: skip


def test_each_adult_sees_who_looked_at_her_own_file_and_nothing_else(
    office: Any, visit: Any, citizen: Any, axe: Callable[[Page], list[str]], picture: Callable[[Page, str], None]
) -> None:
    couple, other = office.case(AMIRA, YUSUF), office.case(("Eva", "Kanariefågel", "19700101"))
    amira, yusuf = couple.citizens
    hanna, rut, bo = (office.staff[name] for name in ("hanna", "rut", "bo"))
    client = visit(office, amira)
    page = f"/{office.slug}/looked/"
    assert "Ingen utom du" in client.get(page).content.decode()
    look(office, hanna, "case", couple.case.id)
    look(office, hanna, "case account", couple.case.id)
    look(office, hanna, "decision", couple.case.id, days_ago=370)
    look(office, rut, "person", yusuf.id, days_ago=1)
    look(office, rut, "household", couple.case.household_id, days_ago=1)
    look(office, bo, "application", couple.case.id, days_ago=2, outcome="refused")
    look(office, bo, "document", other.case.id)
    look(office, yusuf, "request", couple.case.id)
    look(office, amira, "messages", couple.case.id)

    def seen(by: Any) -> str:
        text = visit(office, by).get(page).content.decode()
        return " ".join(text.partition("<main")[2].partition("</main")[0].split())

    mine, his = seen(amira), seen(yusuf)
    assert mine.count('class="h-member"') == 3
    assert '<bdi>Försörjningsstöd</bdi></span><span class="h-meta">utbetalningar, ärendet</span>' in mine
    assert '<bdi>Yusuf Åberg</bdi></span><span class="h-meta">ärendet</span>' in mine
    for hidden in ("Hanna", "dina uppgifter", "beslut", "efterfrågades", "Kanariefågel", "dokument</span>"):
        assert hidden not in mine, hidden
    assert "dina uppgifter" in his and "Amira Haddad" in his and "utbetalningar" in his
    assert '<span class="h-meta">ditt hushåll</span>' in mine
    phone = citizen(couple, width=320)
    phone.log_in()
    phone.page.get_by_role("link", name="Vem som har tittat i din akt").click()
    assert axe(phone.page) == []
    assert phone.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    picture(phone.page, "citizen-looked-320")
    set_policy(**office.by(TEST), name="staff_named", value=True)
    assert "Hanna Handläggare, Försörjningsstöd" in seen(amira)
    # where somebody of the case is protected the page names neither her nor the unit that works for her
    office.admit("sara", "Sara Skydd", "registrar", clearance=3)
    with acting(office.slug, TEST, "look"):
        version = Person.objects.get(id=yusuf.id).version
    set_protection(**office.act("sara"), person=yusuf.id, version=version, level=2, address_level=2)
    mine = seen(amira)
    assert "<bdi>Kontoret</bdi>" in mine and "<bdi>Den andra vuxna</bdi>" in mine
    for hidden in ("Hanna", "Försörjningsstöd", "Yusuf"):
        assert hidden not in mine, hidden
    assert visit(office, yusuf).get(page).status_code == 404
    assert visit(office).get(page).status_code == 302
