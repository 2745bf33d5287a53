"""What speaks against a request for approval of a cost, and what becomes of a change that is proposed."""

from django.db.models import TextChoices


class Against(TextChoices):
    NO_CLAIM_PERIOD = "NO_CLAIM_PERIOD"
    OTHER_MUNICIPALITY = "OTHER_MUNICIPALITY"
    RATE_WRONG = "RATE_WRONG"
    OTHER_PAYER_FIRST = "OTHER_PAYER_FIRST"
    DUPLICATE = "DUPLICATE"
    NO_TARIFF = "NO_TARIFF"


class Proposal(TextChoices):
    """A change of an approval that two people do."""

    PROPOSED = "proposed"
    TOLD = "told"  # another decider has told the other side
    TAKEN_BACK = "taken back"


#: From each state the states that may follow, with who causes the step.
STEPS: dict[str, dict[str, str]] = {
    Proposal.PROPOSED: {Proposal.TOLD: "another decider", Proposal.TAKEN_BACK: "decider"},
    Proposal.TOLD: {},
    Proposal.TAKEN_BACK: {},
}
