"""Django and Celery settings, all taken from environment variables; ``docs/deploy.md`` lists them."""

import logging.config
from datetime import timedelta
from typing import Any

from dispatchdesk.practice.servers.place import HOST as PRACTICE_HOST
from dispatchdesk.practice.servers.place import port_in_use
from dispatchdesk.runtime import environment as env

try:
    BASE_DIR = env.PROJECT_ROOT
    DESK_DATA = env.data_directory()
    SECRET_KEY = env.secret_key(DESK_DATA)
    SECRET_KEY_FALLBACKS = env.secret_key_fallbacks()
    HOST = env.text("HOST", "127.0.0.1")
    PORT = env.number("PORT", 8000, lowest=1, highest=65535)
    PUBLIC_URL = env.public_url(host=HOST, port=PORT)
    DATABASE_POOL_SIZE = env.number("DATABASE_POOL_SIZE", 10, lowest=1, highest=500)
    DATABASES = {"default": env.database(env.text("DATABASE_URL"), pool_size=DATABASE_POOL_SIZE)}
    BROKER_URL = env.broker_url()
    DESK_ALLOW_HOSTS = env.opened_hosts()
    AI_BASE_URL = env.ai_base_url()
    AI_API_KEY = env.text("AI_API_KEY")
    AI_MODEL = env.text("AI_MODEL")
    ROUTER = env.choice("ROUTER", ("learned", "model"))
    EMAIL_SERVER = env.email_server()
    DEBUG = env.switch("DEBUG", default=False)
    SPOT_CHECK_PERCENT = env.number("SPOT_CHECK_PERCENT", 5, lowest=0, highest=100)
    API_REQUESTS_PER_SECOND = env.number("API_REQUESTS_PER_SECOND", 100, lowest=1, highest=1_000_000)
    WORKER_PROCESSES = env.number("WORKER_PROCESSES", 4, lowest=1, highest=256)
except env.SettingError as error:
    error.leave()

# On a practice desk its servers may be called, and its model answers unless a real one is named.
PRACTICE_PORT = port_in_use(DESK_DATA)
PRACTICE = bool(PRACTICE_PORT)
if PRACTICE:
    DESK_ALLOW_HOSTS = [*DESK_ALLOW_HOSTS, f"{PRACTICE_HOST}:{PRACTICE_PORT}"]
if PRACTICE and not AI_BASE_URL:
    AI_BASE_URL, AI_MODEL = f"http://{PRACTICE_HOST}:{PRACTICE_PORT}/v1", AI_MODEL or "practice"

IS_HTTPS = PUBLIC_URL.startswith("https://")
BROKER_SCHEME = BROKER_URL.partition(":")[0]

# --- the application ---------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "dispatchdesk.accounts.apps.DeskAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "axes",
    "channels",
    "ninja",
    "routing.apps.RoutingConfig",
    "reviews.apps.ReviewsConfig",
    "dispatchdesk.apps.DispatchDeskConfig",
    "dispatchdesk.accounts.apps.AccountsConfig",
    "dispatchdesk.practice.apps.PracticeConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "dispatchdesk.csp.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dispatchdesk.accounts.actors.actor_middleware",
    "dispatchdesk.refusals.RefusalMiddleware",
]

ROOT_URLCONF = "dispatchdesk.urls"
ASGI_APPLICATION = "dispatchdesk.asgi.application"

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
                "dispatchdesk.csp.nonce",
                "dispatchdesk.context.desk",
            ],
        },
    },
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
SESSION_ENGINE = "dispatchdesk.accounts.sessions"
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"

LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Served by WhiteNoise straight from the sources: no build step, and nothing that can be out of date after an upgrade.
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DESK_DATA / "static"
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = DESK_DATA / "files"
MEDIA_ROOT.mkdir(mode=0o700, exist_ok=True)
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700

# --- who may reach it --------------------------------------------------------------------------------------------

ALLOWED_HOSTS = env.allowed_hosts(PUBLIC_URL)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SOCKET_ORIGINS = env.socket_origins(PUBLIC_URL, port=PORT)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Wrong passwords lock one username for one network: whoever guesses keeps nobody else out.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_CLIENT_IP_CALLABLE = "dispatchdesk.accounts.guessing.network_of"
AXES_CLIENT_STR_CALLABLE = "dispatchdesk.accounts.guessing.client_in_logs"
# The sign-in page says that it is locked; the middleware would put a page of its own in its place.
SILENCED_SYSTEM_CHECKS = ["axes.W002"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

# --- mail --------------------------------------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Dispatch Desk <desk@localhost>")
EMAIL_TIMEOUT = 10
if EMAIL_SERVER is None:
    EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
else:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = EMAIL_SERVER.host, EMAIL_SERVER.port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = EMAIL_SERVER.user, EMAIL_SERVER.password
    EMAIL_USE_TLS, EMAIL_USE_SSL = EMAIL_SERVER.use_tls, EMAIL_SERVER.use_ssl

# --- Celery: a message is a nudge, the rows in PostgreSQL are the truth ------------------------------------------

BROKER_DIRECTORY = DESK_DATA / "broker"
TASK_HARD_LIMIT_SECONDS = 600

CELERY_BROKER_URL = BROKER_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CONNECTION_TIMEOUT = 4
# A RabbitMQ that has vanished without a word is found out after at most twice this many seconds.
CELERY_BROKER_HEARTBEAT = 20
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {}
CELERY_TASK_DEFAULT_QUEUE = env.text("BROKER_QUEUE", "desk")
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = TASK_HARD_LIMIT_SECONDS
CELERY_TASK_SOFT_TIME_LIMIT = TASK_HARD_LIMIT_SECONDS - 30
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = WORKER_PROCESSES
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20.0
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_DETECT_QUORUM_QUEUES = True
# Its queue belongs to one connection: a worker that lost that without RabbitMQ knowing cannot open it again, and ends.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_TIMEZONE = "UTC"
# A nudge that can't be delivered is dropped quickly: the sweeper finds the row a second later.
CELERY_TASK_PUBLISH_RETRY = False

if BROKER_SCHEME == env.EMBEDDED_BROKER_SCHEME:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIRECTORY / "messages"),
        "data_folder_out": str(BROKER_DIRECTORY / "messages"),
        "polling_interval": 0.005,
    }
    # Ctrl-C ends an embedded desk within five seconds.
    CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 1.0
elif BROKER_SCHEME.startswith("redis"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        # Above the hard limit, or a task that still runs would be delivered again.
        "visibility_timeout": TASK_HARD_LIMIT_SECONDS + 60,
        "socket_timeout": 5,
        "socket_connect_timeout": 4,
        "socket_keepalive": True,
        "health_check_interval": 25,
    }
else:
    # A connection that has vanished without a word would else be waited for until the kernel gives it up.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"confirm_publish": True, "read_timeout": 5, "write_timeout": 5}
    CELERY_TASK_DEFAULT_QUEUE_TYPE = "quorum"
    CELERY_TASK_DEFAULT_EXCHANGE_TYPE = "topic"

# --- logging: ids, never content ---------------------------------------------------------------------------------

LOGGING_CONFIG = None
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"hide_links": {"()": "dispatchdesk.logs.HideLinks"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["hide_links"]}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO").upper()},
    "loggers": {
        "axes": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "psycopg.pool": {"level": "ERROR"},
    },
}
logging.config.dictConfig(LOGGING)
