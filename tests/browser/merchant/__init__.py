"""The merchant's pages in a real browser."""
