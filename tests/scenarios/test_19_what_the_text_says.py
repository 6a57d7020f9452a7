"""19. "It began with 'Hi {name}', was all in one line, and the link in it was broken." """

from __future__ import annotations

from uuid import UUID

from projections.audit import message_trail
from tests.support.api import given
from tests.support.office import Office

# What arrives, with much that a renderer or an encoder might take for its own, and what people type
# for it: braces that are meant as such are marked.
UNTOUCHED = (
    "https://shop.example/o/%7Bname%7D?q=a+b%20c&x=1#top\r\n"
    '\t20% off ☕ 优惠 {} {"a": 1} {a b} {price: 5} $name %s \\n &amp; <b>\n'
    "\n"
)
TYPED = UNTOUCHED.replace("{", r"\{").replace("}", r"\}")


def test_names_fall_back_and_all_else_arrives_as_it_was_written(office: Office) -> None:
    """People with a name, without one, with blanks for one, and with names that look like
    templates. The audit proves for each the very text that was on the wire."""
    office.device()
    people: list[dict[str, object]] = [
        {"name": "Aisyah", "attributes": {"city": "Ipoh", "link": "https://s.example/?a=%20b&c"}},
        {"name": ""},
        {"name": "  ", "attributes": {"city": " "}},
        {"name": "{phone}", "attributes": {"city": "{name|x}", "link": "\\1 %41"}},
        {"name": "Zoë O'Brien & Söhne", "attributes": {"city": "江西\nIpoh"}},
    ]
    for number, fields in enumerate(people, start=1):
        given.lead(office.api, number, **fields)
    office.campaign(body="Hi {name|there},\n\nsee {city|your town}: {link}\n" + TYPED)

    office.works_until_done()

    said = {asked.phone: asked.text for asked in office.gowa.asked}
    assert said == {
        "60120000001": "Hi Aisyah,\n\nsee Ipoh: https://s.example/?a=%20b&c\n" + UNTOUCHED,
        "60120000002": "Hi there,\n\nsee your town: \n" + UNTOUCHED,
        "60120000003": "Hi there,\n\nsee your town: \n" + UNTOUCHED,
        "60120000004": "Hi {phone},\n\nsee {name|x}: \\1 %41\n" + UNTOUCHED,
        "60120000005": "Hi Zoë O'Brien & Söhne,\n\nsee 江西\nIpoh: \n" + UNTOUCHED,
    }
    for message in office.api.items("/messages"):
        container, phone = office.container, message["recipient_phone"]
        trail = message_trail.message_trail(
            container.outreach, container.database, UUID(message["id"])
        )
        proven = [(hand_over.text, hand_over.proven) for hand_over in trail.hand_overs]
        assert proven == [(said[phone.removeprefix("+")], True)]
    office.proves_itself()


def test_so_do_captions_and_the_addresses_of_pictures_and_files(office: Office) -> None:
    """A sequence for a lead from a CSV that knows no names."""
    office.device()
    picture = "https://cdn.example/a%20b.JPG?sig=x%2Fy+z==&e={name}#1"
    file = "https://cdn.example/价目.pdf?v=1&v=2"
    step = {"body": "For {name|you}:\n" + TYPED, "delay_hours": 0}
    steps = [{**step, "media_url": picture}, {**step, "media_url": file}]
    made = office.api.create(
        "/sequences",
        {"name": "Cold", "trigger": "COLD", "first_delay_minutes": 0, "steps": steps},
    )
    office.api.post(f"/sequences/{made['id']}/activate")
    assert office.api.csv("phone,triggers\n+60120000001,COLD\n").json["registered"] == 1

    office.once("enroller")
    office.works_until_done()

    caption = {"phone": "60120000001@s.whatsapp.net", "caption": "For you:\n" + UNTOUCHED}
    said = [asked.fields for asked in office.gowa.asked]
    assert len(said) == 2
    assert {**caption, "image_url": picture} in said
    assert {**caption, "file_url": file} in said
    office.proves_itself()
