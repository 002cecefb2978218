"""Which tables do proposals need in a service's schema?"""
