import numpy as np
import pandas as pd
import pytest

from kosent_lab.behaviour import suite_scores, suites
from kosent_lab.behaviour.shifts import word_shifts
from kosent_lab.core.exceptions import DataError, NotAvailableError

SUITE = """
capability = "demo"
says = "a suite by a user"

[words]
shop = ["가게", "식당"]
mood = [{ good = "좋", bad = "나쁘" }]

[[tests]]
name = "plain"
kind = "mft"
label = "positive"
templates = ["{shop:이} {mood.good}아요"]

[[tests]]
name = "marks"
kind = "inv"
tolerance = 0.2
templates = [["{shop:이} {mood.good}아요", "{shop:이} {mood.good}아요!"]]

[[tests]]
name = "very"
kind = "dir"
direction = "up"
least = 0.0
templates = [["{shop:이} {mood.good}아요", "{shop:이} 아주 {mood.good}아요"]]

[[tests]]
name = "never"
kind = "dir"
direction = "down"
templates = [["{shop:이} {mood.good}아요", "{shop:이} 절대 {mood.good}아요"]]
"""


@pytest.fixture
def write(tmp_path):
    def written(text):
        path = tmp_path / "demo.toml"
        path.write_text(text, "utf-8")
        return path

    return written


@pytest.fixture(scope="module")
def bundled_tests():
    return [test for path in suites.suite_files() for test in suites.read_suite(path)]


def test_a_users_suite_is_read_and_scored_by_any_function(write):
    tests = suites.read_suite(write(SUITE), words=None)
    assert [test.kind for test in tests] == ["mft", "inv", "dir", "dir"]
    cases = suite_scores.make_cases(tests)
    assert cases["text"].tolist()[:2] in (["가게가 좋아요", "식당이 좋아요"], ["식당이 좋아요", "가게가 좋아요"])
    asked = []

    def predict(texts):
        asked.extend(texts)
        # wrong on 식당; "!" moves it by 0.3 to 0.7, "아주" down by 0.1, "절대" up: by 0.2 of 식당, by 0.05 of 가게
        moves = {"!": 0.25, "아주": -0.1, "식당이 절대": 0.2, "가게가 절대": 0.05}
        return [0.4 * ("가게" in t) + 0.3 + sum(by for word, by in moves.items() if word in t) for t in texts]

    scored = suite_scores.score_cases(cases, predict)
    assert len(asked) == len(set(asked)) == 8
    failed = scored.set_index([scored["test"], scored["text"].str[:2]])["failed"]
    assert failed.to_dict() == {
        ("plain", "가게"): False, ("plain", "식당"): True,
        ("marks", "가게"): True, ("marks", "식당"): True,  # one by 0.25, over the tolerance; the other turns too
        ("very", "가게"): True, ("very", "식당"): True,
        ("never", "가게"): False, ("never", "식당"): True,  # 0.1 the wrong way is let pass, unless `least` asks more
    }  # fmt: skip
    table = suite_scores.failure_table(scored).set_index("test")
    assert table["failure_rate"].to_dict() == {"plain": 0.5, "marks": 1.0, "very": 1.0, "never": 0.5}
    assert suite_scores.worst_cases(scored).set_index("test").loc["never", "gap"] == pytest.approx(0.1)
    assert table.loc["very", "ci_low"] < 1  # two words that both fail prove little
    worst = suite_scores.worst_cases(scored, count=1)
    assert worst["test"].tolist() == ["plain", "marks", "very", "never"]


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ('kind = "mft"', 'kind = "mtf"', r"demo.toml, line 9, test plain: a kind is one of mft, inv, dir; got 'mtf'"),
        (
            'label = "positive"',
            'lable = "positive"',
            "line 12, test plain: a test has no 'lable'; did you mean 'label'",
        ),
        ('label = "positive"', 'label = "neutral"', "test plain: an mft, and it alone, has a label"),
        ('direction = "up"', "", "test very: a dir, and it alone, has a direction"),
        (
            "tolerance = 0.2",
            'label = "neutral"',
            "test marks: an mft, and it alone, .*; got inv, 'neutral'",
        ),
        ("tolerance = 0.2", 'direction = "sideways"', "test marks: a dir, and it alone, .*; got inv, 'sideways'"),
        ("least = 0.0", 'least = "much"', "test very: least is a number from -1 to 1 and belongs to a dir"),
        ("tolerance = 0.2", "least = 0.2", "test marks: least is a number .* and belongs to a dir; got 0.2"),
        ("tolerance = 0.2", "tolerance = 5", "test marks: tolerance is a number from 0 to 1 and .*; got 5"),
        ("tolerance = 0.2", "cases = 0", "line 15, test marks: cases is a whole number from 1 to 5,000; got 0"),
        ("tolerance = 0.2", 'about = "store"', "test marks: about names the list .*; got 'store'"),
        ('label = "positive"', 'label = "positive"\nabout = "shop"', "test plain: about names the list of words"),
        (
            'shop = ["가게", "식당"]',
            "shop = [1, 2]",
            "line 6: a word of a list is text, or fields of text .* shop has 1",
        ),
        ('shop = ["가게", "식당"]', 'shop = ["가게", ""]', "line 13, test plain: 'shop' has an empty word"),
        ('["{shop:이} {mood.good}아요"]', '["{shop}이 {mood.good}아요"]', r"line 13, test plain: '이' after a slot"),
        ('["{shop:이} {mood.good}아요"]', '["{shop:은는} 좋아요"]', r"line 13, test plain: a particle after a slot"),
        ('["{shop:이} {mood.good}아요"]', '["{store:이} 좋아요"]', "line 13, test plain: there is no list 'store'"),
        ('["{shop:이} {mood.good}아요"]', '["{mood.god}아요"]', "line 13, test plain: 'mood' has an entry without"),
        ('["{shop:이} {mood.good}아요"]', '[["a", "b"]]', "test plain: each template of an mft is a text"),
        ('["{shop:이} {mood.good}아요"]', "[]", "test plain: a test has templates, or a change"),
        ('name = "marks"', 'name = "plain"', "line 15, test plain: a test has a name of its own"),
        ('shop = ["가게", "식당"]', "shop = []", "line 6: a list of words holds at least one"),
        ("capability", "capabilty", "a suite has capability"),
        ('capability = "demo"', "", "a suite needs a capability"),
        ("[[tests]]", "[[tests]", "cannot be read: .*line 9"),
    ],
)
def test_a_broken_suite_is_refused_with_file_and_line(write, old, new, match):
    assert SUITE.count(old) >= 1
    with pytest.raises(DataError, match=match):
        suites.read_suite(write(SUITE.replace(old, new, 1)), words=None)


@pytest.mark.parametrize("change", ["typo", "end:", "josa:remove", "josa:delete:all", 3])
def test_an_unknown_change_is_refused(write, change):
    text = f"""
capability = "demo"
[[tests]]
name = "one"
kind = "inv"
change = {change!r}
texts = {{ corpus = "kosent-pack" }}
"""
    with pytest.raises(DataError, match="line 3, test one: a change of an inv or dir is one of"):
        suites.read_suite(write(text))


def test_a_missing_suite_and_an_empty_folder_say_so(tmp_path):
    with pytest.raises(NotAvailableError, match="there is no suite"):
        suites.read_suite(tmp_path / "none.toml")
    with pytest.raises(NotAvailableError, match="name a file: --suite FILE"):
        suites.suite_files(tmp_path)


def test_words_too_few_for_a_case_say_so(write):
    text = SUITE.replace("{shop:이} {mood.good}아요", "{shop} {other}", 1).replace(
        'shop = ["가게", "식당"]', 'shop = ["가게"]\nother = ["가게"]'
    )
    with pytest.raises(DataError, match=r"demo.toml, line \d+, test plain: no case can be made"):
        suite_scores.make_cases(suites.read_suite(write(text), words=None))


def test_a_model_that_answers_otherwise_is_refused(write):
    cases = suite_scores.make_cases(suites.read_suite(write(SUITE), words=None))
    for answers in ([[0.5, 0.5]] * 8, [0.5], [2.0] * 8, [np.nan] * 8):
        with pytest.raises(DataError, match="one probability, 0 to 1, for each of 8 texts"):
            suite_scores.score_cases(cases, lambda texts, answers=answers: answers)


def test_the_suites_at_hand_are_many_and_their_texts_agree(bundled_tests):
    assert len(bundled_tests) >= 36
    assert {test.kind for test in bundled_tests} == set(suites.KINDS)
    templated = [test for test in bundled_tests if test.templates]
    cases = suite_scores.make_cases(templated)
    assert not cases["case"].duplicated().any()
    assert not cases["text"].str.contains("[{}]").any()
    assert not (cases["text"] == cases["changed"]).any()
    from kosent_lab.korean.morphology import read_eojeol

    texts = pd.concat([cases["text"], cases["changed"].dropna()]).drop_duplicates()
    read = read_eojeol(range(len(texts)), texts)
    ill = read[read["agrees"].eq(False).fillna(False)]
    assert ill["eojeol"].tolist() == []


def test_all_cases_are_made_the_same_again_and_reach_the_number(bundled_tests):
    cases = suite_scores.make_cases(bundled_tests)
    assert len(cases) >= 2_000
    pd.testing.assert_frame_equal(cases, suite_scores.make_cases(bundled_tests))
    josa = cases[cases["capability"] == "josa"]
    assert josa["control"].notna().all()
    assert (josa["control"] != josa["changed"]).all()
    assert cases.groupby("test", sort=False).size().min() >= 20


def test_a_word_that_speaks_for_praise_and_against_blame_is_seen_in_each(write):
    text = ABOUT.replace(
        'templates = [["{other} {thing}", "{who} {thing}"]]',
        'templates = [["{other} {thing}", "{who} {thing}"], ["{other} {thing} 나빠", "{who} {thing} 나빠"]]',
    ).replace("cases = 24", "cases = 48")
    cases = suite_scores.make_cases(suites.read_suite(write(text), words=None))

    def predict(texts):
        odds = [(text[0] == "나") * (-1.5 if "나빠" in text else 1.5) + 0.01 * len(text) for text in texts]
        return [1 / (1 + np.exp(-value)) for value in odds]

    found = word_shifts(suite_scores.score_cases(cases, predict)).set_index(["word", "template"])["shift"]
    assert found["나", 1] == pytest.approx(1.0)
    assert found["나", 2] == pytest.approx(-1.0)


def test_several_lists_beside_the_words_make_as_many_sentences(write):
    text = ABOUT.replace("[[tests]]", 'place = ["가게", "식당"]\n\n[[tests]]', 1).replace("thing}", "thing} {place}")
    cases = suite_scores.make_cases(suites.read_suite(write(text), words=None), most=48)
    assert cases["context"].nunique() == 16
    assert len(word_shifts(suite_scores.score_cases(cases, lambda texts: [0.6] * len(texts)))) == 3


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ('["{other} {thing}", "{who} {thing}"]', '["{who} {thing}", "{other} {thing}"]', "in the second text of each"),
        ('who = ["가", "나", "다"]', 'who = ["가"]', "about compares two words or more, each once; who has 가"),
        ('who = ["가", "나", "다"]', 'who = ["가", "가"]', "about compares two words or more"),
        ('who = ["가", "나", "다"]', 'who = ["가", "라"]', "a case needs texts, and two that differ; got"),
        ('thing = ["밥"', 'thing = [""', None),
    ],
)
def test_words_that_cannot_be_compared_are_refused(write, old, new, match):
    def made():
        return suite_scores.make_cases(suites.read_suite(write(ABOUT.replace(old, new)), words=None))

    if match is None:  # an empty word is a word that is left out
        assert len(made()) == 24
    else:
        with pytest.raises(DataError, match=f"line 9, test who: .*{match}"):
            made()


def test_a_text_that_is_empty_is_refused(write):
    text = SUITE.replace('"{shop:이} {mood.good}아요"', '"{word}"', 1).replace("[words]", '[words]\nword = ["", "말"]')
    with pytest.raises(DataError, match="test plain: a case needs texts"):
        suite_scores.make_cases(suites.read_suite(write(text), words=None))


@pytest.mark.parametrize(
    ("texts", "match"),
    [
        ('{ corpus = "no-such-corpus" }', "line 3, test one: "),
        ('{ corpus = "kosent-pack", phenomenon = "no_such" }', "line 3, test one: no text of kosent-pack is of"),
        ('{ corpus = "kosent-pack", phenomenon = 3 }', "line 3, test one: phenomenon of texts is a word or a list"),
    ],
)
def test_texts_that_are_not_there_say_where_they_were_asked_for(write, texts, match):
    text = f'capability = "d"\n\n[[tests]]\nname = "one"\nkind = "inv"\nchange = "no_spaces"\ntexts = {texts}\n'
    with pytest.raises((DataError, NotAvailableError), match=match):
        suite_scores.make_cases(suites.read_suite(write(text)))


ABOUT = """
capability = "demo"

[words]
who = ["가", "나", "다"]
other = ["라"]
thing = ["밥", "방", "옷", "말", "책", "길", "꽃", "차"]

[[tests]]
name = "who"
kind = "inv"
about = "who"
cases = 24
templates = [["{other} {thing}", "{who} {thing}"]]
"""


def test_a_word_that_moves_the_answer_is_named_though_no_case_fails(write):
    cases = suite_scores.make_cases(suites.read_suite(write(ABOUT), words=None))
    assert cases.groupby("word")["context"].nunique().to_dict() == {"가": 8, "나": 8, "다": 8}
    assert set(cases["group"]) == {"가", "나", "다"}

    def predict(texts):
        odds = [3.0 - 1.5 * text.startswith("나") + 0.01 * len(text) for text in texts]
        return [1 / (1 + np.exp(-value)) for value in odds]

    scored = suite_scores.score_cases(cases, predict)
    assert not scored["failed"].any()
    found = word_shifts(scored)
    assert found["word"].tolist()[0] == "나"
    assert set(found["template"]) == {1}
    assert found["shift"].tolist() == pytest.approx([-1.0, 0.5, 0.5])
    assert found["n"].tolist() == [8, 8, 8]
    assert (found["turns"] == 0).all()
    odds = [1.0 - 1.5 * text.startswith("나") for text in scored["changed"]]
    turned = word_shifts(scored.assign(prob_changed=[1 / (1 + np.exp(-value)) for value in odds]))
    assert turned.set_index("word")["turns"].to_dict() == {"가": 0, "나": 1, "다": 0}
    # of a few cases the same words stand in the same sentences
    few = suite_scores.make_cases(suites.read_suite(write(ABOUT), words=None), most=6)
    assert few.groupby("context")["word"].nunique().tolist() == [3, 3]


def test_intervals_of_words_hold_for_all_of_them_at_once(write):
    """Of forty sets of words that mean nothing, one in twenty at most should show a word that surely moves."""
    cases = suite_scores.make_cases(suites.read_suite(write(ABOUT), words=None))
    wrong = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        scored = suite_scores.score_cases(cases, lambda texts, random=random: random.uniform(0.2, 0.8, len(texts)))
        found = word_shifts(scored)
        wrong += ((found["ci_low"] > 0) | (found["ci_high"] < 0)).any()
    assert wrong <= 5


def test_tests_about_no_list_have_no_shifts(write):
    cases = suite_scores.make_cases(suites.read_suite(write(SUITE), words=None))
    assert word_shifts(suite_scores.score_cases(cases, lambda texts: [0.6] * len(texts))).empty


def test_a_test_of_many_cases_counts_no_more_than_one_of_few():
    rows = [("c", "many", number) for number in range(90)] + [("c", "few", number) for number in range(10)]
    cases = pd.DataFrame(rows, columns=["capability", "test", "case"]).assign(
        kind="mft", group=[str(number) for number in range(100)], control_failed=pd.NA
    )
    scored = cases.assign(failed=cases["test"] == "few")
    row = suite_scores.failure_table(scored, by=["kind"]).iloc[0]
    assert row["failure_rate"] == pytest.approx(0.5)
    assert row["ci_low"] < 0.5 < row["ci_high"]


def test_no_pair_stands_in_two_tests(bundled_tests):
    cases = suite_scores.make_cases(bundled_tests)
    assert not cases.duplicated(["text", "changed"]).any()


def test_a_control_is_counted_beside_its_change():
    base = {"capability": "c", "test": "t", "kind": "inv", "label": pd.NA, "direction": "", "least": -0.1}
    base |= {"word": None, "context": None}
    rows = [base | {"case": str(n), "group": str(n), "text": f"a{n}", "changed": f"b{n}", "control": f"c{n}"}
            for n in range(10)]  # fmt: skip
    cases = pd.DataFrame(rows).assign(tolerance=np.nan).astype({"label": "Int64"})
    # all changes turn the answer, of the controls three do
    scored = suite_scores.score_cases(
        cases, lambda texts: [0.9 if t[0] == "a" or (t[0] == "c" and int(t[1]) > 2) else 0.1 for t in texts]
    )
    row = suite_scores.failure_table(scored).iloc[0]
    assert (row["failure_rate"], row["control_failure_rate"]) == (1.0, pytest.approx(0.3))
    assert row["n_control"] == 10
    assert row["difference"] == pytest.approx(0.7)
    assert row["difference_low"] > 0.3
