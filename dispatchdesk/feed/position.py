"""Positions in the feed: up to which commit, of which database, a viewer has seen what they may see."""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

from django.db import connection

from routing.domain.roles import Actor

LONGEST_POSITION = 4000
_SNAPSHOT = re.compile(r"(\d{1,20}):(\d{1,20}):((?:\d{1,20},)*\d{1,20})?")

# The cluster's name stands for the history the transaction ids belong to. A restored or recreated database is another
# one although its cluster may be the same, and a restart may give ids again that were in use but not yet on disk.
PRESENT = """
    SELECT (SELECT system_identifier FROM pg_control_system())
           || '-' || (SELECT oid FROM pg_database WHERE datname = current_database())
           || '-' || extract(epoch FROM pg_postmaster_start_time())::bigint,
           pg_current_snapshot()::text
"""


@dataclass(frozen=True, slots=True)
class Position:
    """A snapshot (as ``pg_current_snapshot()`` writes it) of the database ``cluster`` names."""

    cluster: str
    snapshot: str

    @property
    def next_xid(self) -> str:
        """The lowest transaction id that had not been given away."""
        return self.snapshot.split(":")[1]

    @property
    def running_xids(self) -> list[str]:
        """The transactions that ran at the moment of the snapshot."""
        return [xid for xid in self.snapshot.split(":")[2].split(",") if xid]

    def told(self, sight: str) -> str:
        """Return the position as viewers with this sight keep it."""
        return f"{self.cluster}/{self.snapshot}/{sight}"


def sight_of(actor: Actor) -> str:
    """Name what an actor may see: a position kept by somebody who may see something else now is of no use."""
    return "all" if actor.visible_types is None else _sight(actor.visible_types)


@lru_cache(maxsize=256)
def _sight(types: frozenset[int]) -> str:
    return hashlib.sha256(",".join(map(str, sorted(types))).encode()).hexdigest()[:12]


def read_position(text: str, sight: str) -> Position | None:
    """Read a position that somebody with this sight was told; None when it is none, or of another sight."""
    cluster, _, rest = text.partition("/")
    snapshot, _, told_sight = rest.partition("/")
    if len(text) > LONGEST_POSITION or told_sight != sight or not _SNAPSHOT.fullmatch(snapshot):
        return None
    position = Position(cluster, snapshot)
    largest = 2**64 - 1
    numbers = [snapshot.split(":")[0], position.next_xid, *position.running_xids]
    return position if all(int(number) <= largest for number in numbers) else None


def current_position(actor: Actor) -> str:
    """Return the present position; whatever is read after this call is at least as new."""
    with connection.cursor() as cursor:
        cursor.execute(PRESENT)
        cluster, snapshot = cursor.fetchone()
    return Position(cluster, snapshot).told(sight_of(actor))
