"""Log-in of staff: allauth's flows in our pages. Everything here runs behind the door at_large.

Password and one-time code or passkey, or a passkey alone where the organisation takes that (setting `passkey_alone`,
`entry.pages`); without a one-time code nobody gets further than to its activation.
"""

from __future__ import annotations

import json
from typing import Any

from allauth.account import views as account
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.base import views as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.mfa.webauthn.internal.auth import begin_registration
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, re_path, reverse, reverse_lazy
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from django.views.generic import RedirectView

from handslag.domain.tenancy.models import StaffUser
from handslag.web.entry import frame
from handslag.web.entry.codes import taken_first
from handslag.web.entry.staff import by_passkey_alone, note_log_in, only_at, slug_asked_for


class OurFrame:
    """The header and footer of our layout: allauth puts something else under the same name."""

    request: HttpRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        form = found.get("form")
        for field in form.fields.values() if form else ():
            field.widget.attrs.pop("placeholder", None)
        user = self.request.user
        self.request.person = str(user) if user.is_authenticated else ""  # type: ignore[attr-defined]
        return {**found, "site": frame.context(self.request)["site"]}


class Own(OurFrame):
    """A page on which she changes how she logs in: only once she has shown what is her own. A provider that vouched for
    her can't give itself a way in that way, which would open every organisation of hers."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated and only_at(request) is not None:
            said = {"site": frame.context(request)["site"]}
            return render(request, "caseworker/log_in/own_first.html", said, status=403)
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


class LogIn(OurFrame, account.LoginView):  # type: ignore[misc]
    template_name = "caseworker/log_in/log_in.html"

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)
        form.fields["login"].label = _("E-mail address")
        form.fields["login"].widget.attrs["autocomplete"] = "username"
        form.fields["password"].help_text = ""
        return form

    def form_invalid(self, form: Any) -> HttpResponse:
        codes = {error.code for errors in form.errors.as_data().values() for error in errors}
        for code, why in (("email_password_mismatch", "wrong password"), ("too_many_login_attempts", "locked out")):
            if code in codes:
                user = StaffUser.objects.filter(email=str(form.data.get("login", "")).strip().lower()).first()
                note_log_in(self.request, user, why, by_password=True)
        answer: HttpResponse = super().form_invalid(form)
        return answer


class LogOut(OurFrame, account.LogoutView):  # type: ignore[misc]
    template_name = "caseworker/log_in/log_out.html"


class Inactive(OurFrame, account.AccountInactiveView):  # type: ignore[misc]
    template_name = "caseworker/log_in/inactive.html"


class PasswordAgain(OurFrame, account.ReauthenticateView):  # type: ignore[misc]
    """Once more before she changes how she logs in; or as the other half of a log-in by passkey, for an organisation
    that wants both."""

    template_name = "caseworker/log_in/again.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = super().get_context_data(**kwargs)
        there = slug_asked_for(self.request)
        return {**found, "both": there not in ("", "log-in") and by_passkey_alone(self.request, there)}

    def form_invalid(self, form: Any) -> HttpResponse:
        user = self.request.user
        note_log_in(self.request, user if isinstance(user, StaffUser) else None, "wrong password")
        answer: HttpResponse = super().form_invalid(form)
        return answer


class CodeAgain(OurFrame, mfa.ReauthenticateView):  # type: ignore[misc]
    template_name = "caseworker/log_in/again.html"


class NewPassword(Own, account.PasswordChangeView):  # type: ignore[misc]
    template_name = "caseworker/log_in/password.html"

    def get_default_success_url(self) -> str:
        return reverse("mfa_index")


class ResetPassword(OurFrame, account.PasswordResetFromKeyView):  # type: ignore[misc]
    """Where an administrator's one-time link leads; it opens nothing by itself."""

    template_name = "caseworker/log_in/reset.html"
    success_url = reverse_lazy("account_login")


class OneTimeCode(OurFrame, mfa.AuthenticateView):  # type: ignore[misc]
    """The second factor: a code, or a passkey of hers where she has one."""

    template_name = "caseworker/log_in/code.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = super().get_context_data(**kwargs)
        options = found["js_data"]["request_options"]
        return {**found, "options": json.dumps(options) if options["publicKey"].get("allowCredentials") else ""}

    def form_invalid(self, form: Any) -> HttpResponse:
        codes = {error.code for errors in form.errors.as_data().values() for error in errors}
        wrong = "passkey" if form is self.webauthn_form else "wrong code"
        note_log_in(self.request, self.stage.login.user, wrong if "incorrect_code" in codes else "no code taken")
        answer: HttpResponse = super().form_invalid(form)
        return answer


class Passkey(webauthn.LoginWebAuthnView):  # type: ignore[misc]
    def form_invalid(self, form: Any) -> HttpResponse:
        note_log_in(self.request, None, "passkey", by_password=True)
        answer: HttpResponse = super().form_invalid(form)
        return answer


class Activate(Own, totp.ActivateTOTPView):  # type: ignore[misc]
    template_name = "caseworker/log_in/activate.html"

    def form_valid(self, form: Any) -> HttpResponse:
        # A right code of the new factor is a code like any other: this session has its second factor, and it is taken.
        answer: HttpResponse = super().form_valid(form)
        made = Authenticator.objects.get(user=self.request.user, type=Authenticator.Type.TOTP)
        taken_first(made.pk, form.cleaned_data["code"])
        record_authentication(self.request, self.request.user, "mfa", type="totp", reauthenticated=True)
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = super().get_context_data(**kwargs)
        return {**found, "picture": mark_safe(found["totp_svg"]), "secret": found["form"].secret}


class RecoveryCodes(Own, recovery.ViewRecoveryCodesView):  # type: ignore[misc]
    template_name = "caseworker/log_in/recovery_codes.html"


class NewRecoveryCodes(Own, recovery.GenerateRecoveryCodesView):  # type: ignore[misc]
    template_name = "caseworker/log_in/new_recovery_codes.html"


class AddPasskey(Own, webauthn.AddWebAuthnView):  # type: ignore[misc]
    template_name = "caseworker/log_in/passkey.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        # Kept in the authenticator and released by a PIN or a finger: it can log in by itself.
        found = super().get_context_data(**kwargs)
        return {**found, "options": json.dumps(begin_registration(self.request.user, True))}

    def get_success_url(self) -> str:
        return reverse("mfa_index")


class Factors(OurFrame, mfa.IndexView):  # type: ignore[misc]
    template_name = "caseworker/log_in/factors.html"


def too_many(request: HttpRequest) -> HttpResponse:
    """Too many tries: wait."""
    note_log_in(request, None, "too many", by_password=True)
    return render(request, "caseworker/log_in/too_many.html", status=429)


urlpatterns = [
    path("", LogIn.as_view(), name="account_login"),
    path("logout/", LogOut.as_view(), name="account_logout"),
    path("inactive/", Inactive.as_view(), name="account_inactive"),
    path("again/", PasswordAgain.as_view(), name="account_reauthenticate"),
    path("password/", login_required(NewPassword.as_view()), name="account_change_password"),
    re_path(
        r"^reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[0-9A-Za-z-]+)/$",
        ResetPassword.as_view(),
        name="account_reset_password_from_key",
    ),
    path("code/", OneTimeCode.as_view(), name="mfa_authenticate"),
    path("code/again/", CodeAgain.as_view(), name="mfa_reauthenticate"),
    path("2fa/", Factors.as_view(), name="mfa_index"),
    path("2fa/totp/activate/", Activate.as_view(), name="mfa_activate_totp"),
    # A second factor is never switched off by its owner: an administrator resets it (handslag organisation
    # reset-password --factors).
    path("2fa/totp/", RedirectView.as_view(pattern_name="mfa_index"), name="mfa_deactivate_totp"),
    path("passkey/", Passkey.as_view(), name="mfa_login_webauthn"),
    path("2fa/passkeys/add/", AddPasskey.as_view(), name="mfa_add_webauthn"),
    path("2fa/recovery-codes/", RecoveryCodes.as_view(), name="mfa_view_recovery_codes"),
    path("2fa/recovery-codes/new/", NewRecoveryCodes.as_view(), name="mfa_generate_recovery_codes"),
]
