"""Goals: what members buy in a period, counted from their receipts, and paid as actions when a threshold is reached."""
