"""Draw the small subsets that the quanvolutional nets are trained and tested on, once for every seed."""

from hqnn.job import job

with job() as rule:
    from hqnn.data.draws import write_draws

    write_draws(rule.input.samples, rule.output.draws, seeds=rule.params.seeds, **rule.params.draw)
