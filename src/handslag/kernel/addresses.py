"""Web addresses that lead back to the machine itself: what stands there is for trying out."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit


def is_loopback(address: str) -> bool:
    """Whether an address (`https://127.0.0.1:8001/x`) names this machine: localhost and names below it, and every
    way of writing 127.0.0.0/8, ::1 and "any address" (`127.1`, `2130706433`, `0x7f.1`, `[::ffff:127.0.0.1]`, `0`)."""
    try:
        host = (urlsplit(address).hostname or "").rstrip(".").lower()
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        found: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        try:
            found = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return found.is_loopback or found.is_unspecified


def is_for_real(address: object) -> bool:
    """Whether an address can be that of a service for real people: by TLS, with a host, and not on this machine."""
    if not isinstance(address, str) or address != address.strip():
        return False
    try:
        parts = urlsplit(address)
        return parts.scheme == "https" and bool(parts.hostname) and not is_loopback(address)
    except ValueError:
        return False
