"""The address of the page that erases personal data."""

from django.urls import path

from dispatchdesk.privacy.views import erase

urlpatterns = [path("", erase, name="erase")]
