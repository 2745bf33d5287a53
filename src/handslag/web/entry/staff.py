"""How staff log in: password and one-time code, on allauth. Accounts are made by administrators, never by sign-up."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from handslag.domain.audit.operations import Look, write_looks
from handslag.domain.tenancy.door import Actor, UnknownTenant, acting, at_large, system
from handslag.domain.tenancy.models import Organisation, StaffMember, StaffUser
from handslag.domain.tenancy.policies import setting
from handslag.kernel import clock

log = structlog.get_logger("staff")
PURPOSE = "log in"


def password_link(user: StaffUser) -> str:
    """Where somebody sets a new password: good once and for one hour, as long as nothing of her log-in changes."""
    key = default_token_generator.make_token(user)
    return f"{settings.DESK_ORIGIN}/log-in/reset/{user_pk_to_url_str(user)}-{key}/"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up by themselves; whoever has factors already proves it is she before changing them."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, app: str) -> bool:
        return app == "allauth.mfa" and is_mfa_enabled(self.request.user)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """How she shows once more that it is she: by password, or by a code. We have no page for a passkey there, and
        allauth would look for one as soon as somebody has a passkey."""
        if not user.is_authenticated:
            return []
        codes = [Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES]
        ways = {
            "account_reauthenticate": user.has_usable_password(),
            "mfa_reauthenticate": is_mfa_enabled(user, codes),
        }
        return [{"id": name, "description": "", "url": reverse(name)} for name, there in ways.items() if there]

    def post_login(self, request: HttpRequest, user: Any, **told: Any) -> HttpResponse:
        """She is in: with her one-time code, or on the way to getting one."""
        note_log_in(request, user, "")
        answer: HttpResponse = super().post_login(request, user, **told)
        return answer

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        note_log_in(request, user, "inactive")
        answer: HttpResponse = super().respond_user_inactive(request, user)
        return answer

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Nothing is sent from inside a log-in: notices are the outbox's."""


def has_second_factor(request: HttpRequest) -> bool:
    """Whether this session was opened with a one-time code (or recovery code) besides the password."""
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, request.user))


#: How a log-in by the organisation's own provider stands in a session's records, beside allauth's own.
BY_PROVIDER = "oidc"


def only_at(request: HttpRequest) -> str | None:
    """The short name of the one organisation that this session is good for: that of the provider which vouched for her.
    None where she has shown what is her own, password and code or a passkey: then for all that she works for."""
    records = get_authentication_records(request, request.user)
    code = any(one.get("method") == "mfa" and one.get("type") != BY_PROVIDER for one in records)
    own = any(one.get("method") == "password" or one.get("passwordless") for one in records)
    vouched = [str(one["tenant"]) for one in records if one.get("method") == BY_PROVIDER]
    return vouched[-1] if vouched and not (code and own) else None


def by_passkey_alone(request: HttpRequest, tenant: str) -> bool:
    """Whether a passkey is all that this session has shown to that organisation: no password besides, and its own
    provider didn't vouch for her. The word of another's is none here."""
    records = get_authentication_records(request, request.user)
    vouched = {"method": BY_PROVIDER, "tenant": tenant}.items()
    besides = any(one.get("method") == "password" or vouched <= one.items() for one in records)
    return any(one.get("passwordless") for one in records) and not besides


def passkey_is_enough(tenant: str) -> bool:
    """Whether a passkey alone opens that organisation; True where there is no such one, as its pages then say. Outside
    any door."""
    try:
        with acting(tenant, system("log-in"), PURPOSE):
            return bool(setting("passkey_alone"))
    except UnknownTenant:
        return True


def own_provider(request: HttpRequest) -> str:
    """The short name of the organisation whose page the log-in leads to, if its staff log in by a provider of its own;
    else "". Outside any door."""
    slug = slug_asked_for(request)
    try:
        with acting(slug, system("log-in"), PURPOSE):
            return slug if setting("staff_oidc") else ""
    except UnknownTenant:
        return ""


def note_log_in(request: HttpRequest, user: StaffUser | None, refused: str, *, by_password: bool = False) -> None:
    """Note a log-in of staff, or why it was refused (a word); written when the log-in's own door is closed. With
    `by_password` nothing yet shows that it is she."""
    noted = request.__dict__.setdefault("log_ins", [])
    noted.append((user.pk if user else None, refused, by_password))


def write_log_ins(request: HttpRequest) -> None:
    """Leave a trace of what was noted: a log line with ids only, and an entry in the read log of the organisations of
    hers. Before a right password was shown only of the one that the address names: to look through all of them would
    take longer for a log-in name that exists, and tell so."""
    for user, refused, by_password in request.__dict__.pop("log_ins", ()):
        tell = log.warning if refused else log.info
        tell("staff log-in", state="refused" if refused else "in", reason=refused, subject=str(user) if user else "")
        by = system("log-in") if refused else Actor("staff", user)
        what = f"log-in: {refused}" if refused else "log-in"
        for tenant in _asked_for(request) if by_password else _tenants() if user else ():
            with acting(tenant, by, PURPOSE):
                member = StaffMember.objects.filter(user_id=user, active=True).values_list("id", flat=True).first()
            if member is not None:
                look = Look(what, member, "refused" if refused else "read")
                write_looks(tenant=tenant, by=by, purpose=PURPOSE, looks=[look], now=clock.now())


def _tenants() -> list[int]:
    with at_large(PURPOSE):
        found = Organisation.objects.filter(is_tenant=True, active=True).order_by("id")
        return list(found.values_list("id", flat=True))


def _asked_for(request: HttpRequest) -> list[int]:
    """The organisation whose page the log-in leads to, if it leads to one."""
    with at_large(PURPOSE):
        found = Organisation.objects.filter(slug=slug_asked_for(request), is_tenant=True, active=True)
        return list(found.values_list("id", flat=True))


def slug_asked_for(request: HttpRequest) -> str:
    """The first part of the address that the log-in leads to: an organisation's short name, if it leads to one."""
    told = request.POST.get("next") or request.GET.get("next", "")
    return urlsplit(told).path.strip("/").partition("/")[0]
