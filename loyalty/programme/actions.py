"""Action types: what members can do besides buying, who may report it, and how often it counts."""

from loyalty.programme.part import Part

REPORTERS = ("member", "system", "staff")
PROOFS = ("none", "moderated")


class ActionField(Part, frozen=True, kw_only=True):
    """A fact that comes with an action. Rules know it as ``action.<code>``.

    ``type``: ``int``, ``code`` (up to 64 letters, digits, ``_``, ``.``, ``:`` and ``-``), ``choice`` (one of
    ``choices``), ``sku`` (of the catalogue) or ``bool``. There is no free text: what is kept for good names nobody.
    """

    code: str
    type: str
    choices: tuple[str, ...] = ()
    optional: bool = False
    """Where it is absent, a condition that asks for it does not hold."""


class ActionLimits(Part, frozen=True, kw_only=True):
    """How often one member's action counts in a period of the member's local days. None: no limit."""

    day: int | None = None
    week: int | None = None
    """ISO weeks, from Monday."""
    month: int | None = None
    lifetime: int | None = None


class ActionType(Part, frozen=True, kw_only=True):
    """Something that members can do. What rules pay for it stands in ``action_rules``."""

    code: str
    names: dict[str, str]
    kind: str
    """What it is, see ``action_kinds.KINDS``: its own fields, and what makes two of it the same act."""
    fields: tuple[ActionField, ...] = ()
    """Besides those of the kind."""
    reported_by: tuple[str, ...] = ()
    """Who may tell of it: ``member``, ``system``, ``staff``. What Comeback finds out itself needs nobody."""
    proof: str = "none"
    """``moderated``: it waits until staff have looked at its proof."""
    limits: ActionLimits = ActionLimits()
    cooldown_hours: int = 0
    """The least time between two of them; 0: none."""
    natural_key: tuple[str, ...] = ()
    """For the kind ``custom``: the fields that make two of them the same act. Empty: the reporter's event id does."""


class ActionIntake(Part, frozen=True, kw_only=True):
    """Which instants reported actions may have."""

    clock_tolerance_seconds: int = 300
    """An action from further in the future is refused; one within it counts as now."""
    late_days: int = 30
    """An action from longer ago is refused."""
