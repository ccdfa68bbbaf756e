"""Addresses of the review workbench."""

from django.urls import path

from reviews.views import batching, deciding, workbench

app_name = "reviews"
urlpatterns = [
    path("", workbench.home, name="home"),
    path("next", deciding.take_next, name="next"),
    path("<int:review_id>/", workbench.review, name="review"),
    path("<int:review_id>/preview", workbench.preview, name="preview"),
    path("<int:review_id>/notes", deciding.add_note, name="add_note"),
    path("<int:review_id>/take", deciding.take, name="take"),
    path("<int:review_id>/renew", deciding.renew, name="renew"),
    path("<int:review_id>/leave", deciding.leave, name="leave"),
    path("<int:review_id>/give-back", deciding.give_back, name="give_back"),
    path("<int:review_id>/decide", deciding.decide, name="decide"),
    path("<int:review_id>/together", batching.together, name="together"),
    path("<int:review_id>/together/undo", batching.undo_together, name="undo_together"),
    path("<int:review_id>/undo", deciding.undo, name="undo"),
]
