"""How did the messenger's tables come to be? Numbered, forward only."""
