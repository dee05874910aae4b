"""A made-up coffee chain to look at: what `comeback up` fills a new embedded database with."""
