"""A quarter settled at both counters: booked, looked at before it is sent, sent against a finding, accepted and cut,
with every figure down to its source."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Page, expect

from handslag.domain.accounts.queries import Figures
from handslag.domain.accounts.states import Side as Account
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.operations import open_case
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import seal_message
from handslag.domain.payments.queries import postings_of
from handslag.domain.people.operations.persons import form_household
from handslag.domain.settlement.models import Line, Reclaim, Statement, Submission
from handslag.domain.settlement.operations import accept_clean, leave_out, receive_submission
from handslag.domain.tenancy.door import acting
from handslag.kernel import clock
from handslag.messages.settlement import build
from handslag.rules.ch.settlement import ASYLUM
from tests.bed import Database, Process
from tests.canton import Canton, open_canton, somebody
from tests.domain.test_settlement import crossed, figures, lives, sent
from tests.exchange import Side
from tests.office import TEST, session_of

Q1, Q2, Q3, Q4 = date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1), date(2026, 10, 1)


@pytest.fixture(scope="module")
def canton(database: Database) -> Canton:
    side, *places = open_canton(database)
    return Canton(database, Side(side), [Side(place) for place in places])


def case_of(canton: Canton, number: str) -> Case:
    """The case of a person at the first municipality."""
    place = canton.places[0]
    key, office = canton.person(number, place).id, place.office
    home = form_household(**office.act("rut"), members=[(key, "adult")], since=Q3)
    return open_case(
        **office.act("rut"), applicant=key, co_applicant=None, household=home.id, unit=office.units["Försörjningsstöd"],
        caseworker=office.members["hanna"], opened_on=Q3,
    )  # fmt: skip


def test_a_quarter_at_both_counters(
    canton: Canton, log_in: Callable[..., Page], server: Process, fine_at_both: Any, database: Database
) -> None:
    here, there = canton.places
    b = somebody(status="F-A", entry_on=date(2019, 9, 15), status_since=date(2021, 2, 1))
    c = somebody(status="S")
    lives(canton, 0, b, Q3)
    lives(canton, 0, c, Q3)
    case = case_of(canton, c.person.identifier)
    canton.pair.now = clock.now()
    home, to = f"/{here.office.slug}", f"/{canton.side.office.slug}"

    # the caseworker books the co-payment by account code
    hanna = log_in(here.office, "hanna", locale="de-CH", at=server.url("desk", f"{home}/cases/{case.id}/account/"))
    hanna.get_by_label("Konto", exact=True).select_option(label="Selbstbehalt (KVG)")
    hanna.get_by_label("Für welchen Monat").select_option(label="August 2026")
    hanna.get_by_label("Rechnungs- oder Zahlungstag").fill("18.8.2026")
    hanna.get_by_label("Bezahlt an oder erhalten von").fill("Krankenkasse Muster")
    hanna.get_by_label("Betrag").fill("184.30")
    hanna.get_by_role("button", name="Buchen").click()
    expect(hanna.get_by_role("alert")).to_contain_text("Beleg")
    fine_at_both(hanna, "statements-booking-error-de")
    hanna.get_by_label("Beleg").fill("Rechnung 4711")
    hanna.get_by_role("button", name="Buchen").click()
    expect(hanna.get_by_role("row", name="Krankenkasse Muster")).to_contain_text("184.30")
    fine_at_both(hanna, "statements-booked-de")
    with acting(here.office.slug, TEST, "look") as door:
        on = door.the_tenant.today(canton.pair.now)
        (entry,) = postings_of(on, canton.pair.now).entries
    assert (entry.debit, entry.credit, entry.amount) == (("forsorjningsstod", "", ""), ("bank", "", ""), 184_30)

    # the municipality looks at what was found before it sends, and leaves days out
    ulla = log_in(here.office, "ulla", locale="de-CH", at=server.url("desk", f"{home}/statements/"))
    expect(ulla.get_by_role("row", name="01.07.2026")).to_contain_text("noch nicht gesendet")
    fine_at_both(ulla, "statements-unsent-de")
    ulla.get_by_role("link", name="Kalender").click()  # late, and the way to send it
    due = ulla.get_by_role("row", name="Abrechnung 01.07.2026 – 30.09.2026: Asylfürsorge")
    expect(due).to_contain_text("30.10.2026 vorbei")
    fine_at_both(ulla, "calendar-de")
    due.get_by_role("link").click()
    expect(ulla.get_by_text("Vorgeschlagen: CHF 2’736.00, gekürzt um CHF 576.00.")).to_be_visible()
    ulla.get_by_text("Tage von jemandem weglassen").click()
    ulla.get_by_label("Wessen Tage?").select_option(index=2 if c.person.identifier > b.person.identifier else 1)
    ulla.get_by_label("Erster Tag", exact=True).fill("1.9.2026")
    ulla.get_by_label("Letzter Tag", exact=True).fill("30.9.2026")
    ulla.get_by_label("Warum", exact=True).fill("Sie verdient genug.")
    ulla.get_by_role("button", name="Weglassen").click()
    expect(ulla.get_by_role("row", name="S: Schutzbedürftig")).to_contain_text("2’232.00")
    ulla.get_by_label("Die Zeile trotzdem").check()
    ulla.get_by_role("button", name="Abrechnung senden").click()
    expect(ulla.get_by_role("alert")).to_contain_text("Schreiben Sie")
    fine_at_both(ulla, "statements-new-error-de")
    ulla.get_by_label("Warum trotzdem").fill("Der Entscheid ist angefochten.")
    ulla.get_by_role("button", name="Abrechnung senden").click()
    expect(ulla.get_by_text("CHF 5’728.30 ist noch nicht beantwortet.")).to_be_visible()
    sent = ulla.url
    fine_at_both(ulla, "statements-sent-de")
    with acting(here.office.slug, TEST, "look"):
        submission = Submission.objects.get(statement__partner=canton.side.address, statement__since=Q3)
    statement = crossed(canton, here, submission)

    # a day less: what was sent against the finding stands, and what has changed is sent
    ulla.get_by_role("link", name="Was sich seither geändert hat").click()
    expect(ulla.get_by_text("Seit dem Senden hat sich nichts geändert.")).to_be_visible()
    ulla.get_by_text("Tage von jemandem weglassen").click()
    ulla.get_by_label("Wessen Tage?").select_option(index=2 if c.person.identifier > b.person.identifier else 1)
    ulla.get_by_label("Erster Tag", exact=True).fill("31.8.2026")
    ulla.get_by_label("Letzter Tag", exact=True).fill("31.8.2026")
    ulla.get_by_label("Warum", exact=True).fill("Sie verdient schon da genug.")
    ulla.get_by_role("button", name="Weglassen").click()
    expect(ulla.get_by_text("1 neue Zeile, 1 nicht mehr gültig")).to_be_visible()
    fine_at_both(ulla, "statements-changed-de")
    ulla.get_by_role("button", name="Änderungen senden").click()
    expect(ulla.get_by_text("1 Zeile dazu, 1 zurückgezogen: CHF 5’692.30 gefordert")).to_be_visible()
    canton.settle()

    # the canton: by municipality, then what is to be looked at; what is clean in one act, although it is late
    bo = log_in(canton.side.office, "bo", locale="de-CH", at=server.url("desk", f"{to}/statements/?since={Q3}"))
    fine_at_both(bo, "statements-canton-de")
    bo.get_by_role("row", name="Musterwil").get_by_role("link").click()
    expect(bo.get_by_text("2 Zeilen ohne Befund, 1 zu prüfen")).to_be_visible()
    expect(bo.get_by_text("Der Entscheid ist angefochten.")).to_be_visible()
    bo.get_by_role("button", name="2 Zeilen ohne Befund annehmen: CHF 2’380.30").click()
    expect(bo.get_by_role("alert")).to_contain_text("nach der Frist")
    bo.get_by_label("Warum wird sie trotzdem angenommen?").fill("Die Anweisung kam spät.")
    bo.get_by_role("button", name="2 Zeilen ohne Befund annehmen").click()
    expect(bo.get_by_text("0 Zeilen ohne Befund, 1 zu prüfen")).to_be_visible()
    bo.get_by_text("Zu dieser Zeile nachfragen").click()
    bo.get_by_label("Was Sie wissen müssen").fill("Seit wann ist sie hier?")
    bo.get_by_role("button", name="Gemeinde fragen").click()
    expect(bo.get_by_role("alert")).to_be_visible()
    fine_at_both(bo, "statements-ask-error-de")
    bo.get_by_label("Antwort nötig bis").fill(f"{canton.today + timedelta(days=7):%d.%m.%Y}")
    bo.get_by_role("button", name="Gemeinde fragen").click()
    expect(bo).to_have_url(re.compile("/questions/"))
    canton.settle()
    bo.goto(server.url("desk", f"{to}/calendar/"))
    expect(bo.get_by_role("row", name="Der Partner antwortet: Frage zu einer Abrechnung")).to_contain_text("in 7 Tagen")
    hanna.goto(server.url("desk", f"{home}/calendar/"))
    expect(hanna.get_by_role("row", name="Wir antworten: Frage zu einer Abrechnung")).to_contain_text("in 7 Tagen")
    hanna.goto(f"{sent}questions/")
    hanna.get_by_role("link", name="Seit wann ist sie hier?").click()
    expect(hanna).to_have_url(re.compile("/questions/[0-9a-f]"))
    expect(hanna.get_by_text("Seit wann ist sie hier?").first).to_be_visible()
    bo.goto(server.url("desk", f"{to}/statements/{statement.id}/questions/"))
    expect(bo.get_by_role("link", name="Seit wann ist sie hier?")).to_be_visible()
    fine_at_both(bo, "statements-questions-de")
    bo.goto(server.url("desk", f"{to}/statements/{statement.id}/"))
    bo.get_by_role("button", name="Antwort senden").click()
    expect(bo.get_by_role("alert")).to_contain_text("Gemeinde liest es")
    fine_at_both(bo, "statements-answer-error-de")
    bo.get_by_label("In Ihren Worten").fill("Sieben Jahre sind um.")
    bo.get_by_role("button", name="Antwort senden").click()
    expect(bo.get_by_role("link", name="CHF 576.00")).to_be_visible()
    fine_at_both(bo, "statements-answered-de")

    # the municipality reads it; both ledgers say the same, and each posting leads to the settlement
    canton.settle()
    ulla.goto(sent)
    expect(ulla.get_by_text("Sieben Jahre sind um.")).to_be_visible()
    fine_at_both(ulla, "statements-municipality-answered-de")
    all_ = Figures(claimed=5_692_30, cut=576_00, accepted=5_116_30, open=5_116_30)
    assert figures(canton.side, here, Account.PAYER) == figures(here, canton.side, Account.CLAIMANT) == all_
    ulla.get_by_role("link", name="CHF 576.00").click()
    expect(ulla.locator("#lines tbody tr")).to_have_count(1)
    ulla.get_by_role("link", name="Alle Buchungen").click()
    expect(ulla).to_have_url(re.compile("/entries/"))
    ulla.get_by_role("row").nth(1).get_by_role("link").click()
    expect(ulla).to_have_url(re.compile("/postings/"))
    ulla.get_by_role("link", name="2026-07-01").first.click()
    expect(ulla).to_have_url(sent)
    fr = log_in(here.office, "hanna", locale="fr-CH", at=sent)
    fr.get_by_role("link", name="Écriture", exact=True).click()
    expect(fr.get_by_role("row", name="Krankenkasse Muster")).to_be_visible()
    fr.goto(server.url("desk", f"{home}/statements/"))
    expect(fr.get_by_role("row", name="01.07.2026")).to_contain_text("répondu")
    fine_at_both(fr, "statements-fr")

    # after an audit the canton claims a part of the co-payment back: one proposes, another tells
    with acting(canton.side.office.slug, TEST, "look"):
        bill = Line.objects.get(statement=statement, kind="cost").id
    canton.side.office.admit("berta", "Berta Berg", "decider")
    bo.goto(server.url("desk", f"{to}/statements/{statement.id}/?line={bill}"))
    bo.get_by_role("link", name="Zurückfordern").click()
    bo.get_by_label("Zurückgeforderter Betrag").fill("200.00")
    bo.get_by_label("Grund").select_option("DUPLICATE_INVOICE")
    bo.get_by_label("In Ihren Worten").fill("Die Krankenkasse hat einen Teil erstattet.")
    bo.get_by_role("button", name="Zur Prüfung vorlegen").click()
    expect(bo.get_by_role("alert")).to_contain_text("nicht mehr zurück")
    fine_at_both(bo, "reclaim-error-de")
    bo.get_by_label("Zurückgeforderter Betrag").fill("84.30")
    bo.get_by_role("button", name="Zur Prüfung vorlegen").click()
    expect(bo.get_by_text("wartet auf eine zweite Person")).to_be_visible()
    expect(bo.get_by_role("button", name="Geprüft")).to_have_count(0)
    berta = log_in(canton.side.office, "berta", locale="de-CH")
    berta.goto(bo.url)
    berta.get_by_role("button", name="Geprüft").click()
    expect(berta.get_by_text("von der Gemeinde zu beantworten")).to_be_visible()
    fine_at_both(berta, "reclaim-told-de")
    canton.settle()
    # the municipality objects with a reason, and the canton keeps it all the same: posted, netted later
    ulla.goto(server.url("desk", f"{home}/tasks/"))
    ulla.get_by_role("row").filter(has_text="fordert etwas").get_by_role("link").click()
    ulla.get_by_role("button", name="Einwand erheben").click()
    expect(ulla.get_by_role("alert")).to_contain_text("Schreiben Sie, warum")
    ulla.get_by_label("Warum Sie Einwand erheben").fill("Nichts wurde erstattet.")
    fine_at_both(ulla, "reclaim-answer-de")
    ulla.get_by_role("button", name="Einwand erheben").click()
    canton.settle()
    berta.reload()
    expect(berta.get_by_text("Nichts wurde erstattet.")).to_be_visible()
    berta.get_by_label("Warum festgehalten oder zurückgezogen wird").fill("Der Beleg der Krankenkasse liegt vor.")
    berta.get_by_role("button", name="Trotzdem festhalten").click()
    canton.settle()
    berta.reload()
    expect(berta.get_by_text("trotzdem festgehalten")).to_be_visible()
    fr.goto(server.url("desk", f"{home}/reclaims/"))
    expect(fr.get_by_role("row", name="84.30")).to_contain_text("maintenu malgré tout")
    fine_at_both(fr, "reclaims-fr")
    fr.get_by_role("row", name="84.30").get_by_role("link").click()
    expect(fr.get_by_text("Nichts wurde erstattet.")).to_be_visible()
    fine_at_both(fr, "reclaim-fr")
    fr.get_by_role("link", name="Comptabilisé").click()
    expect(fr.get_by_role("heading", level=1)).to_be_visible()
    (kept,) = here.rows(Reclaim)

    # who doesn't decide has no form; another municipality has no such page
    rut = log_in(
        canton.side.office,
        "rut",
        locale="de-CH",
        at=server.url("desk", f"{to}/statements/{statement.id}/?line={submission.id}"),
    )
    expect(rut.get_by_role("button", name="Antwort senden")).to_have_count(0)
    token = next(one["value"] for one in rut.context.cookies() if one["name"] == "csrf")
    post = """(token) => fetch(location.pathname, {method: "POST", body: new URLSearchParams(
        {act: "accept", csrfmiddlewaretoken: token})}).then((answer) => answer.status)"""
    assert rut.evaluate(post, token) == 403
    stranger = log_in(there.office, "ulla")
    for path in (
        f"/statements/{statement.id}/", f"/statements/{submission.statement_id}/", f"/reclaims/{kept.id}/",
    ):  # fmt: skip
        answer = stranger.goto(server.url("desk", f"/{there.office.slug}{path}"))
        assert answer is not None
        assert answer.status == 404
    alva = log_in(here.office, "alva")
    answer = alva.goto(sent)
    assert answer is not None
    assert answer.status == 403


def test_a_question_about_a_line_and_what_was_refused_at_the_desk(
    canton: Canton, log_in: Callable[..., Page], server: Process, fine_at_both: Any
) -> None:
    here, act = canton.places[1], canton.pair.act
    person = somebody()
    canton.pair.now = clock.now() - timedelta(hours=1)  # what is said at the page comes after
    lives(canton, 1, person, date(2026, 9, 26))
    statement = crossed(canton, here, sent(canton, here, Q3))
    office = canton.side.office
    with acting(office.slug, office.staff["hanna"], "ask"):
        asked = build.asking(
            key=uuid4(), statement=statement, lines={1: "Wo wohnt sie?"}, now=canton.pair.now,
            answer_by=canton.today + timedelta(days=9),
        )  # fmt: skip
        question = seal_message(**act(canton.side), new=asked)
    canton.settle()
    hanna = log_in(here.office, "hanna", locale="de-CH", at=server.url("desk", f"/{here.office.slug}/questions/"))
    hanna.get_by_role("link", name=statement.reference).click()
    expect(hanna.get_by_role("heading", level=1)).to_contain_text(statement.reference)
    hanna.get_by_role("button", name="Antwort senden").click()
    expect(hanna.get_by_role("alert").first).to_be_visible()
    fine_at_both(hanna, "statements-question-de")
    hanna.get_by_label("Antworten: Zeile 1: Wo wohnt sie?").fill("In Beispielen.")
    hanna.get_by_role("button", name="Antwort senden").click()
    expect(hanna.get_by_text("In Beispielen.")).to_be_visible()
    canton.pair.now = clock.now()
    canton.settle()
    assert canton.side.message(question.message_id).business == "accepted"

    # what crosses a decision is refused, and says why
    key = canton.person(person.person.identifier, here).id
    leave_out(**act(here, "ulla"), person=key, regime=ASYLUM, since=date(2026, 9, 30), until=Q4, why="Sie war weg.")
    late = sent(canton, here, Q3)
    accept_clean(**act(canton.side, "bo"), regime=ASYLUM, statement=statement.id, although_late="Spät gemeldet.")
    canton.settle()
    told = here.rows(Message, kind="settlement", direction="out", business="rejected", about=late.statement_id)
    hanna.goto(server.url("desk", f"/{here.office.slug}/questions/{told[0].id}/"))
    expect(hanna.get_by_text("Über eine zurückgezogene Zeile ist schon entschieden")).to_be_visible()
    expect(hanna.get_by_role("button", name="Antwort senden")).to_have_count(0)
    fine_at_both(hanna, "statements-refused-de")


def received(canton: Canton, since: date, until: date, persons: list[str], count: int) -> Statement:
    """A statement of the second municipality with so many bills, as it arrives at the canton."""
    place = canton.places[1].address
    lines = [
        {
            "number": n, "identifier": persons[n % len(persons)], "kind": "cost", "status": "N", "since": str(since),
            "until": str(until), "days": 0, "rate": 0, "amount": 100 + n, "cost": f"booking {since} {n}",
            "share": "whole", "account_code": "DENTAL", "text": f"Rechnung {n}", "corrects": "",
            "findings": [], "why": "",
        } for n in range(1, count + 1)
    ]  # fmt: skip
    content = {
        "statement": f"{place}/asylum/{since}", "fund": "asylum", "since": str(since), "until": str(until), "number": 1,
        "withdrawn": [], "lines": lines, "count": count, "total": sum(one["amount"] for one in lines),
        "currency": "CHF", "sent_on": str(until),
    }  # fmt: skip
    act = {"tenant": canton.side.office.slug, "by": TEST, "now": canton.pair.now}
    return receive_submission(**act, regime=ASYLUM, partner=place, content=content).statement


def test_a_page_takes_no_more_queries_for_more_lines(canton: Canton) -> None:
    from django.core.handlers.wsgi import WSGIHandler
    from django.db import connection
    from django.test import RequestFactory
    from django.test.utils import CaptureQueriesContext

    persons = [somebody(), somebody()]
    lives(canton, 1, persons[0], Q1)
    lives(canton, 0, persons[1], Q1)
    canton.pair.now = clock.now()
    numbers = [one.person.identifier for one in persons]
    office = canton.side.office
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the middleware for static files wants a folder that only builds make
        handler = WSGIHandler()

    def asked(statement: UUID, who: str = "bo", query: str = "") -> tuple[str, list[str]]:
        cookie = f"session={session_of(office, who)}; language=de"
        request = RequestFactory(headers={"host": "desk.localhost"}).get(
            f"/{office.slug}/statements/{statement}/{query}", HTTP_COOKIE=cookie
        )
        with CaptureQueriesContext(connection) as caught:
            response = handler.get_response(request)
        assert response.status_code == 200
        return response.content.decode(), [one["sql"] for one in caught.captured_queries]

    small = received(canton, Q1, Q2, numbers, 3)
    large = received(canton, Q2, Q3, numbers, 250)
    (few, at_few), (many, at_many) = asked(small.id), asked(large.id)
    assert (few.count("Rechnung 3<"), few.count("<tr"), many.count("<tr")) == (2, 1 + 3, 1 + 100)
    assert many.count('class="h-days"') == 25
    _page, paged = asked(large.id, query="?page=3&show=open")
    assert len(at_few) == len(at_many) == len(paged)
    # the others are those of every page at the desk: the session, who asks, what she looked at
    chapters = r'FROM "(settlement|register|people|payments|accounts|exchange|tenancy_organisation)'
    assert sum(bool(re.search(chapters, sql)) for sql in at_many) <= 8
