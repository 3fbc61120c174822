"""Which pages a reader types, and the few blocks that nobody can, with where each is tried."""

from __future__ import annotations

from pathlib import Path

__all__ = ["NOT_TYPED", "SHOWN_ALONE", "pages", "whys"]

ROOT = Path(__file__).parents[3]
_HOW_TO = ROOT / "docs" / "how-to"

SHOWN_ALONE = frozenset({"text", "toml", "ini"})
"""Languages of blocks that are looked at: what is printed, and files of an operator's own."""

NOT_TYPED: dict[str, tuple[tuple[str, str], ...]] = {
    "README.md": (
        ("by scripts, for themselves", "scripts/demo"),
        ("by scripts/try_release", "functional/release/test_release.py"),
        (
            "it is examples/workflow/story.py, which is run as that",
            "functional/workflows/test_story.py",
        ),
        ("as in the tutorial", "functional/documents/test_tutorial_runs.py"),
    ),
    "tutorial.md": (
        (
            "the virtualenv of whoever runs this is there",
            "functional/documents/test_tutorial_runs.py",
        ),
    ),
    # what one comes from: systems that this one has not
    "come-from-elsewhere.md": (("of another system", ""),) * 6,
    "complete-on-tab.md": (
        ("a key is pressed within a line", "park/cli/shells/test_in_shells.py"),
    ),
    "data-and-files.md": (("no such servers", "functional/jobs/test_fetch.py"),),
    "debug-a-job.md": (("a debugger asks", "functional/workflows/test_debugging.py"),),
    # the page of bumps itself is not opened by any test: that it reads model.h5 is
    "fit-a-model.md": (("a browser is opened", "functional/jobs/test_fit_scripts.py"),),
    "locked-down-service.md": (
        ("on a service that is locked down", "functional/envs/test_other_versions.py"),
    ),
    "log-in.md": (
        ("a password is typed", "functional/trust/test_agent.py"),
        ("a browser is needed", "functional/trust/test_issuer_login.py"),
        ("an agent is needed", "functional/workflows/test_bounced.py"),
    ),
    "many-users.md": (
        ("a password is typed", "functional/trust/test_users.py"),
        ("it ends what this reader has", "park/docs/test_users_page.py"),
    ),
    "run-a-service.md": (
        ("as root, on a machine of its own", "functional/release/test_release.py"),
        ("on a service without an index behind it", "functional/installs/test_lacking_wheels.py"),
        ("on a service without an index behind it", "functional/index/test_tools.py"),
        ("as root, on a machine of its own", "functional/index/test_folder_of_wheels.py"),
        ("as root, on a machine of its own", "functional/trust/test_tls.py"),
        ("of a service that others use meanwhile", "functional/services/test_away.py"),
        ("as root, on a machine of its own", "functional/homes/test_postgresql.py"),
    ),
    "scripts-and-notebooks.md": (
        ("neither is installed here", "functional/scripts/test_scripts.py"),
    ),
    "take-along.md": (
        *((("of packages that are not here", "functional/installs/test_taken_along.py"),) * 5),
        ("of packages that are not here", "functional/index/test_copy.py"),
    ),
    "workflows.md": (
        ("a signature alone", "park/docs/test_references_page.py"),
        ("no such servers", "functional/jobs/test_fetch.py"),
    ),
}
"""Of each page the blocks that are not typed, in their order: why, and what tries the same,
below ``tests`` or a script; nothing, where nothing here can."""


def pages() -> dict[str, Path]:
    """Return all pages whose every block is run: README, tutorial, and how-tos."""
    every = [ROOT / "README.md", ROOT / "docs" / "tutorial.md", *sorted(_HOW_TO.glob("*.md"))]
    return {page.name: page for page in every}


def whys(page: str) -> list[str]:
    """Return why blocks of a page are not typed, in their order."""
    return [why for why, _ in NOT_TYPED.get(page, ())]
