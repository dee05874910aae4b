"""What other loyalty systems' public tests and documents say must happen, each as a test of our API, by its id."""
