"""States of messages: how they travel and what becomes of their matter are two machines, which never mix."""

from django.db.models import TextChoices


class Direction(TextChoices):
    OUT = "out"
    IN = "in"


class Action(TextChoices):
    """What a message does, by the codes of eCH-0058."""

    NEW = "1"
    RECALL = "3"
    CORRECTION = "4"
    REQUEST = "5"
    RESPONSE = "6"
    NEGATIVE_REPORT = "8"
    POSITIVE_REPORT = "9"
    FORWARD = "10"
    REMINDER = "12"


#: What begins a conversation: everything else is about such a message.
BEGINNING = (Action.NEW, Action.REQUEST)


class Transport(TextChoices):
    """Where a message is on its way."""

    DRAFTED = "drafted"
    SEALED = "sealed"  # its content is fixed; for ten seconds it can be taken back
    TAKEN_BACK = "taken back"  # it never left
    HANDED_OVER = "handed over"  # the courier may read it
    DELIVERED = "delivered"  # the receiver's receipt says so, of this content
    REJECTED = "rejected"  # the receiver's receipt says why, or that of what carries messages
    EXPIRED = "expired"  # not collected in fourteen days


#: From each state the states that may follow, with who causes (and signs) the step.
TRANSPORT_STEPS: dict[str, dict[str, str]] = {
    Transport.DRAFTED: {Transport.SEALED: "sender"},
    Transport.SEALED: {Transport.TAKEN_BACK: "sender", Transport.HANDED_OVER: "sender"},
    Transport.HANDED_OVER: {
        Transport.DELIVERED: "receiver",
        Transport.REJECTED: "receiver; sender, who was told so by what carries messages",
        Transport.EXPIRED: "sender",
    },
    Transport.EXPIRED: {Transport.DELIVERED: "receiver, whose receipt came late", Transport.REJECTED: "receiver"},
    Transport.TAKEN_BACK: {},
    Transport.DELIVERED: {},
    Transport.REJECTED: {Transport.DELIVERED: "receiver, who has it although what carries messages refused it"},
}


#: The kinds of which what no person answers by a day is taken in by itself: submissions and decisions.
BY_ITSELF = ("settlement",)
#: A message that isn't there: it never left, or didn't arrive.
GONE = (Transport.TAKEN_BACK, Transport.REJECTED, Transport.EXPIRED)


class Business(TextChoices):
    """What becomes of the matter of a message that wants an answer."""

    NONE = ""  # nothing said yet, or nothing to be said
    IN_CHECK = "in check"
    ACCEPTED = "accepted"
    CHANGED = "accepted with changes"  # line by line
    REJECTED = "rejected"  # with a coded reason
    QUESTION = "question"  # asked back, with a deadline
    RECALLED = "recalled"  # its sender no longer wants an answer


#: The same for the matter.
BUSINESS_STEPS: dict[str, dict[str, str]] = {
    Business.NONE: {
        Business.IN_CHECK: "receiver",
        Business.ACCEPTED: "receiver",
        Business.CHANGED: "receiver",
        Business.REJECTED: "receiver",
        Business.QUESTION: "receiver",
        Business.RECALLED: "sender",
    },
    Business.IN_CHECK: {
        Business.ACCEPTED: "receiver",
        Business.CHANGED: "receiver",
        Business.REJECTED: "receiver",
        Business.QUESTION: "receiver",
        Business.RECALLED: "sender",
    },
    Business.QUESTION: {
        Business.IN_CHECK: "sender, who answered it",
        Business.ACCEPTED: "receiver",
        Business.CHANGED: "receiver",
        Business.REJECTED: "receiver",
        Business.RECALLED: "sender",
    },
    Business.RECALLED: {
        Business.ACCEPTED: "receiver, whose answer crossed the recall",
        Business.CHANGED: "receiver, likewise",
        Business.REJECTED: "receiver, likewise",
    },
    Business.ACCEPTED: {},
    Business.CHANGED: {},
    Business.REJECTED: {},
}
#: The matter is settled.
SETTLED = (Business.ACCEPTED, Business.CHANGED, Business.REJECTED)
#: Nothing more is expected of anybody.
OVER = (*SETTLED, Business.RECALLED)
#: An answer is waited for, of whoever was asked.
AWAITED = (Business.NONE, Business.IN_CHECK)
#: Somebody has to say something by a day: whoever was asked, or who asked and was asked back.
PENDING = (*AWAITED, Business.QUESTION)
#: The receiver has said something of it: it has it, whatever became of the receipt.
SPOKEN_OF = (Business.IN_CHECK, Business.QUESTION, *SETTLED)


class Code(TextChoices):
    """Why a message was not delivered: the classes of eCH-0090 receipts."""

    DELIVERED = "100"
    CONTENT = "200"  # it doesn't follow its schema
    OTHER_CONTENT = "201"  # this id came before with other content
    TOO_OLD = "203"
    EXPIRED = "204"
    NOT_FOR_US = "301"
    UNKNOWN_TYPE = "303"
    UNKNOWN_REFERENCE = "305"  # it answers a message that was never sent
    NOT_ASKED_BACK = "306"  # it corrects or adds to a message about which nothing was asked back
    SIGNATURE = "312"
    TOO_LARGE = "330"


class OutcomeState(TextChoices):
    """What became of something that arrived. One per sender and message id, whatever arrives how often."""

    TRYING = "trying"  # it couldn't be taken in yet: tried three times
    TAKEN = "taken"
    LATE = "late"  # it says what no longer changes anything
    REFUSED = "refused"  # the sender is told why
    CONFLICT = "conflict"  # another content under an id that came before; the first one stands
    AGAIN = "again"  # the same content under another seal; the first one stands, and its receipt has been sent
    QUARANTINED = "quarantined"  # three tries failed: a person looks at it, those behind it flow


#: An arrival that has one of these is done with.
ENDED = (
    OutcomeState.TAKEN,
    OutcomeState.LATE,
    OutcomeState.REFUSED,
    OutcomeState.CONFLICT,
    OutcomeState.AGAIN,
    OutcomeState.QUARANTINED,
)
#: Its seal held, and this is the one outcome of its id.
STANDING = (OutcomeState.TAKEN, OutcomeState.LATE, OutcomeState.REFUSED)
#: How often an arrival is tried.
MOST_TRIES = 3
