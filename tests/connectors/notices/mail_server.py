"""A mail server that can refuse: `python mail_server.py PORT FOLDER [CERTIFICATE KEY]`.

What it does is told by the local part of the recipient: gone 550, full 452, slow answers late, cut hangs up,
spam is refused after the text, moved is taken and comes back into the Maildir FOLDER/returned. The rest is kept in
FOLDER as JSON. With a certificate it demands STARTTLS and
the log-in `handslag` / `right`.
"""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
import sys
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


class Handler:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        match address.partition("@")[0]:
            case "gone":
                return "550 5.1.1 no such mailbox"
            case "full":
                return "452 4.2.2 mailbox full"
            case "slow":
                await asyncio.sleep(3)
            case "cut":
                assert server.transport
                server.transport.abort()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("forbidden@"):
            return "553 5.7.1 not your sender"
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if envelope.rcpt_tos[0].startswith("spam@"):
            return "554 5.7.1 looks like spam"
        if envelope.rcpt_tos[0].startswith("moved@"):
            self._return(bytes(envelope.content or b""), envelope.rcpt_tos[0])
        kept: dict[str, Any] = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None,
            "content": bytes(envelope.content or b"").decode("utf-8"),
        }
        number = len(list(self.folder.glob("*.json")))
        (self.folder / f"{number:03}.json").write_text(json.dumps(kept), encoding="utf-8")
        return "250 2.0.0 kept"


    def _return(self, mail: bytes, to: str) -> None:
        """Bring it back as RFC 3464 says, with the headers of the mail only."""
        headers = mail.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode()
        told = RETURNED.format(to=to, headers=headers)
        box = self.folder / "returned"
        for name in ("new", "cur", "tmp"):
            (box / name).mkdir(parents=True, exist_ok=True)
        (box / "new" / f"{len(list(box.rglob('*')))}.mail").write_text(told, encoding="utf-8")


RETURNED = """\
From: MAILER-DAEMON@mail.example
To: no-reply@handslag.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <20261128.1@mail.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=us-ascii

The mail system couldn't deliver your message to {to}.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example

Final-Recipient: rfc822; {to}
Action: failed
Status: 5.1.6

--b
Content-Type: text/rfc822-headers

{headers}

--b--
"""


def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"handslag", b"right"), handled=False)


async def main(port: int, folder: Path, *certificate: str) -> None:
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)

    def factory() -> SMTP:
        return SMTP(
            Handler(folder),
            hostname="mail.example",
            enable_SMTPUTF8=not certificate,
            tls_context=context,
            require_starttls=bool(context),
            auth_required=bool(context),
            authenticator=authenticate,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(factory, "127.0.0.1", port)
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]))
