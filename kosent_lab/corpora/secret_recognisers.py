"""What opens something: URLs with keys, keys of providers, passwords of programs and of people, door codes."""

from __future__ import annotations

import functools
import re

from kosent_lab.corpora.personal_checks import is_alone, is_key, is_open_url, is_pass, is_secret
from kosent_lab.corpora.recogniser import Recogniser

_secret = functools.partial(Recogniser, "secret", "secret", "[비밀키]", 3)

_PASS = (
    "(?:비밀번호|비번|패스워드|암호화 ?키|암호(?!화|학|문구|일련)|인증키|접속키|(?:사전)?공유 ?키"
    "|토큰(?!이? ?(?:만료|유효|길이|개수|수명|갱신|소비|사용량))"
    "|(?:시크릿|API|api|액세스|와이파이|WPA2?|REST|개인|비밀|서버) ?키(?!보드)|OTP ?(?:시드|시크릿)"
    "|(?:백업|복구) ?코드)"
)
_DOOR = (
    "(?:현관|비상문|비상구|개폐|문 ?안 ?열|무인|도어락|출입|열림|택배함"
    "|사물함|자물쇠|(?<!새마을)금고|대문|로비|키패드|문은|진입|예비|입실|스마트락|관리자 ?모드)"
)
_LOCK = (
    r"(?:잠금(?:해제)?|키박스|열쇠함|보관함|반납함|도어락|자물쇠"
    r"|핀 ?번호|(?<![가-힣])핀(?= \d{4})|(?<![A-Za-z])PIN(?: ?번호)?)"
)
_ABOUT = rf"{_PASS}|(?<![a-z])(?:pw|password|passwd)(?![a-z])|계정"
# between the word and the value
_LINK = (
    r"(?:\([A-Za-z가-힣 ]{2,12}\))?"
    r"(?:은|는|이|가|도|만|로|를|을|이요|요)?[\"'?]? ?(?:(?:변경|바뀜|바꿈|안내|열쇠|그대로|걸어둠|기존|이전|임시) ?)?"
    r"(?:=>?|:|→|->?)? ?"
    r"[\"'`「『\[(]?"
)
_COUNTS = " ?(?:자리|글자|년|월|일(?!입)|번(?!이)|개|회|원|자|명|분|초|시|회선|호(?!출)|동|층|만|천)"
_CODE = r"[*#]?\d{4,12}(?:[*#]\d{0,8}[*#]?|★|-\d{1,6})?"
_SAID = "(?= ?(?:으?로|라고|입니다|이에요|예요|에요|이야|야(?![가-힣])|임(?![가-힣])|래(?![가-힣]))|[\\s,.)]|$)"
_NO_PARTICLE = "(?!입니|이[에야고라거었]|였|예요|에[서요]|으?로|인데|라고|같은|처럼|래요|임)"
_IS_SAID = (
    "(?:(?= ?(?:입니다|이에요|예요|이야|임(?![가-힣])|이고|였|이거))"
    r"|(?<![요다것음함지자네까고서면임])(?=\s*$))"  # nothing more is said, and no verb
)
_CLAIM = "(?:(?:복구|복원|백업) ?(?:코드|키))"
_PHRASE = "(?:암호 ?문구|(?i:pass ?phrase)|패스 ?프레이즈|(?:시드|복구|복구용|비밀|지갑|지갑 복구) ?(?:문구|구문|단어))"
_SPOKEN = (
    r"(?:종?\d{3,8} ?(?:종|별|샵|우물)|\d{1,8}[*#]\d{2,8}[*#]?"  # a code with the sign said: 종1029종
    r"|\d{3,5}(?:열쇠|종|키|호출)\d{3,5}[*#]?"
    rf"|[가-힣ㄱ-ㅎ]{{2,8}}\d{{2,8}}(?:[a-z]{{1,8}}|[!@#*])?{_SAID}"  # a word and a number: 우리집1004
    rf"|[a-z]{{2,10}}\d{{1,8}}{_NO_PARTICLE}[가-힣]{{2,8}}?{_SAID}"
    rf"|\d{{3,6}}{_NO_PARTICLE}(?!{_COUNTS}|[은는이가을를])[가-힣]{{3,8}}(?=[\s,.)]|$))"
)
_SIGNS = "_!@#$%^&*~?+=-"
# whatever looks ahead looks as far as a password is long: a line of a program may have no end
_HAS_DIGIT, _HAS_LETTER = rf"(?=[A-Za-z{_SIGNS}]{{0,63}}\d)", rf"(?=[\d{_SIGNS}]{{0,63}}[A-Za-z])"
_STRONG = rf"{_HAS_DIGIT}{_HAS_LETTER}(?=[A-Za-z\d]{{0,63}}[{_SIGNS}])[A-Za-z\d{_SIGNS}]{{8,64}}"
_MIXED = rf"{_HAS_DIGIT}{_HAS_LETTER}[A-Za-z\d{_SIGNS}]{{6,64}}"
_TOKEN = r"[^\s\"'`,;<>/가-힣「」『』\[\]]{6,200}(?<![.)])"
_END = rf"(?![A-Za-z\d./{_SIGNS}])"  # a particle may follow
_WORDS = r"(?:[a-z]{4} ){3}[a-z]{4}(?![a-z])"  # a password that a mail service makes for a program
_OF_PROGRAMS = re.compile(
    r"(?i)(?:와이파이|와파|wi-?fi|ssid|공유기)(?:은|는|이름)?[ :]{0,3}[\"'‘“]?¤|argon|bcrypt|sha-?\d|git "
    "|(?:아이디|공개 ?키|public ?key|(?:(?<![a-z])|trace|request|order|user_?)id"
    "|모델|제품|품번|버전|커밋|commit|해시|hash|주문|브랜치|branch)"
    "(?:명|번호)?(?:은|는|가|이)?[\"']?[ :=]{0,3}[\"']?¤"
)

# in the order in which a place that two of them claim is given away
SECRETS = (
    Recogniser(
        "url", "URL with a key", "[접속주소]", 3,
        re.compile(
            r"(?:(?:jdbc:)?[a-z][a-z0-9+.-]{1,20}://|(?<![\w@/.-])(?:[a-z0-9-]{1,40}\.){1,4}[a-z]{2,6}/(?=[^\s가-힣]{0,200}\?))"
            # a password may end in !, a sentence too
            r"(?:[^\s\"'<>가-힣`]{4,400}?[?&](?:password|passwd|pwd|pw)=[^\s&\"'<>가-힣`,]{4,64}(?<![.,)\]};:])(?!&)"
            # a path may hold Hangul, a particle behind the address does not go on
            r"|(?:[^\s\"'<>가-힣`]|[가-힣]+(?=[._/?&=%-][\w가-힣])){4,2000}(?<![.,)\]}!?;:]))", re.IGNORECASE
        ),
        hint=r"://|/\S{0,200}\?", check=is_open_url,
    ),
    _secret(
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]{0,4000}?-----END [A-Z ]*PRIVATE KEY-----)?"
            r"|(?<![A-Za-z0-9])(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}"
            r"|glpat-[\w-]{16,}"
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
    _secret(
        re.compile(
            r"(?i)(?:(?:pass(?:word|wd|phrase)?|pwd|(?<![a-z])(?:db|ftp|my)?pw(?:_[a-z]{1,30})?|requirepass|pgpassword|(?:wifi_|wpa_)?psk|passcode"
            r"|secret(?:[_-]?key)?|[a-z_-]{0,30}api[_-]?key|(?:access|private|account|shared|encryption|signing|rest|native|admin|client|consumer|master|license)[_-]?key|(?:j|php)?sess(?:ion)?_?id|credential|(?-i:(?<=[a-z])P[Ww]d?)"
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
    _secret(
        re.compile(r"(?i)pass ?phrase ?(?:은|는)?[:= ]{1,3}[\"']?(?P<value>(?:[a-z]{3,12}[ -]){3,11}[a-z]{3,12})"),
        hint="(?i)phrase",
    ),
    _secret(
        re.compile(r"(?i)phrase[:= ]{1,3}(?P<quote>[\"'])(?P<value>\w{2,20}(?: \w{2,20}){1,5})(?P=quote)", re.ASCII),
        hint="(?i)phrase",
    ),
    *(
        _secret(
            re.compile(
                rf"{_PHRASE}(?:은|는|을|를|이)?(?:\([^)]{{1,10}}\))?{before}"
                rf"(?P<value>(?:[가-힣a-z]{{1,12}} ){{2,23}}{last}){behind}"
            ),
            hint="(?i)문구|프레이즈|구문|단어|phrase",
        )
        for before, last, behind in (
            (r" ?[:=] ?[\"'“]?", "[가-힣a-z]{1,12}?", "(?![가-힣a-z])"),
            (" ?[\"'“]", r"(?:[가-힣a-z]{1,12}|\d{1,8})", "(?=[\"'”])"),
            (" ", "[가-힣a-z]{1,12}?", _IS_SAID),
        )
    ),
    _secret(
        # given to a program: curl -u name:…, redis-cli -a …, AKIA… / …
        re.compile(
            r"(?:(?:curl [^\n]{0,80}?-u |--user[= ])[\"']?[\w.@-]{1,40}:"
            r"|(?:redis-cli|mongo\w*|sshpass|ldap\w+|docker login|smbclient) [^\n]{0,80}?(?<![\w-])-[apw] ?[\"']?"
            r"|(?:net user|htpasswd) (?:-\w+ )?(?:[\w./-]{1,60} ){1,2}[\"']?|WIFI:[^\n]{1,80};P:"
            r"|-(?:src|dest)?(?:store|key)pass(?:word)?[ =][\"']?"
            r"|(?<![\w-])echo (?:-n )?[\"'](?=[^\"'\n]{6,64}[\"'] ?\| ?sudo -S)"
            r"|(?:AKIA|ASIA)[0-9A-Z]{16} ?[/,:|] ?)(?P<value>[^\s\"'가-힣]{6,64}(?<!;))"
        ),
        hint="curl|--user|redis|mongo|sshpass|ldap|docker|smbclient|A[KS]IA|[ey]pass|sudo|net user|htpasswd|WIFI:",
        check=is_secret,
    ),
    _secret(
        # codes with which an account is taken back: 복구코드 7KQD-M2XV-99TB
        re.compile(
            rf"{_CLAIM}[^\n\d]{{0,8}}?(?:\d개)?[^\n\d]{{0,16}}?"
            r"(?P<value>(?=[A-Z-]*\d)[A-Z\d]{4,8}(?:[- ][A-Z\d]{4,8}){1,7}(?![A-Za-z\d-])"
            r"|\d{12,19}(?!\d))"
        ),
        hint=_CLAIM,
    ),
    _secret(
        re.compile(
            rf"{_PASS}{_LINK}(?:[A-Za-z][\w.@-]{{1,40}} ?/ ?)?"
            rf"(?P<value>{_SPOKEN}|{_CODE}(?![A-Za-z0-9_*#-]|{_COUNTS})|{_TOKEN})"
        ),
        hint=_PASS, check=is_pass,
        unless=re.compile("¤[\"'`]? ?(?:같은|이라는|처럼|은 초기|형식)|(?:초기값|기본값|예시|예\\)) ?[^ ]{0,4}¤"),
    ),
    _secret(
        # words of a wallet, which open it whatever stands around them
        re.compile(
            rf"(?:{_PHRASE}|시드|니모닉)[^\na-z]{{0,8}}(?P<value>(?:[a-z]{{3,8}} ){{7,23}}[a-z]{{3,8}})(?![a-z])"
        ),
        hint="시드|니모닉|문구|구문|단어|(?i:phrase)",
    ),
    _secret(
        # from one to another: 비번이 … 에서 …로
        re.compile(rf"{_PASS}[^,;\n]{{0,40}}(?:에서|→|->|=>) ?[\"'`]?(?P<value>{_CODE}(?!{_COUNTS})|{_TOKEN})"),
        hint=_PASS, check=is_pass, unless=_OF_PROGRAMS,
    ),
    _secret(
        re.compile(
            rf"(?<![^\s\"'`(:=])(?!\d{{4}}-\d{{4}}-|\d{{2,6}}-\d{{2,6}}-\d{{2,7}}(?!\d))(?P<value>(?=\S{{0,62}}\d\S{{0,62}}\d)[\w!@#$%^&*~?+=-]{{6,64}})"
            rf"(?= ?(?:이|가)? ?{_PASS}(?!(?:은|는)?(?: {{4}}|[ :=]{{1,3}}(?=\S{{0,20}}\d)[A-Za-z!@#$%^&*])))",
            re.ASCII,
        ),
        hint=_PASS, check=is_pass, unless=_OF_PROGRAMS,
    ),
    _secret(
        # further off, where it looks like nothing else: 비번 또 바꿈 …, admin / …
        re.compile(rf"(?:{_PASS}[가-힣 ]{{1,16}}|(?<![\w/])[A-Za-z][\w.@-]{{1,30}} / )(?P<value>{_STRONG}){_END}"),
        hint=r"\d", check=is_secret, before=40,
        context=re.compile(rf"(?i){_PASS}|계정|로그인|아이디|관리자|접속|설정|들어가|사이트|가입|admin"),
    ),
    _secret(
        # a word or two between: 비번 오늘부터 7391로 …, 암호는 아직도 admin8282임
        re.compile(
            rf"{_PASS}(?:은|는|이|가)? (?:[가-힣]{{1,6}} ){{1,2}}"
            rf"(?P<value>(?:{_CODE})(?= ?(?:으?로|이야|이에요|예요|입니다|임|래))|{_MIXED}{_END})"
        ),
        hint=_PASS, check=is_pass, unless=_OF_PROGRAMS,
    ),
    _secret(
        # said to be it, in a sentence about another: 그건 MickeyGo_91 이거고
        re.compile(
            rf"(?<![\w@/.:-])(?P<value>[A-Za-z][A-Za-z{_SIGNS}]{{2,20}}\d{{1,8}}[{_SIGNS}]?)(?:\([^)]{{1,12}}\))?"
            "(?= ?(?:이?(?:에요|예요|거고|거야|야|임|입니다|고|라고)(?![가-힣])"
            "|으?로 ?(?:바꿨|바꾸|변경|들어|로그인|접속)))",
            re.ASCII,
        ),
        hint=rf"(?i){_ABOUT}", check=is_secret, context=re.compile(rf"(?i){_ABOUT}"), before=80, unless=_OF_PROGRAMS,
    ),
    _secret(
        # one enters with it: inswae!40으로 로그인하면
        re.compile(
            rf"(?<![\w@/.:-])(?P<value>(?=\S{{0,63}}[!#$%^&*~+?]){_MIXED})(?= ?으?로 ?(?:로그인|접속|들어가))", re.ASCII
        ),
        hint="로그인|접속|들어가", check=is_secret,
    ),
    _secret(
        re.compile(r"(?<![\w*#-])(?:[*#]?\d{1,8}(?:[*#]\d{1,8}){1,3}[*#]?|[*#]\d{3,8}[*#]?|\d{3,8}[*#]{1,2})(?![A-Za-z0-9_*#-])"),
        hint=r"[*#]", context=re.compile(rf"{_PASS}|{_DOOR}|{_LOCK}|여는 번호"),
    ),
    _secret(
        re.compile(
            rf"(?:{_DOOR}(?:문|키)? ?(?:비번|비밀번호|번호|코드)|{_LOCK} ?(?:비번|비밀번호|번호|코드)?)"
            rf"(?:은|는|이|가)? ?:? ?(?P<value>\d(?:-\d){{3,7}}|\d{{3,8}}|[A-Z]-?\d{{3,6}}(?:-[A-Z])?)"
            rf"(?![\d*#-]| \d{{4}}|[A-Za-z_]|{_COUNTS})"
        ),
        hint=rf"{_DOOR}|{_LOCK}",
    ),
    _secret(
        re.compile(r"(?<![\w-])\d{4,8}[*#]?(?=번? ?(?:을|를)? ?(?:누르|눌러|치고|입력))"),
        context=re.compile(_DOOR), unless=re.compile("¤[^.]{0,8}호출|세대|동호수"),
    ),
    _secret(re.compile(r"종\d{3,8}종"), hint=r"종\d"),
    _secret(
        # of two doors the second: 현관 비번 1029로 바꿨어. 택배함은 5567
        re.compile(
            r"(?:(?:공동)?현관|[뒷옆]문|[정후대]문|택배함|사물함|금고|창고|도어락|옥상|다락|서랍|자물쇠)[은는도] "
            rf"(?P<value>{_CODE})(?![\d*#A-Za-z-]|{_COUNTS})"
        ),
        context=re.compile(_PASS), before=60, after=0,
    ),
    _secret(
        # quoted, with Hangul in it: password: 'Redis는빨개'
        re.compile(
            rf"(?i)(?:pass(?:word|wd)?|pwd|{_PASS})[\"']? ?[:=] ?(?P<quote>[\"'])"
            r"(?P<value>(?=[^\"']*[A-Za-z\d!@#$%^&*])(?=[^\"']*[가-힣])[^\s\"'<>{}]{5,40})(?P=quote)"
        ),
        hint=rf"(?i)pass|pwd|{_PASS}",
    ),
    _secret(
        # a phrase in quotes: 패스워드 "온누리 7층 커피"
        re.compile(
            rf"{_PASS}(?:은|는)?[ :=]{{0,3}}(?P<quote>[\"'“])"
            r"(?P<value>(?=[^\"'”]*\d)(?![^\"'”]*(?:자리|글자|이상|이하|영문|문자|특수|숫자|포함|번호|\d[회년월일번]))[가-힣A-Za-z\d!@#$%^&*]{2,12}"
            r"(?: [가-힣A-Za-z\d!@#$%^&*]{1,12}){1,5})(?:(?P=quote)|”)"
        ),
        hint=_PASS,
    ),
    _secret(
        # asked for and answered: 비번 뭐였지? 880214잖아
        re.compile(
            rf"{_PASS}(?:이|가)? ?(?:뭐|뭔|모|어떻게|몇|까먹|기억)[^0-9\n]{{1,40}}(?P<value>{_CODE})"
            "(?= ?(?:잖|이잖|이야|이?에요|예요|이요|요(?![가-힣])|입니다|임|인데|일걸|같))"
        ),
        hint=_PASS, check=is_pass,
    ),
    _secret(
        # a star or a bell is pressed before it or behind it
        re.compile(
            r"(?<![\w-])\d{4,8}(?=[^\d\n]{0,8}(?:별표|우물 ?정|샵|종 ?모양|종 ?버튼))"
            rf"|(?<=누르고 )\d{{4,8}}(?![A-Za-z\d-]|{_COUNTS})"
        ),
        context=re.compile(_DOOR), before=60,
    ),
    _secret(
        re.compile(rf"(?<![\w/.-])(?:admin|root|guest|관리자) ?/ ?(?P<value>{_MIXED}){_END}"),
        hint="admin|root|guest|관리자", check=is_pass, unless=_OF_PROGRAMS,
    ),
    _secret(
        re.compile(
            rf"{_PASS}(?:은|는) [\"'`]?(?P<value>[a-z]{{2,12}}(?:[_-][a-z]{{2,12}}){{1,5}})"
            "(?= ?(?:이?고|입니다|이?에요|예요|이야|야|임|으?로 바꿨)(?![가-힣]))"
        ),
        hint=_PASS,
    ),
)  # fmt: skip
# what is left where nothing else claims it: in a sentence about a password, what is no word
LONE_SECRETS = (
    _secret(
        re.compile(
            rf"(?<![\w@/.:?&=-])(?:[A-Za-z\d][\w.-]{{19,80}}|[A-Za-z\d][A-Za-z\d{_SIGNS}]{{7,63}})(?![\w@/:(-]|\.\w)",
            re.ASCII,
        ),
        hint=rf"(?i){_ABOUT}", check=is_alone, context=re.compile(rf"(?i){_ABOUT}"), before=60, after=30,
        unless=_OF_PROGRAMS,
    ),
)  # fmt: skip
