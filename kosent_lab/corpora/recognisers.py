"""What personal data and secrets look like in Korean text: one recogniser a kind, by shape, check digit and context.

Shapes are looked for with look-arounds of digits and letters, never ``\\b``: in Korean a particle stands right after a
number, and both are word characters. Finding, masking and counting are in ``corpora.personal``.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

from kosent_lab.corpora.personal_checks import (
    is_account,
    is_address,
    is_born,
    is_business,
    is_card,
    is_open_url,
    is_resident,
    is_secret,
)

BEFORE, AFTER = 24, 12  # characters around a find that its context words may stand in


@dataclasses.dataclass(frozen=True)
class Recogniser:
    """One kind of personal data.

    Parameters
    ----------
    kind, name, placeholder : str
        The name is English and singular; the placeholder stands where it was.
    level : int
        How much harm it does in wrong hands: 3 (identity, money, access), 2 (reaches a person), 1 (an organisation, a
        machine).
    pattern : re.Pattern
        On text with full-width digits and signs made half-width. A group ``value`` is what is marked, else all.
    hint : str
        A regular expression that any find holds: texts without it are not looked at.
    check : callable, optional
        Whether what was matched is one: check digits, dates, ranges.
    context : re.Pattern, optional
        Words of which one must stand around it where `check` alone does not tell.
    """

    kind: str
    name: str
    placeholder: str
    level: int
    pattern: re.Pattern[str]
    hint: str = r"\d"
    check: Callable[[str], bool] | None = None
    context: re.Pattern[str] | None = None

    def accepts(self, match: re.Match[str], text: str) -> bool:
        """Tell whether a match of the pattern is one, by its digits or by the words around it."""
        if self.check is not None and not self.check(match.group(self.group)):
            return False
        if self.context is None:
            return True
        start, end = match.span(self.group)
        around = text[max(0, start - BEFORE) : start] + " " + text[end : end + AFTER]
        return self.context.search(around) is not None

    @property
    def group(self) -> str | int:
        """The group of the pattern that is marked."""
        return "value" if "value" in self.pattern.groupindex else 0


_GAP = r"(?: ?[-.) ] ?)"
_REGION = "서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|전북|전남|경북|경남|제주"
_PLATE = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주하허호"
_BANKS = (
    "국민|KB|신한|우리은행|하나|농협|NH|기업|IBK|카카오뱅크|카뱅|토스뱅크|토스|케이뱅크|새마을|우체국|수협|신협|SC제일|제일은행|씨티|산업은행|대구은행"
    "|부산은행|경남은행|광주은행|전북은행|제주은행|은행"
)
_DONG_HO = r"(?:제?\d{1,4}|[A-Za-z가나다라마바])동 ?(?:지하 ?)?(?:\d{1,2}층 ?)?[Bb]?\d{1,5}호"
_HO = r"(?:지하 ?)?(?:\d{1,2}층 ?)?(?<!\d)[Bb]?\d{1,5}호"
_HOUSES = "아파트|빌라|맨션|오피스텔|타워|빌딩|주택|하이츠|자이|래미안|푸르지오|힐스테이트|연립|빌"
_NUMBER = r"(?:산 ?)?\d{1,5}(?:-\d{1,4})?(?!\d)(?:번지)?"
_STREET = rf"[가-힣][가-힣0-9·]{{0,11}}(?:대로|로|길|동|리|가) ?(?:\d{{1,3}}번?길 ?)?{_NUMBER}"
# what stands between the number and the door: a remark in brackets, the name of a house
_HOUSE = r"(?:\([가-힣0-9, ]{1,20}\),? ?)?(?:(?!호)[가-힣A-Za-z][가-힣A-Za-z0-9]{0,15},? ?)?"

# in the order in which a place that two of them claim is given away
RECOGNISERS = (
    Recogniser(
        "secret", "secret", "[비밀키]", 3,
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]{0,4000}?-----END [A-Z ]*PRIVATE KEY-----)?"
            r"|(?<![A-Za-z0-9])(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}"
            r"|xox[abeprs]-[\w-]{10,}|AIza[\w-]{30,}|(?:sk|rk|pk)[-_](?:live|test|proj|ant)?[-_]?[A-Za-z0-9_-]{16,}"
            r"|hf_[A-Za-z0-9]{20,}"
            r"|npm_[A-Za-z0-9]{20,}|pypi-[\w-]{20,}|SG\.[\w-]{10,}\.[\w-]{10,}|ya29\.[\w-]{20,}|dop_v1_[a-f0-9]{20,}"
            r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,})"
        ),
        hint=r"[-_.A-Z]",
    ),
    Recogniser(
        "url", "URL with a key", "[접속주소]", 3,
        re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s\"'<>가-힣`]{4,2000}(?<![.,)\]}!?;:])", re.IGNORECASE),
        hint="://", check=is_open_url,
    ),
    Recogniser(
        "secret", "secret", "[비밀키]", 3,
        re.compile(
            r"(?i)(?:pass(?:word|wd|phrase)?|pwd|secret(?:[_-]?key)?|[a-z_]*api[_-]?key|access[_-]?key|private[_-]?key"
            r"|auth[_-]?token|[a-z_]*token"
            r"|[a-z_]+_(?:key|secret|password|pw)|비밀번호|비번|패스워드|암호|인증키|접속키)"
            r"[\"']? ?(?:=>?|:=?|은|는|이|가|→) ?[\"'`]?"
            r"(?P<value>[^\s\"'`,;<>가-힣]{6,200}(?<![.)]))"
        ),
        hint="(?i)pass|pwd|key|secret|token|_pw|비번|비밀번호|패스워드|암호|인증키|접속키", check=is_secret,
    ),
    Recogniser(
        "mail", "mail address", "[메일주소]", 2,
        # bounded, so that a long run of letters is looked at once
        re.compile(
            r"(?<![\w.%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}"
            r"|(?<=[가-힣])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}"
        ),
        hint="@",
    ),
    Recogniser(
        "resident", "resident number", "[주민등록번호]", 3,
        re.compile(r"(?<![\d-])\d{6} ?- ?[1-8](?:\d{6}|[*xX●]{6})(?![\d-])"),
        check=is_born,
    ),
    Recogniser(
        "resident", "resident number", "[주민등록번호]", 3,
        re.compile(r"(?<![\d-])\d{6} ?[1-8]\d{6}(?![\d-])"),
        check=is_resident,
    ),
    Recogniser(
        "resident", "resident number", "[주민등록번호]", 3,
        re.compile(r"(?<![\d-])\d{6} ?[1-8](?:\d{6}|[*xX●]{6})(?![\d-])"),
        check=is_born, context=re.compile("주민|외국인 ?등록|등록 ?번호"),
    ),
    Recogniser(
        "card", "card number", "[카드번호]", 3,
        re.compile(
            r"(?<![\d-])(?:\d{4}([- ])\d{4}\1\d{4}\1\d{4}|3[47]\d{2}([- ])\d{6}\2\d{5}|\d{16}|3[47]\d{13})(?![\d-])"
        ),
        check=is_card,
    ),
    Recogniser(
        "driver", "driver's licence", "[운전면허번호]", 3,
        re.compile(rf"(?<![\d-])(?:(?:1[1-9]|2[0-8])-|(?:{_REGION})[- ]?)\d{{2}}-\d{{6}}-\d{{2}}(?![\d-])"),
    ),
    Recogniser(
        "business", "business number", "[사업자등록번호]", 1,
        re.compile(r"(?<![\d-])\d{3} ?- ?\d{2} ?- ?\d{5}(?![\d-])"), check=is_business,
    ),
    Recogniser(
        "business", "business number", "[사업자등록번호]", 1,
        re.compile(r"(?<![\d-])\d{10}(?![\d-])"), check=is_business, context=re.compile("사업자"),
    ),
    Recogniser(
        "passport", "passport number", "[여권번호]", 3,
        re.compile(r"(?<![A-Za-z0-9])[MSRODGT]\d{3}[A-Z0-9]\d{4}(?![A-Za-z0-9])", re.IGNORECASE),
        context=re.compile("(?i)여권|passport"),
    ),
    Recogniser(
        "account", "bank account", "[계좌번호]", 3,
        re.compile(r"(?<![\d-])(?!01[016-9]-?\d{3,4}-?\d{4}(?!\d))\d{2,6}-\d{2,6}-\d{2,7}(?:-\d{1,4})?(?![\d-])"),
        check=is_account, context=re.compile(rf"{_BANKS}|계좌|입금|송금|통장|예금주|이체|환불받"),
    ),
    Recogniser(
        "account", "bank account", "[계좌번호]", 3,
        re.compile(r"(?<![\d-])(?!01[016-9]\d{7,8}(?!\d))\d{10,14}(?![\d-])"),
        context=re.compile(rf"{_BANKS}|계좌|통장"),
    ),
    Recogniser(
        "phone", "phone number", "[전화번호]", 2,
        # mobile numbers also without gaps; others need them, for ten digits in a row are an order as well
        re.compile(
            rf"(?<![\d.,+-])\(?(?:\+?82{_GAP}?\(?0?\)?{_GAP}?|0)"
            rf"(?:1[016-9]{_GAP}?\d{{3,4}}{_GAP}?\d{{4}}"
            rf"|(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50\d){_GAP}\d{{3,4}}{_GAP}\d{{4}})(?!\d|-\d|,\d{{3}})"
        ),
    ),
    Recogniser(
        "address", "address", "[주소]", 2,
        re.compile(
            # a street and a number need a larger unit before them, or a building's number behind: 아폴로 13호 is none
            rf"(?:(?:{_REGION})(?:특별자치시|특별자치도|특별시|광역시|시|도)? "
            r"|[가-힣]{1,6}[시군구] |[가-힣]{1,8}[읍면] )+"
            rf"{_STREET},? ?{_HOUSE}(?:{_DONG_HO}|{_HO})"
            rf"|[가-힣][가-힣0-9·]{{0,11}}(?:대로|로|길) ?(?:\d{{1,3}}번?길 ?)?{_NUMBER},? ?{_HOUSE}{_DONG_HO}"
            rf"|[가-힣A-Za-z0-9]{{1,12}}(?:{_HOUSES}),? ?(?:{_DONG_HO}|{_HO})|(?<![\d가-힣]){_DONG_HO}"
        ),
        hint="호",
    ),
    Recogniser(
        "plate", "vehicle plate", "[차량번호]", 2,
        re.compile(
            # taxis, buses and parcel vans name their region
            rf"(?<![\d.,])(?:(?:{_REGION}) ?\d{{2}} ?[{_PLATE}아바사자배]|\d{{2,3}} ?[{_PLATE}]) ?\d{{4}}"
            r"(?!\d|,\d| ?(?:원|개|명|년|월|회|번|점|장|호|평|권|위|만|km|m|g|kg|ml|L))"
        ),
    ),
    Recogniser(
        "ip", "IP address", "[IP주소]", 1,
        re.compile(
            r"(?<![\d.vV])(?<!버전 )(?<!version )(?<!ver )(?<!ver\. )\d{1,3}(?:\.\d{1,3}){3}(?![\d.]|-[a-z])"
            r"|(?<![\w:.])(?:[0-9a-fA-F]{1,4}:){2,7}(?::?[0-9a-fA-F]{1,4}){1,7}(?![\w:.])"
            r"|(?<![\w:.])(?:[0-9a-fA-F]{1,4}:){1,6}(?::[0-9a-fA-F]{1,4}){1,6}(?![\w:.])"
        ),
        check=is_address,
    ),
)  # fmt: skip
