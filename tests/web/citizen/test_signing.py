"""Signing: accepted once, in one transaction of few statements, whatever comes back from the e-ID and how often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from handslag.domain.casefile.operations import move_in
from handslag.domain.intake.models import Application, Draft, Receipt
from handslag.domain.intake.operations import change_again, fix_for_signing, save_answers
from handslag.domain.tasks.models import Notice, Task
from handslag.domain.tasks.operations import finish_task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.policies import NotPossible
from handslag.web.citizen import eid as eid_of_citizens
from tests.office import TEST

AtEid = Callable[..., str]


def fixed(folder: Any) -> Any:
    """A draft that is fixed for signing."""
    draft = folder.draft()
    by = folder.office.by(folder.citizens[0])
    return fix_for_signing(**by, draft=draft.id, version=draft.version)


def to_eid(client: Any, office: Any, draft: Any) -> str:
    """Press the button on the sign page; gives the e-ID's address."""
    answer = client.post(f"/{office.slug}/drafts/{draft.id}/sign/begin/")
    assert answer.status_code == 302
    assert answer.url.startswith("http://eid.localhost:")
    address: str = answer.url
    return address


def applications(office: Any) -> int:
    with acting(office.slug, TEST, "look"):
        assert Application.objects.count() == Receipt.objects.count()
        return Application.objects.count()


def test_the_request_that_accepts_is_one_commit_of_at_most_twelve_statements(
    office: Any, visit: Any, at_eid: AtEid, monkeypatch: pytest.MonkeyPatch
) -> None:
    for adults in ((("Petra", "Nilsson", "19900615"),), (("A", "Ek", "19850302"), ("B", "Ek", "19831120"))):
        folder = office.case(*adults)
        draft = fixed(folder)
        last = len(adults) - 1
        for adult in range(last):
            folder.signed(draft, adult)
        client = visit(office, folder.citizens[last])
        back = at_eid(to_eid(client, office, draft), folder.numbers[last])
        began: list[int] = []
        finish = eid_of_citizens.finish

        def exchanged(*given: Any, began: list[int] = began, finish: Any = finish) -> Any:
            identity = finish(*given)
            began.append(len(connection.queries_log))
            return identity

        monkeypatch.setattr(eid_of_citizens, "finish", exchanged)
        connection.force_debug_cursor = True
        connection.queries_log.clear()
        try:
            answer = client.get(back)
            said = [entry["sql"] for entry in connection.queries_log]
        finally:
            connection.force_debug_cursor = False
            monkeypatch.undo()
        assert answer.url == f"/{office.slug}/applications/{draft.id}/"
        statements = [sql for sql in said if sql.split()[0] not in ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")]
        assert said.count("COMMIT") == 1, said
        assert len(statements) <= 12, statements
        assert not [sql for sql in statements if "tenancy_session" in sql and not sql.startswith("SELECT")]
        # The token exchange stands outside the transaction: before it only the session was read.
        assert began == [1]


def test_coming_back_twice_gives_the_same_receipt(
    office: Any, visit: Any, at_eid: AtEid, same: Callable[..., bytes]
) -> None:
    folder = office.case()
    draft = fixed(folder)
    client = visit(office, folder.citizens[0])
    back = at_eid(to_eid(client, office, draft), folder.numbers[0])
    first, second = client.get(back, follow=True), client.get(back, follow=True)
    assert (first.status_code, first.redirect_chain[-1]) == (200, second.redirect_chain[-1])
    assert same(first) == same(second)
    assert applications(office) == 1
    assert_over(client)


def assert_over(client: Any) -> None:
    """Of a flow that has ended the session keeps where it leads, and none of its secrets."""
    (kept,) = client.session["eid"].values()
    assert kept.keys() - {"draft"} == {"tenant", "purpose", "over"}


def test_the_answer_of_the_eid_is_taken_only_for_what_was_fixed(office: Any, visit: Any, at_eid: AtEid) -> None:
    folder = office.case()
    draft = fixed(folder)
    client = visit(office, folder.citizens[0])
    back = at_eid(to_eid(client, office, draft), folder.numbers[0])
    by = office.by(folder.citizens[0])
    opened = change_again(**by, draft=draft.id)
    saved = save_answers(**by, draft=draft.id, version=opened.version, part={"message": "Jag ändrade mig"})
    fix_for_signing(**by, draft=draft.id, version=saved.version)
    answer = client.get(back, follow=True)
    assert "räknas inte" in answer.content.decode()
    assert applications(office) == 0


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"action": "cancel"}, "Du avbröt. Inget är underskrivet"),
        ({"level": "loa2"}, "räcker inte för att skriva under"),
        ({"number": "other"}, "Någon annan än den som är inloggad"),
    ],
)
def test_what_goes_wrong_at_the_eid_is_told_and_nothing_is_signed(
    office: Any, visit: Any, at_eid: AtEid, told: dict[str, str], words: str
) -> None:
    folder, stranger = office.case(), office.case(("Eva", "Ek", "19700101"))
    draft = fixed(folder)
    client = visit(office, folder.citizens[0])
    number = stranger.numbers[0] if told.pop("number", "") else folder.numbers[0]
    back = at_eid(to_eid(client, office, draft), number, **told)
    page = client.get(back, follow=True)
    assert words in page.content.decode()
    assert_over(client)
    assert applications(office) == 0
    with acting(office.slug, TEST, "look"):
        assert Draft.objects.get(id=draft.id).state == "signing"


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(office: Any, visit: Any, at_eid: AtEid) -> None:
    folder = office.case()
    draft = fixed(folder)
    back = at_eid(to_eid(visit(office, folder.citizens[0]), office, draft), folder.numbers[0])
    other = visit(office, folder.citizens[0])
    answer = other.get(back)
    assert (answer.status_code, "Börja om" in answer.content.decode()) == (400, True)
    assert applications(office) == 0


def test_one_of_two_takes_it_back_and_what_was_written_is_there_again(office: Any, visit: Any) -> None:
    couple = office.case(("Amira", "Haddad", "19880808"), ("Yusuf", "Åberg", "19850505"), email="x@example.org")
    draft = couple.draft()
    assert couple.signed(draft, 0) is None
    yusuf, amira = visit(office, couple.citizens[1]), visit(office, couple.citizens[0])
    assert "Om du inte vill skriva under" in yusuf.get(f"/{office.slug}/drafts/{draft.id}/sign/").content.decode()
    answer = yusuf.post(f"/{office.slug}/drafts/{draft.id}/withdraw/")
    assert "tillbakatagen" in yusuf.get(answer.headers["Location"]).content.decode()
    with acting(office.slug, TEST, "look"):
        assert Draft.objects.get(id=draft.id).state == "withdrawn"
        told = list(Notice.objects.filter(kind="signature").order_by("id").values_list("person_id", flat=True))
        (task,) = Task.objects.filter(subject_id=couple.case.id, state="open")
    assert told == [couple.citizens[1].id, couple.citizens[0].id]
    assert (task.kind, task.assignee_id) == ("signature refused", office.members["hanna"])
    for one in (amira, yusuf):
        my = one.get(f"/{office.slug}/my/").content.decode()
        assert "kan du ansöka ensam" in my and "isn’t sent" not in my and "är inte skickad" in my
    with pytest.raises(NotPossible, match="ended"):
        couple.signed(draft, 1)
    again = yusuf.post(f"/{office.slug}/drafts/{draft.id}/withdraw/")
    assert again.headers["Location"] == f"/{office.slug}/my/"
    told_again = {"case": couple.case.id, "month": office.month}
    where = amira.post(f"/{office.slug}/drafts/", told_again).headers["Location"]
    assert str(draft.id) not in where and "kan du ansöka ensam" not in amira.get(f"/{office.slug}/my/").content.decode()
    assert 'value="6 200"' in amira.get(where.replace("/household/", "/costs/")).content.decode()


def test_an_adult_who_moved_in_is_not_left_out_of_what_is_signed(office: Any, visit: Any) -> None:
    before, after = office.case(("Anna", "Ek", "19850302")), office.case(("Berit", "Ek", "19860302"))
    drafts = [before.draft(), fixed(after)]
    for folder in (before, after):  # one is being written, the other is being signed
        other, _ = office.person("Ny", "Vuxen", "19840101")
        since = office.month.since
        move_in(**office.act("rut"), household=folder.case.household_id, person=other, role="adult", since=since)
        with acting(office.slug, TEST, "look"):
            task = Task.objects.get(subject_id=folder.case.id, kind="household changed", state="open")
        finish_task(**office.act("hanna"), task=task.id, version=task.version)
    pages = [(before, "check/", {"version": drafts[0].version}), (after, "sign/begin/", {})]
    for (folder, page, fields), draft in zip(pages, drafts, strict=True):
        client = visit(office, folder.citizens[0])
        for _ in range(2):
            answer = client.post(f"/{office.slug}/drafts/{draft.id}/{page}", fields)
            assert (answer.status_code, answer.url) == (302, f"/{office.slug}/my/?by-hand")
        assert "kan inte skrivas under på nätet" in client.get(answer.url).content.decode()
        with acting(office.slug, TEST, "look"):
            kept = Draft.objects.get(id=draft.id)
            assert (kept.state, kept.answers) == (draft.state, draft.answers)
            assert Task.objects.filter(subject_id=folder.case.id, kind="household changed", state="open").count() == 1
    assert applications(office) == 0


def test_a_draft_that_nobody_signed_does_not_keep_paper_out_and_its_author_is_told(office: Any, visit: Any) -> None:
    single = office.case(("Petra", "Nilsson", "19900615"))
    couple = office.case(("A", "Ek", "19850302"), ("B", "Ek", "19831120"))
    draft, half = single.draft(), couple.draft()
    couple.signed(half)
    with pytest.raises(NotPossible, match="draft on-line"):
        couple.on_paper(office.month)
    client = visit(office, single.citizens[0])
    page = f"/{office.slug}/drafts/{draft.id}/costs/"
    single.on_paper(office.month)
    with acting(office.slug, TEST, "look"):
        kept = Draft.objects.get(id=draft.id)
        assert (kept.state, kept.answers) == ("expired", draft.answers)
    my = client.get(page, follow=True).content.decode()
    assert "Därför skickas inte det som påbörjades här" in my and "underskriven av er båda" not in my
    late = client.post(page, {"costs-0-code": "RENT", "costs-0-amount": "4321", "costs-0-note": "Kanariefågel"})
    text = late.content.decode()
    assert late.status_code == 409 and "Kanariefågel" in text and "inte med i den" in text
    assert "Därför skickas" not in visit(office, couple.citizens[0]).get(f"/{office.slug}/my/").content.decode()
