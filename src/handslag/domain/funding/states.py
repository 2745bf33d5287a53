"""What speaks against a request for approval of a cost."""

from django.db.models import TextChoices


class Against(TextChoices):
    NO_CLAIM_PERIOD = "NO_CLAIM_PERIOD"
    OTHER_MUNICIPALITY = "OTHER_MUNICIPALITY"
    RATE_WRONG = "RATE_WRONG"
    OTHER_PAYER_FIRST = "OTHER_PAYER_FIRST"
    DUPLICATE = "DUPLICATE"
    NO_TARIFF = "NO_TARIFF"
