"""Acting for another: registered with its evidence, in her own name, never beyond what she may, never a day longer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import Page, expect

from handslag.domain.audit.models import Event as EventRow
from handslag.domain.audit.models import ReadEntry
from handslag.domain.casefile.models import Message
from handslag.domain.decisions.models import Appeal
from handslag.domain.documents.operations import StoredFile
from handslag.domain.intake.models import Application, Attachment, Draft, Receipt, Signature
from handslag.domain.intake.operations import (
    SignedBy,
    ask_applicant,
    begin_signing,
    change_again,
    fix_for_signing,
    open_draft,
    save_answers,
    sign,
)
from handslag.domain.people.models import AccountChange, Representation
from handslag.domain.people.operations.accounts import begin_account_change
from handslag.domain.people.operations.persons import set_protection
from handslag.domain.people.operations.representations import end_representation, register_representation
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.people.permissions import NotRepresented
from handslag.domain.tasks.models import Notice
from handslag.domain.tenancy.door import Actor, acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel import clock
from handslag.kernel.ids import uuid7
from tests.office import C1, EID, TEST, Folder, Office, eid_evidence
from tests.web.citizen.conftest import Citizen
from tests.web.citizen.test_answers import comes_in
from tests.web.citizen.test_elsewhere import auditor
from tests.web.citizen.test_evidence import PDF
from verifier import verify
from verifier.invariants import _held


def registered(office: Office, person: Any, agent: Any, **more: Any) -> Representation:
    """The agent may act for the person from last month on, as her god man unless told otherwise."""
    file = StoredFile(uuid7(), uuid7().hex * 2, 10, "application/pdf")
    told = {"ground": "god_man", "scope": "act", "since": (office.month - 1).since, "last": None, "title": "f.pdf"}
    return register_representation(
        **office.act("rut"), person=person, representative=agent, file=file, **{**told, **more}
    )


def ayla(office: Office, **more: Any) -> tuple[Actor, str]:
    """Somebody who lives elsewhere and has no case here."""
    key, number = office.person("Ayla", "Ombud", "19750303", account=None, **more)
    return Actor("citizen", key), number


def in_name_of(agent: Actor, person: Actor) -> Actor:
    return Actor("citizen", person.id, through=agent.id)


def signs(folder: Folder, by: Actor, draft: Any, number: str) -> Any:
    """Sign what is fixed, as the e-ID would vouch for whoever has that number."""
    state, told = uuid7().hex, folder.office.by(by)
    begin_signing(**told, draft=draft.id, state=state)
    digest = draft.shown_digest
    evidence = eid_evidence(digest, number)
    vouched = SignedBy(issuer=EID, subject="s", identifier=number, acr="loa3", digest=digest, evidence=evidence)
    # an e-ID vouches with the level that stands in its evidence
    return sign(**told, state=state, signed=SignedBy(**{**vars(vouched), "acr": evidence["acr"]}))


def test_from_the_evidence_to_the_receipt_in_her_own_name(
    office: Any,
    log_in: Callable[..., Page],
    new_context: Callable[..., Any],
    server: Any,
    eid: Any,
    visit: Any,
    axe: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
    tmp_path: Path,
) -> None:
    folder, (agent, number) = office.case(email="petra@example.org"), ayla(office)
    petra = folder.citizens[0]
    (tmp_path / "forordnande.pdf").write_bytes(PDF)
    rut = log_in(office, "rut", width=360)
    rut.goto(server.url("desk", f"/{office.slug}/people/{petra.id}/"))
    rut.get_by_role("link", name="Who may act for this person").click()
    rut.get_by_label("Number of the representative").fill(number)
    rut.get_by_label("Last day").fill((office.today - timedelta(days=1)).isoformat())
    rut.get_by_role("button", name="Register").click()
    expect(rut.locator("main")).to_contain_text("Choose the evidence as a picture or a PDF")
    expect(rut.get_by_label("Number of the representative")).to_have_value(number)
    rut.locator("#id_files").set_input_files(tmp_path / "forordnande.pdf")
    rut.get_by_role("button", name="Register").click()
    expect(rut.locator("main")).to_contain_text("Choose a last day that is today or later")
    assert axe(rut) == []
    picture(rut, "desk-representatives-error-360")
    rut.locator("#id_files").set_input_files(tmp_path / "forordnande.pdf")
    rut.get_by_label("Last day").fill((office.today + timedelta(days=90)).isoformat())
    rut.get_by_role("button", name="Register").click()
    expect(rut.locator("main")).to_contain_text("Ayla Ombud")
    assert axe(rut) == []
    for width in (360, 1280):
        rut.set_viewport_size({"width": width, "height": 900})
        picture(rut, f"desk-representatives-{width}")
        assert rut.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    with acting(office.slug, TEST, "look"):
        assert Notice.objects.get(kind="representation").person_id == petra.id
        assert Representation.objects.get().document is not None

    page = new_context(width=360).new_page()
    her = Citizen(page, server, office.slug, number, "Ayla Ombud")
    her.log_in()
    expect(page.locator("main")).not_to_contain_text("Utbetalningar")
    page.get_by_role("button", name="Handla för Petra Nilsson").click()
    expect(page.locator("main")).to_contain_text("Du handlar för Petra Nilsson, i eget namn")
    assert axe(page) == []
    picture(page, "citizen-acting-360")
    draft = save_answers(
        **office.by(in_name_of(agent, petra)), version=1, part=C1,
        draft=open_draft(
            **office.by(in_name_of(agent, petra)), case=folder.case.id, month=office.month, language="sv"
        ).id,
    )  # fmt: skip
    her.goto(f"drafts/{draft.id}/check/")
    expect(page.locator("main")).to_contain_text("Ayla Ombud skriver under i eget namn för Petra Nilsson (god man)")
    expect(page.locator("main")).to_contain_text("i eget namn, med stöd av den handling som är registrerad")
    page.locator("main form.h-form button").first.click()
    page.get_by_role("button", name="Skriv under med e-legitimation").click()
    her.identify()
    expect(page.locator("main")).to_contain_text("Ayla Ombud skrev under i eget namn för Petra Nilsson (god man)")
    assert axe(page) == []
    picture(page, "citizen-acting-receipt-360")
    with acting(office.slug, TEST, "look"):
        (row,) = Signature.objects.all()
        assert (row.person_id, row.representative_id) == (petra.id, agent.id)
        (named,) = Receipt.objects.get().body["signatures"]
        assert (named["person"], named["representative"]) == (str(petra.id), str(agent.id))
        event = EventRow.objects.get(kind="application submitted")
        assert (event.actor_id, event.actor_name) == (agent.id, f"for {petra.id}")
        looks = ReadEntry.objects.filter(subject=folder.case.id, actor_kind="citizen")
        assert set(looks.values_list("actor_id", "actor_name")) == {(agent.id, f"for {petra.id}")}
        key = Application.objects.get().id
    rut.goto(server.url("desk", f"/{office.slug}/cases/{folder.case.id}/applications/{key}/"))
    expect(rut.locator("main")).to_contain_text("Ayla Ombud, for Petra Nilsson")
    hanna = log_in(office, "hanna")
    hanna.goto(server.url("desk", f"/{office.slug}/cases/{folder.case.id}/"))
    expect(hanna.locator("body")).to_contain_text("Ayla Ombud, for Petra Nilsson")
    looked = visit(office, petra).get(f"/{office.slug}/looked/").content.decode()
    assert "Vem som handlar för dig" in looked and "Ayla Ombud, för dig" in looked
    assert "representations/" not in looked  # an appointment is not hers to end
    her.goto("account/")
    expect(page.locator("main")).not_to_contain_text("Clearingnummer")
    her.goto("my/")
    page.get_by_role("button", name="Sluta, och var dig själv igen").click()
    expect(page.locator("main")).not_to_contain_text("Du handlar för")
    assert verify(auditor(), tenants=[office.slug], at=clock.now()).ok


def test_the_day_that_the_evidence_ends_she_is_nobody_there(office: Any, visit: Any) -> None:
    folder, (agent, _number) = office.case(), ayla(office)
    petra, other = folder.citizens[0], office.case(("Kanarie", "Fågel", "19700101"))
    today = office.today
    row = registered(office, petra.id, agent.id, last=today)
    canary = registered(office, other.citizens[0].id, office.person("Annan", "Ombud", "19600606")[0])
    by = in_name_of(agent, petra)

    client = visit(office, agent)
    for theirs in (canary.id, uuid7(), ""):
        assert client.post(f"/{office.slug}/acting/", {"representation": str(theirs)}).status_code == 404
    assert client.post(f"/{office.slug}/acting/", {"representation": str(row.id)}).status_code == 302
    assert "Du handlar för" in client.get(f"/{office.slug}/my/").content.decode()
    assert client.get(f"/{office.slug}/account/").status_code == 404
    assert client.get(f"/{office.slug}/cases/{other.case.id}/messages/").status_code == 404
    assert client.get(f"/{office.slug}/cases/{folder.case.id}/messages/").status_code == 200
    sent = {"message": str(uuid7()), "text": "Hon behöver pengar till hyran."}
    assert client.post(f"/{office.slug}/cases/{folder.case.id}/messages/", sent).status_code == 302
    hers = visit(office, petra).get(f"/{office.slug}/cases/{folder.case.id}/messages/").content.decode()
    assert "Ayla Ombud, för dig" in hers
    with acting(office.slug, TEST, "look"):
        (message,) = Message.objects.all()
        assert (message.person_id, message.representative_id) == (petra.id, agent.id)
    with pytest.raises((Hidden, NotPossible)):
        begin_account_change(**office.by(by), change=uuid7(), state="s", kind="bban", clearing="9020", number="7654338")
    with pytest.raises(NotRepresented):
        open_draft(
            **office.by(in_name_of(agent, other.citizens[0])), case=other.case.id, month=office.month, language="sv"
        )
    draft = open_draft(**office.by(by), case=folder.case.id, month=office.month, language="sv")
    tomorrow = {"tenant": office.slug, "by": by, "now": office.now + timedelta(days=1)}
    with pytest.raises(NotRepresented):
        save_answers(**tomorrow, draft=draft.id, version=1, part=C1)
    end_representation(**office.act("rut"), person=petra.id, representation=row.id)
    answer = client.get(f"/{office.slug}/drafts/{draft.id}/household/")
    assert answer.url == f"/{office.slug}/my/?acted"
    page = client.get(answer.url).content.decode()
    assert "Du kan inte handla för den personen längre" in page and "Handla för" not in page
    assert client.get(f"/{office.slug}/drafts/{draft.id}/household/").status_code == 404
    with pytest.raises(NotRepresented):
        save_answers(**office.by(by), draft=draft.id, version=1, part=C1)
    with pytest.raises(NotPossible, match="ended"):
        end_representation(**office.act("rut"), person=petra.id, representation=row.id)
    with acting(office.slug, TEST, "look"):
        refused = ReadEntry.objects.filter(what="representation", outcome="refused", actor_id=agent.id)
        assert refused.filter(actor_name=f"for {petra.id}", subject=petra.id).count() == 1


def test_what_she_typed_for_another_waits_until_she_acts_for_that_person_again(office: Any, visit: Any) -> None:
    folder, (agent, _number) = office.case(), ayla(office)
    petra, other = folder.citizens[0], office.case(("Kanarie", "Fågel", "19700101")).citizens[0]
    rows = [registered(office, one.id, agent.id) for one in (petra, other)]
    mine, home = f"/{office.slug}/cases/{folder.case.id}/messages/", f"/{office.slug}/my/"
    second = f"/{office.slug}/drafts/{folder.draft({'message': ''}).id}/costs/"
    client = visit(office, agent)
    client.post(f"/{office.slug}/acting/", {"representation": str(rows[0].id)})
    session = client.session
    session["citizen"] = {**session["citizen"], "seen": session["citizen"]["seen"] - 3600}
    session.save()
    for where, fields in (
        (second, {"version": 2, "message": "Hyran"}),
        (mine, {"message": uuid7(), "text": "Ur fickan"}),
    ):
        sent = client.post(where, fields)
        assert sent.url == f"/{office.slug}/log-in/?next={home.replace('/', '%2F')}"
    comes_in(client, office, agent)
    page = client.get(home).content.decode()
    assert "Det du hade skrivit för" in page and "Petra Nilsson" in page and "Ur fickan" not in page
    assert client.get(mine).status_code == 409  # as herself she hasn't that page, and it still waits
    client.post(f"/{office.slug}/acting/", {"representation": str(rows[1].id)})
    assert client.get(mine).status_code == 409
    client.post(f"/{office.slug}/acting/stop/")
    back = client.post(f"/{office.slug}/acting/", {"representation": str(rows[0].id)})
    assert back.url == mine and "Ur fickan" in client.get(mine).content.decode()
    assert f'href="{second}"' in client.get(home).content.decode()
    assert "Hyran" in client.get(second).content.decode() and "kept" not in client.session
    client.post(f"/{office.slug}/acting/stop/")
    assert "Det du hade skrivit" not in client.get(home).content.decode()


def test_of_two_windows_the_one_of_another_person_says_so_and_keeps_what_was_typed(office: Any, visit: Any) -> None:
    own, folder, stranger = (office.case((name, "Fågel", "19700101")) for name in ("Ayla", "Petra", "Kanarie"))
    agent, petra = own.citizens[0], folder.citizens[0]
    row = registered(office, petra.id, agent.id)
    pages = [f"/{office.slug}/drafts/{each.draft({'message': ''}).id}/costs/" for each in (own, folder, stranger)]
    client, act, stop = visit(office, agent), f"/{office.slug}/acting/", f"/{office.slug}/acting/stop/"
    typed, told = {"version": 2, "message": "Hyran"}, "Det du skrev här finns kvar".lower()

    def refused_and_kept(where: str, who: str) -> None:
        saved = client.post(f"{where}save/", typed, headers={"Accept": "application/json"})
        assert (saved.status_code, saved.json()) == (409, {"status": "another person"})
        for sent in (client.get(where), client.post(where, typed)):
            page = sent.content.decode()
            assert (sent.status_code, told in page, who in page) == (409, True, True)
        assert f'name="next" value="{where}"' in page

    refused_and_kept(pages[1], "Handla för")
    assert "Petra Fågel" in client.get(pages[1]).content.decode()
    done = client.post(act, {"representation": str(row.id), "next": pages[1]})
    assert done.url == pages[1] and "Hyran" in client.get(pages[1]).content.decode()
    refused_and_kept(pages[0], "Fortsätt som dig själv")
    done = client.post(stop, {"next": pages[0]})
    assert done.url == pages[0] and "Hyran" in client.get(pages[0]).content.decode()
    assert client.post(stop, {"next": "//elsewhere.example/"}).url == f"/{office.slug}/my/"
    for _ in range(2):  # as herself, and for Petra: what she may not see isn't there
        assert client.get(pages[2]).status_code == client.post(pages[2], typed).status_code == 404
        client.post(act, {"representation": str(row.id)})
    with acting(office.slug, TEST, "look"):
        # Hers and Petra's were saved once, by the page that showed again what was typed; the stranger's wasn't.
        assert list(Draft.objects.order_by("version").values_list("version", flat=True)) == [2, 3, 3]


def test_pages_that_take_files_say_so_too_and_ask_for_the_files_once_more(office: Any, visit: Any) -> None:
    """Evidence, a request, an appeal, another account, what-if: text is kept, files are chosen again, nothing is sent,
    neither for her nor for Petra; of somebody else's nothing is there."""
    own, folder, stranger = (office.case((name, "Fågel", "19700101")) for name in ("Ayla", "Petra", "Kanarie"))
    agent, petra = own.citizens[0], folder.citizens[0]
    row = registered(office, petra.id, agent.id)
    client, act, stop = visit(office, agent), f"/{office.slug}/acting/", f"/{office.slug}/acting/stop/"
    until = office.today + timedelta(days=9)

    def pages(one: Folder) -> dict[str, dict[str, Any]]:
        one.applied()
        decision = f"/{office.slug}/decisions/{one.decided().id}/"
        draft = f"/{office.slug}/drafts/{one.draft(month=office.month + 1).id}/"
        told: dict[str, Any] = {"case": one.case.id, "period": one.period().id, "text": "Visa hyran", "until": until}
        request = ask_applicant(**office.act("hanna"), **told, person=None, wanted=[])
        return {
            f"{draft}files/": {"files": photo()},
            f"/{office.slug}/requests/{request.id}/": {"text": "Här är avin", "files": photo(), "message": uuid7()},
            f"{decision}appeal/": {"text": "Hyran saknas", "files": photo(), "appeal": uuid7()},
            f"{decision}what-if/": {"more_code": "", "more_amount": "Hyran 1"},
        }

    def photo() -> SimpleUploadedFile:
        return SimpleUploadedFile("avi.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(200))

    mine, hers = pages(own), pages(folder)
    mine[f"/{office.slug}/account/"] = {"clearing": "9020", "number": "765433x"}
    for theirs, button, others in ((hers, "Handla för", ""), (mine, "Fortsätt som dig själv", "acting")):
        for where, typed in theirs.items():
            client.post(act if others else stop, {"representation": str(row.id)})
            sent = client.post(where, typed)
            page = sent.content.decode()
            assert (sent.status_code, button in page) == (409, True), where
            assert ("Filer kan inte sparas" in page) == ("files" in typed), where
            again = client.post(stop if others else act, {"representation": str(row.id), "next": where})
            page = client.get(again.url).content.decode()
            assert again.url == where and all(text in page for text in typed.values() if isinstance(text, str)), where
            if "files" in typed:
                assert "en gång till" in page and "utloggad" not in page, where
    for where, typed in pages(stranger).items():
        for begin in (act, stop):
            client.post(begin, {"representation": str(row.id)})
            typed |= {"files": photo()} if "files" in typed else {}
            assert client.post(where, typed).status_code == client.get(where).status_code == 404, where
    with acting(office.slug, TEST, "look"):
        assert not Appeal.objects.exists() and not AccountChange.objects.exists()
        assert not Attachment.objects.exists() and not Message.objects.filter(member=None).exists()


def test_who_may_only_see_and_who_is_protected_and_what_the_office_takes(office: Any, visit: Any) -> None:
    folder, (agent, _number) = office.case(), ayla(office)
    petra = folder.citizens[0]
    by, since = in_name_of(agent, petra), (office.month - 1).since
    for wrong, code in (
        ({"last": since - timedelta(days=1)}, "last day"),
        ({"ground": "granne"}, "ground of acting"),
        ({"scope": "allt"}, "scope"),
    ):
        with pytest.raises(NotPossible, match=code):
            registered(office, petra.id, agent.id, **wrong)
    with pytest.raises(NotPossible, match="represents herself"):
        registered(office, petra.id, petra.id)
    with pytest.raises(NotAllowed):
        register_representation(
            **office.act("ulla"), person=petra.id, representative=agent.id, ground="god_man", scope="act", since=since,
            last=None, title="f", file=StoredFile(uuid7(), "0" * 64, 1, "application/pdf"),
        )  # fmt: skip
    seeing = registered(office, petra.id, agent.id, ground="fullmakt", scope="see")
    with pytest.raises(NotPossible, match="represented already"):
        registered(office, petra.id, agent.id)
    with pytest.raises(NotAllowed):
        open_draft(**office.by(by), case=folder.case.id, month=office.month, language="sv")
    client = visit(office, agent)
    client.post(f"/{office.slug}/acting/", {"representation": str(seeing.id)})
    page = client.get(f"/{office.slug}/my/").content.decode()
    assert "Att ansöka gör personen själv" in page and f'value="{office.month}"' not in page
    # what she may not do isn't offered, and if she sends it all the same she is told in her words, with what she typed
    mine = f"/{office.slug}/cases/{folder.case.id}/messages/"
    page = client.get(mine).content.decode()
    assert "gör personen själv" in page and "<textarea" not in page
    answer = client.post(mine, {"message": uuid7(), "text": "Ur fickan"})
    page = answer.content.decode()
    assert answer.status_code == 403 and "gör personen själv" in page and ">\nUr fickan</textarea>" in page
    assert "Din roll" not in page
    check = f"/{office.slug}/drafts/{folder.draft().id}/check/"
    page = client.get(check).content.decode()
    assert "gör personen själv" in page and "withdraw" not in page and f'"/{office.slug}/account/"' not in page
    assert f'"/{office.slug}/account/"' in visit(office, petra).get(check).content.decode()
    # who gave the power of attorney ends it herself; nobody else does
    ends = f"/{office.slug}/representations/{seeing.id}/end/"
    assert client.post(ends).status_code == 403
    assert visit(office, office.case(("Eva", "Ek", "19700101")).citizens[0]).post(ends).status_code == 404
    hers = visit(office, petra)
    assert "Avsluta nu" in hers.get(f"/{office.slug}/looked/").content.decode()
    assert hers.post(ends).status_code == 302
    assert "Avsluta nu" not in hers.get(f"/{office.slug}/looked/").content.decode()
    over = client.post(mine, {"message": uuid7(), "text": "Mitt i en mening"})
    page = over.content.decode()
    assert over.status_code == 403 and "Mitt i en mening" in page
    assert "Du kan inte handla för den personen längre" in page
    assert "Du handlar för" not in client.get(f"/{office.slug}/my/").content.decode()

    again = registered(office, petra.id, agent.id)
    with pytest.raises(Hidden):  # an appointment isn't hers to end
        end_representation(**office.by(petra), person=petra.id, representation=again.id)
    begin = {"representation": str(again.id)}
    set_policy(**office.act("alva"), name="representation_grounds", value=["fullmakt"])
    assert client.post(f"/{office.slug}/acting/", begin).status_code == 404
    set_policy(**office.act("alva"), name="representation_grounds", value=["god_man"])
    assert client.post(f"/{office.slug}/acting/", begin).status_code == 302
    office.admit("ragna", "Ragna Registrator", "registrar", clearance=3)
    for person in (agent.id, petra.id):
        set_protection(**office.act("ragna"), person=person, version=1, level=1, address_level=1)
        assert visit(office, agent).post(f"/{office.slug}/acting/", begin).status_code == 404
        with pytest.raises(NotRepresented):
            open_draft(**office.by(by), case=folder.case.id, month=office.month, language="sv")
    with pytest.raises(NotPossible, match="protected representation"):
        register_representation(
            **office.act("ragna"), person=petra.id, representative=office.person("Ny", "Ombud", "19650505")[0],
            ground="god_man", scope="act", since=since, last=None, title="f",
            file=StoredFile(uuid7(), "0" * 64, 1, "application/pdf"),
        )  # fmt: skip


def test_a_document_says_who_signs_it_and_nobody_else_does(office: Any) -> None:
    folder = office.case(("Amira", "Haddad", "19880808"), ("Yusuf", "Åberg", "19850505"))
    (agent, number), (amira, yusuf) = ayla(office), folder.citizens
    registered(office, amira.id, agent.id, ground="forvaltare")
    by = in_name_of(agent, amira)
    draft = folder.draft()  # begun by Amira herself
    fixed = fix_for_signing(**office.by(by), draft=draft.id, version=draft.version)
    assert fixed.shown["representatives"][str(amira.id)]["name"] == "Ayla Ombud"
    with pytest.raises(NotPossible, match="other content"):  # made ready for her representative
        signs(folder, amira, fixed, folder.numbers[0])
    with pytest.raises(NotPossible, match="other person"):  # in her own name is with her own e-ID
        signs(folder, by, fixed, folder.numbers[0])
    assert signs(folder, by, fixed, number).receipt is None
    receipt = signs(folder, yusuf, fixed, folder.numbers[1]).receipt
    assert [one.get("representative") for one in sorted(receipt.body["signatures"], key=lambda s: s["person"])] == [
        str(agent.id) if key == amira.id else None for key in sorted((amira.id, yusuf.id))
    ]
    single = office.case(("Petra", "Ek", "19700101"))
    registered(office, single.citizens[0].id, agent.id)
    draft = single.draft()
    own = fix_for_signing(**office.by(single.citizens[0]), draft=draft.id, version=draft.version)
    with pytest.raises(NotPossible, match="other content"):  # made ready by Petra for herself
        signs(single, in_name_of(agent, single.citizens[0]), own, number)
    change_again(**office.by(in_name_of(agent, single.citizens[0])), draft=draft.id)
    assert verify(auditor(), tenants=[office.slug], at=clock.now()).ok


def test_the_verifier_holds_a_signature_against_the_representation() -> None:
    person, agent, key, at = uuid7(), uuid7(), uuid7(), datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
    signature = {"person_id": person, "representative_id": agent, "signed_at": at}
    row = {
        "person_id": person, "representative_id": agent, "registered_at": at - timedelta(days=2), "ended_at": None,
        "since": date(2026, 3, 11), "until": date(2026, 3, 12),
    }  # fmt: skip
    named = {"representation": str(key)}
    assert _held(named, signature, {key: row})
    for broken in (
        {"since": date(2026, 3, 12), "until": None}, {"since": date(2026, 3, 1), "until": date(2026, 3, 10)},
        {"ended_at": at - timedelta(seconds=1)}, {"registered_at": at + timedelta(seconds=1)},
        {"person_id": agent}, {"representative_id": person},
    ):  # fmt: skip
        assert not _held(named, signature, {key: row | broken}), broken
    assert not _held({"representation": str(uuid7())}, signature, {key: row})
