"""Write scikit-learn's digits as MNIST's files."""

from hqnn.job import job

with job() as rule:
    from hqnn.data.sample_digits import write_digits

    write_digits(rule.output.folder)
