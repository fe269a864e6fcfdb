"""The telling: tables, figures, result folders and the life of a lead."""
