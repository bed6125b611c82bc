"""What opens something by its shape: URLs with keys, keys of providers, what is given to programs, phrases, codes with
which an account is taken back; what people say is in ``secret_recognisers``.
"""

from __future__ import annotations

import functools
import re

from kosent_lab.corpora.personal_checks import is_key, is_open_url, is_secret
from kosent_lab.corpora.recogniser import Recogniser

secret = functools.partial(Recogniser, "secret", "secret", "[비밀키]")

_IS_SAID = (
    "(?:(?= ?(?:입니다|이에요|예요|이야|임(?![가-힣])|이고|였|이거))"
    r"|(?<![요다것음함지자네까고서면임])(?=\s*$))"  # nothing more is said, and no verb
)
_HOW = "(?:띄어쓰기|그대로|순서|정확히|전부|입력|절대)"  # not of a phrase, but how it is typed
_CLAIM = "(?:(?:복구|복원|백업) ?(?:코드|키))"
PHRASE = "(?:암호 ?문구|(?i:pass ?phrase)|패스 ?프레이즈|(?:시드|복구|복구용|비밀|지갑|지갑 복구) ?(?:문구|구문|단어))"
_WORDS = r"(?:[a-z]{4} ){3}[a-z]{4}(?![a-z])"  # a password that a mail service makes for a program

# in the order in which a place that two of them claim is given away
KEYS = (
    Recogniser(
        "url", "URL with a key", "[접속주소]",
        re.compile(
            r"(?:(?:jdbc:)?[a-z][a-z0-9+.-]{1,20}://|(?<![\w@/.-])(?:[a-z0-9-]{1,40}\.){1,4}[a-z]{2,6}/(?=[^\s가-힣]{0,200}\?))"
            # a password may end in !, a sentence too
            r"(?:[^\s\"'<>가-힣`]{4,400}?[?&](?:password|passwd|pwd|pw)=[^\s&\"'<>가-힣`,]{4,64}(?<![.,)\]};:])(?![.;:)\]}]?[\w&%=!@#$*-])"
            # a path may hold Hangul, a particle behind the address does not go on
            r"|(?:[^\s\"'<>가-힣`]|[가-힣]+(?=[._/?&=%-][\w가-힣])){4,2000}(?<![.,)\]}!?;:]))", re.IGNORECASE
        ),
        hint=r"://|/\S{0,200}\?", check=is_open_url,
    ),
    secret(
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]{0,4000}?-----END [A-Z ]*PRIVATE KEY-----)?"
            r"|(?<![A-Za-z0-9])(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}"
            r"|glpat-[\w-]{16,}|(?<=KakaoAK )[0-9a-f]{32}|ncp_iam_[A-Za-z0-9]{16,}"
            r"|xox[abeprs]-[\w-]{10,}|xapp-[\w-]{20,}|AIza[\w-]{30,}|GOCSPX-[\w-]{20,}|ya29\.[\w-]{20,}"
            r"|(?:live_|test_)?(?:sk|rk|pk)[-_](?:live|test|proj|ant)?[-_]?[A-Za-z0-9_-]{16,}|whsec_[A-Za-z0-9]{16,}|gsk_[A-Za-z0-9]{20,}"
            r"|(?:hf|npm|r8)_[A-Za-z0-9]{20,}|pypi-[\w-]{20,}|dckr_pat_[\w-]{20,}|shp(?:at|ss|pa)_[a-f0-9]{20,}"
            r"|SG\.[\w-]{10,}\.[\w-]{10,}|do[opr]_v1_[a-f0-9]{20,}|hvs\.[\w-]{20,}|lin_api_\w{20,}|PMAK-[a-f0-9-]{20,}"
            r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}|[MNO][\w-]{22,27}\.[\w-]{6}\.[\w-]{27,38}"
            r"|\d{8,10}:(?:AA[A-Za-z0-9_-]{30,36}|[A-Za-z0-9_-]{35})(?![\w-])"
            r"|\d{6}(?:-\d{6}){7}(?![\d-]))",  # of a drive: eight times six digits
            re.ASCII,  # a particle may stand right behind a key
        ),
        hint=r"[-_.:A-Z]", check=is_key,
    ),
    secret(
        # words with a sign between, Hangul among them: passphrase는 sanmaru-gom-3마리
        re.compile(
            rf"{PHRASE}(?:은|는)?[:= ]{{1,3}}(?P<value>(?=[^\s]{{0,60}}[a-z])[a-z0-9가-힣]{{1,16}}"
            r"(?:[-_][a-z0-9가-힣]{1,16}?){2,6})"
            "(?= ?(?:입니다|이?[에예]요|이?야(?![가-힣])|임(?![가-힣])|이?고(?![가-힣])))"
        ),
        hint="(?i)phrase|문구|프레이즈|구문|단어",
    ),
    secret(
        re.compile(
            r"(?i)(?:(?:pass(?:word|wd|phrase)?|pwd|(?<![a-z])(?:db|ftp|my)?pw(?:_[a-z]{1,30})?|requirepass|pgpassword|(?:wifi_|wpa_)?psk|passcode"
            r"|secret(?:[_-]?key)?|[a-z_-]{0,30}api[_-]?key|(?:access|private|account|shared|encryption|signing|rest|native|admin|client|consumer|master|license)[_-]?key|(?:j|php)?sess(?:ion)?_?id"
            r"|(?<=Cookie: )(?:[a-z]{1,20}[_.])?sess(?:ion)?|credential|(?-i:(?<=[a-z])P[Ww]d?)"
            r"|auth[_-]?token|[a-z_]{0,30}token|[a-z_]{1,30}_(?:key|secret|password|pw|pass))"
            r"[\"'\]]{0,2} ?(?:=>?|:=?|은|는|이|가|을|를|→| (?=[\"'`]\S{6,64}[\"'`])"
            r"|,?\s{0,8}[\"']?value[\"']? ?[:=]) ?"
            r"|mysql\w* [^\n]{0,80}? -p|--(?:password|passwd|token|secret|api-key) "
            # of a file of settings, and the third of what a program connects with
            r"|(?:requirepass|masterauth|bindpw|rootpw) "
            r"|(?:mysqli?(?:_connect)?|getConnection|new PDO) ?\((?:[\"'][^\"'\n]{1,80}[\"'], ?){2}(?=[\"'])"
            r"|(?:Credentials?|Auth ?=?|Token|\.login) ?\([\"'][^\"'\n]{1,80}[\"'], ?(?=[\"'])"
            r"|(?:identified by|with password) (?=')"
            r"|Authorization: ?(?:[A-Za-z]{3,20} )?|(?<![a-z])Bearer |(?<![a-z])id (?:[\w.-]{2,30} )(?:pw|password) )"
            rf"[\"'`]?(?P<value>{_WORDS}|[^\s\"'`,;<>가-힣]{{6,200}}(?<![.)]))"
        ),
        hint="(?i)mysql|psk|sess|pass|pwd|pw|key|secret|token|_pw|bearer|authorization|identified|credential|auth|connect"
        "|pdo|login",
        check=is_secret,
    ),
    secret(
        re.compile(r"(?i)pass ?phrase ?(?:은|는)?[:= ]{1,3}[\"']?(?P<value>(?:[a-z]{3,12}[ -]){3,11}[a-z]{3,12})"),
        hint="(?i)phrase",
    ),
    secret(
        re.compile(r"(?i)phrase[:= ]{1,3}(?P<quote>[\"'])(?P<value>\w{2,20}(?: \w{2,20}){1,5})(?P=quote)", re.ASCII),
        hint="(?i)phrase",
    ),
    *(
        secret(
            re.compile(
                rf"{PHRASE}(?:은|는|을|를|이)?(?:\([^)]{{1,10}}\))?{before}"
                rf"(?P<value>(?:(?!{_HOW})[가-힣a-z]{{1,12}} ){{2,23}}(?!{_HOW}){last}){behind}"
            ),
            hint="(?i)문구|프레이즈|구문|단어|phrase",
        )
        for before, last, behind in (
            (r" ?[:=] ?[\"'“]?", "[가-힣a-z]{1,12}?", f"(?![가-힣a-z]| (?!{_HOW})[가-힣a-z])"),
            (" ?[\"'“]", r"(?:[가-힣a-z]{1,12}|\d{1,8})", "(?=[\"'”])"),
            (" ", "[가-힣a-z]{1,12}?", _IS_SAID),
        )
    ),
    secret(
        # given to a program: curl -u name:…, redis-cli -a …, AKIA… / …
        re.compile(
            r"(?:(?:curl [^\n]{0,80}?-u |--user[= ])[\"']?[\w.@-]{1,40}:"
            r"|(?:redis-cli|mongo\w*|sshpass|ldap\w+|docker login|smbclient) [^\n]{0,80}?(?<![\w-])-[apw] ?[\"']?"
            r"|snmp\w+ [^\n]{0,80}?(?<![\w-])-c |(?<![\w-])-u ?[\w.@-]{1,40} -[pPw] ?[\"']?(?!\d{1,5}[.:]\d|[\w.-]*/)"
            r"|(?:net user|htpasswd) (?:-\w+ )?(?:[\w./-]{1,60} ){1,2}[\"']?|WIFI:[^\n]{1,80};P:"
            r"|-(?:src|dest)?(?:store|key)pass(?:word)?[ =][\"']?"
            r"|(?<![\w-])echo (?:-n )?[\"'](?=[^\"'\n]{6,64}[\"'] ?\| ?sudo -S)"
            r"|(?:AKIA|ASIA)[0-9A-Z]{16} ?[/,:|] ?)(?P<value>[^\s\"'가-힣]{6,64}(?<!;))"
        ),
        hint="curl|--user|-u|redis|mongo|snmp|sshpass|ldap|docker|smbclient|A[KS]IA|[ey]pass|sudo|net user|htpasswd"
        "|WIFI:",
        check=is_secret,
    ),
    secret(
        # codes with which an account is taken back: 복구코드 7KQD-M2XV-99TB
        re.compile(
            rf"{_CLAIM}[^\n\d]{{0,8}}?(?:\d개)?[^\n\d]{{0,16}}?"
            r"(?P<value>(?=[A-Z-]*\d)[A-Z\d]{4,8}(?:[- ][A-Z\d]{4,8}){1,7}(?![A-Za-z\d-])"
            r"|\d{12,19}(?!\d))"
        ),
        hint=_CLAIM,
    ),
)  # fmt: skip
