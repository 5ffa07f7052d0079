"""Which rules run again when a module of the library or a key of the config changes.

`python tests/rebuild_matrix.py` prints the modules; with a folder in which the demo has run, the keys, too, each by a
dry run there.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict

from forked import PROGRAM
from hqnn.closure import SCRIPTS, closure

KEYS = (  # of the demo, each with another value
    "seeds=[0, 1]",
    "execution={shots: 300}",
    "execution={subset: 61}",
    "execution={layouts: 2}",
    "execution={trajectories: 99}",
    "execution={noise: {idle: false}}",
    "evaluation={draws: 99}",
    "engine={memory_limit_mb: 1999}",
    "hardware={confirm: true}",
    *(
        f"studies={{{study}}}"
        for study in (
            "change: {title: Other}",
            "change: {data: {seed: 1}}",
            "change: {training: {learning_rate: 0.02}}",
            "change: {fine_tuning: {learning_rate: 0.02}}",
            "change: {observables: [Z0]}",
            "change: {qubits: 5}",
            "change: {explanation: {draws: 2}}",
            "change: {baselines: {mlp: {parameters: 115}}}",
            "land_cover: {features: {components: 5}}",
            "land_cover: {curves: {noise: [0, 1]}}",
            "masks: {bitstrings: false}",
            "masks: {augmentation: {copies: 2, rotation: 10}}",
            "digits: {quanv: {seeds: [0, 1]}}",
            "digits: {analysis: {draws: 5}}",
            "measurements: {features: {components: 3}}",
            "measurements: {baselines: {svm: {kernel: linear}}}",
        )
    ),
)


def rules_of_modules() -> dict[str, frozenset[str]]:
    """Each module of the library, by its path there, and the rules whose script imports it, directly or not."""
    reached = defaultdict(set)
    for script in SCRIPTS.glob("*.py"):
        for file in closure(script) - {script}:
            reached[file.relative_to(SCRIPTS / "hqnn").as_posix()].add(script.stem)
    every = (path.relative_to(SCRIPTS / "hqnn").as_posix() for path in (SCRIPTS / "hqnn").rglob("*.py"))
    return {module: frozenset(reached[module]) for module in sorted(every)}


def main() -> None:
    """Print who reruns."""
    everything = frozenset(script.stem for script in SCRIPTS.glob("*.py"))
    modules = defaultdict(list)
    for module, rules in rules_of_modules().items():
        modules[rules].append(module)
    for rules, names in sorted(modules.items(), key=lambda group: len(group[0])):
        left = everything - rules
        said = sorted(rules) if len(rules) <= len(left) else ["all but", *sorted(left)]
        print(f"{' '.join(names)}: {' '.join(said) or 'none'}")
    for folder in sys.argv[1:]:
        for key in KEYS:
            command = [PROGRAM, "-n", "--cores", "1", "--config", key]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
            said = done.stdout + done.stderr
            rows: list[str] = re.findall(r"^([\w-]+) +\d+$", said, flags=re.MULTILINE)
            print(f"{key}: {' '.join(sorted({*rows} - {'all', 'total'})) or 'none'}", flush=True)


if __name__ == "__main__":
    main()
