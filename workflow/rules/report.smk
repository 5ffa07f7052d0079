rule write_report:
    input:
        metrics="results/metrics.csv",
        published=expand("resources/published/{study}.csv", study=settings.studies),
        histories=[file for study in settings.studies for file in run_files(study, "history.csv")],
        predictions=[file for study in settings.studies for file in predictions(study)],
        artefacts=[file for study in settings.studies for file in artefacts(study)],
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
