"""Whose migrations make a service's schema, beside its own and those that all have?"""

MORE = {"booking": ("shared.links", "shared.proposals"), "slots": ("shared.proposals",)}
"""What of `shared` a service has in its schema beside what all have."""
