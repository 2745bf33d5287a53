"""The tenant's keys: ES256 for what it signs, AES-256 for its files, sealed under the installation's key."""

from __future__ import annotations

import base64
import os
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from joserfc import jws
from joserfc.jwk import ECKey

from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.models import TenantKeyRow
from handslag.kernel import canonical

_opened: dict[tuple[int, str], tuple[str, Any]] = {}


def _installation_key() -> AESGCM:
    return AESGCM(base64.b64decode(settings.SECRETS["installation_key"]))


def seal(plain: bytes, about: str) -> bytes:
    """`plain` encrypted under the installation's key, bound to what it is `about`."""
    nonce = os.urandom(12)
    return nonce + _installation_key().encrypt(nonce, plain, about.encode())


def unseal(sealed: bytes, about: str) -> bytes:
    """The plain bytes of `seal`; InvalidTag when they are about something else or were altered."""
    return _installation_key().decrypt(sealed[:12], sealed[12:], about.encode())


def new_keys(now: datetime) -> list[TenantKeyRow]:
    """Fresh keys of a new tenant, not yet saved: one for signing, one for files."""
    signing = ECKey.generate_key("P-256")
    signing_id = signing.thumbprint()
    files_id = base64.urlsafe_b64encode(os.urandom(12)).decode()
    return [
        TenantKeyRow(
            use="signing",
            key_id=signing_id,
            since=now,
            public_jwk={**signing.as_dict(private=False), "kid": signing_id, "alg": "ES256", "use": "sig"},
            private_sealed=seal(signing.as_pem(private=True), signing_id),
        ),
        TenantKeyRow(use="files", key_id=files_id, since=now, private_sealed=seal(os.urandom(32), files_id)),
    ]


def _current(use: str) -> tuple[str, Any]:
    """Key id and opened key now in use; opened once per process and tenant."""
    place = (acting_door().the_tenant.id, use)
    if place not in _opened:
        row = TenantKeyRow.objects.filter(use=use, until=None).latest("since")
        plain = unseal(bytes(row.private_sealed), row.key_id)
        _opened[place] = (row.key_id, ECKey.import_key(plain) if use == "signing" else plain)
    return _opened[place]


def sign(body: Any) -> tuple[str, str]:
    """Key id and compact JWS (ES256) over the canonical form of `body`, by the tenant behind the door."""
    key_id, key = _current("signing")
    return key_id, jws.serialize_compact({"alg": "ES256", "kid": key_id}, canonical.dumps(body), key)


def file_key() -> bytes:
    """The 32 bytes under which the tenant's files are encrypted."""
    key: bytes = _current("files")[1]
    return key
