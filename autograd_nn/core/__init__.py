"""The graph: numbers and arrays as nodes, and the chain rule over them. ARCHITECTURE.md says where to begin reading."""
