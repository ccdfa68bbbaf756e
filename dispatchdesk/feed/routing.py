"""Addresses of sockets."""

from channels.routing import URLRouter
from channels.security.websocket import WebsocketDenier
from channels.sessions import CookieMiddleware
from django.urls import path, re_path

from dispatchdesk.feed.consumer import FeedConsumer

sockets = CookieMiddleware(URLRouter([path("ws/feed", FeedConsumer.as_asgi()), re_path("", WebsocketDenier.as_asgi())]))
