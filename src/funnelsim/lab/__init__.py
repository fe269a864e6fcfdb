"""The laboratory: one replication, many replications, and the processes that they run in."""
