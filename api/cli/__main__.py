"""`python -m api.cli` is `comeback`, also where the program itself is not on the path."""

from api.cli import main

main()
