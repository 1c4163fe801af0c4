"""Pictures of numbers: curves, bars, points with intervals, and pictures of images beside each other.

It knows records of numbers and arrays of pixels, and nothing of what they are of; it alone touches matplotlib, which
it imports when something is drawn.
It may import images, checkpoint, and what lies below.
"""
