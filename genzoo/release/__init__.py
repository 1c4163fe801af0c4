"""Cards of checkpoints, their publication on the Hub, and their adoption into the zoo's weights.

It may import all rooms but cli.
With hub it is the one that touches huggingface_hub; hub downloads, release uploads.
"""
