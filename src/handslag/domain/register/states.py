"""What a notice of the register is about."""

from django.db.models import TextChoices


class What(TextChoices):
    MUNICIPALITY = "municipality"
    STATUS = "status"
