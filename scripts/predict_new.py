"""Predict new data with a trained model; write a table and a picture into one folder."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.execution.new_data.predictor import execution_by
    from hqnn.report.new_data import predict_new

    predict_new(
        rule.output.folder,
        rule.params.place,
        kind=rule.params.kind,
        fitted=rule.input.fitted,
        reading=rule.params.reading,
        model=rule.input.model,
        execution=execution_by(
            rule.params.path,
            rule.input.native,
            shots=rule.params.shots,
            seed=rule.params.seed,
            noise=rule.params.noise,
            trajectories=rule.params.trajectories,
            memory_limit_mb=rule.params.memory_limit_mb,
        ),
        memory_limit_mb=rule.params.memory_limit_mb,
    )
