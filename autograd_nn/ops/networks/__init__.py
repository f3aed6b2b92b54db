"""What neural networks do most, each as one op."""
