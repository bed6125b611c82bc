"""A notebook in JupyterLab, as a person uses it: run from the menu, the widget moved by keyboard."""

import pytest

from kosent_lab import calibration, scoring
from kosent_lab.widgets import reliability, threshold

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install .[test]")
playwright.expect.set_options(timeout=30_000)  # a busy machine answers a widget late


@pytest.fixture(scope="module")
def table():
    """What the notebooks' widgets show."""
    return scoring.load_scored_or_pack("nsmc-test").frame


def open_notebook(lab, page, name):
    address, token = lab
    page.goto(f"{address}/lab/tree/{name}?token={token}&reset")
    idle = page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").first
    playwright.expect(idle).to_be_visible(timeout=120_000)


def run_notebook(lab, page, name, *, until):
    """Open a notebook, run it top to bottom from the menu, and go to its widget."""
    open_notebook(lab, page, name)
    shown = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook")
    for _ in range(3):  # on a busy machine a menu may open before it can be clicked
        shown.locator(".jp-CodeCell").first.click()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.locator(".lm-Menu [data-command='runmenu:run-all']").click()
        try:
            shown.locator(".jp-InputArea-prompt", has_text="[*]").first.wait_for(timeout=20_000)
            break
        except playwright.TimeoutError:
            page.keyboard.press("Escape")
    page.locator(until).wait_for(state="attached", timeout=450_000)
    page.locator(until).scroll_into_view_if_needed()


@pytest.fixture
def notebook(lab, page):
    """Notebook 06, run top to bottom from the menu."""
    run_notebook(lab, page, "06_abstention.ipynb", until=".kosent-threshold")
    return page


def sentence(page):
    return page.locator(".kosent-sentence").inner_text()


def test_widget_answers_the_keyboard_as_its_function_does(notebook, table):
    assert sentence(notebook) == threshold.threshold_text(table, threshold=0.9)
    before = notebook.locator(".kosent-figure").get_attribute("src")
    notebook.locator(".kosent-threshold .noUi-handle").focus()
    notebook.keyboard.press("ArrowRight")
    moved = threshold.threshold_text(table, threshold=0.91)
    playwright.expect(notebook.locator(".kosent-sentence")).to_have_text(moved)
    figure = notebook.locator(".kosent-figure")
    playwright.expect(figure).not_to_have_attribute("src", before)
    before = figure.get_attribute("src")
    name = next(name for name in threshold.slice_names(table) if name.startswith("length_band"))
    notebook.locator(".kosent-slice select").select_option(name)
    chosen = threshold.threshold_text(table, name=name, threshold=0.91)
    playwright.expect(notebook.locator(".kosent-sentence")).to_have_text(chosen)
    playwright.expect(figure).not_to_have_attribute("src", before)
    assert notebook.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count() == 0
    assert notebook.complaints == []


def test_the_reliability_diagram_follows_its_controls(lab, page, table):
    run_notebook(lab, page, "05_reliability.ipynb", until=".kosent-reliability-bins")
    said, figure = page.locator(".kosent-reliability-sentence"), page.locator(".kosent-reliability-figure")
    playwright.expect(said).to_have_text(reliability.reliability_text(table))
    before = figure.get_attribute("src")
    page.locator(".kosent-reliability-bins .noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    playwright.expect(said).to_have_text(reliability.reliability_text(table, bins=16))
    playwright.expect(figure).not_to_have_attribute("src", before)
    page.locator(".kosent-reliability-calibrator select").select_option("platt")
    calib = scoring.load_scored_or_pack("nsmc-calib").frame
    mended = calibration.fit_calibrator(calib, method="platt").apply(table)
    playwright.expect(said).to_have_text(reliability.reliability_text(mended, bins=16))
    assert page.complaints == []


def test_a_sentence_typed_with_a_korean_keyboard_is_cut(lab, page):
    run_notebook(lab, page, "02_particles.ipynb", until=".kosent-typed")
    line, picture = page.locator(".kosent-reading"), page.locator(".kosent-pieces")
    before = picture.get_attribute("src")
    field = page.locator(".kosent-typed input")
    field.click()
    field.fill("")
    # an input method composes a syllable letter by letter, then commits it
    keyboard = page.context.new_cdp_session(page)
    for syllable in ("ㅁ마맛", "ㅇ으은", " ", "ㅇ어없", "ㄷ다"):
        for part in syllable.strip():
            keyboard.send("Input.imeSetComposition", {"text": part, "selectionStart": 1, "selectionEnd": 1})
        keyboard.send("Input.insertText", {"text": syllable[-1]})
    playwright.expect(field).to_have_value("맛은 없다")
    playwright.expect(line).to_contain_text("particles: 은;", timeout=30_000)
    playwright.expect(picture).not_to_have_attribute("src", before)
    assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count() == 0
    assert page.complaints == []


def test_a_mistake_is_edited_with_a_korean_keyboard_and_tagged(lab, page):
    run_notebook(lab, page, "07_errors.ipynb", until=".kosent-errors-typed")
    answer, about = page.locator(".kosent-errors-answer"), page.locator(".kosent-errors-about")
    playwright.expect(about).to_contain_text("pieces", timeout=60_000)
    before, rows = about.inner_text(), page.locator(".kosent-errors-rows option")
    page.locator(".kosent-errors-rows select").select_option(index=2)
    playwright.expect(about).not_to_have_text(before)
    name = page.locator(".kosent-errors-slice option", has_text="phenomenon: negation").inner_text()
    many = rows.count()
    page.locator(".kosent-errors-slice select").select_option(name)
    playwright.expect(rows).not_to_have_count(many)
    field = page.locator(".kosent-errors-typed input")
    playwright.expect(field).to_have_value("밤새 옆방 소리가 안 들렸어요...", timeout=60_000)  # the kernel has answered
    field.click()
    field.fill("")
    keyboard = page.context.new_cdp_session(page)
    for syllable in ("ㅁ마맛", "ㅇ이있", "ㅇ어", "ㅇ요"):
        for part in syllable:
            keyboard.send("Input.imeSetComposition", {"text": part, "selectionStart": 1, "selectionEnd": 1})
        keyboard.send("Input.insertText", {"text": syllable[-1]})
    playwright.expect(field).to_have_value("맛있어요")
    playwright.expect(answer).to_contain_text("positive, probability of positive 0.9", timeout=30_000)
    page.locator("button.kosent-errors-tag").click()
    playwright.expect(page.locator(".kosent-errors-said")).to_contain_text("1 tags in tags.csv")
    first = rows.first.inner_text()
    page.locator(".kosent-errors-order select").select_option("least sure first")
    playwright.expect(rows.first).not_to_have_text(first)
    playwright.expect(field).not_to_have_value("맛있어요", timeout=30_000)  # its text has come
    playwright.expect(answer).not_to_contain_text("맛있어요", timeout=30_000)  # and is answered
    field.fill("<script>document.title = 'taken'</script> 맛없어요")
    playwright.expect(answer).to_contain_text("<script>", timeout=30_000)  # shown as it was typed
    assert page.title() != "taken"
    assert page.complaints == []


def test_hangul_is_drawn(lab, page):
    open_notebook(lab, page, "00_start.ipynb")
    sentence = page.locator(".jp-RenderedMarkdown", has_text="목소리까지").first
    playwright.expect(sentence).to_be_visible()
    # a font without Hangul draws the same empty box for every syllable
    different = """() => {
        const ink = (letter) => {
            const canvas = document.createElement('canvas');
            const context = canvas.getContext('2d');
            context.font = '40px ' + getComputedStyle(document.querySelector('.jp-RenderedMarkdown')).fontFamily;
            context.fillText(letter, 10, 60);
            return context.getImageData(0, 0, 80, 80).data.join();
        };
        return ink('\\uD55C') !== ink('\\uAE00') && ink('\\uD55C') !== ink(' ');
    }"""
    assert page.evaluate(different)
    assert page.complaints == []
