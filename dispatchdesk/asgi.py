"""The ASGI application: pages and API by Django, sockets by Channels."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import OriginValidator
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dispatchdesk.settings")

http_application = get_asgi_application()

from django.conf import settings  # noqa: E402 - apps must be loaded before anything that imports models

application = ProtocolTypeRouter(
    {
        "http": http_application,
        # The full origin is compared, scheme and port included: another service on this host is another origin.
        "websocket": OriginValidator(AuthMiddlewareStack(URLRouter([])), settings.SOCKET_ORIGINS),
    }
)
