"""All settings, from the environment; production differs from a rehearsal by nothing else.

`docs/settings.md` lists every variable. A wrong value stops the start with a sentence that names it.
"""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

MODES = ("production", "rehearsal", "test")


class WrongSetting(Exception):
    """A variable of the environment is missing or cannot be read."""


def variable(name: str, default: str | None = None) -> str:
    """The value of an environment variable; without a default it must be there."""
    value = os.environ.get(name, default)
    if value is None:
        raise WrongSetting(f"{name} is not set; see docs/settings.md")
    return value


def database(url: str) -> dict[str, Any]:
    """Django's settings for `postgresql://user:password@host:port/name?host=/socket/folder`."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise WrongSetting("DATABASE_URL must begin with postgresql://")
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            **query,
            "server_side_binding": True,
            "prepare_threshold": 3,
            "options": "-c lock_timeout=10s -c timezone=UTC",
        },
    }


def secret(name: str) -> bytes:
    """32 bytes in hexadecimal, from the variable or from the file that `<name>_FILE` names."""
    file = os.environ.get(name + "_FILE")
    text = Path(file).read_text().strip() if file else variable(name)
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != 32:
        raise WrongSetting(f"{name} must be 64 hexadecimal digits (32 bytes)")
    return value


def later_keys(name: str) -> dict[int, bytes]:
    """Keys after the first, which follows from the master key: `2=<64 hexadecimal digits> 3=…`."""
    found = {}
    for entry in os.environ.get(name, "").split():
        version, _, digits = entry.partition("=")
        try:
            found[int(version)] = bytes.fromhex(digits)
        except ValueError:
            found[0] = b""
    if sorted(found) != list(range(2, len(found) + 2)) or any(len(key) != 32 for key in found.values()):
        raise WrongSetting(f"{name} must read like 2=<64 hexadecimal digits> 3=<64 hexadecimal digits>, without gaps")
    return found


def version_of(name: str, keys: dict[int, bytes], default: int) -> int:
    """One of the versions 1 and those of `keys`."""
    text = variable(name, str(default))
    if not text.isdigit() or int(text) not in (1, *keys):
        raise WrongSetting(f"{name} must be the version of a key that is there, not {text!r}")
    return int(text)


def optional_path(name: str) -> Path | None:
    value = os.environ.get(name)
    return Path(value) if value else None


MODE = variable("BEKAL_MODE", "production")
if MODE not in MODES:
    raise WrongSetting(f"BEKAL_MODE must be one of {', '.join(MODES)}, not {MODE!r}")
REHEARSAL = MODE != "production"

PACKAGE = Path(__file__).resolve().parent.parent
MASTER_KEY = secret("BEKAL_MASTER_KEY")
COLUMN_KEYS = later_keys("BEKAL_COLUMN_KEYS")
COLUMN_KEY = version_of("BEKAL_COLUMN_KEY", COLUMN_KEYS, max(COLUMN_KEYS, default=1))
INDEX_KEYS = later_keys("BEKAL_INDEX_KEYS")
INDEX_FROM = version_of("BEKAL_INDEX_FROM", INDEX_KEYS, 1)
SECRET_KEY = "django:" + MASTER_KEY.hex()
CLOCK_FILE = optional_path("BEKAL_CLOCK_FILE")
REHEARSAL_SEED = os.environ.get("BEKAL_SEED") or None
FAULT = os.environ.get("BEKAL_FAULT") or None
if not REHEARSAL and (CLOCK_FILE or REHEARSAL_SEED or FAULT):
    raise WrongSetting("BEKAL_CLOCK_FILE, BEKAL_SEED and BEKAL_FAULT belong to rehearsals; production refuses them")

FIGURES_SECONDS = int(variable("BEKAL_FIGURES_SECONDS", "0" if REHEARSAL else "60"))
SITE_URL = variable("BEKAL_SITE_URL", "http://localhost:8000").rstrip("/")
LANE_URL = variable("BEKAL_LANE_URL", "").rstrip("/")
PROGRAMME = variable("BEKAL_PROGRAMME")
PORTS_FILE = optional_path("BEKAL_PORTS_FILE")
PORTS: dict[str, tuple[str, dict[str, str]]] = (
    {name: (entry["client"], entry["config"]) for name, entry in json.loads(PORTS_FILE.read_text()).items()}
    if PORTS_FILE
    else {}
)

DEBUG = False
ALLOWED_HOSTS = [urlsplit(SITE_URL).hostname or "localhost", "localhost", "127.0.0.1"]
ROOT_URLCONF = "bekal.project.urls"
WSGI_APPLICATION = "bekal.project.wsgi.application"
DATABASES = {"default": database(variable("DATABASE_URL"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

ROOMS = (
    "core", "notices", "access", "ledger", "rulebooks", "partners", "citizens", "eligibility", "waves", "scholarships",
    "catalogue", "market", "learning", "surveys", "incentives", "careers", "advice", "evaluation", "openbook",
)  # fmt: skip
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_cotton.apps.SimpleAppConfig",
    *(f"bekal.{room}" for room in ROOMS),
    "bekal.doors",
]
MIDDLEWARE = [
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "bekal.doors.headers.SecurityHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "bekal.doors.languages.Language",
    "bekal.doors.uploads.BodyLimit",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "doors" / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["django_cotton.cotton_loader.Loader", "django.template.loaders.filesystem.Loader"],
                )
            ],
            "builtins": ["django_cotton.templatetags.cotton", "bekal.doors.templatetags.bekal"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csrf",
            ],
        },
    }
]

STATIC_URL = "/aset/"
STATIC_ROOT = optional_path("BEKAL_STATIC_ROOT")
STATICFILES_DIRS = [PACKAGE / "doors" / "static"]
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

LANGUAGE_CODE = "id"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

HTTPS = SITE_URL.startswith("https://")
SESSION_COOKIE_NAME = "bekal"
SESSION_COOKIE_AGE = 60 * 60 * 12
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = False
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "bekal.doors.public.first.form_too_old"
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": variable("BEKAL_LOG_LEVEL", "WARNING")},
}
