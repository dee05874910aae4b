"""What a member's phone may ask about its owner."""
