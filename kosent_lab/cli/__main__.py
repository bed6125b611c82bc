"""``python -m kosent_lab.cli``."""

import sys

from kosent_lab.cli.parser import main

if __name__ == "__main__":
    sys.exit(main())
