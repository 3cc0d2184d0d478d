"""A proxy that stands before either server and makes it fail on demand: cut, silent, slow, refusing, talking rubbish.

It ends TLS with a certificate of its own and shows the server the client certificate of the kubeconfig it was given;
where that has none, what the client says of itself is passed on.
"""

from .faults import Act, Asked, Faults
from .proxy import FaultProxy

__all__ = ["Act", "Asked", "FaultProxy", "Faults"]
