"""What a till may do."""
