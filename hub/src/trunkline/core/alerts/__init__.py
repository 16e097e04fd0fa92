"""What is wrong: noted where it is noticed, kept as rows, told to operators in time."""
