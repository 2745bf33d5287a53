"""Kinds of lines, what is answered on them, and the coded reasons of the catalogue."""

from django.db.models import TextChoices


class LineKind(TextChoices):
    DAYS = "days"  # a lump sum for each day
    COST = "cost"  # what was booked on the case account
    INCOME = "income"  # what is set off against it: below 0


class Outcome(TextChoices):
    ACCEPTED = "accepted"
    CUT = "cut"
    REFUSED = "refused"


class ReclaimState(TextChoices):
    PROPOSED = "proposed"  # by one decider of the payer
    DROPPED = "dropped"
    TOLD = "told"  # by another one: the claimant answers
    ACCEPTED = "accepted"
    OBJECTED = "objected"
    KEPT = "kept"  # all the same, by a person of the payer
    WITHDRAWN = "withdrawn"


#: How a reclaim goes on, at both sides; and where it is posted: what it claims back is cut from what was accepted.
GOES_ON: dict[str, tuple[str, ...]] = {
    ReclaimState.TOLD: (
        ReclaimState.ACCEPTED, ReclaimState.OBJECTED, ReclaimState.KEPT, ReclaimState.WITHDRAWN,
    ),
    ReclaimState.OBJECTED: (ReclaimState.KEPT, ReclaimState.WITHDRAWN),
}  # fmt: skip
IN_FORCE = (ReclaimState.ACCEPTED, ReclaimState.KEPT)
#: What becomes of it is still open.
UNDER_WAY = (ReclaimState.PROPOSED, ReclaimState.TOLD, ReclaimState.OBJECTED)
#: It claims nothing back any more.
GONE = (ReclaimState.DROPPED, ReclaimState.WITHDRAWN)


class Reason(TextChoices):
    LATE = "LATE"
    NO_CLAIM_PERIOD = "NO_CLAIM_PERIOD"
    TEN_YEARS_REACHED = "TEN_YEARS_REACHED"
    SEVEN_YEARS_REACHED = "SEVEN_YEARS_REACHED"
    WRONG_STATUS = "WRONG_STATUS"
    OTHER_MUNICIPALITY = "OTHER_MUNICIPALITY"
    DUPLICATE_DAY = "DUPLICATE_DAY"
    DUPLICATE_INVOICE = "DUPLICATE_INVOICE"
    NOT_ACCREDITED = "NOT_ACCREDITED"
    AREA_NOT_ALLOWED = "AREA_NOT_ALLOWED"
    TARGET_GROUP = "TARGET_GROUP"
    APPROVAL_MISSING = "APPROVAL_MISSING"
    APPROVAL_EXCEEDED = "APPROVAL_EXCEEDED"
    OTHER_PAYER_FIRST = "OTHER_PAYER_FIRST"
    SPLIT_WRONG = "SPLIT_WRONG"
    RATE_WRONG = "RATE_WRONG"
    INCOME_MISSING = "INCOME_MISSING"
    DOCUMENT_MISSING = "DOCUMENT_MISSING"
    CEILING_REACHED = "CEILING_REACHED"
    ALREADY_SETTLED = "ALREADY_SETTLED"
