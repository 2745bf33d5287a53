"""States of a run over all open cases, and what it says of each."""

from django.db.models import TextChoices


class RunKind(TextChoices):
    """Why all open cases are calculated."""

    MONTH = "month"  # a coming month, beside the month calculated before
    NORMS = "norms"  # that month by its norms, beside the same facts by those of the day before
    VALUE = "value"  # the same with one value of the municipality's as if it held, beside the same without it


class RunState(TextChoices):
    RUNNING = "running"
    HALTED = "halted"  # too many cases of a batch couldn't be calculated; a person looks
    ENDED = "ended"


#: From each state the states that may follow, with who owns the step.
RUN_STEPS: dict[str, dict[str, str]] = {
    RunState.RUNNING: {RunState.HALTED: "system", RunState.ENDED: "system"},
    RunState.HALTED: {RunState.RUNNING: "administrator"},
    RunState.ENDED: {},
}


class Basis(TextChoices):
    """The facts that a case was calculated from."""

    SHEET = "sheet"  # the newest calculation of the month itself
    APPLICATION = "application"  # the month as applied for
    CARRIED = "carried"  # the month calculated before, as if nothing had happened since


class Problem(TextChoices):
    """Why a case couldn't be calculated. The first two are for a person to see to; the others may mean a fault."""

    NOTHING = "nothing"  # neither calculated before nor applied for
    HOUSEHOLD = "household"  # another one than in the month calculated before
    FACTS = "facts"  # they can't be calculated
    NORMS = "norms"  # none in force, or wrong ones
    UNEXPECTED = "unexpected"  # an error of the product: the log has it


#: Problems that a run doesn't halt for.
BY_HAND = frozenset({Problem.NOTHING, Problem.HOUSEHOLD})
