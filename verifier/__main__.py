"""`python -m verifier`: the command line where its script is not on the PATH."""

from verifier.cli import main

main()
