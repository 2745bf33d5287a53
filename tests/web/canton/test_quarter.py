"""The worked quarter, A to F: from applications, decisions and bookings to both sides' accounts, at both counters. The
offices' clock stands at the quarter's last day, then at the day on which they settle. Then the same between two
installations, over HTTPS and by sedex."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from handslag.domain.people.operations.staff import set_policy
from handslag.domain.settlement.models import Statement
from handslag.domain.tenancy.door import acting
from handslag.kernel import clock
from tests import bed
from tests.bed import Database, Process
from tests.canton import Canton, open_canton
from tests.elsewhere import Peer
from tests.exchange import Side
from tests.office import TEST
from tests.quarter import (
    LAST,
    Q3,
    SETTLING,
    WORKS,
    Town,
    apart,
    closed,
    decided,
    prepared,
    said,
    submitted,
    turn_to,
)
from tests.sedex import Post
from tests.sedex import post as by_sedex
from verifier import verify

RULES = ("I5", "I6", "I7", "I12")


@pytest.fixture
def canton(database: Database, monkeypatch: pytest.MonkeyPatch) -> Canton:
    turn_to(monkeypatch, LAST)
    side, *places = open_canton(database)
    for office in (side, *places):
        set_policy(**office.by(TEST), name="section_44_months", value=3)
    for name, value in WORKS.items():
        set_policy(**places[0].by(TEST), name=name, value=value)
    return Canton(database, Side(side), [Side(place) for place in places])


@pytest.fixture
def there(database: Database, canton: Canton, monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    """A web server on the day on which they settle."""
    shift = turn_to(monkeypatch, SETTLING)
    web = bed.web_process(database, bed.free_port(), HANDSLAG_CLOCK_SHIFT=shift)
    turn_to(monkeypatch, LAST)
    web.start()
    yield web
    web.stop()


@pytest.fixture
def peer(database: Database, canton: Canton, tmp_path: Path) -> Iterator[Peer]:
    """Another installation, on the quarter's last day too."""
    other = bed.copy_of_template(f"{database.name}_peer")
    made = Peer(other, tmp_path / "peer")
    yield made
    made.end()
    bed.drop(other)


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with by_sedex(tmp_path) as made:
        yield made


def test_the_worked_quarter_from_applications_to_both_accounts(
    canton: Canton, there: Process, log_in: Callable[..., Page], fine_at_both: Any, monkeypatch: pytest.MonkeyPatch,
    database: Database, peer: Peer, post: Post,
) -> None:  # fmt: skip
    office, town = canton.places[0].office, Town(canton)

    def until() -> None:
        turn_to(monkeypatch, SETTLING)
        canton.pair.now = clock.now()

    prepared(canton, town, until)

    # the municipality: B against its own finding, all else as proposed
    home, to = f"/{office.slug}", f"/{canton.side.office.slug}"
    ulla = log_in(office, "ulla", locale="de-CH")
    ulla.goto(there.url("desk", f"{home}/statements/new/?fund=asylum&since={Q3}"))
    expect(ulla.get_by_text("Vorgeschlagen: CHF 2’736.00, gekürzt um CHF 576.00.")).to_be_visible()
    ulla.get_by_label("Die Zeile trotzdem").check()
    ulla.get_by_label("Warum trotzdem").fill("Der Entscheid ist angefochten.")
    ulla.get_by_role("button", name="Abrechnung senden").click()
    expect(ulla.get_by_text("CHF 5’692.30 ist noch nicht beantwortet.")).to_be_visible()
    ulla.goto(there.url("desk", f"{home}/statements/new/?fund=section+44&since={Q3}"))
    expect(ulla.get_by_text("Vorgeschlagen: CHF 1’782.67, gekürzt um CHF 891.33.")).to_be_visible()
    expect(ulla.get_by_text("TEN_YEARS_REACHED")).to_be_visible()
    for one in ulla.get_by_text("3 Buchungen des Fallkontos").all():
        one.click()
    fine_at_both(ulla, "quarter-44-new-de")
    ulla.get_by_role("button", name="Abrechnung senden").click()
    expect(ulla.get_by_text("CHF 3’276.67 ist noch nicht beantwortet.")).to_be_visible()
    canton.settle()

    # the canton: what is clean in one act, B cut by 576.00
    bo = log_in(canton.side.office, "bo", locale="de-CH")
    bo.goto(there.url("desk", f"{to}/statements/?since={Q3}"))
    expect(bo.get_by_role("row", name="Zusammen")).to_contain_text("8’968.97")
    for fund in ("asylum", "section 44"):
        with acting(canton.side.office.slug, TEST, "look"):
            key = Statement.objects.get(fund=fund, since=Q3).id
        bo.goto(there.url("desk", f"{to}/statements/{key}/"))
        bo.get_by_role("button", name="Zeilen ohne Befund annehmen").click()
        expect(bo.get_by_role("button", name="Zeilen ohne Befund annehmen")).to_have_count(0)
        if fund == "asylum":
            bo.get_by_label("In Ihren Worten").fill("Sieben Jahre sind um.")
            bo.get_by_role("button", name="Antwort senden").click()
            expect(bo.get_by_role("link", name="CHF 576.00")).to_be_visible()
    fine_at_both(bo, "quarter-44-answered-de")
    canton.settle()
    bo.goto(there.url("desk", f"{to}/statements/?since={Q3}"))
    for figure in ("8’968.97", "576.00", "8’392.97"):
        expect(bo.get_by_role("row", name="Zusammen")).to_contain_text(figure)
    fine_at_both(bo, "quarter-canton-de")
    ulla.goto(there.url("desk", f"{home}/statements/"))
    expect(ulla.get_by_role("row", name="01.07.2026 – 30.09.2026 § 44")).to_contain_text("3’276.67")
    expect(ulla.get_by_role("row", name="Zusammen")).to_contain_text("11’668.97")  # with the quarter before

    closed(canton, town)
    for page, at, name in (
        (ulla, home, "municipality"), (log_in(canton.side.office, "ulla", locale="de-CH"), to, "canton")
    ):  # fmt: skip
        page.goto(there.url("desk", f"{at}/accounts/"))
        page.get_by_role("row").nth(1).get_by_role("link").click()
        expect(page.get_by_role("row", name="Zusammen").get_by_role("link", name="11’668.97 Bezahlt")).to_be_visible()
        expect(page.get_by_text("auf den Rappen gleich")).to_be_visible()
        fine_at_both(page, f"quarter-closed-{name}-de")
    expect(page.get_by_text("die Bank hat bezahlt")).to_be_visible()
    expect(page.get_by_role("link", name="passt zum Konto des Partners")).to_be_visible()
    ulla.get_by_role("table", name="Zahlungen").get_by_role("link").click()
    expect(ulla.get_by_role("row", name="Asylfürsorge 01.04.2026")).to_contain_text("1’440.00")
    fine_at_both(ulla, "quarter-payment-de")
    ulla.get_by_role("link", name=f"section 44/{Q3}").click()
    expect(ulla.get_by_role("heading", level=1)).to_contain_text("30.09.2026")
    ulla.goto(there.url("desk", f"{home}/statements/"))
    expect(ulla.get_by_role("row", name="01.07.2026 – 30.09.2026 § 44")).to_contain_text("bezahlt oder verrechnet")
    fine_at_both(ulla, "quarter-paid-de")
    database.close_connections()
    report = verify(database.of_role("auditor"), tenants=[canton.side.office.slug, office.slug])
    assert [one for one in report.errors if one.rule in RULES] == [], report.to_text()

    # between two installations all that was said is the same, byte for byte: over HTTPS, and by sedex
    within = said(canton, town)
    assert elsewhere(database, peer, post, monkeypatch) == within
    assert elsewhere(database, peer, None, monkeypatch) == within


def elsewhere(database: Database, peer: Peer, post: Post | None, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The quarter by operations and jobs, with the municipality in another installation; gives what was said."""
    days = (SETTLING - LAST).days * 24 * 3600
    turn_to(monkeypatch, LAST)
    far = apart(database, peer, post)
    town = far.places[0]

    def until() -> None:
        turn_to(monkeypatch, SETTLING)
        far.pair.now = clock.now()
        if post is None:
            peer.later(days)
        else:  # sedex needs no web server
            peer.step(days)

    prepared(far, town, until)
    submitted(far, town)
    for fund in ("asylum", "section 44"):
        decided(far, fund, Q3)
    far.settle()
    closed(far, town)
    told = said(far, town)
    database.close_connections()
    for there, office in ((database, far.side.office.slug), (peer.database, peer.keys(False)[2])):
        report = verify(there.of_role("auditor"), tenants=[office])
        assert [one for one in report.errors if one.rule in RULES] == [], report.to_text()
    peer.step(-days)
    return told
