"""/leads/import: the kinds of bodies, and what the query says."""

from __future__ import annotations

import io
from typing import Any

import pytest

from projections.container import Container
from tests.support import cases
from tests.support.api import then
from tests.support.api.client import Answer, Client, fields

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = b"Klient;Mobile Phone;Tags\nAisyah;+60123456781;COLD\nSiti;nobody;\n"


def posts(client: Client, data: Any, content_type: str, **query: Any) -> Answer:
    return client.json(
        "POST", "/leads/import", data=data, content_type=content_type, query_string=query
    )


@pytest.mark.parametrize(
    "content_type", ["text/csv", "text/csv; charset=utf-8", "application/octet-stream", XLSX]
)
def test_the_file_says_what_it_is(operator: Client, content_type: str) -> None:
    """Programs name it as they like."""
    path = cases.cases_folder() / "files" / "numbers.xlsx"

    assert posts(operator, CSV, content_type).json["registered"] == 1
    assert posts(operator, path.read_bytes(), content_type, dry_run=True).status == 200


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "list-1"}])
def test_a_form_with_the_file(operator: Client, headers: dict[str, str]) -> None:
    """As browsers send it."""
    answer = operator.json(
        "POST",
        "/leads/import",
        data={"file": (io.BytesIO(CSV), "leads.csv")},
        content_type="multipart/form-data",
        headers=headers,
    )

    assert (answer.status, answer.json["registered"]) == (200, 1)
    assert [rejected["line"] for rejected in answer.json["rejected"]] == [3]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"other": (io.BytesIO(CSV), "leads.csv")}, 422),
        ({"file": "phone\n"}, 422),
        ({"file": (io.BytesIO(CSV), "leads.csv"), "update": "true"}, 422),
        ({"file": [(io.BytesIO(CSV), "a.csv"), (io.BytesIO(CSV), "b.csv")]}, 422),
    ],
)
def test_a_form_with_anything_else(
    container: Container, operator: Client, form: dict[str, Any], status: int
) -> None:
    """Options of an import are in the query; in the form they would be missed."""
    answer = posts(operator, form, "multipart/form-data")

    assert answer.status == status
    assert answer.json["message"] == "expected a form with the file 'file' and nothing else"
    assert then.topics(container) == []


def test_a_form_that_is_no_form(operator: Client) -> None:
    """Without a boundary, or cut off."""
    assert posts(operator, b"phone\n", "multipart/form-data").status in (400, 422)
    cut = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nphone'
    assert posts(operator, cut, "multipart/form-data; boundary=x").status == 400


def test_the_answer_says_how_each_column_was_read(operator: Client) -> None:
    answer = posts(operator, CSV, "text/csv")

    assert answer.json["columns"] == {
        "Klient": {"as": "attribute", "attribute": "klient", "number": 1, "reason": None},
        "Mobile Phone": {"as": "phone", "attribute": None, "number": 2, "reason": None},
        "Tags": {"as": "triggers", "attribute": None, "number": 3, "reason": None},
    }
    (lead,) = operator.items("/leads")
    assert (lead["attributes"], lead["triggers"]) == ({"klient": "Aisyah"}, ["COLD"])


def test_the_query_maps_columns_adds_triggers_and_only_looks(
    container: Container, operator: Client
) -> None:
    query = {"map": ["name:Klient", "-:Tags"], "add_triggers": "AUTUMN,VIP"}

    looked = posts(operator, CSV, "text/csv", **query, dry_run="true")
    assert then.topics(container) == []
    done = posts(operator, CSV, "text/csv", **query)

    assert looked == done
    (lead,) = operator.items("/leads")
    assert (lead["name"], lead["triggers"]) == ("Aisyah", ["AUTUMN", "VIP"])
    changed = CSV.replace(b"Aisyah", b"Aisha")
    updated = posts(operator, changed, "text/csv", **query, update="true")
    assert (updated.json["updated"], updated.json["unchanged"], updated.json["known"]) == (1, 0, 0)
    assert operator.get(f"/leads/{lead['id']}").json["name"] == "Aisha"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"map": "telephone:Klient"}, "map"),
        ({"map": "name:Nobody"}, "map"),
        ({"add_triggers": "COLD,,"}, "add_triggers"),
        ({"update": "perhaps"}, "update"),
        ({"updates": "true"}, "updates"),
    ],
)
def test_a_query_that_cannot_be(
    container: Container, operator: Client, query: dict[str, str], field: str
) -> None:
    """What is wrong is named, and nothing is written."""
    answer = posts(operator, CSV, "text/csv", **query)

    assert fields(answer) == [field]
    assert then.topics(container) == []


def test_a_column_that_seems_to_be_an_opt_out_is_asked_about(operator: Client) -> None:
    """Until the caller says what it is."""
    text = b"phone,Do not contact\n+60123456781,yes\n+60123456782,\n"

    asked = posts(operator, text, "text/csv")
    told = posts(operator, text, "text/csv", map="opted_out:Do not contact")

    assert (fields(asked), asked.json["message"]) == (
        ["map"],
        "map: expected opted_out:Do not contact if column 'Do not contact' says who must not be"
        " written to, opt_out_evidence:Do not contact if it says how that is known, or"
        " -:Do not contact to leave it out",
    )
    assert (told.json["registered"], told.json["opted_out"]) == (2, 1)
    assert {lead["phone"]: lead["opted_out"] for lead in operator.items("/leads")} == {
        "+60123456781": True,
        "+60123456782": False,
    }


def test_rejected_rows_come_back_with_their_cells_and_why(operator: Client) -> None:
    """As a file that is mended and imported; with an idempotency key nothing of it is stored, and
    the repeated answer is the summary."""
    file = "Name,Phone,City\nAisyah,+60123456781,Ipoh\nBudi,012,=1+1\nCik,+60123456781,Johor\n"
    asked = {"data": file, "content_type": "text/csv"}
    wanted = {"Accept": "text/csv", "Idempotency-Key": "once"}

    answer = operator.open("POST", "/leads/import", headers=wanted, **asked)
    again = operator.open("POST", "/leads/import", headers=wanted, **asked)
    header, budi, cik, end = answer.get_data(as_text=True).split("\r\n")
    mended = answer.get_data(as_text=True).replace(",012,", ",+60123456782,")
    second = operator.csv(mended)
    third = operator.open("POST", "/leads/import", headers={"Accept": "text/csv"}, **asked)

    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert header == "rejected_line,rejected_reason,Name,Phone,City"
    assert budi.startswith("3,phone: expected a country code such as +60")
    assert budi.endswith(",Budi,012,'=1+1")
    assert cik == "4,phone: the same as in line 2,Cik,'+60123456781,Johor"
    assert end == ""
    assert (answer.headers["X-Registered"], answer.headers["X-Rejected"]) == ("1", "2")
    assert again.get_json()["rejected_count"] == 2
    assert b"Budi" not in again.get_data()
    assert (second.json["registered"], second.json["known"]) == (1, 1)
    (mended_lead,) = operator.items("/leads", phone="+60123456782")
    assert mended_lead["attributes"] == {"city": "=1+1"}
    assert third.headers["X-Known"] == "1"
    assert third.get_data(as_text=True).startswith(header)
