"""Log-in of staff by the organisation's own OpenID provider. It says who she is; what she may do stays a row here.

The provider's word replaces the password, and the code as well where the organisation has named the levels that count
as both. It opens that organisation and no other (`entry.staff.only_at`). Nobody is made or given a right by it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

import structlog
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import (
    clear_authentication_records,
    perform_login,
    record_authentication,
)
from allauth.account.models import Login
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_http_methods, require_safe

from handslag.connectors.eid import oidc
from handslag.connectors.eid.port import Cancelled, EidError, Expired, Identity
from handslag.domain.audit.operations import Look
from handslag.domain.tenancy.door import at_large, system
from handslag.domain.tenancy.models import StaffMember, StaffUser
from handslag.domain.tenancy.policies import setting
from handslag.kernel.addresses import is_for_real
from handslag.web.entry.pages import answered, opened
from handslag.web.entry.staff import BY_PROVIDER, write_log_ins

log = structlog.get_logger("staff")
BY = system("log-in")
#: Log-ins under way at once in one browser.
MOST = 3
_NAME = "staff_oidc"


def redirect_uri() -> str:
    """Where providers send the browser back to; the same for all organisations."""
    return f"{settings.DESK_ORIGIN}/oidc/callback/"


def _secret(tenant: str) -> str:
    """The secret at an organisation's provider, "" where none is kept: the e-ID's is no other provider's to see."""
    kept: dict[str, str] = settings.SECRETS.get("staff_oidc", {})
    return kept.get(tenant, "" if settings.PRODUCTION else settings.EID_CLIENT_SECRET)


def _choice(tenant: str) -> dict[str, Any]:
    """The organisation's choice, without its secret; {} where it has none or no secret, or in production none with TLS.
    Inside its door."""
    found: dict[str, Any] = setting("staff_oidc")
    real = is_for_real(found.get("issuer")) or not settings.PRODUCTION
    return found if real and _secret(tenant) else {}


def _config(tenant: str, choice: dict[str, Any]) -> oidc.OidcConfig:
    return oidc.OidcConfig(
        issuer=choice["issuer"],
        client_id=choice["client_id"],
        client_secret=_secret(tenant),
        accepted_acr=tuple(choice.get("accepted_acr", ())),
        acr_needed=False,
        scopes=("openid", "profile", "email"),
        identifier_claims=((choice["claim"], "log-in name"),),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def log_in(request: HttpRequest, tenant: str) -> HttpResponse:
    """GET: one button. POST: to the organisation's provider, and from there to `next`."""
    return answered(request, tenant, BY, "log in", lambda: _log_in(request, tenant))


def _log_in(request: HttpRequest, tenant: str) -> HttpResponse:
    after = _safe(request.POST.get("next") or request.GET.get("next", ""), tenant)
    with opened(request) as door:
        choice, name = _choice(tenant), door.the_tenant.name
    told = {"next": after, "name": name, "possible": bool(choice)}
    if not choice:
        return _page(request, told | {"trouble": gettext("Your organisation has no log-in of its own here.")}, 404)
    parts = urlsplit(choice["issuer"])
    request.form_actions = [f"{parts.scheme}://{parts.netloc}"]  # type: ignore[attr-defined]
    if request.method != "POST":
        return _page(request, told | {"trouble": str(_SAID.get(request.GET.get("trouble", ""), lambda: "")())}, 200)
    try:
        begun = oidc.begin(
            _config(tenant, choice),
            redirect_uri=redirect_uri(),
            purpose="login",
            digest=None,
            ui_locale=get_language() or "sv",
        )
    except EidError as trouble:
        log.warning("staff log-in not begun", code=trouble.code, reason=trouble.reason)
        return _page(request, told | {"trouble": _SAID["away"]()}, 503)
    flows = dict(list(request.session.get(_NAME, {}).items())[1 - MOST :])
    kept = {"tenant": tenant, "choice": choice, "flow": begun.flow, "next": after}
    request.session[_NAME] = {**flows, begun.flow["state"]: kept}
    return HttpResponseRedirect(begun.url)


_SAID = {
    "cancelled": lambda: gettext("You weren’t logged in there. Try again, or log in with your password."),
    "late": lambda: gettext("That took too long. Begin again."),
    "away": lambda: gettext("Your organisation’s log-in doesn’t answer as it should. Log in with your password."),
}


def _page(request: HttpRequest, told: dict[str, Any], status: int) -> HttpResponse:
    return render(request, "caseworker/log_in/oidc.html", told, status=status)


def _safe(where: str, tenant: str) -> str:
    inside = where.startswith(f"/{tenant}/") and url_has_allowed_host_and_scheme(where, allowed_hosts=None)
    return where if inside else f"/{tenant}/"


@require_safe
def callback(request: HttpRequest) -> HttpResponse:
    """The browser comes back from a provider. A flow that was answered, whatever the answer was, is over."""
    flows = request.session.get(_NAME, {})
    begun = flows.pop(request.GET.get("state", ""), None)
    if begun is None:
        return HttpResponseRedirect(settings.LOGIN_URL)
    request.session[_NAME] = flows
    request.session.save()  # at once, so that no second answer finds it
    tenant = begun["tenant"]
    return answered(request, tenant, BY, "log in", lambda: _finish(request, tenant, begun))


def _finish(request: HttpRequest, tenant: str, begun: dict[str, Any]) -> HttpResponse:
    again = f"/oidc/{tenant}/?" + urlencode({"next": begun["next"]})
    with opened(request) as door:
        name = door.the_tenant.name
    try:
        identity = oidc.finish(_config(tenant, begun["choice"]), begun["flow"], request.GET.dict())
    except (Cancelled, Expired) as trouble:
        return HttpResponseRedirect(
            again + ("&trouble=cancelled" if isinstance(trouble, Cancelled) else "&trouble=late")
        )
    except EidError as trouble:
        if trouble.reason == oidc.UNVERIFIED:
            return _unknown(request, begun, name, trouble.reason)
        log.warning("staff log-in failed", code=trouble.code, reason=trouble.reason)
        request.looks.append(Look("log-in: provider", None, "refused"))  # type: ignore[attr-defined]
        return HttpResponseRedirect(again + "&trouble=away")
    user = _member(request, identity)
    if user is None:
        return _unknown(request, begun, name, "unknown")
    with at_large("log-in", writing=True):
        response = _in(request, user, identity, tenant, begun["next"])
    write_log_ins(request)
    return response


def _unknown(request: HttpRequest, begun: dict[str, Any], name: str, reason: str) -> HttpResponse:
    """The page for whom nothing here is known by what the provider says; why it isn't stands in the log."""
    request.looks.append(Look("log-in: unknown at the provider", None, "refused"))  # type: ignore[attr-defined]
    log.warning("staff log-in", state="refused", reason=reason, subject="")
    words = gettext("Your organisation knows you, but you have no account here. Ask your administrator for one.")
    return _page(request, {"next": begun["next"], "name": name, "possible": False, "trouble": words}, 403)


def _member(request: HttpRequest, identity: Identity) -> StaffUser | None:
    """The active member of this organisation whose log-in name the provider states; None for everybody else."""
    with at_large("log-in"):
        user = StaffUser.objects.filter(email=identity.identifier.lower(), is_active=True).first()
    if user is None:
        return None
    with opened(request):
        return user if StaffMember.objects.filter(user_id=user.id, active=True).exists() else None


def _in(request: HttpRequest, user: StaffUser, identity: Identity, tenant: str, after: str) -> HttpResponse:
    """Log her in, as far as the provider's word goes: wholly, or up to the page that asks for her code. What the
    session showed before doesn't count any more."""
    if str(request.session.get("_auth_user_id", user.id)) != str(user.id):
        request.session.flush()
    clear_authentication_records(request)
    record_authentication(request, user, BY_PROVIDER, tenant=tenant)
    if not identity.acr:
        response: HttpResponse = perform_login(request, Login(user=user, redirect_url=after))
        return response
    record_authentication(request, user, "mfa", type=BY_PROVIDER)
    adapter, login = get_adapter(), Login(user=user, redirect_url=after)
    adapter.login(request, user)
    told = {"email_verification": login.email_verification, "signal_kwargs": None, "email": None, "signup": False}
    response = adapter.post_login(request, user, redirect_url=after, **told)
    return response
