"""Types of identifier, roles in a household, kinds of account, states of a change of account, representation."""

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


class ChangeState(TextChoices):
    BEGUN = "begun"  # at the e-ID
    ASKED = "asked"  # signed: waits for a member of staff
    DONE = "done"
    REFUSED = "refused"  # by a member of staff, with a reason
    WITHDRAWN = "withdrawn"  # by the person, or by a newer one


class AccountKind(TextChoices):
    BBAN = "bban"
    BANKGIRO = "bankgiro"
    PLUSGIRO = "plusgiro"
    IBAN = "iban"


class Ground(TextChoices):
    """On what somebody may act for another."""

    GOD_MAN = "god_man"  # appointed, 11 kap. föräldrabalken
    FORVALTARE = "forvaltare"  # appointed, 11 kap. föräldrabalken
    FULLMAKT = "fullmakt"  # given by the person herself, who can end it at any time


class Scope(TextChoices):
    SEE = "see"  # what stands on My pages
    ACT = "act"  # besides: apply, sign, correct, answer, write, appeal; never another account
