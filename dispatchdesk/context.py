"""What every page knows: the links of the frame, the person's role, their counts, and what holds up the whole desk."""

from dataclasses import dataclass
from functools import cached_property

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from dispatchdesk.alerts.queries import Alerts, alerts
from dispatchdesk.practice.accounts import is_practice_desk
from reviews.queries.counts import Counts, counts_of
from reviews.queries.notices import Unread
from reviews.queries.people import queues_of
from routing.domain.roles import Actor, Role
from routing.views.access import TRIAGE


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the main navigation; ``key`` follows ``g`` on the keyboard."""

    name: str
    label: str
    icon: str
    key: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """One role of the practice desk's role switch."""

    value: str
    label: str


LINKS = (
    ("board", "Board", "board", "b"),
    ("reviews:home", "Reviews", "review", "r"),
    ("routing:rulebooks", "Rulebooks", "rules", "u"),
    ("insights:home", "Insights", "insights", "i"),
    ("routing:settings", "Settings", "settings", "s"),
)
ROLES = tuple(RoleChoice(role.value, role.value.capitalize()) for role in (Role.OPERATOR, Role.REVIEWER, Role.ADMIN))


class DeskFrame:
    """What the frame shows, for one request; everything that asks the database is asked when first shown."""

    roles = ROLES

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def links(self) -> list[Link]:
        """The pages of the main navigation, without those this installation does not serve."""
        path = self._request.path
        found = []
        for name, label, icon, key in LINKS:
            url = _address(name)
            if url:
                current = path == url if url == "/" else path.startswith(url)
                found.append(Link(name, label, icon, key, url, current))
        return found

    @cached_property
    def home_url(self) -> str:
        """The board's address."""
        return _address("board")

    @cached_property
    def sign_out_url(self) -> str:
        """Where the sign-out form posts to."""
        return _address("logout")

    @cached_property
    def switch_role_url(self) -> str:
        """Where the practice desk's role switch posts ``role`` to; empty on a real desk."""
        return _address("switch_role")

    @cached_property
    def practice(self) -> bool:
        """Whether practice parts are in use."""
        return is_practice_desk()

    @cached_property
    def alerts(self) -> Alerts:
        """What holds work up, for the whole desk."""
        return alerts()

    @property
    def may_pause(self) -> bool:
        """Whether this person pauses destinations and sending, and lets them go on."""
        return self._actor is not None and self._actor.role in TRIAGE

    @property
    def my_review_count(self) -> int:
        """How many reviews wait for this person, counted up to 100."""
        return self._counts.reviews

    @property
    def unread(self) -> Unread:
        """What this person was told and has not read."""
        return self._counts.unread

    @cached_property
    def _counts(self) -> Counts:
        return counts_of(self._actor) if self._actor else Counts()

    @cached_property
    def refs(self) -> frozenset[str]:
        """Whom this person answers for, as cards name next owners: themselves and the queues they staff."""
        if self._actor is None or self._actor.user_id is None:
            return frozenset()
        queues = queues_of(self._actor).values_list("destination__slug", flat=True)
        return frozenset({f"person:{self._actor.user_id}", *(f"queue:{slug}" for slug in queues)})

    @property
    def my_refs(self) -> str:
        """The same for the page's scripts, separated by blanks."""
        return " ".join(sorted(self.refs))

    @property
    def _actor(self) -> Actor | None:
        return getattr(self._request, "actor", None)

    @property
    def role(self) -> str:
        """The person's role; empty for anonymous visitors."""
        return str(getattr(self._request.user, "role", ""))

    @property
    def role_label(self) -> str:
        """The person's role in words."""
        return self.role.capitalize()


def frame_of(request: HttpRequest) -> DeskFrame:
    """Return the request's frame, made once: what a view asked is not asked again by its page."""
    frame: DeskFrame | None = getattr(request, "desk_frame", None)
    if frame is None:
        frame = DeskFrame(request)
        request.desk_frame = frame  # type: ignore[attr-defined]
    return frame


def desk(request: HttpRequest) -> dict[str, DeskFrame]:
    """Give every page the variable ``desk``."""
    return {"desk": frame_of(request)}


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
