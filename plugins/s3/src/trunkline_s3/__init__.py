"""Storage in Amazon S3 and in what speaks as it does."""
