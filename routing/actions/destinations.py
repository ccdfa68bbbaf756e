"""Admins make, change and remove destinations together with the secret that belongs to them."""

from collections.abc import Mapping, Sequence

from routing.actions import configuring
from routing.crash_points import one_transaction
from routing.domain.roles import Actor
from routing.domain.rules import Escalate, Go
from routing.errors import Conflict, Invalid, NotVisible
from routing.models import Destination, DestinationVersion
from routing.queries import desk as desk_queries


def save(
    *,
    actor: Actor,
    slug: str,
    name: str,
    kind: str,
    description: str,
    config: Mapping[str, object],
    new: bool = False,
    seen_version: int | None = None,
    header: str = "",
    secret: str = "",
    forget: bool = False,
    rows: Sequence[Mapping[str, object]] | None = None,
) -> DestinationVersion:
    """Store a destination as a new version, with its secret when one is given.

    Without one the stored secret stays, unless it is to be forgotten or the address now leads to another host.
    ``seen_version`` is the version that was edited: Conflict when there is a newer one.
    """
    configuring.check_admin(actor)
    with one_transaction("destinations.save"):
        place = Destination.objects.select_for_update().filter(slug=slug).first()
        if new and place is not None:
            raise Invalid(f"There is a destination “{slug}” already.", {"slug": "Choose another name."})
        newest = place.versions.first() if place else None
        if newest is not None and seen_version is not None and newest.number != seen_version:
            raise Conflict(f"Somebody else has changed {name} since you opened it. What you typed is kept.")
        kept = newest.config.get("credential") if newest and not forget else None
        if secret:
            row = configuring.save_credential(
                actor=actor, name=slug, header=header, url=str(config.get("url", "")), secret=secret
            )
            kept = row.pk
        full = {**config, "credential": kept} if "url" in config else dict(config)
        return configuring.save_destination(
            actor=actor,
            slug=slug,
            name=name,
            kind=kind,
            description=description,
            config=full,
            rows=None if rows is None else list(rows),
        )


def remove(*, actor: Actor, slug: str) -> None:
    """Take a destination out of use; its history stays. Raises Invalid when live rules still send to it."""
    configuring.check_admin(actor)
    with one_transaction("destinations.remove"):
        place = Destination.objects.select_for_update().filter(slug=slug, archived=False).first()
        if place is None:
            raise NotVisible(f"There is no destination “{slug}”.")
        users = used_by(slug)
        if users:
            raise Invalid(f"{place.name} is still used by the rules of {' and '.join(users)}.")
        place.archived = True
        place.save(update_fields=["archived"])


def used_by(slug: str) -> list[str]:
    """Return the titles of the live rulebooks whose rules send to this destination or queue."""
    found = []
    for book in desk_queries.load().books.values():
        named = {book.rules.fallback_queue}
        for rule in book.rules.rules:
            match rule.then:
                case Go():
                    named |= {*rule.then.to, rule.then.approved_by}
                case Escalate():
                    named |= {rule.then.queue, rule.then.about}
        if slug in named:
            found.append(book.title)
    return found
