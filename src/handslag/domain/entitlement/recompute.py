"""Every stored sheet computed again from its stored facts, with the norms as known when it was computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from handslag.domain.entitlement.models import Sheet
from handslag.domain.entitlement.queries import local_norms_at
from handslag.domain.tenancy.door import acting_door
from handslag.kernel import canonical
from handslag.rules.facts import FactsError
from handslag.rules.norms import NormError, NormMissing
from handslag.rules.packs import PackError, pack

CHUNK = 1000


@dataclass(frozen=True)
class Difference:
    """One thing that a stored sheet says otherwise than its recomputation. Amounts in minor units."""

    organisation: str
    case: str
    since: str
    sheet: int
    what: str
    """facts, norms or sheet digest; norm set; not computed; row, total, line or field."""
    code: str
    stored: Any
    recomputed: Any

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def __str__(self) -> str:
        place = f"{self.organisation} {self.case} {self.since} sheet {self.sheet}"
        return f"{place}: {self.what} {self.code}".rstrip() + f": stored {self.stored}, recomputed {self.recomputed}"


def chunk_of_sheets(after: UUID | None) -> list[Sheet]:
    """The next thousand sheets of the open door's tenant, by key."""
    rows = Sheet.objects.select_related("case", "period", "snapshot", "norm_set").order_by("id")
    return list((rows.filter(id__gt=after) if after else rows)[:CHUNK])


def differences(sheet: Sheet) -> Iterator[Difference]:
    """What differs between a stored sheet and the same facts computed again; nothing when all is equal to the byte.

    Norms of the files as known on the sheet's `known_on`, those of the municipality as confirmed when it was computed.
    What can't be computed any more (a norm is gone) is a difference too.
    """

    def differs(what: str, code: str, stored: Any, recomputed: Any) -> Difference:
        slug = acting_door().the_tenant.slug
        return Difference(
            slug, sheet.case.number, str(sheet.period.since), sheet.number, what, code, stored, recomputed
        )

    for what, digest, body in (
        ("facts digest", sheet.snapshot.digest, sheet.snapshot.facts),
        ("norms digest", sheet.norm_set.digest, sheet.norm_set.body),
        ("sheet digest", sheet.digest, sheet.body),
    ):
        if digest != canonical.digest(body):
            yield differs(what, "", digest, canonical.digest(body))
    try:
        rules = pack(sheet.pack)
        facts = rules.Facts.from_json(sheet.snapshot.facts)
        norms = rules.norms_of(facts, sheet.known_on, sheet.known_on, local_norms_at(sheet.computed_at))
        body = rules.calculate(facts, norms).to_json()
    except (FactsError, NormError, NormMissing, PackError, KeyError) as error:
        yield differs("not computed", "", sheet.granted, f"{type(error).__name__}: {error}")
        return
    if sheet.norm_set.digest != body["norm_digest"]:
        yield differs("norm set", "", sheet.norm_set.digest, body["norm_digest"])
    for name, stored, recomputed in (
        ("granted", sheet.granted, body["granted"]),
        ("rule_version", sheet.rule_version, body["rule_version"]),
    ):
        if stored != recomputed:
            yield differs("row", name, stored, recomputed)
    if canonical.dumps(sheet.body) == canonical.dumps(body):
        return
    for name in sorted(sheet.body.keys() | body.keys()):
        stored, recomputed = sheet.body.get(name), body.get(name)
        if stored == recomputed:
            continue
        if name == "totals":
            stored, recomputed = stored or {}, recomputed or {}
            for code in sorted(stored.keys() | recomputed.keys()):
                if stored.get(code) != recomputed.get(code):
                    yield differs("total", code, stored.get(code), recomputed.get(code))
        elif name == "lines":
            yield from (differs("line", *told) for told in _lines(stored or [], recomputed or []))
        else:
            yield differs("field", name, stored, recomputed)


def _lines(stored: list[dict[str, Any]], recomputed: list[dict[str, Any]]) -> Iterator[tuple[str, Any, Any]]:
    """(code, stored amount, recomputed amount) of each line that differs; the whole line where the amount doesn't."""
    for place in range(max(len(stored), len(recomputed))):
        old = stored[place] if place < len(stored) else None
        new = recomputed[place] if place < len(recomputed) else None
        if old != new:
            code = str((old or new or {}).get("code"))
            amounts = (old and old.get("amount"), new and new.get("amount"))
            yield (code, *amounts) if amounts[0] != amounts[1] else (code, old, new)
