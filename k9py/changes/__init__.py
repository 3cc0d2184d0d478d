"""The write gate: every change of the cluster, by the interface or the command line, goes through it."""
