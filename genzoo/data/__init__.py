"""Training images: whole datasets in memory, once, as uint8."""

from genzoo.data.folder import load_folder
from genzoo.data.image_data import ImageData
from genzoo.data.named import data_root, load_images

__all__ = ["ImageData", "data_root", "load_folder", "load_images"]
