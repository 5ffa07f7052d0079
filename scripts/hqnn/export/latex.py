"""Tables as LaTeX."""

from __future__ import annotations

from hqnn.export.page_parts import Entry, Listed

GREEK = {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "θ": "theta", "κ": "kappa", "λ": "lambda"}
GREEK |= {"μ": "mu", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "varphi", "χ": "chi", "ψ": "psi"}
LETTERS = {
    **{letter: f"\\{letter}" for letter in "{}$&#%_"},
    **{letter: f"$\\{name}$" for letter, name in GREEK.items()},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # behind a \\ it would begin a length
    "\N{PLUS-MINUS SIGN}": r"$\pm$",
    "\N{MINUS SIGN}": "$-$",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{LESS-THAN OR EQUAL TO}": r"$\le$",
    "\N{GREATER-THAN OR EQUAL TO}": r"$\ge$",
    "\N{BLACK CIRCLE}": r"$\bullet$",
    "\N{MATHEMATICAL LEFT ANGLE BRACKET}": r"$\langle$",
    "\N{MATHEMATICAL RIGHT ANGLE BRACKET}": r"$\rangle$",
    "\N{EN DASH}": "--",
    "\N{LEFT DOUBLE QUOTATION MARK}": "``",
    "\N{RIGHT DOUBLE QUOTATION MARK}": "''",
    "\N{NO-BREAK SPACE}": "~",
    "\N{MIDDLE DOT}": r"$\cdot$",
}


def latex(table: Listed, command: str) -> str:
    """A table as a float with booktabs' rules; letters that LaTeX has no word for stay, for XeLaTeX and LuaLaTeX.

    Args:
        table: of a page.
        command: that writes it again; it stands above.
    """
    columns = "".join("l" if entry.word else "r" for entry in table.head)
    lines = [" & ".join(map(_entry, row)) + r" \\" for row in table.rows]
    return "\n".join(
        [
            f"% {command}",
            r"% \usepackage{booktabs}",
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{escaped(table.caption)}}}",
            rf"\label{{tab:{table.name}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            " & ".join(map(_head, table.head)) + r" \\",
            r"\midrule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def escaped(text: str) -> str:
    """Text as LaTeX prints it, on one line."""
    return "".join(LETTERS.get(letter, letter) for letter in " ".join(text.split("\n")))


def _entry(entry: Entry) -> str:
    said = escaped(entry.text)
    return rf"\textbf{{{said}}}" if entry.bold else said


def _head(entry: Entry) -> str:
    lines = [escaped(line.strip()) for line in entry.text.split("\n")]
    side = "l" if entry.word else "r"
    stacked = r" \\ ".join(lines)
    return lines[0] if len(lines) == 1 else rf"\shortstack[{side}]{{{stacked}}}"
