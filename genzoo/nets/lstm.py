"""Report 3's LSTM nets: an image is a sequence of its rows."""

from __future__ import annotations

from torch import Tensor, nn

from genzoo.nets.blocks import Dropout, Score, Signed
from genzoo.spec import Entry, Lstm


class LstmGenerator(nn.Module):
    """The latent at each of h steps; a linear layer makes a row of w pixels of each step's output."""

    def __init__(self, entry: Entry, arch: Lstm) -> None:
        super().__init__()
        self.shape = entry.dataset.shape
        channels, self.rows, columns = self.shape
        self.lstm = nn.LSTM(entry.latent_size, arch.units, arch.layers, batch_first=True)
        self.row = nn.Linear(arch.units, channels * columns)

    def forward(self, z: Tensor) -> Tensor:
        states, _ = self.lstm(z.unsqueeze(1).expand(-1, self.rows, -1))  # (n, h, units)
        channels, _, columns = self.shape
        rows_first: Tensor = self.row(states).unflatten(2, (channels, columns))  # (n, h, c, w)
        return rows_first.transpose(1, 2)


class LstmCritic(nn.Module):
    """Reads an image row by row; a linear layer judges the last state."""

    def __init__(self, entry: Entry, arch: Lstm) -> None:
        super().__init__()
        channels, _, columns = entry.dataset.shape
        between = arch.dropout if arch.layers > 1 else 0.0
        self.signed = Signed()
        self.lstm = nn.LSTM(channels * columns, arch.units, arch.layers, batch_first=True, dropout=between)
        self.judge = nn.Sequential(Dropout(arch.dropout), nn.Linear(arch.units, 1), Score())

    def forward(self, x: Tensor) -> Tensor:
        rows = self.signed(x).transpose(1, 2).flatten(2)  # (n, c, h, w) -> (n, h, c * w)
        states, _ = self.lstm(rows)
        score: Tensor = self.judge(states[:, -1])
        return score


def build_lstm(entry: Entry, arch: Lstm) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator of stacked LSTM layers."""
    return LstmGenerator(entry, arch), LstmCritic(entry, arch)
