"""The account of each partner with whom money is settled: what was claimed, and where each franc of it lies."""
