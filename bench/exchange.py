"""A question taken in by the product, against the least that taking in a signed message can be.

    python -m bench.exchange [--rounds 7] [--singles 30] [--batch 100] [--keep]

The product takes what lies sealed, puts it into the inbox and lets the receiver's job look at it: decoded, verified
(ES256), validated, placed, stored with its steps, outcome, receipt in the outbox and chain. The floor decodes, verifies
and inserts one row, with a commit for each message, or for each batch. One process, one connection, the embedded
PostgreSQL with fsync; rounds of both alternate; the ratio is that of the rates, the median over the rounds. Goal: at
least 0.4, one by one and in batches of a hundred. `tests/domain/test_exchange.py` counts the statements. `--keep`
writes docs/evidence/bench_exchange.json.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

GOAL = 0.4


def floor(answerer: Any, jwk: dict[str, Any], batch: list[Any]) -> None:
    """Decode, verify and insert, in one transaction."""
    from django.db import connection, transaction

    from handslag.domain.exchange.frame import named_key, opened
    from handslag.domain.exchange.operations.courier import _PUT
    from handslag.domain.tenancy.door import at_large
    from handslag.kernel import clock
    from handslag.kernel.ids import uuid7

    rows = []
    for one in batch:
        seen = opened(one.sealed, jwk, named_key(one.sealed))
        assert seen.digest == one.digest
        rows.append((uuid7(), answerer.key, one.sender, one.message_id, one.digest, one.sealed, clock.now()))
    with at_large("floor"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant', %s, true)", [str(answerer.key)])
        cursor.executemany(_PUT, rows)


def product(answerer: Any, batch: list[Any]) -> None:
    """Put in, and taken in by the receiver's job."""
    from handslag.domain.exchange.operations.courier import put_in
    from handslag.jobs.exchange import take_arrivals
    from handslag.kernel import clock

    put_in(answerer.key, batch, clock.now())
    take_arrivals(answerer.key)


def rate(work: Callable[[list[Any]], None], batches: list[list[Any]]) -> float:
    """Messages a second."""
    began = time.perf_counter()
    for batch in batches:
        work(batch)
    return sum(map(len, batches)) / (time.perf_counter() - began)


def run(asked: argparse.Namespace) -> bool:
    from soak.evidence import write
    from soak.stage import ground

    sizes = {"singly": (1, asked.singles), f"in batches of {asked.batch}": (asked.batch, 1)}
    result: dict[str, Any] = {"rounds": asked.rounds}
    good = True
    with ground() as (_data, _server, database):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        from handslag.domain.exchange.models import Outcome, PartnerKey
        from tests.exchange import Side, sealed_questions
        from tests.office import as_role, open_office

        asker, answerer = (Side(open_office(database.connect, name)) for name in ("fraga", "svar"))
        database.close_connections()
        with as_role(database, "worker"):

            def drawn(size: int, times: int) -> list[list[Any]]:
                found = sealed_questions(asker, answerer, size * times)
                return [found[at : at + size] for at in range(0, len(found), size)]

            for batch in drawn(1, 20):  # until the connection has its plans
                product(answerer, batch)
            (key,) = answerer.rows(PartnerKey, partner=asker.address)
            with CaptureQueriesContext(connection) as caught:
                product(answerer, drawn(1, 1)[0])
            result["statements of one"] = len(caught)

            def least(batch: list[Any]) -> None:
                floor(answerer, key.jwk, batch)

            def whole(batch: list[Any]) -> None:
                product(answerer, batch)

            for name, (size, times) in sizes.items():
                rates: dict[str, list[float]] = {"floor": [], "product": []}
                for _ in range(asked.rounds):
                    rates["product"].append(rate(whole, drawn(size, times)))
                    rates["floor"].append(rate(least, drawn(size, times)))
                    forget(database, answerer)
                ratios = [p / f for p, f in zip(rates["product"], rates["floor"], strict=True)]
                for what, found in rates.items():
                    result[f"{name}, {what}, a second"] = [round(f(found)) for f in (statistics.median, min, max)]
                result[f"{name}, ratio (at least {GOAL})"] = [
                    round(f(ratios), 3) for f in (statistics.median, min, max)
                ]
                good &= statistics.median(ratios) >= GOAL
        taken = len(answerer.rows(Outcome, state="taken"))
        wanted = 21 + asked.rounds * (asked.singles + asked.batch)
        assert taken == wanted, (taken, wanted)
    for label, value in result.items():
        print(f"{label:48} {value}")
    if asked.keep:
        write("bench_exchange", what="bench/exchange.py: messages taken in, median, lowest and highest; the product "
              "against decode, verify and one durable insert.", seed=None, result=result)  # fmt: skip
    return good


def forget(database: Any, answerer: Any) -> None:
    """Take the floor's rows out of the inbox again: nobody shall look at them."""
    import psycopg

    with psycopg.connect(database.admin, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(
            "DELETE FROM exchange_arrival a WHERE tenant_id = %s AND NOT EXISTS "
            "(SELECT FROM exchange_outcome o WHERE o.tenant_id = a.tenant_id AND o.id = a.id)", [answerer.key],
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.exchange", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--singles", type=int, default=30)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--keep", action="store_true", help="write docs/evidence/bench_exchange.json")
    asked = parser.parse_args()
    os.environ.pop("HANDSLAG_TEST_SERVER", None)
    sys.exit(0 if run(asked) else 1)


if __name__ == "__main__":
    main()
