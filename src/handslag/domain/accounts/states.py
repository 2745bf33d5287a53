"""Which side we are on, the ledger accounts of a partner's account, and what moves money between them."""

from django.db.models import TextChoices


class Side(TextChoices):
    PAYER = "payer"  # the partner claims, we pay
    CLAIMANT = "claimant"  # we claim, the partner pays


class LedgerAccount(TextChoices):
    CLAIMED = "claimed"  # all that was claimed, on the credit side: every franc comes from here
    IN_CHECK = "in check"
    CUT = "cut"
    EXPIRED = "expired"
    OPEN = "open"  # accepted, neither paid nor netted
    NETTED = "netted"  # set off against what is owed the other way
    PAID = "paid"


class Move(TextChoices):
    CLAIMED = "claimed"
    CUT = "cut"
    EXPIRED = "expired"
    ACCEPTED = "accepted"
    NETTED = "netted"
    PAID = "paid"


#: From which ledger account (credited) to which (debited) each moves money; a counter-entry is a negative amount.
MOVES: dict[Move, tuple[LedgerAccount, LedgerAccount]] = {
    Move.CLAIMED: (LedgerAccount.CLAIMED, LedgerAccount.IN_CHECK),
    Move.CUT: (LedgerAccount.IN_CHECK, LedgerAccount.CUT),
    Move.EXPIRED: (LedgerAccount.IN_CHECK, LedgerAccount.EXPIRED),
    Move.ACCEPTED: (LedgerAccount.IN_CHECK, LedgerAccount.OPEN),
    Move.NETTED: (LedgerAccount.OPEN, LedgerAccount.NETTED),
    Move.PAID: (LedgerAccount.OPEN, LedgerAccount.PAID),
}


class Rests(TextChoices):
    """What a posting, or an entry of it, rests on."""

    STATEMENT = "statement"  # a settlement as it was submitted
    ANSWER = "answer"  # what the payer answered on it
    CORRECTION = "correction"
    RECLAIM = "reclaim"
    LINE = "line"  # of a settlement
    BOOKING = "booking"  # of a case account
    PAYMENT = "payment"


#: What is billed by institutions, as a regime.
BILLS = "bills"


class OrderState(TextChoices):
    ORDERED = "ordered"
    RELEASED = "released"  # its file is being written
    SENT = "sent"  # its file is written, and it is posted
    ACCEPTED = "accepted"  # the bank takes it
    PAID = "paid"  # the bank has paid
    REJECTED = "rejected"  # the bank says no: what was posted is countered
    RETURNED = "returned"  # the money came back: the same
    WITHDRAWN = "withdrawn"


#: Its file has left.
LEFT = (OrderState.SENT, OrderState.ACCEPTED, OrderState.PAID, OrderState.REJECTED, OrderState.RETURNED)
#: No money has arrived, and none is on its way.
FAILED = (OrderState.REJECTED, OrderState.RETURNED)


class DetailsState(TextChoices):
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    ENDED = "ended"
