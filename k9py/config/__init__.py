"""Settings, keymap, aliases and themes, as data."""
