"""The request that accepts an application after a verified signature, against the least that such a request can be.

    python -m bench.accept [--rounds 9] [--requests 300] [--clients 4] [--tenants 4]

The accepting request is the browser's way back from the e-ID: the product's own middleware, session look-up, view,
door and transaction; only the exchange of the token is replaced in the bench's own web process, by a prepared
identity. The floor looks up the same session, opens the same door and does one durable insert. Same server, workers,
threads and clients; rounds of both alternate; the ratio is the median over the rounds of accepting / floor.
PostgreSQL is the embedded one in a folder of its own, with fsync. Goal: at most 12 statements, one
commit, ratio >= 1/3.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

GOAL_STATEMENTS, GOAL_RATIO = 12, 1 / 3
NOT_COUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
COUNT = "X-Bench-Statements"


# The web process ------------------------------------------------------------------------------------------------------


def load_application() -> Callable[..., Any]:
    """The product's application with a floor view beside it, and its e-ID answered from the prepared session."""
    from handslag.ops.processes import die_with_parent

    die_with_parent()
    application = import_module("handslag.config.wsgi").application
    from django.db import connection
    from django.http import HttpRequest, HttpResponse
    from django.urls import path

    from handslag.config.urls import apply
    from handslag.connectors.eid.port import Identity
    from handslag.domain.audit.models import ReadEntry
    from handslag.domain.tenancy.door import writing
    from handslag.web.citizen import eid
    from handslag.web.entry.pages import citizen_page

    def finish(begun: dict[str, Any], request: HttpRequest) -> Identity:
        return Identity(**begun["identity"], auth_time=None)

    @citizen_page("floor")
    def floor(request: HttpRequest, tenant: str) -> HttpResponse:
        door = request.door  # type: ignore[attr-defined]
        with writing(door):
            ReadEntry.objects.create(
                at=request.now,  # type: ignore[attr-defined]
                actor_kind=door.the_actor.kind,
                actor_id=door.the_actor.id,
                actor_name="",
                purpose="floor",
                outcome="read",
                what="floor",
            )
        return HttpResponse("ok")

    eid.finish = finish
    apply.urlpatterns.insert(0, path("<slug:tenant>/floor/", floor))

    def counted(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if "HTTP_X_BENCH_STATEMENTS" not in environ:
            return application(environ, start_response)
        connection.force_debug_cursor = True
        connection.queries_log.clear()

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            said = base64.b64encode(json.dumps([q["sql"] for q in connection.queries_log]).encode()).decode()
            connection.force_debug_cursor = False
            return start_response(status, [*headers, (COUNT, said)], *more)

        return application(environ, start)

    return counted


def serve(port: int, workers: int, threads: int) -> None:
    """As the product serves itself (handslag.ops.web)."""
    from granian import Granian
    from granian.constants import Interfaces

    Granian(
        "bench.accept", address="127.0.0.1", port=port, interface=Interfaces.WSGI, workers=workers,
        blocking_threads=threads, backpressure=4 * threads, websockets=False, log_access=False,
    ).serve(target_loader=load_application, wrap_loader=False)  # fmt: skip


# Preparing ------------------------------------------------------------------------------------------------------------


def prepare(database: Any, tenants: int, each: int) -> list[list[tuple[str, str, str]]]:
    """For each tenant `each` applications that wait for their only signature, every one with a session of its own in
    which the step-up is under way: (session, path of the accepting request, path of the floor)."""
    import psycopg

    from handslag.domain.intake.operations import begin_signing, fix_for_signing
    from handslag.domain.intake.queries import token_of
    from handslag.domain.people.models import Identifier
    from handslag.domain.people.operations.citizens import log_in_citizen
    from handslag.domain.tenancy.door import acting, at_large
    from handslag.domain.tenancy.models import Session
    from handslag.kernel.ids import uuid7
    from handslag.web.entry.sessions import SessionStore
    from tests.office import TEST, open_office

    prepared = []
    for _ in range(tenants):
        office = open_office(database.connect, "bench")
        folder = office.case()
        by = office.by(folder.citizens[0])
        draft = folder.draft()
        draft = fix_for_signing(**by, draft=draft.id, version=draft.version)
        request = begin_signing(**by, draft=draft.id, state="template")
        login = log_in_citizen(**by, record=by["by"].id, issuer="https://eid.example", subject="s", acr="loa3")
        with acting(office.slug, TEST, "prepare"):
            identifier = Identifier.objects.get(person_id=by["by"].id).id
        rows, sessions, visits = [], [], []
        for _ in range(each):
            case, period, own, state, person = uuid7(), uuid7(), uuid7(), str(uuid7()), uuid7()
            number = str(person.int)[-12:]
            rows += [
                ("audit_subject", folder.case.id, {"id": case}),
                ("audit_subject", by["by"].id, {"id": person}),
                ("people_person", by["by"].id, {"id": person}),
                ("people_identifier", identifier, {"id": uuid7(), "person_id": person, "value": number}),
                ("casefile_case", folder.case.id, {"id": case, "number": str(case)[-16:], "applicant_id": person}),
                ("casefile_period", draft.period_id, {"id": period, "case_id": case}),
                ("intake_draft", draft.id, {"id": own, "case_id": case, "period_id": period, "author_id": person}),
                (
                    "intake_signingrequest",
                    request.id,
                    {"id": uuid7(), "draft_id": own, "person_id": person, "token": token_of(state)},
                ),
            ]
            moment = int(time.time()) + 3600  # so that no round notes that the person is still here
            store = SessionStore()
            store["citizen"] = {
                "tenant": office.slug, "person": str(person), "login": str(login.id), "since": moment,
                "seen": moment,
            }  # fmt: skip
            store["eid"] = {state: _begun(office.slug, own, state, draft.shown_digest, number)}
            key = store._get_new_session_key()  # type: ignore[attr-defined]
            sessions.append(
                Session(
                    session_key=key, session_data=store.encode(dict(store.items())), account=login.id,
                    expire_date=store.get_expiry_date(),
                )
            )  # fmt: skip
            visits.append((key, f"/eid/callback?code=c&state={state}", f"/{office.slug}/floor/"))
        with psycopg.connect(database.admin) as admin, admin.pipeline():
            for table, template, changed in rows:
                admin.execute(
                    f"INSERT INTO {table} SELECT (jsonb_populate_record(t, %s::jsonb)).* FROM {table} t"
                    " WHERE id = %s".encode(),
                    [json.dumps({k: str(v) for k, v in changed.items()}), template],
                )
        with at_large("prepare", writing=True):
            Session.objects.bulk_create(sessions)
        prepared.append(visits)
    database.close_connections()
    with psycopg.connect(database.admin, autocommit=True) as admin:
        admin.execute("VACUUM ANALYZE")  # as in a database that has lived for a while
    return prepared


def _begun(tenant: str, draft: Any, state: str, digest: str, number: str) -> dict[str, Any]:
    """A flow as the signing page keeps it, and whom the e-ID will vouch for, with evidence of the usual size."""
    evidence = {
        "issuer": "https://eid.example", "acr": "loa3", "auth_time": int(time.time()), "client_id": "bench",
        "format": "oidc/1", "digest": digest, "salt": "s" * 22, "id_token": "x" * 1100,
        "jwk": {"kty": "EC", "crv": "P-256", "x": "x" * 43, "y": "y" * 43, "kid": "k" * 43},
    }  # fmt: skip
    identity = {
        "issuer": "https://eid.example", "subject": "s", "identifier": number, "identifier_type": "personnummer",
        "given_name": "Petra", "family_name": "Nilsson", "name": "Petra Nilsson", "acr": "loa3", "evidence": evidence,
    }  # fmt: skip
    flow = {
        "issuer": "https://eid.example", "purpose": "sign", "redirect_uri": "http://apply.localhost/eid/callback",
        "state": state, "code_verifier": "v" * 64, "created_at": "2026-01-01T00:00:00+00:00", "digest": digest,
        "salt": "s" * 22, "nonce": "n" * 43,
    }  # fmt: skip
    choice = {"issuer": "https://eid.example", "client_id": "bench", "accepted_acr": ["loa3"]}
    return {
        "tenant": tenant, "purpose": "sign", "choice": choice, "flow": flow, "draft": str(draft), "identity": identity
    }  # fmt: skip


# Measuring ------------------------------------------------------------------------------------------------------------


class Client:
    """One browser connection, kept alive."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def get(self, session: str, path: str, **headers: str) -> http.client.HTTPResponse:
        told = {"Host": "apply.localhost", "Cookie": f"session={session}; language=sv", **headers}
        self.connection.request("GET", path, headers=told)
        answer = self.connection.getresponse()
        answer.read()
        return answer


def measured(port: int, clients: int, visits: list[tuple[str, str]], expected: Callable[[Any], bool]) -> list[float]:
    """Every visit by one of the clients; seconds of each request, and the whole round's seconds first."""
    waiting, taken, wrong = iter(visits), [], []
    lock = threading.Lock()

    def work() -> None:
        client = Client(port)
        while True:
            with lock:
                visit = next(waiting, None)
            if visit is None:
                return
            began = time.perf_counter()
            answer = client.get(*visit)
            taken.append(time.perf_counter() - began)
            if not expected(answer):
                wrong.append((answer.status, answer.headers.get("Location")))

    threads = [threading.Thread(target=work) for _ in range(clients)]
    began = time.perf_counter()
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    whole = time.perf_counter() - began
    if wrong:
        sys.exit(f"{len(wrong)} wrong answers, the first: {wrong[0]}")
    return [whole, *taken]


def accepted(answer: Any) -> bool:
    return answer.status == 302 and "/applications/" in answer.headers["Location"]


def is_floor(answer: Any) -> bool:
    return bool(answer.status == 200)


def statements(port: int, visit: tuple[str, str]) -> list[str]:
    """The statements of one request, as Django captures them."""
    answer = Client(port).get(*visit, **{COUNT: "1"})
    found: list[str] = json.loads(base64.b64decode(answer.headers[COUNT]))
    return found


def run(asked: argparse.Namespace) -> bool:
    from soak.stage import ground
    from tests import bed

    with ground() as (data, _server, database):
        rounds, clients = asked.rounds, asked.clients
        spare = 320  # until each connection has its plans, as in a server that has run for a while
        each = -(-(rounds * asked.requests + spare) // asked.tenants)
        by_tenant = prepare(database, asked.tenants, each)
        visits = [visit for together in zip(*by_tenant, strict=True) for visit in together]
        port = bed.free_port()
        told = {"HANDSLAG_DATA": str(data), "HANDSLAG_PORT": str(port)}
        options = ("--serve", str(port), "--workers", str(asked.workers), "--threads", str(asked.threads))
        web = bed.process(database, "bench", "bench.accept", *options, role="web", port=port, **told)
        web.start()
        try:
            warm, visits = visits[:spare], visits[spare:]
            measured(port, clients, [(s, a) for s, a, _ in warm[:-1]], accepted)
            measured(port, clients, [(s, f) for s, _, f in warm], is_floor)
            captured = statements(port, (warm[-1][0], warm[-1][1]))
            floor_captured = statements(port, (warm[-1][0], warm[-1][2]))
            ratios, times, rates = [], {"accept": [], "floor": []}, {"accept": [], "floor": []}
            for number in range(rounds):
                mine = visits[number * asked.requests : (number + 1) * asked.requests]
                for name, place, expected in (("floor", 2, is_floor), ("accept", 1, accepted)):
                    whole, *taken = measured(port, clients, [(v[0], v[place]) for v in mine], expected)
                    times[name] += taken
                    rates[name].append(len(mine) / whole)
                ratios.append(rates["accept"][-1] / rates["floor"][-1])
        finally:
            web.stop()
    counted = [s for s in captured if not s.upper().startswith(NOT_COUNTED)]
    commits = sum(s.upper().startswith("COMMIT") for s in captured)
    print("The accepting request's statements:")
    for number, sql in enumerate(counted, 1):
        print(f"  {number:2} {' '.join(sql.split())[:150]}")
    print(f"statements {len(counted)} (goal <= {GOAL_STATEMENTS}), commits {commits} (goal 1); floor: "
          f"{len([s for s in floor_captured if not s.upper().startswith(NOT_COUNTED)])} statements")  # fmt: skip
    for name in ("accept", "floor"):
        low, middle, high = min(rates[name]), statistics.median(rates[name]), max(rates[name])
        spread = statistics.quantiles(times[name], n=100)
        print(f"{name:7} {middle:7.0f}/s ({low:.0f}-{high:.0f})   ms p50 {1e3 * spread[49]:.2f} "
              f"p90 {1e3 * spread[89]:.2f} p99 {1e3 * spread[98]:.2f}")  # fmt: skip
    ratio = statistics.median(ratios)
    print(f"ratio   median {ratio:.3f} ({min(ratios):.3f}-{max(ratios):.3f}) of {rounds} interleaved rounds of "
          f"{asked.requests} requests, {clients} clients, {asked.workers} workers x {asked.threads} threads, "
          f"{asked.tenants} organisations; goal >= {GOAL_RATIO:.3f}")  # fmt: skip
    return len(counted) <= GOAL_STATEMENTS and commits == 1 and ratio >= GOAL_RATIO


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.accept", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--tenants", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--serve", type=int, metavar="PORT", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        with suppress(KeyboardInterrupt):
            serve(asked.serve, asked.workers, asked.threads)
        return
    os.environ.pop("HANDSLAG_TEST_SERVER", None)
    sys.exit(0 if run(asked) else 1)


if __name__ == "__main__":
    main()
