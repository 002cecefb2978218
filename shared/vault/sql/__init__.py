"""Which statements does the vault ask? Each service that has one has a table `person_key`."""
