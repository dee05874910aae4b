"""What billing tells: invoices and their payments."""
