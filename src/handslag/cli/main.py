"""The command `handslag`.

Each command is the function `<name>` of the module `handslag.cli.<name>` (a group: `app`, a `typer.Typer`),
and is imported only when called. A command that touches the database opens
`handslag.ops.installation.acting_as(<role>)` before it imports anything of Django.
"""

import importlib
import os
import sys

import typer

COMMANDS = {
    "up": "run the whole product (--production: on your own PostgreSQL, nothing for trying out)",
    "status": "what runs, what waits, what needs attention",
    "migrate": "bring the database to the present schema",
    "roles": "check the database roles; --sql prints what a managed server's owner runs",
    "backup": "write database, files and manifest into a folder",
    "restore": "bring a backup into an empty installation",
    "postgres": "dump and restore the embedded database",
    "worker": "run scheduled and queued work",
    "courier": "carry sealed messages between the organisations of this installation",
    "exchange": "register partners in other installations, print our key file, call them",
    "register": "a canton's register from another system: verify, import, undo",
    "organisation": "enter an organisation, admit its staff, change its settings",
    "demo": "fill the demonstration of invented organisations and people",
    "journey": "drive one application from filing to payment through the running product",
    "forms": "list the forms by which applications are taken; check and publish one",
    "sheet": "calculate the sheet of one case file",
    "recompute": "compute every stored sheet again and name what differs",
    "impact": "list whom corrections of rules and norms affect, and by how much",
    "precalculate": "calculate all open cases for a month, or by other norms",
    "simulate": "what a change of norms would cost, and for whom",
    "verify": "check the chains, signatures and invariants of the stored data",
}


def main() -> None:
    """Entry point: look up the command, import it, run it."""
    name, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("--help", [])
    if name not in COMMANDS:
        asked = name in ("--help", "-h", "help")
        print("Usage: handslag COMMAND [OPTIONS]\n", file=sys.stdout if asked else sys.stderr)
        for command, purpose in COMMANDS.items():
            print(f"  {command:<12} {purpose}", file=sys.stdout if asked else sys.stderr)
        if not asked:
            print(f"\nThere is no command {name!r}.", file=sys.stderr)
        sys.exit(0 if asked else 2)
    os.environ.setdefault("TYPER_STANDARD_TRACEBACK", "1")  # the other kind prints values of variables
    load(name)(args=arguments, prog_name=f"handslag {name}")


def load(name: str) -> typer.Typer:
    """The command or group `name`; ends with a message if this version lacks it."""
    module = f"handslag.cli.{name}"
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        sys.exit(f"`handslag {name}` is not part of this version.")
    if hasattr(found, "app"):
        group: typer.Typer = found.app
        return group
    single = typer.Typer(add_completion=False)
    single.command()(getattr(found, name))
    return single


if __name__ == "__main__":
    main()
