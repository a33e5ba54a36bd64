"""Kill, cut, delay, lose; then the audit."""
