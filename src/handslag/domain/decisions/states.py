"""Outcomes and states of a decision, and who owns each step."""

from django.db.models import TextChoices


class Outcome(TextChoices):
    BIFALL = "bifall"
    DELAVSLAG = "delavslag"
    AVSLAG = "avslag"


class DecisionState(TextChoices):
    PROPOSED = "proposed"  # by the caseworker
    RETURNED = "returned"  # by the second pair of eyes, with a reason
    WITHDRAWN = "withdrawn"  # by who proposed it
    DECIDED = "decided"
    SERVED = "served"  # delivery is proven


#: From each state the states that may follow, with who owns the step.
STEPS: dict[str, dict[str, str]] = {
    DecisionState.PROPOSED: {
        DecisionState.DECIDED: "decider",
        DecisionState.RETURNED: "decider",
        DecisionState.WITHDRAWN: "proposer",
    },
    DecisionState.RETURNED: {},
    DecisionState.WITHDRAWN: {},
    DecisionState.DECIDED: {DecisionState.SERVED: "system"},
    DecisionState.SERVED: {},
}
