"""The same message as XML, in the frame of eCH, where a receiver takes no JSON. `schema.xsd` says what stands in it."""

from __future__ import annotations

from handslag.messages.approval_change.message import ApprovalChange
from handslag.messages.ech.turn import about_person

#: Fields and their elements, in order; what is empty isn't written.
_ASKED = (("approval", "approval"), ("turn", "turn"), ("amount", "amount"), ("last_on", "lastOn"),
          ("billed_from", "billedFrom"), ("reason", "reason"), ("answer_by", "answerBy"),
          ("text", "text"))  # fmt: skip
_ANSWER = (("text", "text"), ("reason", "reason"))
_WHOLE = ("turn", "amount")

FORM = about_person("approval_change", ApprovalChange, _ASKED, _ANSWER, whole=_WHOLE)
