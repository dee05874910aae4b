"""Members who bring new ones: a code, said once by the friend, and paid for when the friend really buys."""
