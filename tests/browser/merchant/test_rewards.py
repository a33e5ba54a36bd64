"""积分商品 in a real browser: a picture is put in, the card is drawn while it is typed."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from points_mall.catalogue import demo, services
from tests.browser.marks import IN_CHROMIUM
from tests.points_mall.catalogue.test_pictures import png

from .office import Office

pytestmark = IN_CHROMIUM


@pytest.fixture
def rewards(office: Office) -> None:
    """The rewards of the demo."""
    for terms, variants in demo._drafts():
        services.publish(terms, variants)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_pages_of_rewards_look_right(office: Office, rewards: None, lang: str) -> None:
    office.open("/admin/rewards", lang=lang).looks_right(f"rewards-{lang}")
    office.open("/admin/rewards/2").looks_right(f"reward-{lang}")
    office.open("/admin/rewards/new?copy=2").looks_right(f"reward-editor-{lang}")


def test_a_reward_with_a_picture_is_put_in_by_keyboard(
    office: Office, rewards: None, tmp_path: Path
) -> None:
    page = office.open("/admin/rewards/new").page
    page.get_by_label("名称", exact=True).fill("保温杯")
    expect(page.locator("#preview")).to_contain_text("保温杯")
    file = tmp_path / "cup.png"
    file.write_bytes(png(40, 40))
    page.get_by_label("选择图片").set_input_files(file)
    page.get_by_role("button", name="上传").press("Enter")
    expect(page.locator("#picture-said")).to_contain_text("已上传")
    expect(page.locator("#preview img")).to_have_attribute(
        "src", r := page.locator("[name=pictures-0-address]").input_value()
    )
    assert r.startswith("/static/pictures/")
    file.write_bytes(b"<svg/>")
    page.get_by_label("选择图片").set_input_files(file)
    page.get_by_role("button", name="上传").press("Enter")
    expect(page.locator("#picture-said")).to_contain_text("无法使用这张图片")
    page.get_by_label("为什么改").fill("新品")
    page.get_by_role("button", name="发布").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("已发布")
    expect(page.locator(".thumb-large")).to_have_attribute("src", r)
