"""Addresses where queues are set up."""

from django.urls import path

from reviews.views import queues

app_name = "queues"
urlpatterns = [
    path("", queues.queue_list, name="list"),
    path("new/", queues.new, name="new"),
    path("<slug:slug>/", queues.queue, name="queue"),
    path("<slug:slug>/edit/", queues.edit, name="edit"),
    path("<slug:slug>/remove/", queues.remove, name="remove"),
]
