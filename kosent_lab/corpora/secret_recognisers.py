"""Passwords as people say them, and codes of doors; what programs and providers write is in ``key_recognisers``."""

from __future__ import annotations

import re

from kosent_lab.corpora.key_recognisers import PHRASE, secret
from kosent_lab.corpora.personal_checks import is_alone, is_pass, is_secret

_PASS = (
    "(?:비밀번호|비번|패스워드|암호화 ?키|암호(?!화|학|문구|일련)|인증키|접속키|(?:사전)?공유 ?키"
    "|토큰(?!이? ?(?:만료|유효|길이|개수|수명|갱신|소비|사용량))"
    "|(?:시크릿|API|api|액세스|와이파이|WPA2?|REST|개인|비밀|서버|방송|송출|스트림|(?<![가-힣])앱) ?키(?!보드)"
    "|OTP ?(?:시드|시크릿)"
    "|(?:백업|복구) ?코드|パスワード|暗証番号|密码)"
)
_DOOR = (
    "(?:현관|비상문|비상구|개폐|문 ?안 ?열|무인|도어락|출입|열림|택배함"
    "|사물함|자물쇠|(?<!새마을)금고|대문|로비|키패드|문은|진입|예비|입실|스마트락|관리자 ?모드)"
)
_LOCK = (
    r"(?:잠금(?:해제)?|키박스|열쇠함|보관함|반납함|도어락|자물쇠"
    r"|핀 ?번호|(?<![가-힣])핀(?=[은이을]? \d{4})|(?<![A-Za-z])PIN(?: ?번호)?)"
)
_ABOUT = rf"{_PASS}|(?<![a-z])(?:pw|password|passwd)(?![a-z])|계정"
# between the word and the value
_LINK = (
    r"(?:\([A-Za-z가-힣 ]{2,12}\))?"
    r"(?:은|는|이|가|도|만|로|를|을|이요|요|は|改成了|是)?[\"'?]? ?"
    r"(?:(?:변경|바뀜|바꿈|안내|열쇠|그대로|걸어둠|기존|이전|임시) ?)?"
    r"(?:=>?|:|→|->?)? ?"
    r"[\"'`「『\[(]?"
)
_COUNTS = " ?(?:자리|글자|년|월|일(?!입)|번(?!이)|개|회|원|자|명|분|초|시|회선|호(?!출)|동|층|만|천)"
_CODE = r"[*#]?\d{4,12}(?:[*#]\d{0,8}[*#]?|★|-\d{1,6})?"
_SAID = "(?= ?(?:으?로|라고|입니다|이에요|예요|에요|이야|야(?![가-힣])|임(?![가-힣])|래(?![가-힣]))|[\\s,.)]|$)"
_NO_PARTICLE = "(?!입니|이[에야고라거었]|였|예요|에[서요]|으?로|인데|라고|같은|처럼|래요|임)"
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
_OF_PROGRAMS = re.compile(
    r"(?i)(?:와이파이|와파|wi-?fi|ssid|공유기)(?:은|는|이름)?[ :]{0,3}[\"'‘“]?¤|argon|bcrypt|sha-?\d|git "
    "|(?:아이디|공개 ?키|public ?key|(?:(?<![a-z])|trace|request|order|user_?)id"
    "|모델|제품|품번|버전|커밋|commit|해시|hash|주문|브랜치|branch)"
    "(?:명|번호)?(?:은|는|가|이)?[\"']?[ :=]{0,3}[\"']?¤"
)

# in the order in which a place that two of them claim is given away
SECRETS = (
    secret(
        re.compile(
            rf"{_PASS}{_LINK}(?:[A-Za-z][\w.@-]{{1,40}} ?/ ?)?"
            rf"(?P<value>{_SPOKEN}|{_CODE}(?![A-Za-z0-9_*#-]|{_COUNTS})|{_TOKEN})"
        ),
        hint=_PASS, check=is_pass,
        unless=re.compile(
            "¤[\"'`]? ?(?:같은|이?라는|이?라고 예시|처럼|은 초기|형식)|(?:초기값|기본값|예시|예\\)) ?[^ ]{0,4}¤"
        ),
    ),
    secret(
        # words of a wallet, which open it whatever stands around them
        re.compile(
            rf"(?:{PHRASE}|시드|니모닉)[^\na-z]{{0,8}}(?P<value>(?:[a-z]{{3,8}} ){{7,23}}[a-z]{{3,8}})(?![a-z])"
        ),
        hint="시드|니모닉|문구|구문|단어|(?i:phrase)",
    ),
    secret(
        # from one to another: 비번이 … 에서 …로
        re.compile(rf"{_PASS}[^,;\n]{{0,40}}(?:에서|→|->|=>) ?[\"'`]?(?P<value>{_CODE}(?!{_COUNTS})|{_TOKEN})"),
        hint=_PASS, check=is_pass, unless=_OF_PROGRAMS,
    ),
    secret(
        re.compile(
            rf"(?<![^\s\"'`(:=])(?!\d{{4}}-\d{{4}}-|\d{{2,6}}-\d{{2,6}}-\d{{2,7}}(?!\d))(?P<value>(?=\S{{0,62}}\d\S{{0,62}}\d)[\w!@#$%^&*~?+=-]{{6,64}})"
            rf"(?= ?(?:이|가)? ?{_PASS}(?!(?:은|는)?(?: {{4}}|[ :=]{{1,3}}(?=\S{{0,20}}\d)[A-Za-z!@#$%^&*])))",
            re.ASCII,
        ),
        hint=_PASS, check=is_pass, unless=_OF_PROGRAMS,
    ),
    secret(
        # further off, where it looks like nothing else: 비번 또 바꿈 …, admin / …
        re.compile(rf"(?:{_PASS}[가-힣 ]{{1,16}}|(?<![\w/])[A-Za-z][\w.@-]{{1,30}} / )(?P<value>{_STRONG}){_END}"),
        hint=r"\d", check=is_secret, before=40,
        context=re.compile(rf"(?i){_PASS}|계정|로그인|아이디|관리자|접속|설정|들어가|사이트|가입|admin"),
    ),
    secret(
        # a word or two between: 비번 오늘부터 7391로 …, 암호는 아직도 admin8282임
        re.compile(
            rf"{_PASS}(?:은|는|이|가)? (?:[가-힣]{{1,6}} ){{1,2}}"
            rf"(?P<value>(?:{_CODE})(?= ?(?:으?로|이야|이에요|예요|입니다|임|래))|{_MIXED}{_END})"
        ),
        hint=_PASS, check=is_pass, unless=_OF_PROGRAMS,
    ),
    secret(
        # said to be it, in a sentence about another: 그건 MickeyGo_91 이거고
        re.compile(
            rf"(?<![\w@/.:-])(?P<value>[A-Za-z][A-Za-z{_SIGNS}]{{2,20}}\d{{1,8}}[{_SIGNS}]?)(?:\([^)]{{1,12}}\))?"
            "(?= ?(?:이?(?:에요|예요|거고|거야|야|임|입니다|고|라고)(?![가-힣])"
            "|으?로 ?(?:바꿨|바꾸|변경|들어|로그인|접속)))",
            re.ASCII,
        ),
        hint=rf"(?i){_ABOUT}", check=is_secret, context=re.compile(rf"(?i){_ABOUT}"), before=80, unless=_OF_PROGRAMS,
    ),
    secret(
        # one enters with it: inswae!40으로 로그인하면
        re.compile(
            rf"(?<![\w@/.:-])(?P<value>(?=\S{{0,63}}[!#$%^&*~+?]){_MIXED})(?= ?으?로 ?(?:로그인|접속|들어가))", re.ASCII
        ),
        hint="로그인|접속|들어가", check=is_secret,
    ),
    secret(
        re.compile(r"(?<![\w*#-])(?:[*#]?\d{1,8}(?:[*#]\d{1,8}){1,3}[*#]?|[*#]\d{3,8}[*#]?|\d{3,8}[*#]{1,2})(?![A-Za-z0-9_*#-])"),
        hint=r"[*#]", context=re.compile(rf"{_PASS}|{_DOOR}|{_LOCK}|여는 번호"),
    ),
    secret(
        re.compile(
            rf"(?:{_DOOR}(?:문|키)? ?(?:비번|비밀번호|번호|코드)|{_LOCK} ?(?:비번|비밀번호|번호|코드)?)"
            rf"(?:은|는|이|가)? ?:? ?(?P<value>\d(?:-\d){{3,7}}|\d{{3,8}}|[A-Z]\d?-?\d{{3,6}}(?:-[A-Z])?)"
            rf"(?![\d*#-]| \d{{4}}|[A-Za-z_]|{_COUNTS})"
        ),
        hint=rf"{_DOOR}|{_LOCK}",
    ),
    secret(
        re.compile(r"(?<![\w-])\d{4,8}[*#]?(?=번? ?(?:을|를)? ?(?:누르|눌러|치고|입력))"),
        context=re.compile(_DOOR), unless=re.compile("¤[^.]{0,8}호출|세대|동호수"),
    ),
    secret(re.compile(r"종\d{3,8}종"), hint=r"종\d"),
    secret(
        # of two doors the second: 현관 비번 1029로 바꿨어. 택배함은 5567
        re.compile(
            r"(?:(?:공동)?현관|[뒷옆]문|[정후대]문|택배함|사물함|금고|창고|도어락|옥상|다락|서랍|자물쇠)[은는도] "
            rf"(?P<value>{_CODE})(?![\d*#A-Za-z-]|{_COUNTS})"
        ),
        context=re.compile(_PASS), before=60, after=0,
    ),
    secret(
        # quoted, with Hangul in it: password: 'Redis는빨개'
        re.compile(
            rf"(?i)(?:pass(?:word|wd)?|pwd|{_PASS})[\"']? ?[:=] ?(?P<quote>[\"'])"
            r"(?P<value>(?=[^\"']*[A-Za-z\d!@#$%^&*])(?=[^\"']*[가-힣])[^\s\"'<>{}]{5,40})(?P=quote)"
        ),
        hint=rf"(?i)pass|pwd|{_PASS}",
    ),
    secret(
        # a phrase in quotes: 패스워드 "온누리 7층 커피"
        re.compile(
            rf"{_PASS}(?:은|는)?[ :=]{{0,3}}(?P<quote>[\"'“])"
            r"(?P<value>(?=[^\"'”]*\d)(?![^\"'”]*(?:자리|글자|이상|이하|영문|문자|특수|숫자|포함|번호|\d[회년월일번]))[가-힣A-Za-z\d!@#$%^&*]{2,12}"
            r"(?: [가-힣A-Za-z\d!@#$%^&*]{1,12}){1,5})(?:(?P=quote)|”)"
        ),
        hint=_PASS,
    ),
    secret(
        # asked for and answered: 비번 뭐였지? 880214잖아
        re.compile(
            rf"{_PASS}(?:이|가)? ?(?:뭐|뭔|모|어떻게|몇|까먹|기억)[^0-9\n]{{1,40}}(?P<value>{_CODE})"
            "(?= ?(?:잖|이잖|이야|이?에요|예요|이요|요(?![가-힣])|입니다|임|인데|일걸|같))"
        ),
        hint=_PASS, check=is_pass,
    ),
    secret(
        # a star or a bell is pressed before it or behind it
        re.compile(
            r"(?<![\w-])\d{4,8}(?=[^\d\n]{0,8}(?:별표|우물 ?정|샵|종 ?모양|종 ?버튼))"
            rf"|(?<=누르고 )\d{{4,8}}(?![A-Za-z\d-]|{_COUNTS})"
        ),
        context=re.compile(_DOOR), before=60,
    ),
    secret(
        re.compile(
            r"(?<![\w/.-])(?:admin|root|guest|관리자)(?: ?/ ?|[에은] |, ?(?=\S{0,63}[!@#$%^&*]))"
            rf"(?P<value>{_MIXED}){_END}"
        ),
        hint="admin|root|guest|관리자", check=is_pass, unless=_OF_PROGRAMS,
    ),
    secret(
        re.compile(
            rf"{_PASS}(?:은|는) [\"'`]?(?P<value>[a-z]{{2,12}}(?:[_-][a-z]{{2,12}}){{1,5}})"
            "(?= ?(?:이?고|입니다|이?에요|예요|이야|야|임|으?로 바꿨)(?![가-힣]))"
        ),
        hint=_PASS,
    ),
    secret(
        # who enters and with what, where nothing else looks like it: guard / chadan!2020
        re.compile(
            r"(?<![\w/.-])[A-Za-z][\w.-]{1,30} ?/ "
            rf"(?P<value>(?=[\w=+-]{{0,63}}[!@#$%^&*~?])(?!\S{{0,63}}\*\*){_STRONG}){_END}",
            re.ASCII,
        ),
        hint=r" ?/ ", check=is_secret, unless=_OF_PROGRAMS, before=60, after=30,
        context=re.compile("(?i)계정|로그인|로긴|접속|원격|관리|서버|암호|비번|비밀번호|아이디|들어가|경비|콘솔|장비|NAS|VPN|SSH"),
    ),
    secret(
        # far behind the word, after a sign: 비번 물어보시는 손님 많아서 적어둡니다. 2층 홀 = cafe_dalbit88
        re.compile(rf"{_PASS}[^\n=:/]{{1,60}} [=:] ?(?P<value>{_MIXED}){_END}"),
        hint=_PASS, check=is_pass, unless=_OF_PROGRAMS,
    ),
    secret(
        # a number with which a mode or a door is entered: 관리자 모드 들어가는 번호 90817
        re.compile(
            "(?:모드|메뉴|설정|(?<![가-힣])(?:현관|뒷|앞|옆|쪽|방화|철)?문|창고|기계|금고)(?:에|을|를|로)? ?"
            "(?:들어가는|여는|켜는|푸는|나가는) ?(?:번호|코드)"
            rf"(?:는|은|가)?:? ?(?P<value>{_CODE})"
            rf"(?![\d*#A-Za-z-]|{_COUNTS})"
        ),
        hint="번호|코드",
    ),
    secret(
        # on a lock stands its number: 자물쇠엔 스티커로 573이라고
        re.compile(
            rf"{_LOCK}(?:엔|에|에는)? (?![가-힣 ]*(?:날짜|연도|년도|모델))[가-힣 ]{{1,12}}?"
            r"(?P<value>\d{3,6})(?=이?라고|이?래요?(?![가-힣]))"
        ),
        hint=_LOCK,
    ),
    secret(
        # Hangul alone, in quotes: 암호는 '달빛아래세그림자'예요
        re.compile(
            rf"{_PASS}(?:은|는) ?[\"'“‘](?P<value>"
            r"(?![가-힣]*(?:영문|숫자|조합|이상|이하|본인|변경|동일|생년|전화|뒷자리|필수|선택|입력|없음|문자|글자|이름|한글|비밀번호|비번|암호|자리))"
            r"[가-힣]{4,16})[\"'”’](?=이?[에예]요|입니다|이?야|였|이?라고|으?로)"
        ),
        hint=_PASS,
    ),
    secret(
        # said in English: the PIN of the tablet is 836104; the password was changed, now it's Hwangso-tiger-77
        re.compile(
            r"(?i)(?<![a-z])(?:pass(?:word|code)?|pin|door ?code)(?![a-z])[^\n.:=]{0,48}? (?:is|it['’]s|to) [\"'`]?"
            rf"(?P<value>\d{{4,8}}|{_MIXED}){_END}"
        ),
        hint="(?i)pass|pin|code", check=is_pass,
    ),
)  # fmt: skip
# what is left where nothing else claims it: in a sentence about a password, what is no word
LONE_SECRETS = (
    secret(
        re.compile(
            rf"(?<![\w@/.:?&=-])(?:[A-Za-z\d][\w.-]{{19,80}}|[A-Za-z\d][A-Za-z\d{_SIGNS}]{{7,63}})(?![\w@/:(-]|\.\w)",
            re.ASCII,
        ),
        hint=rf"(?i){_ABOUT}", check=is_alone, context=re.compile(rf"(?i){_ABOUT}"), before=60, after=30,
        unless=_OF_PROGRAMS,
    ),
)  # fmt: skip
