"""Speed and accuracy of the survey beside its peers; ``python -m benchmarks`` (see README.md)."""
