"""docs/examples/monitoring: the alerts and the dashboard ask for what /metrics really has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from projections.config import metrics
from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support.api import given
from tests.support.api.client import Client
from tests.support.operations import process
from tests.test_documents import anchors

promql_parser = pytest.importorskip("promql_parser", reason="promql-parser is not installed")

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "docs" / "examples" / "monitoring"
# What Prometheus itself adds to every sample.
ADDED = {"instance", "job"}

Labels = dict[str, set[str]]


def _alerts() -> list[dict[str, object]]:
    (group,) = yaml.safe_load((EXAMPLES / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    rules: list[dict[str, object]] = group["rules"]
    return rules


def _panels() -> list[dict[str, object]]:
    text = (EXAMPLES / "dashboard.json").read_text(encoding="utf-8")
    panels: list[dict[str, object]] = json.loads(text)["panels"]
    return panels


def _expressions() -> Iterator[tuple[str, str]]:
    """Each with the alert's or the panel's name."""
    for rule in _alerts():
        yield str(rule["alert"]), str(rule["expr"])
    for panel in _panels():
        for target in panel["targets"]:  # type: ignore[attr-defined]
            # What Grafana puts there depends on the width of the screen.
            yield str(panel["title"]), target["expr"].replace("$__rate_interval", "5m")


def _selectors(expression: str) -> Iterator[Any]:
    """Raises ValueError where it is no PromQL."""
    tree = promql_parser.parse(expression)
    # The tree of a query is of many classes; how it is written has every selector in one form.
    for name, matchers in re.findall(r"\b(sendtrail_\w+)(\{[^}]*\})?", tree.prettify()):
        selector = promql_parser.parse(f"{name}{matchers}")
        assert isinstance(selector, promql_parser.VectorSelector)
        yield selector


@pytest.fixture
def scraped(
    container: Container, clock: SimulatedClock, app: Flask, operator: Client
) -> dict[str, Labels]:
    """The values of each label of each metric of a server to which all happened that is counted."""
    given.device(operator, "On")
    given.device(operator, "Off", online=False)
    process(container, "works", "enroller")
    with container.database.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO tracking VALUES ('webhooks', 1)")
    for outcome in ("rejected", "unreachable"):
        metrics.gateway("sandbox", outcome)(0.1)
    for operation in ("append", "claim"):
        with metrics.timed(operation):
            pass
    metrics.clock_difference(0.0)
    metrics.clock_was_ahead("slot")
    metrics.refused("gowa")
    metrics.wrong_key()
    metrics.went_back()
    metrics.runner_failed("enroller")
    metrics.put_aside("message")
    found: dict[str, Labels] = {}
    text = app.test_client().get("/metrics").get_data(as_text=True)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = found.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                labels.setdefault(label, set()).add(value)
    return found


def test_every_metric_and_label_that_is_asked_for_is_there(scraped: dict[str, Labels]) -> None:
    """Prometheus answers a query about nothing with nothing: such an alert would never fire."""
    for name, expression in _expressions():
        selectors = list(_selectors(expression))
        assert selectors, name
        for selector in selectors:
            assert selector.name in scraped, (name, selector.name)
            for matcher in selector.matchers.matchers:
                known = scraped[selector.name].get(matcher.name, set())
                for value in matcher.value.split("|"):
                    assert value in known, (name, matcher, sorted(known))


def test_what_is_grouped_by_is_a_label(scraped: dict[str, Labels]) -> None:
    for name, expression in _expressions():
        labels = {label for each in _selectors(expression) for label in scraped[each.name]}
        for group in re.findall(r"\bby ?\(([^)]*)\)", expression):
            assert {word.strip() for word in group.split(",")} <= labels, name


def test_a_sentence_names_labels_that_its_metric_has(scraped: dict[str, Labels]) -> None:
    texts = [(rule["expr"], str(rule["annotations"])) for rule in _alerts()]
    for panel in _panels():
        texts += [(each["expr"], each["legendFormat"]) for each in panel["targets"]]  # type: ignore[attr-defined]
    for expression, text in texts:
        asked = str(expression).replace("$__rate_interval", "5m")
        labels = {label for each in _selectors(asked) for label in scraped[each.name]}
        used = set(re.findall(r"\$labels\.(\w+)|\{\{(\w+)\}\}", text))
        assert {one or other for one, other in used} <= labels | ADDED, text


def test_every_alert_says_where_to_read_on() -> None:
    for rule in _alerts():
        labels, notes = rule["labels"], rule["annotations"]
        assert labels in ({"severity": "page"}, {"severity": "ticket"}), rule["alert"]
        page, _, anchor = str(notes["see"]).partition("#")  # type: ignore[index]
        assert (ROOT / page).is_file(), page
        assert not anchor or anchor in anchors(ROOT / page), notes


def test_every_metric_is_on_the_dashboard(scraped: dict[str, Labels]) -> None:
    """In one form or another: a histogram by its buckets or its count."""
    shown = {
        re.sub(r"_(bucket|count|sum)$", "", str(selector.name))
        for panel in _panels()
        for target in panel["targets"]  # type: ignore[attr-defined]
        for selector in _selectors(target["expr"].replace("$__rate_interval", "5m"))
    }
    there = {
        re.sub(r"_(bucket|count|sum)$", "", name)
        for name in scraped
        if name.startswith("sendtrail_") and not name.endswith("_created")
    }
    assert there == shown
