"""Rulebooks change by drafts: saved, checked, published as a version, and retired by the next."""

from collections.abc import Mapping

from django.db import transaction

from routing import transitions
from routing.actions.configuring import check_admin
from routing.domain import faults, rulefile
from routing.domain.roles import Actor
from routing.errors import Conflict, Invalid
from routing.models import Rulebook, RulebookVersion
from routing.queries.findings import version_findings


def save_draft(
    *, actor: Actor, rulebook_id: int, content: Mapping[str, object], revision: int | None = None, note: str = ""
) -> RulebookVersion:
    """Store the draft of a rulebook, made if there is none.

    ``revision`` is the draft's that was edited: Conflict when somebody saved another since. Raises Invalid when the
    content cannot be read, with a message per JSON pointer; a draft may still have faults that publishing refuses.
    """
    check_admin(actor)
    try:
        rulefile.read(content)
    except faults.RuleError as error:
        raise Invalid(
            "The rules could not be read.", {problem.pointer: problem.detail for problem in error.problems}
        ) from error
    with transaction.atomic():
        book = Rulebook.objects.select_for_update().get(pk=rulebook_id)
        now = transitions.database_now()
        draft = book.versions.filter(status=RulebookVersion.DRAFT).first()
        if draft is None:
            newest = book.versions.order_by("-number").values_list("number", flat=True).first() or 0
            return RulebookVersion.objects.create(
                rulebook=book,
                number=newest + 1,
                content=dict(content),
                note=note,
                created_by_id=actor.user_id,
                created_at=now,
            )
        if revision is not None and draft.revision != revision:
            raise Conflict("Somebody else has saved this draft since you opened it. Yours is kept on this page.")
        draft.content, draft.note = dict(content), note or draft.note
        draft.revision += 1
        draft.save(update_fields=["content", "note", "revision"])
        return draft


def draft_faults(draft: RulebookVersion) -> tuple[faults.Problem, ...]:
    """Return what is wrong with a draft; an empty list may be published."""
    return tuple(
        faults.Problem(finding.pointer, finding.detail)
        for finding in version_findings(draft)
        if finding.level == "error"
    )


def publish(*, actor: Actor, version_id: int, note: str, revision: int | None = None) -> RulebookVersion:
    """Publish a draft; the version that was live is retired. Raises Invalid when it has faults or no note.

    ``revision`` is the draft's that was looked at: Conflict when somebody saved another since.
    """
    check_admin(actor)
    if not note.strip():
        raise Invalid("Say in a note what changes.", {"note": "Say what changes, for those who read it later."})
    with transaction.atomic():
        draft = RulebookVersion.objects.select_related("rulebook").get(pk=version_id)
        Rulebook.objects.select_for_update().get(pk=draft.rulebook_id)
        draft.refresh_from_db()
        if draft.status != RulebookVersion.DRAFT:
            raise Conflict(f"Version {draft.number} is not a draft any more.")
        if revision is not None and draft.revision != revision:
            raise Conflict("Somebody else has changed this draft since you opened it. Look at it again, then publish.")
        wrong = draft_faults(draft)
        if wrong:
            raise Invalid(
                "These rules cannot be published yet.", {problem.pointer: problem.detail for problem in wrong}
            )
        now = transitions.database_now()
        draft.rulebook.versions.filter(status=RulebookVersion.PUBLISHED).update(status=RulebookVersion.RETIRED)
        draft.status, draft.note = RulebookVersion.PUBLISHED, note.strip()
        draft.published_by_id, draft.published_at = actor.user_id, now
        draft.save(update_fields=["status", "note", "published_by", "published_at"])
        return draft


def discard_draft(*, actor: Actor, version_id: int) -> None:
    """Throw a draft away; published and retired versions stay for ever."""
    check_admin(actor)
    RulebookVersion.objects.filter(pk=version_id, status=RulebookVersion.DRAFT).delete()
