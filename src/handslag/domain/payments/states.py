"""States of payments and runs, and who owns each step."""

from django.db.models import TextChoices


class BookingKind(TextChoices):
    EXPENSE = "expense"
    INCOME = "income"
    CLAIM = "claim"  # what somebody is to pay back: neither spent nor come in


class Way(TextChoices):
    """How money reaches a payee."""

    BBAN = "bban"
    BANKGIRO = "bankgiro"
    PLUSGIRO = "plusgiro"
    IBAN = "iban"
    SLIP = "slip"  # utbetalningsavi, sent by the bank to the payee's address


class PayeeKind(TextChoices):
    LANDLORD = "landlord"
    ENERGY = "energy"
    OTHER = "other"


class PayeeState(TextChoices):
    PROPOSED = "proposed"  # by one
    CONFIRMED = "confirmed"  # by another: money may go there
    ENDED = "ended"  # another account is another payee


#: Why an advance is blocked that a second person has to confirm.
SECOND_PERSON = "second person"

#: Why a payment is blocked that the bank's file can't say, beside faults of its account.
UNSAID = ("bank name", "payee name", "bank message", "no slips", "no address")


class PaymentState(TextChoices):
    PLANNED = "planned"
    BLOCKED = "blocked"  # cannot be paid as it stands: no account, say; the reason is beside it
    HELD = "held"  # stopped by a person, for the reason beside it; still owed, and may be resumed
    STOPPED = "stopped"  # for good: its booking is countered
    RESERVED = "reserved"  # in a run whose file has not left
    SENT = "sent"  # its file has left
    CONFIRMED = "confirmed"  # paid, says the bank
    REJECTED = "rejected"  # the bank said no: no money left; what is owed is planned again
    RETURNED = "returned"  # the money came back, and is booked


#: What the bank answers where money reached nobody: so its reason begins where that money is owed again, blocked.
BY_BANK = (PaymentState.REJECTED, PaymentState.RETURNED)


def by_bank(reason: str) -> bool:
    """Whether a payment is blocked because of what the bank answered: somebody has to look at the account first."""
    return reason.partition(": ")[0] in BY_BANK


class BankFileKind(TextChoices):
    PAIN002 = "pain.002"
    CAMT053 = "camt.053"
    CAMT054 = "camt.054"
    UNREADABLE = "unreadable"  # kept as it came; a person looks at it


class LineKind(TextChoices):
    """What a line of the bank's answers says of a payment."""

    ACCEPTED = "accepted"  # on its way: changes nothing
    PAID = "paid"
    REJECTED = "rejected"
    RETURNED = "returned"


class LineOutcome(TextChoices):
    """What became of such a line."""

    APPLIED = "applied"
    ACCOUNT = "account"  # it is about the account of a partner, and was carried out there
    NOTED = "noted"  # says nothing that changes a payment
    REPEATED = "repeated"  # says what is known already
    QUARANTINED = "quarantined"  # fits no payment as it stands: a person looks at it
    SETTLED = "settled"  # a person has


class RunState(TextChoices):
    RESERVED = "reserved"  # by the payer
    CANCELLED = "cancelled"  # before its file was written: its payments are planned again
    RELEASED = "released"  # by the second pair of eyes; its file is being written
    SENT = "sent"  # the file is written and handed over


class RecoveryGround(TextChoices):
    """Why money is claimed back (återkrav); by which section of which law stands in rules/se/recovery.yaml."""

    MISINFORMED = "misinformed"  # too much was paid because of information that was wrong or not given
    BENEFIT = "benefit"  # it was an advance on a benefit, and the decision said so
    CONFLICT = "conflict"  # it was paid during a labour conflict, and the decision said so
    CONDITION = "condition"  # it was granted on a condition that the decision names


class RecoveryState(TextChoices):
    PROPOSED = "proposed"  # by the caseworker
    RETURNED = "returned"  # by the second pair of eyes, with a reason
    WITHDRAWN = "withdrawn"  # by who proposed it
    DECIDED = "decided"  # by another person than who proposed it


#: From each state of a claim to get money back the states that may follow, with who owns the step.
RECOVERY_STEPS: dict[str, dict[str, str]] = {
    RecoveryState.PROPOSED: {
        RecoveryState.DECIDED: "decider",
        RecoveryState.RETURNED: "decider",
        RecoveryState.WITHDRAWN: "proposer",
    },
    RecoveryState.RETURNED: {},
    RecoveryState.WITHDRAWN: {},
    RecoveryState.DECIDED: {},
}


class OtherHelpState(TextChoices):
    PROPOSED = "proposed"  # by the caseworker
    RETURNED = "returned"  # by the second pair of eyes, with a reason
    WITHDRAWN = "withdrawn"  # by who proposed it
    DECIDED = "decided"


#: From each state of help under 12 kap. 2 § socialtjänstlagen the states that may follow, with who owns the step.
OTHER_HELP_STEPS: dict[str, dict[str, str]] = {
    OtherHelpState.PROPOSED: {
        OtherHelpState.DECIDED: "decider",
        OtherHelpState.RETURNED: "decider",
        OtherHelpState.WITHDRAWN: "proposer",
    },
    OtherHelpState.RETURNED: {},
    OtherHelpState.WITHDRAWN: {},
    OtherHelpState.DECIDED: {},
}

#: From each state of a run the states that may follow, with who owns the step.
RUN_STEPS: dict[str, dict[str, str]] = {
    RunState.RESERVED: {RunState.RELEASED: "payer", RunState.CANCELLED: "payer"},
    RunState.CANCELLED: {},
    RunState.RELEASED: {RunState.SENT: "system", RunState.CANCELLED: "payer"},
    RunState.SENT: {},
}

#: From each state of a payment the states that may follow, with who owns the step.
PAYMENT_STEPS: dict[str, dict[str, str]] = {
    PaymentState.PLANNED: {
        PaymentState.RESERVED: "payer",
        PaymentState.BLOCKED: "payer",
        PaymentState.HELD: "payer or caseworker",
        PaymentState.STOPPED: "caseworker",
    },
    PaymentState.BLOCKED: {PaymentState.PLANNED: "payer or caseworker", PaymentState.STOPPED: "caseworker"},
    PaymentState.HELD: {PaymentState.PLANNED: "payer or caseworker", PaymentState.STOPPED: "caseworker"},
    PaymentState.STOPPED: {},
    PaymentState.RESERVED: {
        PaymentState.SENT: "system",
        PaymentState.PLANNED: "payer",
        PaymentState.HELD: "payer or caseworker",
    },
    PaymentState.SENT: {
        PaymentState.CONFIRMED: "bank",
        PaymentState.REJECTED: "bank",
        PaymentState.RETURNED: "bank",
    },
    PaymentState.CONFIRMED: {PaymentState.RETURNED: "bank"},
    PaymentState.REJECTED: {},
    PaymentState.RETURNED: {},
}
