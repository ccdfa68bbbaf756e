"""Files in forms: those that answer an input of kind file, and those that just come along."""

from collections.abc import Iterable, Sequence

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from routing.actions import attaching
from routing.actions.attaching import Upload
from routing.domain.inputs import InputSpec, Kind
from routing.errors import Invalid
from routing.forms.inputs import PREFIX, Typed
from routing.models import WorkItem


def sent_files(request: HttpRequest, specs: Iterable[InputSpec]) -> dict[str, Upload]:
    """Return the files that were chosen for inputs, by the input's name."""
    chosen = {spec.name: request.FILES.get(f"{PREFIX}{spec.name}") for spec in specs if spec.kind is Kind.FILE}
    return {name: file for name, file in chosen.items() if isinstance(file, UploadedFile)}


def with_names(typed: Typed, files: dict[str, Upload]) -> Typed:
    """Return what was typed with the names of these files as the values of their inputs."""
    return Typed({**typed.values, **{name: attaching.shown_name(file) for name, file in files.items()}}, typed.nones)


def without_names(typed: Typed, specs: Iterable[InputSpec]) -> Typed:
    """Return what was typed without files: a form that comes back has lost them."""
    lost = {spec.name for spec in specs if spec.kind is Kind.FILE}
    return Typed({name: value for name, value in typed.values.items() if name not in lost}, typed.nones)


def all_files(request: HttpRequest, files: dict[str, Upload]) -> list[Upload]:
    """Return every file of the request: those for inputs, and those that just come along."""
    along = [file for file in request.FILES.getlist("files") if isinstance(file, UploadedFile)]
    return [*files.values(), *along]


def keep_files(request: HttpRequest, item: WorkItem, specs: Sequence[InputSpec], typed: Typed, by: str) -> Typed:
    """Keep the files chosen for inputs of an item and return what was typed with their names.

    A file that was kept before and is named by the form still counts. Raises Invalid for a file that is too large.
    """
    names = [spec.name for spec in specs if spec.kind is Kind.FILE]
    if not names:
        return typed
    files = sent_files(request, specs)
    try:
        attaching.attach(item_id=item.pk, files=list(files.values()), by=by)
    except Invalid as error:
        raise Invalid(str(error), dict.fromkeys(files, error.fields["files"])) from error
    there = set(item.files.values_list("name", flat=True))
    kept = {name: request.POST.get(f"kept_{name}", "") for name in names}
    values = {**typed.values, **{name: file if file in there else "" for name, file in kept.items()}}
    return with_names(Typed(values, typed.nones), files)
