"""The pages' shell: layout, language switch, welcome page, API documentation, vendored assets.

Features add links and cards to the welcome page through the registry in `welcome`.
"""
