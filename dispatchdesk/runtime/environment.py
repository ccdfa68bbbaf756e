"""Reads the desk's settings from environment variables; a wrong one says in one line what to do."""

import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

PROJECT_ROOT = Path(__file__).resolve().parent.parent.parent
SHORTEST_KEY = 32
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
EMBEDDED_BROKER_SCHEME = "deskfiles"
BROKER_SCHEMES = frozenset({"redis", "rediss", "amqp", "amqps", "pyamqp", EMBEDDED_BROKER_SCHEME})
TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"", "0", "false", "no", "off"})


class SettingError(Exception):
    """A setting is missing or wrong; the message is one line that says what to do."""

    def leave(self) -> NoReturn:
        """End the process with the line and exit code 2: what was asked for did not even begin."""
        sys.stderr.write(f"dispatch desk: {self}\n")
        sys.exit(2)


@dataclass(frozen=True)
class EmailServer:
    """An SMTP server to send through."""

    host: str
    port: int
    user: str
    password: str
    use_tls: bool
    use_ssl: bool


def text(name: str, default: str = "", *, environ: Mapping[str, str] | None = None) -> str:
    """Value of an environment variable without surrounding blanks; the default when unset or empty."""
    return (os.environ if environ is None else environ).get(name, "").strip() or default


def number(name: str, default: int, *, lowest: int, highest: int) -> int:
    """Whole number within bounds from the environment; raises SettingError."""
    value = text(name)
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or not lowest <= int(value) <= highest:
        raise SettingError(f"{name}={value!r} is no whole number from {lowest} to {highest}: correct or unset it.")
    return int(value)


def choice(name: str, allowed: tuple[str, ...]) -> str:
    """Return one of the allowed words; the first when the variable is unset."""
    value = text(name, allowed[0])
    if value not in allowed:
        raise SettingError(f"{name}={value} is not one of {', '.join(allowed)}")
    return value


def switch(name: str, *, default: bool) -> bool:
    """Yes or no from the environment; raises SettingError."""
    value = os.environ.get(name)
    if value is None:
        return default
    word = value.strip().lower()
    if word not in TRUE_WORDS | FALSE_WORDS:
        raise SettingError(f"{name}={value!r} is neither yes nor no: use 1 or 0.")
    return word in TRUE_WORDS


def data_directory() -> Path:
    """Directory of everything the desk keeps outside its database (``DESK_DATA``), made when absent, private."""
    path = Path(text("DESK_DATA", str(PROJECT_ROOT / ".desk"))).expanduser().absolute()
    try:
        # As root, PostgreSQL runs under another account, which must get through to its own directory in here.
        path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(
            f"DESK_DATA={path} can't be made ({error.strerror}): name a directory you may write."
        ) from error
    return path


def split_url(name: str, value: str) -> SplitResult:
    """Parts of a URL setting; raises SettingError, never repeating the value, which may hold a password."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise SettingError(f"{name} can't be read as a URL ({error}): correct it.") from error
    return parts


def database(url: str, *, pool_size: int) -> dict[str, Any]:
    """Django's DATABASES entry for ``DATABASE_URL``; an empty URL gives an entry that can't connect."""
    entry: dict[str, Any] = {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": 0, "OPTIONS": {}}
    # Or whoever comes first after a restart of the database gets a connection that is dead, one for each in the pool.
    entry["CONN_HEALTH_CHECKS"] = True
    if not url:
        return entry
    parts = split_url("DATABASE_URL", url)
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in {"postgres", "postgresql"} or not name:
        raise SettingError("DATABASE_URL must look like postgresql://USER:PASSWORD@HOST:5432/NAME: correct it.")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 10, "max_idle": 60}
    # A server that has vanished without a word is found out within a minute; by default it takes the kernel hours.
    lively = {"keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 40_000}
    options = {"connect_timeout": 5, **lively, **options}
    return entry | {
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or options.pop("port", "")),
        "OPTIONS": options,
    }


def broker_url() -> str:
    """``BROKER_URL``, or the embedded broker's; raises SettingError."""
    url = text("BROKER_URL", f"{EMBEDDED_BROKER_SCHEME}://localhost")
    if split_url("BROKER_URL", url).scheme not in BROKER_SCHEMES:
        raise SettingError("BROKER_URL must start with amqp://, amqps://, redis:// or rediss://: correct or unset it.")
    return url


def public_url(*, host: str, port: int) -> str:
    """Address people reach the desk at, without a slash at the end; raises SettingError."""
    shown_host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(host, host)  # noqa: S104 - compared, not bound
    url = text("PUBLIC_URL", f"http://{shown_host}:{port}").rstrip("/")
    parts = split_url("PUBLIC_URL", url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
        raise SettingError("PUBLIC_URL must look like https://desk.example.com, without a path: correct or unset it.")
    return url


def allowed_hosts(url: str) -> list[str]:
    """Host names the desk answers to: the public one and loopback."""
    hostname = urlsplit(url).hostname or ""
    return list(dict.fromkeys([f"[{hostname}]" if ":" in hostname else hostname, *LOOPBACK_NAMES]))


def socket_origins(url: str, *, port: int) -> list[str]:
    """Origins whose pages may open a socket: the public one and our own port on loopback."""
    return list(dict.fromkeys([url, *(f"http://{name}:{port}" for name in LOOPBACK_NAMES)]))


def opened_hosts() -> list[str]:
    """``DESK_ALLOW_HOSTS`` as ``host:port`` strings, lower case; raises SettingError."""
    hosts = [entry.strip().lower() for entry in text("DESK_ALLOW_HOSTS").split(",") if entry.strip()]
    for entry in hosts:
        name, _, port = entry.rpartition(":")
        if not name or not port.isdigit():
            raise SettingError(f"DESK_ALLOW_HOSTS: {entry!r} is not host:port, such as localhost:11434: correct it.")
    return hosts


def ai_base_url() -> str:
    """``AI_BASE_URL`` without a slash at the end, or an empty text; raises SettingError."""
    url = text("AI_BASE_URL").rstrip("/")
    if url and (split_url("AI_BASE_URL", url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
        raise SettingError("AI_BASE_URL must look like https://api.example.com/v1: correct it or unset it.")
    if url and not text("AI_MODEL"):
        raise SettingError("AI_BASE_URL is set but AI_MODEL is not: set AI_MODEL to the model's name.")
    return url


def email_server() -> EmailServer | None:
    """SMTP server from ``EMAIL_URL`` or ``EMAIL_HOST`` and its companions; None when neither is set."""
    url = text("EMAIL_URL")
    if url:
        parts = split_url("EMAIL_URL", url)
        if parts.scheme not in {"smtp", "smtps", "smtp+tls"} or not parts.hostname:
            raise SettingError("EMAIL_URL must look like smtp+tls://USER:PASSWORD@HOST:587 (smtp, smtps): correct it.")
        return EmailServer(
            host=parts.hostname,
            port=parts.port or {"smtp": 25, "smtps": 465, "smtp+tls": 587}[parts.scheme],
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            use_tls=parts.scheme == "smtp+tls",
            use_ssl=parts.scheme == "smtps",
        )
    host = text("EMAIL_HOST")
    if not host:
        return None
    use_tls = switch("EMAIL_USE_TLS", default=False)
    return EmailServer(
        host=host,
        port=number("EMAIL_PORT", 587 if use_tls else 25, lowest=1, highest=65535),
        user=text("EMAIL_USER"),
        password=text("EMAIL_PASSWORD"),
        use_tls=use_tls,
        use_ssl=False,
    )


def secret_key_fallbacks() -> list[str]:
    """``SECRET_KEY_FALLBACKS``: earlier keys, newest first, apart by commas or spaces; raises SettingError."""
    keys = text("SECRET_KEY_FALLBACKS").replace(",", " ").split()
    if any(len(key) < SHORTEST_KEY for key in keys):
        raise SettingError("SECRET_KEY_FALLBACKS: each key has at least 32 characters, and is what SECRET_KEY was.")
    return keys


def secret_key(data: Path) -> str:
    """``SECRET_KEY``, else the one made on first use and kept in ``secret.key``, readable by its owner only."""
    given = text("SECRET_KEY")
    if given:
        if len(given) < SHORTEST_KEY:
            raise SettingError("SECRET_KEY is too short: use at least 32 random characters, or unset it.")
        return given
    path = data / "secret.key"
    fresh = data / f"secret.key.{os.getpid()}"
    try:
        if not path.exists():
            # Two processes may start at once: the first link wins and both read the same key.
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
            try:
                os.link(fresh, path)
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise SettingError(f"{path} can't be used ({error.strerror}): set SECRET_KEY or correct DESK_DATA.") from error
