"""Many processes on one database at once; every crowd ends with the audit."""
