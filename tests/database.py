"""A throw-away PostgreSQL for the suite, started before Django reads its settings (loaded by `-p tests.database`).

Workers of pytest-xdist inherit its address; DATABASE_URL in the environment names another server instead.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from bekal.cli.postgres import DATABASE, OWNER, Postgres

os.environ.setdefault("BEKAL_MODE", "test")
os.environ.setdefault("BEKAL_MASTER_KEY", "11" * 32)
os.environ.setdefault("BEKAL_PROGRAMME", "prakerja-2023")
os.environ.setdefault("BEKAL_SITE_URL", "http://localhost:8000")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bekal.project.settings")


def start() -> None:
    folder = Path(tempfile.mkdtemp(prefix="bekal-test-", dir="/tmp"))
    folder.chmod(0o711)
    server = Postgres(folder, durable=False)
    server.start()
    server.create_database()
    os.environ["DATABASE_URL"] = server.url(OWNER, DATABASE)
    owner = os.getpid()

    def stop() -> None:
        if os.getpid() == owner:
            server.stop()
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)


if "DATABASE_URL" not in os.environ:
    start()
