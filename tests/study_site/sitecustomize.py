"""On PYTHONPATH: the commands that a test starts know its dataset and its studies, too."""

from tests.few_digits import install

install()
