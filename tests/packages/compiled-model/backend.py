"""setuptools, on a machine that says it is another: by COMPILED_MODEL_PLATFORM."""

import os

from setuptools import build_meta
from setuptools.build_meta import get_requires_for_build_wheel  # noqa: F401


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    platform = os.environ.get("COMPILED_MODEL_PLATFORM")
    if platform:
        config_settings = {"--build-option": [f"--plat-name={platform}"]}
    return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)
