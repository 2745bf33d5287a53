"""What others ask of tasks and notices."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce, Greatest

from handslag.domain.people.models import Address
from handslag.domain.tasks.models import Notice, PrintBatch


def protection_printed(batches: Collection[PrintBatch]) -> dict[UUID, int]:
    """The highest protection today of anybody to whom a batch has a page, or of an address of theirs, by batch."""
    printed = {UUID(page["notice"]): batch.id for batch in batches for page in batch.manifest["pages"]}
    address = Address.objects.filter(person=OuterRef("person")).order_by("-protection_level")
    level = Greatest("person__protection_level", Coalesce(Subquery(address.values("protection_level")[:1]), 0))
    levels = {batch.id: 0 for batch in batches}
    for notice, found in Notice.objects.filter(id__in=printed).values_list("id", level):
        levels[printed[notice]] = max(levels[printed[notice]], found)
    return levels
