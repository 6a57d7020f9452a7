"""The words with which a person opts out."""

from __future__ import annotations

import string
from collections.abc import Set

_AROUND_A_WORD = string.whitespace + string.punctuation + "\u3002\uff01"

# Words for "stop" in the languages of most WhatsApp users: English, Malay and Indonesian, Spanish,
# Portuguese, French, German, Italian, Dutch, Turkish, Arabic, Hindi, Russian, Thai, Vietnamese,
# Chinese. They count when they are the whole message, in any case.
STOP_WORDS = frozenset(
    {
        *(
            "stop",
            "stopall",
            "stop all",
            "unsubscribe",
            "cancel",
            "end",
            "quit",
            "opt out",
            "optout",
        ),
        *("berhenti", "batal", "henti", "berhenti langganan"),
        *("alto", "basta", "cancelar", "baja", "parar", "pare", "sair", "descadastrar"),
        *("arret", "arrêt", "arrêter", "désabonner", "stopp", "abbestellen", "abmelden"),
        *("annulla", "cancellami", "afmelden", "dur", "iptal"),
        *("توقف", "الغاء", "إلغاء", "बंद", "रोको", "стоп", "отписаться"),
        *("หยุด", "ยกเลิก", "dừng", "hủy", "停止", "退订", "退訂", "取消"),
    }
)


def asks_to_stop(text: str, words: Set[str] = STOP_WORDS) -> bool:
    """Whether ``text`` as a whole, in any case, is one of ``words``, which are case-folded.

    White space and punctuation around it do not count; "don't stop" is no such word.
    """
    whole = " ".join(text.strip(_AROUND_A_WORD).split())
    return whole.casefold() in words
