"""Electronic identification by OpenID Connect: an implementation of `connectors.eid.port.Eid`."""

from handslag.connectors.eid.oidc.config import OidcConfig
from handslag.connectors.eid.oidc.evidence import check_evidence
from handslag.connectors.eid.oidc.flow import UNVERIFIED, begin, finish

__all__ = ["UNVERIFIED", "OidcConfig", "begin", "check_evidence", "finish"]
