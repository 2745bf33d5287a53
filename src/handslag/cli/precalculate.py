"""`handslag precalculate`: all open cases of an organisation calculated for a month."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from handslag.cli.errors import told_plainly
from handslag.ops.installation import acting_as

if TYPE_CHECKING:
    from handslag.domain.entitlement.models import Precalculation

app = typer.Typer(add_completion=False, no_args_is_help=True)

Slug = Annotated[str, typer.Argument(help="Short name of the organisation.", show_default=False)]
Run = Annotated[str, typer.Option(help="Key of a run; else the newest.")]
Here = Annotated[bool, typer.Option("--here", help="Calculate in this process; else a worker does.")]


@contextmanager
def _working() -> Iterator[None]:
    """Play the worker's role; what can't be is told in one line."""
    with told_plainly(), acting_as("worker"):
        from handslag.domain.tenancy.door import UnknownTenant
        from handslag.domain.tenancy.permissions import Hidden
        from handslag.domain.tenancy.policies import Conflict, NotPossible

        try:
            yield
        except UnknownTenant as error:
            sys.exit(f"there is no organisation {error}")
        except Hidden as error:
            sys.exit(f"there is no such {error.what}")
        except NotPossible as error:
            sys.exit(_REFUSED[error.code])
        except Conflict as error:
            sys.exit(f"the run is {error.theirs}: only a halted one goes on")


_REFUSED = {
    "precalculation runs": "such a run isn't ended yet: see `handslag precalculate status`",
    "precalculation month": "--month: at most a year away",
    "precalculation value": "--value: it ends a norm, there is nothing to calculate with",
}


@app.command()
def start(
    organisation: Slug,
    month: Annotated[datetime, typer.Option(formats=["%Y-%m"], help="Which month.", metavar="MONTH")],
    norms: Annotated[
        bool, typer.Option("--norms", help="Beside the same facts by the norms of the day before it.")
    ] = False,
    value: Annotated[str, typer.Option(help="Key of a value of the municipality's: as if it held.")] = "",
    here: Here = False,
) -> None:
    """Calculate all open cases for a month: one, then ten, then a hundred at a time, unless too many can't be
    calculated. Beside the month calculated before, or (--norms, --value) what changes for whom. Decides nothing."""
    if norms and value:
        sys.exit("--norms or --value, not both")
    key = _key(value, "--value") if value else None
    with _working():
        from handslag.domain.entitlement.operations.precalculations import start_precalculation
        from handslag.domain.entitlement.states import RunKind
        from handslag.jobs.precalculations import BY
        from handslag.kernel import clock
        from handslag.kernel.months import Month

        kind = RunKind.NORMS if norms else RunKind.VALUE if value else RunKind.MONTH
        told = {"kind": kind, "month": Month.of(month.date()), "norm": key}
        run = start_precalculation(tenant=organisation, by=BY, now=clock.now(), **told)  # type: ignore[arg-type]
        _go_on(organisation, run, here)


@app.command("continue")
def go_on(organisation: Slug, run: Run = "", here: Here = False) -> None:
    """Let a halted run go on with its next batch: somebody has looked at its errors."""
    with _working():
        from handslag.domain.entitlement.operations.precalculations import continue_precalculation
        from handslag.jobs.precalculations import BY
        from handslag.kernel import clock

        key = _run(organisation, run).id
        found = continue_precalculation(tenant=organisation, by=BY, now=clock.now(), run=key)
        _go_on(organisation, found, here)


@app.command()
def status(organisation: Slug) -> None:
    """The newest runs: how far, what they found, how fast."""
    with _working():
        from handslag.domain.entitlement.queries.precalculations import runs
        from handslag.domain.tenancy.door import acting
        from handslag.jobs.precalculations import BY

        with acting(organisation, BY, "precalculate"):
            found = runs()
        for one in found:
            print(_said(one))
        if not found:
            print("no run yet")


@app.command()
def errors(organisation: Slug, run: Run = "") -> None:
    """The cases that a run couldn't calculate, each with its reason."""
    with _working():
        from handslag.domain.entitlement.models import Forecast
        from handslag.domain.tenancy.door import acting
        from handslag.jobs.precalculations import BY

        key = _run(organisation, run).id
        with acting(organisation, BY, "precalculate"):
            rows = Forecast.objects.filter(run=key).exclude(problem="").select_related("case")
            for row in rows.order_by("problem", "case__number"):
                print(f"{row.case.number}: {row.problem}{': ' if row.told else ''}{'; '.join(row.told)}")


def _key(text: str, option: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        sys.exit(f"{option}: {text} is no key")


def _run(organisation: str, run: str) -> "Precalculation":
    """The run of that key, else the newest of the organisation."""
    from handslag.domain.entitlement.queries.precalculations import runs
    from handslag.domain.tenancy.door import acting
    from handslag.jobs.precalculations import BY

    key = _key(run, "--run") if run else None
    with acting(organisation, BY, "precalculate"):
        found = next((one for one in runs() if key in (None, one.id)), None)
    if found is None:
        sys.exit("there is no such run")
    return found


def _go_on(organisation: str, run: "Precalculation", here: bool) -> None:
    """Do a run's batches in this process until it halts or ends; or say that a worker does."""
    from handslag.domain.entitlement.states import RunState
    from handslag.jobs.precalculations import precalculate

    while here and run.state == RunState.RUNNING:
        precalculate(int(run.tenant_id or 0), str(run.id), run.batch)
        run = _run(organisation, str(run.id))
        print(f"{run.done} of {run.cases}", file=sys.stderr, flush=True)
    print(_said(run))


def _said(run: "Precalculation") -> str:
    rate = f", {run.done * 1000 // run.milliseconds} cases a second" if run.milliseconds else ""
    return (
        f"{run.id} {run.kind} {run.since:%Y-%m} {run.state}: {run.done} of {run.cases} cases, "
        f"{run.more} more by {run.more_by}, {run.less} less by {run.less_by} (minor units a month), "
        f"{run.problems} not calculated{rate}"
    )
