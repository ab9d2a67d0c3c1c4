"""The pictures of the README, of the demo's story and its past, as it was told to its end: `make screenshots`."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from lineage.store import open_store
from lineage.web import application
from tests.integration.test_cli import run
from tests.integration.test_connections import serving
from tests.integration.test_page import asked, id_of_run
from tests.told import tell_the_story
from tests.visits import chromium, visit
from watchers.demo import recordings_with_past

STORY: Final = timedelta(minutes=15)  # and a little more, so that all of it is over
FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "page"


def main() -> None:
    """Tell the story, open the screens, and take their pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        start = datetime.now(UTC).replace(second=0, microsecond=0) - STORY
        tell_the_story(Path(folder), patch, recordings_with_past(start), start)
        run("verify")
        with closing(open_store(f"sqlite:///{folder}/lineage.db")) as store, serving(application(store=store)) as port:
            _take_all(f"http://127.0.0.1:{port}")


def _take_all(address: str) -> None:
    with chromium() as browser:
        for name, place in _places(address).items():
            with visit(browser, address, width=1200) as reader:
                reader.open(place)
                reader.page.wait_for_load_state("networkidle")
                reader.page.screenshot(path=FOLDER / f"{name}.png")
                print(f"{name}: {place}")


def _places(address: str) -> dict[str, str]:
    """The screens, by the names of their pictures."""
    training = id_of_run(address, "churn-training")
    nightly = asked(address, "{ recurringRuns(first: 1) { nodes { id } } }")["recurringRuns"]["nodes"][0]["id"]
    models = asked(address, '{ artifacts(first: 1, where: {name: {eq: "registered"}}) { nodes { id } } }')["artifacts"]
    return {
        "runs": "#/runs?columns=phase,name,pipeline,started,duration,metric:auc&sort=-metric:auc",
        "run": f"#/runs/{training}/graph",
        "trend": f"#/trends?recurring={nightly}&metric=auc",
        "provenance": f"#/artifacts/{models['nodes'][0]['id']}/provenance",
    }


if __name__ == "__main__":
    main()
