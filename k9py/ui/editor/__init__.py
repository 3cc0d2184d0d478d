"""The YAML editor: a text of its own, drawn by lines, and the screens around it."""
