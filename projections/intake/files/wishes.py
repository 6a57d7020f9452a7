"""Whether a cell says that a person must not be written to."""

from __future__ import annotations

import re

from domain.errors import InvalidInputError
from projections.intake.files.headers import listed, squeezed

# Malay "tak" is no and Polish "tak" is yes, so it is neither.
_YES = listed(
    "yes,y,true,t,1,x,on,ya,iya,benar,betul,si,verdadero,cierto,sim,verdadeiro,oui,vrai,ja,"
    "wahr,waar,sann,kyllä,tosi,prawda,oo,evet,doğru,ναι,αληθής,да,истина,так,істина,نعم,صحيح,"
    "بله,כן,אמת,हाँ,हां,হ্যাঁ,ஆம்,ใช่,có,đúng,是,对,はい,예,네,opted out,opt out,stop,unsubscribed"
)
_NO = listed(
    "no,n,false,f,0,off,tidak,salah,falso,não,nao,non,faux,nein,falsch,nee,onwaar,nej,falskt,"
    "ei,epätosi,nie,fałsz,hindi,hayır,yanlış,όχι,ψευδής,нет,ложь,ні,хибність,لا,خطأ,نه,לא,שקר,"
    "नहीं,না,இல்லை,ไม่,không,否,不,いいえ,아니요,opted in,opt in,subscribed"
)
_TICKS = frozenset("✓✔☑✅xX×✗✘☒")
_DATE = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/. ]\d{1,2}[-/. ]\d{2}(?:\d{2})?"
    r"|\d{1,2}[-/. ]?[^\W\d]{3,10}[-/., ]*\d{2,4}|[^\W\d]{3,10} \d{1,2},? \d{4})"
    r"(?:[T ,]+\d{1,2}:\d{2}.*)?"
)


def says_no(cell: str) -> bool:
    """Whether the cell of an opt-out column says yes: this person said no. A date is a yes, and
    an empty cell is a no.

    Raises InvalidInputError where the cell says neither.
    """
    text = cell.strip()
    if not text:
        return False
    word = squeezed(text.removesuffix(".0"))
    if word in _YES or text in _TICKS or _DATE.fullmatch(text):
        return True
    if word in _NO:
        return False
    raise InvalidInputError("opted_out", "yes, no, a date (which is a yes) or nothing")
