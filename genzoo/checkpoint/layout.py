"""The names of the files of a checkpoint folder."""

from __future__ import annotations

STATE = "state.safetensors"
CONFIG, MODEL, CRITIC = "config.json", "model.safetensors", "critic.safetensors"
METRICS, GOLDEN, CARD = "metrics.json", "golden.safetensors", "README.md"
HISTORY, EVALUATIONS = "history.jsonl", "evaluations.jsonl"
SAMPLES, PROGRESS, LOSSES = "samples.png", "progress.png", "losses.png"
LAYOUT = (CONFIG, MODEL, CRITIC, METRICS, GOLDEN, HISTORY, EVALUATIONS, SAMPLES, PROGRESS, LOSSES, CARD)
"""What makes a checkpoint folder, beside the list of their hashes; all else that lies in one is its owner's."""
