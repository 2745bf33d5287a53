"""States of payments and runs, and who owns each step."""

from django.db.models import TextChoices


class BookingKind(TextChoices):
    EXPENSE = "expense"
    INCOME = "income"


class PaymentState(TextChoices):
    PLANNED = "planned"
    BLOCKED = "blocked"  # cannot be paid as it stands: no account, say; the reason is beside it
    STOPPED = "stopped"  # by a person
    RESERVED = "reserved"  # in a run whose file has not left
    SENT = "sent"  # its file has left
    CONFIRMED = "confirmed"
    RETURNED = "returned"


class RunState(TextChoices):
    RESERVED = "reserved"  # by the payer
    RELEASED = "released"  # by the second pair of eyes; its file is being written
    SENT = "sent"  # the file is written and handed over


#: From each state of a run the states that may follow, with who owns the step.
RUN_STEPS: dict[str, dict[str, str]] = {
    RunState.RESERVED: {RunState.RELEASED: "payer"},
    RunState.RELEASED: {RunState.SENT: "system"},
    RunState.SENT: {},
}
