"""All settings, read from the environment: `.env.example` explains each variable.

There is no fallback for a secret, an address or a database. The quick start (`manage.py up`) brings its own environment;
production brings one by its service files. Nothing else differs between the two.
"""

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from whitenoise.compress import Compressor

env = environ.Env()
ROOT = Path(__file__).resolve().parent.parent


def _required(name: str) -> str:
    value = env(name, default="").strip()
    if not value:
        raise ImproperlyConfigured(f"{name} fehlt. Wofür es da ist, steht in .env.example.")
    return value


# ---------------------------------------------------------------- where and how it runs

SECRET_KEY = _required("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
DEBUG = env.bool("DEBUG", default=False)
# The quick start shows fictitious content, keeps mail in a folder and only offers the second factor.
QUICK_START = env.bool("QUICK_START", default=False)

# The one address from which every absolute link is made; `Host` never reaches a link or a mail.
BASE_URL = _required("BASE_URL").rstrip("/")
ALLOWED_HOSTS = env.parse_value(_required("ALLOWED_HOSTS"), list)
HTTPS = BASE_URL.startswith("https://")

# Behind this many proxies of ours; with 0 the forwarding headers are ignored.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)

DATA_DIR = Path(env("DATA_DIR", default=str(ROOT / "var")))

ROOT_URLCONF = "platform_mark.urls"
WSGI_APPLICATION = "platform_mark.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


if not HTTPS and not _is_loopback(urlsplit(BASE_URL).hostname or ""):
    raise ImproperlyConfigured(
        "BASE_URL muss mit https:// beginnen; http:// geht nur auf dem eigenen Rechner (http://localhost:PORT)."
    )

# ---------------------------------------------------------------- apps

INSTALLED_APPS = [
    "platform_mark.desk.apps.DeskAdminConfig",  # django.contrib.admin with our AdminSite
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sitemaps",
    "django.contrib.staticfiles",
    "django.forms",  # FORM_RENDERER takes its templates from our tree first
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_filters",
    "django_prose_editor",
    "procrastinate.contrib.django",
    "platform_mark.apps.PlatformMark",
    "platform_mark.accounts",
    "platform_mark.taxonomy",
    "platform_mark.mail",
    "platform_mark.media",
    "platform_mark.search",
    "platform_mark.publishing",
    "platform_mark.pages",
    "platform_mark.demand",
    "platform_mark.opendata",
    "actors",
    "practices",
    "dialogues",
    "platform_mark.alerts",
    "platform_mark.starter",
]

MIDDLEWARE = [
    # Outermost: sees every answer, so that each one is logged and carries every header, error pages and files included.
    "platform_mark.middleware.AccessLog",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "platform_mark.middleware.ExtraHeaders",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Answers by itself where somebody comes without TLS, so it stands inside of those that add headers.
    "django.middleware.security.SecurityMiddleware",
    "platform_mark.middleware.RequestGuard",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

# ---------------------------------------------------------------- database, cache, jobs

DATABASES = {"default": env.db_url_config(_required("DATABASE_URL"))}
DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
# Statements here take milliseconds: compiling them, or starting helpers for them, would take longer than running them.
_SERVER_OPTIONS = "-c jit=off -c max_parallel_workers_per_gather=0"
# A visitor must not wait for ever; migrations and jobs may take their time. `wsgi.py` sets PROCESS=web.
if env("PROCESS", default="") == "web":
    _SERVER_OPTIONS += " -c statement_timeout=5000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=30000"
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "")
DATABASES["default"]["OPTIONS"]["options"] += f" {_SERVER_OPTIONS}"

# Counters of failed logins must hold over all processes, so the cache lives in the database.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        # A full cache throws out what still counts. What is over is deleted every night.
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},
    }
}

# ---------------------------------------------------------------- language and time

LANGUAGE_CODE = "de"
LANGUAGES = [("de", "Deutsch")]
LOCALE_PATHS = [ROOT / "locale"]
TIME_ZONE = "Europe/Berlin"
USE_I18N = True
USE_TZ = True

# ---------------------------------------------------------------- templates and forms

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "libraries": {"portal": "platform_mark.pages.portal_tags"},
            "builtins": ["django.templatetags.static"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# ---------------------------------------------------------------- static files and media

STATIC_URL = "/static/"
STATIC_ROOT = Path(env("STATIC_ROOT", default=str(DATA_DIR / "static")))
STATICFILES_DIRS = [ROOT / "static"]
MEDIA_URL = "/medien/"
MEDIA_ROOT = Path(env("MEDIA_ROOT", default=str(DATA_DIR / "media")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Compressing source maps takes half of the time of collectstatic; only developers' tools fetch them.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
# Our pages are the only ones that load our files.
WHITENOISE_ALLOW_ALL_ORIGINS = False
FILE_UPLOAD_PERMISSIONS = 0o644
# The largest form of ours holds long texts, no files; files are counted apart.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

# ---------------------------------------------------------------- accounts

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "platform_mark.accounts.passwords.MaximumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "account:home"
LOGOUT_REDIRECT_URL = "home"

ACCOUNT_ADAPTER = "platform_mark.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# Codes to type in, so that no program that opens links in mails confirms anything, and nothing opens on another device.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_TIMEOUT = 15 * 60
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = ACCOUNT_LOGIN_TIMEOUT
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = ACCOUNT_LOGIN_TIMEOUT
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = ACCOUNT_LOGIN_TIMEOUT
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "dashed": True, "length": 8}
# One address per account; the old one counts until the new one is confirmed, and is told.
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_FORMS = {
    "login": "platform_mark.accounts.forms.LoginForm",
    "reauthenticate": "platform_mark.accounts.forms.ReauthenticateForm",
    "change_password": "platform_mark.accounts.forms.ChangePasswordForm",
    "signup": "platform_mark.accounts.forms.SignUpForm",
    "confirm_email_verification_code": "platform_mark.accounts.forms.ConfirmAddressForm",
    "request_login_code": "platform_mark.accounts.forms.RequestLoginCodeForm",
    "confirm_login_code": "platform_mark.accounts.forms.LoginCodeForm",
    "reset_password": "platform_mark.accounts.forms.ResetPasswordForm",
    "confirm_password_reset_code": "platform_mark.accounts.forms.ResetCodeForm",
    "reset_password_from_key": "platform_mark.accounts.forms.NewPasswordForm",
    "add_email": "platform_mark.accounts.forms.NewAddressForm",
}
# Failed logins, see AccountAdapter.pre_authenticate: by client and account together, by account over all clients,
# by client over all accounts, and by client and account while the account is under attack.
ACCOUNT_RATE_LIMITS = {
    "login_failed": "5/5m/key",
    "login_failed_account": "20/h/key",
    "login_failed_client": "10/m/ip,60/h/ip",
    "login_failed_under_attack": "1/5m/key",
    "reauthenticate": "10/m/user",
    "signup": "10/m/ip,60/h/ip",
    "reset_password": "10/m/ip,5/m/key",
    "request_login_code": "10/m/ip,3/m/key",
}
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
MFA_ADAPTER = "platform_mark.accounts.adapter.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "platform_mark.accounts.forms.CodeForm",
    "reauthenticate": "platform_mark.accounts.forms.ReauthenticateCodeForm",
    "activate_totp": "platform_mark.accounts.forms.ActivateTotpForm",
    "add_webauthn": "platform_mark.accounts.forms.AddPasskeyForm",
    "authenticate_webauthn": "platform_mark.accounts.forms.PasskeyForm",
    "login_webauthn": "platform_mark.accounts.forms.LoginPasskeyForm",
    "reauthenticate_webauthn": "platform_mark.accounts.forms.ReauthenticatePasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# Browsers allow passkeys without TLS for the name of the own machine only, which is where the quick start runs.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
# The administration gives out the addresses; nobody confirms them by mail.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Digitalisierung in der Märkischen Region"
# Staff must have a second factor before any admin page opens; the quick start only offers it.
STAFF_SECOND_FACTOR = not QUICK_START

# ---------------------------------------------------------------- headers and cookies

_COOKIE_PREFIX = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{_COOKIE_PREFIX}session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [BASE_URL]
CSRF_FAILURE_VIEW = "platform_mark.pages.errors.csrf_failure"

SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
USE_X_FORWARDED_HOST = False
X_FRAME_OPTIONS = "DENY"
# Preloading HSTS binds the whole domain for years; that is the domain owner's choice, not this portal's.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
if not HTTPS:
    # Allowed on loopback only (see above), where there is no TLS to redirect to.
    SILENCED_SYSTEM_CHECKS += ["security.W004", "security.W008", "security.W012", "security.W016"]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: []
    for feature in (
        *("accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation"),
        *("gyroscope", "magnetometer", "microphone", "midi", "payment", "usb", "xr-spatial-tracking"),
    )
}

# With this on, nobody publishes alone: one hands over for review, another publishes.
FOUR_EYES = env.bool("FOUR_EYES", default=False)

# Load tests come from one address; they raise the limits of the public forms by this factor.
POST_LIMIT_FACTOR = env.int("POST_LIMIT_FACTOR", default=1)

# ---------------------------------------------------------------- mail

EMAIL_CONFIG = env.email_url_config(_required("EMAIL_URL"))
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = _required("DEFAULT_FROM_EMAIL")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# ---------------------------------------------------------------- operator

# Who runs the portal: shown in the footer of every page, so it must not need the database.
OPERATOR = {
    "name": env("OPERATOR_NAME", default="agentur mark GmbH"),
    "street": env("OPERATOR_STREET", default="Handwerkerstraße 11"),
    "town": env("OPERATOR_TOWN", default="58135 Hagen"),
    "phone": env("OPERATOR_PHONE", default="02331 4887814"),
    "hours": env("OPERATOR_HOURS", default="Montag bis Freitag, 9 bis 15 Uhr"),
    "email": env("OPERATOR_EMAIL", default=""),
}
# The address that GovData gives to whoever delivers a catalogue; without one the catalogue leaves it out.
OPEN_DATA_CONTRIBUTOR = env("OPEN_DATA_CONTRIBUTOR", default="")

# ---------------------------------------------------------------- logs

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "platform_mark.logs.JsonFormatter"}},
    "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}},
    "root": {"handlers": ["stdout"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {
        # Django's own handlers would mail and colour; one line to stdout is what the service manager keeps.
        "django": {"handlers": [], "propagate": True},
        # Refused requests are in the access log already, with their status.
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "procrastinate": {"level": "WARNING"},
        # They tell of every task at every start of every command.
        "procrastinate.blueprints": {"level": "WARNING"},
        "procrastinate.periodic": {"level": "WARNING"},
    },
}
