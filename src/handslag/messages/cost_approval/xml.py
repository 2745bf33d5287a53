"""The same message as XML, in the frame of eCH, where a receiver takes no JSON. `schema.xsd` says what stands in it."""

from __future__ import annotations

from handslag.messages.cost_approval.message import CostApproval
from handslag.messages.ech.turn import about_person

#: Fields and their elements, in order; what is empty isn't written.
_ASKED = (("account_code", "accountCode"), ("what", "what"), ("cause", "cause"), ("since", "since"),
          ("last_on", "lastOn"), ("unit_price", "unitPrice"), ("quantity", "quantity"), ("percent", "percent"),
          ("other_payer", "otherPayer"), ("other_pays", "otherPays"), ("offers", "offers"), ("urgent", "urgent"),
          ("why", "why"), ("answer_by", "answerBy"), ("text", "text"))  # fmt: skip
_ANSWER = (("text", "text"), ("approval", "approval"), ("amount", "amount"), ("percent", "percent"), ("since", "since"),
           ("last_on", "lastOn"), ("reason", "reason"), ("by_rules", "byRules"))  # fmt: skip
_WHOLE = ("unit_price", "quantity", "percent", "other_pays", "amount")
_FLAGS = ("urgent", "by_rules")

FORM = about_person(
    "cost_approval", CostApproval, _ASKED, _ANSWER, empty=("text", "approval", "reason"), whole=_WHOLE, flags=_FLAGS
)  # fmt: skip
