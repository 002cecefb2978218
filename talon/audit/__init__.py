"""Is everything as the journal says it was answered? Its witness is not the system's own word."""
