"""Arrays of `.npz` archives, stored or packed, are found by their keys and proved before they are used."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lscli
from lscli.cli.main import main
from lscli.errors import InputError
from lscli.io.files import RegularFile
from lscli.io.formats import npz, zip_archive
from tests.io.make import archive, descriptors, figures, saved, some_labels, some_logits

LOGITS, LABELS = some_logits(40, 5), some_labels(40, 5)
EXPECTED = figures(lscli.evaluate(LOGITS, LABELS))
PACKED = [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
CENTRAL = b"PK\x01\x02"  # begins a member's entry in the list at an archive's end


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.npz"


def refused(path: Path, says: str, kind: type[lscli.LscliError] = InputError, **options: Any) -> lscli.LscliError:
    with pytest.raises(kind, match=says) as caught:
        lscli.evaluate(path, **{"labels": LABELS, **options})
    assert caught.value.where.startswith(str(path))
    return caught.value


def patched(path: Path, at: int, value: bytes) -> None:
    """Overwrite bytes from `at` on."""
    data = bytearray(path.read_bytes())
    data[at : at + len(value)] = value
    path.write_bytes(data)


@pytest.mark.parametrize("chunk_rows", [None, 7])
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, *PACKED])
def test_a_member_gives_the_figures_of_its_array(path: Path, compression: int, chunk_rows: int | None) -> None:
    archive(path, compression, logits=LOGITS, labels=LABELS)
    assert EXPECTED == figures(lscli.evaluate(path, chunk_rows=chunk_rows))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_saves_is_read_and_named(path: Path, save: Any) -> None:
    save(path, logits=np.asfortranarray(LOGITS.astype(">f4")), labels=LABELS.astype(">i2"))
    report = lscli.evaluate(path)
    assert EXPECTED == figures(report)
    assert [f"{path}[logits]", f"{path}[labels]"] == [entry["path"] for entry in report.inputs]


def test_the_command_reads_both_from_one_archive(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    archive(path, zipfile.ZIP_DEFLATED, logits=LOGITS, labels=LABELS)
    assert 0 == main(["eval", str(path), "-f", "csv"])
    out, err = capfd.readouterr()
    assert "" == err
    assert len(EXPECTED) + 1 == len(out.splitlines())


@pytest.mark.parametrize("members", [{"scores": LOGITS}, {"logits": LOGITS, "features": LOGITS[:, :2]}])
def test_without_a_key_it_is_the_default_name_or_the_only_one(path: Path, members: dict[str, Any]) -> None:
    assert EXPECTED == figures(lscli.evaluate(archive(path, **members), LABELS))


def test_keys_choose_the_members(path: Path) -> None:
    archive(path, scores=LOGITS, logits=LOGITS + 1, truth=LABELS, labels=LABELS * 0)
    assert EXPECTED == figures(lscli.evaluate(path, logits_key="scores", labels_key="truth"))


def test_the_command_takes_the_keys(path: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    archive(path, a=LOGITS, b=LABELS)
    assert 0 == main(["eval", str(path), "--logits-key", "a", "--labels-key", "b"])
    assert 0 == main(["eval", str(path), str(path), "--logits-key", "a", "--labels-key", "b"])


def test_labels_have_an_archive_of_their_own(path: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "logits.npy", LOGITS)
    assert EXPECTED == figures(lscli.evaluate(tmp_path / "logits.npy", archive(path, y=LABELS)))


def test_several_arrays_without_the_name_are_listed(path: Path) -> None:
    error = refused(archive(path, a=LOGITS, b=LOGITS), "holds several arrays and none is called logits")
    assert "name one with logits_key: a, b" == error.hint


def test_an_unknown_key_is_answered_with_the_nearest(path: Path) -> None:
    archive(path, logits=LOGITS, labels=LABELS)
    assert "did you mean 'logits'?" == refused(path, "holds no array 'logit'", logits_key="logit").hint
    assert "it holds logits, labels" == refused(path, "holds no array 'zzz'", logits_key="zzz").hint


def test_labels_that_are_left_out_and_not_there_are_asked_for(path: Path) -> None:
    assert refused(archive(path, a=LOGITS), "holds no array 'labels'", labels=None).hint.endswith("it holds a")


def test_only_an_archive_can_hold_both(tmp_path: Path) -> None:
    np.save(tmp_path / "logits.npy", LOGITS)
    with pytest.raises(lscli.UsageError, match="no labels were given"):
        lscli.evaluate(tmp_path / "logits.npy")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_cut_off_anywhere_is_corrupt(path: Path, compression: int) -> None:
    data = archive(path, compression, logits=LOGITS, labels=LABELS).read_bytes()
    for size in (0, 3, 30, 200, len(data) // 2, len(data) - 30, len(data) - 1):
        path.write_bytes(data[:size])
        refused(path, "corrupt archive")


def test_bytes_that_are_missing_inside_are_seen(path: Path) -> None:
    data = archive(path, logits=LOGITS).read_bytes()
    path.write_bytes(data[:200] + data[300:])
    refused(path, "corrupt archive")


def test_a_wrong_checksum_of_a_packed_member_is_seen(path: Path) -> None:
    data = archive(path, zipfile.ZIP_DEFLATED, logits=LOGITS).read_bytes()
    patched(path, data.index(CENTRAL) + 16, b"\1\2\3\4")
    refused(path, "corrupt archive: Bad CRC-32")


@pytest.mark.parametrize("compression", PACKED)
def test_damaged_data_of_a_packed_member_is_seen(path: Path, compression: int) -> None:
    archive(path, compression, logits=LOGITS)
    patched(path, 200, b"\xa5" * 40)
    refused(path, "corrupt archive")


def test_a_stored_member_without_its_own_header_is_seen(path: Path) -> None:
    archive(path, logits=LOGITS)
    patched(path, 0, b"XX")
    refused(path, "corrupt archive")


def test_a_stored_member_that_ends_after_the_file_is_seen(path: Path) -> None:
    data = archive(path, logits=LOGITS).read_bytes()
    patched(path, data.index(CENTRAL) + 20, (1 << 20).to_bytes(4, "little") * 2)
    refused(path, "corrupt archive")


def test_a_packed_member_that_holds_more_than_it_declares_is_seen(path: Path) -> None:
    data = archive(path, zipfile.ZIP_DEFLATED, logits=LOGITS).read_bytes()
    patched(path, data.index(CENTRAL) + 24, (500).to_bytes(4, "little"))
    refused(path, "corrupt archive")


def test_a_packed_member_that_takes_more_than_the_archive_has_is_seen(path: Path) -> None:
    data = archive(path, zipfile.ZIP_DEFLATED, logits=LOGITS).read_bytes()
    patched(path, data.index(CENTRAL) + 20, (1 << 30).to_bytes(4, "little") * 2)
    refused(path, "corrupt archive: a member ends after the file")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_of_another_name_than_the_one_listed_is_seen(path: Path, compression: int) -> None:
    data = archive(path, compression, logits=LOGITS).read_bytes()
    patched(path, data.index(b"logits"), b"labels")
    refused(path, "corrupt archive: bad local header")


def test_a_stored_member_of_two_sizes_is_seen(path: Path) -> None:
    data = archive(path, logits=LOGITS).read_bytes()
    patched(path, data.index(CENTRAL) + 20, (len(saved(LOGITS)) - 1).to_bytes(4, "little"))
    refused(path, "corrupt archive: an uncompressed member has two sizes")


@pytest.mark.parametrize("flag", [0x20, 0x40])
def test_a_form_that_zipfile_does_not_read_is_refused(path: Path, flag: int) -> None:
    data = archive(path, logits=LOGITS).read_bytes()
    patched(path, data.index(CENTRAL) + 8, bytes([flag]))
    refused(path, "corrupt archive")


def test_an_archive_behind_something_else_is_refused(path: Path) -> None:
    path.write_bytes(b"#!/bin/sh\n" + archive(path, logits=LOGITS).read_bytes())
    refused(path, "corrupt archive: other bytes come before it")


def test_a_dictionary_that_takes_gigabytes_is_refused(path: Path) -> None:
    archive(path, zipfile.ZIP_LZMA, logits=LOGITS)
    patched(path, 30 + len("logits.npy") + 5, (3 << 30).to_bytes(4, "little"))
    assert "np.savez" in refused(path, "unpacking it takes 3 GiB of memory").hint


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_key_is_printable_in_errors(path: Path, compression: int) -> None:
    with zipfile.ZipFile(path, "w", compression) as target:
        target.writestr("a\n\x1b[2J.npy", b"")
    assert r"x.npz[a\n\x1b[2J]: empty file" in str(refused(path, "empty file"))


def test_the_list_of_an_archive_is_read_once_for_all_its_members(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive(path, zipfile.ZIP_DEFLATED, **{f"a{number}": LABELS for number in range(9)})
    opened = []

    class Counted(zipfile.ZipFile):
        def __init__(self, *arguments: Any) -> None:
            opened.append(arguments)
            super().__init__(*arguments)

    monkeypatch.setattr(zipfile, "ZipFile", Counted)
    assert 9 == len(npz.contents(RegularFile(str(path))))
    assert 1 == len(opened)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_encrypted_member_is_refused(path: Path, compression: int) -> None:
    data = archive(path, compression, logits=LOGITS).read_bytes()
    patched(path, data.index(CENTRAL) + 8, b"\1")
    refused(path, "encrypted archives are refused")


def test_an_unknown_compression_is_refused(path: Path) -> None:
    data = archive(path, zipfile.ZIP_DEFLATED, logits=LOGITS).read_bytes()
    patched(path, data.index(CENTRAL) + 10, b"\x63")
    refused(path, "corrupt archive")


def test_a_bomb_is_refused_before_it_is_unpacked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unpack(*arguments: object) -> None:
        raise AssertionError("it was unpacked")

    archive(path, zipfile.ZIP_DEFLATED, logits=np.zeros((10_000, 5), np.float32))
    monkeypatch.setattr(zip_archive, "_RATIO_FROM", 1000)
    monkeypatch.setattr(zipfile, "ZipExtFile", unpack)
    assert "np.savez" in refused(path, r"expands \d+-fold").hint


def test_an_archive_that_expands_less_is_no_bomb(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_archive, "_RATIO_FROM", 0)
    assert EXPECTED == figures(lscli.evaluate(archive(path, zipfile.ZIP_DEFLATED, logits=LOGITS), LABELS))


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, *PACKED])
@pytest.mark.parametrize("order", ["C", "F"])
def test_one_wrong_bit_of_the_data_is_seen_at_the_end(path: Path, compression: int, order: str) -> None:
    archive(path, compression, logits=np.asarray(LOGITS, order="F" if order == "F" else "C"))
    data = path.read_bytes()
    at = 600 if compression == zipfile.ZIP_STORED else data.index(CENTRAL) + 16  # the data, or its checksum
    patched(path, at, bytes([data[at] ^ 1]))
    for chunk_rows in (1, 7, None):
        refused(path, "corrupt archive", chunk_rows=chunk_rows)


def test_the_checksum_is_compared_also_where_nobody_reads_all(path: Path) -> None:
    labels = LABELS.copy()
    labels[-5:] = -100  # parts whose samples are all ignored are passed over
    data = archive(path, logits=LOGITS).read_bytes()
    at = data.index(saved(LOGITS)[-4:])
    patched(path, at, bytes([data[at] ^ 1]))
    refused(path, "corrupt archive: the checksum", labels=labels, chunk_rows=1)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_is_proved_as_strictly_as_a_file(path: Path, compression: int) -> None:
    for data, says in (
        (b"", "empty file"),
        (b"hello", "not a .npy file"),
        (saved(LOGITS)[:-1], "truncated"),
        (saved(LOGITS) + b"x", "trailing bytes"),
        (saved(np.array([[None]], object)), "object arrays are refused"),
        (saved(np.zeros((40, 5), np.int32)), "int32 values are refused"),
    ):
        assert f"{path}[logits]" == refused(archive(path, compression, logits=data), says).where


def test_an_archive_without_members_is_empty(path: Path) -> None:
    refused(archive(path), "the archive is empty")


@pytest.mark.parametrize(
    ("data", "says"),
    [(b"", "corrupt archive"), (b"hello", "corrupt archive"), (saved(LOGITS), "a .npy file, not an .npz archive")],
)
def test_another_file_by_that_name_is_refused(path: Path, data: bytes, says: str) -> None:
    path.write_bytes(data)
    refused(path, says)


def test_an_archive_by_the_name_of_an_array_is_recognised(tmp_path: Path) -> None:
    error = refused(archive(tmp_path / "x.npy", logits=LOGITS), "a zip archive, not a .npy file")
    assert "if it is an .npz archive, give it the suffix .npz or say input_format='npz'" == error.hint


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_all_descriptors_are_closed_in_the_end(path: Path, compression: int) -> None:
    archive(path, compression, logits=LOGITS, labels=LABELS)
    before = descriptors()
    lscli.evaluate(path)
    refused(path, "holds no array", logits_key="none")
    assert before == descriptors()
