"""What the front pages say of the bundled model, in English and in Korean: one table, a few sentences.

Both languages are filled from the same dictionary, so that they cannot state different numbers.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from kosent_lab.core.intervals import LEVEL
from kosent_lab.core.places import BUNDLED
from kosent_lab.core.printable import signed
from kosent_lab.results import measured_tables, numbers
from kosent_lab.results.domain_tables import domains_kept, mean_of
from kosent_lab.results.markdown import NOTHING, count, p_value, percent, table, with_interval
from kosent_lab.results.model_tables import PACK, SHALLOW, SIDES, TEST, error_and_change, lean, share
from kosent_lab.results.names import DOMAINS, DOMAINS_KO
from kosent_lab.studies.kept import load_study

_COLUMNS = {
    "en": ["texts", "model", "n", "accuracy (%)", SIDES, "ECE", "change of the NLL by the temperature"],
    "ko": ["텍스트", "모델", "n", "정확도 (%)", "부정 / 긍정 (%)", "ECE", "온도 보정에 따른 NLL 변화"],
}
_NAMES = {
    "en": {"test": "NSMC test (films)", "pack": "our own pack", "tfidf-all-rated": "TF-IDF + logistic regression"},
    "ko": {"test": "NSMC 테스트 (영화)", "pack": "자체 예문", "tfidf-all-rated": "TF-IDF + 로지스틱 회귀"},
}
_FINDINGS = {
    "en": """\
- On the same film reviews the accuracy of `kosent-electra-small` is above that of TF-IDF taught by every rated \
review by {over_tfidf} points ({over_tfidf_low} to {over_tfidf_high}; p {p_tfidf}; by {over_best}, {over_best_low} to \
{over_best_high}, where the rival has the threshold that suits these rows best), and above that of \
`kosent-electra-small-fast`, which has a quarter of its layers, by {over_shallow} ({over_shallow_low} to \
{over_shallow_high}; p {p_shallow}); on the pack, n = {n_pack}, by {pack} ({pack_low} to {pack_high}; p {p_pack}). \
Intervals of differences of matched shares (Agresti and Min), a minimal pair (two texts alike \
but for one word or mark) counted as one draw; p of permutations \
that swap the two models' answers at random.
- Of the {n_neutral} neutral texts of the pack it calls {neutral} positive: {neutral_josa} of the {n_josa} in sets \
that differ in a particle (가격은 착하네요), {neutral_rest} of the others. Sarcasm with a mark (ㅋㅋ, ^^, 참 …) is \
read rightly in {cue}, n = {n_cue}; without one in {no_cue}, n = {n_no_cue}.
- On real reviews of nine other domains (of each, up to {domain_rows} a label) its balanced accuracy is {domains} on \
average: from {worst} for {worst_name} to {best} for {best_name}, the lowest and the highest as measured. None of \
these reviews taught it; made-up texts of such domains did, and the trials of its recipe looked at these sets.
- On two cores it reads {exact} reviews a second exactly (fp32) and {fastest} in bfloat16, {exact_ratio} and \
{fastest_ratio} times what `transformers.pipeline` does in batches; with AVX2 alone, exactly, {exact_ratio_2} times. \
`kosent-electra-small-fast` reads {beside}, {beside_ratio} times as many as the fastest way.
- Particles are found with an F1 of {f1_worst} on the treebank {f1_worst_name} to {f1_best} on {f1_best_name}: test \
parts, from which no rule was drawn (of KSL some differences had been read).
- In {n_boundaries} of NSMC's reviews its vocabulary cuts {kept} of the boundaries of word and particle; one of the \
same size, learnt within morphemes, {kept_morphemes}.""",
    "ko": """\
- 같은 영화평에서 `kosent-electra-small`의 정확도는 별점이 있는 모든 리뷰로 학습한 TF-IDF보다 {over_tfidf}%포인트\
({over_tfidf_low} ~ {over_tfidf_high}, p {p_tfidf}) 높고(TF-IDF의 임계값을 이 리뷰들에 가장 유리하게 옮겨도 \
{over_best}, {over_best_low} ~ {over_best_high}), 층 수가 사분의 일인 `kosent-electra-small-fast`보다 \
{over_shallow}%포인트({over_shallow_low} ~ {over_shallow_high}, p {p_shallow}) 높습니다. \
자체 예문(n = {n_pack})에서는 `kosent-electra-small-fast`보다 {pack}%포인트({pack_low} ~ {pack_high}, p {p_pack}) \
높습니다. 구간은 대응표본의 비율 차이에 대한 Agresti–Min 신뢰구간이고 최소 대립쌍(낱말이나 기호 하나만 다른 두 글)은 \
한 단위로 묶었으며, \
p는 두 모델의 답을 무작위로 맞바꾼 순열 검정에서 얻었습니다.
- 예문 가운데 중립인 {n_neutral}개 중 {neutral}를 긍정으로 답합니다(조사만 바꿔 만든 묶음에 든 {n_josa}개에서는 \
{neutral_josa}, 나머지에서는 {neutral_rest}). 반어는 표시(ㅋㅋ, ^^, 참 등)가 있는 {n_cue}개 중 {cue}, \
표시가 없는 {n_no_cue}개 중 {no_cue}만 제대로 읽습니다.
- 다른 아홉 분야의 실제 리뷰(분야마다 레이블별로 {domain_rows}건까지)에서 균형 정확도는 평균 {domains}입니다. \
{worst_name} {worst}부터 {best_name} {best}까지 차이가 큽니다(잰 값의 최저와 최고). 이 리뷰들은 학습에 쓰지 않았지만, \
그런 분야에 맞춰 지어낸 글은 학습에 썼고 학습 방법을 고를 때 이 리뷰들의 성적도 보았습니다.
- 코어 두 개로 초당 리뷰 {exact}개(정확한 방식, fp32), {fastest}개(bfloat16)를 읽습니다. 배치로 돌린 \
`transformers.pipeline`의 {exact_ratio}배와 {fastest_ratio}배이고, AVX2만 있는 기계에서는 \
정확한 방식으로 {exact_ratio_2}배입니다. `kosent-electra-small-fast`는 {beside}개로, \
가장 빠른 방식의 {beside_ratio}배입니다.
- 조사를 찾는 F1은 구문 분석 말뭉치 {f1_worst_name}의 {f1_worst}에서 {f1_best_name}의 {f1_best} 사이입니다. \
규칙을 뽑지 않은 테스트 부분에서 잰 값입니다(KSL에서는 차이 몇 개를 읽은 적이 있습니다).
- NSMC 영화평 {n_boundaries}건에서, 어절을 앞말과 조사의 경계에서 자른 비율은 이 모델의 어휘가 {kept}, 크기는 같고 \
형태소 안에서만 학습한 어휘가 {kept_morphemes}입니다.""",
}


def _share(value: float, low: float, high: float, digits: int = 1) -> str:
    return f"{percent(value, digits)} % ({percent(low, digits)}–{percent(high, digits)})"


@functools.cache
def values() -> dict[str, str]:
    """Return every number of the sentences, as it is printed."""
    found: dict[str, str] = {}
    compared = {"over_tfidf": ("tfidf-all-rated", TEST), "over_shallow": (SHALLOW, TEST), "pack": (SHALLOW, PACK)}
    for key, (model, data) in compared.items():
        row = numbers.difference(model, BUNDLED, data)
        for suffix, name in (("", "difference"), ("_low", "ci_low"), ("_high", "ci_high")):
            found[key + suffix] = signed(100 * row[name])
        found[f"p_{key.removeprefix('over_')}"] = p_value(row["p"])
        found[f"n_{key}"] = count(row["n"])
    best = numbers.difference_at_best("tfidf-all-rated", BUNDLED, TEST)
    keys = zip(("", "_low", "_high"), ("difference", "ci_low", "ci_high"), strict=True)
    found |= {f"over_best{suffix}": signed(100 * best[name]) for suffix, name in keys}
    groups = numbers.groups(BUNDLED)
    neutral = groups.loc["neutral"]
    found["n_neutral"] = count(neutral["n"])
    found["neutral"] = _share(*neutral[["share_positive", "ci_low", "ci_high"]])
    mine = numbers.answers(BUNDLED, PACK).query("polarity == 'neutral'").reset_index(drop=True)
    by_josa = mine["phenomenon"] == "josa"
    found["n_josa"] = count(by_josa.sum())
    for key, rows in (("neutral_josa", mine[by_josa]), ("neutral_rest", mine[~by_josa])):
        asked = numbers.share_of(rows["pred"] == 1, rows)
        found[key] = _share(asked.value, asked.low, asked.high)
    for key in ("cue", "no_cue"):
        row = groups.loc[f"sarcasm_{key}"]
        right = row[["accuracy", "accuracy_low", "accuracy_high"]]
        found |= {f"n_{key}": count(row["n"]), key: _share(*right)}
    domains, names = domains_kept(), ["balanced_accuracy", "balanced_accuracy_low", "balanced_accuracy_high"]
    found["domains"] = _share(*mean_of(domains, "balanced_accuracy"))
    found["domain_rows"] = count(domains["n_rarer"].max())  # the cap of a label, where a corpus has so many
    for key, data in zip(("worst", "best"), _worst_and_best(), strict=True):
        found[key] = _share(*domains.loc[data, names])
    for suffix, name in (("", "bench-avx512"), ("_2", "bench-avx2")):
        bench = measured_tables.result(name)
        found |= {f"{way}_ratio{suffix}": f"{bench[f'{way}_ratio']:.2f}" for way in ("exact", "fastest")}
        found |= {f"{way}{suffix}": f"{bench[f'{way}_rps']:.0f}" for way in ("exact", "fastest")}
    bench = measured_tables.result("bench-avx512")
    found |= {"beside": count(round(bench["beside_rps"])), "beside_ratio": f"{bench['beside_ratio']:.2f}"}
    untaught = [name for name in measured_tables.TREEBANKS if name.endswith(":test")]
    parsed = sorted(((measured_tables.result(f"josa-{name.replace(':', '-')}"), name) for name in untaught), key=_f1)
    for key, (f1, name) in (("f1_worst", parsed[0]), ("f1_best", parsed[-1])):
        found |= {key: with_interval(f1["f1"], *f1["f1_ci"]), f"{key}_name": name.removesuffix(":test").upper()}
    kept = load_study("boundaries-nsmc").query("metric == 'boundary_kept'").set_index("tokenizer")
    found["n_boundaries"] = count(int(re.search(r"of (\d+) texts", kept.loc[BUNDLED, "params"])[1]))
    for key, tokenizer in (("kept", BUNDLED), ("kept_morphemes", "wordpiece-morphemes-32k")):
        found[key] = _share(*kept.loc[tokenizer, ["value", "ci_low", "ci_high"]])
    return found


def _f1(parsed: tuple[dict[str, Any], str]) -> float:
    return float(parsed[0]["f1"])


def _worst_and_best() -> tuple[str, str]:
    balanced = domains_kept()["balanced_accuracy"]
    return str(balanced.idxmin()), str(balanced.idxmax())


def headline(language: str) -> str:
    """Return the table of the front page."""
    names, rows = _NAMES[language], []
    for model, data in (("tfidf-all-rated", TEST), (BUNDLED, TEST), (SHALLOW, TEST), (BUNDLED, PACK), (SHALLOW, PACK)):
        right = numbers.accuracy(model, data)
        row = [names["test" if data == TEST else "pack"], names.get(model, f"`{model}`"), count(right.n)]
        row += [share(right), lean(model, data)]
        if model == "tfidf-all-rated":
            row += [NOTHING, NOTHING]
        else:
            error, added = error_and_change(numbers.calibration_of(model, data))
            row += [error, added.replace(" to ", " ~ " if language == "ko" else " to ")]
        rows.append(row)
    return table(_COLUMNS[language], rows, words=2)


def findings(language: str) -> str:
    """Return the sentences of the front page."""
    called = DOMAINS_KO if language == "ko" else {data: name for data, (name, _) in DOMAINS.items()}
    names = {key: called[data] for key, data in zip(("worst_name", "best_name"), _worst_and_best(), strict=True)}
    return _FINDINGS[language].format(**values(), **names)


def leaked_rows() -> str:
    """Return how many rows of NSMC's test split stand in its train file."""
    return count(numbers.answers(BUNDLED, TEST)["leaked"].astype(bool).sum())


REGIONS: dict[str, Callable[[], str]] = {
    **{f"headline-{language}": functools.partial(headline, language) for language in _COLUMNS},
    **{f"findings-{language}": functools.partial(findings, language) for language in _FINDINGS},
    "leaked": leaked_rows,
    "level": lambda: f"{percent(LEVEL, 0)} %",
}
