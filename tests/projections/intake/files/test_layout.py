"""Columns: which is what, in whatever words, and what becomes of the others."""

from __future__ import annotations

import pytest

from domain.errors import InvalidInputError
from projections.intake.files.layout import Column, fits, lay_out, mapped

EVERY = frozenset(range(1000))


def read(*headers: str, map_: tuple[str, ...] = ()) -> dict[str, str]:
    """By header what each column is: a field, ``nothing``, or ``=`` and the attribute's key."""
    columns = lay_out(headers, mapped(map_), EVERY).columns
    return {
        header: f"={column.attribute}" if column.as_ == "attribute" else column.as_
        for header, column in columns.items()
    }


@pytest.mark.parametrize(
    "header",
    [
        "phone",
        " PHONE ",
        "Phone\u00a0Number",
        "phone_number",
        "PhoneNumber",
        "Phone*",
        "Tel.",
        "Mobile",
        "Mobile No.",
        "Cell Phone",
        "WhatsApp",
        "WhatsApp Number",
        "No. WA",
        "No. HP",
        "Nomor Telepon",
        "No. Telefon",
        "Nombor Telefon Bimbit",
        "Teléfono",
        "Número de teléfono móvil",
        "Celular",
        "Telefone",
        "Numéro de téléphone",
        "Téléphone portable",
        "Handynummer",
        "Telefon-Nr.",
        "Cellulare",
        "Mobiel nummer",
        "Mobilnummer",
        "Matkapuhelin",
        "Numer telefonu",
        "Cep Telefonu",
        "TELEFON NUMARASI",
        "Τηλέφωνο",
        "Номер телефона",
        "Мобільний телефон",
        "رقم الهاتف",
        "מספר טלפון",
        "मोबाइल नंबर",
        "เบอร์โทรศัพท์",
        "Số điện thoại",
        "手机号码",
        "電話番号",
        "휴대폰 번호",
        "Phone 1 - Value",
        "Home Phone",
        "Kontak",
    ],
)
def test_a_phone_in_other_words(header: str) -> None:
    assert list(read("City", header).values()) == ["=city", "phone"]


@pytest.mark.parametrize(
    "header",
    [
        "Record ID",
        "Last Activity Date",
        "Phone Type",
        "Phone 1 - Label",
        "Phone country code",
        "Mobile verified",
        "Fax",
        "CEP",
        "Contact owner",
        "Number",
        "Home",
        "Telegram",
        "Last phone call",
    ],
)
def test_what_is_no_phone(header: str) -> None:
    assert fits([header, "name"], ()) == 0


@pytest.mark.parametrize(
    ("headers", "phone"),
    [
        (("Business Phone", "Home Phone", "Mobile Phone"), "Mobile Phone"),
        (("Phone", "WhatsApp", "Mobile"), "WhatsApp"),
        (("Work Mobile", "Phone", "Mobile"), "Mobile"),
        (("Kontak", "Telefon"), "Telefon"),
        (("Office Phone", "Phone"), "Phone"),
        (("Phone 1 - Value", "Phone 2 - Value"), "Phone 1 - Value"),
    ],
)
def test_of_several_phones_the_one_with_whatsapp(headers: tuple[str, ...], phone: str) -> None:
    """The others stay as attributes, and the answer says why."""
    columns = lay_out(headers, (), EVERY).columns

    assert [name for name, column in columns.items() if column.as_ == "phone"] == [phone]
    assert {column.as_ for name, column in columns.items() if name != phone} == {"attribute"}
    assert {c.reason for name, c in columns.items() if name != phone} == {f"{phone!r} is the phone"}


def test_names_tags_devices_and_zones() -> None:
    assert read(
        "Phone",
        "First Name",
        "Nachname",
        "Tags",
        "Device ID",
        "Time Zone",
        "Target Status",
        "Niche",
    ) == {
        "Phone": "phone",
        "First Name": "first_name",
        "Nachname": "last_name",
        "Tags": "triggers",
        "Device ID": "device",
        "Time Zone": "timezone",
        "Target Status": "target_status",
        "Niche": "niche",
    }
    assert read("phone", "nombre_completo", "name")["name"] == "name"


def test_any_other_column_is_an_attribute_that_a_template_can_name() -> None:
    """ASCII, without accents, numbered where two would be the same."""
    assert read("phone", "Größe", "Shoe size", "shoe-size", "2nd", "城市", "Ort", "ORT") == {
        "phone": "phone",
        "Größe": "=grosse",
        "Shoe size": "=shoe_size",
        "shoe-size": "=shoe_size_2",
        "2nd": "=column_2nd",
        "城市": "=column",
        "Ort": "=ort",
        "ORT": "=ort_2",
    }
    (long,) = lay_out(["phone", "x" * 300], (), EVERY).attributes
    assert len(long[1]) <= 100


def test_a_column_without_a_name() -> None:
    """It is left out if nothing is in it."""
    columns = lay_out(["phone", "", ""], (), frozenset({0, 2})).columns

    assert (columns["column 2"].as_, columns["column 2"].number) == ("nothing", 2)
    assert columns["column 3"] == Column("attribute", "column_3", number=3)


def test_two_columns_of_one_name_are_told_apart() -> None:
    assert read("phone", "City", "City") == {
        "phone": "phone",
        "City": "=city",
        "City (2)": "=city_2",
    }
    with pytest.raises(InvalidInputError, match="header: expected column names that differ"):
        read("phone", "Phone")


def test_the_caller_says_what_a_column_is() -> None:
    """In any case, and the file's own words count no more."""
    assert read(
        "Pelanggan", "phone", "Nombor", "Notes", map_=("name:pelanggan", "phone:Nombor", "-:NOTES")
    ) == {"Pelanggan": "name", "phone": "=phone", "Nombor": "phone", "Notes": "nothing"}


@pytest.mark.parametrize(
    ("map_", "error"),
    [
        (("phon:A",), "map: expected FIELD:COLUMN with one of phone, name, first_name"),
        (("phone",), "map: expected FIELD:COLUMN"),
        (("name:Z",), "map: expected a column of the file; it has none named 'Z'"),
        (("name:A", "niche:A"), "map: expected columns named once each; 'A' is not"),
        (("name:A", "name:B"), "map: expected one column for name"),
    ],
)
def test_what_the_caller_cannot_say(map_: tuple[str, ...], error: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read("phone", "A", "B", map_=map_)

    assert str(refused.value).startswith(error)


@pytest.mark.parametrize(
    "header", ["opted_out", "Opt-Out", "OPT OUT", "optedOut", "opted_out_at", "optout"]
)
def test_an_opt_out_in_exact_words(header: str) -> None:
    assert read("phone", header, "opt-out evidence") == {
        "phone": "phone",
        header: "opted_out",
        "opt-out evidence": "opt_out_evidence",
    }


@pytest.mark.parametrize(
    "header",
    [
        "unsubscribed",
        "Unsubscribe date",
        "Do not contact",
        "DoNotCall",
        "don't text",
        "DNC",
        "Email Opt-Out",
        "OPTOUT_TIME",
        "opt_out_reason",
        "Blacklisted",
        "Suppressed",
        "Abgemeldet am",
        "Désinscrit",
        "Baja",
        "Berhenti langganan",
        "Jangan hubungi",
        "No contactar",
        "退订",
    ],
)
def test_a_column_that_seems_to_be_an_opt_out_is_asked_about(header: str) -> None:
    """It never becomes an attribute; the caller can say what it is, or leave it out."""
    with pytest.raises(InvalidInputError) as refused:
        read("phone", header)
    assert f"opted_out:{header} if column" in str(refused.value)
    assert f"-:{header} to leave it out" in str(refused.value)

    assert read("phone", header, map_=(f"opted_out:{header}",))[header] == "opted_out"
    assert read("phone", header, map_=(f"-:{header}",))[header] == "nothing"


@pytest.mark.parametrize(
    "header", ["OPTIN_TIME", "CONFIRM_TIME", "Stop name", "Laptop", "Baja California"]
)
def test_what_is_no_opt_out(header: str) -> None:
    assert read("phone", header)[header].startswith("=")


def test_a_header_does_nothing_to_a_terminal() -> None:
    assert read("phone", "a\x1b[31m\nb") == {"phone": "phone", "a[31m b": "=a_31m_b"}
