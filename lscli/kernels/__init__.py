"""The kernels compute the state of each row from its K logits; little else sees arrays of N x K values."""
