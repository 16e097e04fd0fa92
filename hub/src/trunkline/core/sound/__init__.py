"""
Sound from one form to another, while it comes.

`converting.Conversion` is the way in. What it needs beyond the standard library is the extra
``trunkline[voice]``, imported by the first conversion that changes samples.
"""
