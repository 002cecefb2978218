"""What do people get while a provider misbehaves and the messenger is killed?"""
