"""Notes beside the data, for those who share them."""

from pathlib import Path

import park


@park.job
def leave_note(text, outfile):
    """Write ``text`` into the file ``outfile``."""
    Path(outfile).write_text(f"{text}\n", "utf-8")
    print(text)
