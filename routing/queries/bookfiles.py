"""A rulebook's version with its examples, as a file holds them."""

from routing.domain import bookfile
from routing.domain.bookfile import BookFile
from routing.models import Example, RulebookVersion


def file_of(slug: str, version: RulebookVersion) -> BookFile:
    """Return what a file of this version says; raises RuleError when its content cannot be read any more."""
    examples = Example.objects.filter(rulebook_id=version.rulebook_id)
    return bookfile.read(
        {
            "rulebook": slug,
            "format": bookfile.FORMAT,
            "fallback_queue": version.content.get("fallback_queue"),
            "rules": version.content.get("rules"),
            "examples": [
                {
                    "name": each.name,
                    "facts": each.facts,
                    "done": each.done,
                    "at": each.at.isoformat(),
                    "expected": each.expected,
                }
                for each in examples
            ],
        }
    )
