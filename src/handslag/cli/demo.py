"""`handslag demo`."""

import json
import os
import sys
from typing import Annotated

import typer

from handslag.cli.errors import told_plainly
from handslag.ops.installation import acting_as

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    code: Annotated[
        bool, typer.Option("--code", help="Only print its staff's one-time code of this half minute.")
    ] = False,
) -> None:
    """Fill the demonstration, as far as it isn't there, and write its log-ins to `<data>/demo.json`."""
    if code:
        from handslag.demo import log_ins

        print(log_ins.one_time_code(log_ins.TOTP_SECRET))
        return
    if os.environ.get("HANDSLAG_PRODUCTION") == "1":
        sys.exit("A production installation has no demonstration.")
    role = os.environ.get("HANDSLAG_DEMO_STEP", "owner")
    with told_plainly(), acting_as(role) as installation:
        from handslag.demo import fill
        from handslag.domain.tenancy.door import at_large
        from handslag.domain.tenancy.policies import is_production
        from handslag.kernel import clock

        with at_large("demonstration"):
            if is_production():
                sys.exit("This database is in production: no demonstration comes into it.")
        if role == "owner":
            fill.organisations()
            # Organisations are the owner's to write, all the rest goes through the operations as role web:
            # one process plays one role, so a second one goes on.
            os.environ |= {"HANDSLAG_DEMO_STEP": "web", "HANDSLAG_ROLE": "web"}
            os.execv(sys.executable, [sys.executable, "-m", "handslag.cli.main", "demo"])
        shown = fill.fill(clock.now())
        for name, content in (("demo.json", shown), ("eid-people.json", fill.eid_people())):
            half = installation.data / f"{name}.part"
            half.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
            half.rename(installation.data / name)
