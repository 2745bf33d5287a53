"""Why a look comes before the reviewer, and what she finds."""

from django.db.models import TextChoices


class Why(TextChoices):
    """A reason to ask, never a finding: each of them has an innocent explanation."""

    RANDOM = "random"  # of every fiftieth look, so that nobody is out of sight
    OWN_REASON = "own reason"  # a case opened by oneself, with a reason
    REFUSED = "refused"  # another unit's, another role's, or protected: the software didn't show it
    SAME_NAME = "same name"  # a family name of who looked
    COLLEAGUE = "colleague"  # somebody has the name of a member of staff
    PROTECTED = "protected"  # somebody has protected data
    OUT_OF_HOURS = "out of hours"  # at night, on a day off
    MANY = "many"  # more different people within an hour than work explains
    CHOSEN = "chosen"  # a reviewer asked for it, and wrote why


class Outcome(TextChoices):
    """What a person found, in the words that she signs."""

    OK = "ok"
    ASKED = "asked"  # she was asked, and explained it
    REPORTED = "reported"  # taken on by whoever is responsible
