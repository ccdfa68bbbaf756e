"""The request that leaves and the response that comes back, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request. ``headers`` may hold credentials, so they are kept out of its representation."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, whatever its status.

    ``headers`` have lower-case names; repeated ones are joined by a comma. ``url`` is where the answer came from,
    after redirects. ``elapsed_ms`` spans the whole call.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    elapsed_ms: int
    url: str

    @property
    def text(self) -> str:
        """The body as UTF-8 text, unreadable bytes replaced."""
        return self.body.decode("utf-8", errors="replace")
