"""The engine room: leads, a team and a policy in; what became of each, and who did what, out."""
