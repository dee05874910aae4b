"""What members do besides buying: recorded once, within limits, looked at by staff where it has to be, and paid."""
