"""The papers: a scenario from TOML, its models, paths, faults and reference page."""
