"""Warnings: opened by a cause, closed when it goes, acknowledged by a person, never opened again by the machine."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handslag.domain.casefile.models import CaseWarning
from handslag.domain.casefile.operations import acknowledge_warning, keep_warnings, move_in
from handslag.domain.casefile.queries import Cause, open_warnings
from handslag.domain.casefile.states import WarningKind
from handslag.domain.intake.models import InboxItem
from handslag.domain.intake.operations import enter_on_paper, take_from_inbox
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.domain.tenancy.policies import Conflict
from handslag.kernel.ids import uuid7
from tests.office import C1, TEST

K = WarningKind
_serial = itertools.count()


def stand(folder: Any) -> dict[tuple[str, str, int, int], str]:
    """Every warning of the month by its cause, with its state."""
    with acting(folder.office.slug, TEST, "look"):
        rows = CaseWarning.objects.filter(period__case=folder.case, period__since=folder.office.month.since)
        return {(row.kind, row.about, row.amount, row.amount_before): row.state for row in rows}


def taken(folder: Any) -> None:
    with acting(folder.office.slug, TEST, "look"):
        item = InboxItem.objects.filter(case=folder.case).order_by("-received_at", "-id").first()
    take_from_inbox(**folder.office.act("hanna"), item=item.id, version=item.version)


def test_warnings_follow_their_causes_and_a_person_acknowledges(office: Any) -> None:
    folder = office.case()
    before = office.month - 1
    enter_on_paper(
        **office.act("rut"), key=uuid7(), case=folder.case.id, month=before, channel="paper", language="sv",
        answers=C1, signed_on=[folder.citizens[0].id], evidence="binder",
    )  # fmt: skip
    folder.assessed(before)
    assert stand(folder) == {}  # nothing to compare the first month with
    rent, *others = C1["costs"]
    dearer = {**rent, "amount": "6 450"}
    internet = {"code": "INTERNET", "amount": "300", "note": ""}
    folder.applied({**C1, "costs": [dearer, *others, internet]})
    assert stand(folder) == {}
    taken(folder)
    rent_now = ("HOUSING_COST_CHANGE", "RENT", 645_000, 620_000)
    new = ("NEW_EXPENSE", "INTERNET", 30_000, 0)
    assert stand(folder) == {rent_now: "open", new: "open"}

    with acting(office.slug, TEST, "look"):
        row = CaseWarning.objects.get(kind=K.HOUSING_COST_CHANGE)
    with pytest.raises(NotAllowed):
        acknowledge_warning(**office.act("rut"), warning=row.id)
    with pytest.raises(Hidden):
        acknowledge_warning(**office.act("ulla"), warning=row.id)
    acknowledge_warning(**office.act("hanna"), warning=row.id)
    with pytest.raises(Conflict):
        acknowledge_warning(**office.act("bo"), warning=row.id)
    sheet = folder.assessed()
    assert stand(folder) == {rent_now: "seen", new: "open"}

    # The caseworker takes the new cost out: its cause is gone. Put in again, the machine stays silent.
    with acting(office.slug, TEST, "look"):
        facts = type(sheet).objects.select_related("snapshot").get(id=sheet.id).snapshot.facts
    without = [cost for cost in facts["costs"] if cost["code"] != "INTERNET"]
    folder.assessed(costs=without)
    assert stand(folder) == {rent_now: "seen", new: "closed"}
    folder.assessed()
    assert stand(folder) == {rent_now: "seen", new: "closed"}
    # Another figure is another cause, also after the first was acknowledged.
    dearest = [{**c, "applied": 700_000} if c["code"] == "RENT" else c for c in facts["costs"]]
    folder.assessed(costs=dearest)
    assert stand(folder) == {
        rent_now: "closed", new: "closed", ("HOUSING_COST_CHANGE", "RENT", 700_000, 620_000): "open"
    }  # fmt: skip
    # Somebody moves in while the month is open.
    child, _ = office.person("Sara", "Nilsson", "20210210", account=None)
    move_in(
        **office.act("rut"), household=folder.case.household_id, person=child, role="child", since=office.month.since
    )
    assert {key[0] for key, state in stand(folder).items() if state == "open"} == {
        "HOUSING_COST_CHANGE", "NEW_PERSON"
    }  # fmt: skip


CAUSES = st.sets(st.integers(0, 4), max_size=4)


@settings(max_examples=15, deadline=None, suppress_health_check=[*HealthCheck])
@given(steps=st.lists(st.tuples(CAUSES, st.integers(0, 4)), min_size=1, max_size=6))
def test_whatever_comes_and_goes_nothing_is_opened_twice(month: Any, steps: list[tuple[set[int], int]]) -> None:
    """Against a model of five lines: what each step does to each warning, and to no warning of another check."""
    folder, period = month
    act, run = folder.office.act("hanna"), next(_serial)
    model: dict[int, str] = {}

    def cause(line: int) -> Cause:
        return Cause(K.MISSING_SSBTEK, f"{run}.{line}")

    for causes, looked_at in steps:
        keep_warnings(**act, period=period, kinds=[K.MISSING_SSBTEK], causes=map(cause, causes))
        for line in range(5):
            if line in causes:
                model.setdefault(line, "open")
            elif line in model:
                model[line] = "closed"
        if model.get(looked_at) == "open":
            with acting(folder.office.slug, TEST, "look"):
                row = CaseWarning.objects.get(about=cause(looked_at).about)
            acknowledge_warning(**act, warning=row.id)
            model[looked_at] = "seen"
        now = {about: state for (_, about, _, _), state in stand(folder).items()}
        assert {line: now.get(cause(line).about) for line in model} == model
        assert now["OTHER"] == "open"  # another check's is left alone
        with acting(folder.office.slug, TEST, "look"):
            assert open_warnings(period, K.MISSING_SSBTEK) == ("open" in model.values())


@pytest.fixture
def month(office: Any) -> Any:
    """A month that was applied for, with one warning that isn't this check's."""
    folder = office.case()
    folder.applied()
    period = folder.period().id
    other = [Cause(K.EXPENSE_REVIEW, "OTHER", "", 100_00)]
    keep_warnings(**office.act("hanna"), period=period, kinds=[K.EXPENSE_REVIEW], causes=other)
    return folder, period
