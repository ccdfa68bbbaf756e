"""Addresses of what people find out and say about an item: its account, others like it, a problem with it."""

from django.urls import path

from reviews.views import account, others, reporting

app_name = "item_reviews"
urlpatterns = [
    path("<str:code>/account/", account.item_account, name="account"),
    path("<str:code>/others/", others.others, name="others"),
    path("<str:code>/report/", reporting.report, name="report"),
]
