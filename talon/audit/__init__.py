"""Was every word kept? The client's own journal is the witness, not the system's word."""
