"""Training images: whole datasets in memory, once, as uint8; by name, or any folder of pictures.

Datasets come through torchvision and scikit-learn, or from where they lie already.
It may import images, checkpoint, and what lies below.
"""

from genzoo.data.folder import load_folder
from genzoo.data.image_data import ImageData
from genzoo.data.named import data_root, has_labels, load_images, load_labels

__all__ = ["ImageData", "data_root", "has_labels", "load_folder", "load_images", "load_labels"]
