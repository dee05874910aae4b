"""The contract: what Litestar generates from the routes, made into the OpenAPI 3.1 document that clients are made from.

Paths and parameters are Litestar's. The schemas of bodies are msgspec's own, which is what reads and checks them.
"""
