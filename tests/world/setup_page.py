"""What a user does with the setup page."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import BrowserContext, FrameLocator, Locator, Page

from embeddable_host.config.parameters import PARAMETERS
from world.internet import HOST

BASE = f"https://{HOST}/"
SECRETS = [name for name, parameter in PARAMETERS.items() if parameter.secret]


@dataclass(frozen=True)
class SetupPage:
    page: Page

    def show_all(self) -> "SetupPage":
        """Opens every group of parameters."""
        self.page.locator("#parameters details").first.wait_for(state="attached")
        self.page.evaluate(
            "() => document.querySelectorAll('#parameters details').forEach((one) => { one.open = true; })"
        )
        return self

    def choose(self, name: str, value: str) -> None:
        """Writes a text, or picks an option; "" leaves out the host's default."""
        control = self.page.locator(f"#parameter-{name}")
        if control.evaluate("control => control.matches('select')"):
            control.select_option(label=value or "left out")
        elif value:
            control.fill(value)
        else:
            self.page.get_by_label(f"without {name}", exact=True).check()

    def common_setting(self, label: str) -> Locator:
        """A control of the common settings."""
        return self.page.locator("#common-settings").get_by_label(label, exact=True)

    def shown(self, label: str) -> str:
        """What a control of the common settings shows."""
        shown = "({ selectedOptions, value, placeholder }) => selectedOptions?.[0].text ?? (value || placeholder)"
        return str(self.common_setting(label).evaluate(shown))

    def code(self, way: str) -> str:
        return self.page.locator(f"#{way}-code").text_content() or ""

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.code("adapter").split('"')[1]).query, keep_blank_values=True))

    @property
    def fragment(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.page.url).fragment, keep_blank_values=True))

    def row(self, name: str) -> str:
        return self.page.locator(".parameter", has=self.page.locator(f"#parameter-{name}")).inner_text()

    def start_preview(self, way: str = "floating phone") -> FrameLocator:
        """The page with the widget in it."""
        self.page.get_by_role("radio", name=way).check()
        self.page.get_by_role("button", name="Start the preview").click()
        return self.page.frame_locator("#preview-stage iframe")


def open_setup_page(context: BrowserContext, address: str = BASE) -> SetupPage:
    page = context.new_page()
    page.set_viewport_size({"width": 1280, "height": 1200})
    page.goto(address)
    return SetupPage(page).show_all()
