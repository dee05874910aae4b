"""Parameters of paths, queries and headers."""

from collections.abc import Mapping
from typing import Any, Final

from api.openapi_document.schemas import tidied

_NOTES: Final = {
    "store_id": "The store's id, as the business chose it.",
    "terminal": "For a hub: the terminal whose store is meant.",
    "store": "Only those of the store with this id.",
    "terminal_id": "The terminal's id, as the business chose it.",
    "cashier_id": "The cashier's id, as the business chose it.",
    "staff_id": "The id that was answered when the person was taken on.",
    "key_id": "The key's id: the first part of its text, after `cbk_`.",
    "draft_id": "The draft's id.",
    "version": "The number of a published version.",
    "sku": "The item's SKU.",
    "q": "What to search for.",
    "category": "A category's path; its sub-categories are included.",
    "identity": "The identity's id, from the list of the member's identities.",
    "subject": "Only changes of this, such as `store:riverside`.",
    "actor": "Only changes by this doer, such as `staff:` and their id.",
    "action": "Only changes of this kind, such as `store.created`.",
    "brand": "The brand, as it stands in the catalogue.",
    "code": "The segment's code, as the programme declares it.",
    "reward": "Only those of the reward with this code.",
    "status": "Only those in this status.",
    "state": "Only those in this state.",
    "kind": "Only those of this kind.",
    "case_id": "The case's id, from the list of cases.",
    "task_id": "The task's id, as it was answered when it was asked for.",
    "job_id": "The job's id, as it was answered when it was created.",
    "batch_id": "The batch's id, as it was answered when it was created.",
    "pool": "The pool's code, as a reward of the programme names it.",
    "delivery_id": "The import's id, as it was answered when it was begun.",
    "from_draft": "Compare from this draft; or name a version.",
    "from_version": "Compare from this published version.",
    "to_draft": "Compare to this draft; or name a version.",
    "to_version": "Compare to this published version.",
}
"""What a parameter of each name means wherever it stands, unless its own declaration says it."""


def described_parameter(generated: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter. One that may be left out is never null, since a URL has no null."""
    schema = {key: value for key, value in generated["schema"].items() if key != "description"}
    variants = [each for each in schema.pop("oneOf", ()) if each != {"type": "null"}]
    for variant in variants:
        schema = {**variant, **schema}
    parameter = {"name": generated["name"], "in": generated["in"], "required": generated.get("required", False)}
    if description := generated.get("description") or _NOTES.get(generated["name"]):
        parameter["description"] = description
    return {**parameter, "schema": tidied(schema)}
