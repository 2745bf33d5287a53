"""The client against a small clamd that speaks INSTREAM as clamd(8) describes it."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from handslag.connectors.scan.clamd import Clamd
from handslag.connectors.scan.port import Verdict, for_tenant

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
LIMIT = 3_000_000


class Daemon(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert self.rfile.read(10) == b"zINSTREAM\0"
        content = b""
        while length := int.from_bytes(self.rfile.read(4), "big"):
            content += self.rfile.read(length)
            if len(content) > LIMIT:
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        found = b"Eicar-Test-Signature FOUND" if EICAR in content else b"OK"
        if content != b"silence":
            self.wfile.write(b"stream: " + found + b"\0")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with Server(("127.0.0.1", 0), Daemon) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        ([b"hello", b"world"], Verdict("clean")),
        ([], Verdict("clean")),
        ([b"", b"x" * 700_000, b""], Verdict("clean")),
        ([b"a", EICAR[:30], EICAR[30:]], Verdict("infected", "Eicar-Test-Signature")),
        ([b"silence"], Verdict("unreachable", "no answer")),
    ],
)
def test_verdicts(address: str, content: list[bytes], verdict: Verdict) -> None:
    assert for_tenant(address).scan(iter(content)) == verdict


def test_too_large_for_the_daemon_is_never_clean(address: str) -> None:
    assert Clamd(address).scan([bytes(1_000_000)] * 8).state == "unreachable"


def test_daemon_away(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert Clamd(f"127.0.0.1:{taken.getsockname()[1]}").scan([b"x"]) == Verdict(
            "unreachable", "ConnectionRefusedError"
        )
    assert Clamd(str(tmp_path / "none.sock")).scan([b"x"]).state == "unreachable"


def test_daemon_that_never_answers_is_given_up() -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        assert Clamd(f"127.0.0.1:{mute.getsockname()[1]}", seconds=0.2).scan([b"x"]) == Verdict(
            "unreachable", "TimeoutError"
        )


def test_an_error_of_the_file_is_not_taken_for_the_daemon(address: str) -> None:
    def altered() -> Iterator[bytes]:
        yield b"x"
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        Clamd(address).scan(altered())


def test_only_what_exists_can_be_chosen(address: str) -> None:
    with pytest.raises(LookupError):
        for_tenant(address, "icap")
