"""The real servers that tests run against, and the guard that keeps tests at home."""
