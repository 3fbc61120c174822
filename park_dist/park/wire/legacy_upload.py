"""The form of the legacy upload API, as twine and other clients send it to any index."""

from __future__ import annotations

__all__ = ["upload_form"]


def upload_form(*, name: str, version: str, filename: str, sha256: str) -> dict[str, str]:
    """Return the fields of the form that comes with a file, wheel or sdist, apart from its content.

    ``sha256`` is in hex. They include those that some indexes insist on and some leave out.
    """
    is_wheel = filename.endswith(".whl")
    return {
        ":action": "file_upload",
        "protocol_version": "1",
        "filetype": "bdist_wheel" if is_wheel else "sdist",
        "metadata_version": "2.1",
        "name": name,
        "version": version,
        "pyversion": filename.removesuffix(".whl").split("-")[-3] if is_wheel else "source",
        "sha256_digest": sha256,
    }
