"""A cost that a municipality asks its canton to approve: sent against a finding, approved in part; also in German."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from handslag.domain.funding.models import Approval
from handslag.domain.funding.operations import NewTariff, enter_tariff
from handslag.kernel import clock
from tests.bed import Process
from tests.canton import Canton, arrived, open_canton, somebody
from tests.exchange import Side


def test_a_cost_is_asked_for_against_a_finding_and_approved_in_part(
    database: Any, log_in: Callable[..., Page], server: Process, fine_at_both: Any
) -> None:
    offices = open_canton(database)
    side, *places = [Side(office) for office in offices]
    canton, here = Canton(database, side, places), places[0]
    one = somebody()
    told = canton.assigned(0, one)
    canton.settle()
    canton.answered(0, told, arrived(canton))
    canton.settle()
    number, day = one.person.identifier, canton.today
    hanna, bo = log_in(offices[1], "hanna"), log_in(offices[0], "bo")

    # the canton's rule: a ceiling, and a person decides
    bo.goto(server.url("desk", f"/{side.office.slug}/cost_approvals/tariffs/"))
    bo.get_by_role("button", name="Enter it").click()
    expect(bo.get_by_role("alert").first).to_contain_text("Kind of cost")
    fine_at_both(bo, "tariffs-error")
    bo.get_by_label("Kind of cost").select_option("DENTAL")
    bo.get_by_label("Holds from").fill(day.replace(year=day.year - 1).isoformat())
    bo.get_by_label("Highest price of one").fill("400")
    bo.get_by_label("Granted in full, by nobody, up to").fill("0")
    bo.get_by_role("button", name="Enter it").click()
    expect(bo.get_by_role("row", name="Dental care")).to_contain_text("400")
    fine_at_both(bo, "tariffs")

    # from her number to the form; what speaks against it is shown, and needs a reason
    hanna.goto(server.url("desk", f"/{here.office.slug}/cost_approvals/"))
    fine_at_both(hanna, "costs-empty")
    hanna.get_by_label("Number of the person").fill(number)
    hanna.get_by_role("button", name="Ask for a cost of hers").click()
    expect(hanna.get_by_role("heading", level=1)).to_have_text("Ask for approval of a cost")
    hanna.get_by_role("button", name="Ask for it").click()
    expect(hanna.get_by_role("alert").first).to_contain_text("Kind of cost")
    fine_at_both(hanna, "cost-ask-error")
    hanna.get_by_label("Kind of cost").select_option("DENTAL")
    hanna.get_by_label("What is it?").fill("Zahnsanierung")
    hanna.get_by_label("Why is it needed?").fill("Der Zahnarzt hält sie für nötig.")
    hanna.get_by_label("First day").fill(day.replace(year=day.year - 1).isoformat())
    hanna.get_by_label("Last day").fill(day.isoformat())
    hanna.get_by_label("Price of one").fill("420")
    hanna.get_by_label("How many?").fill("3")
    hanna.get_by_role("button", name="Ask for it").click()
    expect(hanna.get_by_text("Not all of its days are days for which support is reimbursed")).to_be_visible()
    fine_at_both(hanna, "cost-ask-against")
    hanna.get_by_label("Why it is asked for, if something").fill("Die Behandlung begann im Zentrum.")
    hanna.get_by_role("button", name="Ask for it").click()
    expect(hanna.get_by_role("button", name="Take it back")).to_be_visible()
    canton.pair.now = max(canton.pair.now, clock.now())
    canton.settle()

    # the payer opens its findings first, and approves a part: with a reason and words
    bo.goto(server.url("desk", f"/{side.office.slug}/tasks/"))
    bo.get_by_role("link", name="Musterwil kommun").last.click()
    expect(bo.get_by_text("The price is above the tariff").first).to_be_visible()
    expect(bo.get_by_text("Die Behandlung begann im Zentrum.")).to_be_visible()
    bo.get_by_label("A part of it").check()
    bo.get_by_role("button", name="Send the answer").click()
    expect(bo.get_by_role("alert").first).to_contain_text("Choose why not all of it is approved.")
    fine_at_both(bo, "cost-error")
    bo.get_by_label("A part of it").check()
    bo.get_by_label("At most").fill("1200")
    bo.get_by_label("Why not all of it").select_option("RATE_WRONG")
    bo.get_by_label("In words").fill("Nach Tarif 400 Franken je Füllung.")
    bo.get_by_role("button", name="Send the answer").click()
    expect(bo.get_by_role("button", name="Take it back")).to_be_visible()
    canton.pair.now = max(canton.pair.now, clock.now())
    canton.settle()
    hanna.reload()
    expect(hanna.get_by_text("approved in part").first).to_be_visible()
    expect(hanna.get_by_text("Nach Tarif 400 Franken je Füllung.")).to_be_visible()
    fine_at_both(hanna, "cost-answered")

    # the payer changes what it approved: what it says already is no change; the other side sees both
    bo.reload()
    bo.get_by_role("link", name="Change or end the approval").click()
    expect(bo.get_by_role("heading", level=1)).to_have_text("Change or end an approval")
    bo.get_by_label("Why is it changed?").select_option("OTHER_PAYER_FIRST")
    bo.get_by_label("In words").fill("Die Krankenkasse zahlt 300 Franken.")
    bo.get_by_role("button", name="Tell it").click()
    expect(bo.get_by_role("alert").first).to_contain_text("This is what it says already")
    fine_at_both(bo, "approval-change-error")
    bo.get_by_label("At most, in all").fill("900")
    bo.get_by_role("button", name="Tell it").click()
    expect(bo.get_by_role("heading", level=1)).to_have_text("Change of a cost approval")
    canton.pair.now = max(canton.pair.now, clock.now())
    canton.settle()
    hanna.goto(server.url("desk", f"/{here.office.slug}/tasks/"))
    fine_at_both(hanna, "approval-changed-task")
    row = hanna.get_by_role("row").filter(has_text="changed or ended a cost approval")
    row.get_by_role("link").click()
    expect(hanna.get_by_text("Die Krankenkasse zahlt 300 Franken.")).to_be_visible()
    expect(hanna.get_by_text("It is noted.")).to_be_visible()
    fine_at_both(hanna, "approval-change")
    change = hanna.url.partition(here.office.slug)[2]
    hanna.get_by_role("link", name=re.compile(r"^\d{4}-")).click()
    expect(hanna.get_by_role("row").filter(has_text="Somebody else pays, or pays a part")).to_contain_text("900")
    expect(hanna.get_by_role("link", name="Change or end the approval")).to_have_count(0)
    fine_at_both(hanna, "cost-changed")

    # where its rules want two people one proposes, and another tells it
    enter_tariff(
        **canton.pair.act(side, "bo"),
        new=NewTariff(account_code="DENTAL", since=day.replace(year=day.year - 1), changed_by_two=True),
    )
    bo.get_by_role("link", name=re.compile(r"^\d{4}-")).click()
    bo.get_by_role("link", name="Change or end the approval").click()
    bo.get_by_label("At most, in all").fill("700")
    bo.get_by_label("Why is it changed?").select_option("NOT_NEEDED")
    bo.get_by_label("In words").fill("Zwei Füllungen reichen.")
    bo.get_by_role("button", name="Propose it").click()
    expect(bo.get_by_text("A change is proposed")).to_be_visible()
    fine_at_both(bo, "cost-proposed")
    bo.get_by_role("button", name="Tell it").click()
    expect(bo.get_by_role("alert").first).to_contain_text("Somebody else has to look at it")
    bo.get_by_role("button", name="Take the proposal back").click()
    expect(bo.get_by_role("link", name="Change or end the approval")).to_be_visible()

    # who decides nothing can't answer; who pays reads nothing; the canton doesn't ask; the other has no copy
    key = canton.person(number, here).id
    (ours,), (theirs,) = ([row.id for row in one.rows(Approval)] for one in (side, here))
    for office, login, path, status in (
        (offices[1], "ulla", "/cost_approvals/", 403), (offices[2], "hanna", f"/cost_approvals/new/{key}/", 404),
        (offices[0], "rut", f"/cost_approvals/new/{canton.person(number).id}/", 404),
        (offices[2], "bo", hanna.url.partition(here.office.slug)[2], 404), (offices[2], "bo", change, 404),
        (offices[0], "rut", f"/approval_changes/new/{ours}/", 403),
        (offices[1], "bo", f"/approval_changes/new/{theirs}/", 404),
    ):  # fmt: skip
        answer = log_in(office, login).goto(server.url("desk", f"/{office.slug}{path}"))
        assert answer is not None
        assert answer.status == status, path
    rut = log_in(offices[0], "rut", at=bo.url)
    expect(rut.get_by_text("Die Behandlung begann im Zentrum.")).to_be_visible()
    expect(rut.get_by_role("button", name="Send the answer")).to_have_count(0)
    for locale, heading, words in (
        ("de-CH", "Kostengutsprachen", "Änderung einer Kostengutsprache"),
        ("fr-CH", "Garanties de frais", "Modification d’une garantie de frais"),
    ):
        other = log_in(
            offices[1], "hanna", locale=locale, at=server.url("desk", f"/{here.office.slug}/cost_approvals/")
        )
        expect(other.get_by_role("heading", level=1)).to_have_text(heading)
        fine_at_both(other, f"costs-{locale}")
        other.goto(server.url("desk", f"/{here.office.slug}{change}"))
        expect(other.get_by_role("heading", level=1)).to_have_text(words)
        fine_at_both(other, f"approval-change-{locale}")
