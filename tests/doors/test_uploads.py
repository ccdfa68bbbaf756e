"""Files, tables, patterns and templates from outside: bounded, inert, and never more than data."""

import time
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from routing.actions import attaching
from routing.domain import templates
from routing.domain.facts import known
from routing.domain.inputs import InputSpec, find_in_text
from routing.domain.patterns import PatternError, compiled
from routing.domain.templates import TemplateError
from routing.errors import Invalid
from routing.forms.tables import MAX_BYTES, TableError, read_table
from routing.models import DestinationVersion, TableRow
from tests.doors.world import World, undone

LIVE_FILES = [
    ("page.html", "text/html", b"<script>alert(1)</script>"),
    ("image.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
    ("../../etc/passwd", "text/plain", b"x"),
    ("..\\..\\boot.ini", "text/html", b"x"),
    ('a"; filename=evil.html', "text/html", b"x"),
    ("a\r\nX-Evil: 1.txt", "text/html", b"x"),
    ("\u202egnp.exe", "application/x-msdownload", b"MZ"),
    ("", "text/html", b"x"),
    ("x" * 500 + ".html", "text/html", b"x"),
]


@pytest.mark.parametrize(("name", "kind", "content"), LIVE_FILES)
def test_a_file_comes_back_as_a_download_and_nothing_else(world: World, name: str, kind: str, content: bytes) -> None:
    item, client = world.items["look"], world.client("operator")
    upload = SimpleUploadedFile("x", content, content_type=kind)
    upload._name = name  # type: ignore[attr-defined]  # past what Django itself makes of it
    [file] = attaching.attach(item_id=item.pk, files=[upload], by="Kim")
    assert str(file.content.name).rpartition("/")[2].startswith(file.sha256)
    assert not set("/\\\r\n\u202e") & set(file.name)
    answer = client.get(f"/items/{item.code}/files/{file.pk}/")
    assert answer.getvalue() == content
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "X-Evil" not in answer.headers


def test_a_request_keeps_so_many_files_and_no_more_however_they_come(world: World) -> None:
    item = world.items["look"]

    def attach(number: int) -> None:
        files = [SimpleUploadedFile(f"{at}.txt", b"x") for at in range(number)]
        attaching.attach(item_id=item.pk, files=files, by="Kim")

    attach(attaching.MOST_FILES - 1)
    with pytest.raises(Invalid):
        attach(2)
    attach(1)
    assert item.files.count() == attaching.MOST_FILES


def test_a_file_opens_by_its_own_request_alone(world: World) -> None:
    file = world.items["hidden"].files.get()
    path = f"/items/{world.items['refund'].code}/files/{file.pk}/"
    assert {world.client(role).get(path).status_code for role in ("operator", "reviewer", "admin")} == {404}
    assert world.client("anonymous").get(f"/files/{file.content.name}").status_code == 404


TABLES = {
    "binary": bytes(range(256)) * 100,
    "nul": b"number,a\n1,\x00\n",
    "huge": b"a,b\n" + b"x" * (MAX_BYTES + 1),
    "many rows": b"number,a\n" + b"1,2\n" * 60_000,
    "many columns": b",".join(b"c%d" % number for number in range(500)) + b"\n1\n",
    "long cell": b"number,a\n1," + b"x" * 400_000 + b"\n",
    "open quote": b'number,a\n1,"' + b"x\n" * 300_000,
    "same heading": b"a,A\n1,2\n",
    "no heading": b",\n1,2\n",
    "empty": b"",
    "utf-16": "number,a\n1,2\n".encode("utf-16"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_is_none_is_refused_in_words(world: World, name: str) -> None:
    began = time.monotonic()
    with pytest.raises(TableError):
        read_table(TABLES[name], texts={"number"})
    assert time.monotonic() - began < 5
    client = world.client("admin")
    form = {"name": "T", "slug": "t", "key_column": "number", "key": "{{ input.order_number }}"}
    with undone():
        got = client.post("/settings/destinations/new/source-table/", {**form, "table": BytesIO(TABLES[name])})
    assert got.status_code == 422


def test_formulas_in_a_table_stay_texts(world: World) -> None:
    cells = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", '<img src=x onerror="alert(1)">']
    rows = "number,note\n" + "".join(f'{at},"{cell.replace(chr(34), chr(34) * 2)}"\n' for at, cell in enumerate(cells))
    form = {"name": "T", "slug": "t", "key_column": "number", "key": "{{ input.order_number }}"}
    client = world.client("admin")
    client.post("/settings/destinations/new/source-table/", {**form, "table": BytesIO(rows.encode())})
    version = DestinationVersion.objects.get(destination__slug="t")
    kept = TableRow.objects.filter(version=version).order_by("key").values_list("data__note", flat=True)
    assert list(kept) == [cell.strip() for cell in cells]
    assert b"<img src=x" not in client.get("/settings/destinations/t/").content


EVIL_PATTERNS = [r"(a+)+$", r"(a|a)*$", r"(a|aa)+$", r"(.*a){20}$", r"([a-z]+)*\d", r"(?P<value>(x+x+)+y)"]


@pytest.mark.parametrize("pattern", EVIL_PATTERNS)
def test_no_pattern_takes_longer_than_its_text(pattern: str) -> None:
    spec = InputSpec(name="a", label="A", pattern=pattern)
    began = time.monotonic()
    find_in_text(spec, "a" * 50_000 + "!" + "x" * 50_000)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "pattern",
    [r"(((a{1,900}){1,900}){1,900})", r"(?=a)b", r"(a)\1", "(" * 5000, r"[", r"\ud800", "(?C)", r"\pL{1000}" * 3],
)
def test_a_pattern_too_large_or_unreadable_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        compiled(pattern)


@pytest.mark.parametrize(
    "template",
    [
        "{{ item.__class__ }}", "{{ item.text.__class__.__mro__ }}", "{{ item.text|upper }}", "{{ item['text'] }}",
        "{{ item.text() }}", "{% load x %}{{ 7*7 }}", "{{ settings.SECRET_KEY.x }}", "{{ request }}", "{{ }}",
        "{{ item.text", "item.text }}", "{{ item.text }}{{", "{{ self.__init__.__globals__ }}",
    ],
)  # fmt: skip
def test_a_template_reaches_facts_alone(template: str) -> None:
    facts = {"item.text": known("hello"), "item": known("x")}
    with pytest.raises(TemplateError):
        templates.render_text(template, facts)


def test_a_template_s_own_braces_in_a_value_are_text() -> None:
    facts = {"item.text": known("{{ item.text }}{% x %}{0.__class__}%s$x")}
    assert templates.render_text("<{{ item.text }}>", facts) == "<{{ item.text }}{% x %}{0.__class__}%s$x>"
    assert templates.render_json(["{{ item.text }}"], facts) == ["{{ item.text }}{% x %}{0.__class__}%s$x"]
