"""Members: registered, found, recognised by a rotating code, described."""
