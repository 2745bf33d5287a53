"""What earlier months decide, and what a municipality sets itself: through the operations, on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from handslag.domain.decisions.operations import decide, propose
from handslag.domain.entitlement.models import LocalNorm, PersonMonth
from handslag.domain.entitlement.operations import confirm_local_norm, enter_local_norm
from handslag.domain.entitlement.queries import applied_facts, before, calculated, local_norms, newest_application
from handslag.domain.people.operations.staff import admit_staff
from handslag.domain.tenancy.door import Actor, acting, at_large
from handslag.domain.tenancy.permissions import NotAllowed
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.kernel.months import Month
from handslag.rules.se.history import Stimulus
from tests.office import TEST, Folder, Office, open_office

TEN = {"household": {"same": "yes"}, "incomes": [], "message": ""}
WORK = "Sara har arbetat under sommaren"


@pytest.fixture
def office(connect: Any, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office that opened in February 2026."""
    monkeypatch.setattr("handslag.kernel.clock.now", lambda: datetime(2026, 2, 10, 9, tzinfo=UTC))
    return open_office(connect)


def month_of(folder: Folder, month: Month, rent: str = "6 200", **changes: Any) -> None:
    """A month from the application to the decision, on its tenth day."""
    office = folder.office
    office.now = datetime(month.year, month.number, 10, 9, tzinfo=UTC)
    folder.applied(TEN | {"costs": [{"code": "RENT", "amount": rent, "note": ""}]})
    sheet = folder.assessed(**changes)
    shown = "Inkomsten har hon själv visat upp"
    proposal = propose(**office.act("hanna"), sheet=sheet.id, reasons=WORK, language="sv", unheard=shown)
    decide(**office.act("bo"), decision=proposal.id, version=proposal.version)


def test_six_months_of_support_open_the_job_stimulus_and_a_childs_work_adds_up(office: Office) -> None:
    folder = office.case(("Petra", "Nilsson", "19900615"), children=(("Sara", "Nilsson", "20090115"),))
    other = office.case(("Åke", "Berg", "19800101"))
    with acting(office.slug, TEST, "look"):
        person, child = folder.case.applicant_id, None
        facts = applied_facts(folder.case, _period(folder), None, office.today)
    child = next(UUID(m.key) for m in facts.members if m.role == "child")
    assert [(m.job_stimulus, m.work_income_before) for m in facts.members] == [(False, None), (False, 0)]
    pay = {"code": "SALARY", "gross": 2_900_000, "source": "evidence", "person": str(child)}
    wealth = {"code": "PENSION", "gross": 9_000_000, "source": "evidence", "person": str(other.case.applicant_id)}
    for number in range(2, 8):
        month_of(folder, Month(2026, number), incomes=[pay] if number in (6, 7) else [])
        month_of(other, Month(2026, number), incomes=[wealth] if number == 4 else [])
    with acting(office.slug, TEST, "look"):
        rows = PersonMonth.objects.filter(person_id__in=[person, child]).order_by("since")
        assert [r.supported for r in rows if r.person_id == person] == [True] * 6
        assert {r.supported for r in rows if r.person_id == child} == {False}
        assert [r.work_income for r in rows if r.person_id == child] == [0, 0, 0, 0, 2_900_000, 2_900_000]
        others = PersonMonth.objects.filter(person_id=other.case.applicant_id).order_by("since")
        assert [r.supported for r in others] == [True, True, False, True, True, True]
        earlier = before([person, child, other.case.applicant_id], date(2026, 8, 1))
        assert earlier[person].stimulus == Stimulus(Month(2026, 8), Month(2028, 8))
        assert (earlier[child].earned, earlier[child].stimulus) == (5_800_000, None)
        assert earlier[other.case.applicant_id].stimulus is None
        assert before([person], date(2026, 7, 1))[person].stimulus is None
    office.now = datetime(2026, 8, 10, 9, tzinfo=UTC)
    folder.applied(TEN | {"costs": []})
    with acting(office.slug, TEST, "look"):
        august = applied_facts(folder.case, _period(folder), newest_application(_period(folder).id), office.today)
        assert [(m.job_stimulus, m.work_income_before) for m in august.members] == [(True, None), (False, 5_800_000)]


def _period(folder: Folder) -> Any:
    from handslag.domain.casefile.models import Period

    since = folder.office.month.since
    return Period.objects.filter(case=folder.case, since=since).first() or Period(
        case=folder.case, since=since, until=folder.office.month.until
    )


def second_administrator(office: Office) -> None:
    from handslag.demo.fill import staff_user

    with at_large("test", writing=True):
        user = staff_user("axel", office.slug)[0]
    office.staff["axel"] = Actor("staff", user)
    admit_staff(
        **office.by(TEST), user_id=user, name="Axel", unit=office.units["Ekonomi"], roles=["administrator"], clearance=0
    )


RENT = {
    "name": "limit.RENT", "unit": "SEK/month", "label": {"sv": "Hyra"}, "by": "household", "bands": [20, 21, 40],
    "last": 59,
}  # fmt: skip


def limit(office: Office, since: date, rows: list[int] | None, who: str = "alva") -> LocalNorm:
    entry = RENT | {"rows": rows} if rows else {"name": "limit.RENT"}
    return enter_local_norm(**office.act(who), entry=entry, since=since, source="socialnämnden § 88")


def test_a_limit_holds_when_two_have_set_it_and_binds_the_proposal_only(office: Office) -> None:
    second_administrator(office)
    folder = office.case()
    office.now = datetime(2026, 3, 10, 9, tzinfo=UTC)
    folder.applied(TEN | {"costs": [{"code": "RENT", "amount": "7 000", "note": ""}]})
    entry = RENT | {"rows": [6000, 7000, 8000], "known_from": "2026-03-10"}
    row = enter_local_norm(**office.act("alva"), entry=entry, since=date(2026, 3, 1), source="socialnämnden § 88")
    assert folder.assessed().granted == 5_220_00 + 7_000_00
    with pytest.raises(NotPossible, match="second pair of eyes"):
        confirm_local_norm(**office.act("alva"), norm=row.id)
    with pytest.raises(NotAllowed):
        confirm_local_norm(**office.act("hanna"), norm=row.id)
    confirm_local_norm(**office.act("axel"), norm=row.id)
    with pytest.raises(Conflict):
        confirm_local_norm(**office.act("axel"), norm=row.id)
    sheet = folder.assessed()
    [cost] = sheet.snapshot.facts["costs"]
    assert (sheet.granted, cost["limit"], cost["limit_source"]) == (11_220_00, 6_000_00, "socialnämnden § 88")
    assert sheet.norm_set.body["limit.RENT"] == ["SEK/month", [6000, 7000, 8000], "official"]
    own = dict(cost, effective=7_000_00, note="ingen billigare bostad finns")
    assert folder.assessed(costs=[own]).granted == 12_220_00
    with acting(office.slug, TEST, "look"):
        application = newest_application(folder.period().id)
        [then] = applied_facts(folder.case, folder.period(), application, date(2026, 3, 9)).costs
        assert then.limit is None  # as known on the day before
        facts = applied_facts(folder.case, folder.period(), application, office.today)
        assert calculated(facts, date(2026, 3, 10)).granted == 11_220_00


def test_a_later_limit_takes_the_place_and_the_history_is_kept(office: Office, connect: Any) -> None:
    second_administrator(office)
    elsewhere = open_office(connect)
    for since, rows in (
        (date(2026, 1, 1), [5000, 5000, 5000]),
        (date(2026, 1, 1), [6000, 6000, 6000]),
        (date(2026, 5, 1), [6500, 6500, 6500]),
        (date(2026, 9, 1), None),
    ):
        confirm_local_norm(**office.act("axel"), norm=limit(office, since, rows).id)
    with acting(office.slug, TEST, "look"):
        [norm] = local_norms("se")
        assert [(v.since, v.until, v.value) for v in norm.values] == [
            (date(2026, 1, 1), None, (6000, 6000, 6000)),
            (date(2026, 5, 1), date(2026, 9, 1), (6500, 6500, 6500)),
        ]
        assert LocalNorm.objects.count() == 4
    with acting(elsewhere.slug, TEST, "look"):
        assert local_norms("se") == []


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (RENT | {"name": "limit.SALARY", "rows": [1, 2, 3]}, "limit.SALARY is read by no rule"),
        (RENT | {"bands": [21, 30, 40], "rows": [1, 2, 3]}, "limit.RENT is read by no rule"),
        (RENT | {"rows": [1, 2]}, "rows are 3 whole numbers"),
        (RENT | {"label": {"it": "Affitto"}, "rows": [1, 2, 3]}, "label: a text in sv, the language of this law"),
        ({"name": "limit.RENT"}, "there is nothing to end"),
        ({"name": "setting.day_method", "unit": "choice", "label": {"sv": "a"}, "choices": {"w": {}}, "value": "w"},
         "setting.day_method is one of"),
        ({"name": "norm.x.day_method", "unit": "choice", "label": {"sv": "a"}, "choices": {"w": {}}, "value": "w"},
         "setting.day_method is one of"),
    ],
)  # fmt: skip
def test_what_no_rule_can_use_is_refused(office: Office, entry: dict[str, Any], said: str) -> None:
    with pytest.raises(NotPossible) as refused:
        enter_local_norm(**office.act("alva"), entry=entry, since=date(2026, 3, 1), source="§ 1")
    assert said in refused.value.facts["problems"][0]
    with pytest.raises(NotPossible, match="source"):
        enter_local_norm(**office.act("alva"), entry=RENT | {"rows": [1, 2, 3]}, since=date(2026, 3, 1), source=" ")


def test_another_norm_of_the_municipality_is_calculated_where_a_case_asks_for_it(office: Office) -> None:
    second_administrator(office)
    folder = office.case()
    office.now = datetime(2026, 3, 10, 9, tzinfo=UTC)
    folder.applied(TEN | {"costs": []})
    entry = {"name": "norm.spec.single", "unit": "SEK/month", "label": {"sv": "Specnorm"}, "value": 2000}
    row = enter_local_norm(**office.act("alva"), entry=entry, since=date(2026, 1, 1), source="§ 7")
    with pytest.raises(NotPossible, match="norms"):
        folder.assessed(norm="spec")
    confirm_local_norm(**office.act("axel"), norm=row.id)
    assert folder.assessed().granted == 5_220_00
    assert folder.assessed(norm="spec").granted == 3_280_00
