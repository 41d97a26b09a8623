"""How steadily the folds select: the share of their models that chose each cluster of correlated features."""

from collections.abc import Iterator
from dataclasses import dataclass

from radfeat.report.inputs import Row, UnblindedTables
from radfeat.report.summaries.models import find_metric


@dataclass(frozen=True, slots=True)
class ClusterShare:
    """One cluster of the arm: share of the models that selected any member, and its commonest member.

    ``own`` is the share that selected that member, ``others`` how many features the cluster has besides.
    """

    feature: str
    others: int
    own: float
    any_member: float


@dataclass(frozen=True, slots=True)
class SelectionStability:
    """The clusters most often selected in one arm; ``selected`` of ``clusters`` were so at least once.

    The Jaccard indices are mean overlaps of two models' selections, None where there is none.
    """

    endpoint: str
    arm: str
    shown: tuple[ClusterShare, ...]
    selected: int
    clusters: int
    fits: int
    jaccard_clusters: float | None
    jaccard_features: float | None


def build_stability(tables: UnblindedTables, endpoint: str, arm: str, limit: int) -> SelectionStability:
    """Clusters by the share of models that selected any member, the greatest first."""
    rows = [row for row in tables.selection if (row["endpoint"], row["arm"]) == (endpoint, arm)]
    shares = [_describe_cluster(members) for members in _group_clusters(rows)]
    chosen = sorted((s for s in shares if s.any_member), key=lambda s: (-s.any_member, -s.own, s.feature))
    return SelectionStability(
        endpoint=endpoint,
        arm=arm,
        shown=tuple(chosen[:limit]),
        selected=len(chosen),
        clusters=len(shares),
        fits=max((row["fits"] for row in rows), default=0),
        jaccard_clusters=find_metric(tables, endpoint, arm, "jaccard_clusters"),
        jaccard_features=find_metric(tables, endpoint, arm, "jaccard_features"),
    )


def _group_clusters(rows: list[Row]) -> Iterator[list[Row]]:
    """Members of each cluster; a feature that is near-constant in the whole arm stands alone."""
    found: dict[object, list[Row]] = {}
    for row in rows:
        key = row["feature"] if row["cluster"] is None else row["cluster"]
        found.setdefault(key, []).append(row)
    yield from found.values()


def _describe_cluster(members: list[Row]) -> ClusterShare:
    commonest = min(members, key=lambda row: (-row["frequency"], row["feature"]))
    share = commonest["cluster_frequency"]
    return ClusterShare(
        feature=commonest["feature"],
        others=len(members) - 1,
        own=commonest["frequency"],
        any_member=commonest["frequency"] if share is None else share,
    )
