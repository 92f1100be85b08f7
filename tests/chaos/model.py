"""[p] A model of the engine: what each job should look like after each thing that can happen to it."""

from dataclasses import dataclass, field
from uuid import UUID

LIVE = frozenset({"scheduled", "queued", "running", "retryable"})
ENDED = frozenset({"succeeded", "cancelled", "dead"})


@dataclass
class ModelJob:
    """One job; `holder` is the newest lease's token, while it runs."""

    state: str
    max_attempts: int
    key: str | None = None
    attempt: int = 0
    rescues: int = 0
    cancel: bool = False
    holder: UUID | None = None
    node: str | None = None
    #: The lease ran out, the wait is over, the keeping time has passed, Redis was rung.
    expired: bool = False
    due: bool = False
    old: bool = False
    rung: bool = False
    effects: int = 0

    @property
    def live(self) -> bool:
        """Tell whether it has yet to end."""
        return self.state in LIVE

    def put_down(self, state: str) -> None:
        """Leave the running state; a cancel that was asked for wins over another try."""
        self.state = "cancelled" if self.cancel and state in LIVE else state
        self.holder = self.node = None
        self.expired = self.due = self.rung = False


@dataclass
class Model:
    """Every job there should be, and whether the queue is paused."""

    jobs: dict[UUID, ModelJob] = field(default_factory=dict)
    paused: bool = False

    def keeper_of(self, key: str | None) -> UUID | None:
        """Return the live job that bears a unique key."""
        return next((i for i, job in self.jobs.items() if key and job.key == key and job.live), None)

    def claimable(self, job_id: UUID) -> bool:
        """Tell whether a worker may take a job now."""
        job = self.jobs.get(job_id)
        return (
            job is not None
            and job.state == "queued"
            and not job.cancel
            and job.attempt < job.max_attempts
            and not self.paused
        )

    def claim(self, job_id: UUID, token: UUID, node: str) -> None:
        """Give a job to a worker."""
        job = self.jobs[job_id]
        job.state, job.holder, job.node, job.expired = "running", token, node, False
        job.attempt += 1

    def held(self, job_id: UUID, token: UUID) -> bool:
        """Tell whether a token still opens a job."""
        job = self.jobs.get(job_id)
        return job is not None and job.holder == token

    def rescue(self) -> None:
        """Take every job from workers whose lease ran out."""
        for job in self.jobs.values():
            if job.state == "running" and job.expired:
                job.rescues += 1
                job.put_down("dead" if job.attempt >= job.max_attempts else "retryable")
                if job.cancel:
                    job.state = "cancelled"

    def promote(self) -> None:
        """Queue what is due."""
        for job in self.jobs.values():
            if job.state in ("scheduled", "retryable") and job.due:
                job.state, job.due, job.rung = "queued", False, False

    def release(self, node: str) -> None:
        """Put down what a node that ends in order holds, its attempt uncounted."""
        for job in self.jobs.values():
            if job.state == "running" and job.node == node:
                job.attempt -= 1
                job.put_down("queued")

    def prune(self) -> None:
        """Forget what ended long ago."""
        self.jobs = {i: job for i, job in self.jobs.items() if job.live or not job.old}
