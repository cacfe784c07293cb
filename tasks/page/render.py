"""Templates to HTML: whatever is put into them is text, unless it is said to be HTML."""

from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parents[1] / "templates"


def render(template: str, **content: Any) -> str:
    """The template of this name with its content. A name that a template knows and `content` lacks is an error."""
    import jinja2

    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(template).render(content)
