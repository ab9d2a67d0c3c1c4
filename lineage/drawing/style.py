"""How pictures look: the shapes of things, and the colours of everything, by light and by dark."""

from functools import lru_cache
from typing import Final

from lineage.drawing.picture import Kind

HUES: Final = ("#4c78c8", "#c8794c", "#3f9c84", "#a55fb0", "#a8973a", "#5596bd", "#bf5c7c", "#768747")
"""Of groups: quiet, and told apart on light and on dark. Used again where there are more groups."""

_LIGHT: Final = """
.lineage .paper{fill:#fff}
.lineage text{fill:#1f2933}
.lineage .small,.lineage .note{fill:#5b6775}
.lineage .shape{stroke:#9aa5b1;fill:#fff}
.lineage .execution .shape{fill:#eef3fb;stroke:#93abd3}
.lineage .artifact .shape{fill:#fbf7ec;stroke:#cdbb8d}
.lineage .deployment .shape{fill:#ecf6ef;stroke:#86b797}
.lineage .fold{stroke:#cdbb8d}
.lineage .line{stroke:#8a96a3}
.lineage .head{fill:#8a96a3}
.lineage .quiet text{fill:#5b6775}.lineage .quiet rect{stroke:#9aa5b1}
.lineage .notice text{fill:#7a4f00}.lineage .notice rect{stroke:#b98a2a;fill:#fdf3d9}
.lineage .alarm text{fill:#fff}.lineage .alarm rect{fill:#b42318;stroke:#b42318}
.lineage .wrong .shape{stroke:#b42318}
.lineage .asked .shape{stroke:#2456b8}
.lineage .thing:hover .shape{stroke:#2456b8}
.lineage .arrow:hover .line{stroke:#2456b8}.lineage .arrow:hover .head{fill:#2456b8}
"""
_DARK: Final = """
.lineage .paper{fill:#14181d}
.lineage text{fill:#e4e9ee}
.lineage .small,.lineage .note{fill:#a3adb8}
.lineage .shape{stroke:#6b7785;fill:#14181d}
.lineage .execution .shape{fill:#1c2636;stroke:#4f6a94}
.lineage .artifact .shape{fill:#2a2619;stroke:#7d7043}
.lineage .deployment .shape{fill:#192b20;stroke:#47785a}
.lineage .fold{stroke:#7d7043}
.lineage .line{stroke:#76828f}
.lineage .head{fill:#76828f}
.lineage .quiet text{fill:#a3adb8}.lineage .quiet rect{stroke:#6b7785}
.lineage .notice text{fill:#f0c869}.lineage .notice rect{stroke:#8a6a24;fill:#3a2f14}
.lineage .alarm text{fill:#14181d}.lineage .alarm rect{fill:#ff8f80;stroke:#ff8f80}
.lineage .wrong .shape{stroke:#ff8f80}
.lineage .asked .shape{stroke:#7fb0ff}
.lineage .thing:hover .shape{stroke:#7fb0ff}
.lineage .arrow:hover .line{stroke:#7fb0ff}.lineage .arrow:hover .head{fill:#7fb0ff}
"""
_SHARED: Final = """
.lineage{color-scheme:light dark}
.lineage text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.lineage .small{font-size:11px}
.lineage .note{font-size:12px}
.lineage .mark text{font-size:9px;font-weight:600;text-anchor:middle}
.lineage .mark rect{fill:none}
.lineage .execution .name,.lineage .deployment .name{font-weight:600}
.lineage .fold,.lineage .line{fill:none}
.lineage .line{stroke-width:1.3}
.lineage .near{fill:none;stroke:transparent;stroke-width:10}
.lineage .dashed .line{stroke-dasharray:5 4}
.lineage .hidden .shape{stroke-dasharray:3 3}
.lineage .wrong .shape{stroke-width:1.8}
.lineage .asked .shape{stroke-width:2.6}
"""
STYLE: Final = (
    _SHARED
    + _LIGHT
    + "@media (prefers-color-scheme:dark){"
    + _DARK
    + "}"
    + "".join(f".lineage .hue{number}{{fill:{hue}}}" for number, hue in enumerate(HUES))
).replace("\n", "")


@lru_cache(maxsize=512)
def shape(kind: Kind, width: float, height: float) -> str:
    """Draw the outline of a thing of a size, from 0 on; its line lies within."""
    w, h = width - 3, height - 3
    match kind:
        case Kind.ARTIFACT:
            sheet = f"M1.5 4.5a3 3 0 0 1 3-3h{w - 14:.0f}l11 11v{h - 14:.0f}a3 3 0 0 1-3 3H4.5a3 3 0 0 1-3-3z"
            return f'<path class="shape" d="{sheet}"/><path class="fold" d="M{w - 9.5:.1f} 1.5v11h11"/>'
        case Kind.DEPLOYMENT:
            return f'<rect class="shape" x="1.5" y="1.5" width="{w:.0f}" height="{h:.0f}" rx="{h / 2:.1f}"/>'
        case Kind.EXECUTION | Kind.HIDDEN:
            return f'<rect class="shape" x="1.5" y="1.5" width="{w:.0f}" height="{h:.0f}" rx="6"/>'
