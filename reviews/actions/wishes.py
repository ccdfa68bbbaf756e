"""How somebody wants to be told: chosen by themselves, or mail stopped by the link that each mail holds."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.core import signing

from reviews.domain.notices import Kind, Way
from reviews.models import Notice, NoticeWishes
from routing import transitions
from routing.crash_points import one_transaction
from routing.domain.roles import Actor

_SALT = "stop notices by mail"


@dataclass(frozen=True, slots=True)
class Stopping:
    """What a link from a mail may stop: the mails to one person, those of one kind first (None: only all)."""

    user_id: int
    kind: Kind | None


def save_wishes(*, actor: Actor, ways: Mapping[Kind, Way], digest_hour: int, zone: str) -> None:
    """Store how the person wants to be told; mails that have not left yet go by it at once."""
    with one_transaction("wishes.save_wishes"):
        chosen = {kind.value: way.value for kind, way in ways.items()}
        wishes, _ = NoticeWishes.objects.update_or_create(
            user_id=actor.person_id, defaults={**chosen, "digest_hour": digest_hour, "zone": zone}
        )
        _apply_to_what_is_due(wishes)


def stop_token(user_id: int, kind: Kind | None) -> str:
    """Return the signed token of a link that stops mails; it never expires, as mails are kept for years."""
    return signing.dumps([user_id, kind.value if kind else ""], salt=_SALT)


def read_token(token: str) -> Stopping | None:
    """Return what a token may stop; None when it is not ours or the person is gone."""
    try:
        user_id, kind = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return None
    is_there = get_user_model().objects.filter(pk=user_id).exists()
    return Stopping(user_id, Kind(kind) if kind else None) if is_there else None


def stop_mail(stopping: Stopping, kind: Kind | None) -> None:
    """Send the person no more mails of this kind, or none at all; they are still told in the app."""
    with one_transaction("wishes.stop_mail"):
        # Locked, once it is there: links of several mails may be sent at the same time, and each has to count.
        NoticeWishes.objects.get_or_create(user_id=stopping.user_id)
        wishes = NoticeWishes.objects.select_for_update().get(user_id=stopping.user_id)
        for one in [kind] if kind else list(Kind):
            if wishes.way(one).mails:
                setattr(wishes, one.value, Way.APP.value)
        wishes.save()
        _apply_to_what_is_due(wishes)


def _apply_to_what_is_due(wishes: NoticeWishes) -> None:
    now = transitions.database_now()
    for kind in Kind:
        rows = Notice.objects.filter(user_id=wishes.user_id, kind=kind.value, mail_status=Notice.DUE)
        at = wishes.mail_at(kind, now)
        if at is None:
            rows.update(mail_status=Notice.NONE, mail_due_at=None)
        else:
            rows.update(mail_due_at=at)
