import dataclasses

import pandas as pd
import pytest

from kosent_lab.errors.tags import COLUMNS
from kosent_lab.report import parts, reading_section, sentences
from kosent_lab.report.parts import ModelFacts

T = sentences.catalogue("en")


def tags(*rows):
    return pd.DataFrame([(corpus, doc_id, cause, "", "") for corpus, doc_id, cause in rows], columns=list(COLUMNS))


@pytest.fixture
def wrong(pack_part):
    frame = pack_part.assessment.frame
    return frame.loc[frame["correct"].eq(False).fillna(False), "doc_id"].tolist()


def test_tags_of_mistakes_are_counted_the_last_of_each(pack_part, wrong):
    given = [("", wrong[2], "negation")]  # of an old file, that named no corpus
    given += [("kosent-pack", wrong[0], "negation"), ("kosent-pack", wrong[0], "irony"), ("", wrong[1], "irony")]
    given += [("kosent-pack", wrong[2], "<b>own cause</b>"), ("other.csv", wrong[3], "irony")]
    given += [("kosent-pack", "no such row", "irony")]
    section = reading_section.readings(dataclasses.replace(pack_part, tags=tags(*given)), T)
    assert [row[:2] for row in section.table.body] == [("irony", "2"), ("<b>own cause</b>", "1")]
    assert f"Of {len(wrong):,} mistakes 3 carry a tag" in section.notes[0]


def test_without_a_tag_the_page_says_how_to_give_one(pack_part, scored):
    for part in (pack_part, parts.from_frame(scored, calibrator=None)):
        section = reading_section.readings(part, T)
        assert section.table is None
        assert "--tags FILE" in section.notes[0]
    assert "--tags FILE" in reading_section.readings(dataclasses.replace(pack_part, tags=tags()), T).notes[0]


def test_the_bundled_model_s_mistakes_were_read_twice(pack_part):
    own = dataclasses.replace(pack_part, model=ModelFacts("kosent-electra-small@0"))
    korean = sentences.catalogue("ko")
    section, other = (reading_section.readings(own, t) for t in (T, korean))
    assert "by a language model, not by persons" in section.notes[0]
    assert sum(int(row[1]) for row in section.table.body) > 0
    assert "반어" in {row[0] for row in other.table.body}
    assert not any("_" in row[0] for row in section.table.body)


def test_texts_without_labels_have_no_mistakes(scored):
    bare = scored.assign(label=pd.array([pd.NA] * len(scored), dtype="Int64"), correct=pd.NA)
    assert reading_section.readings(parts.from_frame(bare, calibrator=None), T).notes == (T["no_labels"],)
