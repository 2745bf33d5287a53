"""Outcomes and states of a decision, and who owns each step."""

from django.db.models import TextChoices


class Outcome(TextChoices):
    BIFALL = "bifall"
    DELAVSLAG = "delavslag"
    AVSLAG = "avslag"
    AVVISNING = "avvisning"  # the application isn't examined


class RefusedOn(TextChoices):
    """On which ground a person refuses or dismisses what the calculation would grant: see rules/se/refusals.yaml."""

    ACTIVITY = "activity"
    ASSETS = "assets"
    ELSEWHERE = "elsewhere"
    RESIDENCE = "residence"
    INCOMPLETE = "incomplete"
    NO_PARTY = "no party"


#: The grounds on which an application is dismissed and not refused.
DISMISSED_ON = (RefusedOn.INCOMPLETE, RefusedOn.NO_PARTY)


class Ground(TextChoices):
    """Why a decision that was taken is replaced: the section of förvaltningslagen (2017:900) by which it is changed, or
    that more was applied for, which changes nothing of what was decided."""

    APPLIED = "new"  # more was applied for the same month after it
    SLIP = "36"  # an obvious slip: of the pen, of arithmetic or the like
    WRONG = "37"  # it is wrong: new circumstances, or another reason
    RESERVED = "37.1"  # it says itself, or its rules do, that it may be taken back
    MISLED = "37.3"  # it is wrong because the party gave wrong or misleading information
    MUST = "38"  # it is obviously wrong in what matters, and can be changed quickly and simply


#: The only grounds on which a person may be left with less than was decided (36 § and 37 § second paragraph; that of
#: urgent safety, 37 § second paragraph 2, has no place in financial assistance).
TO_DISADVANTAGE = (Ground.SLIP, Ground.RESERVED, Ground.MISLED)


class Repayable(TextChoices):
    """On which condition support is granted that may be claimed back later; the decision itself says so."""

    BENEFIT = "benefit"  # as an advance on a benefit or another payment that she waits for
    CONFLICT = "conflict"  # while she takes part in a labour conflict
    CONDITION = "condition"  # on a condition that the reasons name


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


class AppealState(TextChoices):
    """An appeal at the authority that decided; the court's own handling is the court's."""

    RECEIVED = "received"
    TIMELY = "timely"  # a person has found that it came in time, or is not to be dismissed for coming late
    LATE = "late"  # a person has found that it came late; nothing is dismissed yet
    DISMISSED = "dismissed"  # by another person, as late (45 §)
    FORWARDED = "forwarded"  # handed over to the court (46 §)
    JUDGED = "judged"  # the court has decided


#: States in which the authority has an appeal before it.
HERE = (AppealState.RECEIVED, AppealState.TIMELY, AppealState.LATE)

#: States in which the decision that is appealed, and what rests on it, may still change.
RUNNING = (*HERE, AppealState.FORWARDED)


class Timeliness(TextChoices):
    """What a person finds on the day that an appeal came in (44 and 45 §§ förvaltningslagen)."""

    IN_TIME = "in time"
    NOT_TOLD = "45.1"  # late, because we didn't tell rightly how to appeal
    AT_COURT = "45.2"  # it had reached the court in time
    LATE = "late"


#: From each state of an appeal the states that may follow, with who owns the step.
APPEAL_STEPS: dict[str, dict[str, str]] = {
    AppealState.RECEIVED: {AppealState.TIMELY: "caseworker", AppealState.LATE: "caseworker"},
    AppealState.TIMELY: {AppealState.LATE: "caseworker", AppealState.FORWARDED: "caseworker"},
    AppealState.LATE: {AppealState.TIMELY: "caseworker", AppealState.DISMISSED: "decider"},
    AppealState.DISMISSED: {},
    AppealState.FORWARDED: {AppealState.JUDGED: "caseworker"},
    AppealState.JUDGED: {},
}


class OrderKind(TextChoices):
    """What a Swiss order beside the months says of one adult."""

    CONDITION = "condition"  # Auflage: what she has to do, until a day
    REDUCTION = "reduction"  # Kürzung: the basic need is reduced, because a condition wasn't met
    INSTALMENT = "instalment"  # Rate: a part of the support is kept back for what she is to pay back


class OrderState(TextChoices):
    PROPOSED = "proposed"  # by the caseworker
    RETURNED = "returned"  # by the second pair of eyes, with a reason
    WITHDRAWN = "withdrawn"  # by who proposed it
    DECIDED = "decided"


#: From each state of a condition or reduction the states that may follow, with who owns the step.
ORDER_STEPS: dict[str, dict[str, str]] = {
    OrderState.PROPOSED: {
        OrderState.DECIDED: "decider",
        OrderState.RETURNED: "decider",
        OrderState.WITHDRAWN: "proposer",
    },
    OrderState.RETURNED: {},
    OrderState.WITHDRAWN: {},
    OrderState.DECIDED: {},
}
