"""python -m studyhall: the command `studyhall`."""

from studyhall.command import main

main()
