"""Every address of the desk."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from dispatchdesk.api.app import api
from dispatchdesk.health import healthz

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("dispatchdesk.board.urls")),
    path("", include("dispatchdesk.alerts.urls")),
    path("", include("dispatchdesk.palette.urls")),
    path("", include("dispatchdesk.accounts.urls")),
    path("", include("routing.urls")),
    path("r/", include("routing.urls.requests")),
    path("reviews/", include("reviews.urls")),
    path("items/", include("reviews.urls_items")),
    path("insights/", include("reviews.urls_insights")),
    path("notices/", include("reviews.urls_notices")),
    path("settings/queues/", include("reviews.urls_setup")),
    path("settings/people/", include("dispatchdesk.accounts.urls_people")),
    path("settings/erase/", include("dispatchdesk.privacy.urls")),
    path("practice/", include("dispatchdesk.practice.urls")),
    path("api/v1/", api.urls),
    path("healthz", healthz, name="healthz"),
    path("admin/", admin.site.urls),
]

handler500 = "dispatchdesk.refusals.failed"
