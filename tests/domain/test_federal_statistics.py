"""The month for the Swiss federal office of statistics: equal to the case accounts, without anybody's name, corrected
by a delivery of its own, sent by a person although something is found only with her reason."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.db import connection
from lxml import etree

from handslag.domain.audit.models import Event
from handslag.domain.casefile.models import Case
from handslag.domain.decisions.operations import decide, propose
from handslag.domain.exchange.operations.sedex import connect_sedex
from handslag.domain.payments.models import Booking
from handslag.domain.payments.operations.account import book, reverse_booking
from handslag.domain.payments.states import BookingKind
from handslag.domain.people.operations.persons import follow_person
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.people.permissions import CASE_SYSTEM
from handslag.domain.statistics.models import FederalDelivery
from handslag.domain.statistics.operations.federal import (
    class_account,
    make_federal_delivery,
    note_delivery_out,
    record_delivery_receipt,
    record_ending,
    send_federal_delivery,
)
from handslag.domain.statistics.queries.federal import collect, message_of, shipped_classes, table
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import Conflict, NotForThem
from handslag.jobs.statistics import watch
from handslag.kernel import canonical
from handslag.kernel.months import Month
from handslag.messages.as_xml import form_of
from handslag.messages.ech.frame import written
from handslag.messages.social_statistics.message import SocialStatistics
from handslag.rules.ch.codes import COSTS, INCOMES
from tests.bed import ROOT
from tests.office import TEST, Folder, Office, as_role, open_office, refused

LEDGER = """
SELECT coalesce(sum(b.amount) FILTER (WHERE b.kind = 'expense'), 0),
    coalesce(sum(b.amount) FILTER (WHERE b.kind = 'income'), 0), count(*)
FROM payments_booking b JOIN casefile_period p ON (p.tenant_id, p.id) = (b.tenant_id, b.period_id)
WHERE p.since >= %s AND p.since < %s AND b.kind <> 'claim'
"""
RECEIVER = {"participant": "T3-BFS-1", "type": 4711}
XSD = etree.XMLSchema(etree.parse(str(ROOT / "src/handslag/messages/social_statistics/schema.xsd")))


@pytest.fixture
def town(connect: Any) -> Office:
    return open_office(connect, "musterwil", "CH", canton="ZH", demonstration=True)


def granted(folder: Folder, month: Month, *permits: str) -> int:
    """A budget of Zurich decided for a month; how much it grants."""
    with acting(folder.office.slug, TEST, "look"):
        case = Case.objects.select_related("applicant", "co_applicant").get(id=folder.case.id)
    people = [one for one in (case.applicant, case.co_applicant) if one]
    members = [
        {"key": str(one.id), "birth_on": str(one.birth_on), "permit": permit}
        for one, permit in zip(people, permits, strict=True)
    ]
    facts = {"canton": "ZH", "members": members, "rent": {"amount": 1_050_00, "source": "evidence"}}
    sheet = folder.by_law(facts, month)
    told = {"sheet": sheet.id, "reasons": "", "language": "de"}
    proposal = propose(**folder.office.act("hanna"), **told)
    return decide(**folder.office.act("bo"), decision=proposal.id, version=proposal.version).amount


def spent(town: Office, folder: Folder, month: Month, amount: int, code: str = "DENTAL", **more: Any) -> Booking:
    kind = BookingKind.INCOME if code in INCOMES else BookingKind.EXPENSE
    told = {"counterparty": "Praxis Schönenberg", "source": f"Rechnung {amount}", "on": town.today - timedelta(days=1)}
    return book(
        **town.act("hanna"), case=folder.case.id, kind=kind, month=month, account_code=code, amount=amount,
        **{**told, **more},
    )  # fmt: skip


def found(town: Office, month: Month) -> Any:
    with acting(town.slug, TEST, "look"):
        return collect(month)


def booked(town: Office, month: Month) -> tuple[int, int, int]:
    """Spent, come in and how many bookings, by a statement of its own."""
    with acting(town.slug, TEST, "look"), connection.cursor() as cursor:
        cursor.execute(LEDGER, [month.since, month.until])
        one, two, three = cursor.fetchone()
    return int(one), int(two), int(three)


def tasks(town: Office) -> list[str]:
    with acting(town.slug, TEST, "look"):
        return sorted(Task.objects.filter(state="open", kind__contains="stat").values_list("kind", flat=True))


def test_totals_are_the_case_accounts_of_the_month_whatever_is_booked(town: Office) -> None:
    chance = random.Random(20261128)
    month = town.month - 1
    folders = [
        town.case(("Dario", "Müller", "19900517")),
        town.case(
            ("Elias", "Müller", "19840201"), ("Emma", "Müller", "19860302"), children=(("Eva", "M", "20180403"),)
        ),
    ]
    granted(folders[0], month, "B-R")
    granted(folders[0], month - 1, "B-R")
    codes = [*COSTS, *INCOMES]
    for step in range(14):
        folder, when = folders[chance.randrange(2)], month - chance.randrange(2)
        if step % 4 == 3:
            with acting(town.slug, TEST, "look"):
                counters = Booking.objects.exclude(reverses=None).values("reverses_id")
                rows = Booking.objects.filter(decision_line=None, reverses=None).exclude(id__in=counters)
                wrong = rows.order_by("booked_at")[0].id
            reverse_booking(**town.act("hanna"), booking=wrong, reason="Falsch gebucht.")
        else:
            person = folder.case.applicant_id if chance.random() < 0.5 else None
            spent(town, folder, when, chance.randrange(1, 200_000), chance.choice(codes), person=person)
        for one in (month, month - 1):
            told = found(town, one)
            rows = [row for each in told.body["dossiers"] for row in each["bookings"]]
            sums = [sum(r["amount"] for r in rows if r["direction"] == kind) for kind in ("expense", "income")]
            assert (*sums, len(rows)) == booked(town, one)
            assert told.body["totals"] == {"expense": sums[0], "income": sums[1]}
            assert told.text == found(town, one).text and told.unmapped == {}
    family = next(d for d in found(town, month).body["dossiers"] if len(d["persons"]) == 3)
    assert [p["variables"][0]["value"] for p in family["persons"]] == ["applicant", "partner", "child"]


def test_a_month_is_made_looked_at_sent_and_corrected(town: Office, connect: Any, database: Any) -> None:
    month, rut = town.month - 1, town.act("rut")
    folder = town.case(("Dario", "Müller", "19900517"))
    refused("nothing booked", make_federal_delivery, **rut, month=month)
    refused("month not over", make_federal_delivery, **rut, month=town.month)
    amount = granted(folder, month, "B-R")
    dental = spent(town, folder, month, 184_30, person=folder.case.applicant_id)
    with as_role(database, "worker"):  # at the month's end by itself: a person is told
        watch(tenant_of(town))
        watch(tenant_of(town))
    with acting(town.slug, TEST, "look"):
        first = FederalDelivery.objects.get()
    assert (first.made_by_id, first.number, first.spent, tasks(town)) == (
        None, 1, amount + 184_30, ["statistics due"],
    )  # fmt: skip
    refused("same delivery", make_federal_delivery, **rut, month=month)

    # what is told, and what never is
    (dossier,) = json.loads(first.content)["dossiers"]
    values = {one["name"]: one["value"] for one in dossier["variables"]}
    assert values["granted"] == str(amount) and values["rent"] == "105000" and values["last_payment"] == str(month)
    assert values["benefit_type"] == "social_assistance"
    (person,) = dossier["persons"]
    told = {one["name"]: one["value"] for one in person["variables"]}
    assert told == {"role": "applicant", "birth_on": "1990-05-17", "permit": "B-R"}
    assert [(row["account_code"], row["category"], row.get("person")) for row in dossier["bookings"]] == [
        ("forsorjningsstod", "SUPPORT", None), ("DENTAL", "HEALTH", 1),
    ]  # fmt: skip
    for secret in ("Dario", "Müller", "Provgatan", "Schönenberg", "Rechnung"):
        assert secret not in first.content
    assert str(folder.case.applicant_id) not in first.content
    assert dossier["bookings"][1].keys() == {
        "reference", "account_code", "category", "since", "until", "person", "direction", "amount",
    }  # fmt: skip

    # an account code of nobody's table is found, named and given to a person; it is sent only with a reason
    dentist = {"direction": "expense", "account_code": "DENTAL"}
    class_account(**rut, **dentist, category="", source="Weisung fehlt")
    refused("same class", class_account, **rut, **dentist, category="", source="Weisung fehlt")
    refused("category", class_account, **rut, **dentist, category="LAZY", source="Weisung")
    refused("class source", class_account, **rut, **dentist, category="HEALTH", source=" ")
    assert found(town, month).unmapped == {("expense", "DENTAL"): (1, 184_30)}
    act = {**rut, "delivery": first.id, "version": first.version}
    refused("no sedex", send_federal_delivery, **act)
    connect_sedex(**town.by(TEST), participant="T1-9901-1", folder="/nowhere")
    set_policy(**town.by(TEST), name="federal_statistics", value=RECEIVER)
    refused("delivery differs", send_federal_delivery, **act)
    second = make_federal_delivery(**rut, month=month)
    assert second.number == 2 and tasks(town) == ["statistics due"]
    with acting(town.slug, TEST, "look"):
        assert Task.objects.filter(subject=second.id, kind="accounts unclassed", state="open").count() == 1
    refused("not the newest delivery", send_federal_delivery, **act)
    act = {**rut, "delivery": second.id, "version": second.version}
    refused("say why", send_federal_delivery, **act)
    sent = send_federal_delivery(**act, why="Die Weisung kommt nächsten Monat.")
    assert (sent.state, sent.recipient, tasks(town)) == ("sent", "T3-BFS-1", [])
    with pytest.raises(Conflict):
        send_federal_delivery(**{**act, "version": sent.version})

    # countered later: a task, and the whole month anew as a correction of what was sent
    later = {**town.act("hanna"), "now": town.now + timedelta(minutes=1)}
    reverse_booking(**later, booking=dental.id, reason="Von der Kasse bezahlt.")
    with as_role(database, "worker"):
        watch(tenant_of(town))
        watch(tenant_of(town))
    assert tasks(town) == ["statistics changed"]
    third = make_federal_delivery(**rut, month=month)
    assert (third.spent, third.corrects_id, tasks(town)) == (amount, second.id, ["statistics due"])
    third = send_federal_delivery(**rut, delivery=third.id, version=third.version, why="Dito.")
    with acting(town.slug, TEST, "look"):
        told_first, told_last = message_of(sent), message_of(third)
        kinds = list(Event.objects.filter(subject_id=third.id).order_by("seq").values_list("kind", flat=True))
    assert kinds[0] == "federal delivery made" and "federal delivery sent" in kinds
    assert (told_first["header"]["action"], told_last["header"]["action"]) == ("1", "4")
    assert told_last["header"]["reference"] == str(second.id) and told_last["header"]["test"]
    for one in (told_first, told_last):
        content = canonical.dumps(one)
        msgspec.json.decode(content, type=SocialStatistics)
        XSD.assertValid(etree.fromstring(written(form_of("social_statistics"), content)))

    # by registrars of this municipality, cleared for everybody in it
    for who in ("hanna", "ulla", "alva"):
        with pytest.raises(NotAllowed):
            make_federal_delivery(**town.act(who), month=month)
    theirs = open_office(connect, "fremd", "CH")
    swedish = open_office(connect)
    for office in (theirs, swedish):
        with pytest.raises(Hidden):
            send_federal_delivery(**office.act("rut"), delivery=third.id, version=third.version)
        with acting(office.slug, TEST, "look"):
            assert not FederalDelivery.objects.exists() and collect(month).body["dossiers"] == []
    with pytest.raises(Hidden):
        class_account(**swedish.act("rut"), **dentist, category="", source="Weisung fehlt")
    follow_person(
        **town.by(CASE_SYSTEM), person=folder.case.applicant_id, given_name="Dario", family_name="Müller", email="",
        telephone="", protected=True,
    )  # fmt: skip
    # nobody in the third one was protected when it was made: she is by now, and it isn't sent again
    sedex = {**town.by(system("sedex")), "delivery": third.id, "attempt": 1}
    note_delivery_out(**sedex)
    record_delivery_receipt(**sedex, code=310, info="", said_at=town.now)
    with pytest.raises(Hidden):
        send_federal_delivery(**rut, delivery=third.id, version=third.version + 1, why="Noch einmal.")
    set_policy(**town.by(TEST), name="federal_statistics", value={**RECEIVER, "ahvn13": True})
    class_account(**rut, **dentist, category="HEALTH", source="Weisung vom 1. November")
    with pytest.raises(NotForThem, match="protected file"):
        make_federal_delivery(**rut, month=month)
    town.admit("klara", "Klara Klar", "registrar", clearance=3)
    fourth = make_federal_delivery(**town.act("klara"), month=month)
    assert fourth.protection > 0 and fourth.number == 4
    with pytest.raises(Hidden):
        send_federal_delivery(**rut, delivery=fourth.id, version=fourth.version)


def test_a_dossier_ends_six_months_after_its_last_support_with_a_reason(town: Office) -> None:
    folder = town.case(("Elif", "Keller", "19840201"))
    last = town.month - 4
    granted(folder, last, "C")
    ends = last + 6
    assert found(town, ends - 1).body["dossiers"] == []
    told = found(town, ends)
    assert [one.id for one in told.unexplained] == [folder.case.id] and told.found
    (dossier,) = told.body["dossiers"]
    assert {"name": "closed_in", "value": str(ends)} in dossier["variables"] and dossier["bookings"] == []
    refused("ending reason", record_ending, **town.act("rut"), case=folder.case.id, month=last, reason="LAZY")
    with pytest.raises(NotAllowed):
        record_ending(**town.act("ulla"), case=folder.case.id, month=last, reason="WORK")
    record_ending(**town.act("rut"), case=folder.case.id, month=last, reason="WORK")
    told = found(town, ends)
    assert told.unexplained == [] and not told.found
    assert {"name": "closing_reason", "value": "WORK"} in told.body["dossiers"][0]["variables"]
    # a cost after the end is named; support that is granted again takes the end away
    spent(town, folder, town.month, 90_00)
    assert [one.id for one in found(town, town.month).booked_later] == [folder.case.id]
    granted(folder, town.month, "C")
    assert found(town, town.month).booked_later == found(town, ends).unexplained == []


def test_the_table_names_every_code_or_leaves_it_open(town: Office) -> None:
    accounts = shipped_classes()
    assert {code for kind, code in accounts if kind == "expense"} >= set(COSTS)
    assert {code for kind, code in accounts if kind == "income"} >= set(INCOMES)
    assert set(accounts.values()) <= set(table()["categories"])
    assert table()["status"] == "uncertain" and table()["open"]
    for part in ("categories", "reasons"):
        assert all(set(name) == {"de", "fr", "sv", "en"} for name in table()[part].values())
    assert all(len(code) <= 8 for code in table()["reasons"])


def tenant_of(office: Office) -> int:
    with acting(office.slug, TEST, "look") as door:
        return door.the_tenant.id

