"""Chores of those who keep the house; no part of the product."""
