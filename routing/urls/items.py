"""Addresses of items and requests."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
