"""`python -m simulators.sedex FOLDER`: see README.md beside this file."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from simulators.sedex.envelope import Told, read, receipt, refused

PAUSE = 0.02
LIMITS = {"types": [118_000], "most": 10_000_000}


@dataclass
class Post:
    """The participants, their folders, and what is between them (`hub`): it can be killed at any moment."""

    folder: Path

    def __post_init__(self) -> None:
        told = json.loads((self.folder / "participants.json").read_text())
        self.people: dict[str, Any] = told["participants"]
        self.limits = LIMITS | told.get("limits", {})
        for name in self.people:
            for place in ("outbox", "inbox", "receipts", "processed"):
                (self.home(name) / place).mkdir(parents=True, exist_ok=True)
        for place in ("hub", "seen", "used"):
            (self.folder / place).mkdir(exist_ok=True)
        for half in (self.folder / "hub").glob("*.new"):
            self._settle(half)

    def home(self, participant: str) -> Path:
        return self.folder / str(self.people[participant]["folder"])

    def round(self) -> None:
        """Fetch from every outbox, then carry what is between."""
        for name in sorted(self.people):
            for path in sorted((self.home(name) / "outbox").glob("envl_*.xml")):
                self._fetch(name, path)
        for claim in sorted((self.folder / "hub").iterdir()):
            if claim.is_dir() and not (claim / "sender").exists():
                claim.rmdir()
            elif claim.is_dir() and not claim.name.endswith(".new"):
                self._carry(claim)

    def _fetch(self, sender: str, envelope: Path) -> None:
        """Take a pair out of the outbox; a crash in between leaves it there or here."""
        claim = self.folder / "hub" / f"{time.time_ns():020}-{uuid4().hex}.new"
        claim.mkdir()
        (claim / "sender").write_text(sender)
        data = [path for path in envelope.parent.glob(f"data_{envelope.stem[5:]}.*") if path.is_file()]
        if data:
            os.rename(data[0], claim / data[0].name)
        os.rename(envelope, claim / envelope.name)
        os.rename(claim, claim.with_suffix(""))

    def _settle(self, half: Path) -> None:
        """What a crash left between outbox and hub."""
        sender = (half / "sender").read_text() if (half / "sender").exists() else ""
        if any(half.glob("envl_*")):
            os.rename(half, half.with_suffix(""))
            return
        for data in half.glob("data_*"):
            os.rename(data, self.home(sender) / "outbox" / data.name)
        (half / "sender").unlink(missing_ok=True)
        half.rmdir()

    def _carry(self, claim: Path) -> None:
        sender, envelope = (claim / "sender").read_text(), next(claim.glob("envl_*"), None)
        data = next(claim.glob("data_*"), None)
        if envelope is None:  # all was done before a crash but putting it away
            return self._put_away(claim, sender, data)
        told, good = read(envelope.read_bytes())
        fate = self._fate(claim, sender, told, good, data)
        recipient = told.one("recipientId")
        if self.people.get(recipient, {}).get("away") and fate["copies"]:
            return  # its client is switched off: the message waits
        if time.time() < fate["at"]:
            return
        for number in range(fate["copies"]):
            assert data is not None
            self._bring(recipient, f"{claim.name}-{number}", envelope.read_bytes(), data, fate)
        for number, code in enumerate(fate["codes"]):
            name = f"receipt__ID_{told.one('messageId') or 'unknown'}_{claim.name}_{number}.xml"
            self._write(self.home(sender) / "receipts" / name, receipt(told, code, recipient))
        self._put_away(claim, sender, envelope, data)

    def _put_away(self, claim: Path, sender: str, *paths: Path | None) -> None:
        for path in paths:
            if path is not None:
                os.rename(path, self.home(sender) / "processed" / f"{claim.name}_{path.name}")
        (claim / "fate").unlink(missing_ok=True)
        os.rename(claim / "sender", self.folder / "hub" / ".ended")
        claim.rmdir()

    def _fate(self, claim: Path, sender: str, told: Told, good: bool, data: Path | None) -> dict[str, Any]:
        """What becomes of it: decided once, kept."""
        place = claim / "fate"
        if place.exists():
            found: dict[str, Any] = json.loads(place.read_text())
            return found
        fate: dict[str, Any] = {"codes": [100], "copies": 1, "at": 0, "half": "", "cut": False}
        code = refused(told, data.stat().st_size if data else None, sender, self.people, self.limits) if good else 200
        if not code and self._seen(claim, sender, told.one("messageId")):
            code = 201
        if code:
            fate |= {"codes": [code], "copies": 0}
        else:
            self._scripted(fate, sender, told)
        self._write(place, json.dumps(fate).encode())
        return fate

    def _seen(self, claim: Path, sender: str, name: str) -> bool:
        place = self.folder / "seen" / f"{sender}_{name}"
        if place.exists():
            return place.read_text() != claim.name
        self._write(place, claim.name.encode())
        return False

    def _scripted(self, fate: dict[str, Any], sender: str, told: Told) -> None:
        """Change the fate by the first rule of script.json that fits and isn't used up."""
        place = self.folder / "script.json"
        for number, rule in enumerate(json.loads(place.read_text()) if place.exists() else []):
            fits = {"from": sender, "to": told.one("recipientId"), "class": told.one("messageClass")}
            if any(str(rule[name]) != value for name, value in fits.items() if name in rule):
                continue
            if not told.one("messageId").startswith(rule.get("id", "")):
                continue
            used = self.folder / "used" / f"{rule.get('name', number)}"
            count = len(used.read_bytes()) if used.exists() else 0
            if count >= rule.get("times", 1_000_000):
                continue
            used.write_bytes(b"." * (count + 1))
            if "codes" in rule:
                fate["codes"], fate["copies"] = rule["codes"], int(100 in rule["codes"])
            fate["copies"] = rule.get("copies", fate["copies"])
            fate["at"] = time.time() + rule.get("delay", 0)
            fate["half"], fate["cut"] = rule.get("half", ""), rule.get("cut", False)
            return

    def _bring(self, recipient: str, name: str, envelope: bytes, data: Path, fate: dict[str, Any]) -> None:
        """Put a pair into an inbox under a name of our own, data first."""
        inbox = self.home(recipient) / "inbox"
        content = data.read_bytes()
        if fate["half"] != "envelope":
            self._write(inbox / f"data_{name}{data.suffix}", content[: len(content) // 2] if fate["cut"] else content)
        if fate["half"] != "data":
            self._write(inbox / f"envl_{name}.xml", envelope)

    def _write(self, place: Path, content: bytes) -> None:
        half = place.with_name(f".{place.name}.half")
        half.write_bytes(content)
        os.rename(half, place)


def main() -> None:
    post = Post(Path(sys.argv[1]))
    ended: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.append(1))
    assert all(re.fullmatch(r"T?[1-9]-[0-9A-Z]+-[0-9]+", name) for name in post.people)
    print(f"sedex carries between {', '.join(sorted(post.people))}", flush=True)
    while not ended:
        post.round()
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
