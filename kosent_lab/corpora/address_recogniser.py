"""Addresses to the door: a street and its number, or a house that has a name, and the number of a door."""

from __future__ import annotations

import re

from kosent_lab.corpora.personal_checks import is_door
from kosent_lab.corpora.recogniser import Recogniser

REGION = "서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|전북|전남|경북|경남|제주"
# towns that are named without what they are
_CITIES = (
    "수원|성남|고양|용인|부천|안산|안양|남양주|화성|평택|의정부|시흥|파주|김포|광명|군포|이천|오산|하남|양주|구리|안성|포천|의왕|여주|동두천|과천"
    "|춘천|원주|강릉|동해|태백|속초|삼척|청주|충주|제천|천안|공주|보령|아산|서산|논산|계룡|당진|전주|군산|익산|정읍|남원|김제|목포|여수|순천"
    "|나주|광양|포항|경주|김천|안동|구미|영주|영천|상주|문경|경산|창원|진주|통영|사천|김해|밀양|거제|양산|서귀포|분당|일산|판교|동탄|광교|위례"
)
_DONG_HO = r"(?:제?\d{1,4}|[A-Za-z가나다라마바])동 ?(?:지하 ?|지층 ?)?(?:\d{1,2}층 ?)?(?:[A-Fa-f]-?)?\d{1,5}호"
_HO = r"(?:지하 ?|지층 ?)?(?:\d{1,2}층 ?)?(?<!\d)(?:[A-Fa-f]-?)?\d{1,5}호"
_HOUSES = "아파트|빌라|맨션|오피스텔|타워|빌딩|주택|하이츠|자이|래미안|푸르지오|힐스테이트|연립|빌|원룸|고시원|고시텔"
_BRANDS = "자이|래미안|푸르지오|힐스테이트|시티|파크"
_BEHIND_HOUSE = "(?:" + "|".join(f"(?<={name})" for name in _HOUSES.split("|")) + ")"
# the town it stands in; 다시 and 입구 are none
_TOWN = (
    rf"(?:(?:{REGION})(?:시|도)? "
    "|(?!(?:다|역|혹|즉|잠|당|택|표)시 |(?:친|입|누|창|욕)구 |(?:공|자|운|활|행|이|감|가|나|다|라)동 )"
    "[가-힣]{1,6}[시군구동] )"
)
# the name of a house that says of itself no more: 햇살주공 11동 102호; of 우리 아파트 105동 1203호 nobody knows which
_ESTATE = (
    "(?!(?:우리|저희|옆|같은|아파트|단지|세대|입주|주소|동호수|방문|신청|등록|배송|회의록|관리"
    r"|기숙사|생활관)[가-힣]{0,3} )"
    r"[가-힣A-Za-z0-9]{2,11}[가-힣](?<![은는을를에의도로])(?<!이라)"
)
_NUMBER = r"(?:산 ?)?\d{1,5}(?:-\d{1,4})?(?!\d)(?:번지)?"
_STREET = rf"[가-힣][가-힣0-9·]{{0,11}}(?:대로|로|길|동|리|가) ?(?:\d{{1,4}}[가-하]?번?길 ?)?{_NUMBER}"
# what stands between the number and the door: a remark in brackets, the name of a house
_HOUSE = (
    r"(?:\d{1,2}단지,? ?)?(?:\([가-힣0-9, ]{1,20}\),? ?)?"
    r"(?:(?!호[ ,\d])(?:\d{1,2}(?=[가-힣]{2}))?[가-힣A-Za-z][가-힣A-Za-z0-9]{0,15},? ?){0,2}(?:\d{1,2}(?:차|단지),? ?)?"
)

ADDRESS = Recogniser(
    "address", "address", "[주소]",
    re.compile(
        # a street and a number need a larger unit before them, or a building's number behind: 아폴로 13호 is none
        rf"(?:(?:{REGION}|충청[남북]|전라[남북]|경상[남북])(?:특별자치시|특별자치도|특별시|광역시|시|도)? "
        rf"|[가-힣]{{1,6}}[시군구] |[가-힣]{{1,8}}[읍면] (?!{REGION}|충청|전라|경상)){{1,4}}"
        rf"{_STREET},? ?{_HOUSE}(?:{_DONG_HO}|{_HO}|사서함 \d{{1,4}}(?:-\d{{1,3}})?호)"
        rf"|(?:(?<![가-힣])(?:{_CITIES}) )?[가-힣][가-힣0-9·]{{0,11}}(?:대로|로|길) ?"
        rf"(?:\d{{1,4}}[가-하]?번?길 ?)?{_NUMBER},? ?{_HOUSE}"
        rf"(?:{_DONG_HO}|\d{{1,2}}층 ?[Bb]?\d{{1,5}}호|{_BEHIND_HOUSE} ?{_HO}(?![선점차]))"
        rf"|(?<![가-힣]){_TOWN}{{0,3}}(?!(?:공동|단독|임대|분양)주택)"
        rf"[가-힣A-Za-z0-9]{{1,12}}(?:{_HOUSES}),? ?(?:{_DONG_HO}|{_HO})"
        rf"|(?<![가-힣])[가-힣]{{2,12}}(?:마을|단지|채|차)(?: ?\d{{1,2}}(?:단지|차))?,? ?{_DONG_HO}"
        rf"|(?<![가-힣])[가-힣]{{2,12}} \d{{1,2}}단지,? ?{_DONG_HO}"
        rf"|(?<![가-힣A-Za-z0-9])(?:[가-힣]{{2,8}}(?:마을|동|{_BRANDS}) )?{_ESTATE}(?: ?\d{{1,2}}차)?,? {_DONG_HO}"
    ),
    hint="호", check=is_door,
)  # fmt: skip
