"""Write scikit-learn's digits as MNIST's files."""

from hqnn.job import job

with job() as rule:
    from hqnn.data.synthetic.handwritten import write_digits

    write_digits(rule.output.folder)
