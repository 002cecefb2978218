"""A morning on which many want a pair of doses, while parts of the whole stack are killed."""
