"""Addresses where people are set up."""

from django.urls import path

from dispatchdesk.accounts import own_views, people_views

app_name = "people"
urlpatterns = [
    path("", people_views.person_list, name="list"),
    path("new/", people_views.new, name="new"),
    path("password/", people_views.own_password, name="own_password"),
    path("sign-in/", own_views.sign_in_page, name="own_sign_in"),
    path("sign-in/second/", own_views.second_step_page, name="second_step"),
    path("sign-in/second/begin/", own_views.begin_second_step, name="begin_second_step"),
    path("sign-in/second/off/", own_views.second_step_off, name="second_step_off"),
    path("sign-in/end/", own_views.end, name="end_sessions"),
    path("<int:user_id>/", people_views.edit, name="edit"),
    path("<int:user_id>/active/", people_views.set_active, name="active"),
    path("<int:user_id>/second-off/", people_views.second_step_off, name="turn_second_step_off"),
    path("<int:user_id>/sign-out/", people_views.sign_out, name="sign_out"),
    path("<int:user_id>/password/", people_views.reset_password, name="reset_password"),
]
