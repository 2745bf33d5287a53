"""Messages between a person and the office: at any time, her own, told to the caseworker, sent once, urgent seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from playwright.sync_api import Page, expect

from handslag.domain.casefile.models import Message
from handslag.domain.casefile.operations import answer_message, send_message
from handslag.domain.casefile.policies import is_urgent
from handslag.domain.decisions.operations import answer_hearing, open_hearing
from handslag.domain.decisions.operations.appeals import lodge_appeal
from handslag.domain.intake.models import Draft
from handslag.domain.intake.operations import change_again, withdraw_draft
from handslag.domain.tasks.models import Notice, Task
from handslag.domain.tasks.operations import finish_task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel import clock
from handslag.kernel.ids import uuid7
from tests.office import C1, TEST

MEET = "Jag vill boka ett möte <nästa> vecka & prata om hyran"


def test_a_word_of_need_in_an_application_reaches_a_person_at_once(office: Any, visit: Any) -> None:
    usual, folder = office.case(), office.case()
    usual.applied()
    receipt = folder.applied({**C1, "message": "Vi har ingen mat."})
    with acting(office.slug, TEST, "look"):
        (task,) = Task.objects.filter(kind="urgent application")
    assert (task.subject_id, task.assignee_id) == (folder.case.id, office.members["hanna"])
    client = visit(office, folder.citizens[0])
    page = client.get(f"/{office.slug}/applications/{receipt.application_id}/").content.decode()
    assert "genast under kontorstid" in page and "112" in page


def test_words_of_need_reach_a_person_at_the_first_of_two_signatures(office: Any, visit: Any) -> None:
    """Her words are a message then: they stand there, to be answered, when the other adult doesn't want to sign."""
    hungry = "Vi är hungriga och barnen har ingen mat"
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))
    draft = folder.draft({**C1, "message": hungry})
    page = f"/{office.slug}/drafts/{draft.id}/sign/"
    assert folder.signed(draft, 0) is None
    assert "genast under kontorstid" in visit(office, folder.citizens[0]).get(page).content.decode()
    change_again(**office.by(folder.citizens[1]), draft=draft.id)
    with acting(office.slug, TEST, "look"):
        draft = Draft.objects.get(id=draft.id)
    folder.signed(draft, 0, state="again")  # the same again is no second message
    withdraw_draft(**office.by(folder.citizens[1]), draft=draft.id)
    with acting(office.slug, TEST, "look"):
        (said,) = Message.objects.filter(case=folder.case)
        (task,) = Task.objects.filter(kind="urgent message")
    assert (said.person_id, said.text, said.urgent) == (folder.citizens[0].id, hungry, True)
    assert (task.subject_id, task.assignee_id) == (folder.case.id, office.members["hanna"])
    assert (
        hungry
        not in visit(office, folder.citizens[1])
        .get(f"/{office.slug}/cases/{folder.case.id}/messages/")
        .content.decode()
    )


def test_words_of_need_in_what_she_answers_and_appeals_reach_a_person_at_once(office: Any) -> None:
    hungry = "Wir haben nichts zu essen"
    for answers in (True, False):
        folder = office.case()
        folder.applied()
        if answers:
            told = {"period": folder.period().id, "about": "Vi räknar med lönen."}
            (asked,) = open_hearing(**office.act("hanna"), **told, answer_by=office.today + timedelta(days=1))
            answer_hearing(**office.by(folder.citizens[0]), hearing=asked.id, answer=hungry)
        else:
            appeal = {"appeal": uuid7(), "decision": folder.decided().id, "text": hungry, "files": []}
            lodge_appeal(**office.by(folder.citizens[0]), **appeal)
        with acting(office.slug, TEST, "look"):
            assert Task.objects.filter(subject_id=folder.case.id, kind="urgent words").count() == 1


def test_who_has_read_one_word_of_need_ends_none_that_came_since(office: Any) -> None:
    """Each waits by itself, in messages and elsewhere: done is said of what was read, on a page opened before."""
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))
    amina, yusuf = folder.citizens
    folder.applied()
    case, period = folder.case.id, folder.period().id
    asked = open_hearing(
        **office.act("hanna"), period=period, about="Vi räknar med lönen.", answer_by=office.today + timedelta(days=1)
    )
    of = {one.person_id: one.id for one in asked}
    send_message(**office.by(amina), case=case, message=uuid7(), text="Barnen har ingen mat")
    answer_hearing(**office.by(amina), hearing=of[amina.id], answer="Vi har inget att äta")
    with acting(office.slug, TEST, "look"):
        seen = list(Task.objects.filter(subject_id=case, kind__startswith="urgent"))
    send_message(**office.by(yusuf), case=case, message=uuid7(), text="Vi blir vräkta på fredag")
    answer_hearing(**office.by(yusuf), hearing=of[yusuf.id], answer="Han slår barnen")
    for task in seen:
        finish_task(**office.act("hanna"), task=task.id, version=task.version)
    with acting(office.slug, TEST, "look"):
        waiting = Task.objects.filter(subject_id=case, kind__startswith="urgent", state="open")
        assert sorted(waiting.values_list("kind", flat=True)) == ["urgent message", "urgent words"]


def test_an_answer_ends_only_what_waits_for_it(office: Any) -> None:
    """What the other adult wrote, what is said elsewhere, and what came since the page was opened waits on."""
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))
    amina, yusuf = folder.citizens
    folder.applied()

    def says(who: Any, text: str) -> None:
        office.now += timedelta(seconds=1)
        send_message(**office.by(who), case=folder.case.id, message=uuid7(), text=text)

    def answers(who: Any, **more: Any) -> dict[str, str]:
        office.now += timedelta(seconds=1)
        told = {"case": folder.case.id, "person": who.id, "message": uuid7(), "text": "Vi ringer dig."}
        answer_message(**office.act("hanna"), **{**told, **more})
        with acting(office.slug, TEST, "look"):
            return dict(Task.objects.filter(subject_id=folder.case.id).values_list("kind", "state"))

    says(yusuf, "Barnen har ingen mat")
    assert answers(amina) == {"urgent message": "open"}
    says(amina, "När kommer pengarna?")
    hearings = {"period": folder.period().id, "about": "Vi räknar med lönen."}
    asked = open_hearing(**office.act("hanna"), **hearings, answer_by=office.today + timedelta(days=1))
    mine = next(one for one in asked if one.person_id == amina.id)
    answer_hearing(**office.by(amina), hearing=mine.id, answer="Vi har inget att äta")
    found = answers(amina)
    assert (found["message"], found["urgent message"], found["urgent words"]) == ("done", "open", "open")
    says(yusuf, "Nu slår han barnen")
    with pytest.raises(NotPossible, match="said more"):
        answers(yusuf, seen=1)
    key = uuid7()
    found = answers(yusuf, seen=2, message=key)
    assert (found["urgent message"], found["urgent words"]) == ("done", "open")
    says(yusuf, "Tack")
    with pytest.raises(NotPossible, match="sent already"):  # pressed twice: it is sent, whatever came since
        answers(yusuf, seen=2, message=key)


def test_she_writes_on_her_phone_and_reads_the_answer(
    citizen: Callable[..., Any],
    office: Any,
    axe: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
) -> None:
    folder = office.case(email="petra@people.example")
    petra = citizen(folder, width=320)
    petra.log_in()
    page = petra.page
    page.get_by_role("link", name="Skriv till oss eller läs vårt svar").click()
    page.get_by_role("button", name="Skicka").click()
    expect(page.get_by_role("alert")).to_contain_text("Skriv ditt meddelande.")
    assert axe(page) == []
    page.get_by_label("Ditt meddelande").fill(MEET)
    page.get_by_role("button", name="Skicka").click()
    expect(page.locator("#newest")).to_contain_text(MEET)
    expect(page.get_by_role("status")).to_contain_text("Din handläggare får veta det")
    with acting(office.slug, TEST, "look"):
        (task,) = Task.objects.filter(subject_id=folder.case.id, kind="message")
        assert (task.state, task.assignee_id) == ("open", folder.case.caseworker_id)
        assert Notice.objects.filter(member_id=folder.case.caseworker_id, kind="message").count() == 1
    answer_message(
        **{**office.act("hanna"), "now": clock.now()},
        case=folder.case.id,
        person=folder.citizens[0].id,
        message=uuid7(),
        text="Torsdag kl. 10",
    )
    page.reload()
    expect(page.locator("#newest")).to_contain_text("Torsdag kl. 10")
    expect(page.locator("#newest")).to_contain_text("Hanna Handläggare")
    page.get_by_label("Ditt meddelande").fill("Vi är HUNGRIGA,\noch har ingen mat till barnen")
    page.get_by_role("button", name="Skicka").click()
    expect(page.get_by_role("status")).to_contain_text("ring 112")
    assert axe(page) == []
    picture(page, "citizen-messages-320")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    with acting(office.slug, TEST, "look"):
        kinds = dict(Task.objects.filter(subject_id=folder.case.id).values_list("kind", "state"))
        assert kinds == {"message": "done", "urgent message": "open"}
        (told,) = Notice.objects.filter(person_id=folder.citizens[0].id, kind="message")
        assert told.address == "petra@people.example"


def test_a_partner_and_a_stranger_read_nothing_of_it(office: Any, visit: Callable[..., Any]) -> None:
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))
    here = f"/{office.slug}/cases/{folder.case.id}/messages/"
    key = uuid7()
    send_message(**office.by(folder.citizens[0]), case=folder.case.id, message=key, text="Kanarie: han slår mig")
    answer_message(
        **office.act("hanna"), case=folder.case.id, person=folder.citizens[0].id, message=uuid7(), text="Kanarie två"
    )
    assert "Kanarie: han slår mig" in visit(office, folder.citizens[0]).get(here).content.decode()
    partner = visit(office, folder.citizens[1]).get(here)
    assert partner.status_code == 200
    assert "Kanarie" not in partner.content.decode()
    stranger = office.case(("Eva", "Ek", "19700101"))
    with pytest.raises(Hidden):
        send_message(**office.by(stranger.citizens[0]), case=folder.case.id, message=uuid7(), text="hej")
    with pytest.raises(Hidden):  # no adult of this case
        answer_message(
            **office.act("hanna"), case=folder.case.id, person=stranger.citizens[0].id, message=uuid7(), text="hej"
        )


def test_it_is_sent_once_and_never_changed(office: Any, visit: Callable[..., Any], connect: Any) -> None:
    folder = office.case()
    here, key = f"/{office.slug}/cases/{folder.case.id}/messages/", str(uuid7())
    petra = visit(office, folder.citizens[0])
    for _ in range(2):
        assert petra.post(here, {"message": key, "text": MEET}).status_code == 302
    other = petra.post(here, {"message": key, "text": "något annat"})
    assert other.status_code == 422
    assert "något annat" in other.content.decode()  # what she wrote stays on the page
    long = petra.post(here, {"message": str(uuid7()), "text": "x" * 4_001})
    assert (long.status_code, "x" * 4_001 in long.content.decode()) == (422, True)
    with acting(office.slug, TEST, "look"):
        assert list(Message.objects.filter(case=folder.case).values_list("text", flat=True)) == [MEET]
    with pytest.raises(NotPossible, match="sent already"):
        send_message(**office.by(folder.citizens[0]), case=folder.case.id, message=UUID(key), text=MEET)
    with connect("owner", autocommit=True) as owner, pytest.raises(psycopg.Error):
        owner.execute("UPDATE casefile_message SET text = 'x'")


@pytest.mark.parametrize(
    ("text", "urgent"),
    [
        ("Jag är hungrig", True),
        ("We have NO  FOOD left", True),
        ("أنا جائع", True),
        ("vi har inget att äta", True),
        ("Maten är slut sedan i går", True),
        ("Vi har inte råd med mat", True),
        ("kylskåpet är tomt", True),
        ("Jag har inte ätit på två dagar", True),
        ("Vi blir vräkta på fredag", True),
        ("De ska kasta ut oss, vi har ingenstans att bo", True),
        ("Jag orkar inte leva längre", True),
        ("Min man slår barnen", True),
        ("De har stängt av elen", True),
        ("We have nothing to eat", True),
        ("I can’t afford food for the kids", True),
        ("We haven't eaten since Monday", True),
        ("We are being thrown out", True),
        ("I have nowhere to sleep", True),
        ("He beats us", True),
        ("I ran out of medicine", True),
        ("لا يوجد طعام", True),
        ("ليس عندنا أكل في البيت", True),
        ("الاطفال جائعون", True),
        ("وجائعة", True),
        ("سيطردوننا من الشقة", True),
        ("زوجي يضرب الأطفال", True),
        ("قطعوا الكهرباء", True),
        ("Wir haben nichts zu essen", True),
        ("Wir haben Hunger", True),
        ("Mein Mann schlägt die Kinder", True),
        ("Wir werden aus der Wohnung rausgeworfen", True),
        ("Der Strom ist abgestellt", True),
        ("Nous n’avons plus rien à manger", True),
        ("J'ai faim", True),
        ("On nous met dehors vendredi", True),
        ("Il me frappe", True),
        ("L’électricité est coupée", True),
        ("Barnen har inte fått mat på tre dagar", True),
        ("Insulinet är slut", True),
        ("Han slår barnet", True),
        ("vi har inget att ata", True),  # a keyboard without ä
        ("Nous n'avons plus rien a manger", True),
        ("jag är hung\u00adrig", True),  # copied from where the word was broken at the end of a line
        ("انا جعان", True),
        ("Jag har valt bort kabel-tv", False),
        ("Ich möchte einen Termin für die Miete", False),
        ("Je voudrais un rendez-vous pour le loyer", False),
        ("أريد موعدا من فضلكم", False),
        ("هذه فاتورة الكهرباء والدواء", False),
        ("I want to book a meeting about my rent", False),
        ("Kvitto på medicin och elräkning", False),
        ("Jag vill boka ett möte", False),
        ("Min kusin heter Hungrigsson", False),
        ("hyran är inte akutell", False),
    ],
)
def test_words_of_need_are_whole_words(text: str, urgent: bool) -> None:
    assert is_urgent(text) is urgent
