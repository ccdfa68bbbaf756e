"""Addresses of signing in and out, and of the practice role switch."""

from django.urls import URLPattern, path

from dispatchdesk.accounts import views

urlpatterns: list[URLPattern] = [
    path("sign-in/", views.sign_in, name="login"),
    path("sign-in/code/", views.sign_in_code, name="sign_in_code"),
    path("sign-out/", views.sign_out, name="logout"),
    path("sign-in/as/", views.switch_role, name="switch_role"),
]
