"""`--clusters`: which samples belong together, in every command that has standard errors."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.special import expit, logit
from scipy.stats import t
from statsmodels.regression.linear_model import OLS

import lscli
from lscli.errors import InputError, UsageError
from tests.cli.inprocess import Run, assert_refused, column, records, values
from tests.command import lscli as lscli_process

D, T, K = 24, 5, 4
RANDOM = np.random.default_rng(3)
TOKENS = RANDOM.standard_normal((D, T, K)).astype(np.float32)
OF_TOKENS = RANDOM.integers(0, K, (D, T))
np.put_along_axis(
    TOKENS,
    OF_TOKENS[..., None],
    np.take_along_axis(TOKENS, OF_TOKENS[..., None], -1) + 1 + 2 * RANDOM.standard_normal((D, 1, 1)),
    -1,
)
X, Y = TOKENS.reshape(-1, K), OF_TOKENS.ravel()
DOC = np.repeat(np.arange(D), T)
METRICS = ["--metrics", "accuracy,loss_hard,confidence_gap,ece,eps_gap"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Logits and labels as rows (x, y) and as sequences (xx, yy), the document of each row, and metadata."""
    for name, array in (("x", X), ("y", Y), ("xx", TOKENS), ("yy", OF_TOKENS), ("doc", DOC)):
        np.save(tmp_path / f"{name}.npy", array)
    lines = [f"{row},d{doc},{'ab'[doc % 2]}" for row, doc in enumerate(DOC)]
    (tmp_path / "meta.csv").write_text("\n".join(["id,doc,site", *lines]) + "\n")
    return tmp_path


def pair(folder: Path) -> list[Path]:
    return [folder / "x.npy", folder / "y.npy"]


def by_statsmodels(x: Any, cluster: Any = DOC) -> float:
    found = OLS(np.asarray(x, float), np.ones(len(x))).fit(cov_type="cluster", cov_kwds={"groups": cluster})
    return float(found.bse[0])


def test_the_standard_error_is_that_of_statsmodels(run: Run, folder: Path) -> None:
    rows = {
        row["metric"]: row for row in records(run("eval", *pair(folder), *METRICS, "--clusters", folder / "doc.npy"))
    }
    assert by_statsmodels(X.argmax(axis=1) == Y) == pytest.approx(float(rows["accuracy"]["stderr"]), rel=1e-9)
    losses = -np.log(np.take_along_axis(np.exp(X.astype(float)), Y[:, None], 1)[:, 0] / np.exp(X.astype(float)).sum(1))
    assert by_statsmodels(losses) == pytest.approx(float(rows["loss_hard"]["stderr"]), rel=1e-6)
    assert "" == rows["ece"]["stderr"]


def test_a_file_of_any_kind_and_a_column_say_the_same(run: Run, folder: Path) -> None:
    how = [*pair(folder), *METRICS, "--ci", "--bootstrap", "50"]
    expected = run("eval", *how, "--clusters", folder / "doc.npy")
    np.savez(folder / "doc.npz", other=1 - DOC, clusters=DOC)
    np.savetxt(folder / "doc.csv", DOC, "%d", header="doc")
    pq.write_table(pa.table({"only": [f"d{doc}" for doc in DOC]}), folder / "doc.parquet")
    for name in ("doc.npz", "doc.csv", "doc.parquet"):
        assert expected.out == run("eval", *how, "--clusters", folder / name).out
    assert expected.out == run("eval", *how, "--groups", folder / "meta.csv", "--clusters", "doc").out
    frame = pd.read_csv(folder / "meta.csv")
    for given in (DOC, DOC.tolist(), frame["doc"], frame["doc"].astype("category"), [f"x{doc}" for doc in DOC]):
        found = lscli.evaluate(
            *pair(folder),
            clusters=given,
            metrics="accuracy,loss_hard,confidence_gap,ece,eps_gap",
            ci=True,
            bootstrap=50,
        )
        buffer = pd.read_csv(io.StringIO(expected.out))
        assert buffer["ci_high"].tolist() == found.to_frame()["ci_high"].tolist()


def test_flattened_samples_belong_to_the_first_axis(run: Run, folder: Path) -> None:
    tokens = [folder / "xx.npy", folder / "yy.npy", "--flatten", *METRICS, "--ci", "--bootstrap", "40"]
    expected = run("eval", *pair(folder), *METRICS, "--ci", "--bootstrap", "40", "--clusters", folder / "doc.npy")
    np.save(folder / "one.npy", np.arange(D) * 7)
    (folder / "one.csv").write_text("".join(f"{doc}\n" for doc in range(D)))
    for more in ([], ["first-axis"], [folder / "doc.npy"], [folder / "one.npy"], [folder / "one.csv"]):
        found = run("eval", *tokens, *(["--clusters", *more] if more else []))
        assert expected.out.replace("x.npy", "") == found.out.replace("xx.npy", "")
    alone = records(run("eval", *tokens, "--clusters", "none"))
    assert records(run("eval", *pair(folder), *METRICS, "--ci", "--bootstrap", "40")) == [
        {**row, "source": str(folder / "x.npy")} for row in alone
    ]
    assert column(alone, "stderr")[1] < 0.7 * column(records(expected), "stderr")[1]


def test_images_and_shards_belong_to_their_first_axis(folder: Path) -> None:
    images, labels = np.moveaxis(TOKENS.reshape(D, 5, 1, K), -1, 1), OF_TOKENS.reshape(D, 5, 1)
    how: dict[str, Any] = {"metrics": "accuracy,loss_hard"}
    expected = [row.stderr for row in lscli.evaluate(X, Y, clusters=DOC, **how).rows]
    assert expected == [row.stderr for row in lscli.evaluate(images, labels, class_axis=1, **how).rows]
    # Batches of sequences of other lengths.
    kept = (DOC < 10) | (np.arange(D * T) % T < 3)
    for name, array in (("s", TOKENS), ("t", OF_TOKENS)):
        np.save(folder / f"{name}-0.npy", array[:10])
        np.save(folder / f"{name}-1.npy", array[10:, :3])
    expected = [row.stderr for row in lscli.evaluate(X[kept], Y[kept], clusters=DOC[kept], **how).rows]
    shards: dict[str, Any] = {"flatten": True, **how}
    files = folder / "s-*.npy", folder / "t-*.npy"
    for clusters in (None, np.arange(D), DOC[kept]):
        found = lscli.evaluate(*files, clusters=clusters, **shards)
        assert expected == [row.stderr for row in found.rows]
        assert D == found.samples["clusters"]


def test_sequences_of_one_token_are_independent(folder: Path) -> None:
    for labels in (Y, Y[:, None]):
        report = lscli.evaluate(X[:, None], labels, flatten=True, metrics="accuracy", ci=True, bootstrap=30)
        assert "clusters" not in report.samples
        expected = lscli.evaluate(X, Y, metrics="accuracy", ci=True, bootstrap=30)
        assert repr(expected.rows[0][2:]) == repr(report.rows[0][2:])


@pytest.mark.parametrize("more", [[], ["--ci", "--bootstrap", "40"]], ids=["plain", "ci"])
def test_a_group_is_what_a_file_of_its_rows_gives(run: Run, folder: Path, more: list[str]) -> None:
    weight = RANDOM.integers(0, 3, D * T)
    np.save(folder / "w.npy", weight)
    how = [*METRICS, *more, "--weights", folder / "w.npy"]
    found = records(
        run(
            "eval",
            *pair(folder),
            *how,
            "--groups",
            folder / "meta.csv",
            "--clusters",
            "doc",
            "--group-by",
            "site",
            "-q",
        )
    )
    for place, site in enumerate("ab"):
        inside = DOC % 2 == place
        for name, array in (("px", X), ("py", Y), ("pw", weight), ("pd", DOC)):
            np.save(folder / f"{name}.npy", array[inside])
        own = run(
            "eval",
            folder / "px.npy",
            folder / "py.npy",
            *METRICS,
            *more,
            "--weights",
            folder / "pw.npy",
            "--clusters",
            folder / "pd.npy",
            "-q",
        )
        for one, other in zip(records(own), [row for row in found if row["group"] == site], strict=True):
            for field in ("value", "stderr", "ci_low", "ci_high", "n"):
                assert float(one[field] or "nan") == pytest.approx(float(other[field] or "nan"), rel=1e-9, nan_ok=True)


def test_rows_that_are_left_out_leave_their_cluster() -> None:
    labels, logits = Y.copy(), X.copy()
    labels[DOC == 3], logits[DOC == 5, 1] = -100, np.nan
    kept = (DOC != 3) & (DOC != 5)
    expected = lscli.evaluate(X[kept], Y[kept], clusters=DOC[kept])
    with pytest.warns(lscli.LscliWarning, match="5 of 120 rows are not finite"):
        found = lscli.evaluate(logits, labels, clusters=DOC, nonfinite="skip")
    assert (D - 2, D - 2) == (expected.samples["clusters"], found.samples["clusters"])
    assert [row.stderr for row in expected.rows] == pytest.approx(
        [row.stderr for row in found.rows], rel=1e-12, nan_ok=True
    )


def test_no_digit_depends_on_threads_or_chunks(folder: Path) -> None:
    expected = None
    for threads, chunk_rows in ((1, None), (3, 7), (2, 50)):
        report = lscli.evaluate(
            *pair(folder), clusters=DOC, metrics="all", ci=True, bootstrap=30, threads=threads, chunk_rows=chunk_rows
        )
        expected = expected or repr(report.rows)
        assert expected == repr(report.rows)


def test_a_report_says_that_there_are_clusters(run: Run, folder: Path) -> None:
    path = folder / "doc.npy"
    answer = run("eval", *pair(folder), "--clusters", path, "-f", "json")
    found = json.loads(answer.out)
    assert D == found["samples"]["clusters"]
    assert {"role": "clusters", "path": str(path), "shape": [D * T], "dtype": "int64", "size": 8 * D * T} == found[
        "inputs"
    ][-1]
    assert (str(path), "flag") == answer.settings["clusters"]
    assert "24 clusters" in run("eval", *pair(folder), "--clusters", path, "-f", "table").out
    assert "clusters" not in run("eval", *pair(folder), "-f", "table").out
    assert "- standard errors: by 24 clusters\n" in run("eval", *pair(folder), "--clusters", path, "-f", "markdown").out
    assert "clusters" not in run("eval", *pair(folder), "-f", "markdown").out
    tokens = run("eval", folder / "xx.npy", folder / "yy.npy", "--flatten", "-f", "json")
    assert ("first-axis", "default") == tokens.settings["clusters"]
    of_table = json.loads(
        run("eval", *pair(folder), "--groups", folder / "meta.csv", "--clusters", "doc", "-f", "json").out
    )
    assert f"{folder / 'meta.csv'}[doc]" == of_table["inputs"][-1]["path"]


def test_few_clusters_are_warned_of(run: Run, folder: Path) -> None:
    np.save(folder / "few.npy", DOC % 19)
    for command in ("eval", "sweep", "bins"):
        answer = run(command, *pair(folder), "--clusters", folder / "few.npy")
        assert (0, 1) == (answer.code, answer.err.count("\n"))
        assert "lscli: warning: there are 19 clusters: with fewer than 20, " in answer.err
        assert "" == run(command, *pair(folder), "--clusters", folder / "doc.npy").err
    for command in ("samples", "classes"):
        assert "" == run(command, folder / "xx.npy", folder / "yy.npy", "--flatten", "-f", "csv").err
    np.save(folder / "one.npy", DOC * 0)
    answer = run("eval", *pair(folder), *METRICS, "--ci", "--clusters", folder / "one.npy")
    assert "all samples are in one cluster" in answer.err
    for field in ("stderr", "ci_low", "ci_high"):
        assert {""} == {row[field] for row in records(answer._replace(err=""))}
    table = run("eval", *pair(folder), "--clusters", folder / "one.npy", "-q", "-f", "table").out
    assert "one cluster has no standard error" in " ".join(table.split())


def test_groups_of_few_clusters_are_warned_of(run: Run, folder: Path) -> None:
    groups = ["--groups", folder / "meta.csv", "--clusters", "doc", "--group-by"]
    for command in ("eval", "sweep", "bins"):
        answer = run(command, *pair(folder), *groups, "site")
        assert "lscli: warning: 2 of 2 groups have fewer than 20 clusters, the fewest 12 in 'a': " in answer.err
        # Without clusters, groups are of independent samples.
        assert "" == run(command, *pair(folder), "--groups", folder / "meta.csv", "--group-by", "site").err


def test_the_conclusions_know_of_clusters() -> None:
    # A gap of several standard errors of independent samples, but not of documents that differ.
    random = np.random.default_rng(8)
    shift = np.repeat(random.standard_normal(D) * 1.5 + 0.3, 40)
    logits = np.stack([np.zeros(D * 40), 1 + random.standard_normal(D * 40)], axis=1)
    labels = (logits[:, 1] + shift + random.logistic(size=D * 40) > 0).astype(int)
    document = np.repeat(np.arange(D), 40)
    plain, found = (lscli.evaluate(logits, labels, clusters=clusters) for clusters in (None, document))
    assert plain.conclusion.startswith("Over-confident")
    assert ", within noise, and ece is " in found.conclusion
    assert "where noise alone gives 0.029 if samples are independent" in found.conclusion
    plain, found = (lscli.sweep(logits, labels, clusters=clusters, eps=0.1) for clusters in (None, document))
    assert plain.conclusion.startswith("Over-confident")
    assert "within noise" in found.conclusion
    balance = next(row for row in found.rows if row.metric == "smoothing_balance")
    low, high = t.interval(0.95, D - 1, balance.value, balance.stderr)
    assert f"(95 % interval {low:.3g} .. {high:.3g})" in found.conclusion


def test_a_sweep_compares_models_over_clusters(run: Run, folder: Path) -> None:
    other = X + 0.3 * RANDOM.standard_normal((D, 1))[DOC] * (np.arange(K) == Y[:, None])
    np.save(folder / "other.npy", other.astype(np.float32))
    rows = records(
        run(
            "sweep",
            folder / "x.npy",
            folder / "other.npy",
            folder / "y.npy",
            "--eps",
            "0,0.2",
            "--clusters",
            folder / "doc.npy",
        )
    )
    own = [lscli.per_sample(folder / name, folder / "y.npy").to_frame() for name in ("x.npy", "other.npy")]
    difference = own[1]["loss_hard"] - own[0]["loss_hard"]
    found = next(row for row in rows if row["metric"] == "loss_difference" and row["params"] == "eps=0.0")
    assert by_statsmodels(difference) == pytest.approx(float(found["stderr"]), rel=1e-9)


def test_the_table_of_a_sweep_calls_a_loss_smaller_only_beyond_the_quantile_of_t(run: Run, folder: Path) -> None:
    # With 3 clusters, an interval reaches 4.3 standard errors, and not 2.
    shift = np.array([1.0, 1.5, 3.0])[DOC % 3][:, None] * (np.arange(K) == Y[:, None])
    np.save(folder / "other.npy", (X + 0.1 * shift).astype(np.float32))
    np.save(folder / "third.npy", DOC % 3)
    models = [folder / "x.npy", folder / "other.npy", folder / "y.npy", "--eps", "0:0.2:0.05", "-q"]
    row = next(
        row
        for row in records(run("sweep", *models, "--clusters", folder / "third.npy"))
        if row["metric"] == "loss_difference"
    )
    assert 1.96 < -float(row["value"]) / float(row["stderr"]) < 4.3
    for more, smaller in (([], True), (["--clusters", folder / "third.npy"], False)):
        table = run("sweep", *models, *more, "-f", "table").out
        assert smaller == any(line.rstrip().endswith("  smaller") for line in table.splitlines())
        assert smaller != ("no difference in loss is beyond noise" in " ".join(table.split()))


def test_bins_have_intervals_of_clusters(run: Run, folder: Path) -> None:
    for more in (["--bins", "4"], ["--bins", "4", "--equal-mass"], ["--compat", "torchmetrics", "--bins", "3"]):
        plain = records(run("bins", *pair(folder), *more))
        found = records(run("bins", *pair(folder), *more, "--clusters", folder / "doc.npy"))
        for one, two in zip(plain, found, strict=True):
            assert all(one[name] == two[name] for name in one if not name.startswith("ci"))
        wider = [float(row["ci_high"] or 0) - float(row["ci_low"] or 0) for row in found]
        assert sum(wider) > 1.1 * sum(float(row["ci_high"] or 0) - float(row["ci_low"] or 0) for row in plain)
        # A cluster of its own for each sample: the standard error of independent samples, on the scale of log odds.
        np.save(folder / "own.npy", np.arange(D * T))
        for row in records(run("bins", *pair(folder), *more, "--clusters", folder / "own.npy")):
            n, share = int(row["count"]), float(row["accuracy"] or "nan")
            if n > 25 and 0 < share < 1:
                half = t.ppf(0.975, n - 1) / np.sqrt((n - 1) * share * (1 - share))
                assert [expit(logit(share) - half), expit(logit(share) + half)] == pytest.approx(
                    column([row], "ci_low") + column([row], "ci_high"), rel=1e-9
                )


def test_samples_show_the_cluster_if_one_is_named(run: Run, folder: Path) -> None:
    plain = records(run("samples", *pair(folder)))
    assert "weight" == list(plain[0])[-1]
    found = records(run("samples", *pair(folder), "--groups", folder / "meta.csv", "--clusters", "doc"))
    assert [f"d{doc}" for doc in DOC] == [row.pop("cluster") for row in found]
    assert plain == found
    worst = records(
        run("samples", *pair(folder), "--worst", "7", "--chunk-rows", "9", "--clusters", folder / "doc.npy")
    )
    assert [str(int(row["row"]) // T) for row in worst] == [row["cluster"] for row in worst]
    tokens = [folder / "xx.npy", folder / "yy.npy", "--flatten"]
    assert "weight" == list(records(run("samples", *tokens))[0])[-1]
    assert [str(doc) for doc in DOC] == [
        row["cluster"] for row in records(run("samples", *tokens, "--clusters", "first-axis"))
    ]
    assert 0 == run("samples", *pair(folder), "--clusters", folder / "doc.npy", "-o", folder / "out.parquet").code
    assert DOC.tolist() == pq.read_table(folder / "out.parquet")["cluster"].to_pylist()
    assert DOC.tolist() == [row.cluster for row in lscli.per_sample(*pair(folder), clusters=DOC).rows]
    assert {None} == {row.cluster for row in lscli.per_sample(*pair(folder)).rows}


def test_weights_that_sum_to_one_still_have_errors_of_clusters(run: Run, folder: Path) -> None:
    np.save(folder / "w.npy", np.full(D * T, 1 / (D * T)))
    how = ["--weights", folder / "w.npy", "--clusters", folder / "doc.npy", *METRICS]
    answer = run("eval", *pair(folder), *how)
    assert "they are read as counts, so means are right; n, what counts samples" in answer.err
    expected = column(records(run("eval", *pair(folder), *METRICS, "--clusters", folder / "doc.npy")), "stderr")
    assert expected == pytest.approx(column(records(answer._replace(err="")), "stderr"), rel=1e-9, nan_ok=True)


def test_a_name_of_two_meanings_is_the_column_and_is_said(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    os.link("doc.npy", "doc")
    how = ["eval", "x.npy", "y.npy", *METRICS, "--groups", "meta.csv", "--clusters"]
    answer = run(*how, "doc")
    assert "doc is a column of meta.csv and a file: the column is read; for the file, write ./doc" in answer.err
    os.rename("doc", "other")
    assert answer.out == run(*how, "doc").out


def test_groups_of_one_array_need_no_column(run: Run, folder: Path) -> None:
    site = np.array(list("ab"))[DOC % 2]
    expected = run("eval", *pair(folder), *METRICS, "--groups", folder / "meta.csv", "--group-by", "site")
    np.save(folder / "site.npy", site)
    np.savez(folder / "site.npz", site=site, id=DOC)
    np.savetxt(folder / "site.csv", site, "%s")
    (folder / "site.txt").write_text("site\n" + "\n".join(site) + "\n")
    pq.write_table(pa.table({"site": site.tolist()}), folder / "site.parquet")
    for name in ("site.npy", "site.csv", "site.txt", "site.parquet"):
        assert expected == run("eval", *pair(folder), *METRICS, "--groups", folder / name)
    assert expected == run("eval", *pair(folder), *METRICS, "--groups", folder / "site.npz", "--group-by", "site")
    # One group for each document of flattened samples.
    np.save(folder / "few.npy", site[::T])
    tokens = run(
        "eval", folder / "xx.npy", folder / "yy.npy", "--flatten", *METRICS, "--groups", folder / "few.npy", "-q"
    )
    assert values(expected, "b") == values(tokens, "b")


@pytest.mark.parametrize("command", ["eval", "sweep", "bins", "samples"])
def test_clusters_that_do_not_fit_are_refused(run: Run, folder: Path, command: str) -> None:
    for name, array in (("short", DOC[1:]), ("two", DOC.reshape(D, T)), ("complex", DOC + 0j)):
        np.save(folder / f"{name}.npy", array)
    what = [command, *pair(folder), "--clusters"]
    assert_refused(run(*what, folder / "short.npy"), 3, "rows differ: 120 logits, 119 clusters", "short.npy")
    assert_refused(run(*what, folder / "two.npy"), 3, "need clusters of shape (N,), got (24, 5)")
    assert_refused(run(*what, folder / "complex.npy"), 3, "complex128 values, not strings or numbers")
    assert_refused(run(*what, folder / "none.npy"), 3, "none.npy")
    assert_refused(run(*what, "doc"), 3, "'doc' is not a file", "add --groups META.csv")
    assert_refused(run(*what, "first-axis"), 2, "the samples have one axis", "a column of --groups")
    assert_refused(run(*what, ""), 3, "an empty path", "name a file")
    np.savez(folder / "both.npz", one=DOC, two=DOC)
    hint = "name one with --groups FILE --clusters"
    assert_refused(
        run(*what, folder / "both.npz"), 3, "several arrays and none is called clusters", f"{hint}: one, two"
    )
    assert_refused(run(*what, folder / "meta.csv"), 2, "no column is named", f"{hint} COLUMN: id, doc, site")
    assert_refused(run(*what, "dok", "--groups", folder / "meta.csv"), 3, "neither a column", "did you mean 'doc'")
    tokens = [command, folder / "xx.npy", folder / "yy.npy", "--flatten", "--clusters"]
    assert_refused(run(*tokens, folder / "short.npy"), 3, "clusters (119,) do not fit", "each of the 24 entries")


def test_a_row_without_a_cluster_is_refused_unless_it_is_ignored(run: Run, folder: Path) -> None:
    (folder / "doc.csv").write_text(
        "doc,x\n" + "".join(f"{'' if row == 7 else doc},1\n" for row, doc in enumerate(DOC))
    )
    what = ["eval", *pair(folder), "--groups", folder / "doc.csv", "--clusters", "doc"]
    assert_refused(run(*what), 3, "doc.csv[doc]: row 7 has no cluster", "give it a cluster of its own")
    labels = Y.copy()
    labels[7] = -100
    np.save(folder / "y.npy", labels)
    assert 0 == run(*what).code
    for missing in (None, float("nan"), pd.NA):
        given: Any = [missing if row == 7 else doc for row, doc in enumerate(DOC)]
        with pytest.raises(InputError, match="clusters: row 7 has no cluster"):
            lscli.evaluate(X, Y, clusters=given)


def test_questions_without_standard_errors_have_no_clusters(run: Run, folder: Path) -> None:
    for words in (["classes"], ["explain", "1.2"]):
        assert 2 == run(*words, *pair(folder), "--clusters", folder / "doc.npy").code
    with pytest.raises(UsageError, match="clusters: is not an option"):
        lscli.per_class(X, Y, clusters=DOC)  # type: ignore[arg-type]
    report = lscli.per_class(TOKENS, OF_TOKENS, flatten=True)
    assert "clusters" not in report.samples


def test_standard_input_is_read_once(run: Run, folder: Path) -> None:
    assert_refused(run("eval", "-", folder / "y.npy", "--clusters", "-"), 2, "standard input can be read only once")
    expected = run("eval", *pair(folder), *METRICS, "--clusters", folder / "doc.npy").out
    lines = "".join(json.dumps({"doc": f"d{doc}"}) + "\n" for doc in DOC)
    for data, more in (
        ((folder / "doc.npy").read_bytes(), ["--clusters", "-"]),
        (lines.encode(), ["--clusters", "-"]),
        ((folder / "meta.csv").read_bytes(), ["--groups", "-", "--clusters", "doc"]),
    ):
        assert expected == lscli_process("eval", *pair(folder), *METRICS, *more, input=data, text=False).stdout.decode()


def test_the_clusters_are_not_overwritten(run: Run, folder: Path) -> None:
    path = folder / "doc.npy"
    assert_refused(run("eval", *pair(folder), "--clusters", path, "-o", path), 2, "the output is one of the inputs")
