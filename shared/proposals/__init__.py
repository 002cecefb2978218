"""How does an act that concerns many, or cannot be undone, need two persons?

Takes: a proposal by one person, with a dry run of what would change; the consent of another.
Gives: the act, carried out batch by batch, once; or nothing, where either changes their mind.
Owns: the tables `proposal` and `proposal_step`, in the schema of the service whose act it is.
Never: knows what an act does, or decides who is staff of what.
"""
