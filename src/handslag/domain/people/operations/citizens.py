"""Citizens who log in: known by the issuer that vouches for them, tied to the person they are here."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from handslag.domain.audit.operations import Done, Event, operation
from handslag.domain.people.models import CitizenLogin, Person
from handslag.domain.people.queries import kept_for
from handslag.domain.tenancy.door import Actor
from handslag.domain.tenancy.policies import NotPossible


class CitizenLoggedIn(Event):
    kind = "citizen logged in"


@operation()
def log_in_citizen(
    *, tenant: str | int, by: Actor, now: datetime, record: UUID, issuer: str, subject: str, acr: str
) -> Done[CitizenLogin]:
    """Note that `by`, identified by an e-ID with the level `acr`, has logged in, by a number of `record`: hers, or one
    that was merged into hers. The log-in stays with that record.

    NotPossible("not served on-line") for who isn't known here or is protected (they are served by a person), and
    for an account of the issuer that vouched for somebody else before. The page gives no reason.
    """
    person = Person.objects.filter(id=by.id).first() if by.id and by.kind == "citizen" else None
    if person is None or person.protection_level:
        raise NotPossible("not served on-line")
    login = CitizenLogin.objects.select_for_update().filter(issuer=issuer, subject=subject).first()
    if login is None:
        login = CitizenLogin(person_id=record, issuer=issuer, subject=subject)
    if {kept_for(record), kept_for(login.person_id)} != {person.id}:
        raise NotPossible("not served on-line")
    login.acr, login.last_at = acr, now
    login.save()
    payload = {"login": str(login.id), "issuer": issuer, "acr": acr}
    return Done(login, CitizenLoggedIn(subject=person.id, payload=payload))
