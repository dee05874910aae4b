"""Who may do what: signing keys, tokens, the middleware that reads them, roles and their permissions."""
