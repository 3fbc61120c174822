"""``python -m park`` is ``park``."""

import sys

from park.cli.main import main

sys.exit(main())
