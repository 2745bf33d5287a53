"""The other installation of a test, a process of its own: own database, secrets, keys and clock. It reads one command a
line (JSON: name and arguments) and answers each with one line."""

from __future__ import annotations

import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import django
from psycopg.conninfo import conninfo_to_dict

django.setup()

from handslag.connectors.exchange.gate import own_file  # noqa: E402
from handslag.domain.exchange.models import Message  # noqa: E402
from handslag.domain.exchange.operations.outbox import seal_message  # noqa: E402
from handslag.domain.exchange.operations.partners import make_exchange_keys, register_partner  # noqa: E402
from handslag.domain.exchange.operations.sedex import connect_sedex, reach_by_sedex  # noqa: E402
from handslag.domain.exchange.queries import own_address  # noqa: E402
from handslag.domain.exchange.wrap import key_file  # noqa: E402
from handslag.domain.tasks.models import Task  # noqa: E402
from handslag.domain.tenancy import keys as tenant_keys  # noqa: E402
from handslag.domain.tenancy.door import acting  # noqa: E402
from handslag.jobs import exchange  # noqa: E402
from handslag.jobs.sedex import meet_client  # noqa: E402
from handslag.kernel import clock  # noqa: E402
from handslag.messages.case_transfer.build import answering  # noqa: E402
from handslag.messages.case_transfer.message import Taken  # noqa: E402
from handslag.messages.document_request.build import answering as giving  # noqa: E402
from handslag.messages.question import build  # noqa: E402
from handslag.messages.question.message import Answer  # noqa: E402
from handslag.ops.postgres import Server  # noqa: E402
from handslag.ops.secrets import Secrets  # noqa: E402
from tests import crossing, quarter  # noqa: E402
from tests.bed import Database  # noqa: E402
from tests.exchange import given  # noqa: E402
from tests.office import TEST, as_role, open_office  # noqa: E402
from tests.sedex import TYPE  # noqa: E402

CONNINFO = os.environ["HANDSLAG_DB"]
DATABASE = Database(
    str(conninfo_to_dict(CONNINFO)["dbname"]), Server(CONNINFO, ""), Secrets.of(Path(os.environ["HANDSLAG_DATA"]))
)
OFFICE = open_office(DATABASE.connect, "grann")
TOWN: quarter.Town


def opened(name: str, country: str, kind: str) -> None:
    """From now on another organisation of the installation, a fresh one, is the one that is meant."""
    global OFFICE
    OFFICE = open_office(DATABASE.connect, name, country, kind)


def keys(renew: bool) -> list[str]:
    """Its address and key file, after fresh keys where there are none or `renew`."""
    make_exchange_keys(tenant=OFFICE.slug, by=TEST, now=clock.now(), signing=renew)
    tenant_keys._opened.clear()
    with acting(OFFICE.slug, TEST, "keys"):
        return [own_address(), own_file(clock.now()), OFFICE.slug]


def partner(text: str, sedex: str = "", own: str = "", folder: str = "") -> None:
    """Register a partner that calls it, and is never called; or is at sedex as `sedex`, where it is itself `own`."""
    file, vouched_by = key_file(text)
    act: dict[str, Any] = {"tenant": OFFICE.slug, "by": TEST, "now": clock.now()}
    row = register_partner(**act, file=file, vouched_by=vouched_by, url="")
    if sedex:
        connect_sedex(**act, participant=own, folder=folder)
        reach_by_sedex(**act, partner=row.id, participant=sedex, message_type=TYPE)


def step(seconds: int) -> None:
    """Later, its jobs run."""
    os.environ["HANDSLAG_CLOCK_SHIFT"] = str(int(os.environ["HANDSLAG_CLOCK_SHIFT"]) + seconds)
    with acting(OFFICE.slug, TEST, "look") as door:
        here = door.the_tenant.id
    with as_role(DATABASE, "worker"):
        meet_client(here)
        exchange.take_arrivals(here)
        exchange.hand_over_due(here)
        meet_client(here)


def town(name: str, *told: Any) -> Any:
    """Something of the quarter of a municipality, which `settles` with a canton first."""
    global TOWN
    if name == "settles":
        TOWN = quarter.town_of(DATABASE, OFFICE, *told)
        return None
    TOWN.canton.pair.now = clock.now()
    return getattr(TOWN, name)(*told)


def answer(question: str, text: str) -> list[str]:
    """Hanna answers the one point of a question; gives content and digest of what was sealed."""
    with acting(OFFICE.slug, OFFICE.staff["hanna"], "answer"):
        asked = Message.objects.get(message_id=UUID(question))
        new = build.answering(key=uuid4(), asked=asked, answers=[Answer(number=1, text=text)])
        row = seal_message(tenant=OFFICE.slug, by=OFFICE.staff["hanna"], now=clock.now(), new=new)
    return [row.content, row.digest]


def ask_back(question: str, text: str, until: str) -> list[str]:
    """Hanna asks back instead."""
    with acting(OFFICE.slug, OFFICE.staff["hanna"], "answer"):
        asked = Message.objects.get(message_id=UUID(question))
        new = build.asking_back(key=uuid4(), asked=asked, text=text, until=date.fromisoformat(until), now=clock.now())
        row = seal_message(tenant=OFFICE.slug, by=OFFICE.staff["hanna"], now=clock.now(), new=new)
    return [row.content, row.digest]


def take(told: str) -> list[str]:
    """Hanna takes over all that is told of somebody who moves here; gives content and digest of what was sealed."""
    with acting(OFFICE.slug, OFFICE.staff["hanna"], "answer"):
        asked = Message.objects.get(message_id=UUID(told))
        new = answering(key=uuid4(), asked=asked, answers=[Taken(number=1)])
        row = seal_message(tenant=OFFICE.slug, by=OFFICE.staff["hanna"], now=clock.now(), new=new)
    return [row.content, row.digest]


def give(asked: str) -> list[str]:
    """Hanna gives the one document that is asked for; gives content and digest of what was sealed."""
    with acting(OFFICE.slug, OFFICE.staff["hanna"], "answer"):
        row = Message.objects.get(message_id=UUID(asked))
        new = giving(key=uuid4(), asked=row, answers=[given()], assessed="", now=clock.now())
        row = seal_message(tenant=OFFICE.slug, by=OFFICE.staff["hanna"], now=clock.now(), new=new)
    return [row.content, row.digest]


def begin(kind: str, to: str, until: str) -> str:
    """A message of this kind to an address, to be answered by a day; gives its id."""
    kinds = crossing.CROSSINGS | crossing.BILLED
    return str(kinds[kind].begins(OFFICE, to, date.fromisoformat(until), clock.now()).message_id)


def reply(kind: str, asked: str) -> None:
    """The answer to a message of this kind."""
    crossing.answer(OFFICE, kind, UUID(asked), clock.now())


def look(key: str) -> list[str]:
    """Content, digest and state of its copy of a message."""
    with acting(OFFICE.slug, TEST, "look"):
        row = Message.objects.get(message_id=UUID(key))
        return [row.content, row.digest, row.business]


def tasks() -> list[str]:
    """Its open tasks, oldest first."""
    with acting(OFFICE.slug, TEST, "look"):
        return list(Task.objects.filter(state="open").order_by("created_at", "id").values_list("kind", flat=True))


def main() -> None:
    """Until the input ends."""
    known: dict[str, Any] = {
        each.__name__: each
        for each in (opened, keys, partner, step, answer, ask_back, take, give, begin, reply, look, tasks, town)
    }
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(known[name](*arguments)), flush=True)


if __name__ == "__main__":
    main()
