"""Draw the small subset that the quanvolutional nets are trained and tested on."""

from hqnn.job import job

with job() as rule:
    from hqnn.data.images.draws import write_draw

    write_draw(rule.input.samples, rule.output.draw, seed=int(rule.wildcards["seed"]), **rule.params.draw)
