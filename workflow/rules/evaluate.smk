rule evaluate_change:
    input:
        samples=f"results/change/{dataset}/samples.h5",
        predictions=[*model_predictions(), *baseline_predictions()],
        published="resources/published/change.csv",
    output:
        metrics="results/metrics.csv",
    log:
        "results/metrics.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        draws=settings.evaluation.draws,
        seed=settings.evaluation.seed,
        code=closure_digest("evaluate_change"),
    script:
        "../../scripts/evaluate_change.py"
