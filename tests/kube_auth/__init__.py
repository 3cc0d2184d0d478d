"""Credentials, kubeconfig and transport, against servers on loopback with certificates made here."""
