"""Which city is it that everyone books in? Moscow's districts, and what is made up on top."""
