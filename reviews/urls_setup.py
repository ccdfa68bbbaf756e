"""Addresses where queues are set up."""

from django.urls import path

from reviews.views import calendars, queues

app_name = "queues"
urlpatterns = [
    path("", queues.queue_list, name="list"),
    path("new/", queues.new, name="new"),
    path("hours/", calendars.calendar_list, name="calendars"),
    path("hours/new/", calendars.new, name="new_calendar"),
    path("hours/<int:calendar_id>/", calendars.edit, name="calendar"),
    path("hours/<int:calendar_id>/remove/", calendars.remove, name="remove_calendar"),
    path("<slug:slug>/", queues.queue, name="queue"),
    path("<slug:slug>/edit/", queues.edit, name="edit"),
    path("<slug:slug>/remove/", queues.remove, name="remove"),
]
