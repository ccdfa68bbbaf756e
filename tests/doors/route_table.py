"""The table of every route: who may read it, who may post to it. A route that is not here fails its test."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from django.urls import URLPattern, URLResolver, get_resolver

NOBODY: frozenset[str] = frozenset()
ADMIN = frozenset({"admin"})
TRIAGE = frozenset({"operator", "admin"})
STAFF = frozenset({"operator", "reviewer", "admin"})
TOKENS = STAFF | {"intake"}
ALL = TOKENS | {"anonymous", "requester"}


@dataclass(frozen=True)
class Row:
    """Who may read and who may post (None: there is no such method), the item it is about, and a body to post.

    ``hidden`` are those who are told that there is nothing, though they hold a token.
    """

    get: frozenset[str] | None = None
    post: frozenset[str] | None = None
    item: str = "refund"
    body: dict[str, object] = field(default_factory=dict)
    hidden: frozenset[str] = NOBODY


_BOOK = "rulebooks/<slug:slug>/"
_PLACE = "settings/destinations/<slug:slug>/"
_TYPE = "settings/types/<slug:slug>/"
_REVIEW = "reviews/<int:review_id>/"
_INTAKE = frozenset({"intake"})
_STOP = "notices/stop/<str:token>/"

# Posts by the mail programs of others, which have no page of this desk; the signed link says all that may happen.
WITHOUT_PAGE = frozenset({_STOP})

PAGES: dict[str, Row] = {
    "": Row(STAFF),
    "sign-in/": Row(ALL, ALL),
    "sign-in/code/": Row(ALL, ALL),
    "sign-out/": Row(None, ALL),
    "sign-in/as/": Row(None, NOBODY),
    "items/new/": Row(STAFF, STAFF),
    "items/<str:code>/": Row(STAFF),
    "items/<str:code>/move/": Row(STAFF, STAFF),
    "moves/": Row(STAFF, STAFF, body={"items": "D-1:1", "to": "state:done"}),
    "moves/undo/": Row(None, STAFF, body={"items": "D-1:1"}),
    "items/<str:code>/answer/": Row(STAFF, STAFF, item="asked"),
    "items/<str:code>/report/": Row(STAFF, STAFF),
    "alerts/": Row(STAFF),
    "palette/": Row(STAFF),
    "settings/board/": Row(ADMIN, ADMIN),
    "views/": Row(STAFF, STAFF),
    "views/open-with/": Row(None, STAFF),
    "views/<int:view_id>/delete/": Row(None, ADMIN),  # a shared one of somebody else
    "insights/": Row(STAFF),
    "insights/places/<slug:slug>/": Row(STAFF),
    "insights/places/<slug:slug>/figures.csv": Row(STAFF),
    "insights/places/<slug:slug>/weeks.csv": Row(STAFF),
    "items/<str:code>/notes/": Row(None, STAFF, body={"public": "yes"}),
    "items/<str:code>/inputs/": Row(STAFF, STAFF),
    "items/<str:code>/inputs/confirm/": Row(None, STAFF),
    "items/<str:code>/files/<int:file_id>/": Row(STAFF),
    "items/<str:code>/account/": Row(STAFF),
    "items/<str:code>/others/": Row(STAFF),
    "outbox/": Row(STAFF),
    "rulebooks/": Row(STAFF),
    _BOOK: Row(STAFF),
    f"{_BOOK}versions/<int:number>/": Row(STAFF),
    f"{_BOOK}versions/<int:number>/try/": Row(STAFF, STAFF),
    f"{_BOOK}versions/<int:number>/try/keep/": Row(None, ADMIN, body={"facts": "item.channel: web"}),
    f"{_BOOK}facts/": Row(STAFF),
    f"{_BOOK}backtests/": Row(STAFF),
    f"{_BOOK}backtests/start/": Row(ADMIN, ADMIN, body={"by": "most", "most": "10"}),
    f"{_BOOK}backtests/<int:backtest_id>/": Row(STAFF),
    f"{_BOOK}backtests/<int:backtest_id>/cancel/": Row(None, ADMIN),
    f"{_BOOK}examples/": Row(STAFF),
    f"{_BOOK}examples/new/": Row(ADMIN, ADMIN),
    f"{_BOOK}examples/<int:example_id>/": Row(ADMIN, ADMIN),
    f"{_BOOK}examples/<int:example_id>/delete/": Row(None, ADMIN),
    f"{_BOOK}versions/<int:number>/roll-back/": Row(None, ADMIN),
    f"{_BOOK}versions/<int:number>/open/": Row(STAFF),
    f"{_BOOK}versions/<int:number>/open/decide/": Row(None, ADMIN, body={"item": "1"}),
    f"{_BOOK}versions/<int:number>/map/": Row(STAFF),
    f"{_BOOK}draft/": Row(ADMIN),
    f"{_BOOK}draft/start/": Row(None, ADMIN),
    f"{_BOOK}draft/fallback/": Row(None, ADMIN),
    f"{_BOOK}draft/publish/": Row(ADMIN, ADMIN),
    f"{_BOOK}draft/discard/": Row(None, ADMIN),
    f"{_BOOK}draft/rules/new/": Row(ADMIN, ADMIN),
    f"{_BOOK}draft/rules/<slug:rule_id>/": Row(ADMIN, ADMIN),
    f"{_BOOK}draft/rules/<slug:rule_id>/change/": Row(None, ADMIN, body={"action": "delete", "revision": "1"}),
    "rulebooks/schema.json": Row(STAFF),
    f"{_BOOK}versions/<int:number>/export.<slug:form>": Row(STAFF),
    f"{_BOOK}import/": Row(ADMIN, ADMIN),
    "settings/": Row(STAFF),
    "settings/writes/": Row(None, TRIAGE),
    "settings/destinations/": Row(STAFF),
    "settings/destinations/new/<slug:kind>/": Row(ADMIN, ADMIN),
    _PLACE: Row(STAFF),
    f"{_PLACE}edit/": Row(ADMIN, ADMIN),
    f"{_PLACE}try/": Row(None, ADMIN),
    f"{_PLACE}status/": Row(None, TRIAGE),
    f"{_PLACE}remove/": Row(None, ADMIN),
    f"{_PLACE}versions/<int:number>/": Row(STAFF),
    "settings/types/": Row(STAFF),
    "settings/types/new/": Row(ADMIN, ADMIN),
    _TYPE: Row(STAFF),
    f"{_TYPE}edit/": Row(ADMIN, ADMIN),
    f"{_TYPE}inputs/new/": Row(ADMIN, ADMIN),
    f"{_TYPE}inputs/<slug:name>/": Row(ADMIN, ADMIN),
    f"{_TYPE}inputs/<slug:name>/change/": Row(None, ADMIN, body={"action": "up"}),
    "r/new/<slug:slug>/": Row(ALL, ALL),
    "r/<str:token>/": Row(ALL, ALL, item="asked"),
    "r/<str:token>/problem/": Row(None, ALL, item="asked"),
    "r/<str:token>/again/": Row(None, ALL, item="asked"),
    "reviews/": Row(STAFF),
    "reviews/next": Row(None, STAFF),
    _REVIEW: Row(STAFF),
    "insights/queues/<slug:slug>/": Row(STAFF),
    "insights/queues/<slug:slug>/figures.csv": Row(STAFF),
    f"{_REVIEW}preview": Row(None, STAFF),
    f"{_REVIEW}notes": Row(None, STAFF),
    f"{_REVIEW}take": Row(None, STAFF),
    f"{_REVIEW}renew": Row(None, STAFF),
    f"{_REVIEW}leave": Row(None, STAFF),
    f"{_REVIEW}give-back": Row(None, STAFF),
    f"{_REVIEW}decide": Row(None, STAFF),
    f"{_REVIEW}together": Row(STAFF, STAFF),
    f"{_REVIEW}together/undo": Row(None, STAFF),
    f"{_REVIEW}undo": Row(None, STAFF),
    "notices/": Row(STAFF),
    "notices/latest/": Row(STAFF),
    "notices/read/": Row(None, STAFF),
    "notices/settings/": Row(STAFF, STAFF),
    _STOP: Row(ALL, ALL),
    "settings/queues/": Row(STAFF),
    "settings/queues/new/": Row(ADMIN, ADMIN),
    "settings/queues/hours/": Row(STAFF),
    "settings/queues/hours/new/": Row(ADMIN, ADMIN),
    "settings/queues/hours/<int:calendar_id>/": Row(ADMIN, ADMIN),
    "settings/queues/hours/<int:calendar_id>/remove/": Row(None, ADMIN),
    "settings/queues/<slug:slug>/": Row(STAFF),
    "settings/queues/<slug:slug>/edit/": Row(ADMIN, ADMIN),
    "settings/queues/<slug:slug>/remove/": Row(None, ADMIN),
    "settings/erase/": Row(ADMIN, ADMIN, body={"email": "kim@example.org"}),
    "settings/people/": Row(ADMIN),
    "settings/people/new/": Row(ADMIN, ADMIN),
    "settings/people/password/": Row(STAFF, STAFF),
    "settings/people/sign-in/": Row(STAFF),
    "settings/people/sign-in/second/": Row(STAFF, STAFF),
    "settings/people/sign-in/second/begin/": Row(None, STAFF),
    "settings/people/sign-in/second/off/": Row(None, STAFF),
    "settings/people/sign-in/end/": Row(None, STAFF),
    "settings/people/<int:user_id>/second-off/": Row(None, ADMIN),
    "settings/people/<int:user_id>/sign-out/": Row(None, ADMIN),
    "settings/people/<int:user_id>/": Row(ADMIN, ADMIN),
    "settings/people/<int:user_id>/active/": Row(None, ADMIN),
    "settings/people/<int:user_id>/password/": Row(None, ADMIN),
    "practice/stream/": Row(None, NOBODY),
    "practice/guide/": Row(None, STAFF),
    "healthz": Row(ALL),
}

_VERDICT: dict[str, object] = {"verdict": "approve", "epoch": 1, "digest": "x"}

API: dict[str, Row] = {
    "openapi.json": Row(ALL),
    "docs": Row(ALL),
    "items": Row(TOKENS, TOKENS, body={"title": "A", "text": "B"}),
    "items/batch": Row(None, TOKENS, body={"items": [{"key": "one", "title": "A", "text": "B"}]}),
    "items/<code>": Row(TOKENS, item="look"),
    "items/<code>/events": Row(TOKENS, item="look"),
    "items/<code>/decisions": Row(STAFF, item="look"),
    "items/<code>/inputs": Row(None, STAFF, item="look", body={"inputs": {"order_number": "K-9"}}),
    "items/<code>/undo": Row(None, STAFF, item="look", body={"version": -1}),
    "items/<code>/move": Row(None, TRIAGE, item="look", body={"to": "state:waiting", "version": -1}),
    "queues": Row(STAFF),
    "queues/<slug>/claim": Row(None, STAFF),
    "reviews": Row(STAFF),
    "reviews/<review_id>": Row(STAFF, hidden=_INTAKE),
    "reviews/<review_id>/claim": Row(None, STAFF, hidden=_INTAKE),
    "reviews/<review_id>/renew": Row(None, STAFF, hidden=_INTAKE),
    "reviews/<review_id>/release": Row(None, STAFF, hidden=_INTAKE),
    "reviews/<review_id>/undo": Row(None, STAFF, hidden=_INTAKE),
    "reviews/<review_id>/verdict": Row(None, STAFF, hidden=_INTAKE, body=_VERDICT),
    "<path:rest>": Row(NOBODY, NOBODY, hidden=ALL),
    "": Row(NOBODY, NOBODY, hidden=ALL),
}

# Django's admin: what work leaves behind is shown and never changed; people, groups and tokens are set up.
_RECORDS = (
    "routing/workitem", "routing/step", "routing/decision", "routing/event", "routing/factrevision", "reviews/review",
)  # fmt: skip
_KEPT = ("auth/group", "accounts/user")
_ADMIN_PARTS = {"", "<path:object_id>/history/", "<path:object_id>/change/", "<path:object_id>/"}
_CHANGING = {"add/", "<path:object_id>/delete/"}

ADMIN_PAGES: dict[str, frozenset[str]] = (
    {f"{model}/{part}": ADMIN for model, part in product((*_RECORDS, *_KEPT, "accounts/apitoken"), _ADMIN_PARTS)}
    | {f"{model}/{part}": NOBODY for model, part in product((*_RECORDS, *_KEPT, "accounts/apitoken"), _CHANGING)}
    | dict.fromkeys(["", "password_change/", "password_change/done/", "jsi18n/"], ADMIN)
    | {"accounts/user/<id>/password/": NOBODY}
    # Its own sign-in and sign-out lead to the desk's; the shortcut and the search of choices have nothing to show.
    | dict.fromkeys(["login/", "logout/", "autocomplete/", "r/<path:content_type_id>/<path:object_id>/"], NOBODY)
    | {"^(?P<app_label>routing|reviews|auth|accounts)/$": ADMIN, "(?P<url>.*)$": NOBODY}
)


def all_routes(patterns: list[URLPattern | URLResolver] | None = None, before: str = "") -> Iterator[str]:
    """Every route of the desk as it is written, such as ``items/<str:code>/``."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from all_routes(pattern.url_patterns, before + str(pattern.pattern))
        else:
            yield before + str(pattern.pattern)


def filled(route: str, values: dict[str, object]) -> str:
    """A path of the route, its parts filled in by name; what has no value is ``x``."""
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda part: str(values.get(part[1], "x")), route)
