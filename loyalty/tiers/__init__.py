"""Tiers that are earned: a fold of the ledger's facts by their local days, kept per member and told by reason."""
