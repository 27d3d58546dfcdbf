"""Django, for the commands that need the database."""

import os


def start_django() -> None:
    """Load the settings and the rooms."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bekal.project.settings")
    import django

    django.setup()
