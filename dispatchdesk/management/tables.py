"""Reads CSV files that people give to commands; what is wrong is said in one line."""

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.core.management.base import CommandError
from django.utils.text import slugify

csv.field_size_limit(10_000_000)


_SLUG = re.compile(r"[A-Za-z0-9_-]+")


def slugs_of(labels: Sequence[str]) -> list[str]:
    """Return labels as the slugs of places: “Billing team” as ``billing-team``, and what is a slug as it is.

    What holds no letter that a slug may have stays, too. Raises CommandError where two labels would be one slug.
    """
    label_of: dict[str, str] = {}
    found = []
    for label in (label.strip() for label in labels):
        slug = label if _SLUG.fullmatch(label) else slugify(label) or label
        other = label_of.setdefault(slug, label)
        if other != label:
            raise CommandError(f"“{other}” and “{label}” would both be called “{slug}”. Rename one of them.")
        found.append(slug)
    return found


def rows_of(path: Path, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield each row of a CSV file with a header, in UTF-8; blank lines are left out.

    Raises CommandError for a file that cannot be read, is no CSV in UTF-8, or lacks one of these columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            found = list(reader.fieldnames or ())
            lacking = [name for name in columns if name not in found]
            if lacking:
                names = ", ".join(found) or "none: the file is empty"
                raise CommandError(f"{path} has no column “{lacking[0]}”. Its columns are: {names}.")
            for row in reader:
                yield {name: row.get(name) or "" for name in columns}
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is not in UTF-8 (byte {error.start:,}). Save it as CSV in UTF-8.") from error
    except csv.Error as error:
        raise CommandError(f"{path} is no CSV that can be read: {error}.") from error
