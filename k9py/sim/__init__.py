"""The simulated cluster: the Kubernetes API over HTTP on loopback."""
