"""Erases what the whole desk holds of one requester: their items, and views of the board that name them."""

from urllib.parse import quote_plus

from django.db import transaction
from django.db.models import Q

from dispatchdesk.accounts.models import User
from dispatchdesk.models import SavedView
from routing.actions import erasing
from routing.actions.erasing import Erasure
from routing.domain.roles import Actor


def erase_requester(*, actor: Actor, email: str) -> Erasure:
    """Erase the personal data of the requester with this address; raises NotAllowed unless an admin asks.

    Doing it again does what could not be done the first time, and nothing else.
    """
    done = erasing.erase_items(actor=actor, email=email)
    if email.strip():
        with transaction.atomic():
            address = quote_plus(email.strip())
            SavedView.objects.filter(Q(query__icontains=address) | Q(name__icontains=email.strip())).delete()
            User.objects.filter(board_query__icontains=address).update(board_query="")
    return done
