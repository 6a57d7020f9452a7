"""What the name of a column says: in other words, spellings and languages than ours."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, NamedTuple, get_args

from domain import marks

Field = Literal[
    "phone",
    "name",
    "first_name",
    "last_name",
    "niche",
    "target_status",
    "triggers",
    "device",
    "timezone",
    "opted_out",
    "opt_out_evidence",
    "consent_purpose",
    "consent_source",
    "consent_words",
    "consent_at",
]
FIELDS: tuple[Field, ...] = get_args(Field)


# Characters. What is longer is a text and no name of a column.
LONGEST_HEADER = 200
# A longer text is nothing that a header, or a cell that says yes or no, may be.
LONGEST_TEXT = 1000
# Worse than any rank.
NO_PHONE = 10


class Reading(NamedTuple):
    """A field that a column may have, and how well the name fits: 0 is best."""

    field: Field
    rank: int


# Accents, vowel signs, marks of direction.
_DROPPED = frozenset({"Mn", "Mc", "Me", "Cf"})
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NO_LETTER = re.compile(r"[\W_]+")


def words(header: str) -> list[str]:
    """The words of a header, without case, accents, and signs: ``E-mail 1`` is ``e mail 1``.
    A text over ``LONGEST_TEXT`` characters has none."""
    if len(header) > LONGEST_TEXT:
        return []
    apart = _CAMEL.sub(" ", marks.form("NFKC", header).strip())
    letters = marks.form("NFKD", apart.casefold().replace("ı", "i"))
    plain = "".join(c for c in letters if unicodedata.category(c) not in _DROPPED)
    return _NO_LETTER.sub(" ", plain).split()


def squeezed(header: str) -> str:
    """What headers are compared by: the words without spaces between them."""
    return "".join(words(header))


def listed(text: str) -> frozenset[str]:
    """The words of a comma-separated list, as ``squeezed`` gives them."""
    return frozenset(squeezed(word) for word in text.split(","))


_WHATSAPP = listed("whatsapp, whats app, whatsap, wa, wapp, wasap, واتساب, واتس, whatsappnummer")
_MOBILE = listed(
    "mobile, mobiles, mob, cell, cellphone, cellular, handphone, hp, msisdn, smartphone,"
    "bimbit, ponsel, handynummer, handy, mobil, mobilnummer, mobiltelefon, mobilfunk,"
    "mobilfunknummer, móvil, celular, telemóvel, cellulare, portable, mobiel, mobielnummer, gsm,"
    "mobiele, mobilnr, matkapuhelin, matkapuhelinnumero, kännykkä, komórka, komórkowy,"
    "cep telefonu, cep tel, cep no,"
    "selpon, κινητό, мобильный, мобильного, мобільний, мобільного, сотовый, جوال, موبایل, موبائل,"
    "محمول, נייד, मोबाइल, মোবাইল, கைபேசி, มือถือ, di động, 手机, 手機, 手机号, 手机号码,"
    "手機號碼, 携帯, 携帯電話, 携帯番号, 휴대폰, 휴대전화, 핸드폰, 휴대폰번호"
)
_PHONE = listed(
    "phone, phones, phonenumber, phonenumbers, telephone, tel, tél, telefon, telefono, teléfono,"
    "telefone, téléphone, telefoon, telefoonnummer, telefonnummer, telefonnr, telephonenumber,"
    "tlf, fon, fone, rufnummer, puhelin, puhelinnumero, numero telefoni, numerotelefonu, telpon,"
    "telepon, telp, telpn, telefonu, telefoni, τηλέφωνο,"
    "телефон, телефона, телефону, هاتف, الهاتف,"
    "تلفن, فون, טלפון, फ़ोन, फोन, ফোন, தொலைபேசி, โทรศัพท์,"
    "เบอร์โทร, เบอร์โทรศัพท์, điện thoại, sđt, 电话,"
    "電話, 电话号码, 電話號碼, 電話番号, 전화, 전화번호, contactnumber,"
    "contactno, nokontak, nomorkontak,"
    "kontaktnummer, e164"
)
# Words that a phone may have beside it.
_NUMBER = listed(
    "number, numbers, no, nr, num, nummer, numero, número, numéro, nomor, nombor, numer, numeris,"
    "numarası, no., αριθμός, номер, رقم, شماره, מספר, नंबर,"
    "নম্বর, எண், หมายเลข, เบอร์, số, 号码, 番号,"
    "번호, my, your, the, primary, main, default, contact, customer, client, lead, user, person,"
    "personal, private, privat, cep, de, di, du, des, da, do, e,"
    "value, 1, 2, 3, 4, 5, 6, 7, 8, 9, with,"
    "country, code, intl, international, telegram, or, and, required, full, kontak, pelanggan"
)
_ELSEWHERE = listed(
    "home, work, business, office, company, other, landline,"
    "fixed, house, casa, oficina, trabajo,"
    "rumah, pejabat, kantor, privat, geschäftlich, geschäft,"
    "büro, domicile, bureau, fixe, ufficio,"
    "assistant, school, pager, radio, callback, car, isdn, emergency"
)
_OF_PHONES = _WHATSAPP | _MOBILE | _PHONE | _NUMBER | _ELSEWHERE
_WEAK_PHONE = listed("kontak, kontakt, contacto, contato")

_NAME = listed(
    "name, full name, customer name, contact name,"
    "client name, lead name, display name, your name,"
    "person name, nama, nama penuh, nama lengkap, nama pelanggan, nombre, nombre completo, nom,"
    "nom complet, nome, nome completo, vollständiger name,"
    "kundenname, naam, volledige naam, namn,"
    "nimi, imię, imię i nazwisko, pangalan, buong pangalan,"
    "isim, ad, ad soyad, adı soyadı, όνομα,"
    "ονοματεπώνυμο, имя, фио, имя и фамилия, ім'я, піб, الاسم,"
    "اسم, الاسم الكامل, نام, نام کامل, שם,"
    "שם מלא, नाम, নাম, பெயர், ชื่อ, ชื่อนามสกุล, tên,"
    "họ tên, họ và tên, 姓名, 名字, 名前, 氏名, お名前,"
    "이름, 성명"
)
_FIRST_NAME = listed(
    "first name, firstname, fname, given name, forename,"
    "nama depan, primer nombre, nombres, prénom,"
    "primeiro nome, vorname, voornaam, förnamn, etunimi,"
    "unang pangalan, fornavn, jméno, keresztnév"
)
_LAST_NAME = listed(
    "last name, lastname, lname, surname, family name, nama belakang, apellido, apellidos,"
    "nom de famille, sobrenome, apelido, cognome, nachname, familienname, achternaam, efternamn,"
    "sukunimi, nazwisko, apelyido, soyad, soyadı, soyisim, επώνυμο, фамилия, прізвище, etternavn,"
    "příjmení, vezetéknév, นามสกุล"
)
_NICHE = listed("niche, niches, nische, nicho, ceruk")
_TARGET_STATUS = listed("target_status")
_TRIGGERS = listed("triggers, trigger, tags, tag")
_DEVICE = listed("device, device_id")
_TIMEZONE = listed(
    "timezone, time zone, tz, zeitzone, zona horaria, fuseau horaire, fuso horário, fuso orario,"
    "zona waktu, zon masa, tijdzone, часовой пояс"
)
# Said in exactly these words, a column is an opt-out. In other words it must be asked about.
_OPTED_OUT = listed("opted_out, opt_out, opted_out_at")
_EVIDENCE = listed("opt_out_evidence, opted_out_evidence")
_SEEMS_OPTED_OUT = re.compile(
    "optedout|optout|optingout|unsub|donot(?:contact|call|message|disturb|text|sms|send|market|mail"
    "|whatsapp)|dont(?:contact|call|message|disturb|text|send)|nocontact|dncr?$|^dn[cd]|blacklist"
    "|blocklist|suppress|abgemeldet|abbestellt|desinscri|desabonn|noinscri|cancelarsuscrip"
    "|descadastr|disiscri|annullatoiscri|afgemeld|uitgeschreven|avregistr|wypisan|berhenti"
    "|jangan(?:hubungi|kontak)|nocontactar|nocontatar|nepascontacter|nichtkontaktieren"
    "|nevercontact|nomarketing|keinewerbung|werbesperre|widerruf|tidakmau|takmahu|unsusc|unsuscr"
    "|отписа|відписа|退订|退訂|配信停止|수신거부|לאליצור"
)
_SEEMS_STOPPED = listed(
    "stop, stopped, stop date, blocked, is blocked, blocked at, baja, dnc, revoked, opt out date"
)


def reading(header: str) -> Reading | None:
    """What the column may be, None where the name says no field."""
    if len(header) > LONGEST_HEADER:
        return None
    key = squeezed(header)
    if key in _OPTED_OUT:
        return Reading("opted_out", 0)
    if key in _EVIDENCE:
        return Reading("opt_out_evidence", 0)
    if seems_opted_out(header):
        return None
    if (rank := _phone_rank(header)) is not None:
        return Reading("phone", rank)
    if key == "name":
        return Reading("name", 0)
    fields: tuple[tuple[Field, frozenset[str]], ...] = (
        ("name", _NAME),
        ("first_name", _FIRST_NAME),
        ("last_name", _LAST_NAME),
        ("niche", _NICHE),
        ("target_status", _TARGET_STATUS),
        ("triggers", _TRIGGERS),
        ("device", _DEVICE),
        ("timezone", _TIMEZONE),
        # By no other names: what only seems to be a consent is none.
        ("consent_purpose", listed("consent_purpose")),
        ("consent_source", listed("consent_source")),
        ("consent_words", listed("consent_words")),
        ("consent_at", listed("consent_at")),
    )
    return next((Reading(field, 1) for field, names in fields if key in names), None)


def seems_opted_out(header: str) -> bool:
    """Whether the column may say who must not be written to, without saying so in exact words."""
    key = squeezed(header)
    if key in _OPTED_OUT or key in _EVIDENCE:
        return False
    return key in _SEEMS_STOPPED or _SEEMS_OPTED_OUT.search(key) is not None


def _phone_rank(header: str) -> int | None:
    """How well the header names a phone that has WhatsApp; None where it names none."""
    if squeezed(header) in _WEAK_PHONE:
        return NO_PHONE - 1
    said = set(_known_words(words(header)))
    if "code" in said and "with" not in said:
        return None  # a country's code alone
    if said & _WHATSAPP:
        return 0
    if said & _MOBILE:
        return 2 if said & _ELSEWHERE else 1
    if said & _PHONE:
        return 5 if said & _ELSEWHERE else 3
    return None


def _known_words(parts: list[str]) -> list[str]:
    """The words that phones are named with, some of which are several of ``parts``; none where any
    other word is among them."""
    known: list[str] = []
    at = 0
    while at < len(parts):
        for size in (3, 2, 1):
            if (word := "".join(parts[at : at + size])) in _OF_PHONES:
                known.append(word)
                at += size
                break
        else:
            return []
    return known
