"""Small shared values: whole tokens, statuses, zones, times of day, paces."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from domain import values
from domain.errors import InvalidInputError
from tests.support.samples import NOW


@pytest.mark.parametrize(
    ("token", "among", "expected"),
    [
        ("COLD", ("COLD",), "COLD"),
        ("COLD", ("cold",), "cold"),
        ("cold", ("WARM", "Cold"), "Cold"),
        ("COLD", ("COLDVITAC",), None),
        ("COLDVITAC", ("COLD",), None),
        ("COLD", ("VITACOLD",), None),
        ("B1", ("B12",), None),
        ("B1", ("B12", "b1"), "b1"),
        ("COLD", ("COLD WARM",), None),
        ("COLD", (), None),
    ],
)
def test_a_token_matches_whole_or_not_at_all(
    token: str, among: tuple[str, ...], expected: str | None
) -> None:
    """COLD does not match COLDVITAC; capitals do not matter, and the lead's spelling is told."""
    assert values.matching(token, among) == expected


def test_an_accent_is_the_same_however_it_is_written() -> None:
    """One character or two: kept as one, and found as either, also in what was stored before."""
    apart, composed = "Cafe\u0301", "Caf\u00e9"
    assert values.tokens("niche", [apart, composed.upper(), composed]) == (composed,)
    assert values.matching(composed, ["x", apart]) == apart
    assert values.matching(apart.upper(), [composed]) == composed
    assert values.name("name", f" {apart} ", longest=6) == composed
    assert values.text("body", apart, longest=5) == apart


def test_tokens_are_trimmed_and_come_once() -> None:
    """The first spelling stays, and so does the order."""
    assert values.tokens("niche", [" B1 ", "Vita C", "b1", "B12", "VITA C"]) == (
        "B1",
        "Vita C",
        "B12",
    )
    assert values.tokens("niche", []) == ()


@pytest.mark.parametrize(
    "bad",
    [
        *("", "  ", "a,b", "a;b", "a|b", "a\nb", "a\tb", "a\rb", "a\0b", "x" * 101),
        *("a\x7f", "a\x85b", "a\u200bb", "\u202ea", "a\u2028b", "\u2060", "\ud800"),
    ],
)
def test_a_token_that_could_be_two_is_refused(bad: str) -> None:
    """Empty ones, separators, endless ones, and those that look like others: what is in them
    and cannot be seen."""
    with pytest.raises(InvalidInputError, match=r"^niche: expected tokens of 1 to 100 characters"):
        values.tokens("niche", ["good", bad])


def test_the_longest_token_has_100_characters() -> None:
    """One hundred is fine."""
    assert values.tokens("niche", ["x" * 100]) == ("x" * 100,)


def test_a_text_comes_back_unchanged() -> None:
    """White space around it and inside it belongs to it."""
    assert values.text("body", "  a\n\tb  ", longest=8) == "  a\n\tb  "
    assert values.text("body", "", longest=8, allow_empty=True) == ""


@pytest.mark.parametrize("bad", ["", " \n", "123456789", "a\0b"])
def test_a_text_that_is_empty_too_long_or_with_nul_is_refused(bad: str) -> None:
    """The error names the field and says how long it may be."""
    with pytest.raises(InvalidInputError) as error:
        values.text("body", bad, longest=8)
    assert str(error.value) == "body: expected 1 to 8 characters, without NUL"


def test_a_text_that_may_be_empty_still_has_a_length_and_no_nul() -> None:
    """Empty is allowed, the rest is not."""
    for bad in ("123456789", "\0"):
        with pytest.raises(InvalidInputError, match=r"^body: expected 0 to 8 characters"):
            values.text("body", bad, longest=8, allow_empty=True)


@pytest.mark.parametrize(
    "name", ["Sales 1", " Verkäufe (Nord) ", "営業\u3000一", "📞 बिक्री क्\u200dष"]
)
def test_a_label_is_what_one_sees(name: str) -> None:
    assert values.label("name", name) == name.strip()


@pytest.mark.parametrize(
    "name",
    [
        "Sales\u200b 1",
        "Sales\u00a01",
        "\u202eSales 1",
        "Sales 1\x1b[8m",
        "Sa\u00adles 1",
        "Sales\t1",
        "Sales 1\U000e0041",
        " ",
    ],
)
def test_a_label_that_could_be_taken_for_another_is_refused(name: str) -> None:
    """By what nobody sees, or sees as a space; and one that is only space."""
    with pytest.raises(InvalidInputError, match="name: expected"):
        values.label("name", name)


def test_half_a_character_is_refused() -> None:
    """JSON may carry half of a surrogate pair; no database and no gateway can take it."""
    with pytest.raises(InvalidInputError):
        values.text("body", "sun \ud83c", longest=100)
    with pytest.raises(InvalidInputError):
        values.tokens("niche", ["sun \ud83c"])


def test_statuses_are_known_words() -> None:
    """In any case, with white space; "all" is an audience and no lead's status."""
    assert values.target_status(" Prospect") == "prospect"
    assert values.target_status("CUSTOMER") == "customer"
    assert values.target_filter("All ") == "all"
    assert values.target_filter("customer") == "customer"
    for bad in ("all", "", "prospects"):
        with pytest.raises(InvalidInputError, match=r"^target_status: expected 'prospect' or"):
            values.target_status(bad)
    for bad in ("any", "", "customer,prospect"):
        with pytest.raises(InvalidInputError, match=r"^target_status: expected 'prospect', 'cust"):
            values.target_filter(bad)


def test_a_zone_is_an_iana_name() -> None:
    """Its offset follows from the name."""
    assert values.zone("Asia/Kuala_Lumpur") == ZoneInfo("Asia/Kuala_Lumpur")
    assert NOW.astimezone(values.zone("Asia/Kuala_Lumpur")).utcoffset() == timedelta(hours=8)


@pytest.mark.parametrize(
    "bad", ["", "Mars/Base", "America", "/etc/passwd", "../zone", "a\0b", "UTC+8", "z" * 300]
)
def test_what_is_no_zone_is_refused(bad: str) -> None:
    """The error gives an example, under the name the caller used."""
    with pytest.raises(InvalidInputError) as error:
        values.zone(bad, "profile.timezone")
    assert str(error.value) == (
        "profile.timezone: expected an IANA time zone such as Asia/Kuala_Lumpur"
    )


def test_a_time_of_day_has_two_digits_each() -> None:
    """From 00:00 to 23:59."""
    assert values.time_of_day("00:00", "send_at") == time(0, 0)
    assert values.time_of_day("09:05", "send_at") == time(9, 5)
    assert values.time_of_day("23:59", "send_at") == time(23, 59)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "9:00",
        "09:0",
        "0900",
        "24:00",
        "09:60",
        "09:00:00",
        "+9:00",
        "\u0660\u0669:\u0660\u0660",
        "aa:bb",
        " 9:00",
    ],
)
def test_what_is_no_time_of_day_is_refused(bad: str) -> None:
    """HH:MM and nothing else."""
    with pytest.raises(InvalidInputError) as error:
        values.time_of_day(bad, "send_at")
    assert str(error.value) == "send_at: expected a local time of day as HH:MM"


def test_an_instant_has_an_offset() -> None:
    """Any offset will do; a naive time is no instant."""
    nine = datetime(2026, 3, 1, 17, 0, tzinfo=timezone(timedelta(hours=8)))
    assert values.instant(nine, "scheduled_at") == datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    with pytest.raises(InvalidInputError, match=r"^scheduled_at: expected a time with an offset"):
        values.instant(NOW.replace(tzinfo=None), "scheduled_at")


def test_a_pace_is_a_range_of_seconds() -> None:
    """Zero to a day, the low end first; a fixed delay is a range too."""
    assert values.delay_range(0, 86400) == (0.0, 86400.0)
    assert values.delay_range(5, 5) == (5.0, 5.0)


@pytest.mark.parametrize(
    ("low", "high", "field"),
    [
        (-1, 5, "min_delay_seconds"),
        (86401, 86402, "min_delay_seconds"),
        (float("nan"), 5, "min_delay_seconds"),
        (10, 5, "max_delay_seconds"),
        (0, 86401, "max_delay_seconds"),
        (0, float("inf"), "max_delay_seconds"),
        (0, float("nan"), "max_delay_seconds"),
    ],
)
def test_a_pace_that_is_no_range_is_refused(low: float, high: float, field: str) -> None:
    """The error names the end that is wrong."""
    with pytest.raises(InvalidInputError) as error:
        values.delay_range(low, high)
    assert error.value.field == field
