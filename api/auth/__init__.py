"""How a member's phone signs in and stays signed in."""
