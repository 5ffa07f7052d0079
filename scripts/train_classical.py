"""Train a classical network; write its weights, loss and accuracy per epoch, and its predictions."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.data.samples import read_samples
    from hqnn.execution.twin import predict_classical
    from hqnn.training.ideal import train_ideal

    train_ideal(
        rule.output.model,
        rule.output.history,
        samples=rule.input.samples,
        program=rule.input.program,
        kind=rule.params.kind,
        options=rule.params.options,
        training=rule.params.training,
        augmentation=rule.params.augmentation,
        watch_test=rule.params.watch_test,
        seed=int(rule.wildcards["seed"]),
        tuned=rule.input.tuned,
        code=rule.params.code,
        device=rule.params.device,
        terminal=rule.terminal,
    )
    predict_classical(
        rule.output.predictions,
        samples=read_samples(rule.input.samples),
        model=rule.output.model,
        about=rule.wildcards,
    )
