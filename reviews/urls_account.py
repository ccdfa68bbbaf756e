"""Addresses of the account of an item."""

from django.urls import path

from reviews.views import account

app_name = "account"
urlpatterns = [
    path("<str:code>/account/", account.item_account, name="account"),
]
