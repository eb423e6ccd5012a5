"""The form in which text is indexed and asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.searchable import indexed, is_single, searchable, unicode_form, unspaced_runs, words


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("\uff2b\uff35\uff22\uff25\uff0d\uff11", "KUBE-1"),
        ("ﬁle ﬂush", "file flush"),
        ("\uff83\uff9e\uff68\uff7d\uff78", "ディスク"),
        ("roll\u200bback", "rollback"),
        ("sys\u00adtem", "system"),
        ("re\u00ad\nstart", "restart"),
        ("cafe\u0301", "café"),
        ("node\u00a0down", "node down"),
        ("plain ascii  text", "plain ascii  text"),
    ],
)
def test_what_looks_the_same_has_the_same_form(written: str, form: str) -> None:
    assert unicode_form(written) == form


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("磁盘已满", "报警表示磁盘已满,请清理。"),
        ("ディスク容量", "サーバーのディスク容量が不足しています"),
        ("노드", "노드가 다운되었습니다"),
        ("ดิสก์เต็ม", "เมื่อดิสก์เต็มให้ลบไฟล์"),
    ],
)
def test_a_phrase_without_spaces_is_a_sequence_of_words_of_its_text(phrase: str, text: str) -> None:
    assert f" {' '.join(words(phrase))} " in f" {' '.join(words(text))} "


def test_each_character_of_an_unspaced_script_begins_an_indexed_word() -> None:
    assert indexed("the 磁盘已满, 中").split() == ["the", "磁盘", "盘已", "已满", "满", ",", "中"]
    assert is_single("满")
    assert not any(map(is_single, ("已满", "a", "é", "")))


def test_vowel_signs_belong_to_their_words() -> None:
    assert words("हिन्दी काम") == ["हिन्दी", "काम"]


def test_the_runs_of_unspaced_scripts_are_found_in_mixed_text() -> None:
    assert unspaced_runs("how to fix 磁盘已满 in etcd") == ["磁盘已满"]
    assert unspaced_runs("how to fix it") == []


@given(st.text(max_size=60))
def test_the_form_of_a_form_is_itself(text: str) -> None:
    assert unicode_form(unicode_form(text)) == unicode_form(text)
    assert all(word.strip() for word in words(searchable(text)))
