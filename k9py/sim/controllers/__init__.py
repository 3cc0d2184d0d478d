"""The control loops of the simulated cluster."""
