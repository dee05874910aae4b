"""Goods come back: what a refund takes of the points, what it returns, and what the till pays out."""
