"""Holds what the ledger is now against its checkpoints: those in the database, and those that were kept elsewhere."""

import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from routing import seals
from routing.actions.sealing import checkpoint_of
from routing.domain.sealing import PAGE_ITEMS, Checkpoint, Faults, Heads, Leaf, Page, fingerprint, leaves_of
from routing.models import LedgerCheckpoint, LedgerPage

Signed = tuple[Checkpoint, str]


class Coverage:
    """Is shown every event by ascending item and seq, and recomputes what each checkpoint must have seen."""

    def __init__(self, stored: Sequence[Signed], elsewhere: Sequence[Signed], faults: Faults) -> None:
        self._faults = faults
        self._places = [(signed, "the checkpoint") for signed in stored]
        self._places += [(signed, "the checkpoint kept elsewhere,") for signed in elsewhere]
        self._cuts = sorted({checkpoint.last_event for checkpoint, _ in [*stored, *elsewhere]})
        self._heads = [Heads() for _ in self._cuts]
        self._changes: list[dict[int, Leaf]] = [{} for _ in self._cuts]
        self._reigns: list[tuple[int, int]] = []
        self._page = 0
        self._kept: dict[int, bytes] = {}
        self._newest = stored[-1][0] if stored else None
        self._check_signatures()
        self._check_order(stored, elsewhere)
        self._read_pages()

    @classmethod
    def load(cls, lines: Sequence[str], faults: Faults) -> "Coverage":
        """Read the stored checkpoints and the lines of a file; raises ValueError when a line is none."""
        stored = [(checkpoint_of(row), row.signature) for row in LedgerCheckpoint.objects.all()]
        return cls(stored, [read_line(line) for line in lines if line.strip()], faults)

    @property
    def newest(self) -> str:
        """The newest checkpoint in the database, in words; empty without one."""
        return _named(self._newest) if self._newest else ""

    @property
    def covered(self) -> int:
        """How many events the newest checkpoint in the database covers."""
        return self._newest.events if self._newest else 0

    def oldest_key(self, event: int) -> int:
        """Which of ``seals.secrets`` is the oldest that may have written the event of this number.

        Whoever only has a key of the past cannot add to what came after the first checkpoint signed with a newer one.
        """
        return max((key for key, last_event in self._reigns if last_event < event), default=0)

    def see(self, leaf: Leaf, event: int) -> None:
        """Take in what an item was after the event of this number."""
        page = leaf.item_id // PAGE_ITEMS
        if page != self._page:
            self._close_page()
            self._page = page
        first = bisect_left(self._cuts, event)
        if first < len(self._cuts):
            self._changes[first][leaf.item_id] = leaf

    def end(self) -> None:
        """Say what differs, after the last event."""
        self._close_page()
        for number in self._kept:
            self._compare(number, {})
        recomputed = dict(zip(self._cuts, self._heads, strict=True))
        for (checkpoint, _), place in self._places:
            heads = recomputed[checkpoint.last_event]
            saw = f"{place} {_named(checkpoint)} saw {checkpoint.events} events of {checkpoint.items} items"
            if (heads.items, heads.events) != (checkpoint.items, checkpoint.events):
                self._faults.add(f"{saw}; of that time there are {heads.events} of {heads.items}.")
            elif heads.hexdigest() != checkpoint.heads:
                self._faults.add(f"{saw}; of that time there are as many, but not the same.")

    def _check_signatures(self) -> None:
        for (checkpoint, signature), place in self._places:
            key = seals.signer(checkpoint.text(), signature)
            if key is None:
                self._faults.add(f"{place} {_named(checkpoint)} is not signed by this desk.")
            else:
                self._reigns.append((key, checkpoint.last_event))

    def _check_order(self, stored: Sequence[Signed], elsewhere: Sequence[Signed]) -> None:
        before = ""
        for number, (checkpoint, signature) in enumerate(stored, start=1):
            if checkpoint.number != number or checkpoint.previous != before:
                self._faults.add(f"the checkpoint {_named(checkpoint)} does not follow the one before it.")
                break
            before = fingerprint(checkpoint, signature)
        here = set(stored)
        for signed in elsewhere:
            if signed not in here:
                self._faults.add(f"the checkpoint kept elsewhere, {_named(signed[0])}, is not in the database.")

    def _read_pages(self) -> None:
        """Read the digests of the pages kept with the newest checkpoint, if they are what it says."""
        if self._newest is None:
            return
        heads = Heads()
        rows = list(LedgerPage.objects.order_by("number").values_list("number", "digest"))
        for number, digest in rows:
            heads.add(Page(number, bytes(digest), items=1, events=0))
        if heads.hexdigest() == self._newest.heads:
            self._kept = {number: bytes(digest) for number, digest in rows}
        else:
            self._faults.add(f"the heads kept with the checkpoint {_named(self._newest)} are not those it says.")

    def _close_page(self) -> None:
        leaves: dict[int, Leaf] = {}
        page = Page(self._page, b"", 0, 0)
        for cut, heads, changes in zip(self._cuts, self._heads, self._changes, strict=True):
            if changes:
                leaves |= changes
                changes.clear()
                page = Page.of(self._page, b"".join(leaves[item_id].packed() for item_id in sorted(leaves)))
            heads.add(page)
            if self._newest is not None and cut == self._newest.last_event and page.items:
                if self._kept.get(self._page) not in {None, page.digest}:
                    self._compare(self._page, leaves)
                self._kept.pop(self._page, None)

    def _compare(self, number: int, leaves: dict[int, Leaf]) -> None:
        for line in self._differences(number, leaves):
            self._faults.add(line)

    def _differences(self, number: int, leaves: dict[int, Leaf]) -> Iterator[str]:
        """Name the items of a page that the newest checkpoint saw differently."""
        assert self._newest is not None  # noqa: S101 - pages are kept with a checkpoint
        then = f"the checkpoint {_named(self._newest)}"
        row = LedgerPage.objects.get(number=number)
        seen = {leaf.item_id: leaf for leaf in leaves_of(bytes(row.leaves))}
        if Page.of(number, bytes(row.leaves)).digest != bytes(row.digest):
            yield f"the heads kept with {then} were changed from D-{number * PAGE_ITEMS} on."
            return
        for item_id in sorted(seen.keys() | leaves.keys()):
            was, now = seen.get(item_id), leaves.get(item_id)
            if was == now:
                continue
            if now is None:
                yield f"D-{item_id}: {then} saw it, and it is gone with all its events."
            elif was is None:
                yield f"D-{item_id}: {then} did not see it, though it has events of before."
            elif was.version != now.version:
                yield f"D-{item_id}: {then} saw {was.version} events, of which there are {now.version}."
            else:
                yield f"D-{item_id}: {then} saw other events than there are now: they were written anew."


def line_of(checkpoint: Checkpoint, signature: str) -> str:
    """Write a checkpoint as one line of JSON that can be kept elsewhere."""
    return json.dumps(asdict(checkpoint) | {"signature": signature, "public_key": seals.public_key()})


def read_line(line: str) -> Signed:
    """Read such a line; raises ValueError when it is none."""
    try:
        given = json.loads(line)
        checkpoint = Checkpoint(
            number=int(given["number"]),
            at=str(given["at"]),
            items=int(given["items"]),
            events=int(given["events"]),
            last_event=int(given["last_event"]),
            heads=str(given["heads"]),
            previous=str(given["previous"]),
        )
        signature = str(given["signature"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"this is not a checkpoint: {line[:60]}") from error
    return checkpoint, signature


def _named(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.number} of {checkpoint.at[:16].replace('T', ' ')} UTC"
