"""The people of the practice desk; their passwords are made at the first start and kept beside the data."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from dispatchdesk.accounts.models import User
from routing.domain.roles import Role

FILE_NAME = "practice-accounts.json"


@dataclass(frozen=True, slots=True)
class _Person:
    username: str
    role: Role
    first_name: str
    last_name: str


# The first of a role is the one that "Continue as" signs in.
PEOPLE = (
    _Person("olivia", Role.OPERATOR, "Olivia", "Osei"),
    _Person("ravi", Role.REVIEWER, "Ravi", "Rao"),
    _Person("ada", Role.ADMIN, "Ada", "Adler"),
    _Person("mina", Role.REVIEWER, "Mina", "Moreau"),
)


def is_practice_desk() -> bool:
    """Whether the practice desk is in use: its accounts were made and not removed."""
    return _file().exists()


def practice_user(role: str) -> User | None:
    """Return the practice person of this role; None when there is none, or on a real desk."""
    if not is_practice_desk():
        return None
    username = next((person.username for person in PEOPLE if person.role.value == role), None)
    return User.objects.filter(username=username, role=role, is_active=True).first() if username else None


def ensure_accounts() -> list[User]:
    """Make the practice people who are not there yet, and return all of them; safe to call at every start."""
    passwords = _passwords()
    if passwords is None:
        passwords = {person.username: secrets.token_urlsafe(9) for person in PEOPLE}
        _keep(passwords)
    users = []
    for person in PEOPLE:
        user = User.objects.filter(username=person.username).first()
        if user is None:
            user = User.objects.create_user(
                person.username,
                password=passwords[person.username],
                role=person.role.value,
                first_name=person.first_name,
                last_name=person.last_name,
            )
        users.append(user)
    return users


def lines() -> list[str]:
    """Return ``role username password`` for each practice person; nothing on a real desk."""
    passwords = _passwords() or {}
    return [
        f"{person.role.value} {person.username} {passwords[person.username]}"
        for person in PEOPLE
        if person.username in passwords
    ]


def forget_accounts() -> None:
    """Remove the file: from now on this is no practice desk. The people themselves stay, as history names them."""
    _file().unlink(missing_ok=True)


def _file() -> Path:
    return Path(settings.DESK_DATA) / FILE_NAME


def _passwords() -> dict[str, str] | None:
    try:
        return dict(json.loads(_file().read_text()))
    except FileNotFoundError:
        return None


def _keep(passwords: dict[str, str]) -> None:
    """Write the file in one go, readable by its owner only."""
    fresh = _file().with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(passwords, file, indent=1)
    fresh.rename(_file())
