"""The address of the command palette's findings."""

from django.urls import path

from dispatchdesk.palette.views import palette

urlpatterns = [path("palette/", palette, name="palette")]
