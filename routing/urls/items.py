"""Addresses of items and requests."""

from django.urls import URLPattern, path

from routing.views import answers, files, items, moves, new_request, outbox

urlpatterns: list[URLPattern] = [
    path("items/new/", new_request.new_item, name="new_item"),
    path("items/<str:code>/", items.item_page, name="item"),
    path("items/<str:code>/move/", moves.move, name="move"),
    path("moves/", moves.moves, name="moves"),
    path("moves/undo/", moves.undo, name="undo_moves"),
    path("items/<str:code>/notes/", items.add_note, name="add_note"),
    path("items/<str:code>/answer/", answers.answer, name="answer"),
    path("items/<str:code>/inputs/", items.fill_in, name="fill_in"),
    path("items/<str:code>/inputs/confirm/", items.confirm_input, name="confirm_input"),
    path("items/<str:code>/files/<int:file_id>/", files.download, name="file"),
    path("outbox/", outbox.outbox, name="outbox"),
]
