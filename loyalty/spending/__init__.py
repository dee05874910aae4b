"""Spending: how much of a basket points may pay, and which line gets which part of it. Pure."""
