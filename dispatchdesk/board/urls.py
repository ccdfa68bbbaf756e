"""Addresses of the board and of its saved views."""

from django.urls import path

from dispatchdesk.board import limit_pages, saved_view_pages
from dispatchdesk.board.views import board

urlpatterns = [
    path("", board, name="board"),
    path("settings/board/", limit_pages.limits, name="board_limits"),
    path("views/", saved_view_pages.view_list, name="saved_views"),
    path("views/open-with/", saved_view_pages.open_with, name="open_with"),
    path("views/<int:view_id>/delete/", saved_view_pages.delete, name="delete_view"),
]
