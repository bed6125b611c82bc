"""What opens something: URLs with keys, keys of providers, passwords of programs and of people, door codes."""

from __future__ import annotations

import re

from kosent_lab.corpora.personal_checks import is_key, is_open_url, is_pass, is_secret
from kosent_lab.corpora.recogniser import Recogniser

_PASS = "(?:비밀번호|비번|패스워드|암호|인증키|접속키|토큰)"
_DOOR = "(?:현관|도어락|출입|열림|무인택배함|사물함|자물쇠|금고|대문|로비)"
_CODE = r"[*#]?\d{4,8}(?:[*#]\d{0,8}[*#]?)?"
_SPOKEN = "(?:종?\\d{3,8}종|[가-힣]{2,8}\\d{3,8}(?= ?(?:으?로|입니다|이에요|예요))|\\d{1,8}[*#]\\d{2,8})"
_COUNTS = " ?(?:자리|글자|년|월|일(?!입)|번(?!이)|개|회|원|자|명|분|초|시|회선)"
_SIGNS = "_!@#$%^&*~?+=-"
_STRONG = rf"(?=[A-Za-z{_SIGNS}]*\d)(?=[\d{_SIGNS}]*[A-Za-z])(?=[A-Za-z\d]*[{_SIGNS}])[A-Za-z\d{_SIGNS}]{{8,64}}"

# in the order in which a place that two of them claim is given away
SECRETS = (
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
            r"(?i)(?:(?:pass(?:word|wd|phrase)?|pwd|(?<![a-z])pw(?:_[a-z]+)?|requirepass"
            r"|secret(?:[_-]?key)?|[a-z_-]*api[_-]?key|access[_-]?key|private[_-]?key"
            r"|auth[_-]?token|[a-z_]*token|[a-z_]+_(?:key|secret|password|pw|pass))"
            r"[\"']? ?(?:=>?|:=?|은|는|이|가|을|를|→) ?"
            r"|mysql\w* [^\n]{0,80}? -p|--(?:password|passwd|token|secret|api-key) "
            r"|Authorization: ?(?:Bearer|Basic) |(?<![a-z])Bearer )"
            r"[\"'`]?(?P<value>(?:[a-z]{4} ){3}[a-z]{4}(?![a-z])|[^\s\"'`,;<>가-힣]{6,200}(?<![.)]))"
        ),
        hint="(?i)mysql|pass|pwd|pw|key|secret|token|_pw|bearer|basic", check=is_secret,
    ),
    Recogniser(
        "secret", "secret", "[비밀키]", 3,
        # in Korean a word may stand between: 비번은 …, 비밀번호: …, 비번 바꿨다 공유기 …
        re.compile(
            rf"{_PASS}(?:은|는|이|가|도|만|로|를|을)?[\"']? ?(?:=>?|:|→|-)? ?[\"'`]?"
            rf"(?P<value>{_SPOKEN}|{_CODE}(?![A-Za-z0-9_*#-]|{_COUNTS})|[^\s\"'`,;<>/가-힣]{{6,200}}(?<![.)]))"
        ),
        hint=_PASS, check=is_pass,
        unless=re.compile("¤[\"'`]? ?(?:같은|이라는|처럼|은 초기|형식)|(?:초기값|기본값|예시|예\\)) ?[^ ]{0,4}¤"),
    ),
    Recogniser(
        "secret", "secret", "[비밀키]", 3,
        re.compile(
            rf"(?<![^\s\"'`(:=])(?P<value>(?=\S*\d\S*\d)[\w!@#$%^&*~?+=-]{{6,64}})(?= ?(?:이|가)? ?{_PASS})", re.ASCII
        ),
        hint=_PASS, check=is_pass,
    ),
    Recogniser(
        "secret", "secret", "[비밀키]", 3,
        # further off, where it looks like nothing else: 비번 또 바꿈 …, admin / …
        re.compile(rf"(?:{_PASS}[가-힣 ]{{1,16}}|(?<![\w/])[A-Za-z][\w.@-]{{1,30}} / )(?P<value>{_STRONG})(?![\w./])"),
        check=is_secret, context=re.compile(rf"(?i){_PASS}|계정|로그인|아이디|관리자|접속|설정|들어가|admin"),
        before=40,
    ),
    Recogniser(
        "secret", "secret", "[비밀키]", 3,
        re.compile(r"(?<![\w*#-])(?:[*#]\d{3,8}[*#]?|\d{3,8}[*#]\d{0,8}[*#]?|\d{1,2}[*#]\d{3,8})(?![A-Za-z0-9_*#-])"),
        hint=r"[*#]", context=re.compile(rf"{_PASS}|{_DOOR}"),
    ),
    Recogniser(
        "secret", "secret", "[비밀키]", 3,
        re.compile(rf"{_DOOR} ?(?:비번|비밀번호|번호|코드)(?:은|는)? ?:? ?(?P<value>\d{{4,8}})(?![\w*#-]|{_COUNTS})"),
        hint=_DOOR,
    ),
)  # fmt: skip
