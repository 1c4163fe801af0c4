"""A run's clock, and when its averaged nets are measured: unless asked for more, within a share of the run's time."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from genzoo.train.phases import Losses
from genzoo.train.plan import Plan
from genzoo.train.state import Record

SHARE = 0.05
"""The most of a run's time that measuring takes unless more of it is asked for."""
MOST = 10
"""The most looks that a run takes at its nets unless more are asked for."""
LEAST_IMAGES, FULL_IMAGES = 1000, 5000
"""Images that a look takes: as many as there is time for, and as many as there may be."""
_STEP = 250
_LEAST_SECONDS = 5.0  # for looks; with less, a feature net is not even loaded and tried

Activity = Literal["reading", "training", "measuring", "finishing"]


@dataclass(frozen=True)
class Status:
    """A run's progress, with the losses of its last step.

    Attributes:
        step: steps that are done.
        steps: steps in all.
        images_per_second: over the time of the steps alone.
        seconds_left: until the last step, with what is still to be measured.
        losses: of the last step, by name; none between steps.
        activity: what the run is at.
    """

    step: int
    steps: int
    images_per_second: float
    seconds_left: float
    losses: dict[str, float]
    activity: Activity = "training"


class Clock:
    """How far a run has come, in steps and in seconds, from the moment the clock is made."""

    def __init__(self, plan: Plan, record: Record, now: Callable[[], float] = time.monotonic) -> None:
        self.plan, self.record, self.now = plan, record, now
        self._began, self._first_step, self._earlier = now(), record.step, record.seconds
        self._aside = 0.0

    @property
    def seconds(self) -> float:
        """The time that the run has taken in all, before it was resumed and since."""
        return self._earlier + self._elapsed

    @property
    def _elapsed(self) -> float:
        return self.now() - self._began

    @property
    def time_share(self) -> float:
        """The share of the plan's minutes that has passed; 0 without a limit."""
        return self._elapsed / (self.plan.minutes * 60) if self.plan.minutes else 0.0

    @property
    def share(self) -> float:
        """The share of the run that is done, by its steps or its minutes, whichever is further."""
        return max(self.record.step / self.plan.steps, self.time_share)

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Time that is none of the steps': of measuring, drawing and saving."""
        began = self.now()
        try:
            yield
        finally:
            self._aside += self.now() - began

    @property
    def step_seconds(self) -> float:
        """The time of a step, as they were since the clock was made."""
        return (self._elapsed - self._aside) / max(self.record.step - self._first_step, 1)

    @property
    def expected(self) -> float:
        """The time that all steps of the run take, or its minutes where they are less."""
        return min(self.plan.steps * self.step_seconds, (self.plan.minutes or math.inf) * 60)

    def status(self, losses: Losses, activity: Activity = "training", measuring: float = 0.0) -> Status:
        """The run's progress, with a step's losses and the seconds that are still to go into measuring."""
        plan, record, recipe = self.plan, self.record, self.plan.entry.recipe
        left = (plan.steps - record.step) * self.step_seconds + measuring
        if plan.minutes:
            left = min(left, plan.minutes * 60 - self._elapsed)
        stepped = record.step > self._first_step
        rate = recipe.batch_size * recipe.n_critic / max(self.step_seconds, 1e-9) if stepped else 0.0
        values = {name: float(value) for name, value in losses.items()}
        return Status(record.step, plan.steps, rate, max(left, 0.0), values, activity)


@dataclass(frozen=True)
class Cost:
    """The seconds that a look takes on this machine: some, and some for each image."""

    look: float
    image: float

    def of(self, images: int) -> float:
        """Of a look at this many images."""
        return self.look + images * self.image


def choose(budget: float, cost: Cost, images: int = 0) -> tuple[int, int]:
    """How many looks to take within a number of seconds, and at how many images each.

    Ten at as many images as ten can have, or fewer at the least number; a single look compares nothing, and is none.

    Args:
        budget: seconds for all of them.
        cost: of a look.
        images: those of looks that were taken before, with which new ones must be comparable; 0 without any.
    """
    if not images:
        affordable = (budget / MOST - cost.look) / cost.image
        images = int(min(max(affordable // _STEP * _STEP, LEAST_IMAGES), FULL_IMAGES))
    looks = min(MOST, int(budget / cost.of(images)))
    return (looks, images) if looks > 1 else (0, images)


class Looks:
    """Decides when a run's averaged nets are measured, and with how many images.

    As often as was asked for, each time in full; or else as often as `SHARE` of the time allows that the run's
    steps are found to take.  The looks are at equal intervals, and the last is at the end.
    """

    def __init__(self, plan: Plan, record: Record, clock: Clock, probe: Callable[[float], Cost | None]) -> None:
        """Begin with a run as it is.

        Args:
            plan: whose `evaluations` were asked for, if any were.
            record: where the looks and their time stand.
            clock: of the run.
            probe: finds out what a look costs, in few seconds beside those that it is given; None where these
                would not do.
        """
        self.asked, self.record, self.clock, self._probe = plan.evaluations, record, clock, probe
        self.count, self.images = self.asked or 0, FULL_IMAGES
        self._cost: Cost | None = None
        self._probed, self._last = False, 0.0

    def due(self, before: float, share: float) -> int:
        """The images of the look that is due when a share of the run is done, after another share; 0 for none."""
        if self.asked is None and not self.count and _passed(MOST, before, share):
            self._choose()
        if not _passed(self.count, before, share):
            return 0
        if self.asked is not None:
            return self.images
        # The last state is measured if there is one to compare it with.
        wanted = bool(self.record.evaluations) if share >= 1 else self._affordable()
        return self.images if wanted else 0

    def due_at_end(self) -> int:
        """The images of the look that the last state still needs to be compared; 0 for none."""
        rows = self.record.evaluations
        if rows and rows[-1]["step"] == self.record.step:
            return 0
        if self.asked is None:
            return images_of(rows[-1]) if rows else 0
        return self.images if self.asked else 0

    @contextlib.contextmanager
    def looking(self) -> Iterator[None]:
        """The time of a look: the run's record counts it as measuring, and its clock not as steps."""
        began = self.clock.now()
        with self.clock.aside():
            yield
        self._last = self.clock.now() - began
        self.record.measuring += self._last

    def seconds_left(self, share: float) -> float:
        """The seconds that the looks after a share of the run will take, as far as one has told."""
        return max(self.count - int(share * self.count), 0) * self._look_seconds

    @property
    def _look_seconds(self) -> float:
        return self._last or (self._cost.of(self.images) if self._cost else 0.0)

    @property
    def _left(self) -> float:
        return SHARE * self.clock.expected - self.record.measuring

    def _affordable(self) -> bool:
        # What is kept back is for the last look, without which the last state could not be compared.
        return self._left >= 2 * self._look_seconds * (1 - 1e-9)

    def _choose(self) -> None:
        if self._left < _LEAST_SECONDS:
            return
        if not self._probed:
            with self.looking():
                self._cost, self._probed = self._probe(self._left), True
            self._last = 0.0
        if self._cost is None:
            return
        if rows := self.record.evaluations:  # of a run that was resumed, which has paid for some of its looks
            self.count, self.images = choose(SHARE * self.clock.expected, self._cost, images_of(rows[-1]))
        else:
            self.count, self.images = choose(self._left, self._cost)


def _passed(parts: int, before: float, share: float) -> bool:
    """Whether a place between parts of a run lies after one share of it, and not after another."""
    return int(share * parts) > int(before * parts)


def images_of(evaluation: Mapping[str, float]) -> int:
    """The images that a state was measured with; runs of older versions always took the full number."""
    return int(evaluation.get("images", FULL_IMAGES))


def is_full(evaluation: Mapping[str, float]) -> bool:
    """Whether a state was measured with the full number of images."""
    return images_of(evaluation) == FULL_IMAGES
