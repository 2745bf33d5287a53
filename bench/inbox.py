"""The inbox page of the largest of 300 organisations, in an installation of 100,000 cases and in one ten times that.

    python -m bench.inbox [--cases 100000] [--times 10] [--rounds 9] [--requests 20] [--tenants 300] [--keep]

Each installation is a database of its own on one embedded PostgreSQL with fsync, with a web process of its own: the
product's, over HTTP, with a session, permissions, row-level security and the entry in the log of reads. The largest
organisation has a fifth of all cases, the others share the rest; each case has a person, a period, an application with
its receipt and signature, and a row for the inbox; 2 % of these are open, 80 of them the caseworker's own. Rounds of
both installations alternate; the ratio is that of a round's medians, larger by smaller. Goal: at most 1.3.
`tests/web/caseworker/test_inbox.py` counts the statements (at most 6, whatever it holds).
`--keep` writes docs/evidence/bench_inbox.json.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import statistics
import sys
import time
from typing import Any

GOAL = 1.3
VIEWS = {"mine": "?view=mine", "unit": "?view=unit"}
LARGEST = 0.2
OPEN = 0.02
OWN = 80

MANY = """
CREATE TABLE bench_many AS
SELECT t.tenant, t.unit, t.largest, n, n::float / t.cases > 1 - %(open)s AS open,
  CASE WHEN t.largest AND n > t.cases - %(own)s THEN %(hanna)s::uuid END AS own,
  uuidv7() AS person, uuidv7() AS number, uuidv7() AS "case", uuidv7() AS period, uuidv7() AS application,
  uuidv7() AS asked, uuidv7() AS receipt, uuidv7() AS signature, uuidv7() AS item,
  now() - (t.cases - n) * interval '3 minutes' AS received
FROM (
  SELECT o.id AS tenant, u.id AS unit, o.slug = %(slug)s AS largest,
    CASE WHEN o.slug = %(slug)s THEN (%(cases)s * %(largest)s)::int
      ELSE (%(cases)s * (1 - %(largest)s) / (%(tenants)s - 1))::int END AS cases
  FROM tenancy_organisation o JOIN tenancy_unit u ON u.tenant_id = o.id AND u.name = 'Försörjningsstöd'
) t, generate_series(1, t.cases) n ORDER BY n
"""

#: For each table, what a copy of its one row has of its own.
COPIES = {
    "people_person": {"id": "m.person"},
    "people_identifier": {"id": "m.number", "person_id": "m.person", "value": "lpad(m.n::text, 12, '0')"},
    "casefile_case": {
        "id": "m.case", "applicant_id": "m.person", "unit_id": "m.unit", "caseworker_id": "m.own",
        "number": "'2026-' || m.n",
    },
    "casefile_period": {"id": "m.period", "case_id": "m.case"},
    "intake_draft": {
        "id": "m.application", "case_id": "m.case", "period_id": "m.period", "author_id": "m.person",
    },
    "intake_application": {"id": "m.application", "case_id": "m.case", "received_at": "m.received"},
    "intake_applicationperiod": {"id": "m.asked", "application_id": "m.application", "period_id": "m.period"},
    "intake_receipt": {"id": "m.receipt", "application_id": "m.application", "number": "'K' || m.n"},
    "intake_signature": {"id": "m.signature", "draft_id": "m.application", "person_id": "m.person"},
    "intake_inboxitem": {
        "id": "m.item", "application_id": "m.application", "case_id": "m.case", "unit_id": "m.unit",
        "caseworker_id": "m.own", "received_at": "m.received",
        "state": "CASE WHEN m.open THEN 'waiting' ELSE 'done' END",
    },
}  # fmt: skip


def with_tenants(database: Any, tenants: int) -> Any:
    """An office with one case that was applied for, and so many other organisations with a unit of that name."""
    import psycopg

    from tests.office import open_office

    office = open_office(database.connect, "bench")
    office.case().applied()
    database.close_connections()
    with psycopg.connect(database.admin, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(
            """
            WITH o AS (
              INSERT INTO tenancy_organisation SELECT r.* FROM tenancy_organisation t, generate_series(1, %s) n,
              LATERAL jsonb_populate_record(t, jsonb_build_object('id', (SELECT max(id) FROM tenancy_organisation) + n,
                'slug', 'other-' || n, 'code', 'other-' || n)) r
              WHERE t.slug = %s RETURNING id
            )
            INSERT INTO tenancy_unit SELECT r.* FROM o, tenancy_unit u,
              LATERAL jsonb_populate_record(u, jsonb_build_object('id', uuidv7(), 'tenant_id', o.id)) r
            WHERE u.name = 'Försörjningsstöd'
            """,
            [tenants - 1, office.slug],
        )
    return office


def fill(database: Any, office: Any, cases: int, tenants: int) -> None:
    """So many cases in all organisations together."""
    import psycopg

    told = {
        "open": OPEN, "own": OWN, "hanna": office.members["hanna"], "slug": office.slug, "cases": cases,
        "largest": LARGEST, "tenants": tenants,
    }  # fmt: skip
    with psycopg.connect(database.admin, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")  # the copies keep what the constraints ask for
        admin.execute(MANY, told)
        for table, changed in COPIES.items():
            own = ", ".join(f"'{name}', {value}" for name, value in {"tenant_id": "m.tenant", **changed}.items())
            admin.execute(
                f"INSERT INTO {table} SELECT r.* FROM (SELECT x FROM {table} x LIMIT 1) t, bench_many m, "
                f"LATERAL jsonb_populate_record(t.x, jsonb_build_object({own})) r".encode()
            )
            print(f"  {table} {time.strftime('%H:%M:%S')}", flush=True)
        admin.execute("DROP TABLE bench_many")
        admin.execute("VACUUM ANALYZE")


class Staff:
    """A caseworker's browser, kept alive."""

    def __init__(self, port: int, slug: str, key: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.slug = slug
        self.told = {"Host": "desk.localhost", "Cookie": f"session={key}; language=sv"}

    def open(self, query: str) -> tuple[float, str]:
        """Seconds, and the page."""
        began = time.perf_counter()
        self.connection.request("GET", f"/{self.slug}/inbox/{query}", headers=self.told)
        answer = self.connection.getresponse()
        page = answer.read().decode()
        taken = time.perf_counter() - began
        if answer.status != 200 or page.count('name="item"') != 25:
            sys.exit(f"{answer.status}: {page[:500]}")
        return taken, page


def counts(page: str) -> list[str]:
    """What stands beside the names of the views."""
    return re.findall(r'<span class="h-count">([^<]+)</span>', page)


def run(asked: argparse.Namespace) -> bool:
    import psycopg

    from soak.evidence import write
    from soak.stage import ground
    from tests import bed

    sizes = [asked.cases, asked.cases * asked.times]
    with ground() as (data, server, database):
        from tests.office import session_of

        office = with_tenants(database, asked.tenants)
        key = session_of(office, "hanna")
        database.close_connections()
        from django.db import connections

        connections.close_all()
        with psycopg.connect(server.superuser, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE handslag_large TEMPLATE {database.name}".encode())
        large = bed.Database("handslag_large", server, database.secrets)
        people, processes, shown = [], [], []
        try:
            for size, one in zip(sizes, (database, large), strict=True):
                print(f"{size} cases", flush=True)
                fill(one, office, size, asked.tenants)
                port = bed.free_port()
                web = bed.web_process(one, port, HANDSLAG_DATA=str(data))
                processes.append(web)
                web.start()
                people.append(Staff(port, office.slug, key))
            times: dict[str, list[list[float]]] = {name: [[], []] for name in VIEWS}
            for staff in people:
                for query in VIEWS.values():
                    for _ in range(30):  # until each connection has its plans
                        page = staff.open(query)[1]
                shown.append(counts(page))
            for _ in range(asked.rounds):
                for name, query in VIEWS.items():
                    for at, staff in enumerate(people):
                        times[name][at].append(statistics.median(staff.open(query)[0] for _ in range(asked.requests)))
        finally:
            for web in processes:
                web.stop()
    result: dict[str, Any] = {"cases": sizes, "tenants": asked.tenants, "rounds": asked.rounds, "counts": shown}
    good = True
    for name, (small, big) in times.items():
        ratios = [b / a for a, b in zip(small, big, strict=True)]
        ratio = statistics.median(ratios)
        good &= ratio <= GOAL
        for size, taken in zip(sizes, (small, big), strict=True):
            result[f"{name}, {size} cases, ms"] = [round(1e3 * f(taken), 2) for f in (statistics.median, min, max)]
        result[f"{name}, ratio (at most {GOAL})"] = [round(f(ratios), 3) for f in (statistics.median, min, max)]
    for label, value in result.items():
        print(f"{label:40} {value}")
    if asked.keep:
        write("bench_inbox", what="bench/inbox.py: the inbox page at two sizes, median, lowest and highest.", seed=None,
              result=result)  # fmt: skip
    return good


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.inbox", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--tenants", type=int, default=300)
    parser.add_argument("--keep", action="store_true", help="write docs/evidence/bench_inbox.json")
    asked = parser.parse_args()
    os.environ.pop("HANDSLAG_TEST_SERVER", None)
    sys.exit(0 if run(asked) else 1)


if __name__ == "__main__":
    main()
