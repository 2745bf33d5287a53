"""States of a hand-over to another case system, and how a look-up there ended."""

from django.db.models import TextChoices


class HandOverState(TextChoices):
    WAITING = "waiting"  # is sent, again and again until it arrives
    DELIVERED = "delivered"  # the other system has said that it has it
    PARKED = "parked"  # it can't be delivered: a person looks at it
    BY_HAND = "by hand"  # a person has entered it over there


#: From each state the states that may follow, with who owns the step.
HAND_OVER_STEPS: dict[str, dict[str, str]] = {
    HandOverState.WAITING: {HandOverState.DELIVERED: "other system", HandOverState.PARKED: "system"},
    HandOverState.PARKED: {
        HandOverState.WAITING: "registrar, caseworker",
        HandOverState.BY_HAND: "registrar, caseworker",
    },
    HandOverState.DELIVERED: {},
    HandOverState.BY_HAND: {},
}


class Group(TextChoices):
    """Client groups by which the e-service is switched on."""

    SINGLE = "single"  # an adult alone
    COUPLE = "couple"  # two adults
    CHILDREN = "children"  # anybody with children


class SwitchOutcome(TextChoices):
    """What became of a switch that an administrator entered."""

    CONFIRMED = "confirmed"  # another one agreed: it holds
    TAKEN_BACK = "taken back"


class LookUp(TextChoices):
    """How the newest look-up ended: "failed" is a state of its own, never an empty answer."""

    ANSWERED = "answered"
    UNKNOWN = "unknown"  # the other system doesn't know this case
    FAILED = "failed"
