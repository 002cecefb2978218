"""How does a message get onto somebody's phone as text? By an operator's SMSC, or over HTTP."""
