"""What an operator types. Argument parsing and printing, nothing else; one file per noun."""
