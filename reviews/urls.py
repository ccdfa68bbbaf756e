"""Addresses of the review workbench."""

from django.urls import URLPattern

app_name = "reviews"
urlpatterns: list[URLPattern] = []
