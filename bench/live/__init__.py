"""What do ten thousand open pages cost one messenger, and how soon does each hear?"""
