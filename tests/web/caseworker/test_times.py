"""Time per step: medians of teams from the chain and the read log, beside a baseline; nobody named, no small cell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from playwright.sync_api import expect

from handslag.domain.audit.operations import Look, write_looks
from handslag.domain.decisions.operations import decide, propose
from handslag.domain.intake.models import InboxItem
from handslag.domain.intake.operations import take_from_inbox
from handslag.domain.statistics.queries.times import Moment, Renewal, by_team, renewals_in
from handslag.domain.statistics.states import Step
from handslag.domain.tenancy.door import acting
from tests.office import TEST, Office, open_office

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
HANNA, BO, VERA = UUID(int=1), UUID(int=2), UUID(int=3)


def moments(*told: tuple[float, str, UUID | None]) -> list[Moment]:
    return [Moment(START + timedelta(minutes=minute), kind, staff) for minute, kind, staff in told]


ONE = moments(
    (0, "application submitted", None), (600, "inbox taken", HANNA), (604, "", HANNA), (612, "period assessed", HANNA),
    (1_000, "", VERA), (1_003, "decision proposed", HANNA), (2_000, "", BO), (2_002, "decision taken", BO),
)  # fmt: skip


def test_sittings_are_counted_and_waiting_goes_by_the_clock() -> None:
    (one,) = renewals_in(ONE, START)
    # 600-612 is one sitting (12 and 1), 1,000-1,003 another (3 and 1), 2,000-2,002 the decider's.
    assert one.minutes == {Step.WAITS: 600, Step.WORKED: 17, Step.DECIDED: 3, Step.WHOLE: 2_002}
    assert one.people == {HANNA, BO, VERA}
    assert renewals_in(ONE, START + timedelta(minutes=2_003)) == []
    # A decision on no new application is none; one that was taken out of turn is measured from the proposal.
    again = [*ONE, *moments((3_000, "decision proposed", HANNA), (3_001, "decision taken", BO))]
    assert len(renewals_in(again, START)) == 1
    straight = moments(
        (0, "application submitted", None), (30, "decision proposed", HANNA), (31, "decision taken", BO)
    )  # fmt: skip
    assert renewals_in(straight, START)[0].minutes == {
        Step.WAITS: 30, Step.WORKED: 1, Step.DECIDED: 1, Step.WHOLE: 31
    }  # fmt: skip


def renewal(minutes: float, *people: UUID) -> Renewal:
    return Renewal(dict.fromkeys(Step, minutes), frozenset(people or (HANNA, BO, VERA)))


def test_no_team_is_shown_that_would_tell_of_somebody() -> None:
    large = [("Stor", renewal(minutes)) for minutes in (1, 2, 3, 40, 500)]
    for small in (
        [("Liten", renewal(7)) for _ in range(4)],
        [("Liten", renewal(7, HANNA, BO)) for _ in range(50)],
    ):
        teams, whole = by_team([*large, *small])
        assert [(team.name, team.renewals, team.medians and team.medians[Step.WHOLE]) for team in teams] == [
            ("Liten", 0, None), ("Stor", 5, 3)
        ]  # fmt: skip
        assert whole.renewals == 0 and whole.medians is not None
    assert by_team(large)[1].renewals == 5
    assert by_team(large[:4])[1].medians is None


def test_measured_by_team_beside_a_baseline(connect: Any, log_in: Any, server: Any, fine_at_both: Any) -> None:
    office = open_office(connect)
    office.admit("hedda", "Hedda Handläggare", "caseworker")
    for n in range(5):
        decided(office, n)
    page = log_in(office, "alva", at=server.url("desk", f"/{office.slug}/times/"))
    row = page.locator("tbody tr", has_text="Försörjningsstöd")
    expect(row).to_contain_text("5")
    expect(row).to_contain_text("60 minutes")
    page.get_by_label("Minutes").fill("0")
    page.get_by_role("button", name="Enter").click()
    expect(page.locator(".ds-error-summary")).to_be_visible()
    fine_at_both(page, "desk-times-error")
    page.get_by_label("Step").select_option("worked")
    page.get_by_label("Minutes").fill("45")
    page.get_by_label("Who measured it").fill("Enheten, vecka 12, klocka vid skrivbordet")
    page.get_by_role("button", name="Enter").click()
    expect(page.locator("tbody tr").first).to_contain_text("45 minutes")
    expect(row).to_contain_text("−33 minutes")
    fine_at_both(page, "desk-times")
    for name in ("Hanna", "Hedda", "Bo "):
        assert name not in page.inner_text("table")
    # A decider sees it and enters nothing.
    bo = log_in(office, "bo", at=server.url("desk", f"/{office.slug}/times/"))
    expect(bo.get_by_role("button", name="Enter")).to_have_count(0)
    expect(bo.locator("tbody tr").first).to_contain_text("45 minutes")


def decided(office: Office, n: int) -> None:
    """One renewal: taken an hour after it came, worked on for 11 minutes, decided the same day by another."""
    folder = office.case((f"Ada{n}", "Fallet", "19880303"))
    folder.applied()
    start = office.now
    who = "hanna" if n % 2 else "hedda"

    def at(minute: int, login: str) -> dict[str, Any]:
        return {**office.act(login), "now": start + timedelta(minutes=minute)}

    with acting(office.slug, TEST, "look"):
        item = InboxItem.objects.get(case=folder.case)
    take_from_inbox(**at(60, who), item=item.id, version=item.version)
    for minute, _ in pairwise(range(60, 68, 4)):
        look = Look("case", folder.case.id)
        told = {"tenant": office.slug, "by": office.staff[who], "purpose": "case", "looks": [look]}
        write_looks(**told, now=start + timedelta(minutes=minute + 4))
    sheet = folder.assessed()
    told = propose(**at(70, who), sheet=sheet.id, reasons="", language="sv")
    decide(**at(90, "bo"), decision=told.id, version=told.version)
