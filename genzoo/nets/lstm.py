"""Report 3's LSTM nets: an image is a sequence of its rows."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from genzoo.accel.devices import runs_under_autocast
from genzoo.nets.blocks import Dropout, Score, Signed, start_as_glorot
from genzoo.zoo.families.lstm import Lstm
from genzoo.zoo.spec import Entry


def _weights(lstm: nn.LSTM) -> Iterator[tuple[Tensor, Tensor]]:
    """Each layer's weights of its input, (4 * units, inputs), and of its state, (4 * units, units)."""
    for layer in range(lstm.num_layers):
        yield getattr(lstm, f"weight_ih_l{layer}"), getattr(lstm, f"weight_hh_l{layer}")


@torch.no_grad()
def _start_biases(lstm: nn.LSTM) -> None:
    """0, and 1 for the forget gates, as TensorFlow's `LSTMCell`, which the report used, begins."""
    units = lstm.hidden_size
    for layer in range(lstm.num_layers):
        bias, no_bias = getattr(lstm, f"bias_ih_l{layer}"), getattr(lstm, f"bias_hh_l{layer}")
        nn.init.zeros_(bias)
        nn.init.zeros_(no_bias)
        bias[units : 2 * units] = 1  # torch's order of gates: input, forget, cell, output


def _states(lstm: nn.LSTM, x: Tensor) -> Tensor:
    """The last layer's output at each step, (n, h, units); in float32 where the processor has it in nothing less."""
    asked = x.device.type == "cpu" and torch.is_autocast_enabled("cpu")
    if not asked or runs_under_autocast(nn.LSTM, torch.get_autocast_dtype("cpu")):
        states, _ = lstm(x)
    else:
        with torch.autocast("cpu", enabled=False):
            states, _ = lstm(x.float())
    return states  # type: ignore[no-any-return]


class LstmGenerator(nn.Module):
    """The latent at each of h steps; a linear layer makes a row of w pixels of each step's output."""

    def __init__(self, entry: Entry, arch: Lstm) -> None:
        super().__init__()
        self.shape = entry.dataset.shape
        channels, self.rows, columns = self.shape
        self.lstm = nn.LSTM(entry.latent_size, arch.units, arch.layers, batch_first=True)
        self.row = nn.Linear(arch.units, channels * columns)
        _start_biases(self.lstm)
        for weights in _weights(self.lstm):
            for weight in weights:
                # Latents keep their spread; with Glorot's narrower start all soon drew one and the same picture.
                nn.init.normal_(weight, std=weight.shape[1] ** -0.5)
        start_as_glorot(self.row)

    def forward(self, z: Tensor) -> Tensor:
        states = _states(self.lstm, z.unsqueeze(1).expand(-1, self.rows, -1))  # (n, h, units)
        channels, _, columns = self.shape
        rows_first: Tensor = self.row(states).unflatten(2, (channels, columns))  # (n, h, c, w)
        return rows_first.transpose(1, 2)


class LstmDiscriminator(nn.Module):
    """Reads an image row by row; a linear layer judges the last state."""

    def __init__(self, entry: Entry, arch: Lstm) -> None:
        super().__init__()
        channels, _, columns = entry.dataset.shape
        between = arch.dropout if arch.layers > 1 else 0.0
        self.signed = Signed()
        self.lstm = nn.LSTM(channels * columns, arch.units, arch.layers, batch_first=True, dropout=between)
        self.judge = nn.Sequential(Dropout(arch.dropout), nn.Linear(arch.units, 1), Score())
        _start_biases(self.lstm)
        for from_input, from_state in _weights(self.lstm):
            # TensorFlow's: Glorot's start of the two side by side.
            bound = (6 / (from_input.shape[1] + from_state.shape[1] + len(from_state))) ** 0.5
            nn.init.uniform_(from_input, -bound, bound)
            nn.init.uniform_(from_state, -bound, bound)
        self.judge.apply(start_as_glorot)

    def forward(self, x: Tensor) -> Tensor:
        rows = self.signed(x).transpose(1, 2).flatten(2)  # (n, c, h, w) -> (n, h, c * w)
        score: Tensor = self.judge(_states(self.lstm, rows)[:, -1])
        return score


def build_lstm(entry: Entry, arch: Lstm) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator of stacked LSTM layers."""
    return LstmGenerator(entry, arch), LstmDiscriminator(entry, arch)
