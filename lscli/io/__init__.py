"""Files and arrays as logits and labels."""
