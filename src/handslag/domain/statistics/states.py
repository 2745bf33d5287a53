"""Steps of a renewal whose time is measured."""

from django.db.models import TextChoices


class Step(TextChoices):
    """What is measured, in minutes."""

    WAITS = "waits"  # from the application to when a caseworker takes it: as the clock goes
    WORKED = "worked"  # minutes of work on the case until the decision is proposed
    DECIDED = "decided"  # minutes of work on it from there to the decision
    WHOLE = "whole"  # from the application to the decision: as the clock goes
