"""The account of an item, made to be printed."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from reviews.queries.account import account
from reviews.views.others import default_day
from routing.queries import desk as desk_queries
from routing.queries.items import find_item
from routing.queries.timeline_words import channel_words
from routing.transitions import database_now
from routing.views.access import DeskRequest, page


@page("GET")
def item_account(request: DeskRequest, code: str) -> HttpResponse:
    """Tell all that happened to an item, in one document."""
    item = find_item(request.actor, code)
    found = account(item, desk_queries.load())
    context = {
        "item": item,
        "channel": channel_words(item.channel),
        "account": found,
        "linked": {one.id for one in found.decided.rows if one.book and request.actor.may_see_type(one.type_id)},
        "since": default_day(),
        "now": database_now(),
        "zone": timezone.get_current_timezone_name(),
    }
    return render(request, "account/account.html", context)
