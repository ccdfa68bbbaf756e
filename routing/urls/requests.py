"""Addresses of the pages that requesters open without an account."""

from django.urls import URLPattern, path

from routing.views import requester

app_name = "requests"
urlpatterns: list[URLPattern] = [
    path("new/<slug:slug>/", requester.public_form, name="form"),
    path("<str:token>/", requester.item_page, name="page"),
    path("<str:token>/problem/", requester.report, name="report"),
    path("<str:token>/again/", requester.send_link, name="send_link"),
]
