"""What another municipality was told because I move there: to whom, what, on which ground; nobody else sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from handslag.messages.case_transfer.message import Contact, Item
from tests.exchange import Pair, Side
from tests.office import open_office

AMIRA, YUSUF = ("Amira", "Haddad", "19880808"), ("Yusuf", "Åberg", "19850505")


def test_only_who_moves_sees_what_was_told_to_whom_and_on_which_ground(
    database: Any, connect: Any, office: Any, visit: Any, citizen: Any, axe: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
) -> None:  # fmt: skip
    couple = office.case(AMIRA, YUSUF)
    pair = Pair(database, Side(office), Side(open_office(connect, "kanarie")), couple, office.now)
    pair.handed(Item(number=1, contact=Contact(telephone="070-174 06 01")))
    page = f"/{office.slug}/my/"
    assert "Kanarie kommun" not in visit(office, couple.citizens[0]).get(page).content.decode()  # not left yet
    pair.settle()
    text = visit(office, couple.citizens[0]).get(page).content.decode()
    for told in (
        "Kanarie kommun",
        "hur du nås",
        "samtyckte den 2 januari",
        "Samtycke i samtal med Hanna",
        "inte svarat",
    ):
        assert told in text, told
    assert "Kanarie" not in visit(office, couple.citizens[1]).get(page).content.decode()
    phone = citizen(couple, width=320)
    phone.log_in()
    assert axe(phone.page) == []
    assert phone.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    picture(phone.page, "citizen-handed-320")
