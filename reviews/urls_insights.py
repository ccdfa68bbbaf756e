"""Addresses of the figures."""

from django.urls import path

from reviews.views import figures, insights

app_name = "insights"
urlpatterns = [
    path("", insights.insights, name="home"),
    path("queues/<slug:slug>/", figures.queue_figures, name="queue"),
    path("queues/<slug:slug>/figures.csv", figures.download_figures, name="download_queue"),
    path("places/<slug:slug>/", figures.place_figures, name="place"),
    path("places/<slug:slug>/figures.csv", figures.download_place_figures, name="download_place"),
    path("places/<slug:slug>/weeks.csv", figures.download_quality, name="download_weeks"),
]
