"""Report 3: linear, convolutional, pooled and LSTM GANs on MNIST."""

from __future__ import annotations

from genzoo.studies.claims.comparisons import BestIs, Better, Monotone, NoInfluence, better
from genzoo.studies.claims.entries import NotAnswerable
from genzoo.studies.claims.evidence import Place, places
from genzoo.studies.claims.influences import GainsLess, MattersMore
from genzoo.studies.claims.runs import BreakDown, Faster, Reaches
from genzoo.studies.reports.record import Figure, Report, claim

_NETS, _OWN, _SIZES = "report3-nets", "report3-nets-own-recipe", "mlpgan-mnist-layer-sizes"
_LINEAR, _STRIDE1 = "report3-linear-steps", "report3-stride1-steps"
_FILTERS = ("convgan-mnist-s1-filter", "convgan-mnist-s2-filter")
_CHANNELS, _UNITS = "convgan-mnist-s2-channels", "lstmgan-mnist-units"
_STRIDED, _BAD = ("stride 1", "stride 2"), ("pooled", "LSTM")
_ENTRIES = (
    "mlpgan-mnist-z100-l2",
    *(f"convgan-mnist-z100-l2-{tag}" for tag in ("s1", "s2", "pool")),
    "lstmgan-mnist-z100-l2",
)
_CARDS = ", ".join(f"[`{name}`](../../cards/{name}.md)" for name in _ENTRIES)
# Ours: a class of digits can be read from about this confidence on, and below these shares of real images that have a
# sample near them a net has learnt little, or nothing.
_READABLE, _LITTLE, _NOTHING = 0.8, 0.5, 0.1

REPORT = Report(
    "report 3",
    "Linear, convolutional and LSTM GANs",
    "It trains GANs of linear, convolutional (of stride 1, of stride 2, with pooling) and LSTM layers on MNIST in "
    "TensorFlow, compares their losses and looks at samples. By its own rates the discriminators of most nets win at "
    "once, so that there are two studies of its five nets: one by its recipe, one by a recipe that trains them all.",
    sections={
        "3": "its models",
        "4.3.1": "quantitative results",
        "Figure 3": "what it says there",
        "4.3.2": "qualitative results",
        "5": "conclusion",
    },
    figures=(
        Figure(
            "Figure 1", "the layers of its nets", answer=f"Drawn by hand there. Here they stand in the cards: {_CARDS}."
        ),
        Figure(
            "Table 1",
            "what was the same for all nets: batch, latent, rates, dropout, clipping",
            answer="The studies by its own recipe keep to it; how each entry departs from it, its card says.",
        ),
        Figure(
            "Table 2",
            "what was tried of each net: layer sizes; filter, stride and pooling; units",
            answer=f"Each is a study: `{_SIZES}`, `{_FILTERS[0]}`, `{_FILTERS[1]}`, `{_CHANNELS}`, `{_UNITS}`, "
            f"`{_NETS}`.",
        ),
        Figure("Figure 2", "losses of linear nets of several sizes", (_SIZES, _OWN, _LINEAR), "losses", _ENTRIES[:1]),
        Figure(
            "Figure 3",
            "losses of convolutional nets by stride and filter",
            (*_FILTERS, _CHANNELS, _STRIDE1),
            "losses",
            _ENTRIES[1:3],
        ),
        Figure("Figure 4", "losses of LSTM nets", (_UNITS,), "losses", _ENTRIES[4:]),
        Figure("Figure 5", "losses of convolutional nets with pooling", (_OWN, _NETS), "losses", _ENTRIES[3:4]),
        Figure("Figure 6", "samples of all nets beside each other", (_NETS, _OWN), entries=_ENTRIES),
    ),
    claims=(
        claim(
            "linear-fastest", "4.3.1", "The linear nets train the fastest.", Faster(_NETS, "linear", (*_STRIDED, *_BAD))
        ),
        claim("linear-saturates", "4.3.1", "They saturate early.", NoInfluence(_LINEAR, 1.1)),
        claim(
            "linear-gains-least",
            "4.3.1",
            "They gain less from going on than the convolutional nets.",
            GainsLess(_LINEAR, _STRIDE1),
        ),
        claim(
            "linear-breaks-down",
            "4.3.1",
            "Of linear nets of various sizes all but one break down, in NaNs.",
            BreakDown(places(_SIZES), spared=1),
        ),
        claim(
            "conv-improves",
            "4.3.1",
            "Convolutional nets without pooling go on improving over thousands of steps.",
            Monotone(_STRIDE1, "better"),
        ),
        claim(
            "conv-slower",
            "4.3.1",
            "A step of theirs takes longer than one of the linear nets.",
            Faster(_NETS, "linear", _STRIDED),
        ),
        claim(
            "conv-potential",
            "4.3.1",
            "With time, those of stride 1 can become better than the linear ones.",
            Better((Place(_STRIDE1, "8,000"),), (Place(_LINEAR, "8,000"),)),
        ),
        claim(
            "stride-decides",
            "4.3.1",
            "The stride matters more than any other size of a convolutional net.",
            MattersMore(places(_NETS, *_STRIDED), (*_FILTERS, _CHANNELS)),
        ),
        claim("stride-1", "4.3.1", "Smaller strides are better.", better(_NETS, *_STRIDED)),
        claim(
            "smallest-filter",
            "4.3.2",
            "The best convolutional net is the one of the smallest stride and filter.",
            better(_NETS, *_STRIDED),
            BestIs(_FILTERS[0], ("3 x 3",)),
        ),
        claim(
            "lstm-stands-still",
            "4.3.1",
            "LSTMs do not improve: their gradients fall to 0.",
            Reaches(places(_OWN, "LSTM"), "coverage", _NOTHING, "at most"),
        ),
        claim(
            "lstm-units",
            "4.3.1",
            "No number of units makes them improve.",
            Reaches(places(_UNITS), "coverage", _NOTHING, "at most"),
        ),
        claim(
            "pooled-stands-still",
            "4.3.1",
            "Nets with pooling seem to begin to improve, but do not.",
            Reaches(places(_OWN, "pooled"), "coverage", _NOTHING, "at most"),
        ),
        claim(
            "linear-sharpest",
            "4.3.2",
            "The linear nets' images are the sharpest.",
            BestIs(_NETS, ("linear",), "sharpness"),
            BestIs(_OWN, ("linear",), "sharpness"),
        ),
        claim(
            "linear-readable",
            "4.3.2",
            "Nearly all of their digits can be read.",
            Reaches(places(_NETS, "linear"), "confidence", _READABLE),
        ),
        claim(
            "linear-best", "5", "The linear nets are the best.", BestIs(_NETS, ("linear",)), BestIs(_OWN, ("linear",))
        ),
        claim("conv-next", "5", "Convolutional nets without pooling come next.", better(_NETS, _STRIDED, _BAD)),
        claim("pooled-over-lstm", "5", "Pooled nets are slightly better than LSTMs.", better(_NETS, *_BAD)),
        claim(
            "both-bad",
            "5",
            "Both are less than satisfactory.",
            Reaches(places(_NETS, *_BAD), "coverage", _LITTLE, "at most"),
        ),
        claim(
            "conv-stable",
            "5",
            "Convolutional nets do not break down.",
            BreakDown((*places(_OWN, *_STRIDED), *places(_NETS, *_STRIDED))),
        ),
        claim(
            "linear-loss-flat",
            "4.3.1",
            "By step 300 the linear nets' generator loss is flat.",
            NotAnswerable(
                "that no difference is there no interval shows, and a loss that is flat says nothing of a "
                "GAN's images: see whether they saturate"
            ),
        ),
        claim(
            "starts-late",
            "Figure 3",
            "The best convolutional net does not begin to improve before step 200.",
            NotAnswerable(
                "read off a loss curve there; runs here are measured at their ends, and figure 3 shows the curves"
            ),
        ),
        claim(
            "l2",
            "3",
            "L2 regularisation is of no use: it is not needed, or does not stop exploding gradients.",
            NotAnswerable("no recipe here has it"),
        ),
    ),
)
