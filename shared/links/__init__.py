"""How does somebody who is not signed in do one thing, once, by a link that only they were sent?

Takes: keys, and what the link is for: one purpose, one person, one object, until when.
Gives: a token for an address; and of a token what it is for, or nothing.
Owns: the table `link_use`, in the schema of the service that acts on links.
Never: says why a token is not valid, or acts by itself.
"""
