"""Build hook: a wheel carries styles, fonts and compiled texts that the repository does not."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs build/assets.py before a wheel is packed; an editable installation gets them from ./dev."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel" or version == "editable":
            return
        sys.path.insert(0, str(Path(self.root) / "build"))
        import assets  # type: ignore[import-not-found]

        assets.build()
