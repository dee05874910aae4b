"""Tasks: work too long for a request, done by the worker, watched by staff.

A task is begun at least once: a worker that dies leaves its lease behind, and when that ends another worker begins the
task again. Every kind can be begun again without a second effect.
"""
