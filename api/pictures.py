"""Codes as pictures."""

from io import BytesIO
from typing import Final

import segno
from litestar import Response

SVG: Final = "image/svg+xml"
_QR_SCALE: Final = 6


def qr_picture(text: str) -> Response[bytes]:
    """A QR code whose text is ``text``, as SVG that nobody keeps."""
    drawn = BytesIO()
    segno.make(text, error="m").save(drawn, kind="svg", scale=_QR_SCALE)
    return Response(drawn.getvalue(), media_type=SVG, headers={"Cache-Control": "private, no-store"})
