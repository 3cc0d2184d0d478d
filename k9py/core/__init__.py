"""Values and pure helpers every layer shares."""
