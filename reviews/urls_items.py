"""Addresses of what people do with an item besides moving it."""

from django.urls import path

from reviews.views import reporting

app_name = "item_reviews"
urlpatterns = [
    path("<str:code>/report", reporting.report, name="report"),
]
