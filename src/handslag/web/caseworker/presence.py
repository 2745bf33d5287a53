"""Who else has a case open: remembered for ten minutes in the cache's files, by ids only, and never in the database.

Nothing is kept of it and nothing is counted: a colleague who has gone on to another case is no longer here.
"""

from __future__ import annotations

from uuid import UUID

from django.core.cache import cache
from django.http import HttpRequest

from handslag.web.caseworker.pages import the_door

SECONDS = 600


def others_at(request: HttpRequest, case: UUID) -> list[UUID]:
    """Note that the member of staff who asks is at this case; gives the log-ins of the colleagues who are too."""
    door = the_door(request)
    me, tenant = str(door.the_actor.id), door.the_tenant.id
    at = f"case:{tenant}:{case}"
    cache.set(f"at:{tenant}:{me}", str(case), SECONDS)
    before: set[str] = cache.get(at, set())
    cache.set(at, before | {me}, SECONDS)
    where = cache.get_many([f"at:{tenant}:{one}" for one in before - {me}])
    return [UUID(key.rpartition(":")[2]) for key, place in where.items() if place == str(case)]
