"""Each one-time code once: which were taken stands with the secret, under its lock, for as long as they are good.

allauth notes a code in the cache, for half a minute only and without a lock: with a tolerance the same code would let
somebody in again a minute later, or twice at the same moment.
"""

from __future__ import annotations

from datetime import timedelta

from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms
from allauth.mfa.models import Authenticator

from handslag.kernel import clock


def taken_first(key: int, code: str) -> bool:
    """Whether a valid code of the secret `key` is taken for the first time; notes it. Inside a door that writes."""
    row = Authenticator.objects.select_for_update().get(pk=key)
    now = clock.now()
    good_for = timedelta(seconds=(2 * app_settings.TOTP_TOLERANCE + 1) * app_settings.TOTP_PERIOD)
    since = (now - good_for).timestamp()
    taken = {code: at for code, at in row.data.get("taken", {}).items() if at > since}
    if code in taken:
        return False
    row.data["taken"] = {**taken, code: now.timestamp()}
    row.save(update_fields=["data"])
    return True


class _Once:
    """A form's code, refused as a wrong one is when it was taken before."""

    authenticator: Authenticator

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        digits = "".join(filter(str.isdecimal, code))
        found = self.authenticator
        if found.type == Authenticator.Type.TOTP and not taken_first(found.pk, digits):
            raise get_adapter().validation_error("incorrect_code")
        return code


class CodeForm(_Once, forms.AuthenticateForm):  # type: ignore[misc]
    """The second factor of a log-in."""


class CodeAgainForm(_Once, forms.ReauthenticateForm):  # type: ignore[misc]
    """Once more before she changes how she logs in."""
