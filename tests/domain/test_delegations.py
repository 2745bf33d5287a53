"""Who may decide what stands in a register that two administrators keep; a decision keeps the words it was taken by."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from handslag.domain.decisions.models import Decision, Letter
from handslag.domain.decisions.operations import decide, propose, return_proposal
from handslag.domain.payments.models import Advance
from handslag.domain.payments.operations.advances import grant_advance
from handslag.domain.payments.operations.recoveries import decide_recovery, propose_recovery, waive_recovery
from handslag.domain.people.operations.delegations import (
    NewDelegation,
    confirm_delegation,
    end_delegation,
    enter_delegation,
)
from handslag.domain.tenancy.door import acting
from handslag.domain.tenancy.models import Delegation
from handslag.domain.tenancy.permissions import NotAllowed
from handslag.domain.tenancy.policies import Conflict
from tests.domain.test_corrections import _as_web
from tests.domain.test_recoveries import paid_too_much, told_of
from tests.office import TEST, Folder, Office, refused


def _new(office: Office, kind: str, **more: Any) -> NewDelegation:
    told: dict[str, Any] = {
        "kind": kind, "role": "decider", "member": None, "most": None, "clause": "punkt 4.2",
        "source": "socialnämnden 2026-01-15 § 12", "since": office.today, "until": None,
    }  # fmt: skip
    return NewDelegation(**{**told, **more})


def _delegated(office: Office, kind: str, **more: Any) -> Delegation:
    """Entered by Alva, confirmed by Ada."""
    if "ada" not in office.staff:
        office.admit("ada", "Ada Administratör", "administrator")
    row = enter_delegation(**office.act("alva"), new=_new(office, kind, **more))
    return confirm_delegation(**office.act("ada"), delegation=row.id, version=row.version)


def _proposed(folder: Folder) -> Decision:
    sheet = folder.assessed()
    return propose(**folder.office.act("hanna"), sheet=sheet.id, reasons="", language="sv")


def test_it_takes_two_administrators_and_nothing_it_says_is_invented(office: Office, connect: Any) -> None:
    alva = office.act("alva")
    with pytest.raises(NotAllowed):
        enter_delegation(**office.act("bo"), new=_new(office, "grant"))
    refused("delegation kind", enter_delegation, **alva, new=_new(office, "everything"))
    refused("delegation to", enter_delegation, **alva, new=_new(office, "grant", role="payer"))
    refused("delegation to", enter_delegation, **alva, new=_new(office, "grant", role=""))
    hanna = office.members["hanna"]
    refused("delegation to", enter_delegation, **alva, new=_new(office, "grant", member=hanna))  # beside a role
    refused("amount", enter_delegation, **alva, new=_new(office, "grant", most=-1))
    refused("clause", enter_delegation, **alva, new=_new(office, "grant", clause=" "))
    refused("delegation source", enter_delegation, **alva, new=_new(office, "grant", source=""))
    refused("delegation days", enter_delegation, **alva, new=_new(office, "grant", until=office.today))
    row = enter_delegation(**alva, new=_new(office, "grant"))
    refused("second pair of eyes", confirm_delegation, **alva, delegation=row.id, version=row.version)
    office.admit("ada", "Ada Administratör", "administrator", "decider")
    hers = enter_delegation(**alva, new=_new(office, "refusal", role="", member=office.members["ada"]))
    refused("second pair of eyes", confirm_delegation, **office.act("ada"), delegation=hers.id, version=1)
    alone = "UPDATE tenancy_delegation SET confirmed_by_id = entered_by_id, confirmed_at = now() WHERE id = %s"
    with connect("web", autocommit=True) as web, pytest.raises(psycopg.errors.CheckViolation, match="by_two"):
        _as_web(web, row.tenant_id, alone, row.id)
    # entered isn't in force: deciders still decide by the setting
    folder = office.case()
    folder.applied()
    assert folder.decided().delegation == "Delegationsordning 4.2"
    confirm_delegation(**office.act("ada"), delegation=row.id, version=row.version)
    with pytest.raises(Conflict):
        confirm_delegation(**office.act("ada"), delegation=row.id, version=2)


def test_each_kind_and_amount_by_role_or_person_and_day(office: Office) -> None:
    folder, other = office.case(), office.case(("Eva", "Ek", "19700101"))
    folder.applied()
    other.applied()
    before, waiting = folder.decided(), _proposed(other)
    here = {"decision": waiting.id, "version": waiting.version}
    low = _delegated(office, "grant", most=655_000 - 1)
    _delegated(office, "grant", since=office.today + timedelta(days=1), clause="punkt 9")  # not yet
    refused("delegation", decide, **office.act("bo"), **here)  # an öre above the limit
    refused("second pair of eyes", return_proposal, **office.act("bo"), **here, reason="Räkna om hyran.")
    refused("delegation", decide, **office.act("hanna"), **here)
    # one caseworker may, by name; she proposed this one herself
    _delegated(office, "grant", role="", member=office.members["hanna"], clause="punkt 4.3")
    refused("second pair of eyes", decide, **office.act("hanna"), **here)
    enough = _delegated(office, "grant", most=655_000, clause="punkt 4.4")
    taken = decide(**office.act("bo"), **here)
    assert taken.delegation == "punkt 4.4 (socialnämnden 2026-01-15 § 12)"
    with acting(office.slug, TEST, "look"):
        assert Letter.objects.get(decision=taken).content["delegation"] == taken.delegation
    # what was decided keeps its words, whatever becomes of the register
    for row in (low, enough):
        end_delegation(**office.act("alva"), delegation=row.id, version=row.version)
    with acting(office.slug, TEST, "look"):
        kept = dict(Decision.objects.values_list("id", "delegation"))
        assert (kept[before.id], kept[taken.id]) == ("Delegationsordning 4.2", taken.delegation)
    third = office.case(("Ida", "Io", "19720202"))
    third.applied()
    late = _proposed(third)
    refused("delegation", decide, **office.act("bo"), decision=late.id, version=late.version)  # ended holds at once


def test_advances_claims_and_waivers_are_delegated_each_by_itself(office: Office) -> None:
    folder = paid_too_much(office)
    claim = propose_recovery(**told_of(folder))
    _delegated(office, "advance", role="caseworker", most=200_00, clause="punkt 5")
    month = {
        "case": office.case(("Eva", "Ek", "19700101")).case.id,
        "month": office.month,
        "reasons": "Ingen mat hemma.",
    }
    refused("delegation", grant_advance, **office.act("hanna"), **month, amount=200_01)
    grant_advance(**office.act("hanna"), **month, amount=200_00)
    with acting(office.slug, TEST, "look"):
        assert Advance.objects.get(case_id=month["case"]).delegation.startswith("punkt 5 ")
    here = {"recovery": claim.id, "version": claim.version}
    refused("delegation", decide_recovery, **office.act("bo"), **here)
    _delegated(office, "recovery", clause="punkt 6")
    row = decide_recovery(**office.act("bo"), **here)
    assert row.delegation.startswith("punkt 6 ")
    waive = {"recovery": row.id, "amount": 50_00, "reasons": "Hon har inget kvar efter hyran."}
    refused("delegation", waive_recovery, **office.act("bo"), **waive)
    _delegated(office, "waiver", most=50_00, clause="punkt 7")
    assert waive_recovery(**office.act("bo"), **waive).delegation.startswith("punkt 7 ")
