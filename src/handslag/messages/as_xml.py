"""Messages that are exchanged as XML too, by their namespace: where a kind and version is added, so is its form."""

from __future__ import annotations

import msgspec
from joserfc import jws

from handslag.domain.exchange.frame import SIGNED, Framed, Unreadable
from handslag.domain.exchange.states import Code
from handslag.messages.approval_change import xml as approval_change
from handslag.messages.assignment import xml as assignment
from handslag.messages.case_change import xml as case_change
from handslag.messages.case_notification import xml as case_notification
from handslag.messages.case_transfer import xml as case_transfer
from handslag.messages.cost_approval import xml as cost_approval
from handslag.messages.document_request import xml as document_request
from handslag.messages.ech.frame import Form, parsed, sealed_in, written
from handslag.messages.mutation import xml as mutation
from handslag.messages.payment_advice import xml as payment_advice
from handslag.messages.provider_bill import xml as provider_bill
from handslag.messages.question import xml as question
from handslag.messages.receipt import xml as receipt
from handslag.messages.reclaim import xml as reclaim
from handslag.messages.reconciliation import xml as reconciliation
from handslag.messages.settlement import xml as settlement
from handslag.messages.social_statistics import xml as social_statistics

FORMS: dict[str, Form] = {
    form.space: form
    for form in (
        question.FORM,
        case_transfer.FORM,
        document_request.FORM,
        assignment.FORM,
        mutation.FORM,
        case_notification.FORM,
        case_change.FORM,
        cost_approval.FORM,
        approval_change.FORM,
        provider_bill.FORM,
        payment_advice.FORM,
        reclaim.FORM,
        reconciliation.FORM,
        settlement.FORM,
        social_statistics.FORM,
        receipt.FORM,
    )
}


def as_xml(sealed: str) -> bytes | None:
    """A sealed text of ours as XML with its seal; None for a kind and version, or a content, that has no such form."""
    content = jws.extract_compact(sealed.encode("ascii"), registry=SIGNED).payload
    framed = msgspec.json.decode(content, type=Framed)
    form = FORMS.get(f"urn:handslag:message:{framed.message}:{framed.version}")
    if form is None:
        return None
    try:
        return written(form, content, sealed)
    except msgspec.DecodeError:
        return None


def sealed_text(content: bytes) -> str:
    """The sealed text (compact JWS) of a message that came as XML: signed, but not yet believed. Unreadable."""
    root = parsed(content)
    space, _brace, _name = str(root.tag).lstrip("{").partition("}")
    if space not in FORMS:
        raise Unreadable(Code.UNKNOWN_TYPE, "XML: no such kind of message, or version of it", final=False)
    return sealed_in(FORMS[space], root)


def form_of(kind: str) -> Form:
    """How a kind of message, in its newest version, stands in XML."""
    return next(form for form in FORMS.values() if form.kind == kind)
