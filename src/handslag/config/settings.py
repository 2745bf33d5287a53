"""Settings of the product. Everything that differs between places comes from the environment (docs/reference)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

BASE = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("HANDSLAG_DATA", "var")).resolve()
ROLE = os.environ.get("HANDSLAG_ROLE", "web")
PRODUCTION = os.environ.get("HANDSLAG_PRODUCTION") == "1"


def _secrets() -> dict[str, Any]:
    """`<data>/secrets.json`, made at the first start; without it only commands that need no database work."""
    path = DATA / "secrets.json"
    if path.exists():
        found: dict[str, Any] = json.loads(path.read_text())
        return found
    return {"django": "no-secrets-yet" * 4, "installation_key": "", "roles": {}}


def _conninfo(text: str) -> dict[str, str]:
    from psycopg.conninfo import conninfo_to_dict

    return {key: str(value) for key, value in conninfo_to_dict(text).items() if value is not None}


SECRETS = _secrets()
SECRET_KEY = SECRETS["django"]
DEBUG = False
ALLOWED_HOSTS = os.environ.get("HANDSLAG_HOSTS", ".localhost,127.0.0.1").split(",")

_db = _conninfo(os.environ.get("HANDSLAG_DB", "dbname=handslag"))
DATABASES = {
    "default": {
        "ENGINE": "handslag.domain.tenancy.postgres",
        "NAME": _db.pop("dbname", "handslag"),
        "HOST": _db.pop("host", ""),
        "PORT": _db.pop("port", ""),
        "USER": f"handslag_{ROLE}",
        "PASSWORD": SECRETS["roles"].get(ROLE, ""),
        "CONN_MAX_AGE": 300,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **_db,
            "application_name": f"handslag-{ROLE}",
            "connect_timeout": 5,
            "prepare_threshold": 2,
        },
    }
}

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "procrastinate.contrib.django",
    "django_cotton",
    "django_htmx",
    "handslag.domain.tenancy",
    "handslag.domain.audit",
    "handslag.domain.documents",
    "handslag.domain.people",
    "handslag.domain.tasks",
    "handslag.domain.exchange",
    "handslag.domain.casefile",
    "handslag.domain.lookups",
    "handslag.domain.intake",
    "handslag.domain.elsewhere",
    "handslag.domain.entitlement",
    "handslag.domain.decisions",
    "handslag.domain.payments",
    "handslag.domain.statistics",
    "handslag.domain.oversight",
    "handslag.domain.register",
    "handslag.domain.funding",
    "handslag.domain.accounts",
    "handslag.domain.settlement",
    "handslag.domain.imports",
    "handslag.web.entry",
    "handslag.web.ui",
    "handslag.web.citizen",
    "handslag.web.caseworker",
    "handslag.web.canton",
    "handslag.web.partner",
    "handslag.web.desk",
    # after our own apps, so that our words and pages come first
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "handslag.config.apps.HandslagConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "handslag.web.entry.hosts.Hosts",
    "handslag.web.entry.hosts.Away",
    "handslag.web.entry.sessions.Sessions",
    "handslag.web.entry.hosts.Languages",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "handslag.web.entry.hosts.WithoutNul",
    "handslag.web.entry.hosts.LogIn",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

AUTH_USER_MODEL = "tenancy.StaffUser"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False  # a log-in ends with the browser, after eight hours at the latest
#: Guessing is limited per log-in name. A tight limit per address (allauth's own: 30 log-ins a minute) would let one
#: stranger, or one colleague behind the same proxy, shut everybody out, and a town hall shut out itself at eight.
ACCOUNT_RATE_LIMITS = {"login": "600/m/ip", "login_failed": "5/300s/key,300/m/ip"}
ACCOUNT_ADAPTER = "handslag.web.entry.staff.AccountAdapter"
# the framework's own: a link is made inside the organisation, where only operations write, and allauth's writes
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"
PASSWORD_RESET_TIMEOUT = 3600  # an administrator's one-time link
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
#: A passkey logs in by itself: whoever holds it has also shown a PIN or a finger to it.
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION  # http://desk.localhost:8000
MFA_TOTP_ISSUER = "Handslag"
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1  # codes of half a minute before and after are taken, each once
MFA_FORMS = {
    "authenticate": "handslag.web.entry.codes.CodeForm",
    "reauthenticate": "handslag.web.entry.codes.CodeAgainForm",
}
#: Counts of failed log-ins; shared by the processes of one machine.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": DATA / "cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}
LOGIN_URL = "/log-in/"
LOGOUT_URL = "/log-in/logout/"
LOGIN_REDIRECT_URL = "/"

SESSION_ENGINE = "handslag.web.entry.sessions"
SESSION_COOKIE_NAME = "__Host-session" if PRODUCTION else "session"
SESSION_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 8 * 3600
#: A citizen's session ends after this long without a page, and after this long in any case.
CITIZEN_IDLE_SECONDS = 30 * 60
CITIZEN_SECONDS = 8 * 3600
CSRF_FAILURE_VIEW = "handslag.web.entry.faults.token_lost"
CSRF_COOKIE_NAME = "__Host-csrf" if PRODUCTION else "csrf"
CSRF_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

#: The first label of the host name chooses the counter; anything else sees only /health.
COUNTERS = {
    "api": "handslag.config.urls.api",
    "apply": "handslag.config.urls.apply",
    "desk": "handslag.config.urls.desk",
    "files": "handslag.config.urls.files",
    "health": "handslag.config.urls.health",
}
ROOT_URLCONF = "handslag.config.urls.health"
WSGI_APPLICATION = "handslag.config.wsgi.application"
FORM_RENDERER = "handslag.web.ui.forms.Renderer"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": ["django_cotton.templatetags.cotton"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "handslag.web.entry.frame.context",
            ],
        },
    }
]

LANGUAGE_CODE = "sv"
LANGUAGES = [("sv", "Svenska"), ("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("ar", "العربية")]
#: Spoken only on pages of organisations that offer them.
LANGUAGES_WHERE_OFFERED = ("ar", "de", "fr")
#: Of these spoken on the applicants' pages only.
LANGUAGES_OF_APPLICANTS = ("ar",)
LANGUAGE_COOKIE_NAME = "language"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "/static/"
STATIC_ROOT = DATA / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

DATA_UPLOAD_MAX_MEMORY_SIZE = 2_000_000
#: Files of a form are counted while they come in: what is too large is left out, not the rest of the form.
FILE_UPLOAD_HANDLERS = [
    "handslag.web.entry.uploads.Limited",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
#: The virus scanner's daemon, "host:port" or the path of its socket; empty: what comes from outside stays locked.
CLAMD = os.environ.get("HANDSLAG_CLAMD", "")
PROCRASTINATE_APP = "handslag.jobs.queue.app"
PROCRASTINATE_ON_APP_READY = "handslag.jobs.queue.on_ready"
PROCRASTINATE_IMPORT_PATHS = [
    "handslag.jobs.appeals",
    "handslag.jobs.automated",
    "handslag.jobs.elsewhere",
    "handslag.jobs.authorities",
    "handslag.jobs.exchange",
    "handslag.jobs.register",
    "handslag.jobs.funding",
    "handslag.jobs.settlement",
    "handslag.jobs.statistics",
    "handslag.jobs.imports",
    "handslag.jobs.accounts",
    "handslag.jobs.letters",
    "handslag.jobs.partners",
    "handslag.jobs.sedex",
    "handslag.jobs.payments",
    "handslag.jobs.precalculations",
    "handslag.jobs.scan",
    "handslag.jobs.sheets",
    "handslag.jobs.training",
    "handslag.jobs.watch",
]
PROCRASTINATE_READONLY_MODELS = True
#: How often a worker says that it lives; a job whose worker is silent for three times as long is run again.
#: Folders of forms beside the product's own, one folder per form and version in each.
FORM_FOLDERS = [folder for folder in os.environ.get("HANDSLAG_FORMS", "").split(os.pathsep) if folder]
#: Folders of fonts beside the product's own, for letters and receipts in scripts that those don't show.
FONT_FOLDERS = [folder for folder in os.environ.get("HANDSLAG_FONTS", "").split(os.pathsep) if folder]
for _folder in FONT_FOLDERS:
    if not Path(_folder).is_dir():
        raise ImproperlyConfigured(f"HANDSLAG_FONTS: {_folder} is no folder.")
HEARTBEAT_SECONDS = float(os.environ.get("HANDSLAG_HEARTBEAT_SECONDS", "10"))
STALLED_SECONDS = 3 * HEARTBEAT_SECONDS

#: The development e-ID and the addresses of the counters (docs/how-to/run-in-production.md).
try:
    PORT = int(os.environ.get("HANDSLAG_PORT", "8000"))
except ValueError:
    raise ImproperlyConfigured(f"HANDSLAG_PORT={os.environ['HANDSLAG_PORT']} is no number.") from None
EID_ISSUER = os.environ.get(
    "HANDSLAG_EID_ISSUER", f"http://eid.localhost:{os.environ.get('HANDSLAG_EID_PORT', '8001')}"
)
EID_CLIENT_ID = os.environ.get("HANDSLAG_EID_CLIENT_ID", "handslag-demo")
EID_CLIENT_SECRET = os.environ.get("HANDSLAG_EID_CLIENT_SECRET", "development-only")
APPLY_ORIGIN = os.environ.get("HANDSLAG_APPLY_ORIGIN", f"http://apply.localhost:{PORT}")
DESK_ORIGIN = os.environ.get("HANDSLAG_DESK_ORIGIN", f"http://desk.localhost:{PORT}")
#: Who shows it as a bearer token gets the figures of /metrics; without one only who asks on this machine does.
METRICS_TOKEN = os.environ.get("HANDSLAG_METRICS_TOKEN", "")
#: Where other systems reach us: it stands in our key file for partners.
API_ORIGIN = os.environ.get("HANDSLAG_API_ORIGIN", f"http://api.localhost:{PORT}")
FILES_ORIGIN = os.environ.get("HANDSLAG_FILES_ORIGIN", f"http://files.localhost:{PORT}")
CSRF_TRUSTED_ORIGINS = [APPLY_ORIGIN, DESK_ORIGIN]
#: The composite service of other authorities (SSBTEK); in production none until it is set.
SSBTEK = os.environ.get(
    "HANDSLAG_SSBTEK",
    "" if PRODUCTION else f"http://127.0.0.1:{os.environ.get('HANDSLAG_SSBTEK_PORT', '8002')}/ssbtek",
)
#: Files: the organisation's certificate, its key, who vouches for the service.
SSBTEK_FILES = tuple(os.environ.get(f"HANDSLAG_SSBTEK_{name}", "") for name in ("CERTIFICATE", "KEY", "AUTHORITIES"))
SMTP = os.environ.get("HANDSLAG_SMTP", "")
#: Maildir in which the mailbox of MAIL_SENDER is kept: what came back from there is a task; empty: none is read.
RETURNED = os.environ.get("HANDSLAG_RETURNED", "")
#: Gateway for text messages: `https://:token@host/path` (on loopback also http); empty: they wait.
SMS = os.environ.get("HANDSLAG_SMS", "")
SMS_SENDER = os.environ.get("HANDSLAG_SMS_SENDER", "Handslag")
MAIL_SENDER = os.environ.get("HANDSLAG_MAIL_SENDER", "no-reply@handslag.example")

LOGGING_CONFIG = None
