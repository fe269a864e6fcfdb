"""The Python interface: what the commands do, as calls that return tables and figures and show themselves."""
