"""Addresses of the board."""

from django.urls import path

from dispatchdesk.board.views import board

urlpatterns = [path("", board, name="board")]
