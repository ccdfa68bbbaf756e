"""Begins a draft of a rulebook: from the live version, from an older one, or from nothing."""

from routing.actions.configuring import check_admin
from routing.actions.publishing import save_draft
from routing.crash_points import one_transaction
from routing.domain.roles import Actor
from routing.errors import Conflict
from routing.models import Rulebook, RulebookVersion
from routing.queries.desk import FALLBACK_QUEUE


def start_draft(*, actor: Actor, work_type_id: int | None, from_version_id: int | None = None) -> RulebookVersion:
    """Return the draft of a type's rulebook (None: First look), begun if there is none.

    Without a version it starts as the live one, or empty. Raises Conflict when an older version is asked for and there
    is a draft already, which it would replace.
    """
    check_admin(actor)
    with one_transaction("drafting.start_draft"):
        book, _ = Rulebook.objects.get_or_create(work_type_id=work_type_id)
        Rulebook.objects.select_for_update().get(pk=book.pk)
        draft = book.versions.filter(status=RulebookVersion.DRAFT).first()
        if draft is not None:
            if from_version_id is not None:
                raise Conflict("There is a draft already. Publish it or throw it away before you go back.")
            return draft
        chosen = {"pk": from_version_id} if from_version_id is not None else {"status": RulebookVersion.PUBLISHED}
        source = book.versions.filter(**chosen).first()
        content = source.content if source else {"rules": [], "fallback_queue": FALLBACK_QUEUE}
        note = f"Back to version {source.number}" if source and from_version_id is not None else ""
        return save_draft(actor=actor, rulebook_id=book.pk, content=content, note=note)
