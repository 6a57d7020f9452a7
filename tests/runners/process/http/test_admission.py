"""Which connections stay when there are too many."""

from __future__ import annotations

import pytest

from runners.process.http.admission import Admission, owner, plain

OFFICE, STRANGER = "203.0.113.7", "198.51.100.1"


class Client:
    """A connection that notes that it was closed."""

    def __init__(self, admission: Admission, owner: str, *, exempt: bool = False) -> None:
        self.admission = admission
        self.owner = owner
        self.exempt = exempt
        self.known = False
        self.closed = False
        admission.enter(self)

    def evict(self) -> None:
        self.closed = True
        self.admission.leave(self)


def test_the_one_of_the_same_owner_that_has_waited_longest_goes() -> None:
    """Others' connections stay."""
    admission = Admission(100, 3)
    stranger = Client(admission, STRANGER)
    first, second, third = (Client(admission, OFFICE) for _ in range(3))
    admission.serves(first)
    admission.waits(first)

    fourth = Client(admission, OFFICE)
    fifth = Client(admission, OFFICE)

    closed = [each.closed for each in (stranger, first, second, third, fourth, fifth)]
    assert closed == [False, False, True, True, False, False]


def test_who_only_connects_closes_nobody_who_has_asked_for_something() -> None:
    """Neither the owner's nor others', however many the strangers are."""
    admission = Admission(6, 3)
    asked, also_asked = Client(admission, OFFICE), Client(admission, STRANGER)
    for each in (asked, also_asked):
        admission.serves(each)
        admission.waits(each)

    connected = [Client(admission, OFFICE) for _ in range(9)]
    made = [admission.make_room() for _ in range(2)]

    assert [asked.closed, also_asked.closed] == [False, False]
    assert ([each.closed for each in connected], made) == ([True] * 9, [True, True])


def test_whose_request_is_under_way_stays() -> None:
    """If all are under way, there is one more."""
    admission = Admission(100, 2)
    first, second = Client(admission, OFFICE), Client(admission, OFFICE)
    admission.serves(first)
    admission.serves(second)

    third = Client(admission, OFFICE)
    fourth = Client(admission, OFFICE)

    assert [each.closed for each in (first, second, third, fourth)] == [False, False, True, False]


def test_a_proxy_may_have_as_many_as_there_is_room_for() -> None:
    """Room is made by whoever has waited longest of all, proxy or not."""
    admission = Admission(4, 1)
    proxy = [Client(admission, OFFICE, exempt=True) for _ in range(3)]
    stranger = Client(admission, STRANGER)

    was_full = admission.full
    made = admission.make_room()

    assert [each.closed for each in (*proxy, stranger)] == [True, False, False, False]
    assert (was_full, made, admission.full) == (True, True, False)


def test_no_room_can_be_made_while_all_requests_are_under_way() -> None:
    """Then nobody new is taken in."""
    admission = Admission(1, 5)
    admission.serves(Client(admission, OFFICE))

    assert (admission.full, admission.make_room()) == (True, False)


@pytest.mark.parametrize(
    ("address", "shown", "behind"),
    [
        ("203.0.113.7", "203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::1%eth0", "fe80::/64"),
        ("::1", "::1", "::/64"),
    ],
)
def test_a_subscriber_of_ipv6_has_a_network(address: str, shown: str, behind: str) -> None:
    """Of 64 bits, in which every address is his."""
    assert (plain(address), owner(plain(address))) == (shown, behind)
