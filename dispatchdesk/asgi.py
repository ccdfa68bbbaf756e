"""The ASGI application: pages and API by Django, sockets by Channels."""

import gc
import os

from channels.routing import ProtocolTypeRouter
from channels.security.websocket import OriginValidator
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dispatchdesk.settings")

http_application = get_asgi_application()

# Apps must be loaded before anything that imports models.
from django.conf import settings  # noqa: E402

from dispatchdesk.feed.routing import sockets  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": http_application,
        # The full origin is compared, scheme and port included: another service on this host is another origin.
        "websocket": OriginValidator(sockets, settings.SOCKET_ORIGINS),
    }
)

# What is loaded by now stays, so that the collector need not go through it again with every few requests.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 20)
