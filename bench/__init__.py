"""How fast is it? Each file measures one thing, beside a peer in the same run.

The machine drifts by a third within minutes, so that only what is measured in turns, in one run,
can be compared; medians of the turns are shown.
"""
