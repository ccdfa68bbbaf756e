"""Addresses of the practice desk's controls."""

from django.urls import URLPattern, path

from dispatchdesk.practice import views

app_name = "practice"
urlpatterns: list[URLPattern] = [
    path("stream/", views.stream_switch, name="stream"),
    path("guide/", views.guide_switch, name="guide"),
]
