"""The generated parts of README.md. ``python -m tests.packaging.readme`` writes them anew."""

from __future__ import annotations

import re
from pathlib import Path

from k9py.cli.verbs import VERBS
from k9py.config.documentation import as_markdown
from k9py.config.keymap import keys_as_markdown
from k9py.config.themes import shipped_themes

README = Path(__file__).parents[2] / "README.md"


def parts() -> dict[str, str]:
    """Return the text of every generated part by the name of its markers."""
    usages = {verb.usage.removeprefix("[ui] "): verb.summary for verb in VERBS.values() if verb.summary}
    verbs = [_escape(f"| `k9py {usage}` | {summary} |") for usage, summary in usages.items()]
    return {
        "verbs": "\n" + "\n".join(["| command | what it does |", "|---|---|", *verbs]) + "\n",
        "settings": "\n" + as_markdown(),
        "keys": "\n" + keys_as_markdown(),
        "themes": ", ".join(f"`{path.stem}`" for path in sorted(shipped_themes().glob("*.yaml"))),
    }


def _escape(row: str) -> str:
    """Escape the bars inside code, which would end a cell."""
    return re.sub(r"`[^`]*`", lambda code: code[0].replace("|", "\\|"), row)


def fill(text: str) -> str:
    """Return the README with its generated parts as they should be."""
    for name, content in parts().items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        head, _, rest = text.partition(begin)
        _, _, tail = rest.partition(end)
        text = f"{head}{begin}{content}{end}{tail}"
    return text


if __name__ == "__main__":
    README.write_text(fill(README.read_text("utf-8")), "utf-8")
