"""What is asked of a morning, and how does each question become a dashboard and a console page?

The questions stand in `questions.py` and `boards/`; `python -m deploy.watch` writes the files that
Grafana and Prometheus read, and a test compares them.
"""
