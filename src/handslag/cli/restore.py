"""`handslag restore`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

import verifier
from handslag.cli.errors import told_plainly
from handslag.cli.verify import file_keys
from handslag.kernel import clock
from handslag.ops import backup
from handslag.ops.installation import acting_as


def restore(
    folder: Annotated[Path, typer.Argument(help="The backup: the folder that `handslag backup` named.")],
) -> None:
    """Bring a backup into an empty installation that has its secrets.json; compare every table, chain and file with
    the manifest; hold back whatever may have left since: notices, payment files and payment runs wait for a person."""
    with told_plainly(), acting_as("web") as installation:
        manifest = backup.restore(installation, folder, lambda text: print(text, flush=True))
        for slug, tables in sorted(manifest["tenants"].items()):
            chain = manifest["chains"].get(slug, {"events": 0})
            if tables:
                print(f"  {slug}: {sum(tables.values())} rows, {chain['events']} events, as backed up")
        print(f"  {len(manifest['files'])} files, as backed up")
        from handslag.jobs.acts import each_tenant
        from handslag.jobs.hold import hold_outgoing
        from handslag.jobs.watch import sign_heads

        for slug, notices, runs in hold_outgoing(made_at=manifest["made_at"]):
            print(f"  {slug}: {notices} notices and {runs} payment files held, payment runs held")
        for slug, name in manifest["not_before_bank"]:
            print(f"  {slug}: {name} was written, and not yet before the bank: if the bank hasn't got it, bring it")
        each_tenant("sign_blocks", sign_heads)  # what no block covered yet when the backup was made
        connection = installation.connection("auditor")
        report = verifier.verify(
            connection, files=installation.data / "files", file_keys=file_keys(connection, installation), at=clock.now()
        )
    print(report.to_text())
    print("No payment run is reserved: compare with the bank what has left since, then for each organisation")
    print("  handslag organisation set SHORT-NAME payments_held ''")
    sys.exit(0 if report.ok else 1)
