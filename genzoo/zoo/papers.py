"""What the zoo comes from and is to be cited for: on cards as Markdown, by `genzoo cite` as BibTeX."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from genzoo.zoo.record import Record, record


@record(frozen=True)
class Paper(Record):
    """A publication.

    Attributes:
        key: of its entry in BibTeX.
        title: as its authors write it.
        authors: as `Given names Family` or `Family, Given names`; none where nobody says.
        year: in which it came out; 0 where nobody says.
        url: where it is read; empty where it is not.
        kind: of entry in BibTeX.
        others: further fields of that entry, by name.
    """

    key: str
    title: str
    authors: tuple[str, ...] = ()
    year: int = 0
    url: str = ""
    kind: str = "misc"
    others: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """The paper as Markdown; of more than three authors the first is named."""
        names = [author.partition(",")[0] if "," in author else author.rpartition(" ")[2] for author in self.authors]
        few = " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
        rest = f"{few if len(names) <= 3 else f'{names[0]} et al.'} {self.year or ''}".strip()
        title = f"[{self.title}]({self.url})" if self.url else self.title
        return f"{title}, {rest}" if rest else title

    def bibtex(self) -> str:
        """The paper as an entry of BibTeX."""
        fields = {
            "title": f"{{{self.title}}}",  # braces of its own keep its capitals
            "author": " and ".join(self.authors),
            **dict(self.others),
            "year": str(self.year or ""),
            "url": self.url,
        }
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
        return "\n".join([f"@{self.kind}{{{self.key},", *lines, "}"])


def bibtex(paper: Paper | str) -> str:
    """An entry of BibTeX; of one that is known as Markdown alone, a note."""
    if isinstance(paper, Paper):
        return paper.bibtex()
    key = re.sub(r"\W+", "-", paper.partition("](")[0].lower()).strip("-")
    return f"@misc{{{key},\n  note = {{{paper}}},\n}}"


def _at(where: str) -> tuple[tuple[str, str], ...]:
    return (("booktitle", where),)


def _arxiv(number: str) -> tuple[tuple[str, str], ...]:
    return (("eprint", number), ("archiveprefix", "arXiv"))


_NEURIPS = "Advances in Neural Information Processing Systems"
_ICLR = "International Conference on Learning Representations"

GAN = Paper(
    "goodfellow2014generative",
    "Generative Adversarial Nets",
    ("Ian Goodfellow", "Jean Pouget-Abadie", "Mehdi Mirza", "Bing Xu", "David Warde-Farley", "Sherjil Ozair",
     "Aaron Courville", "Yoshua Bengio"),
    2014, "https://arxiv.org/abs/1406.2661", "inproceedings", _at(_NEURIPS),
)  # fmt: skip
DCGAN = Paper(
    "radford2016unsupervised",
    "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks",
    ("Alec Radford", "Luke Metz", "Soumith Chintala"),
    2016, "https://arxiv.org/abs/1511.06434", "inproceedings", _at(_ICLR),
)  # fmt: skip
WGAN = Paper(
    "arjovsky2017wasserstein",
    "Wasserstein GAN",
    ("Martin Arjovsky", "Soumith Chintala", "Léon Bottou"),
    2017, "https://arxiv.org/abs/1701.07875", others=_arxiv("1701.07875"),
)  # fmt: skip
WGANGP = Paper(
    "gulrajani2017improved",
    "Improved Training of Wasserstein GANs",
    ("Ishaan Gulrajani", "Faruk Ahmed", "Martin Arjovsky", "Vincent Dumoulin", "Aaron Courville"),
    2017, "https://arxiv.org/abs/1704.00028", "inproceedings", _at(_NEURIPS),
)  # fmt: skip
R1 = Paper(
    "mescheder2018which",
    "Which Training Methods for GANs do actually Converge?",
    ("Lars Mescheder", "Andreas Geiger", "Sebastian Nowozin"),
    2018, "https://arxiv.org/abs/1801.04406", "inproceedings", _at("International Conference on Machine Learning"),
)  # fmt: skip
VAE = Paper(
    "kingma2014auto",
    "Auto-Encoding Variational Bayes",
    ("Diederik P. Kingma", "Max Welling"),
    2014, "https://arxiv.org/abs/1312.6114", "inproceedings", _at(_ICLR),
)  # fmt: skip

MNIST = Paper(
    "lecun1998gradient",
    "Gradient-based learning applied to document recognition",
    ("Yann LeCun", "Léon Bottou", "Yoshua Bengio", "Patrick Haffner"),
    1998, "https://doi.org/10.1109/5.726791", "article", (("journal", "Proceedings of the IEEE"),),
)  # fmt: skip
FASHION_MNIST = Paper(
    "xiao2017fashion",
    "Fashion-MNIST",
    ("Han Xiao", "Kashif Rasul", "Roland Vollgraf"),
    2017, "https://arxiv.org/abs/1708.07747", others=_arxiv("1708.07747"),
)  # fmt: skip
KMNIST = Paper(
    "clanuwat2018deep",
    "Deep Learning for Classical Japanese Literature",
    ("Tarin Clanuwat", "Mikel Bober-Irizar", "Asanobu Kitamoto", "Alex Lamb", "Kazuaki Yamamoto", "David Ha"),
    2018, "https://arxiv.org/abs/1812.01718", others=_arxiv("1812.01718"),
)  # fmt: skip
CIFAR10 = Paper(
    "krizhevsky2009learning",
    "Learning Multiple Layers of Features from Tiny Images",
    ("Alex Krizhevsky",),
    2009, "https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf", "techreport",
    (("institution", "University of Toronto"),),
)  # fmt: skip
OLIVETTI = Paper(
    "samaria1994parameterisation",
    "Parameterisation of a stochastic model for human face identification",
    ("Ferdinando S. Samaria", "Andy C. Harter"),
    1994, "https://doi.org/10.1109/ACV.1994.341300", "inproceedings",
    _at("Proceedings of the Second IEEE Workshop on Applications of Computer Vision"),
)  # fmt: skip

GENZOO = Paper(
    "genzoo",
    "genzoo: a zoo of small generative models with their trained weights",
    ("{The genzoo contributors}",),
    2026, others=(("howpublished", "Python package"),),
)  # fmt: skip
_COURSE = (("note", "Course report"),)
REPORTS: Mapping[str, Paper] = MappingProxyType(
    {
        "report 0": Paper("qin-report", "Machine Learning Final Project Report", ("Qiang Qin",), others=_COURSE),
        "report 1": Paper(
            "vasireddy-report", "CAP 6610: Final Project Report", ("Vasireddy, Sai Datta Vara Prasad",), others=_COURSE
        ),
        "report 2": Paper(
            "murigappa2019report",
            "COP 6610 (Machine Learning) Fall 2019: Project Report",
            ("Shashank Chandrashekar Murigappa",),
            2019,
            "https://github.com/shashankcm95/Machine-Learning-Fall-2020-COP-6610",
            others=_COURSE,
        ),
        "report 3": Paper(
            "kapoor-report",
            "Experiments with GANs",
            ("Amol Kapoor", "Bernardo Orozco"),
            others=(("note", "Course report, Department of Computer Science, Oxford University"),),
        ),
        "report 4": Paper(
            "latent-and-layers-report",
            "Latent size and hidden layers of VAEs, GANs and WGANs on MNIST and CIFAR-10",
            others=(
                ("note", "Course report, which names no author and has no title: this one tells what it is about"),
            ),
        ),
    }
)
"""The five course reports that the zoo's entries come from, as their own first pages have it."""
