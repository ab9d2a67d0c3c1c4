"""How charts look, by light and by dark. What a colour says, a shape or a word says, too."""

from typing import Final

_SHARED: Final = """
.trend{color-scheme:light dark}
.trend text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.trend .name{font-size:13px;font-weight:600}
.trend .note{font-size:12px}
.trend .right{text-anchor:end}
.trend .middle{text-anchor:middle}
.trend .said{font-weight:600}
.trend .grid,.trend .axis,.trend .way,.trend .level,.trend .gap,.trend .version{fill:none}
.trend .way{stroke-width:1}
.trend .level{stroke-width:2;stroke-dasharray:7 4}
.trend .gap{stroke-width:1.6}
.trend .version{stroke-width:1;stroke-dasharray:2 3}
.trend .cached circle{stroke-width:1.4}
.trend g circle.ring{fill:none;stroke-width:1.6}
.trend .band{fill-opacity:.16}
.trend a:focus-visible circle,.trend a:hover circle{stroke-width:4}
"""
_LIGHT: Final = """
.trend .paper{fill:#fff}
.trend text{fill:#1f2933}
.trend .small,.trend .note{fill:#5b6775}
.trend .grid{stroke:#e6e9ed}.trend .axis{stroke:#8a96a3}
.trend .way{stroke:#b9c8e4}
.trend .computed circle{fill:#2456b8;stroke:#2456b8}
.trend .cached circle{fill:#fff;stroke:#2456b8}
.trend g circle.ring{stroke:#7a4f00}
.trend .version{stroke:#5b6775}
.trend .gap{stroke:#b42318}.trend .gap.missed{stroke:#7a4f00}
.trend .level{stroke:#5b6775}
.trend .REGRESSION .level{stroke:#b42318}.trend .REGRESSION .band{fill:#b42318}.trend .REGRESSION .said{fill:#b42318}
.trend .IMPROVEMENT .level{stroke:#1e7a46}.trend .IMPROVEMENT .band{fill:#1e7a46}.trend .IMPROVEMENT .said{fill:#1e7a46}
.trend .SHIFTED .level{stroke:#7a4f00}.trend .SHIFTED .band{fill:#b98a2a}.trend .SHIFTED .said{fill:#7a4f00}
.trend .band{fill:#5b6775}
"""
_DARK: Final = """
.trend .paper{fill:#14181d}
.trend text{fill:#e4e9ee}
.trend .small,.trend .note{fill:#a3adb8}
.trend .grid{stroke:#272e37}.trend .axis{stroke:#76828f}
.trend .way{stroke:#34486b}
.trend .computed circle{fill:#7fb0ff;stroke:#7fb0ff}
.trend .cached circle{fill:#14181d;stroke:#7fb0ff}
.trend g circle.ring{stroke:#f0c869}
.trend .version{stroke:#a3adb8}
.trend .gap{stroke:#ff8f80}.trend .gap.missed{stroke:#f0c869}
.trend .level{stroke:#a3adb8}
.trend .REGRESSION .level{stroke:#ff8f80}.trend .REGRESSION .band{fill:#ff8f80}.trend .REGRESSION .said{fill:#ff8f80}
.trend .IMPROVEMENT .level{stroke:#6fd09a}.trend .IMPROVEMENT .band{fill:#6fd09a}.trend .IMPROVEMENT .said{fill:#6fd09a}
.trend .SHIFTED .level{stroke:#f0c869}.trend .SHIFTED .band{fill:#f0c869}.trend .SHIFTED .said{fill:#f0c869}
.trend .band{fill:#a3adb8}
"""
STYLE: Final = (_SHARED + _LIGHT + "@media (prefers-color-scheme:dark){" + _DARK + "}").replace("\n", "")
