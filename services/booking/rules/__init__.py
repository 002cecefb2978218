"""What is decided at the front desk? Who may ask for what, and what an event makes of a booking."""
