"""What a checkpoint of the ledger says, and how it is written down to be signed. Pure."""

import hashlib
import json
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass

PAGE_ITEMS = 1000
_LEAF = struct.Struct(">qi32s")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One item as a checkpoint saw it: how many events it had, and the hash of the last."""

    item_id: int
    version: int
    head: bytes

    def packed(self) -> bytes:
        """Return it as 44 bytes."""
        return _LEAF.pack(self.item_id, self.version, self.head)


def leaves_of(page: bytes) -> Iterator[Leaf]:
    """Read the packed leaves of a page; whatever is cut off at its end is left out."""
    whole = len(page) - len(page) % _LEAF.size
    return (Leaf(*parts) for parts in _LEAF.iter_unpack(page[:whole]))


@dataclass(frozen=True, slots=True)
class Page:
    """What is counted of a page: the leaves, by ascending id, of the items ``number * 1000`` to ``+ 999``."""

    number: int
    digest: bytes
    items: int
    events: int

    @classmethod
    def of(cls, number: int, packed: bytes) -> "Page":
        """Count the packed leaves of a page."""
        versions = [leaf.version for leaf in leaves_of(packed)]
        return cls(number, hashlib.sha256(packed).digest(), len(versions), sum(versions))


class Heads:
    """A running digest of all pages, which are added by ascending number."""

    def __init__(self) -> None:
        self.items = self.events = 0
        self._hash = hashlib.sha256()

    def add(self, page: Page) -> None:
        """Count a page; one without items counts as none."""
        if page.items:
            self.items += page.items
            self.events += page.events
            self._hash.update(struct.pack(">q", page.number) + page.digest)

    def hexdigest(self) -> str:
        """Return the digest as 64 hexadecimal digits."""
        return self._hash.hexdigest()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed: all items as they were after event ``last_event``, and nothing of what came later.

    ``heads`` is the digest of ``Heads``, ``previous`` the fingerprint of the checkpoint before (the first: empty), and
    ``at`` a time in ISO 8601.
    """

    number: int
    at: str
    items: int
    events: int
    last_event: int
    heads: str
    previous: str

    def text(self) -> bytes:
        """Return the bytes that are signed."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()


def fingerprint(checkpoint: Checkpoint, signature: str) -> str:
    """Return what the next checkpoint names this one by."""
    return hashlib.sha256(checkpoint.text() + signature.encode()).hexdigest()


class Faults:
    """What is wrong, as sentences: the first hundred, and how many there are in all."""

    MOST = 100

    def __init__(self) -> None:
        self.count = 0
        self.lines: list[str] = []

    def add(self, line: str) -> None:
        """Take in one fault."""
        self.count += 1
        if len(self.lines) < self.MOST:
            self.lines.append(line)
