"""A month of the federal statistics by the sedex client to the office of statistics; the simulated sedex is a process
of its own, and the office one of its participants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from handslag.connectors.exchange.sedex.envelope import read_envelope
from handslag.domain.audit.models import Event
from handslag.domain.exchange.operations.sedex import connect_sedex
from handslag.domain.people.operations.staff import set_policy
from handslag.domain.statistics.models import FederalDelivery, FederalStep
from handslag.domain.statistics.operations.federal import make_federal_delivery, send_federal_delivery
from handslag.domain.tasks.models import Task
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs import sedex
from tests.domain.test_federal_statistics import XSD, spent, tenant_of
from tests.office import TEST, as_role, open_office
from tests.sedex import ANSWERER as OFFICE
from tests.sedex import ASKER as TOWN
from tests.sedex import post

NUMBER = 4711


def test_a_month_goes_by_sedex_and_its_receipts_are_noted(
    database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = open_office(database.connect, "musterwil", "CH", canton="ZH", when_asked_for=True)
    key, month = tenant_of(town), town.month - 1
    folder = town.case(("Dario", "Müller", "19900517"))
    spent(town, folder, month, 184_30)
    connect_sedex(**town.by(TEST), participant=TOWN, folder=str(tmp_path / "asker"))
    set_policy(**town.by(TEST), name="federal_statistics", value={"participant": OFFICE, "type": NUMBER})

    def meets() -> None:
        with as_role(database, "worker"):
            sedex.meet_client(key)

    def row() -> FederalDelivery:
        with acting(town.slug, TEST, "look"):
            return FederalDelivery.objects.order_by("number").last()  # type: ignore[return-value]

    def codes() -> list[tuple[int, int]]:
        with acting(town.slug, TEST, "look"):
            return sorted(FederalStep.objects.filter(delivery=row()).values_list("attempt", "code"))

    made = make_federal_delivery(**town.act("rut"), month=month)
    send_federal_delivery(**town.act("rut"), delivery=made.id, version=made.version)
    with post(tmp_path, types=[NUMBER]) as office:
        # refused, which a person is told; sent again by her; put out and not noted (a crash): put out once more
        office.script({"name": "not allowed", "from": TOWN, "times": 1, "codes": [310]})
        meets()
        office.idle()
        meets()
        assert (row().state, codes()) == ("refused", [(1, 0), (1, 310)])
        with acting(town.slug, TEST, "look"):
            assert Task.objects.filter(subject=made.id, kind="statistics lost", state="open").count() == 1
        send_federal_delivery(**town.act("rut"), delivery=made.id, version=row().version)
        with monkeypatch.context() as crash:
            crash.setattr(sedex, "note_delivery_out", lambda **_: (_ for _ in ()).throw(NotPossible("crash")))
            meets()
        office.idle()
        meets()
        office.idle()
        meets()
        assert row().state == "arrived"
        assert {(2, 0), (2, 100), (2, 201)} <= set(codes())
        with acting(town.slug, TEST, "look"):
            assert not Task.objects.filter(subject=made.id, state="open").exists()
            kinds = set(Event.objects.filter(subject_id=made.id).values_list("kind", flat=True))
        assert kinds >= {"federal delivery out", "federal receipt noted", "federal delivery sent"}

        # what lies at the office: of its type, by the schema, the same sums
        (envelope,) = (tmp_path / "answerer/inbox").glob("envl_*")
        (data,) = (tmp_path / "answerer/inbox").glob("data_*")
        told, root = read_envelope(envelope.read_bytes()), etree.parse(str(data)).getroot()
        assert (told.message_type, told.sender, told.recipients) == (NUMBER, TOWN, (OFFICE,))
        XSD.assertValid(root)
        space = {"s": root.nsmap[None]}
        assert root.findtext("s:totals/s:expense", namespaces=space) == str(made.spent) == "18430"
        assert b"Dario" not in data.read_bytes() and b"seal" not in data.read_bytes()

        # a correction cites what arrived
        spent(town, folder, month, 20_00, "CHILD_ALLOWANCE")
        second = make_federal_delivery(**town.act("rut"), month=month)
        send_federal_delivery(**town.act("rut"), delivery=second.id, version=second.version)
        for _ in range(2):
            meets()
            office.idle()
        assert row().state == "arrived"
        sent = [read_envelope(path.read_bytes()) for path in (tmp_path / "answerer/inbox").glob("envl_*")]
        assert {str(made.id)} == {one.reference for one in sent} - {None}
