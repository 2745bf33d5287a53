"""A simulated SSBTEK v10: checks the question strictly, answers about invented people, and fails as told."""
