"""How does a message leave the building? One file per way out."""
