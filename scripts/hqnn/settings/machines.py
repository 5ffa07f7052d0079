"""Keys of the machines that circuits are sent to."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from hqnn.settings.section import Positive, Section

OF_PROVIDER = {  # keys that the others have no use for
    "backend": ("snapshot", "aer", "ibm"),
    "instance": ("ibm",),
    "mode": ("ibm",),
    "rep_delay_us": ("ibm",),
    "dynamical_decoupling": ("snapshot", "aer", "ibm", "iqm"),
    "twirling": ("snapshot", "aer", "ibm"),
    "quantum_computer": ("iqm",),
    "url": ("iqm",),
}
SUPPRESSION = {"dynamical_decoupling": "dynamical decoupling", "twirling": "twirling"}  # that vendors' servers do
OF_TIME = ("max_seconds", "max_price", "price_per_second")  # which IQM does not tell


class Machine(Section):
    """A machine, and what may be spent on it."""

    provider: Literal["snapshot", "aer", "ibm", "iqm"] = Field(
        description="`snapshot`: simulated with the noise of a calibration; `aer`: the same gates without noise; "
        "`ibm`: a machine of IBM Quantum Platform; `iqm`: one of IQM Resonance. The last two cost money.",
    )
    backend: str = Field("", description="A calibration as in `backends`, or the name of IBM's machine.")
    instance: str = Field("", description="IBM: CRN or name of the instance; the client's saved one where empty.")
    quantum_computer: str = Field("", description="IQM: name of the machine.")
    url: str = Field("https://resonance.iqm.tech", description="IQM: address of the server.")
    mode: Literal["job", "batch", "session"] = Field(
        "job",
        description="IBM: how several jobs run together; `session`, which is not on the open plan, is billed until it "
        "is closed, at the end of a run or after `max_seconds`.",
    )
    rep_delay_us: float | None = Field(
        None,
        gt=0,
        description="IBM: pause between shots; the machine's own where empty.",
        json_schema_extra={"unit": "µs"},
    )
    dynamical_decoupling: Literal["", "XX", "XpXm", "XY4"] = Field(
        "", description="Pulses on idle qubits; none where empty, or simulated."
    )
    twirling: bool = Field(
        False, description="IBM: whether two-qubit gates and measurements are twirled; they are not where simulated."
    )
    max_jobs: Positive = Field(20, description="The most jobs that are ever sent, all of the ledger's together.")
    max_shots: Positive = Field(
        20_000_000,
        description="The most executions, circuits times shots, likewise.",
        json_schema_extra={"unit": "shots"},
    )
    max_seconds: float = Field(
        600.0,
        gt=0,
        description="The most QPU time likewise, as used or else as estimated, and of one job, which IBM ends there; "
        "its open plan gives 600 a month.",
        json_schema_extra={"unit": "s"},
    )
    max_price: float | None = Field(
        None,
        gt=0,
        description="The most money likewise; needs `price_per_second`.",
        json_schema_extra={"unit": "currency"},
    )
    price_per_second: float | None = Field(
        None, ge=0, description="What a second of QPU time costs, in a currency of yours."
    )
    max_drift: float = Field(
        0.2,
        gt=0,
        le=1,
        description="The most that the circuit's expected fidelity may have fallen, as a share, between the "
        "calibration it was compiled for and the one at sending; beyond it nothing is sent.",
    )
    poll_s: float = Field(
        10.0,
        gt=0,
        description="First pause between two questions; it grows to 6 times as much.",
        json_schema_extra={"unit": "s"},
    )
    wait_s: float = Field(
        600.0,
        ge=0,
        description="How long a run waits for results before it ends and says how to come back.",
        json_schema_extra={"unit": "s"},
    )
    settle_s: float = Field(
        60.0,
        ge=0,
        description="How long a job whose sending got no answer is looked for before it counts as not sent.",
        json_schema_extra={"unit": "s"},
    )

    @property
    def is_real(self) -> bool:
        """Whether jobs leave this computer, and cost money."""
        return self.provider in ("ibm", "iqm")

    @property
    def ignored(self) -> list[str]:
        """What is asked for and not done, since the machine is simulated, in words."""
        return [] if self.is_real else [words for key, words in SUPPRESSION.items() if getattr(self, key)]

    @property
    def place(self) -> dict[str, str]:
        """Where its jobs go, as the ledger says it; enough to ask for them again."""
        keys = ("provider", "backend", "quantum_computer", "instance", "mode")
        return {key: str(getattr(self, key)) for key in keys if getattr(self, key)}

    @model_validator(mode="after")
    def _check_provider(self) -> Self:
        for key in sorted(self.model_fields_set & OF_PROVIDER.keys()):
            if self.provider not in OF_PROVIDER[key]:
                raise PydanticCustomError(
                    "provider",
                    "{key} is no key of provider {provider}; leave it out, or name provider {others}",
                    {"key": key, "provider": self.provider, "others": " or ".join(OF_PROVIDER[key])},
                )
        if self.provider == "iqm" and (useless := self.model_fields_set & set(OF_TIME)):
            raise PydanticCustomError(
                "time",
                "IQM does not tell QPU seconds, so {key} would hold nothing back; leave it out, and cap by max_jobs "
                "and max_shots",
                {"key": min(useless)},
            )
        wanted = "quantum_computer" if self.provider == "iqm" else "backend"
        if not getattr(self, wanted):
            raise PydanticCustomError(
                "machine",
                "provider {provider} needs {key}; name the machine",
                {"provider": self.provider, "key": wanted},
            )
        if self.max_price is not None and self.price_per_second is None:
            raise PydanticCustomError("price", "max_price needs price_per_second; give both or none", {})
        return self


class Hardware(Section):
    """What is allowed on real machines in this run; give it on the command line, not in a file."""

    confirm: bool = Field(False, description="Whether jobs may be sent that cost money.")
    dry: bool = Field(False, description="Whether to do all but send.")
