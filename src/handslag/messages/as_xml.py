"""Messages that are exchanged as XML too, by their namespace: where a kind and version is added, so is its form."""

from __future__ import annotations

from handslag.domain.exchange.frame import Unreadable
from handslag.domain.exchange.states import Code
from handslag.messages.ech.frame import Form, parsed, sealed_in
from handslag.messages.question import xml as question
from handslag.messages.receipt import xml as receipt

FORMS: dict[str, Form] = {form.space: form for form in (question.FORM, receipt.FORM)}


def sealed_text(content: bytes) -> str:
    """The sealed text (compact JWS) of a message that came as XML: signed, but not yet believed. Unreadable."""
    root = parsed(content)
    space, _brace, _name = str(root.tag).lstrip("{").partition("}")
    if space not in FORMS:
        raise Unreadable(Code.UNKNOWN_TYPE, "XML: no such kind of message, or version of it", final=False)
    return sealed_in(FORMS[space], root)
