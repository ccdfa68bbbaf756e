"""The live learned router of this process: the newest trained model, looked up again every few seconds."""

import threading
import time
from functools import lru_cache

from routing.models import RouterModel
from routing.router.learned import LearnedRouter, Suggestion

LOOK_AGAIN_SECONDS = 5.0

_lock = threading.Lock()
_newest: tuple[float, int | None] = (0.0, None)


@lru_cache(maxsize=2)
def _loaded(model_id: int) -> LearnedRouter:
    return LearnedRouter.from_bytes(bytes(RouterModel.objects.values_list("content", flat=True).get(pk=model_id)))


def newest_id() -> int | None:
    """Return the id of the newest trained model, or None when the router is untrained."""
    global _newest
    with _lock:
        looked_at, model_id = _newest
        if model_id is None or time.monotonic() - looked_at > LOOK_AGAIN_SECONDS:
            model_id = RouterModel.objects.order_by("-pk").values_list("pk", flat=True).first()
            _newest = (time.monotonic(), model_id)
        return model_id


def suggest(text: str) -> Suggestion | None:
    """Return what the learned router suggests for a request; None when it is untrained."""
    model_id = newest_id()
    return _loaded(model_id).suggest([text])[0] if model_id is not None else None
