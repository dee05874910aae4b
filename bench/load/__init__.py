"""Load over HTTP: Debian's ``wrk`` where it is installed, else a generator of our own."""
