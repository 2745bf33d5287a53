"""Two organisations that exchange messages by the simulated sedex, a process of its own, for tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from handslag.connectors.exchange.gate import own_file
from handslag.domain.exchange.models import Partner
from handslag.domain.exchange.operations.partners import make_exchange_keys, register_partner
from handslag.domain.exchange.operations.sedex import connect_sedex, reach_by_sedex
from handslag.domain.exchange.wrap import key_file
from handslag.domain.tenancy.door import acting
from handslag.jobs import sedex
from simulators.sedex.envelope import Told, receipt
from tests import bed
from tests.exchange import Pair, Side
from tests.office import TEST, open_office

ASKER, ANSWERER, TYPE = "1-9901-1", "1-9902-1", 118_000


class Post:
    """The simulator in a folder: `asker` and `answerer` are the folders of the two clients."""

    def __init__(self, folder: Path, **limits: Any) -> None:
        self.folder = folder
        people = {ASKER: {"folder": "asker"}, ANSWERER: {"folder": "answerer"}}
        (folder / "participants.json").write_text(json.dumps({"participants": people, "limits": limits}))
        self.start()

    @classmethod
    def quiet(cls, folder: Path) -> Post:
        """The folders alone: nothing is carried."""
        made = cls.__new__(cls)
        made.folder = folder
        for place in ("outbox", "inbox", "receipts"):
            for side in ("asker", "answerer"):
                (folder / side / place).mkdir(parents=True)
        return made

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "simulators.sedex", str(self.folder)],
            cwd=bed.ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout and "carries" in self.process.stdout.readline()

    def kill(self) -> None:
        """kill -9; killed already is fine."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()

    def script(self, *rules: dict[str, Any]) -> None:
        """What goes wrong from now on; each rule counts for itself."""
        for used in (self.folder / "used").iterdir():
            used.unlink()
        half = self.folder / "script.half"
        half.write_text(json.dumps(rules))
        os.rename(half, self.folder / "script.json")

    def idle(self) -> None:
        """Wait until everything that was put out is carried."""
        places = ("asker/outbox/envl_*", "answerer/outbox/envl_*", "hub/0*")
        until = time.monotonic() + 30
        while any(path for place in places for path in self.folder.glob(place)):
            assert time.monotonic() < until and self.process.poll() is None, "sedex doesn't carry"
            time.sleep(0.01)

    def files(self, place: str) -> list[str]:
        """What lies in a folder (`asker/inbox`), by name."""
        found = self.folder / place
        return sorted(path.name for path in found.iterdir()) if found.exists() else []

    def says(self, code: int, name: str) -> None:
        """Sedex says something of a message of the asker's."""
        told = Told({"messageId": [name], "messageType": [str(TYPE)], "messageClass": ["0"], "senderId": [ASKER]})
        place = self.folder / "asker/receipts" / f"receipt__ID_{name}_{code}.xml"
        place.write_bytes(receipt(told, code, ANSWERER))

    def age(self, place: str, seconds: int = 3600) -> None:
        """Let everything in a folder have lain there for so long."""
        for path in (self.folder / place).iterdir():
            at = time.time() - seconds
            os.utime(path, (at, at), follow_symlinks=False)


@contextmanager
def post(folder: Path, **limits: Any) -> Iterator[Post]:
    made = Post(folder, **limits)
    try:
        yield made
    finally:
        made.kill()


class BySedex(Pair):
    """Two organisations that have each other as partners at sedex."""

    post: Post

    def meet(self, side: Side) -> None:
        """The job that looks into the folders of one side."""
        with self._role("worker"):
            sedex.meet_client(side.key)

    def both(self, work: Callable[[Side], None]) -> None:
        for side in (self.asker, self.answerer):
            work(side)

    def greet(self) -> None:
        """Each tells the other its keys."""
        self.both(self.meet)
        self.post.idle()
        self.both(self.meet)

    def settle(self) -> None:
        """In order, until nothing moves."""
        self.later(seconds=11)
        self.both(self.leaves)
        for _ in range(2):  # what is said, then the receipts
            self.both(self.meet)
            self.post.idle()
            self.both(self.meet)
            self.both(self.arrives)


def by_sedex(database: Any, made: Post) -> BySedex:
    """Two fresh organisations, registered with each other by key file and sedex id."""
    asker, answerer = (open_office(database.connect, name, when_asked_for=True) for name in ("fraga", "svar"))
    return registered(BySedex(database, Side(asker), Side(answerer), asker.case(), asker.now), made)


def registered(pair: BySedex, made: Post) -> BySedex:
    """The same with organisations that are there."""
    pair.post = made
    ids = {pair.asker.key: (ASKER, "asker"), pair.answerer.key: (ANSWERER, "answerer")}
    files = {}
    for side in (pair.asker, pair.answerer):
        act = {"tenant": side.office.slug, "by": TEST, "now": pair.now}
        make_exchange_keys(**act, signing=False)
        participant, folder = ids[side.key]
        connect_sedex(**act, participant=participant, folder=str(made.folder / folder))
        with acting(side.office.slug, TEST, "keys"):
            files[side.key] = own_file(pair.now)
    for side, other in ((pair.asker, pair.answerer), (pair.answerer, pair.asker)):
        act = {"tenant": side.office.slug, "by": TEST, "now": pair.now}
        file, vouched_by = key_file(files[other.key])
        row = register_partner(**act, file=file, vouched_by=vouched_by, url="")
        reach_by_sedex(**act, partner=row.id, participant=ids[other.key][0], message_type=TYPE)
    return pair


def partner_of(side: Side) -> Partner:
    """The one partner of a side."""
    (row,) = side.rows(Partner)
    assert isinstance(row, Partner)
    return row
