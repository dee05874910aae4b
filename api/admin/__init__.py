"""What staff may do."""
