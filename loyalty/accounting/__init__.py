"""What the business owes in points: roll-forwards over the ledger, and months that were closed for good."""
