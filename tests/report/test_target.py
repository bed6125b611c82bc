import pytest

from kosent_lab.core.exceptions import DataError
from kosent_lab.report import page


def test_a_page_of_ours_is_written_over_and_another_is_not(tmp_path):
    (tmp_path / "report.html").write_text("<p>mine</p>", "utf-8")
    with pytest.raises(DataError, match="is no page of kosent-lab and would be lost"):
        page.Page("<p>kosent-lab 1</p>", {}).save(tmp_path)
    assert (tmp_path / "report.html").read_text("utf-8") == "<p>mine</p>"
    (tmp_path / "report.html").write_text("<p>kosent-lab 0</p>", "utf-8")
    page.Page("<p>kosent-lab 1</p>", {}).save(tmp_path)
    assert "kosent-lab 1" in (tmp_path / "report.html").read_text("utf-8")


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "a.csv").write_text("text\n", "utf-8")
    with pytest.raises(DataError, match="a page is saved in a folder"):
        page.check_target(tmp_path / "a.csv")
