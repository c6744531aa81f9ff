"""The part of a photo that counts, drawn with the mouse or by keys."""

import re

import pytest
from playwright.sync_api import expect
from search_page import SearchPage
from test_searching import CHAIR

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(600)]


def test_a_dragged_crop_changes_the_search_and_can_be_taken_back(shop: SearchPage) -> None:
    shop.choose(CHAIR)
    shop.has_searched()
    whole = shop.titles()
    shop.button("Crop").click()
    shop.drag(".crop", (0.25, 0.25), (0.75, 0.5))
    expect(shop.page).to_have_url(re.compile("crop="))
    shop.wait()
    parts = re.search(r"crop=([^&]+)", shop.page.url)
    assert parts
    crop = [float(part) for part in parts[1].replace("%2C", ",").split(",")]
    assert crop == pytest.approx([0.25, 0.25, 0.75, 0.5], abs=0.02)
    assert shop.titles() != whole
    shop.button("Crop").click()
    expect(shop.page).not_to_have_url(re.compile("crop="))
    shop.wait()
    assert shop.titles() == whole


def test_a_crop_can_be_made_by_keyboard_alone(shop: SearchPage) -> None:
    shop.search_sample()
    press = shop.page.keyboard.press
    shop.button("Crop").focus()
    press("Enter")
    expect(shop.button("Crop")).to_be_focused()
    slider = shop.page.get_by_role("slider", name="Left edge")
    slider.focus()
    before = shop.page.evaluate("history.length")
    for _ in range(20):
        press("ArrowRight")
    expect(shop.page).to_have_url(re.compile("crop=0.2%2C"))
    expect(slider).to_be_focused()
    press("ArrowRight")
    expect(shop.page).to_have_url(re.compile("crop=0.21%2C"))
    expect(slider).to_be_focused()
    assert shop.page.evaluate("history.length") == before + 2
    shop.page.go_back()
    expect(slider).to_have_value("20")
    shop.button("Crop").focus()
    press("Enter")
    expect(shop.page).not_to_have_url(re.compile("crop="))
    expect(shop.button("Crop")).to_be_focused()
    shop.wait()


def test_no_crop_is_too_small_for_the_service(shop: SearchPage) -> None:
    shop.search_sample()
    shop.button("Crop").click()
    shop.drag(".crop", (0.5, 0.5), (0.53, 0.6))
    expect(shop.page).to_have_url(re.compile("crop="))
    shop.has_searched()
    slider = shop.page.get_by_role("slider", name="Left edge")
    slider.focus()
    shop.page.keyboard.press("End")
    shop.page.wait_for_timeout(500)
    shop.has_searched()
    shop.open("?sample=1&crop=0.5,0.5,0.52,0.52")
    shop.page.get_by_role("button", name="Use the whole photo").click()
    shop.has_searched()
    expect(shop.page).not_to_have_url(re.compile("crop="))


def test_a_click_on_the_crop_asks_for_nothing(shop: SearchPage) -> None:
    shop.open("?sample=1&crop=0.1,0.1,0.5,0.5")
    asked: list[str] = []
    shop.page.on("request", lambda request: asked.append(request.url))
    shop.find(".crop").click(position={"x": 40, "y": 60})
    shop.page.wait_for_timeout(500)
    assert asked == []


def test_a_crop_that_was_drawn_can_be_moved(shop: SearchPage) -> None:
    shop.search_sample()
    shop.open("?sample=1&crop=0.1,0.1,0.5,0.5")
    shop.drag(".crop", (0.3, 0.3), (2, 0.5))
    expect(shop.page).to_have_url(re.compile("crop=0.6%2C0.3"))
    shop.wait()
