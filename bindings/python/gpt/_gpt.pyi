# SPDX-License-Identifier: Apache-2.0
"""_gpt.pyi: for type checkers: SWIG makes the module _gpt from C headers, and gives its functions no types."""
from typing import Any

def __getattr__(name: str) -> Any: ...
