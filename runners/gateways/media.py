"""What kind of media a URL leads to, by the ending of its path."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import unquote, urlsplit

Kind = Literal["image", "video", "audio", "sticker", "file"]

_KINDS: dict[str, Kind] = {
    **dict.fromkeys((".jpg", ".jpeg", ".png", ".webp", ".gif"), "image"),
    **dict.fromkeys((".mp4", ".3gp", ".mkv", ".avi"), "video"),
    **dict.fromkeys((".aac", ".amr", ".flac", ".m4a", ".mp3", ".ogg", ".opus", ".wav"), "audio"),
}
# What WhatsApp makes a sticker of; other pictures without a text are pictures.
STICKER = ".webp"


def suffix_of(media_url: str) -> str:
    """The ending of the URL's path in lower case, with its dot: ``.jpg``."""
    return PurePosixPath(urlsplit(media_url).path).suffix.lower()


def name_of(media_url: str) -> str:
    """The file name in the URL's path, percent-decoded."""
    return PurePosixPath(unquote(urlsplit(media_url).path)).name


def kind_of(media_url: str, text: str) -> Kind:
    """How media is sent together with ``text``.

    Audio and stickers have no caption on WhatsApp. With a text, audio goes as a file and a sticker
    as an image, because a text that was written must not be lost.
    """
    suffix = suffix_of(media_url)
    kind = _KINDS.get(suffix, "file")
    if suffix == STICKER and not text:
        return "sticker"
    return "file" if kind == "audio" and text else kind
