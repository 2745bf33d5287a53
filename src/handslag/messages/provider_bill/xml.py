"""The same message as XML, in the frame of eCH, where a receiver takes no JSON. `schema.xsd` says what stands in it."""

from __future__ import annotations

from handslag.messages.ech.turn import about_person
from handslag.messages.provider_bill.message import ProviderBill

#: Fields and their elements, in order; what is empty isn't written.
_ASKED = (("approval", "approval"), ("bill", "bill"), ("amount", "amount"), ("since", "since"),
          ("last_on", "lastOn"), ("unit_price", "unitPrice"), ("quantity", "quantity"), ("iban", "iban"),
          ("reference", "reference"), ("why", "why"), ("answer_by", "answerBy"), ("text", "text"))  # fmt: skip
_ANSWER = (("text", "text"), ("reason", "reason"))
_WHOLE = ("unit_price", "quantity", "amount")

FORM = about_person("provider_bill", ProviderBill, _ASKED, _ANSWER, whole=_WHOLE)
