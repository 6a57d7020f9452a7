"""The words with which a person opts out, or in again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from itertools import chain
from typing import Final, Literal
from unicodedata import category, normalize

Intent = Literal["stop", "start"]

# A longer text is no single word, however often it is repeated or decorated.
LONGEST: Final = 1000

# Signs that Unicode would turn into letters or digits, though people send them as pictures: digits
# on a key, M in a circle as an emoji, TM, i, congratulations, secret, and the squared words of
# Japanese.
_PICTURES = re.compile(
    "[0-9]\ufe0f?\u20e3|\u24c2\ufe0f|[\u2122\u2139\u3297\u3299\U0001f200-\U0001f251]"
)
# Signs that are not seen or only lengthen a word, beside those of the categories Cf and Me: the
# grapheme joiner, Hangul fillers, Khmer inherent vowels, variation selectors, the Arabic stroke.
_UNSEEN = frozenset(
    map(
        chr,
        chain(
            (0x034F, 0x0640, 0x115F, 0x1160, 0x17B4, 0x17B5),
            (*range(0x180B, 0x180E), 0x180F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)),
        ),
    )
)
# Letters by their category, though they are apostrophes and accents that stand alone, or the sign
# with which Thai repeats a word.
_NO_LETTERS = frozenset(map(chr, (*range(0x02B0, 0x0300), 0x0E46)))


def _words(text: str) -> Iterator[str]:
    """The words of ``text``, which is folded: letters and digits with the marks that follow them.

    All else divides words. Marks that follow no letter belong to a picture, and go with it.
    """
    word = ""
    for sign in text:
        kind = category(sign)
        if sign in _UNSEEN or kind in ("Cf", "Me"):
            continue
        if sign == "\u0131":
            word += "i"
        elif sign == "\u0307" and word.endswith("i"):
            # What the fold leaves of the dotted Turkish capital: with it gone, and the dotless
            # letter as i above, every Turkish and English i is one.
            continue
        elif (kind[0] in "LN" and sign not in _NO_LETTERS) or (kind[0] == "M" and word):
            word += sign
        elif word:
            yield word
            word = ""
    if word:
        yield word


def normal_form(text: str) -> str:
    """The words of ``text`` with one space between, for comparison; "" where there is none.

    Compatible characters are one (NFKC), so are capitals and small letters, a Turkish i with and
    without its dot, and accents in one character or two. White space, hyphens, punctuation,
    symbols and emoji divide words and else do not count; neither does what is not seen. Digits are
    kept as letters are. A text over ``LONGEST`` characters is not looked at, and has no words.
    """
    if len(text) > LONGEST:
        return ""
    folded = normalize("NFKC", normalize("NFKC", _PICTURES.sub(" ", text)).casefold())
    return normalize("NFC", " ".join(_words(folded)))


_STOP = {
    "English": (
        *("stop", "stop all", "stopall", "unsubscribe", "unsub", "cancel", "end", "quit"),
        *("opt out", "optout", "revoke", "stop promotions"),
        *("unsubscribe me", "opt me out", "remove me", "please stop", "stop please"),
        *("pls stop", "unsubscribe please", "please unsubscribe", "stop promo"),
    ),
    "Malay, Indonesian": (
        *("berhenti", "henti", "batal", "berhenti langganan"),
        *("hentikan", "berhenti melanggan", "henti langganan", "batal langganan"),
        *("tolong berhenti",),
    ),
    "Spanish": (
        *("alto", "basta", "baja", "cancelar", "parar"),
        *("dar de baja", "darme de baja", "desuscribir"),
    ),
    "Portuguese": ("sair", "parar", "pare", "cancelar", "descadastrar"),
    "French": (
        "arrêt",
        "arret",
        "arrêter",
        "arreter",
        "désabonner",
        "desabonner",
        "se désabonner",
        "désinscription",
    ),
    "German": ("stopp", "abmelden", "abbestellen"),
    "Italian": ("annulla", "cancellami", "basta"),
    "Dutch": ("afmelden", "stoppen", "uitschrijven"),
    "Swedish": ("avsluta", "avregistrera"),
    "Finnish": ("lopeta",),
    "Polish": ("wypisz", "wypisz mnie"),
    "Tagalog": ("itigil",),
    "Turkish": ("dur", "iptal", "iptal et"),
    "Greek": ("στοπ",),
    "Russian": ("стоп", "отписаться", "отпишите меня", "отписка"),
    "Ukrainian": ("відписатися",),
    "Arabic": ("توقف", "إلغاء", "الغاء", "إلغاء الاشتراك", "الغاء الاشتراك"),
    "Persian": ("لغو", "لغو اشتراک"),
    "Urdu": ("بند کریں", "بند کرو"),
    "Hebrew": ("הסר", "עצור", "הסר אותי", "הסירו אותי"),
    "Hindi": ("बंद", "रोको", "बंद करो", "बन्द", "बन्द करो", "बंद करें"),
    "Bengali": ("বন্ধ", "বন্ধ করুন"),
    "Tamil": ("நிறுத்து", "நிறுத்துங்கள்"),
    "Thai": ("หยุด", "ยกเลิก", "หยุดส่ง"),
    # The mark of hủy may stand on either vowel.
    "Vietnamese": ("dừng", "dừng lại", "hủy", "huỷ", "hủy đăng ký", "huỷ đăng ký"),
    "Chinese": ("停止", "退订", "退訂", "取消", "取消订阅", "取消訂閱", "拒收"),
    "Japanese": ("停止", "配信停止", "ストップ"),
    "Korean": ("수신거부", "수신 거부", "중지"),
}

# An opt-in is a consent: nothing is here that could be meant otherwise.
_START = {
    "English": ("start", "unstop", "subscribe", "opt in", "optin"),
    "Malay, Indonesian": ("mula", "mulai", "langgan"),
    "Spanish, Portuguese": ("alta", "iniciar"),
    "German": ("anmelden",),
    "Turkish": ("başla", "başlat"),
    "Russian": ("старт", "подписаться"),
    "Arabic": ("ابدأ", "اشتراك"),
    "Hindi": ("शुरू",),
    "Thai": ("เริ่ม",),
    "Chinese": ("开始", "開始", "订阅", "訂閱"),
}

# In normal form; no word is in both.
STOP_WORDS: Final = frozenset(map(normal_form, chain.from_iterable(_STOP.values())))
START_WORDS: Final = frozenset(map(normal_form, chain.from_iterable(_START.values())))


def intent(text: str, stop_words: Set[str] = STOP_WORDS) -> Intent | None:
    """What ``text``, which is a whole message, asks for; None where that is anything else.

    "stop" is an opt-out: the normal form is one of ``stop_words``, which are in normal form, or
    one of them several times. "start" is an opt-in, by the same rule with ``START_WORDS``. A word
    in both says stop. A text over ``LONGEST`` characters asks for neither.
    """
    said = _said(normal_form(text))
    if not said.isdisjoint(stop_words):
        return "stop"
    return None if said.isdisjoint(START_WORDS) else "start"


def _said(form: str) -> Set[str]:
    """The normal form, and what it is a repetition of, with spaces between or, as some scripts
    are written, without. "stop stop" gives itself and "stop"."""
    words = form.split()
    phrases = {" ".join(words[:length]) for length in _periods(words)}
    if len(set(words)) == 1:
        phrases |= {words[0][:length] for length in _periods(words[0])}
    return phrases


def _periods(whole: list[str] | str) -> Iterator[int]:
    """After how many items ``whole`` repeats itself to its end, its length included."""
    size = len(whole)
    for length in range(1, size + 1):
        if size % length == 0 and whole == whole[:length] * (size // length):
            yield length
