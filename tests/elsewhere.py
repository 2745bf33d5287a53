"""The other installation of a test, as it is seen from here: its web server, and a process for its people and jobs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests import bed
from tests.bed import Database


class Peer:
    """It is an hour ahead of us; each call is a function of `tests/peer.py`."""

    def __init__(self, database: Database, folder: Path) -> None:
        own = json.loads((bed._data() / "secrets.json").read_text())
        drawn = bed.Secrets.of(folder)  # secrets of its own; only the roles of the server are shared
        place = folder / "secrets.json"
        place.write_text(json.dumps({**json.loads(place.read_text()), "roles": own["roles"]}))
        assert drawn.installation_key != bed.Secrets.of(bed._data()).installation_key
        self.database, self.port = database, bed.free_port()
        self.shift = int(os.environ.get("HANDSLAG_CLOCK_SHIFT", "0")) + 3600
        self.told = {
            "HANDSLAG_DATA": str(folder), "PYTHONWARNINGS": "",
            "HANDSLAG_API_ORIGIN": f"http://api.localhost:{self.port}",
        }  # fmt: skip
        self._serve()
        told = {"HANDSLAG_CLOCK_SHIFT": str(self.shift)}
        told["PYTEST_XDIST_WORKER"] = database.name.removeprefix("handslag_")  # what it works on is its own
        environment = database.environment("web") | self.told | told
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.peer"], env=environment, cwd=bed.ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def _serve(self) -> None:
        told = self.told | {"HANDSLAG_CLOCK_SHIFT": str(self.shift)}
        self.web = bed.web_process(self.database, self.port, **told)
        self.web.start()

    def later(self, seconds: int) -> None:
        """All of it is so much later."""
        self.web.stop()
        self.shift += seconds
        self._serve()
        self.step(seconds)

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> Any:
            assert self.process.stdin and self.process.stdout
            self.process.stdin.write(json.dumps([name, *arguments]) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())

        return call

    def end(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
        self.web.stop()
