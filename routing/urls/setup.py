"""Addresses of the settings: destinations, work types, queues, people."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
