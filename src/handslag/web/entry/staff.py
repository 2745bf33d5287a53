"""How staff log in: password and one-time code, on allauth. Accounts are made by administrators, never by sign-up."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up by themselves; whoever has factors already proves it is she before changing them."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, app: str) -> bool:
        return app == "allauth.mfa" and is_mfa_enabled(self.request.user)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Nothing is sent from inside a log-in: notices are the outbox's."""


def has_second_factor(request: HttpRequest) -> bool:
    """Whether this session was opened with a one-time code (or recovery code) besides the password."""
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, request.user))
