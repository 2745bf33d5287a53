"""`handslag simulate`: what a change of norms would cost, and for whom."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
import yaml

app = typer.Typer(add_completion=False, no_args_is_help=True)

ONE_REPORT = (
    "Publish one report about these households: another one about the same or almost the same ones, compared with it,"
    " may tell what a few of them get."
)

Law = Annotated[str, typer.Option(help="Legal order: se, ch, de.")]
Out = Annotated[Path, typer.Argument(help="The file to write: .parquet or .jsonl.", show_default=False)]


@contextmanager
def _told() -> Iterator[None]:
    """What is wrong, in one line on standard error; exit code 1."""
    from handslag.rules.norms import NormError
    from handslag.rules.packs import PackError
    from handslag.simulation.chunk import SimulationError
    from handslag.simulation.disclosure import TooFew
    from handslag.simulation.population import PopulationError

    try:
        yield
    except (NormError, PackError, PopulationError, SimulationError, TooFew, OSError) as error:
        sys.exit(str(error))


@app.command()
def run(
    population: Annotated[Path, typer.Argument(help="Households: .parquet or .jsonl.", exists=True, dir_okay=False)],
    since: Annotated[str, typer.Option(help="First month, as 2026-01.", metavar="MONTH", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder of this simulation; the same again goes on.", show_default=False)],
    after: Annotated[
        list[Path] | None, typer.Option(help="What changes: a norm file, or a folder of them; repeat for more.")
    ] = None,
    before: Annotated[list[Path] | None, typer.Option(help="To compare with; else the norms in force.")] = None,
    tables: Annotated[
        list[Path] | None, typer.Option(help="Norms that a municipality or district sets, before and after.")
    ] = None,
    months: Annotated[int, typer.Option(help="How many months.")] = 12,
    law: Law = "se",
    lang: Annotated[str, typer.Option(help="Language of the report: sv, de, fr, en; else the law's.")] = "",
    chunk: Annotated[int, typer.Option(help="Households calculated at a time.")] = 10_000,
    known_on: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="By the rules and norms known on that day; else on the day on which it was begun.",
            metavar="DAY",
        ),
    ] = None,
    scheduler: Annotated[str, typer.Option(help="A Dask scheduler, as tls://host:8786; else this process.")] = "",
) -> None:
    """Calculate a population by the norms before and after, month by month, and write tables, pictures and CSV into the
    folder's report. Killed and started again, it goes on. Nothing about fewer than five households is written there."""
    from handslag.kernel.months import Month
    from handslag.simulation.report import LANGUAGES
    from handslag.simulation.run import Simulation, simulate

    try:
        first = Month.parse(since)
    except ValueError as error:
        sys.exit(f"--since: {error}")
    if lang not in ("", *LANGUAGES):
        sys.exit(f"--lang: {', '.join(LANGUAGES)}")
    with _told():
        asked = Simulation(
            law, population, first, months, tuple(tables or ()), tuple(before or ()), tuple(after or ()), lang, chunk,
            known_on.date() if known_on else None,
        )  # fmt: skip
        text = simulate(asked, out, scheduler, lambda n, of: print(f"{n} of {of} pieces", file=sys.stderr, flush=True))
    print(text, end="")
    print(ONE_REPORT, file=sys.stderr)


@app.command()
def example(
    out: Out,
    law: Law = "se",
    households: Annotated[int, typer.Option(min=1, help="How many.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed, the same households.")] = 1,
    canton: Annotated[str, typer.Option(help="With --law ch.")] = "ZH",
) -> None:
    """Write a population of invented households, to try out and to see the columns."""
    from handslag.rules.packs import pack
    from handslag.simulation import population
    from handslag.simulation.invented import households as invented

    with _told():
        population.write(out, pack(law), invented(law, households, seed, canton))
    print(f"{out}: {households} invented households")


@app.command()
def cases(
    out: Out,
    tenant: Annotated[str, typer.Option(help="Short name of the organisation.", show_default=False)],
    month: Annotated[datetime, typer.Option(formats=["%Y-%m"], help="Its decided month.", metavar="MONTH")],
    law: Law = "se",
) -> None:
    """Write the households of an organisation's decisions in force on a month as a population: no names, identifiers,
    dates of birth or free texts; nobody with protected registration. What the organisation sets itself (limits) is
    written beside it, for --tables. That this was done stands in the organisation's chain of events."""
    from handslag.cli.errors import told_plainly
    from handslag.ops.installation import acting_as
    from handslag.rules.packs import pack
    from handslag.simulation import population

    with _told():
        pack(law)
        population.check_kind(out)
    with told_plainly(), acting_as("worker"):
        from handslag.domain.entitlement.operations import take_population
        from handslag.domain.tenancy.door import UnknownTenant, system
        from handslag.kernel import clock
        from handslag.kernel.months import Month

        first = Month.of(month.date())
        try:
            taken = take_population(tenant=tenant, by=system("simulate"), now=clock.now(), month=first)
        except UnknownTenant:
            sys.exit(f"there is no organisation {tenant}")
    if taken.unread:
        print(f"left out: {taken.unread} decisions whose facts can't be read any more", file=sys.stderr)
    rows = taken.households.get(law, [])
    with _told():
        population.write(out, pack(law), rows)
        beside = out.with_suffix(".tables.yaml")
        beside.write_text(yaml.safe_dump(taken.norms, allow_unicode=True, sort_keys=False), encoding="utf-8")
    print(f"{out}: the households of {len(rows)} decisions on {first}; {beside}: {len(taken.norms)} norms of its own")
