"""What does the demo do to the database behind everybody's back? One thing, when asked to."""
