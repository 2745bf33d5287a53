"""The page of all open cases pre-calculated: begun where the norms are set, each sees only what is hers to see."""

from __future__ import annotations

from datetime import date
from typing import Any

from playwright.sync_api import Page

from handslag.domain.entitlement.models import Forecast, Precalculation
from handslag.domain.entitlement.operations import enter_local_norm
from handslag.domain.entitlement.operations.precalculations import start_precalculation
from handslag.domain.entitlement.states import RunKind, RunState
from handslag.domain.people.operations.persons import set_protection
from handslag.domain.tenancy.door import acting
from handslag.jobs.precalculations import precalculate
from tests.office import TEST, Office, as_role, open_office

LIMIT = {"name": "limit.RENT", "unit": "SEK/month", "label": {"sv": "Hyra"}, "value": 6000}
SOURCE = {"since": date(2026, 1, 1), "source": "socialnämnden § 88"}


def calculated(office: Office, database: Any) -> None:
    """What the worker does with the runs of this office."""
    with as_role(database, "worker"):
        while True:
            with acting(office.slug, TEST, "look") as door:
                run = Precalculation.objects.filter(state=RunState.RUNNING).order_by("started_at", "id").first()
                tenant = door.the_tenant.id
            if run is None:
                return
            precalculate(tenant, str(run.id), run.batch)


def plain(text: str) -> str:
    """The text without spaces that don't break and signs of direction."""
    return " ".join(text.replace("\N{NO-BREAK SPACE}", " ").replace("\u2068", "").replace("\u2069", "").split())


def test_from_the_norms_to_the_case_and_nobody_sees_more_than_is_hers(
    office: Any, desk: Any, database: Any, connect: Any, log_in: Any, axe: Any, picture: Any
) -> None:
    office.admit("kai", "Kai Kollega", "caseworker", unit="Ekonomi")
    other = open_office(connect, "other")
    first = office.case(("Nina", "Ny", "19880808"))  # neither calculated nor applied for
    petra, hidden = office.case(), office.case(("Hemlig", "Skyddad", "19850505"))
    foreign = other.case(("Frida", "Främmande", "19700707"))
    for folder in (petra, hidden, foreign):
        folder.applied()
        folder.assessed()
    level = {"version": 1, "level": 2, "address_level": 2}
    set_protection(**office.act("rut"), person=hidden.case.applicant_id, **level)
    value = enter_local_norm(**office.act("alva"), entry=LIMIT, **SOURCE)
    theirs = enter_local_norm(**other.act("alva"), entry=LIMIT, **SOURCE)
    told = {"kind": RunKind.VALUE, "month": other.month}
    abroad = start_precalculation(**other.act("alva"), **told, norm=theirs.id)
    calculated(other, database)
    secrets = ["Frida", "Främmande", str(foreign.case.id)]

    alva, hanna, kai = desk(office, "alva"), desk(office, "hanna"), desk(office, "kai")
    assert f"/{office.slug}/precalculations/" in alva.open("/norms/").text
    form = alva.open(f"/norms/{value.id}/").text
    assert 'name="kind" value="value"' in form and f'name="norm" value="{value.id}"' in form
    sent = {"kind": "value", "norm": str(value.id), "month": str(office.month)}
    assert hanna.open("/precalculations/start/", **sent).status_code == 403
    for wrong, said in (
        ({"month": "soon"}, "Write the month as 2026-03."),
        ({"kind": "x"}, "Write the month as 2026-03."),
        ({"month": "2090-01"}, "at most a year away"),
    ):
        assert said in alva.open("/precalculations/start/", **(sent | wrong)).text
    assert alva.open("/precalculations/start/", **(sent | {"norm": str(theirs.id)})).status_code == 404
    began = alva.open("/precalculations/start/", **sent)
    assert began.status_code == 302
    assert "under way, or has halted" in alva.open("/precalculations/start/", **sent).text
    address = began.headers["Location"].removeprefix(f"/{office.slug}")
    assert "0 of 3 cases, under way" in plain(alva.open(address).text)
    calculated(office, database)
    page = plain(alva.open(address).text)
    assert "3 of 3 cases, ended" in page and "2 cases would get less, together SEK 400.00 a month" in page
    assert "Neither calculated before nor applied for" in page and "Rent" in page
    assert not [who for who in ("Petra", "Hemlig", "Nina", petra.case.number) if who in page]  # she sees no case
    assert not [secret for secret in secrets if secret in page]
    assert "Petra" not in kai.open(address).text  # another unit's
    for theirs_ in (f"/precalculations/{abroad.id}/", f"/precalculations/{abroad.id}/continue/"):
        assert alva.open(theirs_, **({"x": "1"} if "continue" in theirs_ else {})).status_code == 404
    assert "Somebody else was quicker" in alva.open(f"{address}continue/", x="1").text

    problems = plain(hanna.open(f"{address}?view=problems").text)
    assert "Nina Ny" in problems and f"/{office.slug}/cases/{first.case.id}/" in problems
    less = plain(hanna.open(f"{address}?view=less").text)
    assert "Rent: SEK 6,200.00 → SEK 6,000.00" in less and "the calculation of that month" in less
    assert "Petra Nilsson" in less and "Protected person" in less
    assert not [who for who in ("Hemlig", "Skyddad", hidden.case.number, *secrets) if who in problems + less]
    assert "Hemlig Skyddad" in plain(desk(office, "bo").open(f"{address}?view=less").text)  # who has the clearance

    # next month: it stands at the case, as what it is
    month = office.month + 1
    start_precalculation(**office.act("alva"), kind=RunKind.MONTH, month=month)
    calculated(office, database)
    with acting(office.slug, TEST, "look"):
        row = Forecast.objects.get(case=petra.case, run__kind=RunKind.MONTH)
    assert row.problem == "" and row.basis == "carried"
    case = f"/cases/{petra.case.id}/periods/{office.month}/"
    shown = plain(hanna.open(case).text)
    assert f"Pre-calculated for {month.since:%B %Y}" in shown and "not a decision" in shown
    assert f"/precalculations/{row.run_id}/" in shown

    desktop: Page = log_in(office, "alva", width=1280)
    desktop.goto(desktop.url.split("/norms")[0] + "/precalculations/")
    assert axe(desktop) == []
    picture(desktop, "precalculations-1280")
    worker: Page = log_in(office, "hanna", width=360)
    home = worker.url.split("/inbox")[0]
    for name, path in (("precalculation", f"{address}?view=less"), ("case-precalculated", case)):
        for width in (360, 1280):
            worker.set_viewport_size({"width": width, "height": 900})
            worker.goto(home + path)
            wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert worker.evaluate(wider) == 0
            picture(worker, f"{name}-{width}")
        assert axe(worker) == []
