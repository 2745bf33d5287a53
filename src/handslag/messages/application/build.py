"""Build the message from an accepted application. Inside the tenant's door."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from handslag.domain.elsewhere.models import ForeignCase
from handslag.domain.intake.models import Application as Accepted
from handslag.domain.intake.models import Receipt as Given
from handslag.domain.intake.models import Signature
from handslag.domain.people.models import Person
from handslag.domain.people.queries import numbers_of
from handslag.messages.application import message


def build(application: UUID) -> message.Application:
    """The message of an application whose case is worked in another case system."""
    row = Accepted.objects.get(id=application)
    foreign = ForeignCase.objects.get(id=row.case_id)
    receipt = Given.objects.get(application=row)
    listed = [UUID(member["person"]) for member in row.document["household"]]
    people = Person.objects.in_bulk(listed)
    numbers = {person: known[0] for person, known in numbers_of(listed).items()}
    signed = Signature.objects.filter(draft_id=row.id, digest=row.digest).order_by("signed_at", "id")
    return message.Application(
        message="application",
        version=1,
        id=str(row.id),
        case=foreign.reference,
        kind=row.kind,
        month=receipt.body["month"],
        channel=row.channel,  # type: ignore[arg-type]
        language=row.language,
        received_at=_utc(row.received_at),
        caseworker=foreign.caseworker_name,
        household=[
            message.Person(
                person=member["person"],
                identifier_type=numbers[UUID(member["person"])].type,
                identifier=numbers[UUID(member["person"])].value,
                given_name=people[UUID(member["person"])].given_name,
                family_name=people[UUID(member["person"])].family_name,
                role=member["role"],
            )
            for member in row.document["household"]
        ],
        signers=[
            message.Signer(
                person=str(one.person_id),
                method=one.method,  # type: ignore[arg-type]
                issuer=one.issuer,
                signed_at=_utc(one.signed_at),
            )
            for one in signed
        ],
        document=row.document,
        digest=row.digest,
        receipt=message.Receipt(
            number=receipt.number, body=receipt.body, key_id=receipt.key_id, signature=receipt.signature
        ),
    )


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
