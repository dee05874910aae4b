"""Completed sales: checked, evaluated, posted. ``recording`` tells the story; the other modules are its sentences."""
