"""Invoices registered by billing, their payments, and whether they came in time."""
