"""A viewer's seat at the feed: the mailbox that is filled at once and emptied when the socket has time."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import lru_cache

from dispatchdesk.feed.changes import MOST_ITEMS, Change
from dispatchdesk.feed.position import Position, sight_of
from routing.domain.roles import Actor


@dataclass(slots=True, eq=False)
class Seat:
    """One viewer: who they are, how their socket is written to, and what they have not been sent yet.

    Of several changes to an item only the newest is kept, so a slow viewer costs little. One with more than
    ``MOST_ITEMS`` unsent is told to fetch everything instead, and not again before ``reload_at`` on the loop's clock.
    ``has_notice`` says that there is a notice for them, which their page then asks for: the feed carries no text that
    only one person may read. ``is_busy`` until they have caught up, and from when they are enqueued until they
    have been sent to: not to be enqueued then.
    """

    actor: Actor
    send: Callable[[str], Awaitable[None]]
    mail: dict[int, tuple[int, str]] = field(default_factory=dict)
    must_reload: bool = False
    reload_at: float = 0.0
    has_notice: bool = False
    is_busy: bool = True
    is_left: bool = False

    @property
    def has_mail(self) -> bool:
        """Whether there is anything to send."""
        return bool(self.mail) or self.must_reload or self.has_notice

    def offer(self, change: Change) -> None:
        """Put a change in the mailbox if it concerns the viewer; never waits."""
        if self.must_reload:
            return
        text = change.for_viewer(self.actor)
        kept = self.mail.get(change.item_id)
        if text is None or (kept is not None and kept[0] > change.version):
            return
        self.mail[change.item_id] = (change.version, text)
        if len(self.mail) > MOST_ITEMS:
            self.reload()

    def reload(self) -> None:
        """Tell the viewer to fetch everything anew; what is unsent is part of that."""
        self.mail.clear()
        self.must_reload = True

    def take(self, position: Position) -> str:
        """Empty the mailbox and return it as one frame that is true up to the position."""
        texts = tuple(text for _, text in self.mail.values())
        kind = "reload" if self.must_reload else "changes" if texts else "heartbeat"
        frame = _frame(kind, position, sight_of(self.actor), texts, self.has_notice)
        self.mail.clear()
        self.must_reload = self.has_notice = False
        return frame


# Most viewers are sent the same at the same time.
@lru_cache(maxsize=8)
def _frame(kind: str, position: Position, sight: str, texts: tuple[str, ...], has_notice: bool) -> str:  # noqa: FBT001
    cards = f', "cards": [{", ".join(texts)}]' if kind == "changes" else ""
    notice = ', "notice": true' if has_notice else ""
    return f'{{"type": "{kind}", "position": {json.dumps(position.told(sight))}{cards}{notice}}}'
