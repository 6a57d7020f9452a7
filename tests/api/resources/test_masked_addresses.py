"""Who may only look sees what strangers wrote, and not who they are."""

from __future__ import annotations

import csv
import io

from projections.container import Container
from tests.support import given, when
from tests.support.api.client import Client
from tests.support.heard import says


def test_a_viewer_sees_no_strangers_address(
    container: Container, operator: Client, viewer: Client
) -> None:
    """In JSON and in CSV, as in the list of suppressions; a lead's is no secret to her."""
    given.lead(container, 1)
    when.told(container, says(1, "Hi", "in.1"), says(2, "STOP", "in.2"))
    stranger = given.phone(2).removeprefix("+")
    masked = "*" * (len(stranger) - 3) + stranger[-3:]

    def seen(client: Client, **query: str) -> list[tuple[str, str]]:
        items = client.items("/replies", **query)
        return [(item["text"], item["from"]["value"]) for item in items]

    assert seen(viewer, attributed="false") == [("STOP", masked)]
    assert seen(operator, attributed="false") == [("STOP", stranger)]
    assert ("Hi", given.phone(1).removeprefix("+")) in seen(viewer)
    for client, shown in ((viewer, masked), (operator, stranger)):
        text = client.open("GET", "/replies", headers={"Accept": "text/csv"}).get_data(True)
        values = {row["text"]: row["from.value"] for row in csv.DictReader(io.StringIO(text))}
        assert values["STOP"].lstrip("'") == shown
    (suppression,) = viewer.items("/suppressions")
    assert suppression["value"].endswith(masked[-3:])
    assert stranger not in suppression["value"]
