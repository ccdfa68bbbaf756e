"""Addresses of the settings: destinations and work types. Queues and people are set up by reviews and accounts."""

from django.urls import URLPattern, path

from routing.views import destinations, inputs, settings_home, work_types

_DESTINATIONS = "settings/destinations/"
_TYPES = "settings/types/"

urlpatterns: list[URLPattern] = [
    path("settings/", settings_home.home, name="settings"),
    path("settings/writes/", settings_home.pause_writes, name="pause_writes"),
    path(_DESTINATIONS, destinations.place_list, name="destinations"),
    path(f"{_DESTINATIONS}new/<slug:kind>/", destinations.new, name="new_destination"),
    path(f"{_DESTINATIONS}<slug:slug>/", destinations.place, name="destination"),
    path(f"{_DESTINATIONS}<slug:slug>/edit/", destinations.edit, name="edit_destination"),
    path(f"{_DESTINATIONS}<slug:slug>/try/", destinations.try_it, name="try_destination"),
    path(f"{_DESTINATIONS}<slug:slug>/status/", destinations.set_status, name="destination_status"),
    path(f"{_DESTINATIONS}<slug:slug>/remove/", destinations.remove, name="remove_destination"),
    path(f"{_DESTINATIONS}<slug:slug>/versions/<int:number>/", destinations.version, name="destination_version"),
    path(_TYPES, work_types.type_list, name="work_types"),
    path(f"{_TYPES}new/", work_types.new_type, name="new_type"),
    path(f"{_TYPES}<slug:slug>/", work_types.work_type, name="work_type"),
    path(f"{_TYPES}<slug:slug>/edit/", work_types.edit_type, name="edit_type"),
    path(f"{_TYPES}<slug:slug>/inputs/new/", inputs.new_input, name="new_input"),
    path(f"{_TYPES}<slug:slug>/inputs/<slug:name>/", inputs.edit_input, name="edit_input"),
    path(f"{_TYPES}<slug:slug>/inputs/<slug:name>/change/", inputs.change_input, name="change_input"),
]
