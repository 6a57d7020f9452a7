"""GOWA: linking the phone of a device, and the phone's contacts."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
import segno

from domain.errors import ProviderError, UnsupportedError, WrongStateError
from domain.pairing import Contact
from projections.config.settings import Settings
from runners.gateways.phones import Phones
from tests.support.gateways.fake_gowa import CODE, CREDENTIALS, QR_TEXT
from tests.support.gateways.fakes import serving
from tests.support.gateways.gowa_description import DescribedGowa

PHONES = Phones(Settings(database_url=""))
LINK = "/statics/qrcode/scan-qr-1.png"


@pytest.fixture
def gowa() -> Iterator[DescribedGowa]:
    """A server with one device, to which no phone is linked. All that it was asked, and answered,
    must be as it is described."""
    fake = DescribedGowa()
    fake.devices["sales/1"] = "disconnected"
    with serving(fake):
        yield fake
    assert (fake.wrong, fake.own_faults) == ([], [])


def settings(gowa: DescribedGowa, **changes: Any) -> dict[str, Any]:
    return {"base_url": gowa.url, "device_id": "sales/1", **changes}


def test_the_code_to_scan_is_read_from_the_servers_image(gowa: DescribedGowa) -> None:
    qr = PHONES.qr_code(settings(gowa), CREDENTIALS)

    wanted = [[bool(module) for module in row] for row in segno.make(QR_TEXT).matrix]
    assert [list(row) for row in qr.modules] == wanted
    assert qr.seconds == 30


def test_the_code_to_type_is_for_the_number_that_was_given(gowa: DescribedGowa) -> None:
    assert PHONES.code(settings(gowa), CREDENTIALS, "+60399990021") == CODE
    assert gowa.coded == ["60399990021"]
    assert gowa.paths == ["/devices/sales/1/login/code"]


def test_a_device_without_an_id_is_the_servers_only_one(gowa: DescribedGowa) -> None:
    """It is asked for where the device is named by a header, which is empty then."""
    gowa.devices = {"": "disconnected"}
    assert PHONES.code(settings(gowa, device_id=""), CREDENTIALS, "+60399990021") == CODE
    assert gowa.paths == ["/app/login-with-code"]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"devices": {"sales/1": "logged_in"}}, WrongStateError, "it is logged_in"),
        ({"devices": {}}, ProviderError, "the gateway refused: DEVICE_NOT_FOUND"),
        ({"image": b"<html>"}, ProviderError, "image is no QR code: it is no PNG"),
        ({"image": b"\x89PNG\r\n\x1a\n" + b"\0" * 20}, ProviderError, "it is too large"),
        ({"image": segno.make("a", micro=True)}, ProviderError, "no QR code"),
        ({"qr_link": "/statics/../devices"}, ProviderError, "no link to a QR code"),
    ],
)
def test_whatever_the_server_says_is_an_error_that_names_it(
    gowa: DescribedGowa, change: dict[str, Any], error: type[Exception], words: str
) -> None:
    for name, value in change.items():
        setattr(gowa, name, _png(value) if isinstance(value, segno.QRCode) else value)
    with pytest.raises(error, match=words):
        PHONES.qr_code(settings(gowa), CREDENTIALS)


def test_the_image_is_asked_for_at_our_address_alone(gowa: DescribedGowa) -> None:
    """A server behind a proxy has another name for itself; the login must not go there."""
    gowa.qr_link = f"@elsewhere.example{LINK}"
    assert PHONES.qr_code(settings(gowa), CREDENTIALS).seconds == 30
    assert gowa.paths[-1] == LINK


def test_without_a_base_url_nothing_is_asked() -> None:
    with pytest.raises(UnsupportedError, match="base_url"):
        PHONES.contacts({"device_id": "sales"}, CREDENTIALS)


def test_contacts_are_people_with_their_numbers_where_whatsapp_tells_them(
    gowa: DescribedGowa,
) -> None:
    gowa.contacts = {
        "60123456789@s.whatsapp.net": "Aisyah",
        "251556360000035@lid": "Nobody's number",
        "120363402106000039@g.us": "A group",
        "status@broadcast": "",
        "60123456788@s.whatsapp.net": "",
    }
    assert PHONES.contacts(settings(gowa), CREDENTIALS) == [
        Contact("+60123456789", "Aisyah"),
        Contact(None, "Nobody's number"),
        Contact("+60123456788", ""),
    ]


def _png(code: segno.QRCode) -> bytes:
    image = io.BytesIO()
    code.save(image, kind="png", scale=4)
    return image.getvalue()
