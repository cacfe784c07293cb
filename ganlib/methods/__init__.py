"""Ways of learning to generate: one file each, one line here."""

from typing import Any

METHODS: dict[str, type[Any]] = {}
