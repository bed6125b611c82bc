"""What the pages call corpora and tokenizers."""

from __future__ import annotations

from kosent_lab.core.places import BUNDLED

# reviews of what, and what their label means
DOMAINS = {
    "app_reviews": ("app stores", "stars, 1–2 and 4–5"),
    "camping_reviews": ("camping sites", "stars"),
    "cosmetics_reviews": ("creams", "stars"),
    "delivery_reviews": ("food delivery", "mean of three stars"),
    "employer_reviews": ("employers", "the field it was written in, pros or cons"),
    "place_reviews": ("places", "stars"),
    "sentineg": ("products, some flipped by a negation", "polarity, given by the source"),
    "shopping_reviews": ("shopping", "polarity, given by the source"),
    "steam_reviews": ("games", "recommended or not"),
}
DOMAINS_KO = {
    "app_reviews": "앱",
    "camping_reviews": "캠핑장",
    "cosmetics_reviews": "화장품",
    "delivery_reviews": "배달 음식",
    "employer_reviews": "직장",
    "place_reviews": "장소",
    "sentineg": "상품(일부는 부정문으로 뒤집음)",
    "shopping_reviews": "쇼핑",
    "steam_reviews": "게임",
}
TOKENIZERS = {
    "wordpiece-4k": "ours, WordPiece 4k",
    "wordpiece-8k": "ours, WordPiece 8k",
    "wordpiece-16k": "ours, WordPiece 16k",
    "wordpiece-32k": "ours, WordPiece 32k",
    "wordpiece-morphemes-4k": "ours, learnt within morphemes, 4k",
    "wordpiece-morphemes-8k": "ours, learnt within morphemes, 8k",
    "wordpiece-morphemes-16k": "ours, learnt within morphemes, 16k",
    "wordpiece-morphemes-32k": "ours, learnt within morphemes, 32k",
    "bpe-16k": "ours, BPE 16k",
    "unigram-16k": "ours, unigram 16k",
    BUNDLED: "bundled model, 32k",
    "dialog_koelectra_40k": "Dialog-KoELECTRA 40k (Mecab)",
    "kcbert_30k": "KcBERT 30k",
    "koelectra_v1_32k": "KoELECTRA-v1 32k",
    "kortok_bpe_8k": "kortok BPE 8k",
    "kortok_bpe_16k": "kortok BPE 16k",
    "kortok_bpe_32k": "kortok BPE 32k",
    "kortok_morpheme_bpe_16k": "kortok BPE after morphemes 16k (cut by Kiwi here)",
    "kortok_morpheme_bpe_32k": "kortok BPE after morphemes 32k (cut by Kiwi here)",
    "syllables": "syllables",
    "jamo": "letters (jamo)",
    "eojeol": "whole eojeol",
}
