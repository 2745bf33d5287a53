"""`handslag impact`."""

import json
import sys
from contextlib import suppress
from datetime import date, datetime
from typing import Annotated, Any

import typer

from handslag.cli.errors import told_plainly
from handslag.ops.installation import acting_as


def impact(
    tenant: Annotated[list[str] | None, typer.Option(help="Short name of an organisation; else all of them.")] = None,
    known_on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="By the rules and norms known on that day; else today.", metavar="DAY"),
    ] = None,
    propose: Annotated[
        bool, typer.Option("--propose", help="Give the caseworker of each case that gains a task; nothing is applied.")
    ] = False,
    format: Annotated[str, typer.Option(help="text or json.")] = "text",
) -> None:
    """Compute the sheets of all decisions in force by the rules and norms known today, and list where an amount would
    be another one: whom a correction affects, and by how much. Changes no sheet and no decision."""
    if format not in ("text", "json"):
        sys.exit("--format: text or json")
    if propose and known_on:
        sys.exit("--propose goes by what is known today: leave out --known-on")
    checked, more, less, problems = 0, [], [], 0
    with told_plainly(), acting_as("worker" if propose else "auditor"):
        from handslag.domain.entitlement.operations import propose_correction
        from handslag.domain.entitlement.queries import chunk_in_force, effect
        from handslag.domain.tenancy.door import UnknownTenant, acting, system
        from handslag.domain.tenancy.policies import NotPossible
        from handslag.jobs.acts import tenants
        from handslag.kernel import clock

        by, now = system("impact"), clock.now()
        for place in tenant or tenants():
            after, gains = None, dict[Any, list[dict[str, Any]]]()
            while True:
                try:
                    with acting(place, by, "impact") as door:
                        day: date = known_on.date() if known_on else door.the_tenant.today(now)
                        rows = chunk_in_force(after)
                        told = [found for row in rows if (found := effect(row, day))]
                except UnknownTenant:
                    sys.exit(f"there is no organisation {place}")
                for found in told:
                    print(json.dumps(found.to_json(), ensure_ascii=False) if format == "json" else found)
                    problems += found.after is None
                    if found.difference > 0:
                        more.append(found.difference)
                        month = {"since": str(found.since), "sheet": found.sheet}
                        gains.setdefault(found.case_id, []).append(
                            month | {"before": found.before, "after": found.after}
                        )
                    elif found.difference < 0:
                        less.append(found.difference)
                checked += len(rows)
                if not rows:
                    break
                after = rows[-1].id
            for case, months in gains.items() if propose else ():
                with suppress(NotPossible):  # such a task is open already
                    propose_correction(tenant=place, by=by, now=now, case=case, months=months)
    total = {
        "checked": checked, "more": len(more), "more_by": sum(more), "less": len(less), "less_by": sum(less),
        "not_computed": problems,
    }  # fmt: skip
    if format == "json":
        print(json.dumps(total))
    else:
        print(
            f"{checked} sheets in force; {len(more)} would grant {sum(more)} more, {len(less)} {-sum(less)} less, "
            f"{problems} can't be computed (minor units)"
        )
