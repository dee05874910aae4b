"""Proving who somebody is: one-time codes, PINs and passwords, sessions, revoked tokens."""
