"""States of a case, and of the warnings that stand on its lines."""

from django.db.models import TextChoices


class CaseState(TextChoices):
    OPEN = "open"
    CLOSED = "closed"


class WarningKind(TextChoices):
    """What a caseworker should look at; a warning changes no amount and refuses nothing."""

    UNHANDLED_INCOME = "UNHANDLED_INCOME"
    INCOME_CHANGE = "INCOME_CHANGE"
    MISSING_SSBTEK = "MISSING_SSBTEK"
    NEW_INCOME = "NEW_INCOME"
    NEW_EXPENSE = "NEW_EXPENSE"
    NEW_PERSON = "NEW_PERSON"
    INCOME_DROPPED = "INCOME_DROPPED"
    HOUSEHOLD_CHANGE = "HOUSEHOLD_CHANGE"
    HOUSING_COST_CHANGE = "HOUSING_COST_CHANGE"
    EXPENSE_REVIEW = "EXPENSE_REVIEW"
    EXPENSE_CAPPED = "EXPENSE_CAPPED"


class WarningState(TextChoices):
    OPEN = "open"
    ACKNOWLEDGED = "seen"  # by a person
    CLOSED = "closed"  # its cause has gone; the machine never opens it again


#: From each state the states that may follow, with who owns the step.
WARNING_STEPS: dict[str, dict[str, str]] = {
    WarningState.OPEN: {WarningState.ACKNOWLEDGED: "caseworker", WarningState.CLOSED: "system"},
    WarningState.ACKNOWLEDGED: {WarningState.CLOSED: "system"},
    WarningState.CLOSED: {},
}


class NoteKind(TextChoices):
    NOTE = "note"
    PHONE = "phone"  # a call: `at` says when
    APPOINTMENT = "appointment"  # a meeting agreed: `at` says when


class AccessReason(TextChoices):
    COVER = "cover"  # a colleague is away
    PERSON_HERE = "person here"  # the person is here, or on the telephone
    EMERGENCY = "emergency"  # a need that can't wait
    SUPERVISION = "supervision"  # a complaint, an appeal, a check of the work


class TransferBasis(TextChoices):
    """On what ground another municipality is told of a case."""

    CONSENT = "consent"
    LAW = "law"
