"""What the service does in a second on this machine, beside what its database could do without it.

``python -m bench`` runs every part and writes ``bench/latest.json`` and ``docs/performance.md``; ``python -m bench
purchases`` runs one. Only the parts that prove themselves count: each one that writes ends in the invariants.
"""
