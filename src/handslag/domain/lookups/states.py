"""States of what an authority answered."""

from __future__ import annotations

from django.db.models import TextChoices


class AnswerState(TextChoices):
    """`failed` is an answer of its own: it is never the same as having nothing to say."""

    ANSWERED = "answered"
    FAILED = "failed"
