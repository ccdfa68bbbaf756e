"""Addresses of notices."""

from django.urls import path

from reviews.views import notices

app_name = "notices"
urlpatterns = [
    path("", notices.notice_list, name="list"),
    path("latest/", notices.latest, name="latest"),
    path("read/", notices.read, name="read"),
    path("settings/", notices.wishes, name="settings"),
    path("stop/<str:token>/", notices.stop, name="stop"),
]
