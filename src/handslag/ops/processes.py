"""Child processes that can't outlive their parent, and that are started again when they die."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LOG_LIMIT = 50_000_000  # bytes; a larger log is moved aside when its process starts


def die_with_parent(sent: signal.Signals = signal.SIGTERM) -> None:
    """Have the kernel send a signal to this process when its parent dies, also by kill -9 (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(sent), 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of grandchildren whose own parent dies, so that none is lost (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@dataclass
class Child:
    """A process of the product, in a process group of its own, writing to `<log>/<name>.log`."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    restarts: int = field(default=0, init=False)
    _started: float = field(default=0.0, init=False)
    _again: float = field(default=0.0, init=False)

    @property
    def log_file(self) -> Path:
        return self.log / f"{self.name}.log"

    def start(self) -> subprocess.Popen[bytes]:
        self.log.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            if self.log_file.stat().st_size > _LOG_LIMIT:
                self.log_file.rename(self.log_file.with_suffix(".log.1"))
        parent = os.getpid()

        def tie() -> None:
            os.setsid()
            die_with_parent()
            if os.getppid() != parent:
                os._exit(1)

        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=tie,
            )
        self._started = time.monotonic()
        return self.process

    def keep_alive(self) -> str | None:
        """Start the process again if it has died: at once, then after 1, 2, 4 ... 30 seconds.

        Returns how it died ('exit code 1', 'signal 9') when that is news, else None.
        """
        now = time.monotonic()
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return None
            _end_group(self.process.pid, signal.SIGKILL)
            self.process = None
            if now - self._started > 60:
                self.restarts = 0
            self._again = now + (min(30, 2 ** (self.restarts - 1)) if self.restarts else 0)
            self.restarts += 1
            return f"exit code {code}" if code >= 0 else f"signal {-code}"
        if now >= self._again:
            self.start()
        return None

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def stop(self, deadline: float) -> None:
        """Wait until `deadline` (monotonic) for the process to go, then kill it and what it started."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            pass
        _end_group(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def tail(self, lines: int = 20) -> str:
        """The end of the log, to show why it failed."""
        with suppress(FileNotFoundError):
            return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])
        return ""


def _end_group(group: int, sent: signal.Signals) -> None:
    """Signal a process group and collect the orphans of it that came to us."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, sent)
    with suppress(ChildProcessError):
        while os.waitpid(-group, os.WNOHANG)[0]:
            pass
