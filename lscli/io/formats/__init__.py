"""Input formats, one file each: `open_array` and `contents`."""
