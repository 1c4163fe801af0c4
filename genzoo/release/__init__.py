"""What makes a checkpoint public: its card, its publication on the Hub, its place among the zoo's weights.

It may import all rooms but cli.
With hub it is the one that touches huggingface_hub; hub downloads, release uploads.
"""
