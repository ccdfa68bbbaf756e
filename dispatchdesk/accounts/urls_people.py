"""Addresses where people are set up."""

from django.urls import path

from dispatchdesk.accounts import people_views

app_name = "people"
urlpatterns = [
    path("", people_views.person_list, name="list"),
    path("new/", people_views.new, name="new"),
    path("password/", people_views.own_password, name="own_password"),
    path("<int:user_id>/", people_views.edit, name="edit"),
    path("<int:user_id>/active/", people_views.set_active, name="active"),
    path("<int:user_id>/password/", people_views.reset_password, name="reset_password"),
]
