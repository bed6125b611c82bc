import unicodedata
import warnings
from xml.etree import ElementTree

import matplotlib
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from kosent_lab import behaviour, calibration, errors, figures, scoring, tokenization
from kosent_lab.core.exceptions import DataError

matplotlib.use("Agg")


@pytest.fixture
def drawings(scored):
    table = calibration.reliability_table(scored)
    slices = errors.slice_table(errors.add_slices(scored.assign(domain=["film", "app"] * 200)))
    return {
        calibration.plot_reliability: table,
        calibration.plot_counts: table,
        calibration.plot_risk_coverage: calibration.risk_coverage(scored),
        errors.plot_slices: slices,
        errors.plot_probabilities: {"하나": scored["prob_1"]},
        behaviour.plot_cues: pd.DataFrame(
            {
                "cue": ["ㅎㅎ", "ㅎㅎ"],
                "kind": ["a", "b"],
                "n": 3,
                "beyond": 1.0,
                "beyond_low": 0.5,
                "beyond_high": 2.0,
            }
        ),
        scoring.plot_padding: scored["n_tokens"].head(8),
        errors.plot_pairs: pd.DataFrame({"prob_1_first": [0.1, 0.5], "prob_1_second": [0.3, 0.4]}),
    }


def test_the_given_axes_are_used_and_no_figure_leaks(drawings):
    before = dict(matplotlib.rcParams)
    for draw, table in drawings.items():
        figure, (left, right) = plt.subplots(1, 2)
        assert draw(table, ax=right) is right
        assert right.has_data()
        assert not left.has_data()
        assert plt.get_fignums() == [figure.number]
        plt.close(figure)
        fresh = draw(table)
        assert len(plt.get_fignums()) == 1
        plt.close(fresh.figure)
    assert dict(matplotlib.rcParams) == before


def test_style_draws_hangul_and_minus_and_leaves_settings_alone(tmp_path):
    before = matplotlib.rcParams["font.family"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a missing glyph warns
        with figures.style():
            ax = plt.figure().add_subplot()
            ax.plot([-1, 1], [-1, 1])
            ax.set_title("영화평 감성 −1 ㅋㅋ ㅠㅠ 뷁 ★♥", fontweight="bold")
            for suffix in ("png", "svg", "pdf"):
                ax.figure.savefig(tmp_path / f"a.{suffix}")
    plt.close(ax.figure)
    assert matplotlib.rcParams["font.family"] == before


def test_style_keeps_a_notebook_showing_figures():
    # the inline backend switches interactive mode on with its first figure, inside the style
    try:
        with figures.style():
            matplotlib.interactive(True)
        assert matplotlib.is_interactive()
    finally:
        matplotlib.interactive(False)


def test_a_dollar_in_a_name_is_no_formula(scored):
    table = errors.slice_table(errors.add_slices(scored.assign(domain=["$_$", "$5~$10"] * 200)))
    with figures.style():
        figure = errors.plot_slices(table).figure
        figure.canvas.draw()
    plt.close(figure)
    assert scoring.plot_padding([3, 1], color="k").patches[0].get_facecolor() == (0, 0, 0, 1)
    plt.close("all")


def test_what_no_font_has_is_written_out():
    assert figures.drawable("좋다 ㅋㅋ ♥ 😀") == "좋다 ㅋㅋ ♥ 😀"
    assert figures.drawable("굿👍🏽") == "굿⟨thumbs up sign⟩⟨emoji modifier fitzpatrick type-4⟩"
    assert figures.drawable("a\u202eb\0") == "a⟨right-to-left override⟩b⟨u+0000⟩"
    assert figures.drawable("가️나‍") == "가나"


def test_letters_that_no_font_has_are_named_by_script_or_left_for_a_browser():
    assert figures.drawable("ไทย 앱 ཀ") == "⟨thai ×3⟩ 앱 ⟨tibetan ×1⟩"
    assert figures.drawable("ไทย\u202e", keep_letters=True) == "ไทย⟨right-to-left override⟩"


NAMES = [
    "아주 긴 매장 이름 " * 2_000,
    "a" * 100_000,
    "ภาษาไทย",
    "거꾸로\u202e 쓴 이름\u2066",
    "\x1b[31m빨강\x00\x07",
    "줄\n바꿈\u2028 여러\r\n번\t탭",
    "👩‍👩‍👧‍👦 가족 👍🏽",
    "각" + "\u0301" * 500,
    "cafe\u0301 e\u0323\u0302 \u0301",
    "سينما",
    " ",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_of_any_kind_leaves_the_figure_whole(name, scored, tmp_path):
    table = errors.slice_table(errors.add_slices(scored.assign(domain=["영화"] * 200 + [name] * 200)))
    with warnings.catch_warnings(), figures.style():
        warnings.simplefilter("error")  # a missing glyph warns, and so does a layout without room
        figure = plt.figure(figsize=(7.2, 0.8 + 0.28 * len(table)))
        ax = errors.plot_slices(table, ax=figure.add_subplot())
        for suffix in ("svg", "png"):
            figure.savefig(tmp_path / f"a.{suffix}")
        places = ax.get_position()
        (longest,) = {max((text.get_text() for text in ax.get_yticklabels()), key=len)}
    plt.close(figure)
    assert places.width > 0.45
    assert len(longest) < 60
    assert "\n" not in longest
    ElementTree.parse(tmp_path / "a.svg")


def test_labels_are_cut_by_the_width_that_they_take():
    assert figures.as_label("가" * 18) == "가" * 18
    assert figures.as_label("가" * 19) == "가" * 17 + "…"
    assert figures.as_label("a" * 36) == "a" * 36
    assert figures.as_label(unicodedata.normalize("NFD", "매장")) == "매장"
    assert figures.as_label("👍" * 40) == "⟨thumbs up sign⟩" * 2 + "…"


def test_wrong_table_is_named():
    with pytest.raises(DataError, match="the reliability diagram needs column"):
        calibration.plot_reliability(pd.DataFrame({"x": []}))


def test_pieces_variants_shares_and_effects_are_drawn_on_the_axes_given():
    layers = pd.DataFrame(
        [("jamo", 0, 1, "ㄱ", ""), ("jamo", 0, 1, "ㅏ", "josa"), ("eojeol", 0, 2, "가는", "unknown")],
        columns=["layer", "start", "end", "text", "kind"],
    )
    variants = pd.DataFrame({"change": ["as written", "delete 는"], "prob_1": [0.2, 0.9]})
    shares = pd.DataFrame([[0.1, float("nan")], [1.0, 0.0]], index=["은", "는"], columns=["a", "b"])
    effects = pd.DataFrame({"kind": ["delete"], "n": [1_200], "difference": [-0.2], "ci_low": [-0.3], "ci_high": [0.1]})
    for draw, table in (
        (tokenization.plot_stacked_pieces, layers),
        (behaviour.plot_variants, variants),
        (tokenization.plot_heatmap, shares),
        (behaviour.plot_effects, effects),
    ):
        with figures.style():
            figure, ax = plt.subplots()
            assert draw(table, ax=ax) is ax
            figure.canvas.draw()
        plt.close(figure)
    ax = tokenization.plot_heatmap(shares)
    assert [text.get_text() for text in ax.texts] == ["10", "100", "0"]  # none where nothing was counted
    plt.close(ax.figure)
    # the two letters of one syllable share its width
    figure, ax = plt.subplots()
    tokenization.plot_stacked_pieces(layers, ax=ax)
    assert [round(patch.get_width(), 2) for patch in ax.patches] == [0.5, 0.5, 2.0]
    plt.close(figure)


def test_effects_are_drawn_with_their_interval_and_n():
    effects = pd.DataFrame({"kind": ["join"], "n": [1_200], "mean_change": [-0.2]})
    effects = effects.assign(mean_ci_low=-0.3, mean_ci_high=0.1)
    ax = behaviour.plot_effects(effects, value="mean_change", label="neutral", offset=0.2)
    (bar,) = ax.containers[0].lines[2][0].get_segments()
    assert bar.tolist() == [[pytest.approx(-0.3), 0.2], [pytest.approx(0.1), 0.2]]
    assert ax.get_yticklabels()[0].get_text() == "join  (n=1,200)"
    plt.close(ax.figure)
    with pytest.raises(DataError, match="drawn by difference or mean_change; got 'size'"):
        behaviour.plot_effects(effects, value="size")


def test_the_legend_of_pieces_names_the_colours_that_are_there():
    rows = [("morphemes", 0, 2, "음식", ""), ("morphemes", 2, 3, "는", "wrong"), ("morphemes", 3, 4, "가", "josa")]
    layers = pd.DataFrame(rows, columns=["layer", "start", "end", "text", "kind"])
    ax = tokenization.plot_stacked_pieces(layers)
    legend = ax.get_legend()
    named = {
        text.get_text(): patch.get_facecolor() for text, patch in zip(legend.texts, legend.get_patches(), strict=True)
    }
    assert list(named) == ["particle", "particle of the wrong form"]
    boxes = [patch.get_facecolor() for patch in ax.patches]
    assert [named["particle of the wrong form"], named["particle"]] == boxes[1:3]
    plt.close(ax.figure)
    assert tokenization.plot_stacked_pieces(layers.head(1)).get_legend() is None
    plt.close("all")
