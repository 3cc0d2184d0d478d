from __future__ import annotations

import pytest

from k9py.core.errors import UsageError
from k9py.core.refs import ApiResource, Gvr
from k9py.kube.catalog import Catalog


def kind(
    group: str, version: str, plural: str, kind: str, *short: str, categories: tuple[str, ...] = ()
) -> ApiResource:
    return ApiResource(
        Gvr(group, version, plural),
        kind,
        kind.lower(),
        namespaced=True,
        verbs=frozenset({"list"}),
        short_names=short,
        categories=categories,
    )


CATALOG = Catalog(
    [
        kind("", "v1", "pods", "Pod", "po", categories=("all",)),
        kind("", "v1", "services", "Service", "svc", categories=("all",)),
        kind("", "v1", "events", "Event", "ev"),
        kind("apps", "v1", "deployments", "Deployment", "deploy", categories=("all",)),
        kind("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", "hpa"),
        kind("autoscaling", "v1", "horizontalpodautoscalers", "HorizontalPodAutoscaler", "hpa"),
        kind("events.k8s.io", "v1", "events", "Event", "ev"),
        kind("serving.knative.dev", "v1", "services", "Service", "ksvc"),
    ]
)


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("pods", "pods.v1"),
        ("pod", "pods.v1"),
        ("po", "pods.v1"),
        ("Pod", "pods.v1"),
        ("PODS", "pods.v1"),
        ("deploy", "deployments.v1.apps"),
        ("deploy.apps", "deployments.v1.apps"),
        ("deployments.v1.apps", "deployments.v1.apps"),
        ("Deployment.v1.apps", "deployments.v1.apps"),
        ("pods.v1", "pods.v1"),
        ("hpa", "horizontalpodautoscalers.v2.autoscaling"),
        ("hpa.v1.autoscaling", "horizontalpodautoscalers.v1.autoscaling"),
        ("events", "events.v1"),
        ("events.events.k8s.io", "events.v1.events.k8s.io"),
        ("services", "services.v1"),
        ("services.serving", "services.v1.serving.knative.dev"),
        ("ksvc", "services.v1.serving.knative.dev"),
        (" po ", "pods.v1"),
    ],
)
def test_a_word_means_what_it_means_to_kubectl(word: str, found: str) -> None:
    assert str(CATALOG.resolve(word).gvr) == found


def test_a_name_of_a_kind_goes_before_a_short_name_of_another() -> None:
    catalog = Catalog([kind("x.io", "v1", "widgets", "Widget", "gadget"), kind("y.io", "v1", "gadgets", "Gadget")])
    assert catalog.resolve("gadget").gvr.group == "y.io"


def test_an_unknown_word_is_answered_with_the_nearest_names() -> None:
    with pytest.raises(UsageError) as caught:
        CATALOG.resolve("deplyoment")
    assert str(caught.value) == "the server has no kind called 'deplyoment'"
    assert caught.value.remedy.startswith("Nearest: deployment")


def test_an_unknown_word_names_the_groups_that_do_not_answer() -> None:
    catalog = Catalog(CATALOG.every, {"metrics.k8s.io/v1beta1": "down"})
    with pytest.raises(UsageError) as caught:
        catalog.resolve("nodemetrics")
    assert "Not answering: metrics.k8s.io/v1beta1" in caught.value.remedy


@pytest.mark.parametrize("word", ["", "   ", ".", "pods.nowhere", "deployments.v9.apps"])
def test_words_that_name_nothing_are_refused(word: str) -> None:
    with pytest.raises(UsageError):
        CATALOG.resolve(word)


def test_a_category_stands_for_its_kinds_only_where_several_are_meant() -> None:
    assert [entry.id for entry in CATALOG.resolve_all("all")] == ["pods", "services", "deployments.apps"]
    with pytest.raises(UsageError, match="category"):
        CATALOG.resolve("all")


def test_a_list_of_words_gives_each_kind_once() -> None:
    assert [entry.id for entry in CATALOG.resolve_all("po, svc,pods,all")] == ["pods", "services", "deployments.apps"]
    with pytest.raises(UsageError):
        CATALOG.resolve_all(" , ")


def test_each_kind_is_listed_once_in_its_preferred_version() -> None:
    assert [str(entry.gvr) for entry in CATALOG.resources if entry.kind.startswith("Horizontal")] == [
        "horizontalpodautoscalers.v2.autoscaling"
    ]


def test_an_objects_kind_is_found_in_its_version_or_else_in_another() -> None:
    exact = CATALOG.of_kind("autoscaling/v1", "HorizontalPodAutoscaler")
    other = CATALOG.of_kind("autoscaling/v2beta2", "HorizontalPodAutoscaler")
    assert exact is not None
    assert other is not None
    assert (exact.gvr.version, other.gvr.version) == ("v1", "v2")
    assert CATALOG.of_kind("v1", "Deployment") is None
    assert CATALOG.find(Gvr("apps", "v1", "deployments")) is not None
