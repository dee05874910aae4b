"""The programme: what a business pays points for, as one typed document with immutable versions."""
