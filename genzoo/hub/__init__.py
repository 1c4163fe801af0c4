"""From a name to a folder: here, in the client's cache, or on the Hugging Face Hub, fetched and checked file by file.

It downloads only; huggingface_hub is imported when something is to be fetched.
It may import images, checkpoint, and what lies below.
"""

from genzoo.hub.folders import HubFolder, find_folder, info, refuse_out_of_reach
from genzoo.hub.store import Fetched, Verified, pull, verify

__all__ = ["Fetched", "HubFolder", "Verified", "find_folder", "info", "pull", "refuse_out_of_reach", "verify"]
