"""Variables that look like settings and are none: a slip that would go unnoticed.

They are no error, because another program may have the prefix too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from typing import NamedTuple

from domain.visible import visible
from projections.config.settings import Settings

PREFIX = "SENDTRAIL_"
# What the tests alone read.
TESTS = "SENDTRAIL_TEST_"


class UnknownSetting(NamedTuple):
    """``nearest`` is the setting whose name is most alike, None where none is alike."""

    variable: str
    nearest: str | None

    @property
    def line(self) -> str:
        """What to tell a person. It never has the value, which may be a secret."""
        meant = f"is {self.nearest} meant?" if self.nearest else "docs/settings.md lists them"
        return f"{self.variable} is no setting, and changes nothing; {meant}"


def find(environ: Mapping[str, str] = os.environ) -> list[UnknownSetting]:
    """Those in ``environ``, in the order of the alphabet; a blank one counts as unset."""
    known = [name.upper() for name in Settings.__struct_fields__]
    found = []
    for variable in sorted(environ):
        name = variable.removeprefix(PREFIX)
        if name == variable or name in known or variable.startswith(TESTS):
            continue
        if environ[variable].strip():
            near = get_close_matches(name.upper(), known, n=1)
            found.append(UnknownSetting(visible(variable), PREFIX + near[0] if near else None))
    return found
