"""Bodies that are nested deeper than any request: made readable, so that what is right in them can be answered."""

import re
from typing import Final

MOST_LEVELS: Final = 64
"""Several times what any request has."""
_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)
"""A text, which may hold brackets and may be cut short, or a bracket. It never fails, so it never begins anew."""


def cut_off(body: bytes) -> bytes:
    """The JSON with ``null`` for every value that lies more than ``MOST_LEVELS`` deep; as it is when none does.

    A reader that goes down by recursion refuses such a body as a whole. No request takes anything that deep, so that
    an item it is in fits no better without it. What is no JSON stays none.
    """
    kept: list[bytes] = []
    depth = end = 0
    for token in _TOKEN.finditer(body):
        if token[0] in (b"[", b"{"):
            depth += 1
            if depth == MOST_LEVELS + 1:
                kept.append(body[end : token.start()])
        elif token[0] in (b"]", b"}"):
            if depth == MOST_LEVELS + 1:
                kept.append(b"null")
                end = token.end()
            depth -= 1
    return body if depth else b"".join([*kept, body[end:]])
