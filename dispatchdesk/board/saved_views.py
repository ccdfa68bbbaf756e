"""Views of the board that people keep: their own, those that others share, and the one it opens with."""

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import QueryDict

from dispatchdesk.board.filters import read_filters
from dispatchdesk.models import SavedView
from routing.domain.roles import Actor, Role
from routing.errors import Invalid, NotAllowed, NotVisible

LONGEST_NAME = 60
MOST_VIEWS = 50  # of one person


def views_of(actor: Actor) -> QuerySet[SavedView]:
    """Return the views this person can open: their own and the shared ones, by name."""
    return SavedView.objects.filter(Q(owner_id=actor.person_id) | Q(shared=True)).order_by("name", "pk")


def clean_query(query: str) -> str:
    """Return the query of a board's address without what makes no sense in it."""
    return read_filters(QueryDict(query[:1000])).query


def save_view(*, actor: Actor, name: str, query: str, shared: bool, opens: bool) -> SavedView:
    """Keep a view under a name; one of one's own with that name is replaced. ``opens``: the board opens with it.

    Raises Invalid for an empty or too long name, and for one view too many.
    """
    if not actor.is_staff_member:
        raise NotAllowed("Only people of this desk keep views.")
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid(f"Give it a name of at most {LONGEST_NAME} characters.", {"name": "Give it a name."})
    with transaction.atomic():
        people = get_user_model().objects.select_for_update(no_key=True)
        me = people.get(pk=actor.person_id)
        mine = SavedView.objects.filter(owner=me)
        if mine.exclude(name=name).count() >= MOST_VIEWS:
            raise Invalid(f"You have {MOST_VIEWS} views already. Delete one first.", {"name": "Too many views."})
        view, _ = SavedView.objects.update_or_create(
            owner=me, name=name, defaults={"query": clean_query(query), "shared": shared}
        )
        if opens:
            _open_with(me.pk, view.query)
        return view


def _open_with(user_id: int, query: str) -> None:
    get_user_model().objects.filter(pk=user_id).update(board_query=query)


def open_with(*, actor: Actor, view_id: int | None) -> None:
    """Let the board open with a view for this person, or as the desk does by itself (None)."""
    view = None if view_id is None else views_of(actor).filter(pk=view_id).first()
    if view_id is not None and view is None:
        raise NotVisible("There is no such view.")
    _open_with(actor.person_id, view.query if view else "")


def delete_view(*, actor: Actor, view_id: int) -> SavedView:
    """Delete a view of one's own; admins delete shared ones, too. Raises NotVisible when there is no such view."""
    view = views_of(actor).filter(pk=view_id).first()
    if view is None:
        raise NotVisible("There is no such view.")
    if view.owner_id != actor.user_id and actor.role is not Role.ADMIN:
        raise NotAllowed("Only its owner and admins delete a shared view.")
    SavedView.objects.filter(pk=view_id).delete()
    return view
