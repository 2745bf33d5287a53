"""The switch to another case system: by two administrators, per unit and client group; what is open stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from playwright.sync_api import expect

from handslag.domain.audit.models import Event
from handslag.domain.elsewhere.models import Switch
from handslag.domain.elsewhere.operations import enter_switch, record_answer, settle_switch
from handslag.domain.elsewhere.policies import front
from handslag.domain.elsewhere.queries import open_by_switch
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.people.permissions import CASE_SYSTEM
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import Conflict
from tests.domain.test_corrections import _as_web
from tests.office import TEST, Folder, open_office, refused
from tests.web.caseworker.test_hand_overs import parked, stands_in_front

__all__ = ["parked"]
WHY = "Nämnden 2026-11-20 § 9: vi börjar med en grupp."


@pytest.fixture
def office(connect: Any) -> Any:
    """An office with two administrators."""
    office = open_office(connect)
    office.admit("ada", "Ada Administratör", "administrator")
    return office


def entered(office: Any, group: str, *, on: bool) -> Switch:
    return enter_switch(**office.act("alva"), unit="Vuxna", group=group, on=on, reason=WHY)


def serves(office: Any) -> dict[str, bool]:
    with acting(office.slug, TEST, "look"):
        found = front()
        assert found is not None
        return {group: found.serves("Vuxna", group) for group in ("single", "couple", "children")}


def test_it_takes_two_administrators_and_each_unit_and_group_is_switched_by_itself(office: Any, connect: Any) -> None:
    told = {"unit": "Vuxna", "group": "couple", "on": True, "reason": WHY}
    refused("switch unit", enter_switch, **office.act("alva"), **told)  # nothing is connected
    stands_in_front(office)
    with pytest.raises(NotAllowed):
        enter_switch(**office.act("bo"), **told)
    for other in ({"unit": "Unga"}, {"group": "everybody"}):
        refused("switch unit", enter_switch, **office.act("alva"), **{**told, **other})
    for reason in (" ", "x" * 201):
        refused("switch reason", enter_switch, **office.act("alva"), **{**told, "reason": reason})
    refused("switched so", enter_switch, **office.act("alva"), **{**told, "on": False})
    row = entered(office, "couple", on=True)
    refused("switch waits", enter_switch, **office.act("ada"), **told)
    assert serves(office) == {"single": True, "couple": False, "children": False}  # entered isn't in force
    here = {"switch": row.id, "version": row.version}
    refused("second pair of eyes", settle_switch, **office.act("alva"), **here, confirm=True)
    with pytest.raises(NotAllowed):
        settle_switch(**office.act("bo"), **here, confirm=True)
    alone = """UPDATE elsewhere_switch SET outcome = 'confirmed', settled_by_id = entered_by_id, settled_at = now()
        WHERE id = %s"""
    with connect("web", autocommit=True) as web, pytest.raises(psycopg.errors.CheckViolation, match="by_two"):
        _as_web(web, row.tenant_id, alone, row.id)
    settle_switch(**office.act("ada"), **here, confirm=True)
    assert serves(office) == {"single": True, "couple": True, "children": False}
    with pytest.raises(Conflict):
        settle_switch(**office.act("ada"), **here, confirm=True)
    # what was set up with the connection is switched off the same way, and what is taken back changes nothing
    later = {**office.act("ada"), "now": office.now + timedelta(minutes=1)}
    off = entered(office, "single", on=False)
    settle_switch(**later, switch=off.id, version=1, confirm=True)
    back = entered(office, "children", on=True)
    settle_switch(**office.act("alva"), switch=back.id, version=1, confirm=False)
    assert serves(office) == {"single": False, "couple": True, "children": False}
    with acting(office.slug, TEST, "look"):
        kinds = Event.objects.filter(subject__kind="switch").order_by("at", "id").values_list("kind", flat=True)
        assert sorted(kinds) == ["switch confirmed"] * 2 + ["switch entered"] * 3 + ["switch taken back"]
    other = open_office(connect)
    with pytest.raises(Hidden):
        settle_switch(**other.act("alva"), switch=row.id, version=2, confirm=False)


def test_two_administrators_switch_it_on_the_page_and_see_what_is_open(
    office: Any, parked: Folder, log_in: Any, fine_at_both: Any
) -> None:
    record_answer(
        **office.by(CASE_SYSTEM), case=parked.case.id, outcome="failed", said=None, trouble="case_system.away: x"
    )
    office.case(("Petra", "Nilsson", "19900615"))
    told = {"name": "Lifecase", "address": "https://127.0.0.1:9", "units": {"Vuxna": "Försörjningsstöd"}}
    set_policy(**office.by(TEST), name="case_system", value={**told, "groups": ["single"]})
    with acting(office.slug, TEST, "look"):
        single = open_by_switch({"Vuxna": "Försörjningsstöd"})["Vuxna", "single"]
        assert (single.followed, single.parked, single.waiting, single.begun, single.here) == (1, 1, 0, 0, 1)

    page = log_in(office, "alva")
    page.goto(page.url.split(office.slug)[0] + f"{office.slug}/case-system/")
    expect(page.locator("table").get_by_text("Vuxna").first).to_be_visible()
    expect(page.get_by_text("(x)")).to_be_visible()
    page.locator("form[action$='/try/'] button").click()
    expect(page.locator("[role=alert]").get_by_text("ConnectionError")).to_be_visible()
    page.locator("select[name=to]").select_option("off")
    page.locator("main form button:not([name])").first.click()
    expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    fine_at_both(page, "case-system-error")
    page.locator("select[name=to]").select_option("off")
    page.locator("input[name=reason]").fill(WHY)
    page.locator("main form button:not([name])").first.click()
    expect(page.locator("button[value='take back']")).to_be_visible()
    expect(page.locator("button[value=confirm]")).to_have_count(0)  # another one does
    fine_at_both(page, "case-system-entered")
    other = log_in(office, "ada")
    other.goto(page.url)
    fine_at_both(other, "case-system-confirm")
    other.locator("button[value=confirm]").click()
    expect(other.locator("button[value=confirm]")).to_have_count(0)
    expect(other.get_by_text("Ada Administratör").last).to_be_visible()
    fine_at_both(other, "case-system-history")
    assert serves(office)["single"] is False
