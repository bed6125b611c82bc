"""A wish to be left out reaches what was said a thousand times, what was masked, and what was copied."""

import datetime
import sys

import pandas as pd
import pytest

from kosent_lab import cli, curation
from kosent_lab.cli import parser
from kosent_lab.core.exceptions import DataError
from kosent_lab.curation.duplicates import find_overlap
from kosent_lab.curation.identity import add_identity, name_sha256
from kosent_lab.curation.optout import find_wished
from kosent_lab.curation.registry import read_registry, spelt, wish_for_text

LONG = (
    "이 제품은 배송도 빠르고 포장도 꼼꼼해서 선물하기에 정말 좋았습니다 다만 색상이 화면과 조금 달라서 아쉬웠지만 "
    "전체적으로는 만족합니다 다음에도 다시 구매할 생각이 있어요 여러분께도 권하고 싶네요"
)
HEAD = 'name = "mine"\ntitle = "Mine"\nversion = "1.0.0"\nlicence = "CC0-1.0"\n'
SOURCE = '[[sources]]\nfile = "a.csv"\nlicence = "CC0-1.0"\n'
OPT_OUT = '[[steps]]\nstep = "opt-out"\nregistry = "out.csv"\n'
PERSONAL = '[[steps]]\nstep = "personal"\n'
DUPLICATES = '[[steps]]\nstep = "duplicates"\n'


@pytest.fixture
def home(tmp_path):
    (tmp_path / "out.csv").write_text("request,asked_on,kind,value,note\n", "utf-8")
    return tmp_path


def ask_out(home, kind, value):
    with (home / "out.csv").open("a", encoding="utf-8") as file:
        file.write(f"R-1,2026-01-02,{kind},{value},\n")


def build(home, frame, steps, out="v1", version="1.0.0", source=SOURCE, **options):
    frame.to_csv(home / "a.csv", index=False)
    (home / "r.toml").write_text(HEAD.replace("1.0.0", version) + source + steps, "utf-8")
    return curation.build_corpus(curation.read_recipe(home / "r.toml"), home / out, **options)


def alike(n):
    return pd.DataFrame({"doc_id": [f"d{k}" for k in range(n)], "text": [f"{LONG} {k:03d}번째" for k in range(n)]})


@pytest.mark.parametrize(("wished", "n"), [(1, 300), (90, 400)])
def test_near_copies_are_found_however_many_there_are(wished, n):
    frame = alike(n)
    found = find_overlap(frame.iloc[wished:], frame.iloc[:wished].assign(text=LONG + " " + frame["text"].str[-5:]))
    assert len(found) == n - wished


def test_a_wish_takes_all_near_copies_with_it(home):
    frame = pd.concat([pd.DataFrame({"doc_id": ["wished"], "text": [LONG]}), alike(150)])
    ask_out(home, "document", "wished")
    with pytest.raises(DataError, match="no document is left"):
        build(home, frame, OPT_OUT)


def test_what_was_published_masked_is_asked_out_as_it_was_read(home):
    frame = pd.DataFrame({"doc_id": ["a", "b"], "text": ["연락은 010-1234-5678 으로 주세요 정말 좋은 물건", LONG]})
    first = build(home, frame, OPT_OUT + PERSONAL)
    masked = first.frame().set_index("doc_id").loc["a", "text"]
    assert "[전화번호]" in masked
    ask_out(home, "letters", wish_for_text(masked)["letters"])
    second = build(home, frame, OPT_OUT + PERSONAL, version="1.1.0")
    assert second.frame()["doc_id"].tolist() == ["b"]
    for text in (masked, frame["text"][0]):
        assert curation.ask([second], text=text)["what"].tolist() == ["removed"]


def test_the_lineage_does_not_tell_a_number_to_who_tries_them_all(home):
    frame = pd.DataFrame({"doc_id": ["a", "b"], "text": ["문의 010-1234-5678", LONG], "owner": ["김민준", "kim"]})
    ask_out(home, "owner", "김민준")
    lineage = build(home, frame, OPT_OUT + PERSONAL).lineage()
    assert lineage["letters_sha256"].tolist() == [wish_for_text("문의 [전화번호]")["letters"]]
    assert "김민준" not in lineage.to_csv()
    snapshot = curation.open_snapshot(home / "v1")
    assert curation.ask([snapshot], owner="김민준")["what"].tolist() == ["removed"]


def test_a_short_text_is_everybodys(home, capsys):
    frame = pd.DataFrame({"doc_id": list("abc"), "text": ["최고", "최고!", LONG], "user": ["u", "v", "w"]})
    ask_out(home, "user", "u")
    assert build(home, frame, OPT_OUT).frame()["doc_id"].tolist() == ["b", "c"]
    words = ["corpus", "opt-out", str(home / "out.csv"), "--request", "R-2", "--text", "최고"]
    assert parser.main(words) == 1
    assert "fewer than 12 letters" in capsys.readouterr().err


def test_an_id_is_no_number_and_a_place_is_no_id(home):
    frame = pd.DataFrame({"doc_id": ["10", "10.0"], "text": [LONG, "아주 다른 글이다"]})
    ask_out(home, "document", "10")
    assert build(home, frame, OPT_OUT).frame()["doc_id"].tolist() == ["10.0"]
    (home / "out.csv").write_text("request,asked_on,kind,value,note\n1,2026-01-01,document,row-2,\n", "utf-8")
    with pytest.raises(DataError, match="names row-2 by its place in a file"):
        build(home, frame, OPT_OUT, version="1.1.0")


def test_ids_stay_when_a_second_source_comes(home):
    frame = pd.DataFrame({"text": [LONG, "아주 다른 글이다"]})
    first = build(home, frame, "")
    pd.DataFrame({"text": ["또 하나의 글이 여기 있다"]}).to_csv(home / "b.csv", index=False)
    second = build(home, frame, "", out="v2", version="1.1.0", source=SOURCE + SOURCE.replace("a.csv", "b.csv"))
    changes = curation.compare_snapshots(first, second)
    assert [len(changes[kind]) for kind in ("added", "removed", "changed")] == [1, 0, 0]


def test_opt_out_is_the_first_step(home):
    with pytest.raises(DataError, match="line 11: opt-out is the first step"):
        build(home, alike(2), DUPLICATES + OPT_OUT)


def test_who_asks_is_told_of_a_text_that_was_changed_and_then_taken_out(home):
    texts = [f"{LONG} 연락 010-1234-567{k}" for k in (8, 9)]
    snapshot = build(home, pd.DataFrame({"doc_id": ["a", "b"], "text": texts}), PERSONAL + DUPLICATES)
    found = curation.ask([snapshot], text=texts[1])
    assert set(found.loc[found["what"] == "removed", "doc_id"]) == {"b"}
    assert "b" not in set(found.loc[found["what"] == "held", "doc_id"])


def test_folders_of_one_version_are_told_apart(home, capsys):
    for out, ids in (("p", ["1", "2"]), ("q", ["2", "3"])):
        build(home, pd.DataFrame({"doc_id": ids, "text": [LONG, "아주 다른 글이다"]}), "", out=out)
    assert parser.main(["corpus", "ask", str(home / "p"), str(home / "q"), "--document", "1"]) == 0
    said = capsys.readouterr().out
    assert f"in {home / 'p'}: 1 held" in said
    assert f"in {home / 'q'}: not known" in said


def test_a_version_may_be_built_beside_the_one_before(home):
    build(home, alike(3), "")
    second = build(home, alike(4), "", out="v2", version="1.1.0", previous=home / "v1")
    assert "Since 1.0.0: 1 added, 0 removed" in (second.folder / "CHANGELOG.md").read_text("utf-8")
    assert curation.open_snapshot(home / "v1").rows == 3


def test_a_name_may_stand_in_the_registry_as_its_hash(home, capsys):
    frame = pd.DataFrame({"doc_id": list("ab"), "text": [LONG, "아주 다른 글이다"], "user": ["이서연", "김민준"]})
    words = ["corpus", "opt-out", str(home / "out.csv"), "--request"]
    assert parser.main([*words, "R-1", "--user", "이서연", "--hashed"]) == 0
    assert parser.main([*words, "R-2", "--user", "아무개", "--hashed"]) == 0
    assert "이서연" not in (home / "out.csv").read_text("utf-8")
    snapshot = build(home, frame, OPT_OUT)
    assert snapshot.frame()["doc_id"].tolist() == ["b"]
    assert snapshot.manifest["steps"][0]["facts"]["unmatched"] == ["R-2"]


def test_a_copy_follows_a_wish_when_its_original_is_gone_from_the_sources(home):
    frame = pd.DataFrame({"doc_id": ["a", "copy", "other"], "text": [LONG, LONG + "!", "전혀 다른 글입니다 잘 봤어요"]})
    ask_out(home, "document", "a")
    build(home, frame, OPT_OUT)
    later = build(home, frame.iloc[1:], OPT_OUT, out="v2", version="1.1.0", previous=home / "v1")
    assert later.frame()["doc_id"].tolist() == ["other"]
    third = build(home, frame.iloc[1:], OPT_OUT, out="v3", version="1.2.0", previous=home / "v2")  # and so on
    assert third.frame()["doc_id"].tolist() == ["other"]
    (home / "out.csv").write_text("request,asked_on,kind,value,note\n", "utf-8")  # withdrawn
    last = build(home, frame.iloc[1:], OPT_OUT, out="v4", version="1.3.0", previous=home / "v3")
    assert last.frame()["doc_id"].tolist() == ["copy", "other"]
    assert not (last.folder / "asked.parquet").exists()


def test_a_wish_is_remembered_over_versions_in_which_nothing_followed_it(home):
    frame = pd.DataFrame({"doc_id": ["a", "copy", "other"], "text": [LONG, LONG + "!", "전혀 다른 글입니다 잘 봤어요"]})
    ask_out(home, "document", "a")
    build(home, frame.iloc[[0, 2]], OPT_OUT)
    for number in (2, 3):  # the original is gone from the sources, and no copy is there
        build(home, frame.iloc[2:], OPT_OUT, f"v{number}", f"1.{number}.0", previous=home / f"v{number - 1}")
    last = build(home, frame.iloc[1:], OPT_OUT, "v4", "1.4.0", previous=home / "v3")
    assert last.frame()["doc_id"].tolist() == ["other"]
    assert curation.verify(last)["ok"].all()


def test_a_killed_build_does_not_go_on_with_another_former_versions_wishes(home, monkeypatch):
    frame = pd.DataFrame({"doc_id": ["copy", "other"], "text": [LONG + "!", "전혀 다른 글입니다 잘 봤어요"]})
    ask_out(home, "document", "a")
    build(home, pd.DataFrame({"doc_id": ["a", "other"], "text": [LONG, frame["text"][1]]}), OPT_OUT)
    build(home, frame.iloc[1:], OPT_OUT, "u1")  # a former version that took nothing out
    monkeypatch.setattr("kosent_lab.curation.build._write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        build(home, frame, OPT_OUT, "v2", "1.1.0", previous=home / "u1")
    monkeypatch.undo()
    assert build(home, frame, OPT_OUT, "v2", "1.1.0", previous=home / "v1").frame()["doc_id"].tolist() == ["other"]


def test_users_that_are_numbers_are_asked_for_as_they_are_wished_out(home):
    frame = pd.DataFrame({"doc_id": ["a", "b"], "text": [LONG, "전혀 다른 글입니다 잘 봤어요"], "user": [1, 2]})
    frame.to_parquet(home / "a.parquet")
    (home / "r.toml").write_text(HEAD + SOURCE.replace("a.csv", "a.parquet"), "utf-8")
    snapshot = curation.build_corpus(curation.read_recipe(home / "r.toml"), home / "v1")
    assert curation.ask([snapshot], user="2")["doc_id"].tolist() == ["b"]
    assert curation.ask([snapshot], user="kim").empty
    with pytest.raises(DataError, match="no column 'users'"):
        snapshot.find(users="2")  # at once, not when the first batch is asked for


@pytest.mark.parametrize("kind", ["document", "owner"])
@pytest.mark.parametrize("text", [LONG, "문의는 010-2345-6789 로 전화 주세요 언제나 친절히 답합니다"])
def test_a_copy_follows_when_the_original_is_gone_whatever_it_holds(home, kind, text):
    frame = pd.DataFrame(
        {"doc_id": ["A", "C"], "owner": ["kim", "lee"], "text": [text, "다른 글입니다 아무 상관이 없는"]}
    )
    build(home, frame, OPT_OUT + PERSONAL)
    ask_out(home, kind, "A" if kind == "document" else "Kim")
    second = build(home, frame, OPT_OUT + PERSONAL, version="1.1.0")
    assert second.frame()["doc_id"].tolist() == ["C"]
    fork = frame.assign(doc_id=["FORK", "C"], owner=["park", "lee"])
    third = build(home, fork, OPT_OUT + PERSONAL, version="1.2.0")
    assert third.frame()["doc_id"].tolist() == ["C"]


def test_a_wish_that_is_corrected_lets_go_of_what_it_named(home):
    frame = pd.DataFrame({"doc_id": ["A", "B", "C"], "text": [LONG, LONG[::-1], LONG.replace("색상", "가격") * 2]})
    build(home, frame, OPT_OUT)
    ask_out(home, "document", "A")
    assert build(home, frame, OPT_OUT, version="1.1.0").frame()["doc_id"].tolist() == ["B", "C"]
    (home / "out.csv").write_text("request,asked_on,kind,value,note\n", "utf-8")
    ask_out(home, "document", "B")
    assert build(home, frame, OPT_OUT, version="1.2.0").frame()["doc_id"].tolist() == ["A", "C"]


@pytest.mark.parametrize("value", ["Alice/One", "https://github.com/alice/one", "git@github.com:alice/one.git"])
def test_a_repository_is_meant_however_hosts_spell_it(home, value):
    frame = pd.DataFrame({"doc_id": ["A", "C"], "repository": ["alice/one", "bob/two"], "text": [LONG, "다른 글"]})
    ask_out(home, "repository", value)
    made = build(home, frame, OPT_OUT)
    assert made.frame()["doc_id"].tolist() == ["C"]
    assert made.manifest["steps"][0]["facts"]["unmatched"] == []
    assert set(curation.ask([made], repository=value)["what"]) == {"removed"}
    assert not any(b"alice" in path.read_bytes() for path in made.folder.iterdir())


def test_a_recipe_without_the_step_is_refused_where_texts_were_asked_out(home):
    ask_out(home, "document", "d1")
    frame = alike(1).assign(doc_id="d1")
    build(home, pd.concat([frame, frame.assign(doc_id="d2", text="아무 상관이 없는 다른 글입니다")]), OPT_OUT)
    with pytest.raises(DataError, match="no step opt-out, so that they would come back"):
        build(home, frame, DUPLICATES, version="1.1.0")


def test_that_texts_are_masked_otherwise_now_is_said(home, monkeypatch, caplog):
    frame = pd.DataFrame({"doc_id": ["A", "C"], "text": [LONG, "다른 글입니다"]})
    ask_out(home, "document", "A")
    build(home, frame, OPT_OUT)
    build(home, frame, OPT_OUT)
    assert "masked" not in caplog.text
    monkeypatch.setattr("kosent_lab.curation.build.fingerprint", lambda: "another")
    build(home, frame, OPT_OUT)
    assert "what is masked has changed since" in caplog.text


def test_a_version_built_twice_has_the_same_bytes(home):
    frame = pd.DataFrame({"doc_id": ["A", "C"], "text": [LONG, "다른 글입니다"]})
    ask_out(home, "document", "A")
    assert build(home, frame, OPT_OUT).sha256 == build(home, frame, OPT_OUT).sha256


def test_a_wish_of_one_owner_leaves_the_licence_files_of_others(home):
    frame = pd.DataFrame(
        {
            "doc_id": ["one/LICENSE", "two/LICENSE", "one/a.py", "two/a.py"],
            "path": ["LICENSE", "LICENSE", "a.py", "a.py"],
            "owner": ["alice", "bob"] * 2,
            "text": [LONG + " 이용 허락합니다. 저작권은 모두에게"] * 2 + [LONG] * 2,
        }
    )
    ask_out(home, "owner", "alice")
    made = build(home, frame, OPT_OUT)
    assert made.frame()["doc_id"].tolist() == ["two/LICENSE"]  # a.py is a copy of hers


def test_what_is_only_called_like_a_licence_file_is_a_copy(home):
    names = ["one/guide.md", "two/license-plates.md", "two/other.md"]
    text = LONG + " © 2024 Alice, 저작권"  # as somebody signs what is no licence
    frame = pd.DataFrame({"doc_id": names, "path": names, "owner": ["alice", "bob", "carol"], "text": [text] * 3})
    ask_out(home, "owner", "alice")
    other = pd.DataFrame(
        {"doc_id": ["else"], "path": ["b.md"], "owner": ["dora"], "text": ["오늘 점심은 국수를 먹었어요"]}
    )
    assert build(home, pd.concat([frame, other]), OPT_OUT).frame()["doc_id"].tolist() == ["else"]


def test_a_copy_does_not_get_out_of_reach_by_its_name(home):
    text = LONG + " copyright, permission and warranty"
    names = ["one/essay.md", "two/LICENSE.md"]
    frame = pd.DataFrame({"doc_id": names, "path": names, "owner": ["alice", "mallory"], "text": [text, text + "!"]})
    ask_out(home, "owner", "alice")
    with pytest.raises(DataError, match="no document is left"):
        build(home, frame, OPT_OUT)
    with pytest.raises(DataError, match="no document is left"):
        build(home, frame.assign(text=[text, text + " 또"]), OPT_OUT + "near = 0.8\n")


def test_a_scanner_is_shown_nothing_that_was_asked_out_and_copies_follow_all_the_same(home):
    refuse = "import sys; sys.exit(b'!' in open(sys.argv[-1], 'rb').read())"
    frame = pd.DataFrame(
        {"doc_id": ["a", "b", "c"], "owner": ["alice", "bob", "dora"], "text": [LONG + "!", LONG, "글"]}
    )
    ask_out(home, "owner", "alice")
    made = build(home, frame, OPT_OUT, scanner=[sys.executable, "-c", refuse])
    assert made.frame()["doc_id"].tolist() == ["c"]
    assert [step["step"] for step in made.manifest["steps"]] == ["opt-out", "scanner"]
    assert "alice" not in made.lineage().to_csv()


def test_who_was_left_out_as_a_user_is_told(home):
    frame = pd.DataFrame({"doc_id": ["a", "b"], "user": [17, 18], "text": [LONG, "다른 글입니다"]})
    ask_out(home, "user", "17")
    made = build(home, frame, OPT_OUT)
    found = curation.ask([made], user="17")
    assert found[["what", "step", "other"]].to_numpy().tolist() == [["removed", "opt-out", "R-1"]]
    assert "17" not in made.lineage()["user"].tolist()
    assert curation.ask([made], user="18")["what"].tolist() == ["held"]


@pytest.mark.parametrize(
    "repository", ["alice/one", "https://github.com/Alice/one", "git@github.com:alice/one.git", "github.com/alice/one"]
)
def test_an_owner_that_is_not_said_is_the_first_part_of_the_repository(home, repository):
    frame = pd.DataFrame({"doc_id": ["a", "b"], "text": [LONG, "다른 글입니다"], "repository": [repository, "bob/two"]})
    ask_out(home, "owner", "alice")
    assert build(home, frame, OPT_OUT).frame()["doc_id"].tolist() == ["b"]
    source = f'[[sources]]\nfolder = "f"\nrepository = "{repository}"\n[[sources]]\nfile = "a.csv"\n'
    (home / "f").mkdir()
    (home / "f" / "x.txt").write_text("남이 쓴 긴 글입니다 여러 줄이에요", "utf-8")
    assert build(home, frame, OPT_OUT, out="v2", source=source).frame()["owner"].tolist() == ["bob"]


def test_a_repository_may_be_called_like_a_page_of_one():
    for name in ("alice/wiki", "https://github.com/alice/wiki.git", "https://github.com/alice/wiki/issues/3"):
        assert spelt(name, "repository") == "alice/wiki"
    assert spelt("https://gitlab.com/group/sub/one/-/tree/main", "repository") == "group/sub/one"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(
            (name, "repository")
            for name in (
                "https://github.com/alice/one/raw/main/a.py", "https://github.com/alice/one/archive/refs/heads/x.zip",
                "https://github.com/alice/one/discussions/3", "https://raw.githubusercontent.com/alice/one/main/a.py",
                "https://api.github.com/repos/alice/one", "github.com:alice/one", "/alice/one", "alice/one\u200b",
                "https://gitlab.com/alice/one/-/archive/main/x.zip", "https://huggingface.co/datasets/alice/one",
            )
        ),
        *((name, "owner") for name in ("github.com/orgs/alice", "https://gitlab.com/users/alice", "alice\u200b")),
    ],
)  # fmt: skip
def test_any_page_of_a_host_names_the_repository_or_its_owner(name, kind):
    assert spelt(name, kind) == ("alice/one" if kind == "repository" else "alice")


def test_what_is_told_of_a_row_that_left_holds_no_person(home):
    frame = pd.DataFrame(
        {
            "doc_id": ["a", "b", "c"], "text": [LONG, "다른 글입니다", "또 하나의 글이 여기 있다"],
            "licence": ["ask kim@mail.example or 010-2345-6789", "CC0-1.0", "CC0-1.0"],
            "user": ["lee", "01023456789", "park"],
        }
    )  # fmt: skip
    ask_out(home, "user", "01023456789")
    licences = '[[steps]]\nstep = "licences"\nallow = ["CC0-1.0"]\n'
    source = SOURCE.replace('licence = "CC0-1.0"\n', "")
    snapshot = build(home, frame, OPT_OUT + licences + PERSONAL, source=source)
    assert snapshot.frame()["doc_id"].tolist() == ["c"]
    told = (snapshot.folder / "manifest.json").read_text("utf-8") + snapshot.lineage().to_csv()
    assert "ask [메일" in told or "ask [" in told
    for held in ("kim@mail", "2345", name_sha256("01023456789")):
        assert held not in told


def test_a_changelog_is_no_markup_of_a_column(home):
    head = "<img src=x>\n## 9.9.9"
    frame = pd.DataFrame({"doc_id": ["a"], "text": [LONG], head: ["1"]})
    build(home, frame, "")
    build(home, frame.assign(**{head: ["2"]}), "", version="1.1.0", out="v1")
    said = (home / "v1" / "CHANGELOG.md").read_text("utf-8")
    assert "<img" not in said.replace("\\<img", "")
    assert "\n## 9" not in said


def test_a_wish_that_is_spelt_otherwise_is_the_same(home):
    frame = pd.DataFrame({"doc_id": ["d0", "d1"], "owner": ["Alice", "bob"], "text": [LONG, "짧고 전혀 다른 글입니다"]})
    ask_out(home, "owner", "Alice")
    build(home, frame, OPT_OUT)
    (home / "out.csv").write_text("request,asked_on,kind,value,note\nR-1,2026-01-02,owner,alice,\n", "utf-8")
    again = frame.assign(doc_id=["z9", "d1"], owner=["mallory", "bob"])  # the original is gone, a copy comes
    second = build(home, again, OPT_OUT, out="v2", version="1.1.0", previous=home / "v1")
    assert second.frame()["doc_id"].tolist() == ["d1"]


def test_a_number_that_names_another_now_was_not_left_out(home):
    frame = pd.DataFrame({"doc_id": ["d0", "d1"], "owner": ["alice", "bob"], "text": [LONG, "짧고 전혀 다른 글입니다"]})
    ask_out(home, "owner", "alice")
    snapshot = build(home, frame, OPT_OUT)
    (home / "out.csv").write_text("request,asked_on,kind,value,note\nR-1,2026-01-02,owner,zoe,\n", "utf-8")
    answers = curation.answer_wishes(read_registry(home / "out.csv"), snapshot, today=datetime.date(2026, 1, 20))
    assert answers["what"].tolist() == ["names no document"]


def test_names_that_are_personal_data_stand_nowhere_and_cannot_be_told(home):
    frame = pd.DataFrame(
        {
            "doc_id": ["d0", "d1"],
            "owner": ["kim@mail.example", "bob"],
            "user": ["010-2345-6789", "bob"],
            "text": [LONG, "짧고 전혀 다른 글입니다"],
        }
    )
    snapshot = build(home, frame, '[[steps]]\nstep = "quality"\nleast_letters = 12\n' + PERSONAL)
    for path in snapshot.folder.iterdir():
        assert b"kim@mail" not in path.read_bytes()
    assert not snapshot.lineage().astype("str").apply(lambda column: column.str.contains("kim@")).any(axis=None)
    ask_out(home, "owner", "kim@mail.example")
    answers = curation.answer_wishes(read_registry(home / "out.csv"), snapshot, today=datetime.date(2026, 1, 20))
    assert answers["what"].tolist() == ["cannot be told: such names are masked in it"]
    with pytest.raises(DataError, match="nobody can tell whose they were"):
        curation.ask([snapshot], user="010-2345-6789")


@pytest.mark.parametrize("column", ["licence_from", "swhid", "revision_swhid"])
def test_whatever_a_source_calls_its_columns_they_are_looked_through(home, column):
    frame = pd.DataFrame({"doc_id": ["d0", "d1"], "text": [LONG, "짧은 글"], column: ["전화 010-2345-6789", "x"]})
    found = build(home, frame, PERSONAL).frame()
    assert not found.astype("str").apply(lambda values: values.str.contains("2345")).any(axis=None)


def test_headings_that_name_a_person_are_refused(home):
    frame = pd.DataFrame({"doc_id": ["d0"], "text": [LONG], "010-2345-6789": ["x"]})
    with pytest.raises(DataError, match="headings of columns hold what names persons"):
        build(home, frame, PERSONAL)


@pytest.mark.parametrize(
    ("kind", "value"), [("repository", "https://github.com/"), ("repository", ".git"), ("owner", " ")]
)
def test_a_wish_that_names_nothing_is_refused(home, kind, value):
    ask_out(home, kind, value)
    with pytest.raises(DataError, match="says for no"):
        build(home, alike(2), OPT_OUT)


def test_a_hashed_name_is_compared_without_case(home):
    frame = pd.DataFrame(
        {"doc_id": ["A", "C"], "owner": ["Alice", "bob"], "text": [LONG, "아무 상관이 없는 다른 글입니다"]}
    )
    ask_out(home, "owner", name_sha256("alice"))
    made = build(home, frame, OPT_OUT)
    assert made.frame()["doc_id"].tolist() == ["C"]
    assert len(curation.ask([made], owner="ALICE")) == 1
    assert curation.ask([made], repository="https://github.com/").empty


def test_what_a_wish_takes_does_not_grow_from_build_to_build(tmp_path):
    """A near copy of a near copy is none of what was asked for."""
    letters = "".join(chr(ord("가") + 37 * n) for n in range(90))
    texts = [letters[4 * n : 4 * n + 60] for n in range(6)]  # each is near to the next alone
    (tmp_path / "s").mkdir()
    for number, text in enumerate(texts):
        (tmp_path / "s" / f"{number}.txt").write_text(text, "utf-8")
    (tmp_path / "reg.csv").write_text("request,asked_on,kind,value,note\nR-1,2026-01-01,document,s/0.txt,\n", "utf-8")
    recipe = 'name = "t"\ntitle = "t"\nversion = "{}"\nlicence = "CC0-1.0"\n[[sources]]\nfolder = "s"\n'
    recipe += 'licence = "CC0-1.0"\n'
    recipe += '[[steps]]\nstep = "opt-out"\nregistry = "reg.csv"\nnear = 0.8\n'
    held = []
    for version in ("1.0.0", "1.0.0", "1.1.0", "1.2.0"):
        (tmp_path / "r.toml").write_text(recipe.format(version), "utf-8")
        snapshot = curation.build_corpus(curation.read_recipe(tmp_path / "r.toml"), tmp_path / "out")
        held.append(sorted(snapshot.frame()["doc_id"]))
    assert held == [[f"s/{n}.txt" for n in range(2, 6)]] * 4


def test_what_was_asked_out_is_remembered_by_the_same_version_built_again(home):
    source = home / "texts"
    source.mkdir()
    (source / "mine.txt").write_text("내가 아주 오래 고쳐 쓴 긴 글이라 빼 달라고 한다", "utf-8")
    (source / "other.txt").write_text("남이 쓴 다른 글이고 아무도 빼 달라고 하지 않는다", "utf-8")
    (home / "reg.csv").write_text(
        "request,asked_on,kind,value,note\nR-1,2026-01-01,document,texts/mine.txt,\n", "utf-8"
    )
    recipe = 'name = "t"\ntitle = "t"\nversion = "1.0.0"\nlicence = "CC0-1.0"\n[[sources]]\nfolder = "texts"\n'
    recipe += 'licence = "CC0-1.0"\n[[steps]]\nstep = "opt-out"\nregistry = "reg.csv"\n'
    path = home / "r.toml"
    path.write_text(recipe, "utf-8")
    curation.build_corpus(curation.read_recipe(path), home / "out")
    text = (source / "mine.txt").read_text("utf-8")
    (source / "mine.txt").unlink()
    curation.build_corpus(curation.read_recipe(path), home / "out")  # the same version, its original gone
    (source / "copy.txt").write_text(text, "utf-8")
    path.write_text(recipe.replace("1.0.0", "1.1.0"), "utf-8")
    newer = curation.build_corpus(curation.read_recipe(path), home / "out")
    assert newer.frame()["doc_id"].tolist() == ["texts/other.txt"]
    lineage = home / "out" / "lineage.parquet"
    newer.lineage().iloc[:0].to_parquet(lineage)
    path.write_text(recipe.replace("1.0.0", "1.2.0"), "utf-8")
    with pytest.raises(DataError, match=r"lineage\.parquet is not the file that t 1\.1\.0 was made with"):
        curation.build_corpus(curation.read_recipe(path), home / "out")


@pytest.mark.parametrize(
    ("kind", "typed", "held"),
    [
        ("owner", "Alice", "alice"),
        ("repository", "https://a.com/Bob/two.git", "bob/two"),
        ("owner", " kim", "Kim"),
    ],
)
def test_a_name_that_is_hashed_is_spelt_as_others_are(tmp_path, kind, typed, held):
    path = tmp_path / "reg.csv"
    cli.main(["corpus", "opt-out", str(path), "--request", "R-1", f"--{kind}", typed, "--hashed"])
    frame = add_identity(pd.DataFrame({"doc_id": ["a"], "text": ["글"], kind: [held]}))
    assert find_wished(frame, read_registry(path))["request"].tolist() == ["R-1"]
