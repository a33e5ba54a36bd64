"""Lucky draws that anyone can check."""
