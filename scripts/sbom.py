"""The bill of materials of the wheel: what is in it that others have made (PEP 770, CycloneDX)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import park

__all__ = ["BILL", "bill_text"]

_ROOT = Path(__file__).parents[1]
_VENDOR = _ROOT / "server" / "park_server" / "page" / "static" / "vendor"

BILL = _ROOT / "sboms" / "park-dist.cdx.json"
"""What the wheel has as ``.dist-info/sboms/park-dist.cdx.json``; see pyproject.toml."""


def bill_text() -> str:
    """Return the bill, made of what says where the vendored files come from."""
    vendored = json.loads((_VENDOR / "vendored.json").read_text(encoding="utf-8"))
    whole = f"pkg:pypi/park-dist@{park.__version__}"
    parts = [_component(each) for each in vendored]
    bill = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": whole,
                "name": "park-dist",
                "version": park.__version__,
                "purl": whole,
                "licenses": [{"license": {"id": "BSD-3-Clause"}}],
            }
        },
        "components": parts,
        "dependencies": [{"ref": whole, "dependsOn": [each["bom-ref"] for each in parts]}],
    }
    return json.dumps(bill, indent=2) + "\n"


def _component(library: dict[str, Any]) -> dict[str, Any]:
    name, version = library["name"], library["version"]
    purl = f"pkg:npm/{quote(name)}@{version}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "description": library["why"],
        "purl": purl,
        "licenses": [{"license": {"id": library["license"]}}],
        "hashes": [{"alg": "SHA-256", "content": library["tarball_sha256"]}],
        "components": [
            {
                "type": "file",
                "bom-ref": f"{purl}#{file}",
                "name": f"park_server/page/static/vendor/{file}",
                "hashes": [{"alg": "SHA-256", "content": about["sha256"]}],
            }
            for file, about in sorted(library["files"].items())
        ],
    }
