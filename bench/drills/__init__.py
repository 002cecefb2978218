"""Would Talon have borne the mornings on which others broke?

A drill is a published morning, scaled to the machine: as many people as it can play come as
unevenly as they came then, to a campaign with a waiting room, and all promises are looked at.
"""
