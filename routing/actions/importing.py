"""Takes a rulebook file in: its rules become the draft, its examples are added or updated by name."""

from dataclasses import dataclass

from routing import transitions
from routing.actions.configuring import check_admin
from routing.actions.publishing import save_draft
from routing.crash_points import one_transaction
from routing.domain import rulefile
from routing.domain.answers import answer_to_json
from routing.domain.bookfile import BookFile, FiledExample
from routing.domain.factfile import write_facts
from routing.domain.roles import Actor
from routing.errors import Conflict
from routing.models import Example, Rulebook, RulebookVersion


@dataclass(frozen=True, slots=True)
class Imported:
    """The draft that a file became, and how many of its examples are new or differ from the kept ones."""

    draft: RulebookVersion
    examples_added: int
    examples_updated: int


def import_book(
    *, actor: Actor, work_type_id: int | None, book: BookFile, replaces: tuple[int, int] | None = None
) -> Imported:
    """Make a file the draft of this type's rulebook (None: First look).

    ``replaces`` are id and revision of the draft that may be replaced. Raises Conflict when there is another one, so
    that nothing is overwritten unseen.
    """
    check_admin(actor)
    with one_transaction("importing.import_book"):
        row, _ = Rulebook.objects.get_or_create(work_type_id=work_type_id)
        Rulebook.objects.select_for_update().get(pk=row.pk)
        draft = row.versions.filter(status=RulebookVersion.DRAFT).first()
        if draft is not None and replaces is None:
            raise Conflict(f"There is a draft of {row} already. Nothing was changed.")
        if replaces is not None and (draft is None or (draft.pk, draft.revision) != replaces):
            raise Conflict(f"Somebody else has changed the draft of {row} meanwhile. Nothing was changed.")
        saved = save_draft(
            actor=actor,
            rulebook_id=row.pk,
            content=rulefile.write(book.rules),
            revision=draft.revision if draft else None,
        )
        added, updated = _keep_examples(actor, row, book.examples)
    return Imported(saved, added, updated)


def _keep_examples(actor: Actor, row: Rulebook, examples: tuple[FiledExample, ...]) -> tuple[int, int]:
    kept = {each.name: each for each in row.examples.all()}
    now = transitions.database_now()
    added, updated = list[Example](), list[Example]()
    for example in examples:
        parts = {
            "facts": write_facts(example.facts),
            "done": list(example.done),
            "at": example.at,
            "expected": answer_to_json(example.expected),
        }
        before = kept.get(example.name)
        if before is None:
            added.append(Example(rulebook=row, name=example.name, created_by_id=actor.user_id, created_at=now, **parts))
        elif any(getattr(before, name) != part for name, part in parts.items()):
            for name, part in parts.items():
                setattr(before, name, part)
            updated.append(before)
    Example.objects.bulk_create(added)
    Example.objects.bulk_update(updated, ["facts", "done", "at", "expected"])
    return len(added), len(updated)
