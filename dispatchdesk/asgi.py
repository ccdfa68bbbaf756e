"""The ASGI application: pages and API by Django, sockets by Channels."""

import gc
import os

import django
from channels.routing import ProtocolTypeRouter
from channels.security.websocket import OriginValidator

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dispatchdesk.settings")

# Apps must be loaded before anything that imports models.
django.setup(set_prefix=False)
from django.conf import settings  # noqa: E402

from dispatchdesk.feed.routing import sockets  # noqa: E402
from dispatchdesk.request_handler import RequestHandler  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": RequestHandler(),
        # The full origin is compared, scheme and port included: another service on this host is another origin.
        "websocket": OriginValidator(sockets, settings.SOCKET_ORIGINS),
    }
)

# What is loaded by now stays, so that the collector need not go through it again with every few requests.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 20)
