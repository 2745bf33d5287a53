"""States of a draft, of a signing and of an inbox row; channels."""

from django.db.models import TextChoices


class Channel(TextChoices):
    ONLINE = "online"
    PAPER = "paper"
    PHONE = "phone"
    COUNTER = "counter"


class DraftState(TextChoices):
    OPEN = "open"  # the applicant's: answers change
    SIGNING = "signing"  # fixed: at least one adult has begun to sign
    ACCEPTED = "accepted"  # has become the application
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


#: From each state the states that may follow, with who owns the step.
DRAFT_STEPS: dict[str, dict[str, str]] = {
    DraftState.OPEN: {
        DraftState.SIGNING: "applicant",
        DraftState.ACCEPTED: "registrar",
        DraftState.WITHDRAWN: "applicant",
        DraftState.EXPIRED: "system",
    },
    DraftState.SIGNING: {
        DraftState.OPEN: "applicant",
        DraftState.ACCEPTED: "applicant",
        DraftState.WITHDRAWN: "applicant",
        DraftState.EXPIRED: "system",
    },
    DraftState.ACCEPTED: {},
    DraftState.WITHDRAWN: {},
    DraftState.EXPIRED: {},
}


class SigningState(TextChoices):
    OPEN = "open"
    USED = "used"


class InboxState(TextChoices):
    WAITING = "waiting"
    TAKEN = "taken"
    ASKED = "asked"  # the applicant has to answer something first
    DONE = "done"


class RequestState(TextChoices):
    OPEN = "open"
    ANSWERED = "answered"  # something came; more can still be sent
    CLOSED = "closed"  # enough is known, or it is decided
