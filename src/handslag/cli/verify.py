"""`handslag verify`."""

import sys
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypedDict

import msgspec
import psycopg
import typer

import verifier
from handslag.cli.errors import told_plainly
from handslag.kernel import clock
from handslag.ops.installation import Installation, installed


def verify(
    tenant: Annotated[list[str] | None, typer.Option(help="Short name of an organisation; else all of them.")] = None,
    format: Annotated[str, typer.Option(help="text or json.")] = "text",
    roots: Annotated[
        Path | None,
        typer.Option(
            help="Roots of signed blocks that left this installation: what was printed before. The newest that the "
            "worker keeps in the data folder are looked at anyhow."
        ),
    ] = None,
    receipts: Annotated[
        Path | None,
        typer.Option(help="Receipts that clients were shown: JSON by short name, each with number, digest."),
    ] = None,
    files: Annotated[bool, typer.Option(help="Also open every stored file.")] = True,
) -> None:
    """Check chains, signed blocks, receipts, decisions, the case account, payment files and stored files; exit code 1
    when something is broken, 2 when a file to hold them against can't be read. Reads as the role auditor; shares no
    code with what it checks."""
    if format not in ("text", "json"):
        sys.exit("--format: text or json")
    with told_plainly(), installed() as installation:
        connection = installation.connection("auditor")
        published = kept_roots(installation.data)  # before the database: what is kept was committed by then
        for slug, told in (_read(roots, Roots) if roots else {}).items():
            published[slug] = {**published.get(slug, {}), **told}
        try:
            report = verifier.verify(
                connection,
                tenants=tenant,
                files=installation.data / "files" if files else None,
                file_keys=file_keys(connection, installation) if files else None,
                published_roots=published,
                receipts=_read(receipts, Receipts) if receipts else None,
                at=clock.now(),
            )
        except LookupError as error:
            sys.exit(str(error))
    print(report.to_json() if format == "json" else report.to_text())
    sys.exit(0 if report.ok else 1)


class Shown(TypedDict):
    """What a client was shown of her application."""

    number: str
    digest: str


#: Roots of one organisation by block number; of several, and what clients were shown, by short name.
OfOne: TypeAlias = dict[Annotated[str, msgspec.Meta(pattern="^[0-9]+$")], str]
Roots: TypeAlias = dict[str, OfOne]
Receipts: TypeAlias = dict[str, list[Shown]]


def kept_roots(data: Path) -> dict[str, dict[str, str]]:
    """By short name the newest root that the worker signed, as it lies in the data folder."""
    return {path.stem: _read(path, OfOne) for path in (data / "roots").glob("*.json")}


def _read(path: Path, kind: Any) -> Any:
    """A JSON file of that kind; of an earlier report the part `roots`. Exit code 2, with what is wrong, where it is
    none: then nothing was checked."""
    try:
        found = msgspec.json.decode(path.read_bytes())
        report = kind is Roots and isinstance(found, dict) and {"roots", "findings"} <= set(found)
        return msgspec.convert(found["roots"] if report else found, kind)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        typer.echo(f"{path} can't be read: {error}. Nothing was checked: mend it, or name another file.", err=True)
        sys.exit(2)


def file_keys(conninfo: str, installation: Installation) -> dict[int, list[bytes]]:
    """By tenant id the keys of its files: the verifier gets them opened and never sees the installation's key."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher = AESGCM(installation.secrets.installation_key)
    found: dict[int, list[bytes]] = {}

    def opened(key_id: str, sealed: bytes) -> list[bytes]:
        try:
            return [cipher.decrypt(sealed[:12], sealed[12:], key_id.encode())]
        except InvalidTag:
            return []  # the row is not what the chain committed to: the verifier says so

    with psycopg.connect(conninfo, autocommit=True) as connection:
        for (tenant,) in connection.execute("SELECT id FROM tenancy_organisation WHERE is_tenant").fetchall():
            with connection.transaction():
                connection.execute("SELECT set_config('app.tenant', %s, true)", [str(tenant)])
                sealed = connection.execute("SELECT key_id, private_sealed FROM tenancy_key WHERE use = 'files'")
                found[tenant] = [key for key_id, row in sealed for key in opened(key_id, bytes(row))]
    return found
