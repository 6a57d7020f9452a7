"""README, CONTRIBUTING and docs name what exists: files, modules, headings, commands, settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from projections.config.settings import Settings
from runners.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    str(path.relative_to(ROOT))
    for path in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").rglob("*.md")),
    )
]
TOPS = "api|benchmarks|docs|domain|projections|runners|tests"

FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LABEL = re.compile(r"\[[^\]\n]*\](?=\()")
LINK = re.compile(r"\]\(([^)\s]+)\)")
# ``domain/message/events``, ``tests/``, ``runners/gateways/<name>``; no part of a longer path.
PATH = re.compile(rf"(?<![\w/.-])(?:{TOPS})/[\w<>./-]*")
# ``projections.eventstore.factory``, ``domain.content.Content``.
DOTTED = re.compile(rf"(?<![\w/.-])(?:{TOPS})(?:\.\w+)+")
# Whatever else names a folder or a file of ours: ``schema/``, ``setup.cfg``.
FILE = re.compile(r"\w[\w/-]*(?:/|\.(?:py|md|cfg|toml|jsonl))")

each_document = pytest.mark.parametrize("document", DOCUMENTS)


def read(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def exists(path: str) -> bool:
    """Whether there is that file, module or folder; ``<name>`` stands for anything. A folder that
    has only what Python compiled there is none."""
    pattern = re.sub(r"<\w+>", "*", path.rstrip("/"))
    if not path.endswith("/") and any(ROOT.glob(f"{pattern}.py")):
        return True
    for match in ROOT.glob(pattern):
        files = match.rglob("*") if match.is_dir() else ([] if path.endswith("/") else [match])
        if any(file.is_file() and file.suffix != ".pyc" for file in files):
            return True
    return False


def defines(dotted: str) -> bool:
    """Whether that is a module, a name at the top of one, or an event of the log."""
    module, _, name = dotted.rpartition(".")
    if exists(dotted.replace(".", "/")) or f"\n| `{dotted}` |" in read("docs/logs.md"):
        return True
    source = ROOT / f"{module.replace('.', '/')}.py"
    top = rf"^(?:def |class |async def )?{name}\b"
    return source.is_file() and bool(re.search(top, source.read_text(), re.MULTILINE))


def missing(text: str) -> Iterator[str]:
    """The names of files and modules in a document that stand for nothing."""
    paths = {match.rstrip(".") for match in PATH.findall(text)}
    paths |= {
        code for code in CODE.findall(LABEL.sub("", FENCE.sub("", text))) if FILE.fullmatch(code)
    }
    yield from sorted(path for path in paths if not exists(path))
    yield from sorted(name for name in set(DOTTED.findall(text)) if not defines(name))


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    "name",
    ["projections/nowhere", "`schema/`", "`nowhere.md`", "domain/content/", "domain.content.No"],
)
def test_a_name_of_nothing_is_found(name: str) -> None:
    assert list(missing(f"See {name}.")) == [name.strip("`")]


@pytest.mark.parametrize(
    "name",
    [
        "domain/content",
        "domain/content.py",
        "runners/gateways/<name>",
        "projections/schema/",
        "domain.content.render",
        "`setup.cfg`",
        "`/docs`",
        "https://example.com/api/v2",
    ],
)
def test_a_name_of_something_is_not(name: str) -> None:
    assert list(missing(f"See {name}.")) == []


@each_document
def test_every_file_and_module_exists(document: str) -> None:
    assert list(missing(read(document))) == []


@each_document
def test_every_link_leads_somewhere(document: str) -> None:
    """To a file, and to a heading of it where it names one."""
    for link in LINK.findall(FENCE.sub("", read(document))):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / document).parent / path if path else ROOT / document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_index_lists_every_document() -> None:
    links = set(LINK.findall(read("docs/index.md")))
    pages = {path.removeprefix("docs/") for path in DOCUMENTS if path.startswith("docs/")}
    assert pages - links == {"index.md"}


@each_document
def test_every_command_exists(document: str) -> None:
    """Of ``sendtrail`` and of ``make``."""
    code = " ".join([*FENCE.findall(read(document)), *CODE.findall(read(document))])
    targets = re.findall(r"^(\w+):", read("Makefile"), re.MULTILINE)
    assert set(re.findall(r"\bsendtrail ([a-z][\w-]*)", code)) <= COMMANDS.keys()
    assert set(re.findall(r"\bmake ([a-z]\w*)", code)) <= set(targets)


@each_document
def test_every_setting_exists(document: str) -> None:
    known = {f"SENDTRAIL_{name.upper()}" for name in Settings.__struct_fields__}
    named = set(re.findall(r"\bSENDTRAIL_[A-Z_]+", read(document)))
    tests = {"SENDTRAIL_TEST_DATABASE_URL", "SENDTRAIL_TEST_POSTGRES_BIN"}
    assert named <= known | tests


def test_the_page_of_settings_has_every_setting_with_its_default() -> None:
    """But for the fault point, which is for tests."""
    lines = re.findall(r"^\| `SENDTRAIL_(\w+)` \| `?([^`|]+?)`? \|", read("docs/settings.md"), re.M)
    written = {name.lower(): default for name, default in lines}
    fields = {field.name: field.default for field in msgspec.structs.fields(Settings)}
    assert written.keys() == fields.keys() - {"fault"}
    for name, default in fields.items():
        if isinstance(default, float | int | str):
            assert written[name] == (default if isinstance(default, str) else f"{default:g}")
