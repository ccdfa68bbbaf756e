"""Walks all crash points: a process tells the story of what the desk does and dies there, then others go on."""

import os
import signal
import traceback
from collections.abc import Callable
from typing import Any

from django.db import connection, connections

from reviews.models import Review
from routing.domain.states import FINAL_STATES
from routing.models import WorkItem
from tests.chaos import counting
from tests.chaos.desk import Desk
from tests.chaos.points import points
from tests.chaos.story import ACTS, decide_all, end_of_waiting

TRIES = 2


def walk(desk: Desk, start: str, say: Callable[[str], None]) -> dict[str, Any]:
    """Die at each point whose name begins with ``start``, and return the figures; one nobody came to is wrong too."""
    wrong: list[str] = []
    broken = dict.fromkeys("SEA", 0)
    acts, died = list(ACTS), 0
    for point in filter(lambda name: name.startswith(start), points()):
        act = next((act for act in acts if _dies(desk, act, point, wrong)), None)
        if act is None:
            desk.disarm()
            wrong.append(f"nobody came to {point}")
            continue
        died += 1
        acts.sort(key=lambda one: one is not act)  # its neighbours are most likely in the same act
        end_of_waiting()
        decide_all(desk.tools.applied)
        counts = {"S": counting.stranded(), "E": counting.unapproved(desk.tools.calls), "A": counting.broken_chains()}
        for name, count in counts.items():
            broken[name] += len(count)
            wrong += [f"after {point}, {name}: {words}" for words in count.found]
        _let_go()
        say(point)
    open_items = WorkItem.objects.exclude(state__in=[state.value for state in FINAL_STATES]).count()
    return {
        **broken,
        "found": {},
        "wrong": wrong,
        "unfinished": open_items,
        "injected": {"died at a point": died},
        "restarts": {},
        "behind": {
            "items": WorkItem.objects.count(),
            "open reviews": Review.objects.filter(status=Review.OPEN).count(),
            "effects applied": sum(call.applied for call in desk.tools.calls),
        },
    }


def _dies(desk: Desk, act: Callable[[], None], point: str, wrong: list[str]) -> bool:
    """Let a process of its own play an act with this point armed; returns whether it died there.

    That it failed instead, twice, is noted in ``wrong``. Once may be the harness: a process forked beside the threads
    of its servers can be left with a lock that one of them held.
    """
    status = 0
    for _ in range(TRIES):
        desk.arm(point)
        status = _played(act)
        if status <= 0:
            return status == -signal.SIGKILL
    wrong.append(f"{act.__name__} failed before it came to {point}")
    return False


def _played(act: Callable[[], None]) -> int:
    """Return with what exit status a process that plays an act ended, minus the signal that it died of."""
    _let_go()
    child = os.fork()
    if child == 0:
        try:
            act()
        except BaseException:  # noqa: BLE001 - the child ends here, whatever it was
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _let_go() -> None:
    """Leave no database connection open that a child would share."""
    connections.close_all()
    connection.close_pool()  # type: ignore[attr-defined] # psycopg's, which stubs don't know
