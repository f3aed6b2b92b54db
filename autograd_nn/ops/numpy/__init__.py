"""More of NumPy's functions: other names, facts about the data, and functions composed of ops."""
