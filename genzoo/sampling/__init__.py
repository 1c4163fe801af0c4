"""Models: loaded by name, sampled by seed, and their latent spaces.

Nothing of training, measuring or publishing is imported by what samples.
It may import hub, images, checkpoint, and what lies below.
"""
