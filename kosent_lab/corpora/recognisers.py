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
    is_clear_address,
    is_drawn_number,
    is_key,
    is_mail,
    is_open_url,
    is_pass,
    is_resident,
    is_secret,
)


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
        Words of which one must stand around it where `check` alone does not tell; ``¤`` stands where it stood.
    before, after : int
        How many characters before it and behind it the words may stand in.
    unless : re.Pattern, optional
        What must not stand around it: 등기번호 before digits that have an account's shape.
    """

    kind: str
    name: str
    placeholder: str
    level: int
    pattern: re.Pattern[str]
    hint: str = r"\d"
    check: Callable[[str], bool] | None = None
    context: re.Pattern[str] | None = None
    before: int = 24
    after: int = 12
    unless: re.Pattern[str] | None = None

    def accepts(self, match: re.Match[str], text: str) -> bool:
        """Tell whether a match of the pattern is one, by its digits or by the words around it."""
        if self.check is not None and not self.check(match.group(self.group)):
            return False
        if self.context is None and self.unless is None:
            return True
        start, end = match.span(self.group)
        around = f"{text[max(0, start - self.before) : start]}¤{text[end : end + self.after]}"
        if self.unless is not None and self.unless.search(around):
            return False
        return self.context is None or self.context.search(around) is not None

    @property
    def group(self) -> str | int:
        """The group of the pattern that is marked."""
        return "value" if "value" in self.pattern.groupindex else 0


_PASS = "(?:비밀번호|비번|패스워드|암호|인증키|접속키|토큰)"
_MODEM = "(?:바꿨다|변경|새로|임시|공유기|와이파이|현관|도어락|로그인)(?: (?:공유기|와이파이|현관|도어락))?"
_GAP = r"(?: ?[-.) ] ?)"
_REGION = "서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|전북|전남|경북|경남|제주"
_HIRED = "아바사자배"
_UNITS = "원|개|명|년|월|회|번|점|장|호|평|권|위|만|억|(?:km|m|g|kg|ml|L|rpm|cc|W)(?![A-Za-z])"
_NO_UNIT = rf"(?!\d|,\d|[A-Za-z%]| ?(?:{_UNITS}))"
_PLATE = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주하허호"
_BANKS = (
    "국민|KB|신한|우리|하나|농협|NH|기업|IBK|카카오뱅크|카카오|카뱅|토스뱅크|토스|토뱅|케이뱅크|케뱅|새마을(?:금고)?|MG|우체국|수협|신협|SC제일"
    "|씨티|KDB|아이엠|iM|산림조합|(?:제일|산업|대구|부산|경남|광주|전북|제주|저축)(?=은행)"
)
# a bank right before the number (국민은행, bank='국민', acct='…) or right behind it (… (국민), … 농협)
_BANK = (
    rf"(?<![가-힣])(?:{_BANKS})(?:은행|뱅크)?(?:으?로|는|은)?(?: [가-힣]{{2,4}} )?[^0-9가-힣]{{0,12}}¤"
    rf"|¤ ?\(?(?:{_BANKS})(?:은행|뱅크)?(?![가-힣])"
)
# numbers of things, which have the shapes of those of persons
_THINGS = (
    "운송장|송장|등기|주문|거래|전표|접수|예약|영수증|승인|추적|계약|발주|부품|품번|모델|시리얼|일련|상품|제품|바코드|문서|공고|수료|회로|자산|파트|"
    "고객|회원|쿠폰|교환권|복권|로트|배치|시험|재고|장비|코드"
)
_OF_THINGS = re.compile(
    rf"(?:{_THINGS})(?:번호|코드|키|표|태그|핀)*[ .:=#A-Za-z]{{0,6}}(?:[\w-]*\d[\w-]* ?[~,/·→] ?)*¤"
)
_DONG_HO = r"(?:제?\d{1,4}|[A-Za-z가나다라마바])동 ?(?:지하 ?|지층 ?)?(?:\d{1,2}층 ?)?[Bb]?\d{1,5}호"
_HO = r"(?:지하 ?|지층 ?)?(?:\d{1,2}층 ?)?(?<!\d)[Bb]?\d{1,5}호"
_HOUSES = "아파트|빌라|맨션|오피스텔|타워|빌딩|주택|하이츠|자이|래미안|푸르지오|힐스테이트|연립|빌"
_NUMBER = r"(?:산 ?)?\d{1,5}(?:-\d{1,4})?(?!\d)(?:번지)?"
_STREET = rf"[가-힣][가-힣0-9·]{{0,11}}(?:대로|로|길|동|리|가) ?(?:\d{{1,3}}번?길 ?)?{_NUMBER}"
# what stands between the number and the door: a remark in brackets, the name of a house
_HOUSE = r"(?:\d{1,2}단지,? ?)?(?:\([가-힣0-9, ]{1,20}\),? ?)?(?:(?!호)[가-힣A-Za-z][가-힣A-Za-z0-9]{0,15},? ?)?"

_IP = (
    r"(?<![\d.vV/])\d{1,3}(?:\.\d{1,3}){3}(?!\d|\.\d|-[a-z])"
    r"|(?<![\w:.])[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?![A-Za-z0-9:])"
)
_VERSION = re.compile(
    r"(?i)(?:버전|version|ver\.?|펌웨어|빌드|build|평점|릴리스|패치(?:노트)?|커널|kernel|OID|태그|tag)"
    r"[ =:]{0,2}(?:표기 )?¤"
    r"|¤ ?(?:버전|version|업데이트|패치)"
)
# in the order in which a place that two of them claim is given away
RECOGNISERS = (
    Recogniser(
        "url", "URL with a key", "[접속주소]", 3,
        re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s\"'<>가-힣`]{4,2000}(?<![.,)\]}!?;:])", re.IGNORECASE),
        hint="://", check=is_open_url,
    ),
    Recogniser(
        "secret", "secret", "[비밀키]", 3,
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]{0,4000}?-----END [A-Z ]*PRIVATE KEY-----)?"
            r"|(?<![A-Za-z0-9])(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}"
            r"|glpat-[\w-]{16,}"
            r"|xox[abeprs]-[\w-]{10,}|xapp-[\w-]{20,}|AIza[\w-]{30,}|GOCSPX-[\w-]{20,}|ya29\.[\w-]{20,}"
            r"|(?:sk|rk|pk)[-_](?:live|test|proj|ant)?[-_]?[A-Za-z0-9_-]{16,}|whsec_[A-Za-z0-9]{16,}|gsk_[A-Za-z0-9]{20,}"
            r"|(?:hf|npm|r8)_[A-Za-z0-9]{20,}|pypi-[\w-]{20,}|dckr_pat_[\w-]{20,}|shp(?:at|ss|pa)_[a-f0-9]{20,}"
            r"|SG\.[\w-]{10,}\.[\w-]{10,}|do[opr]_v1_[a-f0-9]{20,}|hvs\.[\w-]{20,}|lin_api_\w{20,}|PMAK-[a-f0-9-]{20,}"
            r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}|[MNO][\w-]{22,27}\.[\w-]{6}\.[\w-]{27,38}"
            r"|\d{8,10}:[A-Za-z0-9_-]{35}(?![\w-]))"
        ),
        hint=r"[-_.:A-Z]", check=is_key,
    ),
    Recogniser(
        "secret", "secret", "[비밀키]", 3,
        re.compile(
            r"(?i)(?:(?:pass(?:word|wd|phrase)?|pwd"
            r"|secret(?:[_-]?key)?|[a-z_-]*api[_-]?key|access[_-]?key|private[_-]?key"
            r"|auth[_-]?token|[a-z_]*token|[a-z_]+_(?:key|secret|password|pw|pass))"
            r"[\"']? ?(?:=>?|:=?|은|는|이|가|→) ?"
            r"|mysql\w* [^\n]{0,80}? -p|--(?:password|passwd|token|secret|api-key) "
            r"|Authorization: ?(?:Bearer|Basic) |(?<![a-z])Bearer )"
            r"[\"'`]?(?P<value>(?:[a-z]{4} ){3}[a-z]{4}(?![a-z])|[^\s\"'`,;<>가-힣]{6,200}(?<![.)]))"
        ),
        hint="(?i)mysql|pass|pwd|key|secret|token|_pw|bearer|basic", check=is_secret,
    ),
    Recogniser(
        "secret", "secret", "[비밀키]", 3,
        # in Korean a word may stand between: 비번은 …, 비밀번호: …, 비번 바꿨다 공유기 …
        re.compile(
            rf"{_PASS}(?:은|는|이|가|도|만|로|를|을)?[\"']? ?(?:=>?|:|→|-)? ?(?:{_MODEM} ?)?[\"'`]?"
            r"(?P<value>[*#]?\d{4,8}(?:[*#]\d{0,8})?(?![\w*#가-힣-])"
            r"|[*#]?\d{4,8}(?:[*#]\d{0,8})?(?=입니다|이에요|예요|이야|이고|임|으로|로(?![가-힣])|누르)"
            r"|[^\s\"'`,;<>/가-힣]{6,200}(?<![.)]))"
        ),
        hint=_PASS, check=is_pass,
        unless=re.compile("¤[\"'`]? ?(?:같은|이라는|라는|처럼|은 초기|형식)|(?:초기값|기본값|예시|예\\)) ?[^ ]{0,4}¤"),
    ),
    Recogniser(
        "secret", "secret", "[비밀키]", 3,
        re.compile(
            rf"(?<![^\s\"'`(:=])(?P<value>(?=\S*\d\S*\d)[\w!@#$%^&*~?+=-]{{6,64}})(?= ?(?:이|가)? ?{_PASS})", re.ASCII
        ),
        hint=_PASS, check=is_pass,
    ),
    Recogniser(
        "mail", "mail address", "[메일주소]", 2,
        # bounded, so that a long run of letters is looked at once
        re.compile(
            r"(?<![\w.%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}"
            r"|(?<=[가-힣])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}"
        ),
        hint="@", check=is_mail,
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
            r"(?<![\d.-])(?:\d{4}([- ])\d{4}\1\d{4}\1\d{4}|3[47]\d{2}([- ])\d{6}\2\d{5}|\d{16}|3[47]\d{13})(?![\d-])"
        ),
        check=is_card,
    ),
    Recogniser(
        "driver", "driver's licence", "[운전면허번호]", 3,
        re.compile(rf"(?<![\d-])(?:(?:1[1-9]|2[0-8])-|(?:{_REGION})[- ]?)\d{{2}}-\d{{6}}-\d{{2}}(?![\d-])"),
        context=re.compile("(?i)면허|licen[cs]e|driver"), before=80, after=40, unless=_OF_THINGS,
    ),
    Recogniser(
        "business", "business number", "[사업자등록번호]", 1,
        re.compile(r"(?<![\d-])\d{3} ?- ?\d{2} ?- ?\d{5}(?![\d-])"), check=is_business, unless=_OF_THINGS,
    ),
    Recogniser(
        "business", "business number", "[사업자등록번호]", 1,
        re.compile(r"(?<![\d-])\d{3}[- ]?\d{2}[- ]?\d{5}(?![\d-])"), check=is_business, context=re.compile("사업자"),
    ),
    Recogniser(
        "passport", "passport number", "[여권번호]", 3,
        re.compile(r"(?<![A-Za-z0-9])[MSRODGT]\d{3}[A-Z0-9]\d{4}(?![A-Za-z0-9])", re.IGNORECASE),
        check=is_drawn_number, context=re.compile("(?i)여권|passport"), before=80, unless=_OF_THINGS,
    ),
    Recogniser(
        "account", "bank account", "[계좌번호]", 3,
        re.compile(r"(?<![\d-])(?!01[016-9]-?\d{3,4}-?\d{4}(?!\d))\d{2,6}-\d{2,6}-\d{2,7}(?:-\d{1,4})?(?![\d-])"),
        check=is_account, context=re.compile(rf"{_BANK}|계좌|입금|송금|통장|예금주|이체|환불받|(?i:acct|account)"),
        unless=_OF_THINGS,
    ),
    Recogniser(
        "account", "bank account", "[계좌번호]", 3,
        re.compile(r"(?<![\d-])(?!01[016-9]\d{7,8}(?!\d))\d{10,14}(?![\d-])"),
        check=is_account, context=re.compile(rf"{_BANK}|계좌|통장"), unless=_OF_THINGS,
    ),
    Recogniser(
        "phone", "phone number", "[전화번호]", 2,
        # mobile numbers also without gaps; others need them, for ten digits in a row are an order as well
        re.compile(
            rf"(?<![\d+-])(?<!\d\.)\(?(?:\+?82{_GAP}?\(?0?\)?{_GAP}?|0)"
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
            rf"|(?<![가-힣])(?!(?:공동|단독|임대|분양)주택)"
            rf"[가-힣A-Za-z0-9]{{1,12}}(?:{_HOUSES}),? ?(?:{_DONG_HO}|{_HO})"
            rf"|(?<![\d가-힣]){_DONG_HO}"
        ),
        hint="호",
    ),
    Recogniser(
        "plate", "vehicle plate", "[차량번호]", 2,
        re.compile(
            # taxis, buses and parcel vans name their region
            rf"(?<![\d.,])(?:(?:{_REGION}) ?\d{{2}} ?[{_PLATE}{_HIRED}]|\d{{2,3}} ?[{_PLATE}]) ?\d{{4}}{_NO_UNIT}"
        ),
        check=is_drawn_number,
    ),
    Recogniser(
        "plate", "vehicle plate", "[차량번호]", 2,  # or leave it out
        re.compile(rf"(?<![\d.,])\d{{2}} ?[{_HIRED}] ?\d{{4}}{_NO_UNIT}"),
        check=is_drawn_number, context=re.compile("기사|트럭|택시|버스|배차|화물|번호판|차량|차 "),
    ),
    Recogniser(
        "plate", "vehicle plate", "[차량번호]", 2,  # of two wheels
        re.compile(rf"(?:{_REGION}) ?[가-힣]{{1,3}} ?[가-힣] ?\d{{4}}(?!\d|,\d)"),
        context=re.compile("오토바이|이륜|번호판|바이크|스쿠터"),
    ),
    Recogniser(
        "ip", "IP address", "[IP주소]", 1, re.compile(_IP), check=is_clear_address, unless=_VERSION,
    ),
    Recogniser(
        "ip", "IP address", "[IP주소]", 1, re.compile(_IP), check=is_address, unless=_VERSION,
        context=re.compile(
            r"(?i)아이피|(?<![a-z])ip(?![a-z])|주소|서버|접속|대역|vpn|호스트|host|from|forward|upstream|브로커|방화벽|포트"
            r"|(?<![a-z])(?:ping|ssh|dns|dst|src|tcp|udp)(?![a-z])|차단|공유기|허용|출발지"
            r"|(?:\d{2,3}\.){3}\d{1,3}[,→/ ]{1,3}¤|¤(?::\d{2,5}(?![\d.])|/\d{1,2}(?!\d))"
        ),
    ),
)  # fmt: skip
