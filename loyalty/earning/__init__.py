"""Earning: a purchase, a programme version and member facts in; points with their reasons out. Pure."""
