"""Addresses of signing in and out, and of the practice role switch."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
