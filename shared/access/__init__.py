"""Who looked at or changed whose data, when and why? Noted before the answer, never with a value.

`entries` what is noted · `chain` how batches hold together · `store` where they are kept · `writer`
how they are gathered and written · `written` who waits for that · `noting` how a route notes ·
`listing` how a person is shown theirs · `verifier` what is changed, missing, moved or cut off ·
`counting` what is counted.
"""
