"""The checkpoint folder on disk: config, safetensors, measurement, manifest, and writes that are whole or not at all.

A folder is data that anybody may have written: it is read strictly and within bounds, and nothing in it is executed.
It may import nets, accel, zoo and errors; it alone touches safetensors.
"""
