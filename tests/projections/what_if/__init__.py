"""What if, on real databases."""
