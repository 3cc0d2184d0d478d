"""How the screens of a change look; pictures are taken as in ``test_screens``."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped]
from syrupy.assertion import SnapshotAssertion

from k9py.changes import edits
from k9py.core.diffs import with_value
from k9py.ui.changing.confirm import ConfirmScreen
from k9py.ui.changing.conflicts import ConflictScreen
from k9py.ui.changing.review import Phase, ReviewScreen
from tests.changes.conftest import deployment
from tests.ui.harness import Driver
from tests.ui.snapshots.test_screens import picture, still

IMAGE = ("spec", "template", "spec", "containers", "[main]", "image")


@pytest.fixture
def shot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(SVGImageExtension)


async def reviewed(k9: Driver, *, theirs: str = "") -> None:
    """Review another image of a Deployment that Helm made, changed by somebody else meanwhile."""
    web = deployment("web", "ghcr.io/shop/web:1.4.1", replicas=2)
    web["metadata"]["annotations"] = {"meta.helm.sh/release-name": "shop-front"}
    k9.store.create("deployments.apps", web)
    base = k9.store.stored("deployments.apps", "shop", "web").copy()
    mine = with_value(base, IMAGE, "ghcr.io/shop/web:1.4.2")
    if theirs:
        k9.store.replace("deployments.apps", with_value(base, IMAGE, theirs))
    k9.app.rooms.desk.review([edits.edit(base, mine)], title="set image of deployment web")
    await k9.until(lambda: isinstance(k9.app.screen, ReviewScreen) and k9.app.screen.phase is Phase.SHOWN)


@pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=["80x24", "160x48"])
async def test_the_question(tmp_path: Path, shot: SnapshotAssertion, size: tuple[int, int]) -> None:
    async with still(tmp_path, size) as k9:
        await reviewed(k9)
        await k9.press("y")
        await k9.until(lambda: isinstance(k9.app.screen, ConfirmScreen) and k9.app.screen.listens)
        assert await picture(k9) == shot


async def test_a_conflict(tmp_path: Path, shot: SnapshotAssertion) -> None:
    async with still(tmp_path, (80, 24)) as k9:
        await reviewed(k9, theirs="ghcr.io/shop/web:1.5.0")
        await k9.press("c")
        await k9.until(lambda: isinstance(k9.app.screen, ConflictScreen))
        await k9.sees("force mine")
        assert await picture(k9) == shot
