"""The tenant's keys: ES256 for what it signs, AES-256 for its files, sealed under the installation's key."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Collection
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db.models import F
from joserfc import jws
from joserfc.jwk import ECKey

from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.models import TenantKeyRow
from handslag.kernel import canonical

#: Keys that were opened, with the moment: after ten minutes it is asked again which one is in use.
_opened: dict[tuple[int, str], tuple[float, str, Any]] = {}
_SECONDS = 600


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
    files_id = base64.urlsafe_b64encode(os.urandom(12)).decode()
    return [
        new_key("signing", now),
        TenantKeyRow(use="files", key_id=files_id, since=now, private_sealed=seal(os.urandom(32), files_id)),
    ]


def new_key(use: str, now: datetime) -> TenantKeyRow:
    """A fresh key on P-256, not yet saved: `signing`, or `exchange` for what partners encrypt to us."""
    key = ECKey.generate_key("P-256")
    key_id = key.thumbprint()
    told = {"alg": "ES256", "use": "sig"} if use == "signing" else {"alg": "ECDH-ES+A256KW", "use": "enc"}
    return TenantKeyRow(
        use=use,
        key_id=key_id,
        since=now,
        public_jwk={**key.as_dict(private=False), "kid": key_id, **told},
        private_sealed=seal(key.as_pem(private=True), key_id),
    )


def _current(use: str, ended: Collection[str] = ()) -> tuple[str, Any]:
    """Key id and opened key now in use, none of those `ended`; opened once in ten minutes per process and tenant. One
    for training is asked each time: when it is reset, its keys go."""
    tenant = acting_door().the_tenant
    place = (tenant.id, use)
    kept = _opened.get(place)
    if tenant.training or kept is None or time.monotonic() - kept[0] > _SECONDS or kept[1] in ended:
        row = TenantKeyRow.objects.filter(use=use, until=None).latest("since", "id")
        _opened[place] = (time.monotonic(), row.key_id, _private(row))
    return _opened[place][1:]


def _private(row: TenantKeyRow) -> Any:
    plain = unseal(bytes(row.private_sealed), row.key_id)
    return plain if row.use == "files" else ECKey.import_key(plain)


def exchange_key(key_id: str) -> ECKey | None:
    """The private key that a partner encrypted to; also one that was replaced since."""
    row = TenantKeyRow.objects.filter(use="exchange", key_id=key_id).first()
    return _private(row) if row else None


def signed_by_all(body: Any) -> list[str]:
    """`body` signed (compact JWS) by each of the tenant's signing keys, the newest first; last those that have ended:
    whoever knows no other learns by it that they have."""
    content = canonical.dumps(body)
    rows = TenantKeyRow.objects.filter(use="signing").order_by(F("until").desc(nulls_first=True), "-since", "-id")
    return [jws.serialize_compact({"alg": "ES256", "kid": row.key_id}, content, _private(row)) for row in rows]


def ended_keys() -> set[str]:
    """The signing keys of the tenant that have ended; read once per door."""
    door = acting_door()
    if "ended keys" not in door.memory:
        rows = TenantKeyRow.objects.filter(use="signing", until__isnull=False)
        door.memory["ended keys"] = set(rows.values_list("key_id", flat=True))
    found: set[str] = door.memory["ended keys"]
    return found


def sign(body: Any) -> tuple[str, str]:
    """Key id and compact JWS (ES256) over the canonical form of `body`, by the tenant behind the door."""
    return sign_content(canonical.dumps(body))


def sign_content(content: bytes, ended: Collection[str] = ()) -> tuple[str, str]:
    """The same over `content` as it is; never by one of the keys `ended`, as others that ended up to ten minutes ago
    may be."""
    key_id, key = _current("signing", ended)
    return key_id, jws.serialize_compact({"alg": "ES256", "kid": key_id}, content, key)


def file_key() -> bytes:
    """The 32 bytes under which the tenant's files are encrypted."""
    key: bytes = _current("files")[1]
    return key
