"""Pages of long lists by keyset: a cursor holds where the last page ended, and nothing is counted or skipped."""

import base64
import binascii
from typing import Annotated, TypeVar

from django.db.models import Model, QuerySet
from pydantic import Field

from routing.errors import Invalid

LARGEST_PAGE = 200
Limit = Annotated[int, Field(ge=1, le=LARGEST_PAGE)]
_Row = TypeVar("_Row", bound=Model)


def cursor_of(key: int) -> str:
    """Return the cursor of a page whose last row has this key."""
    return base64.urlsafe_b64encode(f"after:{key}".encode()).decode().rstrip("=")


def key_of(cursor: str) -> int:
    """Return the key in a cursor; raises Invalid for one that is not ours."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        text = ""
    word, _, key = text.partition(":")
    if word != "after" or not key.isascii() or not key.isdigit() or len(key) > 18:
        raise Invalid("This cursor is not one that we gave out.", {"cursor": "start again without a cursor"})
    return int(key)


def page_of(
    rows: QuerySet[_Row], *, by: str, limit: int, cursor: str, newest_first: bool = True
) -> tuple[list[_Row], str | None]:
    """Return one page of rows ordered by a unique column, with the cursor of the next page (None: the last)."""
    if cursor:
        rows = rows.filter(**{f"{by}__{'lt' if newest_first else 'gt'}": key_of(cursor)})
    found = list(rows.order_by(f"-{by}" if newest_first else by)[: limit + 1])
    page = found[:limit]
    return page, cursor_of(getattr(page[-1], by)) if len(found) > limit else None
