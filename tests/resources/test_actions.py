"""The registry of actions: one meaning a key, kubectl equivalents, what applies where."""

from __future__ import annotations

import pytest

from k9py.core.errors import SettingsError
from k9py.core.refs import ApiResource, Gvr
from k9py.resources.action import Action, Actions, Danger, Where
from k9py.resources.actions import ACTIONS
from k9py.resources.registry import SPECS
from tests.resources.objects import pod, row_of

PODS = ApiResource(Gvr("", "v1", "pods"), "Pod", "pod", True, frozenset({"list"}))


def action(id: str, *keys: str, where: Where = Where.TABLE, kinds: frozenset[str] = frozenset()) -> Action:
    return Action(id, keys, where, id, "Do it", kinds=kinds)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (action("a", "x"), action("b", "x")),
        (action("a", "x", where=Where.GLOBAL), action("b", "x")),
        (action("a", "x", kinds=frozenset({"pods"})), action("b", "x")),
        (action("a", "x", kinds=frozenset({"pods", "nodes"})), action("b", "x", kinds=frozenset({"pods"}))),
        (action("a", "x"), action("a", "y")),
    ],
)
def test_two_meanings_of_one_key_are_refused(first: Action, second: Action) -> None:
    with pytest.raises(SettingsError):
        Actions([first, second])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (action("a", "x", kinds=frozenset({"pods"})), action("b", "x", kinds=frozenset({"nodes"}))),
        (action("a", "x", where=Where.LOGS), action("b", "x", where=Where.TABLE)),
    ],
)
def test_one_key_may_mean_two_things_on_screens_that_cannot_be_one(first: Action, second: Action) -> None:
    assert len(list(Actions([first, second]))) == 2


def test_other_keys_are_taken_and_clashes_among_them_refused() -> None:
    rebound = ACTIONS.rebound({"describe": ("V",)})
    found = rebound.by_key("V", Where.TABLE, "pods")
    assert found is not None
    assert found.id == "describe"
    assert rebound.by_key("d", Where.TABLE, "pods") is None
    with pytest.raises(SettingsError, match="describe"):
        ACTIONS.rebound({"yaml": ("d",)})
    with pytest.raises(SettingsError, match="no action"):
        ACTIONS.rebound({"fly": ("f",)})


def test_keys_of_k9s_mean_what_they_mean_there() -> None:
    expected = {"d": "describe", "y": "yaml", "l": "logs", "p": "logs.previous", "s": "shell", "J": "owner", "0":
                "namespace.all", "c": "copy.name", "n": "copy.namespace", "/": "filter", ":": "command", "?": "help",
                "[": "history.back", "]": "history.forward", "-": "history.last", "N": "sort.name", "A": "sort.age",
                "ctrl+w": "wide", "space": "mark", "o": "go.node", "w": "namespace.warp", "enter": "open"}  # fmt: skip
    found = {key: one.id for key in expected if (one := ACTIONS.by_key(key, Where.TABLE, "pods")) is not None}
    assert found == expected


def test_the_kubectl_equivalent_is_quoted_and_leaves_out_what_is_not_there() -> None:
    describe = ACTIONS.get("describe")
    assert describe is not None
    assert describe.kubectl_for(PODS, row_of("pods", pod())) == "kubectl describe pods/api-1 -n shop"
    nodes = ApiResource(Gvr("", "v1", "nodes"), "Node", "node", False, frozenset())
    assert describe.kubectl_for(nodes, row_of("nodes", {"metadata": {"name": "n"}})) == "kubectl describe nodes/n"
    hostile = pod()
    hostile["metadata"]["namespace"] = "a; rm -rf /"
    assert "'a; rm -rf /'" in describe.kubectl_for(PODS, row_of("pods", hostile))


def test_an_action_is_offered_only_where_it_makes_sense() -> None:
    row = row_of("pods", pod())
    ids = {one.id for one in ACTIONS.for_screen(Where.TABLE, "pods", row)}
    assert {"logs", "shell", "go.node", "help"} <= ids
    assert "owner" not in ids
    assert "go.users" not in ids
    assert "shell" not in {one.id for one in ACTIONS.for_screen(Where.TABLE, "configmaps")}


def test_what_changes_the_cluster_says_so_and_names_the_right_it_needs() -> None:
    for action_id in ("delete", "scale", "restart", "image"):
        action = ACTIONS.get(action_id)
        assert action is not None
        assert action.danger in (Danger.CHANGES, Danger.DESTROYS), action_id
        assert action.needs, action_id
        assert action.kubectl.startswith("kubectl "), action_id


def test_every_action_explains_itself_in_few_words() -> None:
    for one in ACTIONS:
        assert one.help
        assert not one.help.endswith(".")
        assert len(one.title) <= 20


def test_every_relation_of_a_kind_has_an_action() -> None:
    for spec in SPECS:
        for relation in spec.relations:
            found = ACTIONS.get(f"go.{relation.id}")
            assert found is not None, (spec.id, relation.id)
            assert spec.id in found.kinds
