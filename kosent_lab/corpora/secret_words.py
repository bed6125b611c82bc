"""Tell which word of a text is a password, where no pattern tells: a linear model on the word and what stands around.

It is taught by lines of invented persons in ``curation.secret_training``; the patterns are in ``key_recognisers`` and
``secret_recognisers``.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from kosent_lab.core.exceptions import ModelError, NotAvailableError
from kosent_lab.corpora.personal_checks import NO_SECRET
from kosent_lab.corpora.recogniser import is_free

FOLDER = Path(__file__).parent  # with the package: what finds personal data needs no data folder
FILE = "secret_words.safetensors"
SIZE = 2**15  # of the table that features are hashed into
_LEFT, _RIGHT = 24, 16  # characters around a word that are read one by one
_BEFORE, _BEHIND = 80, 40  # and in which other words are looked for
# a word without one of these around it, or without Hangul, is none that the model was taught on: patterns read code
_ABOUT = re.compile(
    "(?i)비번|비밀번호|패스워드|패쓰워드|암호(?!화폐)|토큰|잠금|도어락|현관|와이파이|와파|계정|로그인|사물함|금고|자물쇠|열쇠|누르|눌러|별표|택배함|출입"
    "|핀|다이얼|락커|락카|로커|입력|치면|치고|치시|치세|치니|넣으|넣고|넣어|맞춰|열려|열림|열면|열어|여시|여는|열쇠함|잠그|잠가|잠겼|잠긴|풀리|풀려|풀어|해제"
    "|원격|애니데스크|로긴|접속|공현|공동문|[대뒷옆앞정후쪽]문|문은|창고|샤워|키패드|키박스|관리자|보안|자물통|세콤|캡스|포스(?![터트팅가있])|단말|시드|암구호|모드|복구"
    "|공유키|인증키|키는|시크릿|다이얼|번호키|코드|wi-?fi|(?<![a-z])pw|pass(?!port|age|eng)|pwd|secret|token|key|auth(?!or(?!iz))|login|credential|psk|(?<![a-z])(?:pin|puk|ssid|admin|root)(?![a-z])"
)
_HANGUL = re.compile("[가-힣]")
_WORD = re.compile(r"(?<!\d )\d(?: \d){3,7}(?! ?\d)|[^\s\"'`,;<>()\[\]{}「」『』→|]{3,80}")
_PARTICLE = re.compile(
    "번?(?:입니다|이에요|예요|에요|이고|이야|이라고|라고|으로|로|에서|이랑|은|는|이|가|을|를|고|야|요|임|다|인데|였|이었|만|도|와|과|에|랑|하고|래요|이래)"
    "[가-힣]*$"
)
_KINDS = (
    ("l", "[a-z]"),
    ("u", "[A-Z]"),
    ("d", r"\d"),
    ("s", r"[!@#$%^&*~?+]"),
    ("w", "[_=-]"),
    ("h", "[가-힣ㄱ-ㅎ]"),
    ("p", r"[./:]"),
)
# words whose distance counts, before and behind
_NEAR = (
    *("비번", "비밀번호", "패스워드", "암호", "토큰", "키", "잠금", "도어락", "현관", "와이파이", "코드", "계정"),
    *("로그인", "pw", "pass", "secret", "token", "key", "auth", "사물함", "금고", "자물쇠", "번호", "열쇠", "누르"),
    *("다이얼", "락커", "입력", "치면", "넣으", "맞추", "맞춰", "열려", "열리", "열면", "잠가", "풀리", "해제", "원격"),
    *("접속", "문은", "뒷문", "창고", "키패드", "단말", "보안", "모드", "복구", "pin", "ssid", "admin"),
    *("별표", "인증", "공유", "관리자", "psk", "아이디", "id", "커밋", "버전", "모델", "주문", "예시"),
)  # fmt: skip
_STEPS = (2, 6, 15, 40, 80)  # of a distance, characters
_HAS_PASS = re.compile(
    # or did, before it was masked
    r" (?:비번|비밀번호|패스워드|암호)(?:은|는)?(?: {4}|[ :=]{1,3}(?=\S{0,20}\d)[A-Za-z!@#$%^&*])"
    r"|\)[은는] (?=[^\s가-힣]{0,30}\d)[^\s가-힣/]{6}"  # 휴게실(teachers_5G)은 …
    r"| ?/ {4}| ?/ ?(?=[^\s가-힣]{0,30}\d)(?=[^\s가-힣]{0,30}[!@#$%^&*~_])(?=[^\s가-힣]{0,30}[A-Za-z])[^\s가-힣/]{6}"
)

# the name of a network, before its password
_OF_NETWORK = re.compile(r"(?i)(?:와이파이|와파|wi-?fi|ssid|공유기)(?:은|는|이름)?[ :=]{0,3}[\"'‘“]?$")
# what numbers a person, a request: user_id=558102, "traceId":"…", 학번 20231847
_OF_A_THING = re.compile(
    r"(?:_id|[a-z]I[dD]|(?i:trace|request|order)|학생증 번호|학번|생년월일)[\"']?[ :=]{1,2}[\"']?$"
)
_PART_OF_A_PROGRAM = re.compile(
    " (?:프로젝트|클래스|컴포넌트|모듈|함수|메서드|패키지|라이브러리|변수|테이블|브랜치|저장소|레포|스크립트)"
)
# of somebody who puts no spaces: 기다리게돼요ㅋㅋ8부작
_RUN_ON = re.compile(r"[가-힣](?:[ㅋㅎㅠㅜ]{2}|\.+|[?~,])[가-힣\dㅋㅎㅠㅜ]|[가-힣]{9}(?!.*[\d!@#*]$)")
_LABEL = re.compile("(?i)pass(?:word|wd|code)?|pwd|secret|token|login|credential|username|admin")
# an amount, a part of a year; and how often, which 비번은 1000번 is not
_QUANTITY = re.compile(r"(?i)(?:usd|eur|krw|jpy|cny|gbp|us?\$|[$€₩£¥])\d[\d.,]*(?:[kmb]|mn|bn)?|[1-4]/4분기\S*")
_HOW_OFTEN = re.compile(r"(?:접속|시도|로그인|입력|실패|오류)[을를은는만]? ?\d+(?=번|회)")
_BLANK = " " * 5  # as what is masked is read
_PASS_BEHIND = re.compile(r"(?i)[\"'’”]? ?(?:비번|비밀번호|패스워드|암호|pw|pass)")


def candidates(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of what may be a password: words with a digit, a sign between letters, or six Latin letters,
    without the particle behind them and the label before them.

    Examples
    --------
    >>> [("비번은 dubu_77이고 pw:q1w2e3"[start:end]) for start, end in candidates("비번은 dubu_77이고 pw:q1w2e3")]
    ['dubu_77', 'q1w2e3']
    """
    if not (_ABOUT.search(text) and _HANGUL.search(text)):  # nor around any word
        return
    for match in _WORD.finditer(text):
        start, word = match.start(), match.group()
        label = max(word.rfind("="), word.rfind(":"))
        if "::" in word or re.search(r"&\w+=", word) or NO_SECRET.search(word):  # a name of a program's, too
            continue
        if _RUN_ON.search(word) or re.fullmatch(r"\d{2,5}[xX×]\d{2,5}", word):  # a size
            continue
        port = re.match(r"(?:[\w-]+\.)+\w+:\d{2,5}(?!\d)", word)  # of a machine, which may have been masked
        if port or (re.match(r":\d{2,5}(?!\d)", word) and text[max(0, start - 4) : start] == "    "):
            continue
        if 0 < label < len(word) - 3:
            start, word = start + label + 1, word[label + 1 :]
        bare = word.lstrip(":=/.?~·-")
        start, word = start + len(word) - len(bare), bare.rstrip(":.,?")
        particle = _PARTICLE.search(word)
        if particle and particle.start() >= 3 and re.search(r"[A-Za-z0-9*#!@]$", word[: particle.start()]):
            word = word[: particle.start()]
        end = start + len(word)
        # who wrote it, what anybody may read
        named = re.search("(?i)(?:authors?|public ?key|공개 ?키)[ :=는은]*$", text[max(0, start - 12) : start])
        # a name, behind which its password stands: sunnyhouse_5G 비번 …, superadmin / …
        named = named or _OF_A_THING.search(text, max(0, start - 16), start) or _LABEL.fullmatch(word)
        named = named or "***" in word or _PART_OF_A_PROGRAM.match(text, end)  # hidden already; anybody's
        named = named or _HAS_PASS.match(text, end) or re.fullmatch(r"[A-Za-z_.]+=\d{0,3}|[a-z_]+\d{0,2}_t", word)
        named = named or (_OF_NETWORK.search(text, max(0, start - 16), start) and _PASS_BEHIND.match(text, end))
        if not named and len(word) >= 3 and re.search(r"\d|[A-Za-z].*[_\-!@#]|[A-Za-z]{6}", word):
            around = f"{text[max(0, start - _BEFORE) : start]} {text[end : end + _BEHIND]}"
            if _HANGUL.search(around) and _ABOUT.search(around):
                yield start, end


def features(text: str, start: int, end: int) -> dict[str, float]:
    """Describe a word: which characters it has, in which order, what stands around it, which words are how far."""
    word = text[start:end]
    first = max(0, start - _BEFORE)
    low = text[first : end + _BEHIND].lower().replace("passport", "p.......")  # which speaks of no password
    start, end = start - first, end - first
    left, right = low[max(0, start - _LEFT) : start], low[end : end + _RIGHT]
    kinds = "".join(kind for kind, pattern in _KINDS if re.search(pattern, word))
    length = _step(len(word), (3, 5, 7, 9, 12, 16, 24, 32))
    changes = min(4, len(re.findall(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", word)))
    entropy = -sum(n / len(word) * math.log2(n / len(word)) for n in Counter(word).values())
    shape = word
    for pattern, letter in ((r"\d+", "0"), ("[a-z]+", "a"), ("[A-Z]+", "A"), ("[가-힣ㄱ-ㅎ]+", "H")):
        shape = re.sub(pattern, letter, shape)
    found = dict.fromkeys(
        (
            f"kinds {kinds}", f"length {length}", f"kinds {kinds} length {length}", f"changes {changes}",
            f"entropy {int(2 * entropy)}", f"kinds {kinds} changes {changes}", f"shape {shape[:8]}",
            f"star {word[0] in '*#' or word[-1] in '*#'}",
        ),
        1.0,
    )  # fmt: skip
    for n in (2, 3, 4):
        found |= {f"left {left[-n:]}|": 1.0, f"right |{right[:n]}": 1.0}
        for place in range(len(left) - n + 1):
            weight = 1.0 if len(left) - place <= _LEFT // 2 else 0.5
            key = f"left {left[place : place + n]}"
            found[key] = max(found.get(key, 0.0), weight)
        found |= {f"right {right[place : place + n]}": 1.0 for place in range(len(right) - n + 1)}
    distances = []
    for name in _NEAR:
        if (before := low.rfind(name, 0, start)) >= 0:
            distances.append(start - before - len(name))
            found[f"{name} before {_step(distances[-1], _STEPS)}"] = 1.0
        if (behind := low.find(name, end)) >= 0:
            found[f"{name} behind {_step(behind - end, _STEPS)}"] = 1.0
    nearest = _step(min(distances, default=999), (4, 8, 16, 32, 64))
    return found | {f"nearest {nearest}": 1.0, f"nearest {nearest} kinds {kinds}": 1.0}


def _step(value: int, steps: tuple[int, ...]) -> int:
    return sum(value > step for step in steps)


def hashed(found: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns and values of features in a table of `SIZE` columns."""
    columns = np.fromiter((zlib.crc32(name.encode()) % SIZE for name in found), np.int64, len(found))
    return columns, np.fromiter(found.values(), np.float32, len(found))


@dataclasses.dataclass(frozen=True)
class SecretWords:
    """The model.

    Parameters
    ----------
    weight : ndarray, shape (SIZE,)
    bias : float
        The log-odds of a word are the sum of its features' weights and this.
    threshold : float
        The log-odds from which on a word is said to be a password.
    """

    weight: np.ndarray = dataclasses.field(repr=False)
    bias: float
    threshold: float

    def odds(self, text: str, start: int, end: int) -> float:
        """Return the log-odds that a word is a password."""
        columns, values = hashed(features(text, start, end))
        return float(self.weight[columns] @ values) + self.bias

    def find(self, text: str, taken: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Yield the places of passwords, those left out that something else has `taken`; the last first, and none tells
        of those before it: of a list of passwords all are found at once.
        """
        taken = sorted(taken)
        for start, end in reversed(list(candidates(text))):
            counted = _QUANTITY.fullmatch(text, start, end) or _HOW_OFTEN.search(text, max(0, start - 5), end + 1)
            if is_free(taken, start, end) and not counted and self.odds(text, start, end) >= self.threshold:
                yield start, end
                text = text[:start] + _BLANK + text[end:]


@functools.cache
def load_secret_words(folder: Path = FOLDER) -> SecretWords:
    """Load the model.

    Raises
    ------
    NotAvailableError
        When the folder holds none.
    ModelError
        When the file is none of this version's.
    """
    path = folder / FILE
    if not path.is_file():
        raise NotAvailableError(f"{path} is missing. Teach it: kosent-lab train secrets --out {folder}")
    try:
        with safe_open(path, framework="numpy") as file:
            weight = file.get_tensor("weight").astype(np.float32)
            about = json.loads(file.metadata()["about"])
            model = SecretWords(weight, float(about["bias"]), float(about["threshold"]))
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path} is no model of secrets: {error}") from error
    if weight.shape != (SIZE,):
        raise ModelError(f"{path} has weights of shape {weight.shape}; this version reads ({SIZE},)")
    return model
