"""Membership of a union is in no compilation (7 a § lagen (2001:454)): whatever lists several people doesn't tell it.

The addresses come from the URL patterns: every page, file and list of the desk that isn't about one case or one person.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from handslag.domain.decisions.operations import propose
from handslag.domain.statistics.operations import make_statistics_file
from handslag.domain.tenancy.door import acting
from tests.office import C1, TEST
from tests.web.caseworker.test_isolation import ONLY_POST, ROLES, address, routes

#: An address with one of these is about one case or one person.
ONE = ("<uuid:case>", "<uuid:person>", "<uuid:household>", "<uuid:application>", "<uuid:decision>", "<uuid:document>")
#: No person is in it: the amounts of the law and of the municipality, by kind of cost.
OF_NOBODY = {"norms/"}
TELLING = ("union", "fackförening", "facket", "kanarieförbundet", "173.00", "173,00", "17300")


def test_no_list_and_no_file_tells_who_is_in_a_union(office: Any, desk: Any) -> None:
    from handslag.domain.payments.operations.postings import fix_posting_day, set_chart_row
    from handslag.domain.payments.queries import CHART_CODES

    fee = {"code": "UNION_FEE", "amount": "173", "note": "Kanarieförbundet"}
    answers = {**C1, "costs": [*C1["costs"], fee]}
    waiting, proposed, paid = (office.case((name, "Medlem", "19880808")) for name in ("Vera", "Petra", "Bea"))
    for folder in (waiting, proposed, paid):
        folder.applied(answers)
    propose(**office.act("hanna"), sheet=proposed.assessed().id, reasons="", language="sv")
    paid.decided()
    run = office.run()
    with acting(office.slug, TEST, "look") as door:
        today = door.the_tenant.today(office.now)
    for code in CHART_CODES:
        set_chart_row(**office.act("ulla"), code=code, account="10", unit="", activity="", since=today, source="plan")
    day = fix_posting_day(**{**office.act("ulla"), "now": office.now + timedelta(days=1)}, day=today)
    after = (office.now.replace(day=1) + timedelta(days=32)).replace(day=1)
    file = make_statistics_file(**{**office.act("rut"), "now": after}, month=office.month)
    objects = {"run": run.id, "day": day.id, "file": file.id}

    # The fee is there, and a caseworker sees it where it belongs: on the page of the case.
    hanna = desk(office, "hanna")
    own = hanna.open(f"/cases/{paid.case.id}/periods/{office.month}/").text.casefold()
    assert "union" in own and "173.00" in own

    told: dict[str, str] = {}
    for who in ROLES:
        her = desk(office, who)
        for route in set(routes()) - ONLY_POST - OF_NOBODY:
            path = None if any(part in route for part in ONE) else address(route, objects)
            searched = {"inbox/": ("?view=unit",), "people/": ("?q=kanarieförbundet", "?q=union", "?q=medlem")}
            for one in [path + more for more in ("", *searched.get(route, ()))] if path else []:
                answer = her.open(one)
                if answer.status_code == 200:
                    text = answer.content.decode("utf-8", "replace").casefold()
                    told[f"{who} {one}"] = text
    lists = {key.split("?")[0].split(" ")[1] for key in told}
    assert {"/inbox/", "/payments/", "/ledger/", "/people/", f"/runs/{run.id}/", f"/ledger/{day.id}/csv/"} <= lists
    assert {f"/statistics/{file.id}/households/", f"/statistics/{file.id}/causes/"} <= lists
    # The lists that name people do name these.
    assert paid.numbers[0] in told[f"rut /statistics/{file.id}/households/"]
    for where in ("hanna /inbox/?view=unit", "hanna /people/?q=medlem", f"ulla /runs/{run.id}/", "bo /proposals/"):
        assert "medlem" in told[where], where
    for where, page in told.items():
        # a search field, and the link to the same page in another language, say what was searched for
        text = page.replace('value="kanarieförbundet"', "").replace('value="union"', "").replace("?q=union", "")
        assert [word for word in TELLING if word in text] == [], where
