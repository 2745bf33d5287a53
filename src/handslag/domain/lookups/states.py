"""States of what an authority answered, and of what a person says is wrong in it."""

from __future__ import annotations

from django.db.models import TextChoices


class AnswerState(TextChoices):
    """`failed` is an answer of its own: it is never the same as having nothing to say."""

    ANSWERED = "answered"
    FAILED = "failed"


class DisputeReason(TextChoices):
    """What a person says is wrong with a fetched line; `back`: she takes back what she said."""

    AMOUNT = "amount"
    MISSING = "missing"
    NOT_MINE = "not_mine"
    MONTH = "month"
    OTHER = "other"
    BACK = "back"


class Verdict(TextChoices):
    """What a caseworker decided about a disputed line. What counts in money stands in the sheet."""

    AS_FETCHED = "fetched"
    AS_SAID = "said"
    OTHERWISE = "other"
