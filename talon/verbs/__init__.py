"""Which verbs are there? Each file is one: `add_options` says what it takes, `run` does it."""
