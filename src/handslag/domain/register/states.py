"""What a notice of the register is about, and what it may say."""

from typing import Final

from django.db.models import TextChoices


class What(TextChoices):
    MUNICIPALITY = "municipality"
    STATUS = "status"
    EARNINGS = "earnings"
    CLAIM = "claim"
    CLOSING = "closing"


#: She moved to another municipality: said by the one that she left, which isn't the one that says where she is.
MOVED: Final = "moved"
#: No municipality is responsible any more: a notice with one of these ends that of `moves_from` after its day.
GONE: Final = frozenset({"disappearance", "departure", "death", MOVED})
#: She lives on own earnings; any other notice about earnings says that she doesn't any more.
OWN_EARNINGS: Final = "own"
