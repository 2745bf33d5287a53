"""A phrase chosen on the proposal page is filled in and stands in the reasons of whom it is about."""

from __future__ import annotations

import re
from typing import Any

from handslag.domain.decisions.models import Decision
from handslag.domain.tenancy.door import acting
from tests.office import C1, TEST


def test_a_phrase_goes_into_the_reasons_of_one_adult(office: Any, desk: Any) -> None:
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))
    folder.applied({**C1, "costs": [{"code": "RENT", "amount": "9 000", "note": ""}]})
    costs = [{"code": "RENT", "applied": 900_000, "effective": 800_000, "note": "skäligt"}]
    sheet = folder.assessed(costs=costs)
    path = f"/cases/{folder.case.id}/periods/{office.month}/proposal/"
    hanna = desk(office, "hanna")
    told = {"sheet": str(sheet.id), "language": "sv", "reasons": "Hyran är över riktlinjen.", "phrase": "cost_in_part"}
    shown = hanna.open(path, **told, act="phrase").text
    assert all(f'name="field-{field}"' in shown for field in ("cost", "applied", "amount"))
    filled = {"field-cost": "hyra", "field-applied": "nio tusen", "field-amount": "8 000", "about": "co"}
    wrong = hanna.open(path, **told, **filled, act="put").text
    assert "nio tusen" in wrong and "Hyran är över riktlinjen." in wrong and 'aria-invalid="true"' in wrong
    put = hanna.open(path, **told, **{**filled, "field-applied": "9 000"}, act="put").text
    theirs = re.search(r'name="reasons_co"[^>]*>([^<]*)<', put)
    assert theirs and theirs[1].startswith("Du sökte för hyra med 9")
    assert 'name="used" value="cost_in_part"' in put and "Hyran är över riktlinjen." in put
    last = {**told, "reasons_co": theirs[1], "used": "cost_in_part", "act": "propose"}
    assert hanna.open(path, **last).status_code == 302
    with acting(office.slug, TEST, "look"):
        made = Decision.objects.get(case=folder.case)
    assert (made.reasons, made.reasons_co) == (told["reasons"], theirs[1])
    assert made.phrases and made.phrases[0]["phrase"] == "cost_in_part"


def test_a_ground_chosen_on_the_proposal_page_refuses_the_month_in_its_own_words(office: Any, desk: Any) -> None:
    folder = office.case()
    folder.applied()
    sheet = folder.assessed()
    path = f"/cases/{folder.case.id}/periods/{office.month}/proposal/"
    hanna, bo = desk(office, "hanna"), desk(office, "bo")
    assert "klara dig på" not in hanna.open(path).text
    told = {"sheet": str(sheet.id), "language": "sv", "refused_on": "assets", "reasons": "Ett konto finns."}
    seen = hanna.open(path, **told, act="preview").text
    assert "tillgångar som du kan klara dig på" in seen and "Refused: SEK\xa00.00" in seen and 'name="unheard"' in seen
    assert "inkomsterna räcker" not in seen and 'name="repayable"' not in seen
    assert "role=\"alert\"" in hanna.open(path, **told, act="propose").text
    assert hanna.open(path, **told, unheard="Hon svarar inte.", act="propose").status_code == 302
    with acting(office.slug, TEST, "look"):
        made = Decision.objects.get(case=folder.case)
    assert (made.outcome, made.amount, made.refused_on) == ("avslag", 0, "assets")
    assert bo.open(f"/decisions/{made.id}/decide/", version=made.version).status_code == 302
