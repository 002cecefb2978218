"""What happens to people's bookings when everything fails that can? A campaign finds out."""
