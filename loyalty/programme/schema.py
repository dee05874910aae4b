"""The JSON Schema of a programme document, for editors and for programs that write one."""

from typing import Any, Final

import msgspec

from loyalty.programme.document import ProgrammeDocument

PROGRAMME_SCHEMA: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Comeback programme",
    **msgspec.json.schema(ProgrammeDocument),
}
