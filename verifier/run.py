"""One verification: every tenant in a transaction of its own, then what lies outside of all tenants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from verifier.accounts import check_accounts
from verifier.blocks import check_blocks, signing_keys
from verifier.chain import check_chains, check_rows
from verifier.database import Connection, Row, connected, reading, rows
from verifier.files import KeysByTenant, check_files
from verifier.invariants import (
    accounts_of,
    check_account,
    check_appeals,
    check_applications,
    check_decisions,
    check_hand_overs,
    check_jobs,
    check_looked_at,
    check_merges,
    check_order_appeals,
    check_outbox,
    check_parents,
    check_periods,
    check_postings,
    check_runs,
    check_sessions,
)
from verifier.messages import Exchanged, check_exchange, check_reconciled, note_exchanged
from verifier.register import check_register
from verifier.report import Report
from verifier.settlement import check_settlements


def verify(
    conninfo: str,
    tenants: Iterable[str] | None = None,
    files: Path | None = None,
    file_keys: KeysByTenant | None = None,
    published_roots: Mapping[str, Mapping[str, str]] | None = None,
    receipts: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    at: datetime | None = None,
) -> Report:
    """Check what is stored. `conninfo`: libpq string of the role auditor.

    tenants          short names of organisations; None: all, and then sessions too
    files            folder of the file store, one folder per tenant id in it; None: files are not looked at
    file_keys        by tenant id the keys (32 bytes) that its files are sealed under; without them only presence
                     and length of files are checked
    published_roots  by short name: roots of blocks that left the installation, by block number
    receipts         by short name: what clients were shown, each with `number` and `digest`
    at               the moment that ages are measured from; None: the database's now
    """
    report, published = Report(), published_roots or {}
    wanted = None if tenants is None else set(tenants)
    with connected(conninfo) as connection:
        now = at or rows(connection, "SELECT now() AS now")[0]["now"]
        found = rows(
            connection, "SELECT id, slug, kind, code_type, code FROM tenancy_organisation WHERE is_tenant ORDER BY slug"
        )
        if wanted is not None and (unknown := wanted - {row["slug"] for row in found}):
            raise LookupError(f"no such organisation: {', '.join(sorted(unknown))}")
        accounts: set[UUID] = set()
        exchanged = Exchanged()
        for tenant in found:
            if wanted is not None and tenant["slug"] not in wanted:
                continue
            report.tenant = tenant["slug"]
            report.tenants.append(tenant["slug"])
            with reading(connection, tenant["id"]):
                _check_tenant(
                    connection,
                    report,
                    tenant,
                    now,
                    published.get(tenant["slug"], {}),
                    (receipts or {}).get(tenant["slug"], ()),
                    exchanged,
                )
                accounts |= accounts_of(connection)
                if files is not None:
                    keys = (file_keys or {}).get(tenant["id"], ())
                    check_files(connection, report, files / str(tenant["id"]), keys)
        check_reconciled(report, exchanged)
        report.tenant = ""
        gone: set[str] = set() if wanted is not None else published.keys() - {tenant["slug"] for tenant in found}
        for slug in sorted(gone):
            text = f"is no organisation here: its block {max(published[slug], key=int, default=0)} was signed"
            report.broken("I10", "tenancy_organisation", slug, text)
        with reading(connection):
            check_jobs(connection, report, now)
            if wanted is None:
                check_sessions(connection, report, accounts, now)
    return report


def _check_tenant(
    connection: Connection,
    report: Report,
    tenant: Row,
    now: datetime,
    published: Mapping[str, str],
    shown: Sequence[Mapping[str, Any]],
    exchanged: Exchanged,
) -> None:
    keys = signing_keys(connection)
    chain = check_chains(connection, report)
    check_rows(connection, report, chain)
    check_blocks(connection, report, chain, keys, now, published)
    check_applications(connection, report, chain, keys, shown)
    check_decisions(connection, report, chain)
    check_appeals(connection, report, chain)
    check_order_appeals(connection, report, chain)
    check_account(connection, report)
    check_runs(connection, report, chain)
    check_looked_at(connection, report, chain)
    check_postings(connection, report)
    check_outbox(connection, report, now)
    check_hand_overs(connection, report, chain, now)
    address = f"{tenant['kind']}:{tenant['code_type']}:{tenant['code']}"
    messages = check_exchange(connection, report, address, keys, now)
    note_exchanged(exchanged, address, tenant["slug"], messages)
    check_periods(connection, report)
    check_accounts(connection, report)
    check_register(connection, report)
    check_settlements(connection, report)
    check_merges(connection, report, chain)
    check_parents(connection, report)
