"""Who reads the pages that are read fifty times for each booking?

A process of its own, so that those who book do not wait behind those who look. It goes through the
edge like any browser and notes how old the oldest answer was.
"""
