"""A recogniser that says what it is told: ``python recogniser_double.py CODE OUTPUT``."""

import sys

sys.stdin.buffer.read()
sys.stdout.write(sys.argv[2])
sys.exit(int(sys.argv[1]))
