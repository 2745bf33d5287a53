"""Steps of a renewal whose time is measured."""

from django.db.models import TextChoices


class Step(TextChoices):
    """What is measured, in minutes."""

    WAITS = "waits"  # from the application to when a caseworker takes it: as the clock goes
    WORKED = "worked"  # minutes of work on the case until the decision is proposed
    DECIDED = "decided"  # minutes of work on it from there to the decision
    WHOLE = "whole"  # from the application to the decision: as the clock goes


class DeliveryState(TextChoices):
    """How far a month's delivery to the federal office of statistics is."""

    MADE = "made"  # to be looked at
    SENT = "sent"  # by a person: leaves by the sedex client
    ARRIVED = "arrived"  # in the office's inbox at sedex, as sedex says
    REFUSED = "refused"  # by sedex
    EXPIRED = "expired"  # never fetched
