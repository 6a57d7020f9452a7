"""What mkdocs asks while it makes the site of the documentation: see ``mkdocs.yml``.

The navigation is ``docs/index.md``. Files at the top of the repository that it names are pages,
too, and so is a reference of the HTTP API, made of the API's own description.
"""

from __future__ import annotations

import logging
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import structlog
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
# Where the pages are that do not lie in this folder.
PROJECT = "project"
HTTP = "reference/http.md"

FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(\[(?:[^\]\[]|\[[^\]]*\])*\])\(([^)\s]+)\)")
ITEM = re.compile(r"^( *)([-*]|\d+\.) +")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Makes the navigation: the sections of the index, with what each links to."""
    sections: dict[str, list[str]] = {}
    listed: set[str] = set()
    for part in re.split(r"^## ", (ROOT / "docs" / "index.md").read_text("utf-8"), flags=re.M)[1:]:
        title, _, body = part.partition("\n")
        pages = [_page(target) for _, target in LINK.findall(body)]
        new = [page for page in dict.fromkeys(pages) if page and page not in listed]
        listed.update(new)
        sections[title] = new
    sections["Reference"].insert(0, HTTP)
    config.nav = [{"Start": "index.md"}, *({title: pages} for title, pages in sections.items())]
    # The API, which the reference is made of, logs each request.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that are made, or lie elsewhere."""
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    for name in dict.fromkeys(re.findall(r"\]\(\.\./(\w+(?:\.md)?)\)", index)):
        content = (ROOT / name).read_text("utf-8")
        files.append(File.generated(config, _page(f"../{name}"), content=content))
    files.append(File.generated(config, HTTP, content=http_reference()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Makes links and lists such that they mean here what they mean in the repository."""
    source = page.file.src_uri
    if source == HTTP:
        return markdown
    fences = FENCE.findall(markdown)
    parts = FENCE.split(markdown)
    parts = [LINK.sub(lambda link: _link(link, source, files), part) for part in parts]
    whole = "".join(text for pair in zip(parts, [*fences, ""], strict=True) for text in pair)
    return indent_lists(whole)


def _page(target: str) -> str:
    """The page of a link of the index; empty where it leads to none of ours."""
    path = target.partition("#")[0]
    if path.startswith("../"):
        name = path.removeprefix("../").removesuffix(".md")
        return f"{PROJECT}/{name}.md" if "/" not in name else ""
    return path if path.endswith(".md") and "://" not in path else ""


def _link(link: re.Match[str], source: str, files: Files) -> str:
    """The link as it must be on the page ``source``. What has no page, as code, is its label."""
    label, (path, sharp, anchor) = link[1], link[2].partition("#")
    if "://" in link[2] or not path:
        return link[0]
    is_ours = source.startswith(f"{PROJECT}/")
    folder = "" if is_ours else posixpath.join("docs", posixpath.dirname(source))
    target = posixpath.normpath(posixpath.join(folder, path))
    page = target.removeprefix("docs/")
    if page == target:
        page = _page(f"../{target}")
    if files.get_file_from_path(page) is None:
        if not (ROOT / target).exists():
            return link[0]  # mkdocs says that it leads nowhere
        return label[1:-1]
    relative = posixpath.relpath(page, posixpath.dirname(source) or ".")
    return f"{label}({relative}{sharp}{anchor})"


def indent_lists(markdown: str) -> str:
    """Indents what belongs to an item of a list by four for each level, as mkdocs wants it."""
    lines: list[str] = []
    # Where the text of each open item begins, in the file.
    offsets: list[int] = []
    is_code, was_blank = False, True
    for line in markdown.split("\n"):
        indent = len(line) - len(line.lstrip(" "))
        item = None if is_code else ITEM.match(line)
        if line.strip() and not is_code:
            begins = item or was_blank
            while offsets and indent < offsets[-1] and begins:
                offsets.pop()
        depth = sum(1 for offset in offsets if indent >= offset)
        inner = offsets[depth - 1] if depth else 0
        lines.append(" " * (4 * depth) + line[inner:] if line.strip() and depth else line)
        if item is not None:
            offsets.append(len(item[0]))
        if line.lstrip().startswith("```"):
            is_code = not is_code
        was_blank = not line.strip()
    return "\n".join(lines)


def http_reference() -> str:
    """A page of every operation of the HTTP API, by what the API says of itself."""
    from api import create_app

    answer = create_app().test_client().get("/openapi.json").get_json()
    lines = [
        "# Reference of the HTTP API",
        "Made of `/openapi.json`. [The HTTP API](../http-api.md) says what all operations share.",
    ]
    by_tag: dict[str, list[str]] = {}
    for path, operations in answer["paths"].items():
        for method, operation in operations.items():
            if isinstance(operation, dict) and "responses" in operation:
                text = "\n\n".join(_operation(answer, method, path, operation))
                by_tag.setdefault(operation.get("tags", ["others"])[0], []).append(text)
    for tag, texts in by_tag.items():
        lines += [f"## {tag.capitalize()}", *texts]
    return "\n\n".join(lines) + "\n"


def _operation(answer: Any, method: str, path: str, operation: Any) -> Iterator[str]:
    yield f"### `{method.upper()} {path}`"
    yield operation.get("summary", "")
    if "description" in operation:
        yield operation["description"]
    if "x-role" in operation:
        yield f"Role: `{operation['x-role']}`."
    rows = [
        (each["name"], each["in"], each.get("description", ""), _type(each.get("schema", {})))
        for each in (_found(answer, one) for one in operation.get("parameters", []))
        if each["name"] != "Idempotency-Key"
    ]
    body = _found(answer, operation.get("requestBody", {})).get("content", {})
    for kind, content in body.items():
        schema = _found(answer, content.get("schema", {}))
        required = set(schema.get("required", ()))
        for name, field in schema.get("properties", {}).items():
            where = f"{kind.rpartition('/')[2]}{', required' if name in required else ''}"
            rows.append((name, where, field.get("description", ""), _type(field)))
    if rows:
        yield "\n".join(
            ["| field | in | type | meaning |", "|---|---|---|---|"]
            + [
                f"| `{name}` | {where} | {kind} | {_cell(text)} |"
                for name, where, text, kind in rows
            ]
        )
    statuses = ", ".join(f"`{status}`" for status in sorted(operation["responses"]))
    yield f"Answers: {statuses}."


def _found(answer: Any, part: Any) -> Any:
    """What a reference stands for."""
    while "$ref" in part:
        section, name = part["$ref"].removeprefix("#/components/").split("/")
        part = answer["components"][section][name]
    return part


def _type(schema: Any) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return " or ".join(map(_type, schema[word]))
    kind = schema.get("type", "any")
    text = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return f"{text} of {_type(schema['items'])}" if "items" in schema else text


def _cell(text: str) -> str:
    """Text in a cell of a table."""
    return text.replace("\n", " ").replace("|", "\\|").replace("{", "&#123;").replace("<", "&lt;")
