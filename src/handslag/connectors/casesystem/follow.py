"""Ask the organisation's case system, and keep what it says: planned in a transaction, asked outside it, recorded in
another."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError

from handslag.connectors.casesystem import http
from handslag.connectors.casesystem.port import CaseSystemError
from handslag.domain.casefile.queries import cases_of
from handslag.domain.elsewhere.models import ForeignCase
from handslag.domain.elsewhere.operations import (
    KnownClient,
    KnownPerson,
    follow_client,
    leave_client,
    record_answer,
    worked_here,
)
from handslag.domain.elsewhere.policies import front
from handslag.domain.elsewhere.queries import foreign_cases
from handslag.domain.elsewhere.states import LookUp
from handslag.domain.people.permissions import CASE_SYSTEM
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.tenancy.door import Actor, acting, acting_door
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel import clock
from handslag.messages.client.message import Client

log = structlog.get_logger("case system")
#: Seconds that a person who logs in waits for the case system, for each of two questions.
SOON = 6.0
#: The number of a case that there is none of, by which the connection is tried; nobody's data is asked for.
NOBODYS_CASE = "handslag-connection-test"


def chosen(seconds: float = 30) -> http.HttpConfig | None:
    """The case system that this organisation stands in front of; None where there is none. Inside its door."""
    found = front()
    if found is None:
        return None
    token = settings.SECRETS.get("case_system", {}).get(acting_door().the_tenant.slug, "")
    return http.HttpConfig(address=found.address, token=token, seconds=seconds)


def trouble_of(config: http.HttpConfig) -> str:
    """Whether the case system answers and lets us in, by asking for a case that nobody has: "" or the trouble's code
    and reason."""
    try:
        http.case(config, NOBODYS_CASE)
    except CaseSystemError as error:
        return f"{error.code}: {error.reason}"
    return ""


def look_up(tenant: str, identifier_type: str, identifier: str) -> Literal["not asked", "followed", "left", "away"]:
    """Who logs in is looked for in the case system, and followed as it says, or let go of.

    "not asked" where there is none, or her case is worked here; "away" when it gives no answer: then all stays as it
    was. Whether she is served at all is `log_in_citizen`'s to say: a stranger who isn't followed is nobody here.
    """
    with acting(tenant, CASE_SYSTEM, "log in"):
        config = chosen(SOON)
        person = person_by_identifier(identifier_type, identifier)
        if config is None or (person is not None and worked_here(person.id)):
            return "not asked"
        mine = [case.id for case in cases_of(person.id) if case.state == "open"] if person is not None else []
        followed = sorted(foreign_cases(mine))
    told: dict[str, Any] = {"tenant": tenant, "by": CASE_SYSTEM, "now": clock.now()}
    asked: dict[str, Any]
    try:
        found = http.find(config, identifier_type, identifier)
    except CaseSystemError as error:
        log.warning("not looked up", code=error.code, reason=error.reason)
        for key in followed:
            record_answer(**told, case=key, outcome=LookUp.FAILED, said=None, trouble=f"{error.code}: {error.reason}")
        return "away"
    why = "not known in the case system"
    if found is not None:
        asked = {"identifier_type": identifier_type, "identifier": identifier, "client": known(found)}
        try:
            try:
                follow_client(**told, **asked)
            except IntegrityError:  # somebody of hers is registered at the same moment: now the row is there
                follow_client(**told, **asked)
            return "followed"
        except NotPossible as refusal:
            why = "not served" if refusal.code == "not served on-line" else refusal.code
            if why == "changed today":  # her household changed for the second time today: tomorrow it is followed
                return "followed"
    if person is not None:
        try:
            protected = found is not None and found.protected
            leave_client(**told, person=person.id, protected=protected, reason=why)
        except NotPossible:  # it was opened only today: the next log-in after today lets it go
            log.warning("not let go yet", reason=why)
    return "left"


def known(client: Client) -> KnownClient:
    """What was said, as the office takes it."""
    return KnownClient(
        reference=client.case,
        unit=client.unit,
        caseworker=client.caseworker,
        protected=client.protected,
        household=tuple(
            KnownPerson(
                identifier_type=one.identifier_type,
                identifier=one.identifier,
                given_name=one.given_name,
                family_name=one.family_name,
                role=one.role,
                email=one.email,
                telephone=one.telephone,
            )
            for one in client.household
        ),
    )


def ask(tenant: int | str, case: UUID, by: Actor, seconds: float = 30) -> bool:
    """Ask how a case stands and keep the answer; gives whether one came."""
    with acting(tenant, by, "ask the case system"):
        config, reference = chosen(seconds), ForeignCase.objects.get(id=case).reference
    said, outcome, trouble = None, LookUp.FAILED, "no case system is set"
    if config is not None:
        try:
            found = http.case(config, reference)
        except CaseSystemError as error:
            trouble = f"{error.code}: {error.reason}"
        else:
            outcome, trouble = (LookUp.UNKNOWN, "") if found is None else (LookUp.ANSWERED, "")
            said = None if found is None else http.plain(found)
    record_answer(tenant=tenant, by=by, now=clock.now(), case=case, outcome=outcome, said=said, trouble=trouble)
    return outcome != LookUp.FAILED
