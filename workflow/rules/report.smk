rule write_report:
    input:
        metrics="results/metrics.csv",
        published=["resources/published/change.csv"],
        histories=model_runs("history.csv", phases()),
        predictions=[*model_predictions(), *baseline_predictions()],
        artefacts=[*map_folders(), *explained("ablation.csv")],
        page=["scripts/hqnn/report/page.html.j2", "scripts/hqnn/report/page.css"],
    output:
        page=report("results/report.html", caption="../report/page.rst", category="Report"),
    log:
        "results/report.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        settings=settings.model_dump(),
        code=closure_digest("write_report"),
    script:
        "../../scripts/write_report.py"
