"""Changing the cluster: what would come of it, the last question, what became of it, and taking it back."""
