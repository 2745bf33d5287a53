"""`handslag recompute`."""

import json
import random
import sys
from typing import Annotated

import typer

from handslag.cli.errors import told_plainly
from handslag.ops.installation import acting_as

SEED = 20260101


def recompute(
    tenant: Annotated[list[str] | None, typer.Option(help="Short name of an organisation; else all of them.")] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Only about so many sheets of each organisation, the same each time.")
    ] = None,
    format: Annotated[str, typer.Option(help="text or json.")] = "text",
) -> None:
    """Compute every stored sheet again from its stored facts, with the norms as known on its day, and compare to the
    byte; exit code 1 when one differs, and each difference named. Reads as the role auditor and changes nothing."""
    if format not in ("text", "json"):
        sys.exit("--format: text or json")
    checked, found = 0, 0
    with told_plainly(), acting_as("auditor"):
        from handslag.domain.entitlement.models import Sheet
        from handslag.domain.entitlement.queries import chunk_of_sheets, differences
        from handslag.domain.tenancy.door import UnknownTenant, acting, system
        from handslag.jobs.acts import tenants

        by = system("recompute")
        for place in tenant or tenants():
            after, draw, share = None, random.Random(SEED), 1.0
            while True:
                try:
                    with acting(place, by, "recompute") as door:
                        if sample and after is None:
                            share = sample / max(Sheet.objects.count(), 1)
                        rows = chunk_of_sheets(after)
                        drawn = [row for row in rows if draw.random() < share]
                        told = [difference for row in drawn for difference in differences(row)]
                        slug = door.the_tenant.slug
                except UnknownTenant:
                    sys.exit(f"there is no organisation {place}")
                for difference in told:
                    print(json.dumps(difference.to_json(), ensure_ascii=False) if format == "json" else difference)
                checked, found = checked + len(drawn), found + len(told)
                if not rows:
                    break
                after = rows[-1].id
                print(f"{slug}: {checked} sheets computed again, {found} differences", file=sys.stderr)
    if format == "json":
        print(json.dumps({"checked": checked, "differences": found}))
    else:
        print(f"{checked} sheets computed again, {found} differences")
    sys.exit(1 if found else 0)
