"""The organisation's e-ID: its configuration, and log-ins and signatures that are under way in this browser."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

from handslag.connectors.eid import oidc
from handslag.connectors.eid.port import LOA3, LOA4, Identity, Purpose
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.policies import NotPossible, setting
from handslag.kernel.addresses import is_for_real

#: Log-ins and signatures under way at once in one browser (two windows, and one that was left).
MOST = 3
_NAME = "eid"


def redirect_uri() -> str:
    """Where the e-ID sends the browser back to; the same for all organisations."""
    return f"{settings.APPLY_ORIGIN}/eid/callback"


def chosen() -> dict[str, Any]:
    """The organisation's choice, without its secret: issuer, client_id, accepted_acr; where it has settled them name,
    claims and scopes. Inside its door.

    NotPossible("no e-ID") in production where no real one is set: without TLS, on this machine, or its own without a
    secret of its own.
    """
    own = setting("eid")
    found = {
        "issuer": own.get("issuer", settings.EID_ISSUER),
        "client_id": own.get("client_id", settings.EID_CLIENT_ID),
        "accepted_acr": list(own.get("accepted_acr", (LOA3, LOA4))),
        **{name: own[name] for name in ("name", "claims", "scopes") if name in own},
    }
    real = is_for_real(found["issuer"]) and _secret(acting_door().the_tenant.slug, found)
    if settings.PRODUCTION and not real:
        raise NotPossible("no e-ID")
    return found


def _secret(tenant: str, choice: dict[str, Any]) -> str:
    """The secret at an organisation's e-ID, "" where none is kept: the installation's is no other provider's to see."""
    kept: dict[str, str] = settings.SECRETS.get("eid", {})
    ours = choice["issuer"] == settings.EID_ISSUER or not settings.PRODUCTION
    return kept.get(tenant, settings.EID_CLIENT_SECRET if ours else "")


def leads_there(request: HttpRequest, choice: dict[str, Any]) -> None:
    """A form of the page leads to the e-ID: its origin is allowed, and the page calls it by its name (`eid_name`)."""
    parts = urlsplit(choice["issuer"])
    request.form_actions = [f"{parts.scheme}://{parts.netloc}"]  # type: ignore[attr-defined]
    request.eid_name = choice.get("name", "")  # type: ignore[attr-defined]


def _config(tenant: str, choice: dict[str, Any]) -> oidc.OidcConfig:
    own: dict[str, Any] = {}
    if "claims" in choice:
        own["identifier_claims"] = tuple(choice["claims"].items())
    if "scopes" in choice:
        own["scopes"] = tuple(choice["scopes"])
    return oidc.OidcConfig(
        issuer=choice["issuer"],
        client_id=choice["client_id"],
        client_secret=_secret(tenant, choice),
        accepted_acr=tuple(choice["accepted_acr"]),
        **own,
    )


def begin(
    tenant: str,
    choice: dict[str, Any],
    purpose: Purpose,
    *,
    language: str,
    digest: str | None = None,
    number: str | None = None,
    **told: str,
) -> tuple[str, dict[str, Any]]:
    """Ask the e-ID to identify somebody: (where the browser goes, what `remember` keeps). Outside any door."""
    begun = oidc.begin(
        _config(tenant, choice),
        redirect_uri=redirect_uri(),
        purpose=purpose,
        digest=digest,
        ui_locale=language,
        login_hint=number,
    )
    return begun.url, {"tenant": tenant, "purpose": purpose, "choice": choice, "flow": begun.flow, **told}


def remember(request: HttpRequest, begun: dict[str, Any]) -> None:
    """Keep a flow in the session, by its state value; the oldest is given up."""
    flows = dict(list(request.session.get(_NAME, {}).items())[1 - MOST :])
    request.session[_NAME] = {**flows, begun["flow"]["state"]: begun}


def under_way(request: HttpRequest) -> dict[str, Any] | None:
    """The flow that the browser comes back from (`over`: a signature that has ended), or None if this browser began no
    such thing."""
    found: dict[str, Any] | None = request.session.get(_NAME, {}).get(request.GET.get("state", ""))
    return found


def forget(request: HttpRequest, begun: dict[str, Any]) -> None:
    """A flow that was answered, whatever the answer was, is over: kept at once, so that no second answer finds it.
    Of a signature it stays known where it leads."""
    state = begun["flow"]["state"]
    flows = {name: flow for name, flow in request.session.get(_NAME, {}).items() if name != state}
    request.session[_NAME] = {**flows, state: _over(begun)} if begun["purpose"] == "sign" else flows
    request.session.save()


def forget_signing(request: HttpRequest, draft: UUID) -> None:
    """The flows of a draft in which this adult has nothing more to sign are over. For pages that come after the
    signature: the request that accepts it doesn't touch the session."""
    flows = request.session.get(_NAME, {})
    left = {state: _over(flow) if flow.get("draft") == str(draft) else flow for state, flow in flows.items()}
    if left != flows:
        request.session[_NAME] = left


def _over(flow: dict[str, Any]) -> dict[str, Any]:
    """What stays of a signature's flow that has ended: where it leads, for whoever comes back once more; no secret."""
    return {name: flow[name] for name in ("tenant", "purpose", "draft") if name in flow} | {"over": True}


def finish(begun: dict[str, Any], request: HttpRequest) -> Identity:
    """Who identified. Talks to the e-ID: outside any door. Raises every EidError."""
    return oidc.finish(_config(begun["tenant"], begun["choice"]), begun["flow"], request.GET.dict())
