"""What commands install while they run, and how well that is pinned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.audit.installing import Install, Pinning, installs

BY_HASH, BY_VERSION, UNSEEN, LOOSE = Pinning.BY_HASH, Pinning.BY_VERSION, Pinning.UNSEEN, Pinning.LOOSE

# As the SDK of Kubeflow Pipelines 2 puts it before a lightweight component.
LIGHTWEIGHT = """
if ! [ -x "$(command -v pip)" ]; then
    python3 -m ensurepip || python3 -m ensurepip --user || apt-get install python3-pip
fi

PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet --no-warn-script-location 'kfp==2.14.6' '--no-deps' \
'typing-extensions>=3.7.4,<5; python_version<"3.9"' && "$0" "$@"
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("python -m train", []),
        ("pip install pandas", [("pandas", LOOSE)]),
        ("pip3 install -U pandas numpy==1.26.4", [("pandas", LOOSE), ("numpy==1.26.4", BY_VERSION)]),
        ("python3.11 -m pip --quiet install 'pandas>=2,<3'", [("pandas>=2,<3", LOOSE)]),
        ("pip install pandas==2.*", [("pandas==2.*", LOOSE)]),
        ("pip install --require-hashes -r locked.txt", [("what locked.txt names", BY_HASH)]),
        ("pip install -r requirements.txt && python train.py", [("what requirements.txt names", UNSEEN)]),
        ("pip install a==1 --hash=sha256:ab", [("a==1", BY_HASH)]),
        ("pip install --index-url https://pypi.example/simple a==1", [("a==1", BY_VERSION)]),
        ("pip install . ", []),
        ("pip install ./wheels/a.whl", [("./wheels/a.whl", UNSEEN)]),
        ("pip install git+https://git.example/a@main", [("git+https://git.example/a@main", LOOSE)]),
        (
            f"pip install git+https://git.example/a@{'c' * 40}",
            [(f"git+https://git.example/a@{'c' * 40}", BY_VERSION)],
        ),
        ("uv pip install a", [("a", LOOSE)]),
        ('subprocess.run([sys.executable, "-m", "pip", "install", "a", "b==1"])', [("a", LOOSE), ("b==1", BY_VERSION)]),
        ("pip install a \\\n  b\npython train.py", [("a", LOOSE), ("b", LOOSE)]),
        ("apt-get install -y libgomp1", [("libgomp1", LOOSE)]),
        ("apk add curl=8.1", [("curl=8.1", BY_VERSION)]),
        ("test -x pip || apt-get install python3-pip", []),
        ("pip uninstall pandas; pip list", []),
        ("print('pip installed')", []),
        (
            LIGHTWEIGHT,
            [("kfp==2.14.6", BY_VERSION), ('typing-extensions>=3.7.4,<5; python_version<"3.9"', UNSEEN)],
        ),
    ],
)
def test_what_is_installed_is_read_off_a_command(text: str, found: list[tuple[str, Pinning]]) -> None:
    assert list(installs(text)) == [Install(what, pinning) for what, pinning in found]


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    list(installs(f"pip install {text}"))


@given(st.lists(st.from_regex(r"[a-z]{2,9}", fullmatch=True), min_size=1, max_size=4))
def test_what_names_no_version_is_never_pinned(names: list[str]) -> None:
    assert {one.pinning for one in installs(f"pip install {' '.join(names)}")} == {LOOSE}
