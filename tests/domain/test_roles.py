"""Who works here: a place opens nothing, a role is proposed by one administrator, given by another, taken by one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from handslag.domain.audit.models import Event
from handslag.domain.people.operations.roles import (
    NewColleague,
    admit_colleague,
    give_proposed_role,
    let_begin,
    propose_role,
    withdraw_proposed_role,
)
from handslag.domain.people.operations.staff import give_role, reset_log_in, take_role
from handslag.domain.tenancy.door import Actor, acting
from handslag.domain.tenancy.models import ProposedRole, RoleGrant, StaffUser
from handslag.domain.tenancy.permissions import Hidden, NotAllowed, member_behind
from handslag.domain.tenancy.policies import Conflict
from handslag.kernel.ids import uuid7
from tests.domain.test_corrections import _as_web, _verified
from tests.office import TEST, Office, open_office, refused


def _roles(office: Office, login: str, days: int = 0) -> set[str]:
    """The roles that somebody holds in so many days."""
    now = office.now + timedelta(days=days)
    with acting(office.slug, office.staff[login], "look") as door:
        return set(member_behind(door, now).roles)


def test_a_partner_gives_its_own_users_their_roles(office: Office, database: Any, connect: Any) -> None:
    office.admit("ada", "Ada Administratör", "administrator")
    alva, ada = office.act("alva"), office.act("ada")
    unit = office.units["Försörjningsstöd"]
    new = NewColleague("Nora@example.com", "Nora Ny", unit, 1)
    with pytest.raises(NotAllowed):
        admit_colleague(**office.act("hanna"), new=new)
    for code, wrong in (
        ("e-mail", ("nora", "Nora Ny", unit)), ("staff name", ("nora@example.com", " ", unit)),
        ("unit", ("nora@example.com", "Nora Ny", uuid7())), ("clearance", ("nora@example.com", "Nora Ny", unit, 4)),
    ):  # fmt: skip
        refused(code, admit_colleague, **alva, new=NewColleague(*wrong))
    nora = admit_colleague(**alva, new=new)
    refused("admitted already", admit_colleague, **alva, new=new)
    office.staff["nora"], office.members["nora"] = Actor("staff", nora.user_id), nora.id
    assert _roles(office, "nora") == set()  # a place alone opens nothing

    # the link to a first password is for a log-in that was made here and never used
    assert let_begin(**alva, member=nora.id).email == "nora@example.com"
    refused("log-in in use", let_begin, **alva, member=office.members["hanna"])
    with pytest.raises(Hidden):
        reset_log_in(**alva, member=nora.id)  # the operator's: it may open other organisations
    with pytest.raises(Hidden):
        give_role(**alva, member=nora.id, role="payer")  # two give it
    other = open_office(connect, "annanby")
    here_too = NewColleague("nora@example.com", "Nora Ny", other.units["Försörjningsstöd"])
    there = admit_colleague(**other.act("alva"), new=here_too)
    refused("log-in in use", let_begin, **other.act("alva"), member=there.id)
    with pytest.raises(Hidden):
        propose_role(**other.act("alva"), member=nora.id, role="payer", since=office.today, until=None)

    # proposed by one, given by another, for the days that it is for
    told = {"member": nora.id, "role": "payer", "since": office.today, "until": office.today + timedelta(days=3)}
    refused("past day", propose_role, **alva, **told | {"since": office.today - timedelta(days=1)})
    refused("delegation days", propose_role, **alva, **told | {"until": office.today})
    refused("no such role", propose_role, **alva, **told | {"role": "mayor"})
    refused("own role", propose_role, **alva, **told | {"member": office.members["alva"]})
    asked = propose_role(**alva, **told)
    refused("role proposed", propose_role, **ada, **told)
    refused("second pair of eyes", give_proposed_role, **alva, proposal=asked.id)
    alone = "UPDATE tenancy_proposedrole SET state='given', settled_by_id=proposed_by_id, settled_at=now() WHERE id=%s"
    with connect("web", autocommit=True) as web, pytest.raises(psycopg.errors.CheckViolation, match="four_eyes"):
        _as_web(web, asked.tenant_id, alone, asked.id)
    assert _roles(office, "nora") == set()
    give_proposed_role(**ada, proposal=asked.id)
    with pytest.raises(Conflict):
        withdraw_proposed_role(**alva, proposal=asked.id)
    assert [_roles(office, "nora", days) for days in (0, 2, 3)] == [{"payer"}, {"payer"}, set()]
    refused("role held", propose_role, **alva, **told)
    hers = propose_role(**ada, **told | {"role": "administrator", "until": None})
    give_proposed_role(**alva, proposal=hers.id)
    own = propose_role(**alva, **told | {"role": "decider"})
    refused("own role", give_proposed_role, **office.act("nora"), proposal=own.id)
    withdraw_proposed_role(**office.act("nora"), proposal=own.id)

    # taken by one, with what was to come of it; somebody must be left who can give one
    ahead = {"role": "caseworker", "since": office.today + timedelta(days=9), "until": None}
    later = propose_role(**alva, **told | ahead)
    give_proposed_role(**ada, proposal=later.id)
    for role in ("payer", "caseworker", "administrator"):
        take_role(**ada, member=nora.id, role=role)
    refused("no such role", take_role, **ada, member=nora.id, role="payer")
    take_role(**alva, member=office.members["ada"], role="administrator")
    refused("last administrator", take_role, **alva, member=office.members["alva"], role="administrator")
    assert _roles(office, "nora") == _roles(office, "nora", 10) == set()
    with acting(office.slug, TEST, "look"):
        kinds = Event.objects.filter(subject_id=nora.id).order_by("seq").values_list("kind", flat=True)
        assert list(kinds).count("role given") == 3 and "role proposal withdrawn" in kinds
        assert RoleGrant.objects.filter(member=nora).count() == 3
        assert not ProposedRole.objects.filter(state="proposed").exists()
        assert StaffUser.objects.filter(email="nora@example.com").count() == 1
    with _verified(database, office) as report:
        assert not report.findings
