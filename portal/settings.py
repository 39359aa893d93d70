"""Every setting, each from the environment, with a default that is safe and fit for development only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF

from portal import api_schema, environment, logs, stores

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("PORTAL_VAR", BASE_DIR / "var"))


def _flag(name: str) -> bool:
    return os.environ.get(name, "").lower() in {"1", "true", "yes", "on"}


def _words(name: str, default: str = "") -> list[str]:
    return [word for word in os.environ.get(name, default).replace(",", " ").split() if word]


# What this process is
DEBUG = _flag("DEBUG")
DEMO = _flag("DEMO")  # only a demonstration may shift the business clock
DEMO_PASSWORD = os.environ.get("DEMO_PASSWORD", "") if DEMO else ""  # of its log-ins, told on the log-in page
SANDBOX = DEMO and _flag("SANDBOX")  # a demonstration whose test client may move the clock
TESTING = "PYTEST_VERSION" in os.environ
CRASH_POINTS = environment.chances("CRASH_POINTS") if DEMO else {}  # where processes die, and how often

# Empty is refused by Django at first use, and by the servers at their start.
SECRET_KEY = os.environ.get("SECRET_KEY", "")
if not SECRET_KEY and (DEBUG or DEMO or TESTING):
    SECRET_KEY = "for development only, and worth nothing: " + "0" * 40
SECRET_KEY_FALLBACKS = _words("SECRET_KEY_FALLBACKS")  # still read, no longer used to sign or seal
REFERENCE_KEY = os.environ.get("REFERENCE_KEY", "") or SECRET_KEY  # hides ids in addresses
REFERENCE_KEY_FALLBACKS = _words("REFERENCE_KEY_FALLBACKS") + SECRET_KEY_FALLBACKS
ALLOWED_HOSTS = _words("ALLOWED_HOSTS", "localhost 127.0.0.1 [::1]")
CSRF_TRUSTED_ORIGINS = _words("CSRF_TRUSTED_ORIGINS")
# Proxies of ours in a row, each of which adds to X-Forwarded-For.
BEHIND_PROXY = environment.count("BEHIND_PROXY")
ROOT_URLCONF = "demo.urls" if DEMO else "portal.urls"  # a demonstration has a mailbox besides
WSGI_APPLICATION = "portal.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "template_partials",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.idp.oidc",
    "portal.kernel",
    "portal.identity",
    "portal.recurring",
    "portal.events",
    "portal.accounts",
    "portal.embedded",
    "rollouts",
    "demo",
    "notifications",
]

# Form controls are drawn with the templates of the project that are in templates/django/forms/
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

MIDDLEWARE = [
    "portal.middleware.RequestIdMiddleware",
    "portal.identity.tenants.TenantMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.middleware.PageCompressionMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.identity.tenants.answer_for_the_person",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.accounts.middleware.end_idle_sessions",
    "portal.accounts.unsent_forms.keep_unsent_forms",
    "portal.accounts.middleware.second_factor",
    "portal.accounts.double_submit.submit_once",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.PageRefusalsMiddleware",
]

# Suspending has a process and connections of its own, which no load on the others can take. A proxy leads to
# it by the address; where there is none, it is at another port of the same name.
if _flag("ONLY_SUSPENDING"):
    MIDDLEWARE.insert(0, "portal.middleware.OnlySuspendingMiddleware")
SUSPEND_PORT = os.environ.get("SUSPEND_PORT", "")

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "portal.context.portal",
            ],
        },
    }
]

# Stores
DATABASES = {
    "default": stores.database(os.environ.get("DATABASE_URL", "postgresql://portal@127.0.0.1:5432/portal"))
}
DATABASE_POOL_SIZE = int(os.environ.get("DATABASE_POOL_SIZE", "0"))
if DATABASE_POOL_SIZE:
    DATABASES["default"]["OPTIONS"]["pool"] = stores.pool(DATABASE_POOL_SIZE)
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 0 if TESTING else 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True  # a restarted database costs a request nothing
DATABASE_ROLE = os.environ.get("DATABASE_ROLE", "portal")  # the application's: it owns no table
ROW_LEVEL_SECURITY = not _flag("ONE_DATABASE_ROLE")  # requests have roles of their own (ADR 17)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = os.environ.get("REDIS_URL", "")  # the broker
# What people put into the cache must not fill the broker: in production it is a server of its own.
CACHE_URL = os.environ.get("CACHE_URL", "") or REDIS_URL
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "portal.kernel.caching.ForgetfulRedisCache",
        "LOCATION": CACHE_URL,
        "OPTIONS": {"serializer": "portal.kernel.caching.JsonSerializer"},
    }
    if CACHE_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# Tasks: JSON only, acknowledged when done, never with a date (see portal/celery.py)
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # whoever waits for the broker waits for as long as it is away
CELERY_WORKER_CONSUMER = "portal.recurring.reconnecting:ReconnectingConsumer"
if CELERY_BROKER_URL.startswith("redis"):  # a broker that is gone without a word is noticed as a database is
    CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_keepalive": True, "socket_keepalive_options": stores.KEEPALIVE}
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_DEFAULT_QUEUE = "reports"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "portal.recurring.ringing:RingingScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 0.5

# Who is asking
AUTH_USER_MODEL = "identity.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "portal.accounts.passwords.LeakedPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["portal.accounts.backend.Backend"]
LOGIN_URL = LOGOUT_REDIRECT_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
SESSION_ENGINE = "portal.accounts.session_store"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_IDLE_SECONDS = 60 * int(os.environ.get("SESSION_IDLE_MINUTES", "60"))  # without an act of the person
SESSION_COOKIE_NAME = "portal_session"

# Accounts (allauth): by e-mail, made by an administrator of the organisation, never by signing up
SECOND_FACTOR_REQUIRED = _flag("SECOND_FACTOR_REQUIRED") or not (
    DEMO or TESTING or "SECOND_FACTOR_REQUIRED" in os.environ
)  # of the DCC's and the Panel's people; a demonstration's log-ins have to work with a password alone
ACCOUNT_ADAPTER = "portal.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # whoever has set a password had the letter that invited them
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # this session goes on; every other one ends
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105
ACCOUNT_FORMS = {
    "login": "portal.accounts.forms.LogInForm",
    "reset_password": "portal.accounts.forms.ForgottenPasswordForm",
    "reset_password_from_key": "portal.accounts.forms.NewPasswordForm",
    "change_password": "portal.accounts.forms.ChangePasswordForm",
    "set_password": "portal.accounts.forms.SetPasswordForm",
    "reauthenticate": "portal.accounts.forms.ConfirmPasswordForm",
}
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "20/5m/ip,5/5m/key",  # by address and by mailbox; a try is counted before it is judged
    "reset_password": "20/m/ip,3/5m/key",
}
ALLAUTH_TRUSTED_PROXY_COUNT = BEHIND_PROXY  # the address of a caller is the one the outermost wrote
MFA_ADAPTER = "portal.accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "portal.accounts.forms.CodeForm",
    "reauthenticate": "portal.accounts.forms.ConfirmCodeForm",
    "activate_totp": "portal.accounts.forms.ActivateAppForm",
    "add_webauthn": "portal.accounts.forms.AddPasskeyForm",
    "edit_webauthn": "portal.accounts.forms.RenamePasskeyForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Firmware Portal"
MFA_TOTP_TOLERANCE = 1
SOCIALACCOUNT_ADAPTER = "portal.accounts.adapters.SingleSignOnAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form could not lead to another host: form-action 'self'
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10
SINGLE_SIGN_ON_INSIDE = DEMO or TESTING or _flag("SINGLE_SIGN_ON_INSIDE")  # providers at internal addresses

# Systems (OAuth 2 client credentials, tables of allauth.idp.oidc)
IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN = 10 * 60
API_REQUESTS_A_MINUTE = int(os.environ.get("API_REQUESTS_A_MINUTE", "1200"))  # by each client
API_TOKENS_A_MINUTE = 60  # by each address
API_SECRET_OVERLAP_DAYS = 7  # the former secret still counts, once a new one has been made

# Behind TLS, unless it is said to be a plain one (development, demonstration, tests)
PLAIN_HTTP = DEBUG or DEMO or TESTING or _flag("PLAIN_HTTP")
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "http" if PLAIN_HTTP else "https"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = PLAIN_HTTP  # then browsers offer passkeys on localhost only
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not PLAIN_HTTP
if not PLAIN_HTTP:  # browsers then take these cookies from this very host alone, over TLS alone
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-portal_session", "__Host-portal_csrf"
CSRF_FAILURE_VIEW = "portal.accounts.unsent_forms.csrf_failure"
CSRF_COOKIE_HTTPONLY = False  # htmx reads the token from the page, but a script of ours may need it
SECURE_SSL_REDIRECT = not PLAIN_HTTP
SECURE_REDIRECT_EXEMPT = ["^livez$", "^readyz$", "^metrics$"]
SECURE_HSTS_SECONDS = 0 if PLAIN_HTTP else 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not PLAIN_HTTP
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Where events come from, if not from this very origin; one for each name the portal goes by.
STREAM_ORIGIN = _words("STREAM_ORIGIN")
STREAM_BEHIND_PROXY = bool(BEHIND_PROXY)  # the proxy leads to it what asks for /stream
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF, *STREAM_ORIGIN],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}

# Uploads of a million GUIDs are files on disk, and count as one field
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
BODY_SECONDS = int(os.environ.get("BODY_SECONDS", "300"))  # within which a body has to arrive

# Words, times, files
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_TZ = True
USE_I18N = False
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = os.environ.get("STATIC_ROOT")  # set where files were collected: then they are served hashed
WHITENOISE_USE_FINDERS = not STATIC_ROOT
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": os.environ.get("MEDIA_ROOT", str(VAR_DIR / "media"))},
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_ROOT
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Mail: to the log, unless a server is named; a demonstration keeps it, for everybody to read
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = bool(EMAIL_HOST) and not _flag("EMAIL_WITHOUT_TLS")
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = (
    "demo.mailbox.MailboxBackend"
    if DEMO
    else f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
)
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL") or "firmware portal <portal@portal.example>"

# Areas meet here, not in imports
BODY_SENDERS = "portal.accounts.senders.is_known"
PORTAL_URL = os.environ.get("PORTAL_URL", "http://127.0.0.1:8000").rstrip("/")
EVENT_SUBSCRIBERS = ["notifications.services.fan_out"]
FEED_FOLLOWERS = ["notifications.webhooks.wakeups.wake_delivery"]
FEED_NAMES = "rollouts.queries.rollouts.feed_names.feed_names"
FEED_MESSAGES = "rollouts.service_requests.fetching.MESSAGES"
FEED_REGIONS = "rollouts.queries.estate.feed_regions.FEED_REGIONS"
LARGEST_IMAGE_OCTETS = int(os.environ.get("LARGEST_IMAGE_OCTETS", "10240000"))  # what DUIS carries at most
# Working days before a cut-off at which Suppliers are reminded of hubs that wait for their answer
CUTOFF_REMINDERS = [int(days) for days in _words("CUTOFF_REMINDERS", "14 7 1")]
# The Service Request variant: what the portal signs with, whom it trusts (all in PEM), and its alert's code
SERVICE_REQUEST_KEY_FILE = os.environ.get("SERVICE_REQUEST_KEY_FILE", "")
SERVICE_REQUEST_CERTIFICATE_FILE = os.environ.get("SERVICE_REQUEST_CERTIFICATE_FILE", "")
SERVICE_REQUEST_ROOTS_FILE = os.environ.get("SERVICE_REQUEST_ROOTS_FILE", "")
# Certificates of callers' connections, as the proxies that end TLS tell them
CLIENT_CERTIFICATES = environment.word("CLIENT_CERTIFICATES", "optional", "required")
CLIENT_CERTIFICATE_PROXIES = _words(
    "CLIENT_CERTIFICATE_PROXIES"
)  # networks; nobody else's header is believed
DCC_ALERT_CODE = os.environ.get("DCC_ALERT_CODE", "N64")
FEED_KEPT_MONTHS = int(os.environ.get("FEED_KEPT_MONTHS", "13"))  # whole months, besides the one that runs

# The event stream, and those who wait for events in a request of their own
STREAM_PAGES = _words("STREAM_PAGES") or [PORTAL_URL]  # origins of pages that may follow it from elsewhere
STREAM_CLIENTS = int(os.environ.get("STREAM_CLIENTS", "5000"))  # of one process
STREAM_CLIENTS_OF_ONE = int(os.environ.get("STREAM_CLIENTS_OF_ONE", "100"))  # person or system
STREAM_CLIENTS_OF_ORGANISATION = int(os.environ.get("STREAM_CLIENTS_OF_ORGANISATION", "500"))
LONG_POLLS = int(os.environ.get("LONG_POLLS", "4"))  # that one process keeps waiting: each takes a thread

# Webhooks: an address somebody has typed must not lead into our own network
WEBHOOK_NETWORKS_INSIDE = _words("WEBHOOK_NETWORKS_INSIDE", "127.0.0.0/8 ::1" if DEMO or TESTING else "")
WEBHOOK_SECONDS = float(os.environ.get("WEBHOOK_SECONDS", "15"))  # for a call as a whole
WEBHOOK_GIVES_UP_AFTER_DAYS = float(os.environ.get("WEBHOOK_GIVES_UP_AFTER_DAYS", "5"))
WEBHOOK_SECRET_OVERLAP_HOURS = 24  # the former secret still signs, once a new one has been made
WEBHOOK_LOG_DAYS = 30

# The other side, as a demonstration or a rehearsal sets it up: where commands for hubs go, what the portal
# shows there, and what each CSP shows here (`north=..,central=..,fourg=..`). Otherwise kept per region.
CSP_BASE_URL = os.environ.get("CSP_BASE_URL") or "http://127.0.0.1:8100"
CSP_TOKEN = os.environ.get("CSP_TOKEN", "")
HUBSIM_TOKENS = os.environ.get("HUBSIM_TOKENS", "")
CSP_TIMEOUT_SECONDS = float(
    os.environ.get("CSP_TIMEOUT_SECONDS", "20")
)  # a halt waits no longer than one call
DISPATCH: dict[str, Any] = {  # what is not named keeps the default of rollouts.rules.pacing.DispatchSettings
    "command_size": int(os.environ.get("DISPATCH_COMMAND_SIZE", "2000")),
    "ready_ahead": int(os.environ.get("DISPATCH_READY_AHEAD", "500")),
}

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "portal.rest.responses.Negotiation",
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "portal.rest.operations.OperationSchema",
    "EXCEPTION_HANDLER": "portal.problems.handle",
    "URL_FORMAT_OVERRIDE": None,  # `Accept` says which form is wanted
    "UNICODE_JSON": True,
}
SPECTACULAR_SETTINGS = api_schema.SETTINGS

# For those who watch it: figures for whoever shows the token
METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")
METRIC_SOURCES = [
    "portal.health.metrics",
    "portal.events.metrics.metrics",
    "rollouts.queries.rollouts.measures.metrics",
    "notifications.metrics.metrics",
]
LOG_LEVEL = os.environ.get("LOG_LEVEL", "INFO").upper()
LOGGING = logs.configure(LOG_LEVEL)
