"""Notices by e-mail: `connectors.notices.port.Notices` over SMTP message submission (RFC 6409)."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.policy import SMTP, SMTPUTF8, compat32
from email.utils import format_datetime
from typing import Literal

from handslag.connectors.notices.port import (
    AddressRefused,
    Deferred,
    Malformed,
    Notice,
    NoticeError,
    Refused,
)
from handslag.kernel import clock

__all__ = ["SmtpConfig", "bounced", "message", "send"]

_ATOM = r"[^\s@,;:<>()\[\]\"\\.]+"
_ADDRESS = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@([\w-]+(?:\.[\w-]+)+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpConfig:
    """A tenant's mail server.

    security         "tls" from the first byte, "starttls" (refused if not offered), or "none" (loopback only)
    username         with `password`, if the server wants a log-in
    sender           address and, as `sender_name`, the organisation's name
    domain           our own name: in message ids and in the greeting
    timeout_seconds  for the connection and for each answer
    ca_bundle        path of a PEM file with the authorities trusted for TLS
    """

    host: str
    port: int
    security: Literal["tls", "starttls", "none"] = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    sender: str
    sender_name: str = ""
    domain: str
    timeout_seconds: int = 20
    ca_bundle: str | None = None

    def __post_init__(self) -> None:
        """ValueError for a connection without encryption that leaves this machine."""
        if self.security == "none" and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("security: only a mail server on this machine is spoken to without TLS")


def message(config: SmtpConfig, notice: Notice) -> EmailMessage:
    """The e-mail: plain text, marked as automatic (RFC 3834), with a message id made of the key.

    Raises Malformed for anything that isn't exactly one address, one line of subject and a plain key.
    """
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", notice.key):
        raise Malformed("key")
    if not re.fullmatch(r"[A-Za-z0-9-]{2,35}", notice.language):
        raise Malformed("language")
    if not notice.subject.strip() or not notice.subject.isprintable():
        raise Malformed("subject")
    to = _address(notice.to)
    mail = EmailMessage(policy=SMTP if to.addr_spec.isascii() else SMTPUTF8)
    mail["From"] = _address(config.sender, config.sender_name)
    mail["To"] = to
    mail["Subject"] = notice.subject
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = f"<{notice.key}@{config.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(notice.body, cte="quoted-printable")
    mail["Content-Language"] = notice.language
    return mail


def send(config: SmtpConfig, notice: Notice) -> str:
    """Hand the notice to the mail server; returns the message id. One try: to repeat is up to the job.

    Raises Malformed, AddressRefused, Refused or Deferred.
    """
    mail = message(config, notice)
    recipient = mail["To"].addresses[0].addr_spec
    try:
        with _connected(config) as server:
            server.send_message(mail, from_addr=config.sender, to_addrs=[recipient])
    except smtplib.SMTPRecipientsRefused as error:
        code = error.recipients[recipient][0]
        raise _by_code(code, "recipient", AddressRefused) from error
    except smtplib.SMTPSenderRefused as error:
        raise _by_code(error.smtp_code, "sender", Refused) from error
    except smtplib.SMTPAuthenticationError as error:
        raise _by_code(error.smtp_code, "log_in", Refused) from error
    except smtplib.SMTPResponseException as error:
        raise _by_code(error.smtp_code, "message", Refused) from error
    except smtplib.SMTPNotSupportedError as error:
        raise Refused("not_supported") from error
    except ssl.SSLCertVerificationError as error:
        raise Refused("certificate") from error
    except (smtplib.SMTPException, OSError) as error:
        raise Deferred(type(error).__name__) from error
    return str(mail["Message-ID"])


def bounced(returned: bytes) -> tuple[str, str] | None:
    """Of an e-mail that came to the sender's mailbox: the key of the notice that it says didn't arrive, and its status
    code ("5.1.1", RFC 3463). None if it is no delivery status notification (RFC 3464), or none of a failure."""
    mail = message_from_bytes(returned, policy=compat32)
    if mail.get_content_type() != "multipart/report":
        return None
    parts = [part for part in mail.walk() if part is not mail]
    said = [part for part in parts if "Action" in part]  # what is said of one recipient
    failed = next((part for part in said if str(part["Action"]).strip().lower() == "failed"), None)
    key = next(filter(None, map(_key_of, parts)), None)
    if failed is None or key is None:
        return None
    status = re.match(r"\s*([245]\.\d{1,3}\.\d{1,3})", str(failed.get("Status", "")))
    return key, status[1] if status else "unknown"


def _key_of(part: Message) -> str | None:
    """The key in the message id of the e-mail that a notification returns: whole, or its headers."""
    headers = part.get_payload(decode=True) if part.get_content_type() == "text/rfc822-headers" else None
    told = message_from_bytes(headers, policy=compat32) if isinstance(headers, bytes) else part
    found = re.fullmatch(r"<([A-Za-z0-9-]{1,64})@[^>]*>", str(told.get("Message-ID", "")).strip())
    return found[1] if found else None


def _connected(config: SmtpConfig) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=config.ca_bundle)
    if config.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            config.host,
            config.port,
            local_hostname=config.domain,
            timeout=config.timeout_seconds,
            context=context,
        )
    else:
        server = smtplib.SMTP(config.host, config.port, local_hostname=config.domain, timeout=config.timeout_seconds)
    try:
        if config.security == "starttls":
            server.starttls(context=context)
        if config.username is not None:
            server.login(config.username, config.password or "")
    except BaseException:
        server.close()
        raise
    return server


def _by_code(code: int, what: str, for_good: Callable[[str], NoticeError]) -> NoticeError:
    """RFC 5321, 4.2.1: 5yz is for good; everything else may pass."""
    return (for_good if 500 <= code < 600 else Deferred)(f"{what}_{code}")


def _address(text: str, name: str = "") -> Address:
    """One address (RFC 5321, dot-string; RFC 6531, other letters), its domain in ASCII. Raises Malformed."""
    found = _ADDRESS.fullmatch(text)
    if not found or not text.isprintable():
        raise Malformed("address")
    try:
        return Address(name, found[1], found[2].encode("idna").decode())
    except ValueError as error:
        raise Malformed("address") from error
