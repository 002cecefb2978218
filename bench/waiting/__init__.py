"""How does a waiting room do on the morning of a campaign? `python -m bench.waiting`."""
