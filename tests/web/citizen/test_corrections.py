"""After sending: a correction is a new version that all adults sign; taking back is an act of the person."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from playwright.sync_api import Page, expect

from handslag.domain.casefile.models import Period
from handslag.domain.decisions import operations as decisions
from handslag.domain.decisions.models import Decision
from handslag.domain.decisions.operations import decide, propose
from handslag.domain.entitlement.operations import assess
from handslag.domain.entitlement.queries import newest_application
from handslag.domain.intake.models import Application, InboxItem
from handslag.domain.intake.operations import begin_correction, open_draft, save_answers, withdraw_application
from handslag.domain.intake.queries import rows_applied_for
from handslag.domain.tasks.models import Notice, Task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel import clock
from tests.office import C1, TEST

RENT = [{**row, "amount": "6 500"} if row["code"] == "RENT" else row for row in C1["costs"]]


def later(office: Any) -> None:
    """Time goes on: what comes now is newer."""
    office.now = clock.now()


def waiting(office: Any, folder: Any) -> list[Any]:
    """Keys of the applications that wait in the inbox."""
    with acting(office.slug, TEST, "look"):
        rows = InboxItem.objects.filter(case=folder.case).exclude(state="done")
        return list(rows.values_list("application_id", flat=True))


def test_she_corrects_her_rent_on_her_phone(
    citizen: Callable[..., Any],
    office: Any,
    axe: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
    visit: Any,
) -> None:
    folder = office.case()
    sent = folder.applied()
    petra = citizen(folder, width=320)
    petra.log_in()
    page = petra.page
    page.get_by_role("link", name="Din kvittens, rätta eller ta tillbaka").click()
    assert axe(page) == []
    picture(page, "citizen-receipt-open-320")
    page.get_by_role("button", name="Rätta den").click()
    expect(page.get_by_role("status")).to_contain_text("Inget är ändrat än")
    assert page.get_by_role("button", name="Gå vidare och skriv under").count() == 0
    assert axe(page) == []
    page.get_by_role("link", name="Ändra Kostnader").click()
    page.get_by_label("Belopp").first.fill("6500")
    page.get_by_role("button", name="Fortsätt").click()
    expect(page.get_by_role("heading", name="Det du ändrar")).to_be_visible()
    changed = page.locator("section", has=page.get_by_role("heading", name="Det du ändrar"))
    expect(changed).to_contain_text("6\xa0500,00\xa0kr")
    expect(changed).to_contain_text("skickat tidigare: 6\xa0200,00\xa0kr")
    assert changed.locator("dt").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    picture(page, "citizen-correction-320")
    page.get_by_role("button", name="Gå vidare och skriv under").click()
    page.get_by_role("button", name="Skriv under med e-legitimation").click()
    petra.identify()
    expect(page.get_by_role("heading", name="Vi har fått din rättelse")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("link", name="Versionen före").click()
    expect(page.get_by_role("status")).to_contain_text("Den nyare versionen gäller")
    assert page.get_by_role("button", name="Rätta den").count() == 0
    with acting(office.slug, TEST, "look"):
        new = Application.objects.get(corrects_id=sent.application_id)
        assert new.document["corrects"] == {
            "application": str(sent.application_id),
            "digest": sent.application.digest,
            "changed": [{"part": "costs", "code": "RENT"}],
        }
        old, now = (InboxItem.objects.get(application_id=key) for key in (sent.application_id, new.id))
        assert (old.state, now.state, now.due_on) == ("done", "waiting", old.due_on)


def test_nobody_decides_on_the_version_before(office: Any) -> None:
    folder = office.case()
    sent = folder.applied()
    sheet = folder.assessed()
    proposal = propose(**office.act("hanna"), sheet=sheet.id, reasons="", language="sv")
    office.now -= timedelta(seconds=2)  # she began to sign before it was calculated, and was done after
    assert folder.corrected(sent.application_id, costs=RENT) is not None
    office.now += timedelta(seconds=2)
    with pytest.raises(NotPossible, match="newer application"):
        decide(**office.act("bo"), decision=proposal.id, version=proposal.version)
    told = {"period": proposal.period_id, "facts": sheet.snapshot.facts, "version": 1}
    with pytest.raises(NotPossible, match="newer application"):  # nor on what is saved from a page without it
        assess(**office.act("hanna"), **told, applications=1)
    assert assess(**office.act("hanna"), **told, applications=2).applications == 2
    with acting(office.slug, TEST, "look"):
        assert Notice.objects.filter(member_id=folder.case.caseworker_id, kind="application").count() == 2


def test_who_decides_meanwhile_goes_first_and_neither_keeps_the_other_from_it(office: Any, monkeypatch: Any) -> None:
    """What she signs or takes back while it is being decided waits, and is told so; the database ended one of them."""
    was = decisions._refuse_outdated
    for how in ("corrects", "takes back"):
        folder = office.case()
        sent, sheet = folder.applied(), folder.assessed()
        proposal = propose(**office.act("hanna"), sheet=sheet.id, reasons="", language="sv")
        by = office.by(folder.citizens[0])
        draft = begin_correction(**by, application=sent.application_id)
        draft = save_answers(**by, draft=draft.id, version=draft.version, part={"costs": RENT})
        tried: list[Future[Any]] = []

        def act(folder: Any = folder, draft: Any = draft, how: str = how, sent: Any = sent, by: Any = by) -> None:
            try:
                if how == "corrects":
                    folder.signed(draft)
                else:
                    withdraw_application(**by, application=sent.application_id)
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as beside:

            def checked(sheet: Any, tried: Any = tried, act: Any = act, beside: Any = beside) -> None:
                was(sheet)
                tried.append(beside.submit(act))
                with pytest.raises(TimeoutError):
                    tried[0].result(timeout=0.3)

            monkeypatch.setattr(decisions, "_refuse_outdated", checked)
            decide(**office.act("bo"), decision=proposal.id, version=proposal.version)
            monkeypatch.setattr(decisions, "_refuse_outdated", was)
            with pytest.raises(NotPossible, match="decided"):
                tried[0].result(timeout=10)


def test_a_correction_of_one_of_two_keeps_the_other(office: Any) -> None:
    folder = office.case()
    first = folder.applied()
    by = office.by(folder.citizens[0])
    later(office)
    by = office.by(folder.citizens[0])
    more = open_draft(**by, case=folder.case.id, month=office.month, language="sv", form="se.supplementary")
    part = {"costs": [{"code": "GLASSES", "amount": "900", "note": ""}], "message": "Glasögonen gick sönder"}
    more = save_answers(**by, draft=more.id, version=1, part=part)
    second = folder.signed(more)
    assert second is not None
    later(office)
    assert folder.corrected(first.application_id, costs=RENT) is not None
    later(office)
    assert folder.corrected(second.application_id, costs=[{"code": "GLASSES", "amount": "800", "note": ""}]) is not None
    period = folder.period()
    with acting(office.slug, TEST, "look"):
        newest = newest_application(period.id)
        assert newest is not None
        amounts = {row["code"]: row["amount"] for row in rows_applied_for(newest)["costs"]}
        rows = rows_applied_for(newest)["costs"]
    assert (amounts["RENT"], amounts["GLASSES"], len(rows)) == (650_000, 80_000, 5)


def test_until_both_have_signed_the_correction_what_was_sent_counts(office: Any, visit: Any) -> None:
    couple = office.case(("Amira", "Haddad", "19880808"), ("Yusuf", "Åberg", "19850505"), email="x@example.org")
    sent = couple.applied()
    by = office.by(couple.citizens[1])
    draft = begin_correction(**by, application=sent.application_id)
    draft = save_answers(**by, draft=draft.id, version=draft.version, part={"costs": RENT})
    assert couple.signed(draft, 1) is None
    assert waiting(office, couple) == [sent.application_id]
    amira = visit(office, couple.citizens[0])
    page = amira.get(f"/{office.slug}/drafts/{draft.id}/sign/").content.decode()
    assert "Det du ändrar" in page
    assert "6\xa0500,00\xa0kr" in page
    amira.post(f"/{office.slug}/drafts/{draft.id}/withdraw/")
    assert "gäller som det är" in amira.get(f"/{office.slug}/my/?dropped").content.decode()
    assert waiting(office, couple) == [sent.application_id]
    later(office)
    again = couple.corrected(sent.application_id, costs=RENT)
    assert again is not None
    assert waiting(office, couple) == [again.application_id]


def test_a_correction_that_comes_too_late_changes_nothing_and_says_so(office: Any, visit: Any) -> None:
    folder = office.case()
    sent = folder.applied()
    by = office.by(folder.citizens[0])
    draft = begin_correction(**by, application=sent.application_id)
    with pytest.raises(NotPossible, match="draft there"):
        begin_correction(**by, application=sent.application_id)
    draft = save_answers(**by, draft=draft.id, version=draft.version, part={"costs": RENT})
    folder.decided()
    with pytest.raises(NotPossible, match="decided"):
        folder.signed(draft)
    client = visit(office, folder.citizens[0])
    here = f"/{office.slug}/applications/{sent.application_id}/"
    for act in ("correct/", "withdraw/"):
        answer = client.post(here + act)
        assert "Skriv till oss i stället" in client.get(answer.headers["Location"]).content.decode()
    with acting(office.slug, TEST, "look"):
        assert Application.objects.filter(case=folder.case).count() == 1
        assert Decision.objects.filter(case=folder.case, state="decided").count() == 1


def test_taking_back_is_told_and_never_a_refusal_and_the_month_is_open_again(office: Any, visit: Any) -> None:
    folder = office.case()
    sent = folder.applied()
    sheet = folder.assessed()
    proposal = propose(**office.act("hanna"), sheet=sheet.id, reasons="", language="sv")
    client = visit(office, folder.citizens[0])
    answer = client.post(f"/{office.slug}/applications/{sent.application_id}/withdraw/")
    assert "Ansökan är tillbakatagen" in client.get(answer.headers["Location"]).content.decode()
    with pytest.raises(NotPossible, match="taken back"):
        decide(**office.act("bo"), decision=proposal.id, version=proposal.version)
    assert waiting(office, folder) == []
    with acting(office.slug, TEST, "look"):
        task = Task.objects.get(subject_id=folder.case.id, kind="application withdrawn")
        assert (task.state, task.assignee_id) == ("open", folder.case.caseworker_id)
        assert Period.objects.get(id=folder.period().id).last_application_at is None
        assert not Decision.objects.filter(case=folder.case, state="decided").exists()
    page = client.get(f"/{office.slug}/my/").content.decode()
    assert "Återtagen" in page
    assert "Ansök för" in page
    again = open_draft(
        **office.by(folder.citizens[0]), case=folder.case.id, month=office.month, language="sv", form="se.renewal"
    )
    assert again.answers == C1  # what was written comes back


def test_one_of_a_couple_takes_it_back_and_the_other_loses_nothing(office: Any, visit: Any) -> None:
    couple = office.case(("Amira", "Haddad", "19880808"), ("Yusuf", "Åberg", "19850505"), email="x@example.org")
    stranger = office.case(("Eva", "Ek", "19700101"))
    sent = couple.applied()
    where = f"/{office.slug}/applications/{sent.application_id}/"
    with pytest.raises(Hidden):
        withdraw_application(**office.by(stranger.citizens[0]), application=sent.application_id)
    with pytest.raises(Hidden):
        begin_correction(**office.by(stranger.citizens[0]), application=sent.application_id)
    yusuf, amira = visit(office, couple.citizens[1]), visit(office, couple.citizens[0])
    yusuf.post(where + "withdraw/")
    yusuf.post(where + "withdraw/")  # pressed twice: once
    assert waiting(office, couple) == [sent.application_id]
    assert "Den gäller fortfarande för den andra vuxna" in yusuf.get(where).content.decode()
    page = amira.get(where).content.decode()
    assert "Yusuf Åberg har tagit tillbaka ansökan. Den gäller fortfarande för dig" in page
    with acting(office.slug, TEST, "look"):
        assert Task.objects.filter(subject_id=couple.case.id, kind="withdrawn by one").count() == 1
        told = Notice.objects.filter(kind="application withdrawn", person__isnull=False)
        assert list(told.values_list("person_id", flat=True)) == [couple.citizens[0].id]
    couple.assessed()
    amira.post(where + "withdraw/")
    assert waiting(office, couple) == []
    assert "inget beslut på den" in amira.get(where).content.decode()
