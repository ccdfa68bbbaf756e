"""Settings for tests: the real ones, with data of their own that is gone afterwards."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_data = Path(tempfile.mkdtemp(prefix="desk-test-"))
if os.geteuid() == 0:
    # Run by root, the embedded PostgreSQL has another account, which must get through to its directory in here.
    _data.chmod(0o711)
atexit.register(shutil.rmtree, _data, ignore_errors=True)
os.environ["DESK_DATA"] = str(_data)
for _name in ("BROKER_URL", "PUBLIC_URL", "HOST", "PORT", "AI_BASE_URL", "DESK_ALLOW_HOSTS", "EMAIL_URL", "EMAIL_HOST"):
    # A developer's own desk must neither be reached by tests nor change what they see.
    os.environ.pop(_name, None)

# Chance decides in no test; those about it say so.
os.environ["SPOT_CHECK_PERCENT"] = "0"

from dispatchdesk.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
