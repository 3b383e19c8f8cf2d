"""Names as people type them: without capitals, accents, and signs between the words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache


@lru_cache(maxsize=1 << 16)  # every name of the country's map
def plain(text: str) -> str:
    """`’s-Gravenhage` → `s gravenhage`, `Wielenpôlle` → `wielenpolle`."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"\w+", "".join(sign for sign in letters if not unicodedata.combining(sign))))
