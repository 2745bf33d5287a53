"""Applications on paper: as many lines as there are, who has to sign, and a signature that is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lxml.html
import pytest
from playwright.sync_api import Page, expect

from handslag.domain.casefile.operations import answer_message, move_in, move_out, send_message
from handslag.domain.intake.forms import MOST_ROWS
from handslag.domain.intake.models import Application, InboxItem, Receipt
from handslag.domain.intake.operations import enter_on_paper, record_signature, withdraw_application
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel import clock
from handslag.kernel.ids import uuid7
from tests.office import C1, TEST
from tests.web.citizen.test_elsewhere import auditor
from verifier import verify


def fields(text: str, has: str) -> dict[str, Any]:
    """The fields of the page's form that has a field `has`, with what stands in them."""
    (form,) = [form for form in lxml.html.document_fromstring(text).forms if has in form.inputs.keys()]  # noqa: SIM118
    found: dict[str, Any] = {}
    for name, value in form.form_values():
        found[name] = [*found.get(name, []), value]
    return {name: values[0] if len(values) == 1 else values for name, values in found.items() if name != "csrf"}


def without_token(sent: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in sent.items() if name != "csrfmiddlewaretoken"}


def test_more_rows_keep_all_that_was_typed(office: Any, desk: Any) -> None:
    folder, rut = office.case(("Petra", "Nilsson", "19850302"), ("Per", "Nilsson", "19831120")), desk(office, "rut")
    typed = {
        "since": "nästa vecka",
        **{f"number-{n}": f"fel {n}" for n in range(8)},
        "role-3": "child",
        "role-6": "adult",
    }
    sent = without_token(fields(rut.open("/households/new/").text, "number-0")) | typed
    for rows in (12, 16):
        after = without_token(fields(rut.open("/households/new/", **sent, act="more").text, "number-0"))
        assert after == {**{f"{part}-{n}": "" for n in range(rows) for part in ("number", "role")}, **sent}
        sent = after | {f"number-{rows - 1}": "också fel"}
    full = {f"number-{n}": str(n) for n in range(199)}
    after = fields(rut.open("/households/new/", **full, since="", act="more").text, "number-0")
    assert after["number-198"] == "198" and "number-199" in after and "number-200" not in after

    path = f"/cases/{folder.case.id}/paper/"
    sent = without_token(fields(rut.open(path).text, "evidence"))
    sent |= {
        "household-same": "no", "household-changes": "Min syster är här", "message": "Hej", "evidence": "pärm 3",
        "channel": "phone", "language": "en", "signed": str(folder.citizens[1].id),
        "costs-0-code": "RENT", "costs-0-amount": "sex tusen", "costs-1-note": "utan belopp", "costs-2-code": "OTHER",
        "incomes-3-code": "SALARY", "incomes-3-person": str(folder.citizens[0].id), "incomes-1-amount": "1 2",
    }  # fmt: skip
    before = {
        kind: sum(name.startswith(f"{kind}-") and name.endswith("-code") for name in sent)
        for kind in ("costs", "incomes")
    }
    for kind in ("incomes", "costs", "costs"):
        after = without_token(fields(rut.open(path, **sent, act=f"more-{kind}").text, "evidence"))
        new = {
            f"{kind}-{before[kind] + n}-{part}": "" for n in range(4) for part in ("code", "person", "amount", "note")
        }
        assert after == {**new, **sent}
        before[kind] += 4
        sent = after
    many = {f"costs-{n}-note": str(n) for n in range(MOST_ROWS)} | {f"costs-{n}-code": "" for n in range(MOST_ROWS)}
    after = fields(rut.open(path, **many, act="more-costs").text, "evidence")
    assert after[f"costs-{MOST_ROWS - 1}-note"] == str(MOST_ROWS - 1) and f"costs-{MOST_ROWS}-note" not in after


def on_paper(office: Any, folder: Any, **more: Any) -> Any:
    """Enter C1 on paper for the case; `month`, `signed_on`, `lacking` as told."""
    told = {"key": uuid7(), "channel": "paper", "language": "sv", "answers": C1, "evidence": "pärm 3"}
    return enter_on_paper(**office.act("rut"), case=folder.case.id, **{**told, "month": office.month, **more})


def moved_in(office: Any, folder: Any, given: str, since: Any, **more: Any) -> Any:
    """Another adult in the case's household from a day on; the case itself names her nowhere."""
    key, _number = office.person(given, "Inflyttad", "19800404", **more)
    bo = office.act("bo")
    move_in(**bo, household=folder.case.household_id, person=key, role="adult", since=since)
    return key


def test_everybody_signs_whom_the_sheet_of_the_month_counts(office: Any) -> None:
    folder, month = office.case(), office.month
    petra = folder.citizens[0].id
    yusuf = moved_in(office, folder, "Yusuf", month.since.replace(day=15))
    for signed, lacking in (([petra], []), ([yusuf], []), ([], [petra, yusuf]), ([petra, uuid7()], [yusuf])):
        with pytest.raises(NotPossible, match="signature missing"):
            on_paper(office, folder, signed_on=signed, lacking=lacking)
    before = on_paper(office, folder, month=month - 1, signed_on=[petra])  # he lived elsewhere then
    whole = on_paper(office, folder, signed_on=[yusuf, petra])
    assert [one["person"] for one in before.body["signatures"]] == [str(petra)]
    assert {one["person"] for one in whole.body["signatures"]} == {str(petra), str(yusuf)}
    # he moves out, another moves in: in the next month it is she who signs
    next_month = (month + 1).since
    move_out(**office.act("rut"), household=folder.case.household_id, person=yusuf, until=next_month)
    ola = moved_in(office, folder, "Ola", next_month)
    with pytest.raises(NotPossible, match="signature missing"):
        on_paper(office, folder, month=month + 1, signed_on=[petra, yusuf])
    assert on_paper(office, folder, month=month + 1, signed_on=[petra, ola])
    with acting(office.slug, TEST, "look"):
        facts = Application.objects.get(id=whole.application_id).document
        assert facts["applicants"] == [str(petra), str(yusuf)] and "unsigned" not in facts
        assert not Task.objects.filter(kind="signature missing").exists()
    assert verify(auditor(), tenants=[office.slug], at=clock.now()).ok


def test_paper_with_a_signature_missing_is_received_and_the_signature_noted_later(
    office: Any, desk: Any, log_in: Callable[..., Page], server: Any, fine_at_both: Any
) -> None:
    folder = office.case()
    petra, case = folder.citizens[0].id, folder.case.id
    hidden = moved_in(office, folder, "Kanarie", office.month.since, protection_level=1)
    rut = log_in(office, "rut")
    rut.goto(server.url("desk", f"/{office.slug}/cases/{case}/paper/"))
    expect(rut.locator("main")).not_to_contain_text("Kanarie")
    rut.locator("#id_household-same").check()
    rut.locator("#id_costs-0-amount").fill("6 200")
    rut.locator("#id_signed-0").check()
    rut.get_by_label("Where the paper or the note is kept").fill("pärm 3")
    rut.get_by_role("button", name="Receive the application").click()
    expect(rut.locator("main")).to_contain_text("Tick each signature that stands on the paper")
    fine_at_both(rut, "desk-paper-signature")
    rut.get_by_label("The signature of Protected person is missing").check()
    rut.get_by_role("button", name="Receive the application").click()
    expect(rut.locator("main")).to_contain_text("The signature of Protected person was missing when this came")
    fine_at_both(rut, "desk-application-unsigned")
    rut.get_by_role("button", name="Note the signature").click()
    expect(rut.locator("main")).to_contain_text("Write where the paper with the signature is kept")
    with acting(office.slug, TEST, "look"):
        (row,) = Application.objects.all()
        assert row.document["unsigned"] == [str(hidden)] and "Kanarie" not in str(row.document)
        assert InboxItem.objects.get().application_id == row.id  # it waits like any other, from the day that it came
        assert Task.objects.get(kind="signature missing").state == "open"
    assert "is missing" in desk(office, "hanna").open(f"/cases/{case}/periods/{office.month}/").text
    assert verify(auditor(), tenants=[office.slug], at=clock.now()).ok

    told = {"case": case, "application": row.id, "evidence": "pärm 4"}
    for whose in (petra, office.person("Eva", "Främmande", "19700101")[0]):
        with pytest.raises(Hidden):
            record_signature(**office.act("hanna"), **told, person=whose)
    rut.get_by_label("Where the paper with the signature is kept").fill("pärm 4")
    rut.get_by_role("button", name="Note the signature").click()
    expect(rut.locator("main")).not_to_contain_text("was missing when this came")
    expect(rut.locator("main")).to_contain_text("pärm 4")
    with pytest.raises(NotPossible, match="signed already"):
        record_signature(**office.act("hanna"), **told, person=hidden)
    with acting(office.slug, TEST, "look"):
        assert Task.objects.get(kind="signature missing").state == "done"
        assert Receipt.objects.get().body["signatures"][0]["person"] == str(petra)  # as it was when it was given
    assert verify(auditor(), tenants=[office.slug], at=clock.now()).ok
    # who applied takes it back: it stands for the other one, who has signed
    assert not withdraw_application(**office.by(folder.citizens[0]), application=row.id).whole


def test_what_is_not_clearly_a_question_is_entered_as_an_application(office: Any, desk: Any) -> None:
    """A message is an application unless it is clearly a question: from the conversation to its receipt, with her words
    and her signature; nobody else's message, and none of the office."""
    folder, hanna = office.case(), desk(office, "hanna")
    other = office.case(("Eva", "Ek", "19700101"))
    told = {"case": folder.case.id, "message": uuid7(), "text": "Jag kan inte betala hyran i mars."}
    written = send_message(**office.by(folder.citizens[0]), **told).id
    answer = {**told, "person": folder.citizens[0].id, "message": uuid7(), "text": "Vi tittar på det."}
    answered = answer_message(**office.act("hanna"), **answer).id
    page = hanna.open(f"/cases/{folder.case.id}/messages/").text
    place = f"/cases/{folder.case.id}/paper/?message={written}"
    assert page.count("Enter it as an application") == 1 and place in page
    sent = without_token(fields(hanna.open(place).text, "evidence"))
    assert sent["message"] == told["text"] and sent["signed"] == str(folder.citizens[0].id)
    assert sent["evidence"].startswith("Message on My pages, ")
    sent |= {"channel": "paper", "household-same": "yes", "costs-0-code": "RENT", "costs-0-amount": "6 200"}
    assert hanna.open(f"/cases/{folder.case.id}/paper/", **sent).status_code == 302
    with acting(office.slug, TEST, "look"):
        assert Application.objects.get(case=folder.case).document["answers"]["message"] == told["text"]
    for wrong in (answered, uuid7(), "x"):
        assert hanna.open(f"/cases/{folder.case.id}/paper/?message={wrong}").status_code == 404
    assert hanna.open(f"/cases/{other.case.id}/paper/?message={written}").status_code == 404


def test_who_answers_reads_first_what_came_since_the_page_was_opened(office: Any, desk: Any) -> None:
    folder, hanna = office.case(), desk(office, "hanna")
    place, told = f"/cases/{folder.case.id}/messages/", {"case": folder.case.id}
    send_message(**office.by(folder.citizens[0]), **told, message=uuid7(), text="När kommer pengarna?")
    typed = without_token(fields(hanna.open(place).text, "seen")) | {"text": "På fredag <b>."}
    send_message(**office.by(folder.citizens[0]), **told, message=uuid7(), text="Vi har ingen mat")
    refused = hanna.open(place, **typed)
    assert "She has written since this page was opened" in refused.text
    assert "Vi har ingen mat" in refused.text
    again = without_token(fields(refused.text, "seen"))
    assert (again["text"].strip(), again["seen"]) == ("På fredag <b>.", "2")  # what was typed stays
    assert hanna.open(place, **again).status_code == 302
    assert "På fredag &lt;b&gt;." in hanna.open(place).text
