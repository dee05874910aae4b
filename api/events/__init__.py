"""What other systems tell."""
