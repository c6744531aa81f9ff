"""Photos come in by every way that there is, and the listings that look like them are shown."""

import io
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect
from search_page import SearchPage

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(600)]

PHOTOS = Path(__file__).parents[2] / "demo" / "furniture" / "images"
CHAIR = sorted(PHOTOS.glob("*.jpg"))[0]


def sent_photos(shop: SearchPage) -> list[bytes]:
    """The photos of the last search, as Inspect offers them."""
    shop.button("Inspect").click()
    links = shop.page.get_by_role("link", name=re.compile("Save photo"))
    expect(links.first).to_be_visible()
    found = []
    for link in links.all():
        with shop.page.expect_download() as download:
            link.click()
        found.append(Path(download.value.path()).read_bytes())
    return found


def test_a_chosen_file_is_searched_with(shop: SearchPage) -> None:
    shop.choose(CHAIR)
    shop.has_searched()
    expect(shop.cards).to_have_count(24)
    expect(shop.cards.first).to_contain_text("Same item likely")
    expect(shop.page).to_have_url(re.compile("photos="))


def test_a_pasted_picture_is_searched_with(shop: SearchPage) -> None:
    shop.paste(CHAIR)
    shop.has_searched()
    expect(shop.cards.first).to_contain_text("Same item likely")


def test_a_dropped_file_is_searched_with_and_is_the_same_search(shop: SearchPage) -> None:
    shop.choose(CHAIR)
    shop.has_searched()
    chosen = shop.titles()
    shop.page.get_by_role("link", name="New search").click()
    expect(shop.heading).to_have_text("Listings")
    shop.drop(CHAIR)
    shop.has_searched()
    assert shop.titles() == chosen
    expect(shop.find("#dropping")).to_be_hidden()


def test_a_dropped_file_takes_the_place_of_the_search_before(shop: SearchPage) -> None:
    shop.search_sample()
    before = shop.titles()
    shop.drop(CHAIR)
    expect(shop.page).to_have_url(re.compile("photos="))
    shop.has_searched()
    assert shop.titles() != before


def test_a_phone_offers_its_camera(browser, service) -> None:  # type: ignore[no-untyped-def]
    with SearchPage.on(browser, service.url, has_touch=True, is_mobile=True) as phone:
        phone.open()
        with phone.page.expect_file_chooser() as chooser:
            phone.button("Take a photo").tap()
        assert chooser.value.element.get_attribute("capture") == "environment"
        chooser.value.set_files(CHAIR)
        phone.has_searched()


def test_a_photo_of_12_megapixels_is_sent_upright_and_small(
    shop: SearchPage, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    large = Image.open(CHAIR).convert("RGB").resize((4000, 3000))
    large.save(tmp_path / "large.jpg", quality=95, exif=exif)
    shop.choose(tmp_path / "large.jpg")
    shop.has_searched()
    (sent,) = sent_photos(shop)
    width, height = Image.open(io.BytesIO(sent)).size
    assert 900 <= height <= 1024
    assert width == pytest.approx(height * 3 / 4, abs=1)
    assert len(sent) < 300_000


def test_a_small_photo_is_sent_as_it_is(shop: SearchPage) -> None:
    shop.choose(CHAIR)
    shop.has_searched()
    assert sent_photos(shop) == [CHAIR.read_bytes()]


def test_what_is_transparent_is_white(shop: SearchPage, tmp_path: Path) -> None:
    Image.new("RGBA", (1500, 1200), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    shop.choose(tmp_path / "clear.png")
    shop.has_searched()
    (sent,) = sent_photos(shop)
    assert Image.open(io.BytesIO(sent)).getpixel((500, 500)) == (255, 255, 255)


def test_a_photo_that_the_browser_cannot_read_is_left_to_the_service(shop: SearchPage) -> None:
    heic = Path(__file__).parents[1] / "fixtures" / "drawn.heic"
    shop.choose(heic)
    shop.has_searched()
    assert sent_photos(shop) == [heic.read_bytes()]


def test_several_photos_of_one_item_can_come_and_go(shop: SearchPage) -> None:
    first, second, third = sorted(PHOTOS.glob("*.jpg"))[:3]
    shop.choose(first, second)
    shop.has_searched()
    with shop.page.expect_file_chooser() as chooser:
        shop.button("Add a photo").click()
    chooser.value.set_files(third)
    expect(shop.find("#query li")).to_have_count(3)
    shop.wait()
    three = shop.titles()
    shop.button("Remove photo 1").click()
    expect(shop.find("#query li")).to_have_count(2)
    shop.wait()
    assert shop.titles() != three
    shop.page.go_back()
    expect(shop.find("#query li")).to_have_count(3)
    shop.wait()
    assert shop.titles() == three


def test_more_photos_that_are_refused_leave_those_that_are_there(
    shop: SearchPage, tmp_path: Path
) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"")
    with (tmp_path / "huge.heic").open("wb") as huge:
        huge.truncate(40_000_000)
    shop.choose(CHAIR)
    shop.has_searched()
    found = shop.titles()
    with shop.page.expect_file_chooser() as chooser:
        shop.button("Add a photo").click()
    chooser.value.set_files(tmp_path / "huge.heic")
    alert = shop.page.get_by_role("alert")
    expect(alert).to_contain_text("This photo is too large.")
    assert shop.titles() == found
    with shop.page.expect_file_chooser() as chooser:
        alert.get_by_role("button", name="Choose another photo").click()
    chooser.value.set_files(sorted(PHOTOS.glob("*.jpg"))[1])
    expect(shop.find("#query li")).to_have_count(2)
    shop.wait()


def test_a_file_that_changes_on_its_disk_goes_on_being_searched_with(
    shop: SearchPage, tmp_path: Path
) -> None:
    photo = tmp_path / "chair.jpg"
    photo.write_bytes(CHAIR.read_bytes())
    shop.choose(photo)
    shop.has_searched()
    photo.unlink()
    shop.page.get_by_label("Words of the title").fill("a")
    expect(shop.page).to_have_url(re.compile("words=a"))
    shop.has_searched()


def test_a_folder_is_said_to_be_none(shop: SearchPage, tmp_path: Path) -> None:
    shop.drop(tmp_path)
    expect(shop.page.get_by_role("alert")).to_contain_text("it is a folder")


def test_a_long_thin_photo_stays_large_enough(shop: SearchPage, tmp_path: Path) -> None:
    Image.open(CHAIR).convert("RGB").resize((6000, 80)).save(tmp_path / "strip.png")
    shop.choose(tmp_path / "strip.png")
    shop.has_searched()


def test_the_photo_that_came_last_is_searched_with(shop: SearchPage, tmp_path: Path) -> None:
    noise = Image.effect_noise((5000, 5000), 100).convert("RGB")
    noise.save(tmp_path / "slow.png", compress_level=1)
    shop.choose(CHAIR)
    shop.has_searched()
    of_the_chair = shop.titles()
    shop.drop(tmp_path / "slow.png")
    shop.drop(CHAIR)
    shop.page.wait_for_timeout(3000)
    shop.wait()
    assert shop.titles() == of_the_chair


def test_back_while_a_photo_is_made_small_leads_back(shop: SearchPage, tmp_path: Path) -> None:
    noise = Image.effect_noise((5000, 5000), 100).convert("RGB")
    noise.save(tmp_path / "slow.png", compress_level=1)
    shop.search_sample()
    shop.drop(tmp_path / "slow.png")
    shop.page.go_back()
    expect(shop.heading).to_have_text("Listings")
    shop.page.wait_for_timeout(3000)
    expect(shop.heading).to_have_text("Listings")


def test_more_photos_are_only_those_that_were_asked_for(shop: SearchPage) -> None:
    first, second = sorted(PHOTOS.glob("*.jpg"))[:2]
    shop.choose(first)
    shop.has_searched()
    with shop.page.expect_file_chooser():
        shop.button("Add a photo").click()  # and then nothing is chosen
    shop.drop(second)
    shop.page.wait_for_timeout(500)
    shop.wait()
    expect(shop.find("#query img")).to_have_count(1)


def test_photos_of_before_a_reload_are_not_taken_for_others(shop: SearchPage) -> None:
    first, second = sorted(PHOTOS.glob("*.jpg"))[:2]
    shop.choose(first)
    shop.has_searched()
    shop.page.reload()
    expect(shop.message).to_contain_text("Photos stay in the tab")
    shop.drop(second)
    shop.has_searched()
    shop.page.go_back()
    expect(shop.message).to_contain_text("Photos stay in the tab")


def test_a_sixth_photo_is_refused(shop: SearchPage) -> None:
    shop.choose(*sorted(PHOTOS.glob("*.jpg"))[:6])
    expect(shop.message).to_contain_text("At most 5 photos")
