"""What do the services agree on, and what plumbing do they share? Nothing is decided here."""
