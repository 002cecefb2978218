"""How does the whole stack run on one machine without Docker?

Takes: a stack's name (local, demo, test, bench), `deploy/settings.env`, the environment.
Gives: PostgreSQL, Kafka with its topics, a mail sink and the services, kept alive until `down`.
Owns: `.talon/<stack>/` in the checkout (as root also a folder in /var/lib/talon).
Never: touches a process, a port or a cluster that it did not start itself.
"""
