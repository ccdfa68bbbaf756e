"""Addresses of the account of an item, and of others like it."""

from django.urls import path

from reviews.views import account, others

app_name = "account"
urlpatterns = [
    path("<str:code>/account/", account.item_account, name="account"),
    path("<str:code>/others/", others.others, name="others"),
]
