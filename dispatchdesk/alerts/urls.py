"""The address of the alerts."""

from django.urls import path

from dispatchdesk.alerts.views import alert_strip

urlpatterns = [path("alerts/", alert_strip, name="alerts")]
