import gzip
import io
import tarfile
import tracemalloc
import zipfile

import pytest

from kosent_lab.core.exceptions import DataError, NotAvailableError
from kosent_lab.curation import archives
from kosent_lab.curation.archives import read_archive
from kosent_lab.curation.folders import decode

FILES = {"a-1.0/setup.py": b"name = 'a'\n", "a-1.0/한글.txt": "글".encode(), "a-1.0/b.bin": b"\0\1"}


def tar(path, mode="w:gz", **more):
    with tarfile.open(path, mode) as archive:
        for name, content in (FILES | more).items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return path


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_files_of_a_tar_are_documents(tmp_path, mode):
    found = read_archive(tar(tmp_path / "a.tar", mode)).set_index("path")
    assert found["skipped"].to_dict() == {"a-1.0/b.bin": "binary", "a-1.0/setup.py": "", "a-1.0/한글.txt": ""}
    assert found.loc["a-1.0/setup.py", "language"] == "Python"


def test_a_zip_gives_the_same_documents_as_a_tar(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    assert read_archive(tmp_path / "a.zip").equals(read_archive(tar(tmp_path / "a.tar")))


def test_names_that_lead_out_and_links_are_named_and_not_followed(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for name in ("../out", "/etc/passwd", "a/../../b", "C:/x", "..\\out"):
            about = tarfile.TarInfo(name)
            archive.addfile(about, io.BytesIO(b""))
        for kind, name in ((tarfile.SYMTYPE, "soft"), (tarfile.LNKTYPE, "hard"), (tarfile.CHRTYPE, "device")):
            about = tarfile.TarInfo(name)
            about.type, about.linkname = kind, "/etc/passwd"
            archive.addfile(about)
    found = read_archive(path).set_index("path")["skipped"]
    assert found[["soft", "hard"]].tolist() == ["link", "link"]
    assert found["device"] == "no file"
    assert set(found.drop(["soft", "hard", "device"])) == {"leads out of the archive"}


def test_bombs_are_not_unfolded(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(1_500_000))
        archive.writestr("large", bytes(3_000_000))
    assert read_archive(tmp_path / "a.zip").set_index("path")["skipped"].to_dict() == {
        "zeros": "unfolds too far",
        "large": "too large",
    }
    monkeypatch.setattr(archives, "MOST_FILES", 2)
    with pytest.raises(DataError, match="holds more than 2 files"):
        read_archive(tar(tmp_path / "a.tar"))
    monkeypatch.setattr(archives, "MOST_FILES", 9)
    monkeypatch.setattr(archives, "MOST_BYTES", 10)
    with pytest.raises(DataError, match="or 10 bytes; it is not read"):
        read_archive(tar(tmp_path / "a.tar"))


def test_what_is_no_whole_archive_is_told(tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(b"not an archive")
    whole = tar(tmp_path / "b.tar.gz").read_bytes()
    (tmp_path / "c.tar.gz").write_bytes(whole[: len(whole) // 2])
    for name in ("a.tar.gz", "c.tar.gz"):
        with pytest.raises(DataError, match="archive|damaged"):
            read_archive(tmp_path / name)
    with pytest.raises(NotAvailableError, match="there is no archive"):
        read_archive(tmp_path / "none.zip")


def test_names_in_a_zip_of_windows_are_read(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        about = zipfile.ZipInfo("글/읽어보기.txt")
        archive.writestr(about, "글")
    # as a program writes it that knows no UTF-8: its bytes in CP949, without the mark
    utf, cp949 = "글/읽어보기.txt".encode(), "글/읽어보기.txt".encode("cp949")
    content = bytearray(path.read_bytes().replace(utf, cp949))
    shorter = len(utf) - len(cp949)
    for place, flags, length in ((0, 6, 26), (content.index(b"PK\1\2"), 8, 28)):
        content[place + flags + 1] &= 0xF7
        content[place + length] -= shorter
    end = content.index(b"PK\5\6")
    for place in (12, 16):
        content[end + place] -= shorter
    path.write_bytes(content)
    assert read_archive(path)["path"].tolist() == ["글/읽어보기.txt"]


def test_of_two_files_of_one_name_the_later_is_what_unpacking_leaves(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for content in (b"first\n", b"second\n"):
            about = tarfile.TarInfo("a.txt")
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    assert read_archive(path)["text"].tolist() == ["second\n"]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("글".encode("utf-32"), "utf-32"),
        ("┌──┐ 표 │ 大韓民國의 글 ①".encode("cp949"), "cp949"),
        ("naïve café".encode("latin-1"), None),
        ("日本語の文".encode("shift-jis"), None),
    ],
)
def test_what_a_file_is_written_in(content, encoding):
    found = decode(content)
    assert (found and found[1]) == encoding


def test_folders_are_parted_by_slashes_whatever_wrote_them(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("x")
        info.filename = "vendor\\LICENSE"
        archive.writestr(info, "…")
    (tmp_path / "b.txt").write_text("글", "utf-8")
    with tarfile.open(tmp_path / "b.tgz", "w:gz") as archive:
        archive.add(tmp_path / "b.txt", "./b.txt")
    assert read_archive(tmp_path / "a.zip")["path"].tolist() == ["vendor/LICENSE"]
    assert read_archive(tmp_path / "b.tgz")["path"].tolist() == ["b.txt"]


@pytest.mark.parametrize("kind", [b"L", b"x"])
def test_a_header_that_unfolds_is_refused_before_it_is_read(tmp_path, kind):
    about = tarfile.TarInfo("././@LongLink")
    about.type, about.size = kind, 300_000_000
    path = tmp_path / "bomb.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(about.tobuf(tarfile.GNU_FORMAT))
        for _ in range(30):
            file.write(b"a" * 10_000_000)
        file.write(b"\0" * 1024)
    tracemalloc.start()
    with pytest.raises(DataError, match="a header of 300,000,000 bytes"):
        read_archive(path)
    assert tracemalloc.get_traced_memory()[1] < 50_000_000
    tracemalloc.stop()


def member(name, content, kind=tarfile.REGTYPE):
    about = tarfile.TarInfo(name)
    about.type, about.size = kind, len(content)
    return about.tobuf(tarfile.USTAR_FORMAT) + content + b"\0" * (-len(content) % 512)


def pax(**words):
    records = b""
    for key, value in words.items():
        own = f" {key}={value}\n".encode()
        length = len(own) + len(str(len(own) + len(str(len(own)))))
        records += str(length).encode() + own
    return records


def test_what_unfolds_before_beside_or_behind_files_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_MOST_HEADERS", 3_000)
    monkeypatch.setattr(archives, "_MOST_ZEROS", 1 << 20)
    sparse = pax(**{"GNU.sparse.major": 1, "GNU.sparse.minor": 0, "GNU.sparse.realsize": 10})
    bombs = {
        "sparse file": member("x", sparse, tarfile.XHDTYPE) + member("a.txt", b"9\n" + b"0\n" * 18),
        "a header of": b"".join(member("g", pax(**{f"k{n}": "a" * 900}), tarfile.XGLTYPE) for n in range(9)),
        "more behind": member("a.txt", b"a") + bytes(4 << 20),
    }
    for said, content in bombs.items():
        with gzip.open(tmp_path / "bomb.tar.gz", "wb") as file:
            file.write(content + bytes(1024))
        with pytest.raises(DataError, match=said):
            read_archive(tmp_path / "bomb.tar.gz")
    monkeypatch.setattr(archives, "_MOST_STREAM", 10_000)
    with tarfile.open(tmp_path / "long.tar.gz", "w:gz") as archive:
        about = tarfile.TarInfo("b.bin")
        about.size = 20_000
        archive.addfile(about, io.BytesIO(bytes(20_000)))
    with pytest.raises(DataError, match="unfolds to more than 10,000 bytes"):
        read_archive(tmp_path / "long.tar.gz")


def test_paths_are_as_unpacking_leaves_them(tmp_path):
    with gzip.open(tmp_path / "a.tar.gz", "wb") as file:
        file.write(b"".join(member(name, b"x") for name in ("a//b", "./a/./b", "././c")) + bytes(1024))
    assert read_archive(tmp_path / "a.tar.gz")["path"].tolist() == ["a/b", "c"]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("这是一个测试文件，用来检查编码是否正确。我们希望它不会被当成韩文来读。", "gb2312"),
        ("これは日本語の文章です。文字コードを確かめるためのファイルです。", "euc-jp"),
    ],
)
def test_other_scripts_of_as_old_an_encoding_are_no_korean(text, encoding):
    assert decode(text.encode(encoding)) is None


@pytest.mark.parametrize(
    "text", ["ㅋㅋㅋㅋ 굿", "ㅠㅠㅠㅠ ㅡㅡ", "대한민국 憲法 第一條", "연극 ㅏㅏ 좋다", "꿩 먹고 알 먹고"]
)
def test_korean_with_letters_and_hanja_is_read(text):
    assert decode(text.encode("cp949")) == (text, "cp949")
