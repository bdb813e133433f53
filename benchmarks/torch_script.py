"""What one writes without lscli: everything in memory, the same metrics, plain torch.

`python torch_script.py logits.npy labels.npy 0.1`. Written with some care: no one-hot matrix, nothing
computed twice that torch offers at once.
"""

from __future__ import annotations

import math
import sys

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812


def main(logits_path: str, labels_path: str, eps: float) -> None:
    logits = torch.from_numpy(np.load(logits_path))
    labels = torch.from_numpy(np.load(labels_path))
    n, k = logits.shape

    log_probs = F.log_softmax(logits, dim=1)
    probs = log_probs.exp()
    hard = F.nll_loss(log_probs, labels, reduction="none").double()
    uniform = -log_probs.mean(dim=1).double()
    smoothed = (1 - eps) * hard + eps * uniform
    top, top_index = probs.topk(5, dim=1)
    confidence = top[:, 0].double()
    correct = (top_index[:, 0] == labels).double()
    top5 = (top_index == labels[:, None]).any(dim=1).double()
    entropy = -(probs * log_probs).sum(dim=1).double()
    label_prob = probs.gather(1, labels[:, None])[:, 0].double()
    brier = probs.square().sum(dim=1).double() - 2 * label_prob + 1
    label_logit = logits.gather(1, labels[:, None])[:, 0]
    gap = (label_logit - (logits.sum(dim=1) - label_logit) / (k - 1)).double()

    edges = torch.arange(1, 15, dtype=torch.float64) / 15
    index = torch.bucketize(confidence, edges)
    count = torch.bincount(index, minlength=15)
    residual = torch.bincount(index, correct - confidence, minlength=15)
    variance = torch.bincount(index, confidence * (1 - confidence), minlength=15)
    full = count > 0

    on, off = 1 - eps + eps / k, eps / k
    floor = -(on * math.log(on) + (k - 1) * off * math.log(off))
    means = {
        "loss_hard": hard,
        "loss_uniform": uniform,
        "loss_smoothed": smoothed,
        "loss_excess": smoothed - floor,
        "accuracy": correct,
        "error": 1 - correct,
        "top5_accuracy": top5,
        "confidence_mean": confidence,
        "confidence_gap": confidence - correct,
        "confidence_on_errors": confidence[correct == 0],
        "confidence_on_correct": confidence[correct == 1],
        "entropy_mean": entropy,
        "margin_mean": (top[:, 0] - top[:, 1]).double(),
        "label_prob_mean": label_prob,
        "logit_gap_mean": gap,
        "brier": brier,
        "gamma": k / (k - 1) * (1 - label_prob),
        "gamma_confidence": k / (k - 1) * (1 - confidence),
        "eps_accuracy": k / (k - 1) * (1 - correct),
        "smoothing_balance": k / (k - 1) * (correct - confidence),
    }
    for name, values in means.items():
        print(name, float(values.mean()), float(values.std() / len(values) ** 0.5))
    print("loss_floor", floor)
    print("perplexity", math.exp(float(hard.mean())))
    print("ece", float(residual.abs().sum() / n))
    print("rmsce", float((residual[full].square() / count[full]).sum() / n) ** 0.5)
    print("mce", float((residual[full].abs() / count[full]).max()))
    print("ece_null", math.sqrt(2 / math.pi) * float(variance.sqrt().sum() / n))
    print("eps_gap", k / (math.exp(float(gap.mean())) + k - 1))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
