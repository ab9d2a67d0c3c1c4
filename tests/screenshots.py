"""The pictures of the README, of the demo's story as it was told to its end: `make screenshots`."""

from contextlib import closing
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

FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "page"


def main() -> None:
    """Tell the story, open the screens, and take their pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        tell_the_story(Path(folder), patch)
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
    pipelines = asked(address, '{ pipelines(where: {name: {eq: "churn-training"}}) { nodes { id } } }')["pipelines"]
    models = asked(address, '{ artifacts(last: 1, where: {name: {eq: "model"}}) { nodes { id } } }')["artifacts"]
    return {
        "runs": "#/runs?columns=phase,name,pipeline,started,duration,metric:auc&sort=-metric:auc",
        "run": f"#/runs/{training}/graph",
        "trend": f"#/trends?pipeline={pipelines['nodes'][0]['id']}&metric=auc",
        "provenance": f"#/artifacts/{models['nodes'][0]['id']}/provenance?depth=5",
    }


if __name__ == "__main__":
    main()
