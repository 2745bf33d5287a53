"""Build requests for documents and their answers, inside the tenant's door; sealed is what `DocumentRequest` takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.domain.exchange.policies import may_leave
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.policies import NotPossible
from handslag.messages.case_transfer.message import Ground
from handslag.messages.conversation import Opening, answered, beginning, told_without
from handslag.messages.document_request.message import MOST, Given, outcome


def asking(new: Opening, *, ground: Ground, documents: list[str]) -> NewMessage:
    """The message that asks for documents, by their names. NotPossible by `beginning`, ("consent day") for one to
    come."""
    if ground.consented_on and ground.consented_on > acting_door().the_tenant.today(new.now):
        raise NotPossible("consent day")
    named = [{"number": place, "name": name.strip()} for place, name in enumerate(documents, 1)]
    return beginning("document_request", new, {"ground": told_without(ground), "documents": named})


def answering(*, key: UUID, asked: Message, answers: list[Given], assessed: str, now: datetime) -> NewMessage:
    """The message that gives documents, or says why not. NotPossible("files too large") for more than `MOST` bytes;
    by `may_leave` where any is given, whatever the protection was when it was asked for."""
    message = answered(key, asked, answers, outcome(answers))
    given = [one.file.size for one in answers if one.file]
    if sum(given) > MOST:
        raise NotPossible("files too large")
    if not given or asked.person_id is None:
        return message
    level = may_leave(asked.person_id, acting_door().the_tenant.today(now), assessed)
    return replace(message, level=level, assessed=assessed.strip() if level else "")
