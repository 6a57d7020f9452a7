"""Approved templates: what a campaign or step says of one, and what the provider approved.

Only gateways of ``GATEWAYS`` send templates; the others send the text. Source of limits and shapes:
the Cloud API's documentation, "Templates".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import msgspec

from domain import rendering, values
from domain.errors import InvalidInputError

GATEWAYS = ("cloud",)
# Of a body.
MOST_VARIABLES = 100

# In order, or by name.
Variables = tuple[str, ...] | dict[str, str]
HeaderKind = Literal["text", "image", "video", "document"]
HEADER_KINDS: tuple[HeaderKind, ...] = ("text", "image", "video", "document")


def _in_order() -> Variables:
    return ()


class Header(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a template's header shows: for the kind ``text`` the values of its ``variables``, for
    any other kind the media at ``url``."""

    kind: HeaderKind
    variables: Variables = ()
    url: str | None = None


class Template(msgspec.Struct, frozen=True, omit_defaults=True):
    """A template that the provider approved, by its ``name`` and ``language``, such as ``en_US``.

    ``variables`` are its body's. ``buttons`` has, by the button's index from 0, what completes the
    button's URL. All of them may have placeholders until they are rendered.
    """

    name: str
    language: str
    # By a function, because msgspec would omit any other default that is empty: digests of older
    # dispatches have the field.
    variables: Variables = msgspec.field(default_factory=_in_order)
    header: Header | None = None
    buttons: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"<template {self.name}>"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The variables that an approved template has: the names (``1``, ``2`` … where they have none)
    of those in a header of text and in the body, and the indexes of the buttons that have one.
    ``header`` is None where the header has neither a variable nor media."""

    header: HeaderKind | None = None
    header_names: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    buttons: tuple[str, ...] = ()


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """A template as the provider has it; ``status`` and ``category`` are the provider's words."""

    name: str
    language: str
    status: str
    category: str
    asked: Asked


def check(field: str, template: Template) -> None:
    """Raises InvalidInputError naming the first part, below ``field``, that is wrong."""
    if not re.fullmatch(r"[a-z0-9_]{1,512}", template.name):
        raise InvalidInputError(f"{field}.name", "1 to 512 lower-case letters, digits and _")
    if not re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2,3})?", template.language):
        raise InvalidInputError(f"{field}.language", "a language code such as en or en_US")
    _check_variables(f"{field}.variables", template.variables, most=MOST_VARIABLES)
    if template.header is not None:
        _check_header(f"{field}.header", template.header)
    for index, value in template.buttons.items():
        if not re.fullmatch(r"[0-9]", index):
            raise InvalidInputError(f"{field}.buttons", "indexes of buttons from 0 to 9")
        values.text(f"{field}.buttons.{index}", value, longest=2000)


def check_placeholders(field: str, template: Template) -> None:
    """Raises InvalidInputError naming the first value, below ``field``, with a brace that is no
    placeholder's."""
    for name, text in texts(template):
        rendering.check(f"{field}.{name}", text)


def texts(template: Template) -> Iterator[tuple[str, str]]:
    """Every text of ``template`` that may have placeholders, with the name of its field."""
    if template.header is not None:
        yield from _named("header.variables", template.header.variables)
    yield from _named("variables", template.variables)
    for index, text in template.buttons.items():
        yield f"buttons.{index}", text


def render(template: Template, names: Mapping[str, str], rules: int) -> Template:
    """The template with its placeholders filled in. By today's rules white space becomes one space,
    because the provider refuses line breaks, tabs and long gaps in a value."""

    def filled(text: str) -> str:
        rendered = rendering.render(text, names, rules)
        return rendered if rules == 0 else " ".join(rendered.split())

    header = template.header
    if header is not None:
        header = msgspec.structs.replace(header, variables=_each(filled, header.variables))
    return msgspec.structs.replace(
        template,
        variables=_each(filled, template.variables),
        header=header,
        buttons={index: filled(text) for index, text in template.buttons.items()},
    )


def has_placeholders(template: Template, rules: int) -> bool:
    """Whether what the template says depends on the lead."""
    return any(rendering.placeholders(text, rules) for _, text in texts(template))


def lacks_a_value(template: Template, names: Mapping[str, str], rules: int) -> bool:
    """Whether a lead with these ``names`` cannot get the template: a placeholder without a fallback
    has no value, or a variable would be empty."""
    for _, text in texts(template):
        for name, fallback in rendering.placeholders(text, rules):
            if fallback is None and not rendering.value_of(name, names, rules).strip():
                return True
        if not rendering.render(text, names, rules).strip():
            return True
    return False


def misfit(template: Template, approved: Approved, media_url: str | None = None) -> str | None:
    """What the approved template asks for and ``template`` does not give, or the other way round;
    None where they fit. ``media_url`` is the content's, the header of a template without one."""
    asked, header = approved.asked, template.header
    kind = None if header is None else header.kind
    if kind is None and media_url is not None and asked.header not in (None, "text"):
        kind = asked.header
    if kind != asked.header:
        return f"header: expected {asked.header or 'none'}"
    if header is not None and (wanted := _difference(header.variables, asked.header_names)):
        return f"header.variables: expected {wanted}"
    if wanted := _difference(template.variables, asked.body):
        return f"variables: expected {wanted}"
    if set(template.buttons) != set(asked.buttons):
        return f"buttons: expected {_listed(asked.buttons)}"
    return None


def _difference(given: Variables, names: tuple[str, ...]) -> str | None:
    """What was expected where the variables are others than ``names``."""
    numbered = all(name.isdigit() for name in names)
    if isinstance(given, dict):
        fits = set(given) == set(names) and not (numbered and names)
    else:
        fits = len(given) == len(names) and numbered
    if fits:
        return None
    return f"{len(names)}, in order" if numbered else f"by name: {_listed(names)}"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "none"


def _each(filled: Callable[[str], str], variables: Variables) -> Variables:
    if isinstance(variables, dict):
        return {name: filled(text) for name, text in variables.items()}
    return tuple(map(filled, variables))


def _named(field: str, variables: Variables) -> Iterator[tuple[str, str]]:
    if isinstance(variables, dict):
        for name, text in variables.items():
            yield f"{field}.{name}", text
    else:
        for number, text in enumerate(variables, start=1):
            yield f"{field}[{number}]", text


def _check_variables(field: str, variables: Variables, most: int) -> None:
    if len(variables) > most:
        raise InvalidInputError(field, f"at most {most}")
    if isinstance(variables, dict):
        for name in variables:
            if not re.fullmatch(r"[a-z0-9_]{1,100}", name):
                raise InvalidInputError(field, "names of lower-case letters, digits and _")
    for name, text in _named(field, variables):
        values.text(name, text, longest=1024)


def _check_header(field: str, header: Header) -> None:
    if header.kind not in HEADER_KINDS:
        raise InvalidInputError(f"{field}.kind", f"one of {', '.join(HEADER_KINDS)}")
    if header.kind == "text":
        if header.url is not None:
            raise InvalidInputError(f"{field}.url", "none for a header of text")
        _check_variables(f"{field}.variables", header.variables, most=1)
        if not header.variables:
            raise InvalidInputError(
                f"{field}.variables", "one (leave the header out if it has none)"
            )
    else:
        if header.variables:
            raise InvalidInputError(f"{field}.variables", "none for a header of media")
        if header.url is None:
            raise InvalidInputError(f"{field}.url", "an http or https URL")
        values.media_url(f"{field}.url", header.url)
