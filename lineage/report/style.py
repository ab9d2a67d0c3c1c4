"""How reports look in HTML: on a wide screen, on a narrow one and on paper, by light and by dark."""

from typing import Final

STYLE: Final = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1f2933;--muted:#5b6775;--rule:#dfe3e8;--wash:#f5f7f9;--link:#2456b8;
--hit:#fff4cf;--good:#1e7a46;--notice:#7a4f00;--notice-wash:#fdf3d9;--alarm:#b42318;--on-alarm:#fff}
@media (prefers-color-scheme:dark){:root{--paper:#14181d;--ink:#e4e9ee;--muted:#a3adb8;--rule:#313943;--wash:#1b2027;
--link:#7fb0ff;--hit:#3a3416;--good:#6fd09a;--notice:#f0c869;--notice-wash:#3a2f14;--alarm:#ff8f80;--on-alarm:#14181d}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
header,main{max-width:76rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2rem}
main{padding-bottom:3rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .75rem;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2.25rem 0 .6rem;padding-top:.6rem;border-top:1px solid var(--rule)}
h3{font-size:1rem;margin:1.6rem 0 .4rem}
h2,h3{overflow-wrap:anywhere}
p{margin:.5rem 0;max-width:60rem;overflow-wrap:anywhere}
a{color:var(--link);text-decoration-thickness:1px;text-underline-offset:2px}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;list-style:none;margin:0;padding:0}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) minmax(0,1fr);gap:.25rem 1.25rem;margin:.5rem 0}
dt{color:var(--muted);overflow-wrap:anywhere}
dd{margin:0;overflow-wrap:anywhere}
.wide{overflow-x:auto;margin:.6rem 0;border:1px solid var(--rule);border-radius:6px}
.wide:focus-visible{outline:2px solid var(--link);outline-offset:1px}
figure{margin:.6rem 0}
figure svg{display:block;direction:ltr}
.from-right{direction:rtl}
.from-right .trend{margin-right:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{padding:.4rem .7rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
th{background:var(--wash);font-weight:600;white-space:nowrap}
tr:last-child td{border-bottom:0}
td{min-width:5.5rem;max-width:34rem;overflow-wrap:break-word}
td code{display:block;min-width:18rem}
:target{background:var(--hit)}
code{font:.88em/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre-wrap;
overflow-wrap:anywhere}
.changes{margin:0;padding:.5rem .8rem;
font:.82rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.changes span{color:var(--muted)}
.changes ins{color:var(--good);text-decoration:none}
.changes del{color:var(--alarm);text-decoration:none}
.badge{display:inline-block;padding:0 .45em;border:1px solid currentColor;border-radius:4px;font-size:.8em;
font-weight:600;line-height:1.5;white-space:nowrap;color:var(--muted)}
.badge.good{color:var(--good)}
.badge.notice{color:var(--notice);background:var(--notice-wash)}
.badge.alarm{color:var(--on-alarm);background:var(--alarm);border-color:var(--alarm)}
@media (max-width:40rem){header,main{padding-left:.8rem;padding-right:.8rem}dl{grid-template-columns:1fr;gap:0}
dd{margin-bottom:.5rem}h1{font-size:1.3rem}}
@media print{@page{margin:14mm}body{font-size:10pt}header,main{max-width:none;padding:0}
.wide{overflow:visible;border:0}figure svg{width:100%;height:auto}table{font-size:8pt}td,td code{min-width:0}
tr{break-inside:avoid}h2,h3{break-after:avoid}thead{display:table-header-group}a{color:inherit;text-decoration:none}}
""".replace("\n", "")
