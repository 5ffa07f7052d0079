"""Train one model from many seeds side by side; write each one's weights, history and predictions."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.training.sweep import Sweep, train_sweep

    train_sweep(
        Sweep(rule.input.draws, rule.output.models, rule.output.histories, rule.output.predictions),
        samples=rule.input.samples,
        program=rule.input.get("program") or None,
        kind=rule.params.kind,
        options=rule.params.options,
        training=rule.params.training,
        seeds=rule.params.seeds,
        tuned=rule.input.tuned,
        code=rule.params.code,
        about={**rule.wildcards, "study": rule.params.study},
    )
