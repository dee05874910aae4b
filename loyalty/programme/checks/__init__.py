"""The checks of a programme document, a file for each part of it. Every check reports all that it finds."""
