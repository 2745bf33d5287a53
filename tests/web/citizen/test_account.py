"""Another account: a step-up of one's own, a member of staff who checks it, and the owner told at each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from handslag.domain.payments.models import Payment
from handslag.domain.people.models import Account, AccountChange
from handslag.domain.people.operations.accounts import (
    ask_account_change,
    begin_account_change,
    change_to_sign,
    confirm_account_change,
    refuse_account_change,
    withdraw_account_change,
)
from handslag.domain.tasks.models import Notice, Task
from handslag.domain.tenancy.door import Actor, acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.kernel import clock
from handslag.kernel.ids import uuid7
from tests.office import TEST

NEW = {"kind": "bban", "clearing": "9020", "number": "7654338"}


def accounts(office: Any, folder: Any) -> list[tuple[str, bool]]:
    with acting(office.slug, TEST, "look"):
        rows = Account.objects.filter(person_id=folder.citizens[0].id).order_by("since")
        return [(row.number, row.until is None) for row in rows]


def notices(office: Any) -> list[str]:
    with acting(office.slug, TEST, "look"):
        rows = Notice.objects.filter(kind__startswith="account change", person__isnull=False)
        return list(rows.order_by("created_at", "id").values_list("kind", flat=True))


def test_she_asks_on_her_phone_and_a_registrar_checks_it(
    office: Any,
    citizen: Callable[..., Any],
    visit: Any,
    axe: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
) -> None:
    folder, other = office.case(email="petra@example.org"), office.case(("Eva", "Ek", "19700101"))
    folder.applied()
    folder.decided()
    petra = citizen(folder, width=320)
    petra.log_in()
    page = petra.page
    page.get_by_role("link", name="Kontot som du får pengarna till").click()
    expect(page.locator("main")).to_contain_text("kontot som slutar på 4566")
    page.get_by_label("Clearingnummer").fill("9020")
    page.get_by_label("Kontonummer").fill("765 43 29")
    page.get_by_role("button", name="Bekräfta").click()
    expect(page.get_by_role("alert")).to_contain_text("Det kan inte stämma")
    expect(page.get_by_label("Clearingnummer")).to_have_value("9020")
    assert axe(page) == []
    picture(page, "citizen-account-errors-320")
    page.get_by_label("Kontonummer").fill("765 43 38")
    page.get_by_role("button", name="Bekräfta").click()
    petra.identify()
    expect(page.locator("main")).to_contain_text("Kontot som slutar på 4338")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    picture(page, "citizen-account-asked-320")
    assert accounts(office, folder) == [("1234566", True)]  # nothing moves before a person has checked it
    assert "4338" not in visit(office, other.citizens[0]).get(f"/{office.slug}/account/").content.decode()
    with acting(office.slug, TEST, "look"):
        change = AccountChange.objects.get(person_id=folder.citizens[0].id)
        task = Task.objects.get(kind="account change")
        assert (change.state, task.subject_id, task.unit_id) == ("asked", change.person_id, folder.case.unit_id)
        assert change.evidence is not None
    assert notices(office) == ["account change asked"]
    told = {"change": change.id, "version": change.version}
    with pytest.raises(NotAllowed):
        confirm_account_change(**office.act("ulla"), **told)
    with pytest.raises(Conflict):
        confirm_account_change(**office.act("rut"), change=change.id, version=change.version + 1)
    confirm_account_change(**office.act("rut"), **told)
    with pytest.raises(Conflict):
        refuse_account_change(**office.act("rut"), **told, reason="nej")
    assert accounts(office, folder) == [("1234566", False), ("7654338", True)]
    with acting(office.slug, TEST, "look"):
        assert Task.objects.get(kind="account change").state == "done"
        assert Payment.objects.get(case=folder.case).account_number == "7654338"  # what is planned goes there
        assert Notice.objects.filter(kind="account changed", person_id=change.person_id).count() == 1
    page.reload()
    expect(page.locator("main")).to_contain_text("till kontot som slutar på 4338")


def test_what_does_not_come_from_her_moves_nothing(office: Any, visit: Any, at_eid: Callable[..., str]) -> None:
    nobody = Actor("citizen", office.person("Kim", "Utan Ärende", "19800101")[0])
    assert visit(office, nobody).get(f"/{office.slug}/account/").status_code == 404  # is paid nothing here
    folder, stranger = office.case(email="petra@example.org"), office.case(("Eva", "Ek", "19700101"))
    client = visit(office, folder.citizens[0])
    here = f"/{office.slug}/account/"
    sent = {"clearing": "9020", "number": "7654338"}
    for number, action, words in (
        (stranger.numbers[0], "login", "Någon annan identifierade sig"),
        (folder.numbers[0], "cancel", "Du avbröt"),
    ):
        back = client.get(at_eid(client.post(here, sent).url, number, action=action))
        assert words in client.get(back.url).content.decode()
    address = client.post(here, sent).url
    with acting(office.slug, TEST, "look"):
        begun = AccountChange.objects.filter(person_id=folder.citizens[0].id, state="begun")
        assert begun.count() == 3
        assert not AccountChange.objects.exclude(state="begun").exists()
    answer = at_eid(address, folder.numbers[0])
    assert client.get(answer).url == here
    assert client.get(answer).status_code in (302, 400)  # twice: once
    with acting(office.slug, TEST, "look"):
        change = AccountChange.objects.get(state="asked")
    by, digest = office.by(folder.citizens[0]), change_to_sign(change.id, change.person_id, **NEW)
    signed = {"identifier": folder.numbers[0], "issuer": "e", "acr": "l", "evidence": {}}
    key = uuid7()
    begin_account_change(**by, change=key, state="s", **NEW)
    with pytest.raises(NotPossible, match="other content"):  # signed for another number than was begun
        ask_account_change(**by, state="s", digest=digest, **signed)
    with pytest.raises(Hidden):
        withdraw_account_change(**office.by(stranger.citizens[0]), change=change.id)
    with pytest.raises(Hidden):
        ask_account_change(**office.by(stranger.citizens[0]), state="s", digest=digest, **signed)
    assert "redan pengarna" in client.post(here, {"clearing": "9020", "number": "1234566"}).content.decode()
    client.post(f"{here}{change.id}/withdraw/")
    assert "bett om ett annat konto" not in client.get(here).content.decode()
    assert accounts(office, folder) == [("1234566", True)]
    office.now = clock.now()  # newer than what the pages noted
    again = folder.asks_for_account()
    newer = folder.asks_for_account("3300", "9001011239")
    with acting(office.slug, TEST, "look"):
        assert AccountChange.objects.get(id=again.id).state == "withdrawn"
        assert Task.objects.filter(kind="account change", state="open").count() == 1
    with pytest.raises(NotPossible, match="account reason"):
        refuse_account_change(**office.act("rut"), change=newer.id, version=newer.version, reason=" ")
    reason = "Vi nådde dig inte. Ring oss."
    refuse_account_change(**office.act("rut"), change=newer.id, version=newer.version, reason=reason)
    assert reason in client.get(here).content.decode()
    assert accounts(office, folder) == [("1234566", True)]
    assert notices(office)[-1] == "account change refused"
