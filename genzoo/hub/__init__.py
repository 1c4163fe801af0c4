"""The Hugging Face Hub: checkpoint folders that lie there, fetched and checked file by file.

This is the one module that touches huggingface_hub, which is imported when something is to be fetched.
"""

from genzoo.hub.folders import HubFolder, find_folder, info, is_of_catalog, refuse_out_of_reach
from genzoo.hub.store import Fetched, Verified, pull, verify

__all__ = [
    "Fetched",
    "HubFolder",
    "Verified",
    "find_folder",
    "info",
    "is_of_catalog",
    "pull",
    "refuse_out_of_reach",
    "verify",
]
