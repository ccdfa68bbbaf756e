"""Addresses of rulebooks."""

from django.urls import URLPattern, path

from routing.views import backtests, book_files, drafts, examples, publishing, rule_editing, rule_map, rulebooks

_BOOK = "rulebooks/<slug:slug>/"

urlpatterns: list[URLPattern] = [
    path("rulebooks/", rulebooks.book_list, name="rulebooks"),
    path(_BOOK, rulebooks.book, name="rulebook"),
    path(f"{_BOOK}facts/", rulebooks.facts, name="facts"),
    path(f"{_BOOK}versions/<int:number>/", rulebooks.version, name="rulebook_version"),
    path(f"{_BOOK}versions/<int:number>/try/", rulebooks.try_it, name="try_rules"),
    path(f"{_BOOK}versions/<int:number>/try/keep/", examples.keep_example, name="keep_example"),
    path(f"{_BOOK}backtests/", backtests.backtest_list, name="backtests"),
    path(f"{_BOOK}backtests/start/", backtests.start, name="start_backtest"),
    path(f"{_BOOK}backtests/<int:backtest_id>/", backtests.backtest, name="backtest"),
    path(f"{_BOOK}backtests/<int:backtest_id>/cancel/", backtests.cancel, name="cancel_backtest"),
    path(f"{_BOOK}examples/", examples.example_list, name="examples"),
    path(f"{_BOOK}examples/new/", examples.new_example, name="new_example"),
    path(f"{_BOOK}examples/<int:example_id>/", examples.edit_example, name="example"),
    path(f"{_BOOK}examples/<int:example_id>/delete/", examples.delete_example, name="delete_example"),
    path(f"{_BOOK}versions/<int:number>/roll-back/", publishing.roll_back, name="roll_back"),
    path(f"{_BOOK}versions/<int:number>/open/", publishing.open_items, name="open_items"),
    path(f"{_BOOK}versions/<int:number>/open/decide/", publishing.decide_again, name="decide_again"),
    path(f"{_BOOK}versions/<int:number>/map/", rule_map.rulebook_map, name="rulebook_map"),
    path(f"{_BOOK}draft/", drafts.draft, name="draft"),
    path(f"{_BOOK}draft/start/", drafts.start, name="start_draft"),
    path(f"{_BOOK}draft/fallback/", drafts.change_fallback, name="draft_fallback"),
    path(f"{_BOOK}draft/publish/", publishing.publish, name="publish_draft"),
    path(f"{_BOOK}draft/discard/", drafts.discard, name="discard_draft"),
    path(f"{_BOOK}draft/rules/new/", rule_editing.new_rule, name="new_rule"),
    path(f"{_BOOK}draft/rules/<slug:rule_id>/", rule_editing.edit_rule, name="edit_rule"),
    path(f"{_BOOK}draft/rules/<slug:rule_id>/change/", drafts.change_rule, name="change_rule"),
    path("rulebooks/schema.json", book_files.schema, name="rulebook_schema"),
    path(f"{_BOOK}versions/<int:number>/export.<slug:form>", book_files.export, name="export_rulebook"),
    path(f"{_BOOK}import/", book_files.import_file, name="import_rulebook"),
]
