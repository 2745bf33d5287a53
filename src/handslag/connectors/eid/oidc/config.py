"""What a tenant settles with its broker."""

from __future__ import annotations

from dataclasses import dataclass, field

from handslag.connectors.eid.port import LOA3, LOA4

PERSONAL_NUMBER = "https://id.oidc.se/claim/personalIdentityNumber"
COORDINATION_NUMBER = "https://id.oidc.se/claim/coordinationNumber"
PERSONAL_NUMBER_URN = "urn:oid:1.2.752.29.4.13"

#: The signatures on ID tokens that we can check: by a private key only, never "none", never a shared secret.
ALGORITHMS = ("ES256", "ES384", "PS256", "RS256")


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcConfig:
    """One tenant's relation to one OpenID provider.

    issuer            exactly as in the provider's discovery document; https, or http on a loopback name
    client_id         as registered with the provider
    client_secret     for `client_auth` client_secret_basic or client_secret_post
    client_key        for `client_auth` private_key_jwt: private key (EC P-256 or RSA) as PEM or JWK text
    accepted_acr      levels of assurance that are let in, each spelt out; nothing is deduced from "higher"
    acr_needed        False, for staff: who comes at no such level is let in as well, with an `acr` of ""
    algorithms        signature algorithms accepted on ID tokens, out of ALGORITHMS
    identifier_claims (claim, identifier type) in order of preference
    timeout_seconds   for each connection and each read
    flow_seconds      how long a person may take
    leeway_seconds    how far the provider's clock may be off
    proxy, ca_bundle  address of an outgoing proxy; path of a PEM file with the authorities trusted for TLS
    """

    issuer: str
    client_id: str
    client_auth: str = "client_secret_basic"
    client_secret: str | None = field(default=None, repr=False)
    client_key: str | None = field(default=None, repr=False)
    accepted_acr: tuple[str, ...] = (LOA3, LOA4)
    acr_needed: bool = True
    scopes: tuple[str, ...] = (
        "openid",
        "https://id.oidc.se/scope/naturalPersonInfo",
        "https://id.oidc.se/scope/naturalPersonNumber",
    )
    algorithms: tuple[str, ...] = ALGORITHMS
    identifier_claims: tuple[tuple[str, str], ...] = (
        (PERSONAL_NUMBER, "personnummer"),
        (COORDINATION_NUMBER, "samordningsnummer"),
        (PERSONAL_NUMBER_URN, "personnummer"),
    )
    timeout_seconds: int = 10
    flow_seconds: int = 900
    leeway_seconds: int = 60
    proxy: str | None = None
    ca_bundle: str | None = None

    def __post_init__(self) -> None:
        """Refuse a configuration that would let somebody in unchecked; ValueError says which field."""
        if (self.acr_needed and not self.accepted_acr) or not all(self.accepted_acr):
            raise ValueError("accepted_acr: name at least one level of assurance")
        if not self.algorithms or not set(self.algorithms) <= set(ALGORITHMS):
            raise ValueError(f"algorithms: some of {', '.join(ALGORITHMS)}")
        if not self.identifier_claims:
            raise ValueError("identifier_claims: name at least one claim")
        if self.client_auth in ("client_secret_basic", "client_secret_post"):
            if not self.client_secret:
                raise ValueError(f"client_secret: needed for {self.client_auth}")
        elif self.client_auth == "private_key_jwt":
            if not self.client_key:
                raise ValueError("client_key: needed for private_key_jwt")
        else:
            raise ValueError("client_auth: client_secret_basic, client_secret_post or private_key_jwt")
