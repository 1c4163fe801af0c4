"""The names of the files of a checkpoint folder."""

from __future__ import annotations

STATE = "state.safetensors"
CONFIG, MODEL, DISCRIMINATOR = "config.json", "model.safetensors", "discriminator.safetensors"
METRICS, GOLDEN, CARD = "metrics.json", "golden.safetensors", "README.md"
HISTORY, EVALUATIONS = "history.jsonl", "evaluations.jsonl"
SAMPLES, PROGRESS, LOSSES = "samples.png", "progress.png", "losses.png"
LAYOUT = (CONFIG, MODEL, DISCRIMINATOR, METRICS, GOLDEN, HISTORY, EVALUATIONS, SAMPLES, PROGRESS, LOSSES, CARD)
"""All files of a checkpoint folder but the list of their hashes; anything else that lies in one is its owner's."""
