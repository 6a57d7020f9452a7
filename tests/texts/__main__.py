"""``make texts``: brings the catalogues up to the texts that pages say, and lists what is to be
translated."""

from __future__ import annotations

from tests.texts import catalogues

if __name__ == "__main__":
    for language in catalogues.LANGUAGES:
        missing = catalogues.write(language)
        for text in missing:
            print(f"{language}: not translated: {text}")
        total = len(catalogues.messages(language))
        print(f"{language}: {total} texts, {total - len(missing)} translated")
