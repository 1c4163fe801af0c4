"""Records of families of models: their nets, the objective that they minimise, and the words for both."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Literal

from genzoo.zoo.architecture import Architecture
from genzoo.zoo.fields import check_name
from genzoo.zoo.papers import Paper
from genzoo.zoo.record import Record, record

if TYPE_CHECKING:
    from genzoo.zoo.spec import Recipe

OutputActivation = Literal["sigmoid", "tanh"]


@record(frozen=True)
class Objective(Record):
    """The objective that nets are trained to minimise.

    Attributes:
        name: as recipes and `config.json` have it.
        second_net: the net beside the generator.
        game: the place of its losses, as `module:class`: a `genzoo.train.phases.Game`, made of (runs, entry, device).
        words: what is minimised under a recipe, for cards.
        needs: fields of the recipe that go with it, and must not be 0.
        takes: fields of the recipe that go with it, and may be left as they come.
        tag: what the Hub calls such models.
        selection: the metric, of those measured on the way, by which the state that ships is chosen.
        scores: what the discriminator's scores are called, in words.
        papers: papers that come with a field of the recipe which is not 0: (field, paper).
    """

    name: str
    second_net: Literal["discriminator", "encoder"]
    game: str
    words: Callable[[Recipe], str]
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    tag: str = "gan"
    selection: str = "frechet_distance"
    scores: str = "the discriminator's scores"
    papers: tuple[tuple[str, Paper | str], ...] = ()


@record(frozen=True)
class Family(Record):
    """Models of one kind of nets that are trained alike.

    Attributes:
        name: the first part of its entries' names, in lower-case letters and digits.
        words: what such a model is, to go on with `, with 3 hidden layers ...`.
        architecture: the class of its entries' architectures.
        objective: what they are trained to minimise.
        papers: those that the method comes from; text is Markdown.
        output_activation: what makes pixels of a generator's raw values, unless an entry says otherwise.
    """

    noun: ClassVar[str] = "family"
    stored_as_name: ClassVar[bool] = True
    name: str
    words: str
    architecture: type[Architecture]
    objective: Objective
    papers: tuple[Paper | str, ...] = ()
    output_activation: OutputActivation = "sigmoid"

    def __post_init__(self) -> None:
        check_name("family", self.name)

    def __str__(self) -> str:
        return self.name

    @property
    def is_vae(self) -> bool:
        """Whether its models have an encoder, and no discriminator."""
        return self.objective.second_net == "encoder"
