"""Which services is Talon made of? `slots` decides, `booking` asks, `notify` tells."""
