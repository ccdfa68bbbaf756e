"""Sessions that know whose they are and where they came from, so that people see theirs and end them."""

import hashlib
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

from django.contrib.auth import SESSION_KEY, get_user
from django.contrib.sessions.backends.base import VALID_KEY_CHARS, SessionBase
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from dispatchdesk.accounts.models import DeskSession, User

# Each session says about when it was last used; more often would be a write for every page.
SEEN_EVERY = timedelta(minutes=5)
_ORIGIN = "origin"
_KEY_SIGNS = frozenset(VALID_KEY_CHARS)
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


class SessionStore(DatabaseStore):
    """Django's sessions in the database, with an owner and an origin beside the data."""

    def __init__(self, session_key: str | None = None) -> None:
        """Take the key of a cookie; one that is none of ours, as with a NUL in it, is not looked for at all."""
        super().__init__(session_key if session_key and set(session_key) <= _KEY_SIGNS else None)

    @classmethod
    def get_model_class(cls) -> type[DeskSession]:
        """Return the model that holds the sessions."""
        return DeskSession

    def create_model_instance(self, data: dict[str, Any]) -> DeskSession:
        """Return the row of a session, to be saved."""
        row = super().create_model_instance(data)
        assert isinstance(row, DeskSession)  # noqa: S101 - get_model_class says so
        origin = data.get(_ORIGIN, {})
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        row.address, row.browser = origin.get("address"), origin.get("browser", "")
        row.begun_at = datetime.fromisoformat(origin["at"]) if origin else timezone.now()
        row.seen_at = timezone.now()
        return row

    def load(self) -> dict[str, Any]:
        """Return the session's data, noting now and then that it is in use."""
        row = self._get_session_from_db()  # type: ignore[attr-defined] # not in the stubs
        if row is None:
            return {}
        if row.user_id and timezone.now() - row.seen_at > SEEN_EVERY:
            DeskSession.objects.filter(pk=row.pk).update(seen_at=timezone.now())
        return self.decode(row.session_data)


class _SocketSession(SessionStore):
    """A session as a socket uses it: a socket can set no cookie, so that the key must stay as it is."""

    key_salt = SessionStore().key_salt  # which Django makes from the name of the class

    def cycle_key(self) -> None:
        """Leave the key to the browser's next request."""

    def flush(self) -> None:
        """Leave the session to the browser's next request."""


def user_of(session_key: str) -> User | None:
    """Return the user who is signed in by this session; None for nobody. For sockets: the session stays as it is."""
    request = HttpRequest()
    request.session = _SocketSession(session_key)
    user = get_user(request)
    return user if isinstance(user, User) else None


def keep_origin(request: HttpRequest) -> None:
    """Keep where this session begins: the address and, in words, the browser."""
    request.session[_ORIGIN] = {
        "address": _address(request.META.get("REMOTE_ADDR", "")),
        "browser": browser_in_words(request.headers.get("User-Agent", "")),
        "at": timezone.now().isoformat(),
    }


def _address(text: str) -> str | None:
    """Return what is an address; None for what some proxies say instead, such as ``unknown``."""
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def browser_in_words(user_agent: str) -> str:
    """Return “Firefox on Linux” or what else can be told from a User-Agent header."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "A browser")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    return f"{browser} on {system}" if system else browser


def handle_of(session_key: str) -> str:
    """Return by what a page may name a session: whoever reads it cannot enter with it."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:32]


def sessions_of(user_id: int) -> QuerySet[DeskSession]:
    """Return somebody's sessions that have not run out, the one used last first."""
    return DeskSession.objects.filter(user_id=user_id, expire_date__gt=timezone.now()).order_by("-seen_at")


def end_sessions(user_id: int, *, handle: str = "", besides: SessionBase | None = None) -> int:
    """End somebody's sessions and return how many ended: the one with this handle, or all ``besides`` one."""
    kept = besides.session_key if besides is not None else None
    keys = [key for key in sessions_of(user_id).values_list("pk", flat=True) if key != kept]
    ended = [key for key in keys if not handle or handle_of(key) == handle]
    DeskSession.objects.filter(pk__in=ended).delete()
    return len(ended)
