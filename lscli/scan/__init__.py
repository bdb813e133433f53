"""The wide pass: logits and labels in, a SampleTable out."""
