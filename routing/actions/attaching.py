"""Files that come with a request: bounded in size and number, stored under their hash, never under their name."""

import hashlib
from collections.abc import Sequence
from typing import Any, TypeAlias

from django.core.files.uploadedfile import UploadedFile

from routing import transitions
from routing.actions import intake
from routing.actions.intake import Received, Request
from routing.crash_points import one_transaction
from routing.domain.roles import Actor
from routing.errors import Conflict, Invalid
from routing.models import Attachment, WorkItem

Upload: TypeAlias = "UploadedFile[Any]"

MOST_BYTES = 10 * 1024 * 1024
MOST_FILES = 10
MOST_BYTES_PER_ITEM = 40 * 1024 * 1024
LONGEST_NAME = 200


def receive_with_files(*, actor: Actor, request: Request, trigger_kind: str, files: Sequence[Upload]) -> Received:
    """Receive a request and keep its files with it; raises what ``intake.receive`` and ``attach`` raise.

    A request that was received before under its key keeps the files it came with.
    """
    check_files(files)
    with one_transaction("attaching.receive_with_files"):
        received = intake.receive(actor=actor, request=request, trigger_kind=trigger_kind)
        if received.created and received.item is not None:
            _store(received.item, files, actor.name)
    return received


def attach(*, item_id: int, files: Sequence[Upload], by: str) -> list[Attachment]:
    """Keep files with an item; raises Invalid when they are too large or too many, Conflict when it was erased."""
    check_files(files)
    with one_transaction("attaching.attach"):
        item = transitions.lock_one(item_id)
        if item.erased_at is not None:
            raise Conflict(f"The personal data of {item.code} was erased: no file is kept with it any more.")
        return _store(item, files, by)


def check_files(files: Sequence[Upload]) -> None:
    """Raise Invalid when one file is too large or there are too many."""
    if len(files) > MOST_FILES:
        raise Invalid("The files could not be taken.", {"files": f"At most {MOST_FILES} files."})
    for file in files:
        if (file.size or 0) > MOST_BYTES:
            size = f"{MOST_BYTES // 1024 // 1024} MB"
            raise Invalid("The files could not be taken.", {"files": f"{shown_name(file)} is larger than {size}."})


def _store(item: WorkItem, files: Sequence[Upload], by: str) -> list[Attachment]:
    there = list(item.files.values_list("size", flat=True))
    if len(there) + len(files) > MOST_FILES:
        raise Invalid("The files could not be taken.", {"files": f"At most {MOST_FILES} files for one request."})
    if sum(there) + sum(file.size or 0 for file in files) > MOST_BYTES_PER_ITEM:
        size = f"{MOST_BYTES_PER_ITEM // 1024 // 1024} MB"
        raise Invalid("The files could not be taken.", {"files": f"At most {size} for one request."})
    now = transitions.database_now()
    kept = []
    for file in files:
        row = Attachment(
            item=item,
            name=shown_name(file),
            content_type=(file.content_type or "")[:100],
            size=file.size or 0,
            sha256=_sha256(file),
            added_by=by[:150],
            added_at=now,
        )
        row.content.save(row.sha256, file, save=False)
        row.save()
        kept.append(row)
    return kept


def shown_name(file: Upload) -> str:
    """Return the name its sender gave a file, without what could mislead who reads it."""
    name = (file.name or "").replace("\\", "/").rpartition("/")[2]
    return "".join(char for char in name if char.isprintable()).strip()[:LONGEST_NAME] or "file"


def _sha256(file: Upload) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
