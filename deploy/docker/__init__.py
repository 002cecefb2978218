"""How does the whole stack run in containers?

Takes: `deploy/settings.env` and what `docker-compose.yml` adds, from the environment.
Gives: what the containers read: configurations, keys, passwords, pages; then roles and topics.
Owns: the volumes named in `deploy/docker/prepare.py`.
Never: says anything that the stack without containers says already; both ask `deploy/local/parts/`.
"""
