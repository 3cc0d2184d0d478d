"""What runs in the pods of the simulated cluster: programs, their load, their life on a node."""
