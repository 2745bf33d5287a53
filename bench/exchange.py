"""A question taken in by the product, against the least that taking in a signed message can be.

    python -m bench.exchange [--rounds 7] [--singles 30] [--batch 100] [--keep]

The product takes what lies sealed, puts it into the inbox and lets the receiver's job look at it: decoded, verified
(ES256), validated, placed, stored with its steps, outcome, receipt in the outbox and chain. The floor decodes, verifies
and inserts one row, with a commit for each message, or for each batch. One process, one connection, the embedded
PostgreSQL with fsync; rounds of both alternate; the ratio is that of the rates, the median over the rounds. Goal: at
least 0.4, one by one and in batches of a hundred. Beside it stands the processor time of a message, of the program and
of its database server: what the product does more than the floor is a signature, eleven rows instead of one and their
digests. `tests/domain/test_exchange.py` counts the statements. `--keep` writes docs/evidence/bench_exchange.json.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

GOAL = 0.4
_INSERT = """
INSERT INTO exchange_arrival (id, tenant_id, sender, message_id, digest, sealed, arrived_at)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""


def floor(answerer: Any, jwk: dict[str, Any], batch: list[Any]) -> None:
    """Decode, verify and insert, in one transaction."""
    from django.db import connection, transaction

    from handslag.domain.exchange.frame import digest_of, framed_in, named_key, unsealed
    from handslag.domain.tenancy.door import at_large
    from handslag.kernel import clock
    from handslag.kernel.ids import uuid7

    rows = []
    for one in batch:
        content = unsealed(one.sealed, jwk, named_key(one.sealed))
        assert digest_of(content) == one.digest and framed_in(content).header.id == str(one.message_id)
        rows.append((uuid7(), answerer.key, one.sender, one.message_id, one.digest, one.sealed, clock.now()))
    with at_large("floor"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant', %s, true)", [str(answerer.key)])
        cursor.executemany(_INSERT, rows)


def product(answerer: Any, batch: list[Any]) -> None:
    """Put in, and taken in by the receiver's job."""
    from handslag.domain.exchange.operations.courier import put_in
    from handslag.jobs.exchange import take_arrivals
    from handslag.kernel import clock

    put_in(answerer.key, batch, clock.now())
    take_arrivals(answerer.key)


def spent(work: Callable[[list[Any]], None], batches: list[list[Any]]) -> tuple[float, float, float]:
    """Seconds until all is done; of processor time those of this program, and of its connection's server process."""
    began = time.perf_counter(), time.process_time(), of_server()
    for batch in batches:
        work(batch)
    return time.perf_counter() - began[0], time.process_time() - began[1], of_server() - began[2]


def of_server() -> float:
    """The processor time, in seconds, of the server process behind this connection."""
    from django.db import connection

    stat = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
    return int(stat.split()[0]) / 1e9


def milliseconds(work: Callable[[], Any], times: int = 200) -> float:
    """Processor time of doing it once."""
    began = time.process_time()
    for _ in range(times):
        work()
    return round((time.process_time() - began) / times * 1000, 3)


def run(asked: argparse.Namespace) -> bool:
    from soak.evidence import write
    from soak.stage import ground

    sizes = {"singly": (1, asked.singles), f"in batches of {asked.batch}": (asked.batch, 1)}
    result: dict[str, Any] = {"rounds": asked.rounds}
    good = True
    with ground() as (_data, _server, database):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        from handslag.domain.exchange.frame import opened
        from handslag.domain.exchange.models import Outcome, PartnerKey
        from handslag.domain.tenancy.door import acting
        from handslag.domain.tenancy.keys import sign
        from tests.exchange import Side, sealed_questions
        from tests.office import TEST, as_role, open_office

        asker, answerer = (Side(open_office(database.connect, name)) for name in ("fraga", "svar"))
        database.close_connections()
        with as_role(database, "worker"):

            def drawn(size: int, times: int) -> list[list[Any]]:
                found = sealed_questions(asker, answerer, size * times)
                return [found[at : at + size] for at in range(0, len(found), size)]

            for batch in drawn(1, 20) + drawn(asked.batch, 2):  # until the connection has its plans
                product(answerer, batch)
            with psycopg.connect(database.admin, autocommit=True) as admin:
                admin.execute("ANALYZE")  # as autovacuum does; till then keys are looked up by going through tables
            gc.freeze()  # as every process of the product does when it starts
            (key,) = answerer.rows(PartnerKey, partner=asker.address)
            (first,) = drawn(1, 1)
            with CaptureQueriesContext(connection) as caught:
                product(answerer, first)
            result["statements of one, with the courier's"] = len(caught)

            def least(batch: list[Any]) -> None:
                floor(answerer, key.jwk, batch)

            def whole(batch: list[Any]) -> None:
                product(answerer, batch)

            for name, (size, times) in sizes.items():
                rounds: dict[str, list[tuple[float, float, float]]] = {"floor": [], "product": []}
                for _ in range(asked.rounds):
                    rounds["product"].append(spent(whole, drawn(size, times)))
                    rounds["floor"].append(spent(least, drawn(size, times)))
                    forget(database, answerer)
                ratios = [f[0] / p[0] for p, f in zip(rounds["product"], rounds["floor"], strict=True)]
                count = size * times
                for what, found in rounds.items():
                    rates = [count / seconds for seconds, _, _ in found]
                    result[f"{name}, {what}, a second"] = [round(f(rates)) for f in (statistics.median, min, max)]
                    for place, whose in enumerate(("program", "server"), 1):
                        used = statistics.median(one[place] for one in found) / count * 1000
                        result[f"{name}, {what}, ms of the {whose}"] = round(used, 3)
                result[f"{name}, ratio (at least {GOAL})"] = [
                    round(f(ratios), 3) for f in (statistics.median, min, max)
                ]
                used = [sum(f[1:]) / sum(p[1:]) for p, f in zip(rounds["product"], rounds["floor"], strict=True)]
                result[f"{name}, ratio by processor time"] = [round(f(used), 3) for f in (statistics.median, min, max)]
                good &= statistics.median(ratios) >= GOAL
            (one,) = sealed_questions(asker, answerer, 1)
            with acting(answerer.office.slug, TEST, "parts"):
                body = json.loads(opened(one.sealed, key.jwk, key.key_id).content)
                result["ms of the program, a seal opened"] = milliseconds(
                    lambda: opened(one.sealed, key.jwk, key.key_id)
                )
                result["ms of the program, a text signed"] = milliseconds(lambda: sign(body))
        taken = len(answerer.rows(Outcome, state="taken"))
        wanted = 21 + 2 * asked.batch + asked.rounds * (asked.singles + asked.batch)
        assert taken == wanted, (taken, wanted)
    for label, value in result.items():
        print(f"{label:48} {value}")
    if asked.keep:
        write("bench_exchange", what="bench/exchange.py: messages taken in, median, lowest and highest; the product "
              "against decode, verify and one durable insert.", seed=None, result=result)  # fmt: skip
    return good


def forget(database: Any, answerer: Any) -> None:
    """Take the floor's rows out of the inbox again: nobody shall look at them."""
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
