"""More for a month that is decided, on the pages: from the inbox to the decision, and what she sees of it."""

from __future__ import annotations

import html
import re
from typing import Any

from handslag.domain.decisions.models import Decision
from handslag.domain.decisions.operations import propose, return_proposal
from handslag.domain.tenancy.door import acting
from tests.office import TEST
from tests.web.caseworker.test_case_page import fields, sheets, where
from tests.web.citizen.conftest import visit as visit


def told(page: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page.partition("<main")[2]))).replace("\xa0", " ")


def test_more_is_calculated_beside_what_was_decided_and_she_sees_both(office: Any, desk: Any, visit: Any) -> None:
    folder = office.case()
    folder.applied()
    folder.assessed(household_size=2)  # what the caseworker knows isn't asked of her again
    hanna, bo, path = desk(office, "hanna"), desk(office, "bo"), where(office, folder)
    form = fields(hanna.open(path).text) | {"cost-1-mine": "300", "cost-1-why": "shared meter"}
    assert hanna.open(path, **form, act="assess").status_code == 302
    proposal = f"/cases/{folder.case.id}/periods/{office.month}/proposal/"
    made = hanna.open(
        proposal, **_letter(hanna.open(proposal).text), reasons="Elen delas av två hushåll.", act="propose"
    )
    assert _decided(bo, office, made) == 302
    assert "Change the decision" in hanna.open(path).text
    mine = visit(office, folder.citizens[0])
    assert "Tilläggsansökan, " in told(mine.get(f"/{office.slug}/my/").content.decode())

    folder.applied_more(300)
    inbox = hanna.open("/inbox/?view=unit").text
    assert "Supplementary application, new: Medicine" in inbox
    page = hanna.open(path).text
    assert "More is applied for Medicine SEK 300.00 It stands among the lines below" in told(page)
    assert "stands. Calculate the month with what is new" in told(page) and "Change what was wrong" not in page
    form = fields(page)
    assert (form["cost-1-mine"], form["household_size"]) == ("300.00", "2")  # as it was assessed
    assert form["cost-4-key"] == "MEDICINE::0" and len(sheets(office, folder)) == 2
    assert hanna.open(path, **form, act="assess").status_code == 302
    assert "More is applied for" not in hanna.open(path).text
    page = hanna.open(proposal).text
    assert "Medicine 0.00 300.00" in told(page) and "SEK 300.00 is paid" in told(page)
    assert re.search(r'value="new"[^>]* checked', page) and "Efter vårt beslut" in page
    made = hanna.open(proposal, **_letter(page), ground="new", reasons="", act="propose")
    assert _decided(bo, office, made) == 302

    with acting(office.slug, TEST, "look"):
        first, second = Decision.objects.filter(case=folder.case).order_by("decided_at")
    assert (second.outcome, second.amount) == ("bifall", first.amount + 30_000)
    page = told(mine.get(f"/{office.slug}/my/").content.decode())
    whole, more = page.partition("Tidigare ansökningar")[2], page.partition("Utbetalningar")[0]
    assert "Beslutad: beviljad" in more and "300,00 kr betalas ut" in more  # what each application led to
    assert "Beslutad: delvis beviljad" in whole and re.findall(r"([\d ]+,\d\d) kr betalas ut", whole) == [" 5 825,00"]
    page = told(mine.get(f"/{office.slug}/decisions/{second.id}/").content.decode())
    assert f"Efter vårt beslut {first.number}" in page and "Medicin" in page
    page = told(mine.get(f"/{office.slug}/decisions/{first.id}/").content.decode())
    assert f"Beslut {second.number}" in page and "Medicin" not in page  # what was decided then


def test_what_a_senior_sends_back_stands_in_the_next_proposal(office: Any, desk: Any) -> None:
    folder = office.case()
    folder.applied()
    sheet = folder.assessed(costs=[{"code": "RENT", "applied": 620_000, "effective": 500_000, "note": "för dyrt"}])
    told_of = {"reasons": "Hyran godtas till 5 000 kr.", "language": "en", "repayable": "condition"}
    proposal = propose(**office.act("hanna"), sheet=sheet.id, **told_of)
    return_proposal(**office.act("bo"), decision=proposal.id, version=1, reason="Skriv vilken riktlinje.")
    page = desk(office, "hanna").open(f"/cases/{folder.case.id}/periods/{office.month}/proposal/").text
    assert ">Hyran godtas till 5 000 kr.</textarea>" in page and "Skriv vilken riktlinje." in page
    assert '<option value="condition" selected>' in page and '<option value="en" selected>' in page


def _letter(page: str) -> dict[str, str]:
    sheet = re.search(r'name="sheet" value="([^"]*)"', page)
    assert sheet
    return {"sheet": sheet[1], "language": "sv"}


def _decided(desk: Any, office: Any, made: Any) -> int:
    """Bo takes what was proposed."""
    assert made.status_code == 302, told(made.text)
    path = made.headers["Location"].removeprefix(f"/{office.slug}")
    version = re.search(r'name="version" value="([^"]*)"', desk.open(path).text)
    assert version
    code: int = desk.open(f"{path}decide/", version=version[1]).status_code
    return code
