"""Conditions."""

from loyalty.programme.cel import ConditionRefusedError, Vocabulary
from loyalty.programme.problems import Problems, ProgrammeProblem


def check_condition(condition: str, path: str, vocabulary: Vocabulary) -> Problems:
    """What the compiler refuses in ``condition``, with line and column inside it. An empty one is none."""
    if not condition:
        return
    try:
        vocabulary.condition(condition)
    except ConditionRefusedError as refusal:
        for problem in refusal.problems:
            yield ProgrammeProblem(path, "bad_condition", problem.message, problem.line, problem.column)
