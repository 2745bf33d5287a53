"""Types of identifier, roles in a household, kinds of account."""

from django.db.models import TextChoices


class IdentifierType(TextChoices):
    PERSONNUMMER = "personnummer"
    SAMORDNINGSNUMMER = "samordningsnummer"
    AHVN13 = "ahvn13"
    ZEMIS = "zemis"
    TEMPORARY = "temporary"


class HouseholdRole(TextChoices):
    ADULT = "adult"
    CHILD = "child"


class AccountKind(TextChoices):
    BBAN = "bban"
    BANKGIRO = "bankgiro"
    PLUSGIRO = "plusgiro"
    IBAN = "iban"
