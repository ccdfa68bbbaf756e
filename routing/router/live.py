"""The live learned router of this process: the newest trained model, looked up again every few seconds."""

import time
from dataclasses import dataclass
from functools import lru_cache

from routing.models import RouterModel
from routing.router.learned import LearnedRouter, Suggestion

LOOK_AGAIN_SECONDS = 5.0


@dataclass(slots=True)
class _Newest:
    model_id: int | None = None
    looked_at: float = 0.0


_newest = _Newest()


@lru_cache(maxsize=2)
def _loaded(model_id: int) -> LearnedRouter:
    return LearnedRouter.from_bytes(bytes(RouterModel.objects.values_list("content", flat=True).get(pk=model_id)))


def newest_id() -> int | None:
    """Return the id of the newest trained model, or None when the router is untrained."""
    if _newest.model_id is None or time.monotonic() - _newest.looked_at > LOOK_AGAIN_SECONDS:
        _newest.model_id = RouterModel.objects.order_by("-pk").values_list("pk", flat=True).first()
        _newest.looked_at = time.monotonic()
    return _newest.model_id


def suggest(text: str) -> Suggestion | None:
    """Return what the learned router suggests for a request; None when it is untrained."""
    model_id = newest_id()
    return _loaded(model_id).suggest([text])[0] if model_id is not None else None
