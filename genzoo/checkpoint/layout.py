"""The names of the files of a checkpoint folder."""

from __future__ import annotations

STATE = "state.safetensors"
CONFIG, MODEL, DISCRIMINATOR = "config.json", "model.safetensors", "discriminator.safetensors"
METRICS, GOLDEN, CARD = "metrics.json", "golden.safetensors", "README.md"
HISTORY, EVALUATIONS = "history.jsonl", "evaluations.jsonl"
SAMPLES, PROGRESS, LOSSES = "samples.png", "progress.png", "losses.png"
SNAPSHOTS = "snapshots"
"""A folder of pictures that a run keeps where it was asked to, in its own; no part of the checkpoint."""
GRAPHS = {net: f"{net}.onnx" for net in ("generator", "encoder", "discriminator")}
"""The file of each net's graph, by the net's name."""
LAYOUT = (
    *(CONFIG, MODEL, DISCRIMINATOR, *GRAPHS.values(), METRICS, GOLDEN),
    *(HISTORY, EVALUATIONS, SAMPLES, PROGRESS, LOSSES, CARD),
)
"""All files of a checkpoint folder but the list of their hashes; anything else that lies in one is its owner's."""


def weights_of(net: str) -> str:
    """The file that holds a net's weights."""
    return DISCRIMINATOR if net == "discriminator" else MODEL
