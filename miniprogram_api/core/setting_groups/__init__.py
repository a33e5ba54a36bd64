"""The settings by what they are about; `core.settings` puts them together."""
