"""The unprivileged account PostgreSQL runs under when the desk itself runs as root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from dispatchdesk.runtime.environment import SettingError

# PostgreSQL refuses to run as root. Its customary account comes first; "nobody" exists everywhere.
CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True)
class ServiceAccount:
    """A user and its group."""

    name: str
    uid: int
    gid: int


def service_account() -> ServiceAccount | None:
    """Account to run PostgreSQL under, or None to run it as ourselves, which we may unless we are root."""
    if os.geteuid() != 0:
        return None
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServiceAccount(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    accounts = " or ".join(CANDIDATES)
    raise SettingError(f"PostgreSQL can't run as root and there is no user {accounts}: set DATABASE_URL or add one.")


def may_enter(directory: Path, account: ServiceAccount | None) -> bool:
    """Whether the account (None: ourselves) may pass through a directory and all above it, by their mode bits."""
    if account is None:
        return os.access(directory, os.X_OK)
    for step in (directory, *directory.parents):
        status = step.stat()
        if status.st_uid == account.uid:
            needed = 0o100
        elif status.st_gid == account.gid:
            needed = 0o010
        else:
            needed = 0o001
        if not status.st_mode & needed:
            return False
    return True
