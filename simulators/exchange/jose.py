"""As much of JOSE as messages need, on `cryptography` alone: JWS by ES256, JWE by ECDH-ES+A256KW and A256GCM."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

ALG, ENC = "ECDH-ES+A256KW", "A256GCM"


class Refused(ValueError):
    """What isn't taken: status and code of the answer."""

    def __init__(self, status: int, code: str, why: str) -> None:
        super().__init__(why)
        self.status, self.code, self.why = status, code, why


def b64(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The bytes of base64url without padding. ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def canonical(value: Any) -> bytes:
    """JSON in the form that is signed (RFC 8785, as far as these messages go: no fractions)."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def public_jwk(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    """A public key of P-256, with its thumbprint (RFC 7638) as id."""
    numbers = key.public_numbers()
    jwk = {"crv": "P-256", "kty": "EC"} | {n: b64(getattr(numbers, n).to_bytes(32, "big")) for n in ("x", "y")}
    return {**jwk, "kid": b64(hashlib.sha256(canonical(jwk)).digest())}


def key_of(jwk: dict[str, Any]) -> ec.EllipticCurvePublicKey:
    """The key that a JWK writes. ValueError."""
    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
        raise ValueError("not a key of P-256")
    x, y = (int.from_bytes(unb64(str(jwk[name])), "big") for name in ("x", "y"))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def signed(content: bytes, key: ec.EllipticCurvePrivateKey) -> str:
    """Content as a compact JWS."""
    head = b64(canonical({"alg": "ES256", "kid": public_jwk(key.public_key())["kid"]}))
    text = f"{head}.{b64(content)}"
    r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def head_of(text: str) -> dict[str, Any]:
    """The header of a compact JWS or JWE, believed by nobody yet. Refused."""
    try:
        head = json.loads(unb64(text.partition(".")[0]))
        if not isinstance(head, dict):
            raise ValueError("no object")
    except (ValueError, RecursionError) as error:
        raise Refused(422, "312", "no signed or encrypted text") from error
    return head


def payload_of(text: str) -> bytes:
    """The payload of a compact JWS, believed by nobody yet. Refused."""
    try:
        _head, payload, _signature = text.split(".")
        return unb64(payload)
    except ValueError as error:
        raise Refused(422, "312", "no signed text") from error


def verified(text: str, jwk: dict[str, Any]) -> bytes:
    """The payload of a compact JWS that this key signed, in the one way that counts. Refused."""
    try:
        head, payload, signature = text.split(".")
        if head_of(text) != {"alg": "ES256", "kid": jwk["kid"]}:
            raise ValueError("its header isn't exactly alg ES256 and kid")
        raw = unb64(signature)
        if len(raw) != 64:
            raise ValueError("its signature isn't 64 bytes")
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        key_of(jwk).verify(der, f"{head}.{payload}".encode(), ec.ECDSA(hashes.SHA256()))
        return unb64(payload)
    except (ValueError, KeyError, InvalidSignature) as error:
        raise Refused(422, "312", f"signature: {str(error) or 'does not hold'}") from error


def encrypted(text: str, jwk: dict[str, Any]) -> str:
    """A signed text as a compact JWE for the holder of this key."""
    own = ec.generate_private_key(ec.SECP256R1())
    epk = {name: value for name, value in public_jwk(own.public_key()).items() if name != "kid"}
    head = b64(canonical({"alg": ALG, "enc": ENC, "kid": jwk["kid"], "cty": "JOSE", "epk": epk}))
    key, nonce = os.urandom(32), os.urandom(12)
    wrapped = aes_key_wrap(_agreed(own, key_of(jwk)), key)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), head.encode())
    return ".".join([head, b64(wrapped), b64(nonce), b64(sealed[:-16]), b64(sealed[-16:])])


def decrypted(text: str, key: ec.EllipticCurvePrivateKey) -> bytes:
    """What was encrypted to this key, in the one way that counts. Refused."""
    head = head_of(text)
    try:
        if head != {"alg": ALG, "enc": ENC, "kid": head.get("kid"), "cty": "JOSE", "epk": head.get("epk")}:
            raise ValueError(f"its header isn't exactly alg {ALG}, enc {ENC}, kid, cty JOSE and epk")
        if head["kid"] != public_jwk(key.public_key())["kid"]:
            raise ValueError("kid is no key of ours with use enc: see our key file")
        parts = text.split(".")
        first, wrapped, nonce, body, tag = (parts[0].encode(), *map(unb64, parts[1:]))
        inner = aes_key_unwrap(_agreed(key, key_of(head["epk"])), wrapped)
        return AESGCM(inner).decrypt(nonce, body + tag, first)
    except (ValueError, KeyError, TypeError, InvalidTag, InvalidUnwrap) as error:
        raise Refused(422, "312", f"encryption: {str(error) or 'does not open'}") from error


def _agreed(own: ec.EllipticCurvePrivateKey, theirs: ec.EllipticCurvePublicKey) -> bytes:
    """The key that both sides come to (NIST SP 800-56A, Concat KDF with SHA-256)."""
    shared = own.exchange(ec.ECDH(), theirs)
    told = len(ALG).to_bytes(4, "big") + ALG.encode() + bytes(8) + (256).to_bytes(4, "big")
    return hashlib.sha256((1).to_bytes(4, "big") + shared + told).digest()
