"""States of tasks, deadlines and notices."""

from django.db.models import TextChoices


class TaskState(TextChoices):
    OPEN = "open"
    DONE = "done"


class DeadlineState(TextChoices):
    WAITING = "waiting"  # for the proof of the day on which it begins
    RUNNING = "running"
    KEPT = "kept"
    MISSED = "missed"
    LIFTED = "lifted"  # not needed any more: decided, or enough is known


class NoticeChannel(TextChoices):
    EMAIL = "email"
    SMS = "sms"
    PRINT = "print"  # in the day's print batch


class NoticeState(TextChoices):
    WAITING = "waiting"
    SENT = "sent"
    PARKED = "parked"  # gave up after the last try: a person looks at it
