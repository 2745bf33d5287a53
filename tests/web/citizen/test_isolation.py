"""Whose pages these are: nobody sees another's, and what isn't hers looks exactly like what isn't there."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pypdf import PdfReader

from handslag.domain.audit.models import ReadEntry
from handslag.domain.casefile.operations import open_case
from handslag.domain.decisions.operations import decide, open_hearing, propose
from handslag.domain.decisions.operations.appeals import lodge_appeal
from handslag.domain.documents.models import Document
from handslag.domain.people.models import Account, Person
from handslag.domain.people.operations.persons import form_household, set_protection
from handslag.domain.tenancy.door import Actor, acting
from handslag.domain.tenancy.permissions import Hidden
from handslag.kernel import canonical
from handslag.kernel.ids import uuid7
from handslag.web.entry.files import document_for
from tests.office import TEST, Folder, run_jobs

PAGES = (
    "drafts/{draft}/household/",
    "drafts/{draft}/income/",
    "drafts/{draft}/costs/",
    "drafts/{draft}/check/",
    "drafts/{draft}/sign/",
    "applications/{application}/",
    "applications/{application}/receipt.json",
    "applications/{application}/receipt.pdf",
    "applications/{application}/application.json",
    "decisions/{decision}/",
    "decisions/{decision}/letter.pdf",
    "decisions/{decision}/what-if/",
    "cases/{case}/messages/",
    "cases/{case}/periods/{month}/look-ups/",
    "hearings/{hearing}/",
    "decisions/{decision}/appeal/",
    "appeals/{appeal}/",
)
POSTS = (
    "drafts/{draft}/household/save/",
    "drafts/{draft}/sign/begin/",
    "drafts/{draft}/change/",
    "drafts/{draft}/withdraw/",
)


def everything(folder: Any) -> dict[str, Any]:
    """A decided month and an open draft of the next: keys as they stand in addresses."""
    month = folder.office.month
    receipt, decision = folder.applied(), folder.decided()
    return {
        "application": receipt.application_id,
        "decision": decision.id,
        "draft": folder.draft(month=month + 1).id,
        "case": folder.case.id,
        "hearing": _asked(folder),
        "appeal": _appealed(folder, decision.id),
    }


def _asked(folder: Any) -> Any:
    """Something that she is asked before a decision."""
    day = folder.office.today + timedelta(days=9)
    told = {"period": folder.period().id, "about": "Kanariefågelns lön räknas med.", "answer_by": day}
    return open_hearing(**folder.office.act("hanna"), **told)[0].id


def _appealed(folder: Any, decision: Any) -> Any:
    """What she wrote against a decision."""
    told = {"appeal": uuid7(), "decision": decision, "text": "Kanariefågeln har fel hyra.", "files": []}
    return lodge_appeal(**folder.office.by(folder.citizens[0]), **told).id


def test_what_is_not_hers_looks_like_what_is_not_there(
    new_office: Any, visit: Any, database: Any, same: Callable[..., bytes]
) -> None:
    office, elsewhere = new_office("one", renewal_opens_days_before=31), new_office("two")
    folder = office.case(("Canary", "Kanariefågel", "19900615"))
    keys = everything(folder)
    run_jobs(database)
    nothing = dict.fromkeys(keys, uuid7())
    owner = visit(office, folder.citizens[0])
    stranger = visit(office, office.case(("Eva", "Ek", "19700101")).citizens[0])
    foreigner_folder = elsewhere.case(("Ola", "Ek", "19710101"))
    foreigner = visit(elsewhere, foreigner_folder.citizens[0])
    for page in PAGES:
        own = owner.get(f"/{office.slug}/{page.format(**keys, month=office.month)}")
        assert own.status_code in (200, 302), page
        there, nowhere = (f"/{office.slug}/{page.format(**names, month=office.month)}" for names in (keys, nothing))
        missing, hidden = stranger.get(nowhere), stranger.get(there)
        assert hidden.status_code == 404
        assert same(hidden, there) == same(missing, nowhere), page
        # The same keys under an organisation of her own, and the other organisation with her session.
        assert foreigner.get(f"/{elsewhere.slug}/{page.format(**keys, month=office.month)}").status_code == 404
        sent_away = foreigner.get(f"/{office.slug}/{page.format(**keys, month=office.month)}")
        assert (sent_away.status_code, "/log-in/" in sent_away.headers["Location"]) == (302, True)
        assert b"Kanarief" not in hidden.content + sent_away.content
    for page in POSTS:
        assert stranger.post(f"/{office.slug}/{page.format(**keys, month=office.month)}").status_code == 404, page
    case = stranger.post(f"/{office.slug}/drafts/", {"case": folder.case.id, "month": str(office.month + 1)})
    assert case.status_code == 404
    with acting(office.slug, TEST, "look"):
        refused = ReadEntry.objects.filter(outcome="refused", actor_kind="citizen")
        named = [refused.filter(subject=key).count() for key in keys.values()]
    assert named == [4, 0, 9, 7, 1, 1]  # each refusal is logged once; that of a decision names its case


def test_a_partner_sees_the_joint_application_and_nothing_of_the_other(new_office: Any, visit: Any) -> None:
    office = new_office(renewal_opens_days_before=31)
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))
    keys = everything(folder)
    with acting(office.slug, TEST, "look"):
        account = Account.objects.get(person_id=folder.citizens[0].id).number
    applicant, partner = (visit(office, who) for who in folder.citizens)
    asked = f"/{office.slug}/hearings/{keys['hearing']}/"
    assert (applicant.get(asked).status_code, partner.get(asked).status_code) == (200, 404)
    appealed = f"/{office.slug}/appeals/{keys['appeal']}/"
    assert (applicant.get(appealed).status_code, partner.get(appealed).status_code) == (200, 404)
    assert "/appeals/" in applicant.get(f"/{office.slug}/my/").content.decode()
    shown = applicant.get(f"/{office.slug}/my/").content.decode()
    assert f"kontot som slutar på {account[-4:]}" in shown
    for page in ("my/", "decisions/{decision}/", "drafts/{draft}/check/", "applications/{application}/"):
        seen = partner.get(f"/{office.slug}/{page.format(**keys, month=office.month)}")
        assert seen.status_code == 200, page
        text = seen.content.decode()
        assert account[-4:] not in text.replace(str(keys), ""), page
        assert folder.numbers[0] not in text
        assert "slutar på" not in text
        assert "/appeals/" not in text


def test_a_protected_relative_is_masked_for_the_other(new_office: Any, visit: Any) -> None:
    office = new_office()
    key, _ = office.person("Hemlig", "Kanariefågel", "20140505", account=None, protection_level=2)
    adult, number = office.person("Petra", "Nilsson", "19900615")
    since = (office.month - 1).since
    home = form_household(**office.act("rut"), members=[(adult, "adult"), (key, "child")], since=since)
    case = open_case(
        **office.act("rut"), applicant=adult, co_applicant=None, household=home.id,
        unit=office.units["Försörjningsstöd"], caseworker=None, opened_on=since,
    )  # fmt: skip
    folder = Folder(office, case, [Actor("citizen", adult)], [number])
    draft = folder.draft()
    petra = visit(office, folder.citizens[0])
    for screen in ("household", "income", "check"):
        text = petra.get(f"/{office.slug}/drafts/{draft.id}/{screen}/").content.decode()
        assert "En i hushållet" in text, screen
        assert "Hemlig" not in text
        assert "Kanariefågel" not in text


def test_who_is_protected_later_no_longer_stands_on_what_was_sent_and_decided_before(office: Any, visit: Any) -> None:
    folder = office.case(children=(("Hemlig", "Kanariefågel", "20140505"),))
    receipt = folder.applied()
    with acting(office.slug, TEST, "look"):
        child = Person.objects.get(family_name="Kanariefågel")
    rent, medicine = {"code": "RENT", "applied": 6_200_00}, {"code": "MEDICINE", "applied": 310_00}
    sheet = folder.assessed(costs=[rent, medicine | {"person": str(child.id)}])
    told = {"reasons": "Varje kostnad är prövad.", "language": "sv", "unheard": "Allt är som sökt."}
    made = propose(**office.act("hanna"), sheet=sheet.id, **told)
    decision = decide(**office.act("bo"), decision=made.id, version=made.version)
    petra = visit(office, folder.citizens[0])
    what_if = f"/{office.slug}/decisions/{decision.id}/what-if/"
    assert "Medicin" in petra.get(what_if).content.decode()
    application = f"/{office.slug}/applications/{receipt.application_id}/"
    pages = (application, f"/{office.slug}/decisions/{decision.id}/")
    before = [petra.get(page).content.decode() for page in pages]
    assert all("Kanariefågel" in text for text in before)
    assert "2014" in before[0] and "Barn 12 år" in before[1]
    assert petra.get(f"{application}application.json").status_code == 200
    set_protection(**office.act("rut"), person=child.id, level=2, address_level=2, version=child.version)
    for page in pages:
        text = petra.get(page).content.decode()
        assert "En i hushållet" in text
        for leak in ("Hemlig", "Kanariefågel", "2014", "12 år"):
            assert leak not in text, (page, leak)
    # what is hers isn't named where other amounts are tried either, and counts as decided
    text = petra.get(what_if).content.decode()
    assert "Medicin" not in text and "costs-0" in text and "costs-1" not in text
    incomes = [income["gross"] // 100 for income in sheet.snapshot.facts["incomes"]]
    answer = petra.post(what_if, {"costs-0": "6700"} | {f"incomes-{n}": str(gross) for n, gross in enumerate(incomes)})
    assert "500,00 kr mer än beslutat" in answer.content.decode().replace("\N{NO-BREAK SPACE}", " "), answer.status_code
    text = petra.get(application).content.decode()
    assert receipt.body["content_digest"] in text and "som det skrevs under" in text
    assert petra.get(f"{application}application.json").status_code == 404
    paper = PdfReader(io.BytesIO(petra.get(f"{application}receipt.pdf").content))
    said = "".join(page.extract_text() for page in paper.pages)
    assert "Kanariefågel" not in said and receipt.body["content_digest"][:20] in said.replace("\n", "")
    with acting(office.slug, TEST, "look"):
        assert canonical.digest(receipt.application.document) == receipt.body["content_digest"]


def test_a_letter_with_somebody_protected_later_is_not_given_out_to_another(
    new_office: Any, visit: Any, database: Any
) -> None:
    office = new_office()
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Åberg", "19831120"))
    folder.applied()
    decision = folder.decided()
    run_jobs(database)
    page = f"/{office.slug}/decisions/{decision.id}/"
    applicant, partner = (visit(office, who) for who in folder.citizens)

    def given() -> list[tuple[int, bool, bool]]:
        """Of the applicant and her partner: the letter's status; whether the page links to it; whether it explains."""
        told = []
        for one in (applicant, partner):
            text = one.get(page).content.decode()
            told.append((one.get(f"{page}letter.pdf").status_code, "letter.pdf" in text, "Brevet lämnas inte" in text))
        return told

    there, withheld = (200, True, False), (404, False, True)
    assert given() == [there, there]

    def protect(level: int, address_level: int) -> None:
        with acting(office.slug, TEST, "look"):
            amina = Person.objects.get(id=folder.citizens[0].id)
        levels = {"level": level, "address_level": address_level, "version": amina.version}
        set_protection(**office.act("rut"), person=amina.id, **levels)

    protect(0, 1)
    assert given() == [there, withheld]
    protect(1, 1)  # herself she has no pages any more
    assert given()[1] == withheld
    with acting(office.slug, TEST, "look"):
        assert ReadEntry.objects.filter(what="decision letter", outcome="refused").count() == 2


def test_each_adult_reads_her_own_reasons_and_not_that_the_other_is_protected(
    new_office: Any, visit: Any, database: Any
) -> None:
    office = new_office()
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Kanariefågel", "19831120"))
    folder.applied()
    hers, his = "Hyran delas av Yusuf Kanariefågel, säger YUSUFSBROR", "Yusuf visade ingen avi"
    told = {"reasons": hers, "reasons_co": his, "language": "sv"}
    made = propose(**office.act("hanna"), sheet=folder.assessed().id, **told)
    decision = decide(**office.act("bo"), decision=made.id, version=made.version)
    page = f"/{office.slug}/decisions/{decision.id}/"
    amina, yusuf = (visit(office, who) for who in folder.citizens)
    run_jobs(database)
    for one, own, others in ((amina, hers, his), (yusuf, his, hers)):
        text = one.get(page).content.decode()
        assert own in text and others not in text and "letter.pdf" in text
        letter = PdfReader(io.BytesIO(one.get(f"{page}letter.pdf").content))
        said = " ".join("".join(sheet.extract_text() for sheet in letter.pages).split())
        assert own in said and others not in said and decision.number in said and "Summa riksnorm" in said
    with acting(office.slug, TEST, "look"):
        whole, first, second = Document.objects.filter(subject_id=folder.case.id).order_by("title")
        assert [one.title for one in (whole, first, second)] == [decision.number + copy for copy in ("", " 1", " 2")]
        for one in (first, second):  # no way round the page of the decision, which looks who is protected
            with pytest.raises(Hidden):
                document_for(one.id, folder.citizens[0], office.now)
    half = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Kanariefågel", "19831120"))
    draft = half.draft()
    half.signed(draft, 0)
    for couple in (folder, half):
        with acting(office.slug, TEST, "look"):
            hidden = Person.objects.get(id=couple.citizens[1].id)
        set_protection(**office.act("rut"), person=hidden.id, level=2, address_level=2, version=hidden.version)
    assert amina.get(f"{page}letter.pdf").status_code == 404
    text = amina.get(page).content.decode()
    assert "Hyran delas av Den andra vuxna, säger YUSUFSBROR" in text
    signing = visit(office, half.citizens[0])
    sign = signing.get(f"/{office.slug}/drafts/{draft.id}/sign/").content.decode()
    assert "Den andra vuxna" in sign
    for said in (text, sign, signing.get(f"/{office.slug}/my/").content.decode()):
        assert not [leak for leak in ("Yusuf", "Kanariefågel", "1983", "kyddad", "kyddas") if leak in said]


def test_a_letter_that_names_nobody_protected_is_given_out(new_office: Any, visit: Any, database: Any) -> None:
    office = new_office()
    folder = office.case(children=(("Hemlig", "Kanariefågel", "20140505"),))
    folder.applied()
    with acting(office.slug, TEST, "look"):
        child = Person.objects.get(family_name="Kanariefågel")
    set_protection(**office.act("rut"), person=child.id, level=1, address_level=1, version=child.version)
    decision = folder.decided()
    run_jobs(database)
    letter = visit(office, folder.citizens[0]).get(f"/{office.slug}/decisions/{decision.id}/letter.pdf")
    said = "".join(page.extract_text() for page in PdfReader(io.BytesIO(letter.content)).pages)
    assert "Barn 1" in said and "Kanariefågel" not in said
    for login in ("vera", "vilma"):
        office.admit(login, f"{login} Värn", "caseworker", "decider", clearance=3)
    for reasons, given in (("Hyran delas av två.", 200), ("Hyran delas av Yusuf.", 404)):
        couple = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Kanariefågel", "19831120"))
        couple.applied()
        sheet = couple.assessed()
        with acting(office.slug, TEST, "look"):
            hidden = Person.objects.get(id=couple.citizens[1].id)
        set_protection(**office.act("rut"), person=hidden.id, level=1, address_level=1, version=hidden.version)
        made = propose(**office.act("vera"), sheet=sheet.id, reasons=reasons, language="sv")
        decision = decide(**office.act("vilma"), decision=made.id, version=made.version)
        run_jobs(database)
        amina, page = visit(office, couple.citizens[0]), f"/{office.slug}/decisions/{decision.id}/"
        assert amina.get(f"{page}letter.pdf").status_code == given
        assert "Yusuf" not in amina.get(page).content.decode()


def test_the_unknown_and_the_protected_are_turned_away_alike(
    new_office: Any, visit: Any, at_eid: Callable[..., str], same: Callable[..., bytes]
) -> None:
    office = new_office()
    _, protected = office.person("Gunnar", "Zander", "19750101", protection_level=1)
    pages = []
    for number in (protected, "197802199831"):
        client = visit(office)
        back = at_eid(client.post(f"/{office.slug}/log-in/").url, number)
        page = client.get(back)
        assert page.status_code == 403
        pages.append(same(page, back.replace("&", "&amp;")))
        assert client.get(f"/{office.slug}/my/").status_code == 302
    assert pages[0] == pages[1]
    assert b"Zander" not in pages[0]
    with acting(office.slug, TEST, "look"):
        assert ReadEntry.objects.filter(what="log-in", outcome="refused").count() == 2


def test_who_lives_with_somebody_protected_is_told_to_contact_the_office_not_to_wait(
    new_office: Any, visit: Any
) -> None:
    office = new_office()
    folder = office.case(("Amina", "Åberg", "19850302"), ("Yusuf", "Kanariefågel", "19831120"))
    amina = visit(office, folder.citizens[0])
    assert "Ansök för" in amina.get(f"/{office.slug}/my/").content.decode()
    with acting(office.slug, TEST, "look"):
        hidden = Person.objects.get(family_name="Kanariefågel")
    set_protection(**office.act("rut"), person=hidden.id, level=1, address_level=1, version=hidden.version)
    text = amina.get(f"/{office.slug}/my/").content.decode()
    assert "Kontakta oss om du behöver stöd." in text
    assert not any(said in text for said in ("Ansök för", "Det finns inget att söka för nu", "Kanariefågel"))
