"""What somebody outside may write where a name, a reply or an attribute is expected."""

from __future__ import annotations

MARKUP = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
LONG = "W" * 10_000
RIGHT_TO_LEFT = "\u202e\u2066ABC \u05d0\u05d1\u05d2 \u0645\u0631\u062d\u0628\u0627"
CONTROLS = "bell\x07 escape\x1b[31m back\x08 zero\u200bwidth"
TEMPLATE = "{{ 7 * 7 }} ${7*7} {name|there}"
NAMES = (MARKUP, RIGHT_TO_LEFT, CONTROLS, TEMPLATE, "'\"><b>x", LONG[:500])
# What somebody inside may call a thing: characters that cannot be seen are refused there.
TITLES = (MARKUP[:150], "'\"><b>x", TEMPLATE, LONG[:150])
WORDS = (MARKUP, RIGHT_TO_LEFT, CONTROLS, LONG)
