"""Search of the policy: variables, sampler and journal, and what its findings are worth on fresh seeds."""
