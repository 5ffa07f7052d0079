"""Train a hybrid classifier without noise; write its weights, and loss and accuracy per epoch."""

from hqnn.job import job

with job() as rule:
    from hqnn.execution.predictions import TRAIN, read_samples
    from hqnn.models.hybrid import HybridClassifier, pixel_circuit, save_classifier
    from hqnn.settings.fitting import Training
    from hqnn.store import write_text
    from hqnn.training.differentiation import differentiate_by
    from hqnn.training.fit import fit, history_csv

    samples = read_samples(rule.input.samples, TRAIN)
    model = HybridClassifier(
        pixel_circuit(rule.wildcards["model"], rule.params.qubits, rule.params.observable),
        reading=rule.params.reading,
        features=samples.features.shape[1],
        seed=int(rule.wildcards["seed"]),
        memory_limit_mb=rule.params.memory_limit_mb,
    )
    training = Training(**rule.params.training)
    differentiate_by(model, training.differentiation, training.device)
    history = fit(
        model,
        samples.features,
        samples.labels,
        training,
        seed=int(rule.wildcards["seed"]),
        terminal=rule.terminal,
    )
    write_text(rule.output.history, history_csv(history))
    save_classifier(rule.output.model, model, {"training": rule.params.training, "seed": int(rule.wildcards["seed"])})
