"""Settings. Whatever differs between machines comes from the environment (docs/operations.md lists it)."""

from pathlib import Path

import environ
from celery.schedules import schedule
from csp.constants import NONE, SELF
from kombu import Exchange, Queue

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var"))).resolve()

DEBUG = env.bool("DEBUG", default=False)
# Demo mode: four buttons instead of a code by e-mail, and a clock that can be moved. jarfalla/checks.py
# refuses it when DEBUG is off.
DEMO = env.bool("DEMO", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="only-for-development-and-tests") if DEBUG else env.str("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Where the links in mails lead.
BASE_URL = env.str("BASE_URL", default="http://localhost:8000").rstrip("/")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
    "django_include_bootstrap",
    "django_prose_editor",  # for its script; the field and the widget are our own (decision 21)
    "pghistory",
    "pgtrigger",
    "units",
    "courses",
    "routines",
    "followups",
    "jarfalla",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "jarfalla.middleware.MonitorsMiddleware",
    "jarfalla.middleware.LanguageMiddleware",
    "jarfalla.middleware.SignInFirstMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "pghistory.middleware.HistoryMiddleware",
    "jarfalla.middleware.PlainErrorsMiddleware",
]

ROOT_URLCONF = "jarfalla.urls"
WSGI_APPLICATION = "jarfalla.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

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
                "jarfalla.context_processors.portal",
            ],
            # A misspelt variable is a defect: tests/conftest.py turns this into a failure.
            "string_if_invalid": "",
        },
    },
]

# `manage.py` and the tests start an embedded server and set the variable when it is unset; the default
# below is never reached by a query, it lets tools import the settings.
DATABASES = {"default": env.db_url("DATABASE_URL", default="postgres:///jarfalla")}
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["OPTIONS"] = {"connect_timeout": 5}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# In the database, not in Redis: rate limits at sign-in must hold while Redis is down.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "django_cache"}}

# --- Language and time -------------------------------------------------------------------------------
# Swedish is the source language (design, section 6).
LANGUAGE_CODE = "sv"
LANGUAGES = [("sv", "Svenska"), ("en", "English")]
# The catalogues' sources, and where jarfalla/catalogues.py puts what it makes of them.
LOCALE_PATHS = [BASE_DIR / "jarfalla" / "locale", VAR_DIR / "locale"]
TIME_ZONE = "Europe/Stockholm"
USE_TZ = True

# --- Files ----------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "jarfalla.assets.UsedFilesFinder",
    "jarfalla.fonts.FontFinder",
]
MEDIA_ROOT = VAR_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Hashed names need collectstatic first; development and tests serve the files as they lie.
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- Signing in ------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "units.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "start"
ACCOUNT_ADAPTER = "jarfalla.accounts.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # the code itself proves the address
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600  # seconds
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # silence: whether an address has an account is nobody's business
ACCOUNT_SESSION_REMEMBER = True
SESSION_ENGINE = "jarfalla.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600  # seconds

# Sign-ups to open occasions by somebody who has not signed in: from one network, and with one address. Pauses come from
# mail programs' own networks, many people's from one.
ACCOUNT_RATE_LIMITS = {"open_training": "60/h/ip,10/d/key", "digest_pause": "600/h/ip"}

# --- Mail --------------------------------------------------------------------------------------------------
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="smtp://localhost:8025")
vars().update(EMAIL_CONFIG)
if EMAIL_CONFIG["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend":
    EMAIL_BACKEND = "jarfalla.smtp.EmailBackend"  # the same, with an end
EMAIL_TIMEOUT = 10  # seconds: a mail server that hangs must not hold a worker
# The longest conversation about one mail, and the wait after the first attempt that failed; after the next it is 2, 4,
# 8 … times as long, an hour at most.
MAIL_SECONDS = env.int("MAIL_SECONDS", default=120)
MAIL_RETRY_SECONDS = env.int("MAIL_RETRY_SECONDS", default=60)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Portalen <portalen@localhost>")

# --- Celery -------------------------------------------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", default="redis://localhost:6379/0")
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 5, "max_retries": 1}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for Redis for as long as it takes
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True  # every task can run twice without harm; a killed worker's tasks return
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = TIME_ZONE
# How often beat looks in the database for work that waits, and from which hour (local time) the daily sweep
# may run. Whether today's sweep is done stands in the database, so a lost tick loses nothing.
TICK_SECONDS = env.int("TICK_SECONDS", default=60)
SWEEP_HOUR = env.int("SWEEP_HOUR", default=6)
# From which hour (local time) the night makes binders and the month's archive package.
NIGHT_HOUR = env.int("NIGHT_HOUR", default=2)
# Exports take long: in a queue of their own they keep nobody waiting, for workers take from the two by turns.
CELERY_TASK_QUEUES = [Queue(name, Exchange(name), routing_key=name) for name in ("celery", "exports")]
CELERY_TASK_ROUTES = {"routines.tasks.make_export": {"queue": "exports"}}
CELERY_BEAT_SCHEDULE = {
    "send-waiting-messages": {"task": "units.tasks.send_waiting_messages", "schedule": schedule(TICK_SECONDS)},
    "publish-approved-versions": {
        "task": "routines.tasks.publish_approved_versions",
        "schedule": schedule(TICK_SECONDS),
    },
    "tell-successors": {"task": "routines.tasks.tell_successors", "schedule": schedule(TICK_SECONDS)},
    "tend-exports": {"task": "routines.tasks.tend_exports", "schedule": schedule(TICK_SECONDS)},
    "tend-imports": {"task": "units.tasks.tend_imports", "schedule": schedule(TICK_SECONDS)},
    "sweep": {"task": "jarfalla.tasks.sweep_if_due", "schedule": schedule(TICK_SECONDS)},
    "tell-of-bookings": {"task": "followups.tasks.tell_of_bookings", "schedule": schedule(TICK_SECONDS)},
    "make-follow-up-pdfs": {"task": "followups.tasks.make_follow_up_pdfs", "schedule": schedule(TICK_SECONDS)},
    "invite-to-trainings": {"task": "courses.tasks.invite_to_trainings", "schedule": schedule(TICK_SECONDS)},
    "tend-sign-ups": {"task": "courses.tasks.tend_sign_ups", "schedule": schedule(TICK_SECONDS)},
}
for _entry in CELERY_BEAT_SCHEDULE.values():
    # A tick that nobody took before the next one is worth nothing.
    _entry["options"] = {"expires": TICK_SECONDS}

# How long after an open occasion the names and addresses of those who signed up are kept.
SIGN_UP_KEPT_DAYS = env.int("SIGN_UP_KEPT_DAYS", default=90)

# --- Forms --------------------------------------------------------------------------------------------------
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
# A group session may name everybody in a unit of any size.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
# A whole document pasted in one section is refused at its field, so it must come that far: five million characters,
# some of them three bytes as a form sends them.
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024
MATERIAL_MAX_BYTES = 20 * 1024 * 1024
IMPORT_MAX_BYTES = 20 * 1024 * 1024
# An uploaded list that nobody has decided about for so long is cancelled, and what it held is deleted.
FORGET_IMPORTS_AFTER_DAYS = env.int("FORGET_IMPORTS_AFTER_DAYS", default=30)

# --- Safety -------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # Bootstrap draws its check marks and arrows as data: URLs
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
        "worker-src": [SELF],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CSRF_FAILURE_VIEW = "jarfalla.views.errors.csrf_failure"
SESSION_COOKIE_HTTPONLY = True
# Plain http is only for development; behind a proxy production sets SECURE_PROXY_SSL_HEADER through nginx.
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # a load balancer asks over plain http
SECURE_HSTS_SECONDS = 0 if DEBUG else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
# Without this, the limits at sign-in would count all of the municipality as one address.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BEHIND_PROXY else 0

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "jarfalla.logs.Line", "fmt": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "fontTools": {"level": "WARNING"},
        "pikepdf": {"level": "WARNING"},
    },
}
