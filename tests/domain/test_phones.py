"""Phones as people, spreadsheets and programs write them: the number that was meant, or none."""

from __future__ import annotations

import re
from typing import Any

import phonenumbers
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from domain import phone_plans, phones
from domain.errors import InvalidInputError
from tests.support import cases

REGIONS = (None, "MY", "BR", "MX", "AR", "DE", "DK", "ID", "IT", "US")

# What phones are made of, and what is taken for it.
PIECES = st.sampled_from(
    [
        *("0123456789", "00", "+60", "+55", "+54", "+521", "+49", "(0)", "12", "345"),
        *"0123456789+()./- 'xE,",
        *("tel:", ".0", "2026-11-25", "²", "①", "٣", "९", "\uff10"),
        *("\u00a0", "\u200e", "\u2013", "\u30fc", "\ud800"),
    ]
)
WRITTEN = st.lists(PIECES, max_size=20).map("".join) | st.text(max_size=30)
NUMBERS = st.builds(
    "{}{}".format,
    st.sampled_from(["+", "+55", "+521", "+52", "+54", "+549", "+60", ""]),
    st.text("0123456789", max_size=13),
)


def read(value: str, region: str | None) -> str | None:
    """The phone, None where it is refused."""
    try:
        return phones.parse(value, region)
    except InvalidInputError:
        return None


@pytest.mark.parametrize("case", cases.lines("phones.jsonl"), ids=lambda case: str(case["why"]))
def test_what_people_write_is_the_number_that_they_meant_or_none(case: dict[str, Any]) -> None:
    """Every case from real life."""
    right = {case["e164"], None} if case.get("may_refuse") else {case["e164"]}

    assert read(case["input"], case["region"]) in right


@pytest.mark.parametrize(
    "case", cases.lines("same_person.jsonl"), ids=lambda case: str(case["why"])
)
def test_two_spellings_are_one_person_where_whatsapp_mixes_them(case: dict[str, Any]) -> None:
    """And nowhere else."""
    a, b = phones.parse(case["a"], "MY"), phones.parse(case["b"], "MY")

    assert (phones.canonical(a) == phones.canonical(b)) == case["same"]


@pytest.mark.parametrize(
    ("written", "region", "phone"),
    [
        ("(012) 345.6789", "MY", "+60123456789"),
        ("Tel: 012-345 6789", "MY", "+60123456789"),
        ("\u2019+60123456789", None, "+60123456789"),
        ("0\uff190\u30fc1234\u30fc5678", "JP", "+819012345678"),
        ("۰۱۲ ۳۴۵ ۶۷۸۹", "MY", "+60123456789"),
        ("012 345 6789.0", "MY", "+60123456789"),
        ("06.12.34.56.00", "FR", "+33612345600"),
        ("+44 (0)20 7946 0018", "MY", "+442079460018"),
        ("+39 (0)6 6982 1053", "MY", "+390669821053"),
        ("030/1234567", "DE", "+49301234567"),
        ("4915112345046", "DE", "+4915112345046"),
        ("(416) 555-0123", "US", "+14165550123"),
        ("77011231040", "RU", "+77011231040"),
        ("82 9944-0002", "BR", "+558299440002"),
        ("+55 82 9944-0002", None, "+558299440002"),
        ("011 15 5000-1023", "AR", "+5491150001023"),
        ("5215512341017", "MX", "+5215512341017"),
    ],
)
def test_spellings_of_many_countries(written: str, region: str | None, phone: str) -> None:
    """What is given stays, but for what is only dialled within the country."""
    assert phones.parse(written, region) == phone


NO_PHONES = [
    ("25.11.2026", "DK"),
    ("25/11/26", "FO"),
    ("2026/11/25", "DK"),
    ("11-25-2026", "DK"),
    ("2026 11 25", "DK"),
    ("25.11.2026 0900", "DE"),
    ("601112-14-5678", "MY"),
    ("069 1234 069 5678", "DE"),
    ("069 1234 / (069) 5678", "DE"),
    ("+49 69 1234 / 069 5678", "DE"),
    ("0123456789.25", "MY"),
    ("60123456789,0", "MY"),
    ("0123456701²", "MY"),
    ("012345670①", "MY"),
    ("60123456789+", "MY"),
    ("-60123456789", "MY"),
    ("+6017123456", "MY"),
    ("+628123456", "ID"),
    ("+603216156089", "MY"),
    ("62218350123", "ID"),
]


@pytest.mark.parametrize(("written", "region"), NO_PHONES)
def test_what_is_clearly_something_else_is_refused(written: str, region: str) -> None:
    """Dates, two phones, fractions, footnotes, cut numbers, and what could be two numbers."""
    assert read(written, region) is None


@pytest.mark.parametrize("written", ["012-345 6789", "0123456789"])
def test_a_country_is_never_guessed(written: str) -> None:
    """Without a region a phone needs its country code, and the error says so."""
    with pytest.raises(InvalidInputError) as error:
        phones.parse(written)
    assert str(error.value) == (
        "phone: expected a country code such as +60 (or set SENDTRAIL_DEFAULT_REGION)"
    )
    assert error.value.field == "phone"


@pytest.mark.parametrize(
    ("written", "region", "expected"),
    [
        ("6581234567", "MY", "a number of MY; with + it would be one of SG"),
        ("1234567890", "MY", "a number of MY"),
        (
            "60 12 345 6789",
            None,
            "a country code such as +60 (or set SENDTRAIL_DEFAULT_REGION);"
            " with + it would be one of MY",
        ),
        (
            "62218350123",
            "ID",
            "a + before the country code, or a 0: it could be two numbers of ID",
        ),
        ("+65812345678", None, "a phone number as long as its country has them (SG)"),
        ("2026-11-25", "DK", "a phone number such as +60123456789, not a date"),
        ("069 1234 069 5678", "DE", "one phone number, not two"),
    ],
)
def test_a_refusal_names_the_readings(written: str, region: str | None, expected: str) -> None:
    """Whoever wrote it learns what to add."""
    with pytest.raises(InvalidInputError) as error:
        phones.parse(written, region, "to")
    assert str(error.value) == f"to: expected {expected}"


@pytest.mark.parametrize("written", ["", "   ", "anna", "+", "anna@example.com"])
def test_what_is_no_phone_is_refused(written: str) -> None:
    """The error shows what a phone looks like."""
    with pytest.raises(InvalidInputError, match=r"^phone: expected a phone number such as \+60"):
        phones.parse(written, "MY")


@pytest.mark.parametrize(
    "written", ["+60 1", "+601234567890123", "+1 212 555 01", "345 6789", "6789"]
)
def test_a_phone_of_the_wrong_length_is_refused(written: str) -> None:
    """Too short, too long, or a local number that nobody can reach from elsewhere."""
    with pytest.raises(InvalidInputError, match=r"^phone: expected "):
        phones.parse(written, "MY")


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_every_country_is_read_in_each_of_its_spellings(region: str) -> None:
    """International, with 00 in place of the plus, as at home, and with a spreadsheet's zero."""
    number = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    if number is None:
        number = phonenumbers.example_number(region)
    phone = phonenumbers.format_number(number, PhoneNumberFormat.E164)

    assert {
        phones.parse(phone),
        phones.parse(phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)),
        phones.parse(f"00{phone[1:]}"),
        phones.parse(f"{phone[1:]}.0", region),
        phones.parse(phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL), region),
    } == {phone}


@given(WRITTEN | NUMBERS, st.sampled_from(REGIONS))
@example("+6000123456749", None)
@example("+541115500010", None)
def test_any_text_is_one_phone_or_a_refusal(value: str, region: str | None) -> None:
    """A phone is its own reading. A refusal, which is logged, holds no number that was given."""
    said, phone = "", None
    try:
        phone = phones.parse(value, region)
    except InvalidInputError as refusal:
        said = str(refusal)

    assert set(re.findall("[0-9]{3,}", said)) <= {"60123456789"}
    if phone is not None:
        assert re.fullmatch("[+][1-9][0-9]{4,14}", phone)
        assert phones.parse(phone, region) == phones.parse(phone) == phone


SUPPORTED = sorted(phonenumbers.SUPPORTED_REGIONS)


@st.composite
def changed_numbers(draw: st.DrawFn) -> tuple[str, str | None]:
    """An example of a region with some digits changed, taken or added, as some region would write
    it, with spaces or without."""
    region = draw(st.sampled_from(SUPPORTED))
    kind = draw(st.sampled_from([PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE]))
    number = phonenumbers.example_number_for_type(region, kind)
    assume(number is not None)
    digits = phonenumbers.national_significant_number(number)
    kept = draw(st.integers(1, len(digits)))
    digits = digits[:kept] + draw(st.text("0123456789", max_size=len(digits) - kept + 1))
    before = draw(st.sampled_from([f"+{number.country_code}", str(number.country_code), "0", ""]))
    code = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[number.country_code]
    gap, at = draw(st.sampled_from(["", "", " ", "-"])), draw(st.integers(0, len(digits)))
    digits = digits[:at] + gap + digits[at:]
    return before + digits, draw(st.sampled_from([region, None, *code, "MY"]))


@settings(max_examples=500)
@given(changed_numbers() | st.tuples(WRITTEN | NUMBERS, st.sampled_from(REGIONS)))
@example(("0201234567", "JE"))
@example(("+5511912345678", None))
@example(("+390612345678", "IT"))
def test_the_plan_of_a_country_reads_as_the_library_does(written: tuple[str, str | None]) -> None:
    """Most phones are read by the plan alone; what it does not say the library is asked."""
    value, region = written
    found = read(value, region)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phone_plans, "international", lambda text: None)
        patch.setattr(phone_plans, "national", lambda text, region: None)

        assert found == read(value, region)


@given(st.text(max_size=20) | NUMBERS)
@example("+5499999999999")
@example("+5215212345678")
def test_a_canonical_phone_is_its_own(value: str) -> None:
    """Whatever the text: it is found again by what was made of it."""
    assert phones.canonical(phones.canonical(value)) == phones.canonical(value)
