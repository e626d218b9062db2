"""The verbs of the command line, one module for each family. Part of the front door."""
