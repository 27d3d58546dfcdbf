"""`python -m benchmarks.surging.stock_users 200` makes so many signed-in users and prints their session keys."""

import os
import sys


def main(count: int) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.surging.stock_settings"
    import django

    django.setup()
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    for number in range(count):
        user = User.objects.create(username=f"u{number}")
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        print(session.session_key)


if __name__ == "__main__":
    main(int(sys.argv[1]))
