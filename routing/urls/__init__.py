"""Addresses of routing's pages for signed-in people."""

from django.urls import URLPattern

from routing.urls import items, rulebooks, setup

app_name = "routing"
urlpatterns: list[URLPattern] = [*items.urlpatterns, *rulebooks.urlpatterns, *setup.urlpatterns]
