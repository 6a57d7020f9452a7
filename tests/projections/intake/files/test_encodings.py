"""Encodings: what the mark says, else UTF-8, else the code page of somebody's Windows."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.errors import InvalidInputError
from projections.intake.files import encodings
from projections.intake.files.encodings import encoding_of


def encoding(folder: Path, data: bytes) -> str:
    path = folder / "file.csv"
    path.write_bytes(data)
    return encoding_of(path)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "utf-8"),
        (b"phone\n+6012\n", "utf-8"),
        ("José\n".encode(), "utf-8"),
        ("\ufeffJosé\n".encode(), "utf-8-sig"),
        ("\ufeffJosé\n".encode("utf-16-le"), "utf-16"),
        ("\ufeffJosé\n".encode("utf-16-be"), "utf-16"),
        ("\ufeffJosé\n".encode("utf-32-le"), "utf-32"),
    ],
)
def test_marks_and_utf8(tmp_path: Path, data: bytes, expected: str) -> None:
    assert encoding(tmp_path, data) == expected


NAMES = {
    "cp1252": [
        "José Núñez;Málaga",
        "Françoise Lefèvre;Orléans",
        "Jürgen Groß;Köln",
        "João Gonçalves;São Paulo",
        "Åsa Öberg;Malmö",
        "Søren Kjær;Ærø",
        "Zoë Brontë – “Zo”",
        "L’été à Nîmes",
    ],
    "cp1250": [
        "Łukasz Wiśniewski;Kraków;Małgorzata Dąbrowska;Gdańsk",
        "Jiří Dvořák;Plzeň;Tomáš Řezníček;Třebíč",
        "Horváth Győző;Székesfehérvár",
        "Kovačević;Šibenik;Đurđa",
    ],
    "cp1251": ["Иван Петров;Москва", "Олена Шевченко;Київ", "ИВАН", "анна"],
    "cp1253": ["Γιώργος Παπαδόπουλος;Αθήνα", "Νίκος;Θεσσαλονίκη"],
    "cp1254": ["Gülşah Yıldız;İstanbul;Çağrı Öztürk;Iğdır", "Ayşe Yılmaz;Şişli"],
    "cp1255": ["משה כהן;תל אביב", "שלום עולם"],
    "cp1256": ["محمد علي;الرياض", "فاطمة;القاهرة"],
    "cp1257": ["Jānis Bērziņš;Rīga;Žydrūnas Kazlauskas;Šiauliai"],
    "cp874": ["สมชาย ใจดี;กรุงเทพ", "ประเทศไทย"],
}


@pytest.mark.parametrize(("page", "text"), [(p, t) for p, texts in NAMES.items() for t in texts])
def test_a_few_names_tell_the_code_page(tmp_path: Path, page: str, text: str) -> None:
    """A list has no running text; the names have to do."""
    data = f"phone;name\n+60123456789;{text}\n".encode(page)

    assert data.decode(encoding(tmp_path, data)) == data.decode(page)


def test_a_code_page_must_have_every_byte_of_the_file(tmp_path: Path) -> None:
    """Also where the words that are looked at would fit another page better: 0x81 is no letter of
    the western page."""
    words = "é\n".encode("cp1252") * (encodings.ENOUGH_WORDS + 10)

    assert encoding(tmp_path, words) == "cp1252"
    assert encoding(tmp_path, words + b"a\x81b\n") != "cp1252"


def test_a_damaged_utf8_file_is_in_no_code_page(tmp_path: Path) -> None:
    """Read in a code page, Björn would be BjÃ¶rn. The line is named."""
    data = "Björn\nZoë\nJosé\n".encode() + b"x\xff\n" + "Ærø\n".encode()

    with pytest.raises(InvalidInputError, match=r"^line 4: expected text in UTF-8, UTF-16 or one"):
        encoding(tmp_path, data)


def test_a_character_cut_in_two_at_the_end_of_a_piece_or_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInputError, match=r"^line 2: "):
        encoding(tmp_path, "Björn\nZoë".encode()[:-1])

    monkeypatch.setattr(encodings, "CHUNK", 1)
    assert encoding(tmp_path, "Björn\nZoë\n".encode()) == "utf-8"
