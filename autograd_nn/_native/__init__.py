"""The scalar engine in C. It imports nothing of the package; `value.py` says what it must do."""
