"""The lean peer as Granian serves it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.surging.lean_settings"
application = get_wsgi_application()
