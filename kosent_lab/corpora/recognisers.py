"""What personal data looks like in Korean text: one recogniser a shape, by pattern, check digit and context.

Shapes are looked for with look-arounds of digits and letters, never ``\\b``: in Korean a particle stands right after a
number, and both are word characters. Finding, masking and counting are in ``corpora.personal``.
"""

from __future__ import annotations

import functools
import re

from kosent_lab.corpora.address_recogniser import ADDRESS, REGION
from kosent_lab.corpora.key_recognisers import KEYS
from kosent_lab.corpora.personal_checks import (
    is_account,
    is_address,
    is_born,
    is_born_checked,
    is_business,
    is_card,
    is_clear_address,
    is_drawn_number,
    is_mail,
    is_phone,
    is_resident,
    is_whole_card,
)
from kosent_lab.corpora.recogniser import Recogniser
from kosent_lab.corpora.secret_recognisers import LONE_SECRETS, SECRETS

_GAP = r"(?: ?[-.) _/~:|\t] ?|--)"
_SPELT = "[0-9공영일이삼사오육륙칠팔구]"  # a digit, said
_HIRED = "아바사자배"
# a plate may end in a particle; any other word right behind it counts something (35도 1200주)
_PARTICLES = (
    "은|는|이|가(?!닥)|을|를|로|으로|에|의|와|과|도|만(?! ?원)|랑|하고|인|입|예요|에요|요|라|래|였|차|님"
    "|한테|까지|부터|처럼|께|운전"
    "|좀(?![가-힣])|번(?= ?(?:차|입|이|으로|택시|버스|트럭|기사))|[고야](?![가-힣])|더라|던데|거든|네요"
)
_UNITS = (
    "원|개|명|년|월|회|번|점|장|호|가닥|세대|평|권|위|만 ?원|억|보(?![가-힣])|걸음"
    "|(?:km|m|g|kg|ml|L|rpm|cc|W)(?![A-Za-z])"
)
_NO_UNIT = rf"(?!\d|,\d{{3}}(?!\d)|[A-Za-z%]| (?:{_UNITS})(?![가-힣]))(?:(?![가-힣])|(?={_PARTICLES}))"
_PLATE = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주하허호"
_BANKS = (
    "국민|KB|신한|우리|하나|농협|NH|기업|IBK|카카오뱅크|카카오|카뱅|토스뱅크|토스|토뱅|케이뱅크|케뱅|새마을(?:금고)?|MG|우체국|수협|신협|SC제일"
    "|씨티|KDB|아이엠|iM|산림조합|엔에이치|NH투자증권|웰컴(?:저축)?|사이다|SC|(?:제일|산업|대구|부산|경남|광주|전북|제주|저축)(?=은행)"
)
# a bank right before the number (국민은행, bank='국민', acct='…) or right behind it (… (국민), … 농협)
_BANK = (
    rf"(?<![가-힣])(?:{_BANKS})(?:은행|뱅크)?(?:으?로|[는은]|이?(?:요|고요|야)|에(?: (?:넣|보내|입금)[가-힣 ]{{0,6}})?"
    r")?(?: [가-힣]{2,4} )?[^0-9가-힣]{0,12}¤"
    rf"|¤ ?\(?(?:{_BANKS})(?:은행|뱅크)?(?:으?로|에서?|이에요|예요)?(?![가-힣])"
)
_OF_ACCOUNT = re.compile(rf"{_BANK}|계좌|입금|송금|통장|예금주|이체|환불받|(?i:acct|account)")
# numbers of things, which have the shapes of those of persons
_THINGS = (
    "운송장|송장|등기|주문|전표|영수증|부품|품번|모델|시리얼|일련|상품|제품|바코드|문서|공고|회로|자산|파트|"
    "쿠폰|교환권|복권|로트|배치|재고|장비|코드|수용가"
)
# what may be numbered by the telephone, the card or the resident number of whose it is
_CLIENTS = "고객|회원|접수|예약|민원|환자|문의"
# what happens to a licence, an account too, and what stands beside a person's number: these need 번호 behind them
_DEEDS = (
    "거래|승인|추적|계약|발주|수료|시험|관리|작업|처리|사건|검체|도면|처방|증권|보험|청구|허가|특허|출원|고지|납부|계기|검침|"
    "도서|좌석|항공|배송"
)
_LISTED = r"[ .:=#A-Za-z]{0,6}(?:[\w-]*\d[\w-]* ?[~,/·→] ?)*¤"
_NUMBERED = rf"(?:{_THINGS}|{_DEEDS}) ?(?:고유 ?|조회 ?)?(?:번호|코드|표|No)(?:는|은|가|이)?{_LISTED}"
_COURT = "판결|판례|대법원|고법|지법|항소심|상고|선고|헌재|사건번호"
_SHELVES = "청구기호|(?<![가-힣])서가|분류기호"  # of a library: 325바2041
# a document is numbered by the office that wrote it: 문서번호 총무 02-…
_OF_OFFICE = r"(?:문서|공문|시행)(?: ?번호)? ?:? ?[가-힣]{2,8}[ -]?¤"
_FORM = r"¤[\"'’”]?[가-힣]{0,2} ?(?:형식|형태|같은 형)|(?:양식|예시)[^¤]{0,14}¤"
_OF_THINGS = re.compile(rf"(?:{_THINGS})(?:번호|코드|키|표|태그|핀)*{_LISTED}|{_NUMBERED}|{_FORM}")
_OF_CLIENTS = re.compile(
    rf"{_OF_THINGS.pattern}|(?:고객|회원)(?:번호|코드|키|표|태그|핀)*{_LISTED}"
    rf"|(?:{_CLIENTS}) ?(?:고유 ?|조회 ?)?(?:번호|코드|표|No)(?:는|은|가|이)?{_LISTED}"
)
_IS_NUMBERED = re.compile(
    rf"{_NUMBERED}|{_OF_OFFICE}|(?:코드|품번)[ :]{{0,2}}[^¤가-힣,/→]{{0,20}}¤|{_FORM}"
    r"|(?:placeholder(?:=|를|는|은|가|로)?)[^¤가-힣]{0,6}¤"
    r"|¤[\"']? ?(?:처럼|같은|같이|등|이런) ?(?:가짜|가상|임의|아무|더미)"
)
_IP = (
    # 10.2.0.0/16 is a network, which names no machine
    r"(?<![\d.vV])(?<![^/]/)\d{1,3}(?:\.\d{1,3}){3}(?!\d|\.\d|-[a-z]|(?<=\.0)/(?:[12]?\d|30)(?!\d))"
    r"|(?<=[\s:=]/)\d{1,3}(?:\.\d{1,3}){3}(?=:\d{2,5}(?!\d))"
    r"|(?:(?<![\w:.>)\]])|(?<=[a-z]:)(?=[0-9a-f]{4}(?::[0-9a-f]{0,4}){3}))[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){1,6}(?::[0-9a-fA-F]{1,4}|(?<=:):)(?![A-Za-z0-9]|:{1,2}[A-Za-z0-9]|(?<=::)/\d)"
)
_VERSION = re.compile(
    r"(?i)(?:버전|version|(?<![a-z])ver\.?|펌웨어|드라이버|빌드|build|평점|릴리스|패치(?:노트)?|커널|kernel|OID|태그|tag)"
    r"[ =:]{0,2}(?:표기 )?(?:[\d.]+ ?(?:→|->|에서|~) ?)?¤"
    r"|¤ ?(?:버전|version|업데이트|패치|이하|이상|미만)|업데이트 ¤|¤(?:절|항)(?![가-힣])"
    r"|¤으?로 ?(?:되돌|내리|내렸|낮추|낮췄|올리|올렸|올라|롤백|다운|업그레이드|업데이트)"
)
_MADE_UP = "(?:테스트|가짜|가상|더미)(?:용)? ?(?:주민|등록|번호)"
_NO_RESIDENT = re.compile(rf"법인[가-힣 ]{{0,6}}:? ?¤|{_NUMBERED}|{_MADE_UP}|¤[^¤]{{0,6}}입력[^¤]{{0,6}}유효")

_MAIL = re.compile(
    # bounded, so that a long run of letters is looked at once
    r"(?<![A-Za-z0-9_%+-])(?<![A-Za-z0-9]\.)(?<!//)[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}"
    r"(?:@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}"
    r"|(?: @ | ?[(\[]at[)\]] ?| ?\(?골뱅이\)? ?)(?:[A-Za-z0-9-]{1,63}(?:\.| ?[(\[]dot[)\]] ?)){1,5}"
    r"(?:com|net|org|edu|io|kr)(?![A-Za-z0-9_.]))"
    r"|(?<![A-Za-z0-9_.%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{1,63} ?(?:@|골뱅이) ?"
    r"(?:네이버|지메일|한메일|다음|네이트|핫메일)(?: ?[닷점쩜] ?컴)?(?![가-힣])"
)
_ENTERS = r"¤:[/~.]|(?:ssh|scp|rsync|sftp) (?:-\w+ (?:\d+ )?)*¤"  # who enters a machine

mail = functools.partial(Recogniser, "mail", "mail address", "[메일주소]")
resident = functools.partial(Recogniser, "resident", "resident number", "[주민등록번호]")
card = functools.partial(Recogniser, "card", "card number", "[카드번호]")
driver = functools.partial(Recogniser, "driver", "driver's licence", "[운전면허번호]")
business = functools.partial(Recogniser, "business", "business number", "[사업자등록번호]")
passport = functools.partial(Recogniser, "passport", "passport number", "[여권번호]")
account = functools.partial(Recogniser, "account", "bank account", "[계좌번호]")
phone = functools.partial(Recogniser, "phone", "phone number", "[전화번호]")
plate = functools.partial(Recogniser, "plate", "vehicle plate", "[차량번호]")
ip = functools.partial(Recogniser, "ip", "IP address", "[IP주소]")

# in the order in which a place that two of them claim is given away
RECOGNISERS = (
    *KEYS,
    *SECRETS,
    mail(_MAIL, hint=r"@|[(\[]at[)\]]|골뱅이", check=is_mail, unless=re.compile(_ENTERS)),
    resident(
        re.compile(r"(?<![\d-])\d{6}(?: ?- ?[1-8](?:\d{6}|[*xX●]{6})| [1-8][*xX●]{6})(?![\d-])"),
        check=is_born_checked, unless=_NO_RESIDENT,
    ),
    resident(
        re.compile(r"(?<![\d-])\d{6} ?[1-8]\d{6}(?![\d-])"),
        check=is_resident,
    ),
    resident(
        re.compile(r"(?<![\d-])\d{6}(?: |-)?[1-8](?:\d{6}|[*xX●]{6})(?![\d-])"),
        check=is_born, context=re.compile("(?i)주민|외국인 ?등록|등록 ?번호|resident|alien|rrn|jumin|ssn"),
        unless=_NO_RESIDENT,
    ),
    resident(
        # in two parts: 앞자리 900101 뒷자리 1000000
        re.compile(r"(?<![\d-])\d{6}(?: ?[/·.,] ?|,? 뒤?뒷?(?:자리|번호)?(?:는|은)? )[1-8]\d{6}(?![\d-])"),
        check=is_born, context=re.compile("주민"), unless=_NO_RESIDENT,
    ),
    card(
        re.compile(
            r"(?<![\d.-])(?:\d{4}([-. ])\d{4}\1\d{4}\1\d{4}|3[47]\d{2}([-. ])\d{6}\2\d{5}"
            r"|3[0689]\d{2}([-. ])\d{6}\3\d{4}|\d{16}|3[47]\d{13})(?![\d-])"
        ),
        check=is_card, unless=_OF_THINGS,
    ),
    card(
        # parted as nobody prints it
        re.compile(r"(?<![\d./-])\d{3,8}(?:(?: ?[-./·] ?| )\d{3,8}){1,4}(?![\d/-]| \d)"),
        check=is_whole_card, context=re.compile("(?i)카드|아멕스|amex|비자|visa|마스터|다이너스|diners"),
        before=40, after=40, unless=_OF_THINGS,
    ),
    driver(
        re.compile(rf"(?<![\d-])(?:(?:1[1-9]|2[0-8])-|(?:{REGION})[- ]?)\d{{2}}-\d{{6}}-\d{{2}}(?![\d-])"),
        context=re.compile("(?i)면허|licen[cs]e|(?<![a-z])lic(?![a-z])|lic_?no|driver|기사|운전|적성검사|[12]종(?![가-힣]류)|쏘카|그린카|렌터?카"),
        before=120, after=60, unless=_OF_CLIENTS,
    ),
    driver(
        re.compile(
            rf"(?<![\d-])(?:(?:1[1-9]|2[0-8])|(?:{REGION}))"
            r"(?: ?[-/·] ?| )?\d{2}(?: ?[-/·] ?| )?\d{6}(?: ?[-/·] ?| )?\d{2}(?![\d/-])"
        ),
        context=re.compile("(?i)면허|licen[cs]e|driver"), unless=_OF_CLIENTS,
    ),
    driver(
        # handed to a program, which does not say what it is: mask("23-11-760392-58")
        re.compile(r"(?<=[(\[][\"'`])(?:1[1-9]|2[0-8])-\d{2}-\d{6}-\d{2}(?=[\"'`])"), unless=_OF_CLIENTS,
    ),
    business(
        re.compile(r"(?<![\d-])\d{3} ?- ?\d{2} ?- ?\d{5}(?![\d-])"), check=is_business, unless=_OF_CLIENTS,
    ),
    business(
        re.compile(r"(?<![\d-])\d{3}[- ]?\d{2}[- ]?\d{5}(?![\d-])"), check=is_business,
        context=re.compile(r"사업자|주식회사|\(주\)|㈜|등록번호|상호|업태|현금영수증|지출증빙|계산서|공급자|공급받는자|거래처|부가세|홈택스"
            "|(?i:biz|(?<![a-z])(?:reg|corp)_?no|seller|vendor|supplier)"),
        before=60, after=60,
    ),
    passport(
        re.compile(r"(?<![A-Za-z0-9])[MSRODGT] ?\d{3} ?[A-Z0-9] ?\d{4}(?![A-Za-z0-9])", re.IGNORECASE),
        check=is_drawn_number,
        context=re.compile("(?i)여권|passport|비자|사증|출국|입국|여행자|탑승|항공|여행|visa|면세|체크인|투숙|护照|パスポート"),
        before=200, after=100, unless=_OF_CLIENTS,
    ),
    account(
        re.compile(r"(?<![\d-])(?!0(?:1[016-9]|2|[3-6]\d|70|50\d)-\d{3,4}-\d{4}(?![\d-]))\d{2,6}-(?:\d{2,6}-\d{2,7}(?:-\d{1,4})?|\d{6,9})(?![\d-])"),
        hint=r"\d-\d", check=is_account, context=_OF_ACCOUNT, unless=_OF_CLIENTS,
    ),
    account(
        re.compile(r"(?<![\d.-])(?!01[016-9]\d{7,8}(?!\d))\d{10,14}(?![\d-]| ?원)"),
        check=is_account, context=_OF_ACCOUNT,
        unless=re.compile(rf"{_OF_CLIENTS.pattern}|(?i:account_?id|arn:)[^¤\n]{{0,30}}¤"),  # of a cloud
    ),
    account(
        # parted by spaces: a bank stands right beside it
        re.compile(
            r"(?<![\d.-])(?!0(?:1\d|2|[3-6]\d|70)[ ./])\d{3,6}([ ./])"
            r"(?:\d{2,6}\1\d{4,7}(?:\1\d{2})?|\d{9})(?![\d-]| \d)"
        ),
        check=is_account, context=re.compile(rf"{_BANK}|(?:계좌|통장) ?번호[는은]?[ :]{{0,3}}¤"), unless=_OF_CLIENTS,
    ),
    account(
        # a mobile number that a bank has taken for the account's own
        re.compile(r"(?<![\d.-])01[016-9]\d{7,8}(?!\d)"),
        context=re.compile(
            rf"(?:{_BANKS})(?:은행)?[ /|,:]{{1,3}}¤[ /|,:]{{1,3}}예금주|평생 ?계좌(?: ?번호)?[는은]?[ :]{{0,2}}¤"
        ),
    ),
    phone(
        # mobile numbers also without gaps; others need them, for ten digits in a row are an order as well
        re.compile(
            rf"(?<![\d+-])(?<!\d\.)(?:\((?=[+\d ]{{2,5}}\)))?(?:(?:\+|00)?82{_GAP}?\(?0?\)?{_GAP}?|0)"
            rf"(?:1[016-9]{_GAP}?\d{{3,4}}{_GAP}?\d{{4}}"
            rf"|(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50\d){_GAP}\d{{3,4}}{_GAP}\d{{4}})(?:/\d{{4}})?(?![\dA-Za-z]|-\d|,\d{{3}})"
        ),
        check=is_phone, unless=re.compile(rf"{_IS_NUMBERED.pattern}|¤ ?호(?![가-힣])"),
    ),
    phone(
        # with hyphens it is one beside anything: 김-010-2345-6789, Tel:02-312-3456FAX, in a row of a table
        re.compile(r"(?<![\d+])(?<![\dA-Za-z]-)0(?:1[016-9]|2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70)-\d{3,4}-\d{4}(?!\d|-\d{2})"),
        check=is_phone, unless=re.compile(rf"{_IS_NUMBERED.pattern}|¤ ?호(?![가-힣])"),
    ),
    phone(
        # said, or with letters for digits, so that no filter sees it: 공일공-1234-오육칠팔, O1O-1234-5678
        re.compile(
            rf"(?<![A-Za-z0-9가-힣+-])(?=[0-9 -]{{0,12}}[공영일이삼사오육륙칠팔구oOlIㅇ])"
            rf"(?:[공영][일1][공영]|[oO0ㅇ][1lI][oO0ㅇ]){_GAP}?{_SPELT}{{3,4}}{_GAP}?{_SPELT}{{4}}(?![0-9A-Za-z])"
        ),
        hint="[공영][일1]|[oO0ㅇ][1lI][oO0ㅇ]", unless=_IS_NUMBERED,
    ),
    phone(
        re.compile(r"(?<![\d+.-])0(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50\d)\d{7,8}(?![\dA-Za-z]|-\d)"),
        context=re.compile("(?i)전화|연락|문의|통화|발신|수신|(?<![a-z])(?:tel|fax|sip)|팩스|관리실|사무실|매장|☎|📞"),
        unless=_OF_CLIENTS,
    ),
    ADDRESS,
    plate(
        re.compile(
            # taxis, buses and parcel vans name their region
            rf"(?<![\d.])(?<!\d,)(?:(?:{REGION}) ?\d{{1,2}} ?[{_PLATE}{_HIRED}]|\d{{2,3}} ?[{_PLATE}])"
            rf" ?\d{{4}}{_NO_UNIT}"
        ),
        check=is_drawn_number, unless=re.compile(rf"¤/\d|{_COURT}|{_SHELVES}|{_FORM}|국번"), after=40,
    ),
    plate(
        re.compile(rf"(?<![\d.,])\d{{2,3}}[ -]?[{_PLATE}][ -]?\d{{4}}(?!\d)"),
        check=is_drawn_number,
        unless=re.compile(_FORM),
        context=re.compile("(?i)(?:차량(?: ?번호)?|번호판|차번호|plate)(?:은|는|이)?[^0-9가-힣]{0,4}¤"),
    ),
    plate(  # or leave it out
        re.compile(rf"(?<![\d.,])\d{{2}} ?[{_HIRED}] ?\d{{4}}{_NO_UNIT}"),
        check=is_drawn_number,
        context=re.compile(
            "기사|트럭|택시|버스|배차|화물|번호판|차량"
            "|차[ 에를는가]|유류|주유|톨게이트|하이패스|통행료|과태료|주차"
        ),
        after=24,
    ),
    plate(  # of embassies
        re.compile(r"(?:외교|영사|준외|준영|국기|협정) ?\d{3}-\d{3}(?![\d-])"),
    ),
    plate(  # of two wheels
        re.compile(rf"(?:{REGION}) ?[가-힣]{{1,3}} ?[가-힣] ?\d{{4}}(?!\d|,\d)"),
        context=re.compile("오토바이|이륜|번호판|바이크|스쿠터"),
    ),
    ip(
        re.compile(_IP), hint=r"\d\.\d|:", check=is_clear_address, unless=_VERSION,
    ),
    ip(
        # behind the name of the machine: worker-5/10.233.71.16
        re.compile(r"(?<=[a-z0-9]/)\d{1,3}(?:\.\d{1,3}){3}(?![\d/]|\.\d)"),
        hint=r"\d\.\d", check=is_clear_address, unless=_VERSION,
    ),
    ip(
        re.compile(_IP), hint=r"\d\.\d|:", check=is_address, unless=_VERSION,
        context=re.compile(
            r"(?i)아이피|(?<![a-z])ip(?![a-z])|주소|서버|접속|대역|vpn|호스트|host|from|forward|upstream|브로커|방화벽|포트"
            r"|(?<![a-z])(?:ping|ssh|dns|dst|src|tcp|udp|port|bind|listen|peer|remote|proxy|gateway|nas|nvr|cctv)"
            r"(?![a-z])|차단|공유기|허용|출발지|카메라|게이트웨이|라우터|스위치|프린터|단말기|(?<![a-z])-h ¤|@¤|//¤"
            r"|(?:\d{2,3}\.){3}\d{1,3}[,→/ ]{1,3}¤|¤(?::\d{2,5}(?![\d.])|/\d{1,2}(?!\d))"
        ),
    ),
    ip(
        # of a network of one's own, where nothing speaks of versions
        re.compile(r"(?<![\d.vV/-])10(?:\.\d{1,3}){3}(?!\d|\.\d|-[a-z]|(?<=\.0)/\d)"),
        hint=r"\d\.\d", check=is_address, before=60, after=40,
        unless=re.compile(
            r"(?i)버전|version|(?<![a-z])(?:ver|v\d|sdk|cli|api|os|npm|node|yarn|pip|java|ios|android|windows|macos)(?![a-z])"
            r"|펌웨어|드라이버|빌드|build|릴리스|release|패치|업데이트|업그레이드|설치|깔|되돌|내리|올리|롤백|커널|절|항|조항|목차|장(?![가-힣])|평점|점수|별표"
        ),
    ),
    *LONE_SECRETS,
)  # fmt: skip
