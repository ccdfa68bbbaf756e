"""Addresses of the pages that requesters open without an account."""

from django.urls import URLPattern

app_name = "requests"
urlpatterns: list[URLPattern] = []
