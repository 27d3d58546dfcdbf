"""Settings of the stock peer: sessions, CSRF and users as a new Django project has them."""

from bekal.project.settings import *  # noqa: F403
from bekal.project.settings import INSTALLED_APPS as OURS

INSTALLED_APPS = ["django.contrib.auth", *OURS]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
SESSION_COOKIE_NAME = "sessionid"
ROOT_URLCONF = "benchmarks.surging.stock"
