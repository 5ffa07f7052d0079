PAGE = [
    listing_digest(str(path))
    for pattern in ("*.html.j2", "*.css", "js/*.js")
    for path in sorted((CHECKOUT / "scripts/hqnn/report").glob(pattern))
]


rule report_study:
    input:
        metrics="results/{study}/metrics.csv",
        published=published_of,
        histories=lambda wildcards: plans[wildcards.study].trained_files("history.csv"),
        predictions=asks("predictions"),
        artefacts=lambda wildcards: plans[wildcards.study].artefacts() + layer_tables(plans[wildcards.study]),
        searches=asks("searches.files"),
        trials=lambda wildcards: [
            file.replace("settings.json", "trials.csv") for file in plans[wildcards.study].searches.files()
        ],
    output:
        page="results/{study}/report.html",
        chapter="results/{study}/chapter.json",
    log:
        "results/{study}/report.log",
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    params:
        kind=of_study("kind"),
        title=asks("title"),
        source=of_study("data", "source"),
        margin=of_study("evaluation", "margin"),
        settings=lambda wildcards: plans[wildcards.study].study.model_dump(mode="json"),
        page=PAGE,
        code=code_of("report_study"),
    script:
        "../../scripts/report_study.py"


rule write_report:
    input:
        chapters=gathered("chapter.json"),
    output:
        page=report("results/report.html", caption="../report/page.rst", category="Report"),
    log:
        "results/report.log",
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    params:
        page=PAGE,
        code=code_of("write_report"),
    script:
        "../../scripts/write_report.py"
